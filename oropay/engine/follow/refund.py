"""Money went back to where it came from."""

from decimal import Decimal

from django.utils.translation import gettext as _

from commerce.money import format_money
from ledger.models import AccountName, EntryKind
from oropay.engine.follow.recording import ENDED, Recording, entry, event_of, expect, expected_before
from oropay.models import Action, AlertKind, RefundLine, TransactionState
from oropay.ports import DEBTS, Credit, DebtKind, debts
from oropay.services.alert import alert_raise


def refunded(news: Recording, state: TransactionState) -> None:
    """A refund to a bank account is accepted first and sure when it is funded, as a debit is."""
    if state == TransactionState.APPROVED:
        charge = news.row.subject
        came_first = any(row.action == Action.RETURN and row.parent == charge for row in news.family)
        _owed(news) if came_first else _given_back(news)
        expect(row=news.row, gateway_id=news.row.gateway_id, amount=-news.row.amount, now=news.now)
    elif state in ENDED and expected_before(news):
        text = _("The bank rejected it after it had been accepted: {refund}.").format(refund=news.row)
        alert_raise(row=news.row, kind=AlertKind.NOT_DONE, text=text, now=news.now)


def _given_back(news: Recording) -> None:
    """Post where the money was taken from."""
    lines = list(RefundLine.objects.filter(refund=news.row).select_related("payable").order_by("pk"))
    by_payable: dict[int | None, list[RefundLine]] = {}
    for line in lines:
        by_payable.setdefault(line.payable_id, []).append(line)
    credited: list[Credit] = []
    for payable_id, own in by_payable.items():
        amount = sum((line.amount for line in own), Decimal(0))
        payable = next((item for item in news.payables if item.pk == payable_id), None)
        if payable is None:
            credited.append(Credit(account=AccountName.CUSTOMER_CREDIT, amount=amount))
            continue
        event = event_of(news=news, payable=payable, amount=amount, lines=tuple(own))
        credited.extend(news.handler(payable).on_refunded(event=event))
    missing = news.row.amount - sum((credit.amount for credit in credited), Decimal(0))
    if missing > 0:
        credited.append(_taken_before(news, amount=missing))
    entry(news=news, kind=EntryKind.REFUNDED, credited=credited, sign=-1)


def _taken_before(news: Recording, *, amount: Decimal) -> Credit:
    """A dispute that was lost while the refund was under way took this already: the customer has it twice, and owes it.

    The memo stands against what disputes took, so the refund's own entry goes there too.
    """
    memo = debts.get(DEBTS).owe(
        transaction=news.row, kind=DebtKind.DISPUTE_LOST, amount=amount, occurred_on=news.day, now=news.now
    )
    text = _(
        "A lost dispute had taken the money before; the customer owes {amount} of it by debit memo {number}."
    ).format(amount=format_money(amount, news.row.currency), number=memo.number)
    alert_raise(row=news.row, kind=AlertKind.RETURNED_AFTER_REFUND, text=text, now=news.now)
    return Credit(account=AccountName.DISPUTES_RECEIVABLE, amount=amount)


def _owed(news: Recording) -> None:
    """The bank had taken the debit back before its refund went through: nothing is left to take it from."""
    memo = debts.get(DEBTS).owe(
        transaction=news.row,
        kind=DebtKind.RETURNED,
        amount=news.row.amount,
        occurred_on=news.day,
        now=news.now,
    )
    text = _("The bank had taken the debit back already; the customer owes the refund by debit memo {number}.")
    alert_raise(row=news.row, kind=AlertKind.RETURNED_AFTER_REFUND, text=text.format(number=memo.number), now=news.now)
