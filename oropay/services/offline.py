"""Money that came past every gateway: checks and wires, recorded by staff."""

import uuid
from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal

from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from commerce.money import exponent
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post, period_hold
from oropay import locks
from oropay.exceptions import AmountNotRepresentable, PayableChanged
from oropay.models import (
    Action,
    Initiator,
    Integration,
    Method,
    MoneyState,
    Payable,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    TransactionState,
)
from oropay.ports import Credit, MoneyEvent, money_listeners, payable_handlers
from oropay.services.payable import payable_recompute
from oropay.services.start import PartAsked, reference_new


@atomic(durable=True)
def offline_receipt_record(
    *,
    parts: Sequence[PartAsked],
    received_on: date,
    document: str,
    by: User,
    now: datetime,
    integration: Integration | None = None,
    attempt_key: uuid.UUID | None = None,
) -> Payment:
    """Record a check or wire that arrived; `document` is its number. What does not fit becomes customer credit.

    The same `attempt_key` again returns the payment already recorded: a form sent twice records once. Amounts are in
    major units. Only a bank line will debit Bank; until then the money is in undeposited funds.

    Raises:
        PayableChanged: a payable does not exist, or the parts differ in seller or currency.
        AmountNotRepresentable: more decimals than the currency knows.
    """
    wanted = {part.payable_id: part.amount for part in parts}
    organization_ids = set(_organizations(ids=wanted))
    if len(organization_ids) != 1:
        raise PayableChanged(number=_("The receipt"), detail=_("its parts belong to no one or to several sellers."))
    period_hold(organization_id=organization_ids.pop(), day=received_on)
    payables = locks.payables(ids=wanted)
    earlier = Payment.objects.filter(attempt_key=attempt_key).first() if attempt_key else None
    if earlier is not None:
        return earlier
    first = payables[0]
    if len(payables) != len(wanted) or any(payable.currency != first.currency for payable in payables):
        raise PayableChanged(number=_("The receipt"), detail=_("its parts differ in currency."))
    total = sum(wanted.values(), Decimal(0))
    for amount in wanted.values():
        if amount <= 0 or amount != amount.quantize(Decimal(1).scaleb(-exponent(first.currency))):
            raise AmountNotRepresentable(amount=amount, currency=first.currency)
    for kind in sorted({payable.kind for payable in payables}):
        payable_handlers.get(kind).lock(payables=[payable for payable in payables if payable.kind == kind])
    payment = Payment.objects.create(
        organization=first.organization,
        customer_id=first.customer_id,
        integration=integration,
        method=Method.OFFLINE,
        amount=total,
        currency=first.currency,
        initiator=Initiator.STAFF,
        attempt_key=attempt_key or uuid.uuid4(),
        money_state=MoneyState.CAPTURED,
        created_by=by,
        created_at=now,
    )
    PaymentPayable.objects.bulk_create(
        PaymentPayable(payment=payment, payable=payable, amount=wanted[payable.pk], live=False) for payable in payables
    )
    receipt = PaymentTransaction.objects.create(
        payment=payment,
        action=Action.OFFLINE_RECEIPT,
        amount=total,
        currency=first.currency,
        state=TransactionState.APPROVED,
        reference=reference_new(),
        gateway_reference=document[:50],
        created_by=by,
        created_at=now,
        ended_at=now,
    )
    credited: list[Credit] = []
    for payable in payables:
        credited.extend(
            payable_handlers.get(payable.kind).on_captured(
                event=MoneyEvent(
                    payment=payment,
                    transaction=receipt,
                    payable=payable,
                    amount=wanted[payable.pk],
                    occurred_on=received_on,
                    now=now,
                )
            )
        )
    entry_post(
        organization_id=first.organization_id,
        currency=first.currency,
        kind=EntryKind.OFFLINE_RECEIPT,
        lines=[
            Line(account=AccountName.UNDEPOSITED_FUNDS, amount=total),
            *(Line(account=credit.account, amount=-credit.amount) for credit in credited),
        ],
        occurred_on=received_on,
        source=f"transaction:{receipt.pk}",
        customer_id=first.customer_id,
        now=now,
    )
    for payable in payables:
        payable_recompute(payable=payable)
    for listener in money_listeners.all():
        listener.on_expected(transaction=receipt, gateway_id="", amount=total, now=now)
    return payment


def _organizations(*, ids: dict[int, Decimal]) -> set[int]:
    return set(Payable.objects.filter(pk__in=list(ids)).values_list("organization_id", flat=True))
