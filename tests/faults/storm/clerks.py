"""Clerks: they capture, renew, bill, give back and give, both at the same time if need be, end fraud reviews, and
decide what nothing proves.

Each says whether there is something left to do about an order.
"""

from collections.abc import Callable, Sequence
from decimal import Decimal
from functools import partial

from django.conf import settings
from django.db.models import QuerySet
from django.utils import timezone

from commerce.models import Order, User
from invoices.models import Invoice, InvoiceState
from invoices.services import invoice_draft_from_order, invoice_post
from oropay.models import (
    GIVEN,
    HOLDS,
    RUNNING,
    Action,
    AlertKind,
    Approval,
    ApprovalKind,
    ApprovalState,
    FailureReason,
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
    refundable,
    review_release_start,
    verdict_propose,
)
from oropay.status import is_nobodys_hold
from tests.faults.storm.clicks import at_once, seen, told, until_it_answers
from tests.faults.storm.stories import Story
from tests.faults.storm.town import Deal, Town
from tests.trade import TOTAL

CREDIT = Decimal("25.00")
PARTS = (Decimal("30.00"), Decimal("20.00"), Decimal("12.50"))
"""In which a hold of 100.00 is captured."""
BILLING_TRIES = 10
Click = Callable[[], object]
MONEY_IS_THERE = frozenset({MoneyState.CAPTURED, MoneyState.SETTLED, MoneyState.SETTLING})


def after_hold(town: Town, deal: Deal, payment: Payment) -> bool:
    """Release a hold, or capture all or part of it."""
    if payment.money_state != MoneyState.AUTHORIZED or deal.staff_steps > 0:
        return False
    deal.staff_steps = 1
    hold = payment.transactions.get(action=Action.AUTHORIZE, state=TransactionState.APPROVED)
    if deal.story == Story.HOLD_RELEASED:
        told(town, _release(town, deal, hold, note="not needed", after=seen(payment)))
    else:
        amount = deal.dice.choice([TOTAL, Decimal("61.50")])
        told(town, _capture(town, deal, hold, amount, after=seen(payment)))
    return True


def capture_in_parts(town: Town, deal: Deal, payment: Payment) -> bool:
    """Capture a hold in three parts, each by two clicks at once; the last lets go of the rest."""
    rows = list(payment.transactions.order_by("pk"))
    if any(not row.is_final for row in rows):
        return True
    if payment.money_state not in {MoneyState.AUTHORIZED, MoneyState.CAPTURED} or deal.staff_steps >= len(PARTS):
        return False
    amount = PARTS[deal.staff_steps]
    deal.staff_steps += 1
    capture = _capture(town, deal, _live_hold(rows), amount, after=rows[-1].pk, last=deal.staff_steps == len(PARTS))
    at_once(*[partial(told, town, capture)] * 2)
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
        return told(town, _release(town, deal, old, note="held twice", after=after))
    if payment.money_state != MoneyState.AUTHORIZED or deal.staff_steps > 1:
        return False
    deal.staff_steps += 1
    hold = _live_hold(rows)
    if deal.staff_steps == 1:
        again = partial(reauthorize_start, hold=hold, by=clerk, now=timezone.now(), after=after)
        at_once(*[partial(told, town, again)] * 2)
    elif deal.dice.random() < 0.6:
        told(town, _capture(town, deal, hold, TOTAL, after=after))
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
    after = seen(payment)
    refund = _refund_some(town, deal, charge, after=after)
    if rivals:
        void = _release(town, deal, charge, note="by mistake", by=town.clerks[1], after=after)
        at_once(partial(told, town, refund, of=deal), partial(told, town, void, of=deal))
    else:
        told(town, refund)
    return True


GIVEN_BACK = {
    **dict.fromkeys(
        (Story.REFUND, Story.YEN, Story.INVOICE, Story.INVOICES), (MoneyState.CAPTURED, MoneyState.PARTIALLY_REFUNDED)
    ),
    Story.RIVALS: (MoneyState.CAPTURED,),
}
"""In which states of the money clerks give it back."""


def bill(town: Town, deal: Deal, payment: Payment) -> bool:
    """Bill an order while another clerk gives back part of its charge, or captures its hold, at the same moment. Whose
    bill is refused because of that tries again.
    """
    rows = list(payment.transactions.order_by("pk"))
    if any(not row.is_final for row in rows):
        return True
    action, act = (Action.CHARGE, _refund_some) if deal.story == Story.BILLED else (Action.AUTHORIZE, _capture_some)
    found = [row for row in rows if row.action == action and row.state == TransactionState.APPROVED]
    if not found or deal.bills or deal.staff_steps >= BILLING_TRIES:
        return False
    deal.staff_steps += 1
    clicks: list[Click] = [partial(_bill, town, deal)]
    if deal.staff_steps == 1:
        clicks.append(act(town, deal, found[-1], after=rows[-1].pk))
    at_once(*[partial(told, town, click) for click in clicks])
    until_it_answers(partial(_bill_find, deal))
    return True


def review(town: Town, deal: Deal, payment: Payment) -> None:
    """Release what the gateway holds for fraud, by two clicks at once; or cancel it while another releases it. What our
    own policy refused and could not take back by itself is canceled by hand, as an alert asks.
    """
    rows = list(payment.transactions.order_by("pk"))
    held = next((row for row in rows if row.state == TransactionState.REVIEW), None)
    if held is None or any(row.state in RUNNING for row in rows):
        return
    one, after = town.clerks[0], rows[-1].pk
    if deal.story == Story.ADDRESS_REFUSED:
        told(town, _release(town, deal, held, note="not the bank's address", after=after))
        return
    deal.staff_steps = 1
    release = partial(review_release_start, held=held, note="known to us", by=one, now=timezone.now(), after=after)
    other: Click = release
    if deal.story == Story.REVIEW_CANCELED:
        other = _release(town, deal, held, note="stolen", by=town.clerks[1], after=after)
    at_once(partial(told, town, release), partial(told, town, other))


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


def give_back_by_hand(town: Town) -> None:
    """What was to go back by itself and was ruled out is refunded by a clerk, as an alert asks."""
    ruled_out = PaymentTransaction.objects.filter(
        action=Action.REFUND,
        created_by=None,
        failure_reason=FailureReason.NOT_TAKEN,
        alerts__kind=AlertKind.NOT_DONE,
    )
    for row in ruled_out.select_related("parent", "payment"):
        if row.parent is None:
            continue
        left = refundable(transaction=row.parent, family=list(row.payment.transactions.all())).limit
        if left > 0:
            told(town, _refund(town, town.deal_of(row.payment), row.parent, after=seen(row.payment), amount=left))


def call_off(town: Town) -> None:
    """What was thought never to have arrived, came after all and is held for fraud is called off in the gateway's own
    portal, as an alert asks: we have no row to cancel.
    """
    held = PaymentTransaction.objects.filter(
        payment__integration=town.way_of(Story.REVIEW_CANCELED),
        state=TransactionState.FAILED,
        alerts__kind=AlertKind.ARRIVED_LATE,
        alerts__resolved_at=None,
    )
    for reference in held.exclude(reference__in=town.called_off).values_list("reference", flat=True):
        for answer in town.sandbox.gateway().find_by_reference(reference=reference).found:
            town.sandbox.control(f"/transactions/{answer.gateway_id}/status", {"status": "REVERSED"})
            town.called_off.add(reference)


def _not_taken(town: Town, row: PaymentTransaction) -> None:
    one, other = town.clerks
    asked = verdict_propose(
        row=row, taken=False, evidence="The gateway's list does not have it.", by=one, now=timezone.now()
    )
    approval_agree(approval=asked, by=other, now=timezone.now())


# --- clicks. Whoever makes one has wanted it; it may be refused, and may be clicked again.


def _capture(
    town: Town, deal: Deal, hold: PaymentTransaction, amount: Decimal, *, after: int, last: bool = False
) -> Click:
    deal.asked_captures += 1
    return partial(
        capture_start, hold=hold, amount=amount, by=town.clerks[0], now=timezone.now(), after=after, last=last
    )


def _capture_some(town: Town, deal: Deal, hold: PaymentTransaction, *, after: int) -> Click:
    return _capture(town, deal, hold, deal.dice.choice([TOTAL, Decimal("61.50")]), after=after)


def _release(
    town: Town, deal: Deal, row: PaymentTransaction, *, note: str, after: int, by: User | None = None
) -> Click:
    """Let a hold go, or void a charge."""
    deal.asked_back += 1
    return partial(
        cancel_start,
        transaction=row,
        reason=RefundReason.OTHER,
        note=note,
        by=by or town.clerks[0],
        now=timezone.now(),
        after=after,
    )


def _refund_some(town: Town, deal: Deal, charge: PaymentTransaction, *, after: int) -> Click:
    return _refund(town, deal, charge, after=after, amount=deal.dice.choice([Decimal(30), Decimal(50)]))


def _refund(town: Town, deal: Deal, charge: PaymentTransaction, *, after: int, amount: Decimal) -> Click:
    """Give some of a charge back; where it is taken from is said at the moment of the click."""
    deal.asked_back += 1

    def refund() -> PaymentTransaction:
        return refund_start(
            charge=charge,
            lines=refund_lines_suggested(charge=charge, amount=amount),
            reason=RefundReason.CUSTOMER_REQUEST,
            note="as agreed",
            by=town.clerks[0],
            now=timezone.now(),
            after=after,
        )

    return refund


def _bill(town: Town, deal: Deal) -> None:
    clerk = town.clerks[1]
    order = Order.objects.get(payable=deal.name)
    draft = Invoice.objects.filter(order=order).exclude(state=InvoiceState.VOID).first()
    if draft is None:
        draft = invoice_draft_from_order(order=order, by=clerk, now=timezone.now())
    invoice_post(invoice=draft, by=clerk, now=timezone.now(), mail=False)


def _bill_find(deal: Deal) -> None:
    """Note the invoice that took over from the order, whichever click posted it."""
    posted = Invoice.objects.filter(order__payable=deal.name, state=InvoiceState.POSTED)
    deal.bills = list(posted.values_list("payable_id", flat=True))


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
