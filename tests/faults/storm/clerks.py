"""Clerks: they capture, renew, give back and give, both at the same time if need be, and decide what nothing proves.

Each says whether there is something left to do about an order.
"""

from collections.abc import Sequence
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from commerce.models import User
from oropay.models import (
    HOLDS,
    Action,
    AlertKind,
    Approval,
    ApprovalKind,
    ApprovalState,
    Instrument,
    InstrumentKind,
    InstrumentState,
    MoneyState,
    Payment,
    PaymentTransaction,
    RefundReason,
    TransactionState,
)
from oropay.services import (
    approval_agree,
    cancel_start,
    capture_start,
    credit_start,
    reauthorize_start,
    refund_lines_suggested,
    refund_start,
    verdict_propose,
)
from oropay.status import is_nobodys_hold
from tests.faults.storm.clicks import at_once, seen, told
from tests.faults.storm.town import Deal, Story, Town

GIVEN = frozenset({Action.REFUND, Action.CREDIT})
"""Lost ones are decided by people: nothing can be sent to undo them."""
CREDIT = Decimal("25.00")
MONEY_IS_THERE = frozenset({MoneyState.CAPTURED, MoneyState.SETTLED, MoneyState.SETTLING})


def after_hold(town: Town, deal: Deal, payment: Payment) -> bool:
    """Release a hold, or capture all or part of it."""
    if payment.money_state != MoneyState.AUTHORIZED or deal.staff_steps > 0:
        return False
    deal.staff_steps = 1
    hold = payment.transactions.get(action=Action.AUTHORIZE, state=TransactionState.APPROVED)
    clerk, after = town.clerks[0], seen(payment)
    if deal.story == Story.HOLD_RELEASED:
        told(
            town,
            lambda: cancel_start(
                transaction=hold,
                reason=RefundReason.OTHER,
                note="not needed",
                by=clerk,
                now=timezone.now(),
                after=after,
            ),
        )
    else:
        amount = deal.dice.choice([Decimal("100.00"), Decimal("61.50")])
        _capture(town, hold, amount, after=after)
    return True


def renew(town: Town, deal: Deal, payment: Payment) -> bool:
    """Hold the amount anew, by two clicks at once; then capture what is held now, or leave it. What was not let go by
    itself is released by hand, as an alert asks.
    """
    rows = list(payment.transactions.order_by("pk"))
    if any(not row.is_final for row in rows):
        return True
    after, clerk = rows[-1].pk, town.clerks[0]
    if old := _held_twice(rows):
        release = partial(
            cancel_start,
            transaction=old,
            reason=RefundReason.OTHER,
            note="held twice",
            by=clerk,
            now=timezone.now(),
            after=after,
        )
        return told(town, release)
    if payment.money_state != MoneyState.AUTHORIZED or deal.staff_steps > 1:
        return False
    deal.staff_steps += 1
    hold = _live_hold(rows)
    if deal.staff_steps == 1:
        again = partial(reauthorize_start, hold=hold, by=clerk, now=timezone.now(), after=after)
        at_once(*[partial(told, town, again)] * 2)
    elif deal.dice.random() < 0.6:
        _capture(town, hold, Decimal("100.00"), after=after)
    return True


def give_back(town: Town, deal: Deal, payment: Payment) -> bool:
    """Refund a charge in one or two parts; or refund and void it, two clerks at the same moment."""
    if payment.money_state not in GIVEN_BACK[deal.story] or deal.staff_steps > 1:
        return False
    rivals = deal.story == Story.RIVALS
    deal.staff_steps += 2 if rivals else 1
    charge = payment.transactions.filter(action=Action.CHARGE, state=TransactionState.APPROVED).first()
    if charge is None:
        return True
    amount, after = deal.dice.choice([Decimal("30.00"), Decimal("50.00")]), seen(payment)
    one, other = town.clerks

    def refund(by: User) -> None:
        refund_start(
            charge=charge,
            lines=refund_lines_suggested(charge=charge, amount=amount),
            reason=RefundReason.CUSTOMER_REQUEST,
            note="as agreed",
            by=by,
            now=timezone.now(),
            after=after,
        )

    def void(by: User) -> None:
        cancel_start(
            transaction=charge, reason=RefundReason.OTHER, note="by mistake", by=by, now=timezone.now(), after=after
        )

    deal.asked_back += 2 if rivals else 1
    if rivals:
        at_once(lambda: told(town, lambda: refund(one)), lambda: told(town, lambda: void(other)))
    else:
        told(town, lambda: refund(one))
    return True


GIVEN_BACK = {
    Story.REFUND: (MoneyState.CAPTURED, MoneyState.PARTIALLY_REFUNDED),
    Story.RIVALS: (MoneyState.CAPTURED,),
}
"""In which states of the money clerks give it back."""


def give(town: Town, deal: Deal, payment: Payment) -> bool:
    """Give money to what the order was paid with: one clerk asks, another agrees, by two clicks at once."""
    if payment.money_state not in MONEY_IS_THERE or deal.staff_steps > 1:
        return False
    one, other = town.clerks
    asked = _credits_asked(deal).first()
    if asked is None and deal.staff_steps == 0:
        instrument = _paid_with(payment)
        if instrument is None:
            return True  # it is saved a moment later
        deal.staff_steps, deal.asked_credits = 1, 1
        told(town, partial(_credit_ask, deal, instrument, one))
    elif asked is not None and asked.state == ApprovalState.WAITING:
        agree = partial(approval_agree, approval=asked, by=other, now=timezone.now())
        at_once(*[partial(told, town, agree)] * 2)
    else:
        deal.staff_steps = 2
    return True


def decide(town: Town) -> None:
    """What no evidence decides after a day (here: seconds) two clerks decide, who look at the gateway's list."""
    long_ago = timezone.now() - settings.OROPAY_VERDICT_AFTER
    lost = PaymentTransaction.objects.filter(
        action__in=GIVEN, state=TransactionState.UNKNOWN, unknown_since__lt=long_ago
    ).exclude(approvals__state=ApprovalState.WAITING)
    for row in lost:
        listing = town.sandbox.gateway().find_by_reference(reference=row.reference)
        if listing.complete and not listing.found:
            told(town, partial(_not_taken, town, row))


def _not_taken(town: Town, row: PaymentTransaction) -> None:
    one, other = town.clerks
    asked = verdict_propose(
        row=row, taken=False, evidence="The gateway's list does not have it.", by=one, now=timezone.now()
    )
    approval_agree(approval=asked, by=other, now=timezone.now())


def _capture(town: Town, hold: PaymentTransaction, amount: Decimal, *, after: int) -> None:
    told(town, lambda: capture_start(hold=hold, amount=amount, by=town.clerks[0], now=timezone.now(), after=after))


def _live_hold(rows: Sequence[PaymentTransaction]) -> PaymentTransaction:
    """The newest of a payment's holds: a renewal that was approved stands in place of the one before."""
    live = (row for row in rows if row.action in HOLDS and row.state == TransactionState.APPROVED)
    return [row for row in live if not is_nobodys_hold(row)][-1]


def _held_twice(rows: Sequence[PaymentTransaction]) -> PaymentTransaction | None:
    """A hold that an alert says was not let go when it was renewed, unless a clerk has released it since."""
    undone = [
        row.parent_id for row in rows if row.action == Action.CANCEL and row.alerts.filter(kind=AlertKind.NOT_DONE)
    ]
    released = {row.parent_id for row in rows if row.action == Action.CANCEL and row.state == TransactionState.APPROVED}
    return next((row for row in rows if row.pk in undone and row.pk not in released), None)


def _paid_with(payment: Payment) -> Instrument | None:
    """The card or account as it is saved: a debit of an account that is saved already has joined it."""
    if payment.instrument is not None and payment.instrument.kind == InstrumentKind.CARD:
        return payment.instrument
    return Instrument.objects.filter(
        customer_id=payment.customer_id, kind=InstrumentKind.BANK, state=InstrumentState.ACTIVE
    ).first()


def _credit_ask(deal: Deal, instrument: Instrument, by: User) -> None:
    """Whoever saw an error page looks whether it was asked for before asking again."""
    if not _credits_asked(deal).exists():
        credit_start(
            instrument=instrument,
            amount=CREDIT,
            reason=RefundReason.OTHER,
            note=deal.goodwill,
            by=by,
            now=timezone.now(),
        )


def _credits_asked(deal: Deal) -> QuerySet[Approval]:
    return Approval.objects.filter(kind=ApprovalKind.CREDIT, note=deal.goodwill)
