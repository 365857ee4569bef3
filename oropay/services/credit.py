"""Giving money to a customer without an earlier charge: always two persons."""

import uuid
from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import format_money
from oropay import locks
from oropay.exceptions import CreditRefused, NoteRequired
from oropay.gateway.port import OrderData
from oropay.models import (
    Action,
    Approval,
    ApprovalKind,
    Initiator,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Method,
    Payment,
    PaymentTransaction,
    RefundReason,
    TransactionState,
)
from oropay.orderdata import freeze
from oropay.services.approval import approval_ask
from oropay.services.followup.queue import follow_up_release, lock_family, representable, waiting_end
from oropay.services.instrument import destination_of
from oropay.services.payable import money_states_write
from oropay.services.start import reference_new
from plumbing.services import note_add


def credit_refusal(*, instrument: Instrument) -> str:
    """Why no money can be given to this card or bank account; empty if it can."""
    if instrument.state != InstrumentState.ACTIVE:
        return _("Only a saved card or bank account can be given money.")
    if not instrument.provider_account.is_active:
        return _("Its provider account is switched off.")
    if instrument.kind == InstrumentKind.BANK:
        if not instrument.provider_account.bank_credits:
            return _("This gateway account gives no money to bank accounts.")
        if not instrument.mandates.filter(revoked_at=None).exists():
            return _("Its owner has authorised nothing on this bank account.")
    return ""


@atomic(durable=True)
def credit_start(
    *, instrument: Instrument, amount: Decimal, reason: RefundReason, note: str, by: User, now: datetime
) -> PaymentTransaction:
    """Ask a second person to give `amount` to a saved card or bank account; only then is it sent.

    The amount is in the currency in which the provider account settles. It is no refund: it lowers what we earned
    (allowances), and no charge, order or invoice is touched.

    Raises:
        NoteRequired: `note` is blank.
        CreditRefused: the amount is nothing, or this card or account can be given none, with the reason.
        AmountNotRepresentable: more decimals than the currency knows.
    Source: GP-API POST /transactions, type REFUND; Nacha wants an authorisation for credits too.
    """
    if not note.strip():
        raise NoteRequired
    locks.customer_account(pk=instrument.customer_id)
    instrument = Instrument.objects.select_related("customer", "provider_account").get(pk=instrument.pk)
    if why := credit_refusal(instrument=instrument):
        raise CreditRefused(why=why)
    currency = instrument.provider_account.settlement_currency
    if amount <= 0:
        raise CreditRefused(why=_("The amount must be more than nothing."))
    representable(amount=amount, currency=currency)
    customer = instrument.customer
    bank = instrument.kind == InstrumentKind.BANK
    payment = Payment.objects.create(
        organization_id=customer.organization_id,
        customer=customer,
        provider_account=instrument.provider_account,
        instrument=instrument,
        mandate=instrument.mandates.filter(revoked_at=None).order_by("-pk").first() if bank else None,
        method=Method.BANK if bank else Method.CARD,
        amount=amount,
        currency=currency,
        initiator=Initiator.STAFF,
        attempt_key=uuid.uuid4(),
        order_data=freeze(
            OrderData(reference=customer.number, description=_("Credit"), currency=currency, total=amount)
        ),
        created_by=by,
        created_at=now,
    )
    row = PaymentTransaction.objects.create(
        payment=payment,
        action=Action.CREDIT,
        amount=amount,
        currency=currency,
        state=TransactionState.AWAITING_APPROVAL,
        reference=reference_new(),
        reason=reason,
        created_by=by,
        created_at=now,
    )
    note_add(on=payment, text=note, by=by, now=now)
    approval_ask(
        kind=ApprovalKind.CREDIT,
        organization_id=customer.organization_id,
        transaction=row,
        asked=_asked(row=row, payment=payment),
        why=_("Money without an earlier charge is given by two persons."),
        note=note,
        by=by,
        now=now,
    )
    return row


def _asked(*, row: PaymentTransaction, payment: Payment) -> dict[str, Any]:
    return {
        "action": row.action,
        "customer": payment.customer_id,
        "amount": f"{row.amount:.4f}",
        "currency": row.currency,
        "reason": row.reason,
        "destination": destination_of(payment.instrument),
    }


Subject = tuple[Payment, list[PaymentTransaction]]


class CreditApproval:
    """Registered on `oropay.ports.approval_handlers`."""

    permission = "oropay.approve_credit"

    def lock(self, *, approval: Approval) -> Subject:
        row = approval.transaction
        if row is None:
            raise ValueError(f"approval {approval.pk} is about no transaction")
        return lock_family(payment_id=row.payment_id)

    def asked_now(self, subject: Subject, *, approval: Approval) -> Mapping[str, Any]:
        payment, [row] = subject
        return (
            _asked(row=row, payment=payment)
            if row.state == TransactionState.AWAITING_APPROVAL
            else {"state": row.state}
        )

    def agree(self, subject: Subject, *, approval: Approval, by: User, now: datetime) -> None:
        payment, [row] = subject
        if payment.instrument is not None and (why := credit_refusal(instrument=payment.instrument)):
            raise CreditRefused(why=why)
        follow_up_release(row=row, now=now)
        note_add(on=payment, text=_("Agreed as the second person: {what}").format(what=row), by=by, now=now)

    def end(self, subject: Subject, *, approval: Approval, now: datetime) -> None:
        payment, [row] = subject
        waiting_end(row=row, now=now)
        money_states_write({payment: [row]})

    def sentence(self, *, approval: Approval) -> str:
        row = approval.transaction
        if row is None:
            raise ValueError(f"approval {approval.pk} is about no transaction")
        return _("{amount} is given to {instrument}, without an earlier charge. It cannot be called back.").format(
            amount=format_money(row.amount, row.currency), instrument=row.payment.instrument
        )

    def details(self, *, approval: Approval) -> Sequence[tuple[str, str]]:
        """The sentence says it all."""
        return []
