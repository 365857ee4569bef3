"""A settled bank debit came back: the charge stays what it was, a return beside it undoes what it brought."""

from dataclasses import replace
from decimal import Decimal

from django.utils.translation import gettext as _

from commerce.money import format_money
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post
from oropay.engine.follow.recording import Recording, events, expect
from oropay.engine.follow.unsent import unsent_withdraw
from oropay.models import (
    AchReturn,
    Action,
    AlertKind,
    Method,
    PaymentTransaction,
    TransactionState,
)
from oropay.ports import DEBTS, Credit, DebtKind, debts
from oropay.returncodes import code_in
from oropay.services.ach import ach_return_add, ach_return_code_learn, return_fee_charge
from oropay.services.alert import alert_raise
from oropay.services.return_mail import return_mail
from oropay.services.start import reference_new

S = TransactionState
WENT_BACK = frozenset({"REJECTED", "REVERSED"})
"""What the gateway calls a debit that it had paid out and took back."""


def came_back(*, news: Recording) -> bool:
    """Whether an answer says that a settled bank debit went back and nobody has written it down yet.

    REVERSED after a void of our own is that void.
    """
    row, answer = news.row, news.answer
    if answer.foreign or answer.status not in WENT_BACK:
        return False
    if news.payment.method != Method.BANK or row.action != Action.CHARGE or row.state != S.APPROVED:
        return False
    return not any(
        child.parent_id == row.pk and child.action in {Action.RETURN, Action.CANCEL} and child.state == S.APPROVED
        for child in news.family
    )


def code_came_later(*, news: Recording) -> AchReturn | None:
    """The return of this debit that is written down without a code, if an answer names one now."""
    row, answer = news.row, news.answer
    if answer.foreign or answer.status not in WENT_BACK or not code_in(answer.result_code):
        return None
    known = [
        row.pk,
        *(child.pk for child in news.family if child.parent_id == row.pk and child.action == Action.RETURN),
    ]
    return AchReturn.objects.filter(transaction__in=known, code="").first()


def code_learn(*, news: Recording, told: AchReturn) -> None:
    """Write the code down that the gateway names at last, with what follows from it."""
    ach_return_code_learn(told=told, code=code_in(news.answer.result_code), payment=news.payment, now=news.now)


def return_add(*, news: Recording) -> PaymentTransaction:
    """Write the return of `news.row` beside it, with everything that follows, in the transaction that records it."""
    charge, answer, now = news.row, news.answer, news.now
    code = code_in(answer.result_code)
    row = PaymentTransaction.objects.create(
        payment=news.payment,
        parent=charge,
        action=Action.RETURN,
        amount=charge.amount,
        currency=charge.currency,
        state=S.APPROVED,
        reference=reference_new(),
        gateway_status=answer.status,
        result_code=code,
        message=answer.message[:250],
        created_at=now,
        ended_at=now,
    )
    why = _("The bank took the debit back: there is nothing left to give back. Do not do it by hand.")
    unsent_withdraw(news=news, charge=charge, why=why)
    news.family.append(row)
    back = replace(news, row=row)
    rest = _book(news=back)
    told = ach_return_add(payment=news.payment, row=row, code=code, after_funding=True, now=now)
    expect(row=row, gateway_id=charge.gateway_id, amount=-row.amount, now=now)
    if rest > 0:
        _owe_the_rest(news=back, rest=rest)
    fee = return_fee_charge(payment=news.payment, row=row, code=code, day=news.day, now=now)
    return_mail(row=row, reason=told.reason, fee=fee, now=now)
    return row


def _book(*, news: Recording) -> Decimal:
    """The mirror of the capture as far as allocations, deposit and credit reach; returns what they did not cover."""
    credited: list[Credit] = []
    for event, handler in events(news):
        credited.extend(handler.on_returned(event=event))
    reached = sum((credit.amount for credit in credited), Decimal(0))
    if reached < 0 or reached > news.row.amount:
        raise ValueError(f"transaction {news.row.pk}: {reached} given up for a return of {news.row.amount}")
    moved = _by_account(credited)
    if any(moved.values()):
        entry_post(
            organization_id=news.payment.organization_id,
            currency=news.row.currency,
            kind=EntryKind.RETURNED,
            lines=[
                Line(account=AccountName.GATEWAY_CLEARING, amount=-reached),
                *(Line(account=account, amount=amount) for account, amount in moved.items()),
            ],
            occurred_on=news.day,
            source=f"transaction:{news.row.pk}",
            customer_id=news.payment.customer_id,
            now=news.now,
        )
    rest: Decimal = news.row.amount - reached
    return rest


def _by_account(credited: list[Credit]) -> dict[AccountName, Decimal]:
    sums: dict[AccountName, Decimal] = {}
    for credit in credited:
        sums[credit.account] = sums.get(credit.account, Decimal(0)) + credit.amount
    return sums


def _owe_the_rest(*, news: Recording, rest: Decimal) -> None:
    memo = debts.get(DEBTS).owe(
        transaction=news.row, kind=DebtKind.RETURNED, amount=rest, occurred_on=news.day, now=news.now
    )
    alert_raise(
        row=news.row,
        kind=AlertKind.RETURNED_AFTER_REFUND,
        text=_(
            "{amount} of it had been given back before the bank took it: the customer owes that by debit memo {number}."
        ).format(amount=format_money(rest, news.row.currency), number=memo.number),
        now=news.now,
    )


def rejected_before_funding(*, news: Recording) -> None:
    """A debit that was rejected before it was funded brought nothing; what the code says of the account holds too."""
    code = code_in(news.answer.result_code)
    told = ach_return_add(payment=news.payment, row=news.row, code=code, after_funding=False, now=news.now)
    fee = return_fee_charge(payment=news.payment, row=news.row, code=code, day=news.day, now=news.now)
    return_mail(row=news.row, reason=told.reason, fee=fee, now=news.now)
