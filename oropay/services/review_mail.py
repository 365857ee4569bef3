"""The mails that say how a review ended, to whoever wanted to pay: their page had promised that we will tell them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.utils.translation import override

from oropay.declines import DECLINES, canceled_of, refused_by_checks
from oropay.models import (
    HOLDS,
    Action,
    Method,
    Payable,
    PaymentTransaction,
    TransactionState,
)
from oropay.ports import payable_handlers
from oropay.services.addressee import Addressee, addressee_of
from plumbing.services import mail_queue


def review_mail(*, row: PaymentTransaction, now: datetime) -> None:
    """Queue one mail about a hold or charge that ended without money, in the transaction that records it.

    What our own card-check policy refuses is no review: its buyer reads of it on the page within seconds, unless it
    takes more than one try to give it back.
    """
    if _is_given_back_at_once(row):
        return
    to = addressee_of(payment=row.payment)
    with override(to.language):
        why = str((canceled_of(row) or DECLINES["review_canceled"]).buyer)
    _queue(row=row, to=to, template="oropay/mail/review_ended.txt", context={"why": why}, now=now)


def review_passed_mail(*, row: PaymentTransaction, now: datetime) -> None:
    """Queue one mail about a hold or charge that stands after its review, in the transaction that records it."""
    to = addressee_of(payment=row.payment)
    context = {"held": row.action in HOLDS}
    _queue(row=row, to=to, template="oropay/mail/review_passed.txt", context=context, now=now)


def is_told_by_what_follows(*, row: PaymentTransaction, payables: Sequence[Payable]) -> bool:
    """Whether its buyer hears of its release anyway: of a debit by a mail of its own, else by the payables' owners.

    The payables and their documents are locked.
    """
    action = Action(row.action)
    return row.payment.method == Method.BANK or any(
        payable_handlers.get(payable.kind).tells_payer(payable=payable, action=action) for payable in payables
    )


def _is_given_back_at_once(row: PaymentTransaction) -> bool:
    if not refused_by_checks(row):
        return False
    reversals = PaymentTransaction.objects.filter(parent=row, action=Action.CANCEL)
    sent = list(reversals.values_list("state", "tries", "unknown_since"))
    return sent == [(TransactionState.APPROVED, 1, None)]


def _queue(*, row: PaymentTransaction, to: Addressee, template: str, context: dict[str, Any], now: datetime) -> None:
    payment = row.payment
    if not to.email:
        return
    parts = payment.parts.select_related("payable").order_by("payable_id")
    mail_queue(
        to=to.email,
        template=template,
        context={
            "amount": to.written(row.amount, row.currency),
            "payer": to.payer,
            "rows": [(part.payable.kind, part.payable.number, to.written(part.amount, row.currency)) for part in parts],
            "seller": payment.organization,
            "link": payment.website.url("storefront:paying", uuid=payment.uuid) if payment.website else "",
            **context,
        },
        language=to.language,
        now=now,
    )
