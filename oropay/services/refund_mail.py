"""The mail that says that money was given back, to whoever had paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import override

from ledger.models import AccountName
from oropay.models import Instrument, InstrumentKind, PaymentTransaction
from oropay.ports import Credit
from oropay.services.addressee import addressee_of
from plumbing.services import mail_queue

SAID_AS = {AccountName.RECEIVABLE: "invoice", AccountName.CUSTOMER_DEPOSIT: "deposit"}
"""What the mail calls whatever gave the money; everything else is the customer's credit."""


@dataclass(frozen=True)
class TakenFrom:
    """One part of a refund and what gave it."""

    credit: Credit
    number: str = ""
    """Of the order, invoice or debit memo."""
    had_before: bool = False
    """Nothing gave it: the customer has it twice, and owes it by this debit memo."""

    @property
    def kind(self) -> str:
        return "memo" if self.had_before else SAID_AS.get(self.credit.account, "credit")


def refund_mail(*, refund: PaymentTransaction, taken: Sequence[TakenFrom], now: datetime) -> None:
    """Queue one mail about an approved refund, in the transaction that records it, with everything it is taken from."""
    payment = refund.payment
    to = addressee_of(payment=payment)
    if not to.email:
        return
    with override(to.language):
        method = (
            instrument_words(payment.instrument)
            if payment.instrument is not None
            else str(payment.get_method_display())
        )
    mail_queue(
        to=to.email,
        template="oropay/mail/refund.txt",
        context={
            "amount": to.written(refund.amount, refund.currency),
            "method": method,
            "payer": to.payer,
            "rows": [(one.kind, one.number, to.written(one.credit.amount, refund.currency)) for one in taken],
            "seller": payment.organization,
            "link": payment.website.url("storefront:paying", uuid=payment.uuid) if payment.website else "",
        },
        language=to.language,
        now=now,
    )


def instrument_words(instrument: Instrument) -> str:
    """A card or bank account as papers and mails name it, such as "Visa ···· 4242"."""
    if instrument.kind == InstrumentKind.CARD:
        return f"{instrument.brand.title() or _('Card')} ···· {instrument.last4}".strip()
    return f"{instrument.bank_name or _('Bank account')} ···· {instrument.last4} (ACH)"
