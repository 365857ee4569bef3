"""Money went back to where it came from."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from commerce.money import format_money
from ledger.models import AccountName, EntryKind
from oropay.engine.follow.recording import Recording, entry, event_of, expect, expected_before
from oropay.engine.follow.unwanted import give_back_again, gives_back_again
from oropay.models import Action, AlertKind, RefundLine, TransactionState
from oropay.ports import DEBTS, Credit, DebtKind, debts
from oropay.services.alert import alert_raise
from oropay.services.refund_mail import TakenFrom, refund_mail
from oropay.services.share import stands_now
from oropay.status import WITHOUT_MONEY, sums_of

ZERO = Decimal(0)
WHY_OWED: Mapping[DebtKind, Any] = {
    DebtKind.RETURNED: gettext_lazy(
        "The bank had taken the debit back already; the customer owes the refund by debit memo {number}."
    ),
    DebtKind.DISPUTE_LOST: gettext_lazy(
        "A lost dispute had taken the money before; the customer owes {amount} of it by debit memo {number}."
    ),
    DebtKind.OVERREFUNDED: gettext_lazy(
        "More was given back than was left of the payment; the customer owes {amount} of it by debit memo {number}."
    ),
}
"""What finance reads of money that the customer has twice now."""


def refunded(news: Recording, state: TransactionState) -> None:
    """A refund to a bank account is accepted first and sure when it is funded, as a debit is."""
    if state == TransactionState.APPROVED:
        charge = news.row.subject
        came_first = any(row.action == Action.RETURN and row.parent == charge for row in news.family)
        taken = _owed(news, {DebtKind.RETURNED: news.row.amount}) if came_first else _given_back(news)
        refund_mail(refund=news.row, taken=taken, now=news.now)
        expect(row=news.row, gateway_id=news.row.gateway_id, amount=-news.row.amount, now=news.now)
    elif gives_back_again(news):
        give_back_again(news)
    elif state in WITHOUT_MONEY and expected_before(news):
        text = _(
            "The bank rejected it after it had been accepted: {refund}. Give it back another way, if it is still "
            "wanted."
        ).format(refund=news.row)
        alert_raise(row=news.row, kind=AlertKind.NOT_DONE, text=text, now=news.now)


def _given_back(news: Recording) -> list[TakenFrom]:
    """Post where the money was taken from: what was billed meanwhile gives in place of what the lines name."""
    taken = _taken(news)
    missing = news.row.amount - sum((one.credit.amount for one in taken), ZERO)
    by_disputes = _taken_by_disputes(news, missing=missing)
    beyond = missing - by_disputes
    credited = [one.credit for one in taken]
    if by_disputes > 0:
        # Its memo stands against what disputes took, so the refund's own entry goes there too.
        credited.append(Credit(account=AccountName.DISPUTES_RECEIVABLE, amount=by_disputes))
    entry(news=news, kind=EntryKind.REFUNDED, credited=credited, sign=-1, besides=beyond)
    return [*taken, *_owed(news, {DebtKind.DISPUTE_LOST: by_disputes, DebtKind.OVERREFUNDED: beyond})]


def _taken(news: Recording) -> list[TakenFrom]:
    """What gives the money, as far as it reaches."""
    lines = list(RefundLine.objects.filter(refund=news.row).order_by("pk"))
    payables = {payable.pk: payable for payable in news.payables}
    heirs = stands_now(lines=lines, among=payables)
    named: dict[int, list[RefundLine]] = {}
    of_credit = ZERO
    for line in lines:
        if line.payable_id is None:
            of_credit += line.amount
        else:
            named.setdefault(heirs.get(line.payable_id, line.payable_id), []).append(line)
    taken: list[TakenFrom] = []
    for payable_id, own in named.items():
        payable = payables[payable_id]
        amount = sum((line.amount for line in own), ZERO)
        event = event_of(news=news, payable=payable, amount=amount, lines=tuple(own))
        gives = news.handler(payable).on_refunded(event=event)
        taken.extend(TakenFrom(credit=credit, number=payable.number) for credit in gives)
    if of_credit > 0:
        taken.append(TakenFrom(credit=debts.get(DEBTS).spend(transaction=news.row, amount=of_credit, now=news.now)))
    return [one for one in taken if one.credit.amount > 0]


def _taken_by_disputes(news: Recording, *, missing: Decimal) -> Decimal:
    """How much of what is missing lost disputes took before this refund; the rest earlier refunds gave."""
    before = sums_of(row for row in news.family if row != news.row)
    given_before = max(ZERO, news.row.amount - max(ZERO, before.captured - before.refunded))
    by_disputes: Decimal = max(ZERO, min(before.lost, missing - given_before))
    return by_disputes


def _owed(news: Recording, amounts: Mapping[DebtKind, Decimal]) -> list[TakenFrom]:
    """The customer has this money twice, and owes it by debit memo; a person is told why."""
    owed, told = [], []
    for kind, amount in amounts.items():
        if amount > 0:
            memo = debts.get(DEBTS).owe(
                transaction=news.row, kind=kind, amount=amount, occurred_on=news.day, now=news.now
            )
            written = format_money(amount, news.row.currency)
            told.append(str(WHY_OWED[kind]).format(amount=written, number=memo.number))
            credit = Credit(account=AccountName.RECEIVABLE, amount=amount)
            owed.append(TakenFrom(credit=credit, number=memo.number, had_before=True))
    if told:
        alert_raise(row=news.row, kind=AlertKind.RETURNED_AFTER_REFUND, text=" ".join(told), now=news.now)
    return owed
