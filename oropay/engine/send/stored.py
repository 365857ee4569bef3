"""What card schemes are told of a kept card: who started the payment, under which agreement, first or later.

Source: the schemes' stored-credential frameworks, in GP-API's words (`initiator`, `stored_credential`).
"""

from collections.abc import Mapping
from dataclasses import dataclass

from oropay.gateway.port import CredentialModel, CredentialReason, CredentialUse
from oropay.models import Initiator, InstrumentState, Payment


@dataclass(frozen=True)
class Agreement:
    """How a payment with a kept card came about."""

    by_merchant: bool
    """Nobody who holds the card is present."""
    model: CredentialModel


AGREEMENTS: Mapping[Initiator, Agreement] = {
    Initiator.BUYER: Agreement(by_merchant=False, model=CredentialModel.UNSCHEDULED),
    Initiator.LINK: Agreement(by_merchant=False, model=CredentialModel.UNSCHEDULED),
    Initiator.STAFF: Agreement(by_merchant=True, model=CredentialModel.UNSCHEDULED),
    Initiator.SYSTEM: Agreement(by_merchant=True, model=CredentialModel.UNSCHEDULED),
    Initiator.AUTOPAY: Agreement(by_merchant=True, model=CredentialModel.RECURRING),
    Initiator.SCHEDULE: Agreement(by_merchant=True, model=CredentialModel.INSTALLMENT),
}
"""A buyer or the holder of a pay link is present. Staff who charge a kept card, a retry of ours, autopay and a schedule
act for an absent card holder: autopay pays every invoice of one standing agreement, a schedule the agreed parts of one
debt.
"""


def credential_use(*, payment: Payment) -> CredentialUse | None:
    """What is said of the payment's card, or None for one that is entered once and not kept.

    Where the same debt was tried with the same card and declined, and no holder of it is present, this is a second try
    of ours. A new card was typed by somebody who holds it, whoever pressed the button.
    """
    instrument = payment.instrument
    if instrument is None:
        return None
    if instrument.state == InstrumentState.ONCE:
        return CredentialUse(model=CredentialModel.UNSCHEDULED, first=True) if payment.keep_instrument else None
    agreement = AGREEMENTS[Initiator(payment.initiator)]
    second_try = agreement.by_merchant and was_declined_before(payment)
    return CredentialUse(
        model=agreement.model,
        by_merchant=agreement.by_merchant,
        reason=CredentialReason.RESUBMISSION if second_try else CredentialReason.NONE,
        brand_reference=instrument.brand_reference,
    )


def was_declined_before(payment: Payment) -> bool:
    """Whether an earlier payment of the same documents with the same instrument was declined."""
    return (
        Payment.objects.filter(
            instrument=payment.instrument_id,
            money_state="declined",
            parts__payable__in=payment.parts.values("payable"),
            pk__lt=payment.pk,
        )
        .order_by()
        .exists()
    )
