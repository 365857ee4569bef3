"""What holds after every event, whatever happened: each is a function of both sides' books that raises if it does not.

`hold` asks them all.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from decimal import Decimal

from django.db.models import Sum

from invoices.models import Allocation, AllocationKind, AllocationState
from ledger.models import AccountName
from ledger.ports import control_totals
from ledger.selectors import balance
from oropay.models import (
    HOLDS,
    RUNNING,
    Action,
    ApprovalState,
    AuthenticationOutcome,
    DisputeResult,
    MoneyState,
    Payable,
    PayableKind,
    PaymentPayable,
    PaymentTransaction,
    ThreeDSUnavailable,
    TransactionState,
)
from oropay.services import payable_recompute
from oropay.status import Sums, money_state, sums_of
from tests.oropay.life.ground import TOTAL
from tests.oropay.life.world import WENT_BACK, ZERO, Theirs, World

S = TransactionState
UNSENT = frozenset({S.AWAITING_APPROVAL, S.QUEUED})
GOING_BACK = RUNNING | {S.APPROVED, S.PENDING}
LOST = frozenset({DisputeResult.LOST, DisputeResult.ACCEPTED})
YES = frozenset({AuthenticationOutcome.AUTHENTICATED, AuthenticationOutcome.ATTEMPTED})
NOBODY_TO_ASK = frozenset({AuthenticationOutcome.UNAVAILABLE, AuthenticationOutcome.NOT_ENROLLED})


def no_money_moved_twice(world: World) -> None:
    """What the gateway keeps of all payments, less what disputes took, is never more than was owed."""
    kept = sum((_kept(world, sale) for sale in world.theirs if sale.type == "SALE"), ZERO)
    assert kept - _unwanted(world) <= TOTAL, f"{kept} taken for {TOTAL}"


def nothing_was_sent_twice(world: World) -> None:
    """Each of our names is at most once at the gateway."""
    twice = [name for name, count in Counter(one.reference for one in world.theirs).items() if count > 1]
    assert not twice, f"sent twice: {twice}"


def no_money_moved_unseen(world: World) -> None:
    """Once nothing of a payment is under way, the gateway took and gave for it exactly what we say."""
    for payment, family in world.families.items():
        if world.is_quiet(family):
            there = sum((one.moved for one in world.of(family)), ZERO)
            assert there == _moved(family), f"payment {payment.pk}: {there} there, {_moved(family)} here"


def no_money_is_held_unseen(world: World, lapsed: frozenset[str]) -> None:
    """As above for holds, but for what lapsed in silence and what people were told that could not be let go."""
    for payment, family in world.families.items():
        told = any(row.gateway_id in lapsed or _was_not_let_go(row) for row in family)
        if world.is_quiet(family) and not told:
            there, here = sum((one.held for one in world.of(family)), ZERO), sums_of(family).held
            assert there == here, f"payment {payment.pk}: {there} held there, {here} here"


def nothing_is_captured_above_its_hold(world: World) -> None:
    for hold in world.rows:
        if hold.action in HOLDS and (sale := world.sale(hold.gateway_id)) is not None:
            assert sale.captured <= hold.amount, f"{sale.captured} captured of {hold}"


def nothing_is_given_back_above_its_sale(world: World) -> None:
    """But for what two persons ruled out and the gateway had done."""
    for sale in world.theirs:
        asked = sale.refunded - world.ruled_out(sale)
        assert asked <= sale.captured or sale.status == "REVERSED", f"{sale.refunded} given back of {sale}"


def nothing_is_given_by_one_person(world: World) -> None:
    """A credit that left us was agreed to by another than who asked for it."""
    for row in world.rows:
        if row.action == Action.CREDIT and any(one.reference == row.reference for one in world.theirs):
            [agreed] = row.approvals.filter(state=ApprovalState.AGREED)
            assert agreed.decided_by_id != row.created_by_id


def nobody_is_charged_against_their_bank(world: World) -> None:
    """Where a bank was asked who pays, nothing is held or charged unless it said yes to this amount."""
    for payment, family in world.families.items():
        asked = getattr(payment, "authentication", None)
        money = [row for row in family if row.action in {Action.CHARGE, Action.AUTHORIZE}]
        if asked is None or not money:
            continue
        goes_on = (
            payment.integration is not None and payment.integration.threeds_unavailable == ThreeDSUnavailable.GO_ON
        )
        assert asked.outcome in YES or (goes_on and asked.outcome in NOBODY_TO_ASK), f"charged though {asked.outcome}"
        assert [row.amount for row in money if not row.late] == [asked.amount]


def disputes_are_counted(world: World) -> None:
    """What a dispute that we heard of took and won back at the gateway is what our rows say of it, to the cent."""
    for case in world.cases:
        if world.is_heard(case):
            taken, lost = _booked(world, case.gateway_id)
            gone = case.taken if case.result in LOST else ZERO
            assert (taken, lost) == (case.taken, gone), f"{case}: {taken} taken and {lost} lost here"


def returns_are_counted(world: World) -> None:
    """A debit that we say came back did at the gateway, all of it; nothing of it is given back after that, unless it
    was on its way or turns up late.
    """
    for back in world.rows:
        if back.action != Action.RETURN:
            continue
        debit = back.parent
        assert debit is not None
        sale = world.sale(debit.gateway_id)
        assert sale is not None, f"{debit} is not at the gateway"
        assert (sale.status in WENT_BACK, back.amount) == (True, debit.amount), f"{back} of {sale}"
        refunds = [row for row in world.rows if row.action == Action.REFUND and row.parent_id == debit.pk]
        wrong = [row for row in refunds if row.state in UNSENT or (row.pk > back.pk and not row.late)]
        assert not wrong, f"given back beside {back}: {wrong}"


def nothing_comes_of_what_is_in_review(world: World) -> None:
    """It is neither held nor taken with us, and its payment says so."""
    for payment, family in world.families.items():
        if any(row.state == S.REVIEW for row in family):
            assert sums_of(family) == Sums(), f"payment {payment.pk}: {sums_of(family)} in review"
            assert payment.money_state in {MoneyState.REVIEW, MoneyState.UNKNOWN}, f"{payment.money_state} in review"


def every_review_is_somebody_s(world: World) -> None:
    """What the gateway holds for fraud waits with us for a person too, or is looked for."""
    for sale in world.theirs:
        if sale.in_review:
            [row] = [row for row in world.rows if row.reference == sale.reference]
            assert row.state in RUNNING | {S.REVIEW} or row.pk in world.watched, f"{row} is in review: {sale}"


def every_payment_is_what_its_rows_say(world: World) -> None:
    """The word for where its money is was written with whatever happened last."""
    for payment, family in world.families.items():
        again = money_state(family)
        assert payment.money_state == again, f"payment {payment.pk}: {payment.money_state}, not {again}"


def the_ledger_is_the_gateway_s(world: World) -> None:
    """Once nothing is under way and every dispute was heard of, clearing holds what the gateway owes us."""
    if all(world.is_quiet(family) for family in world.families.values()) and all(map(world.is_heard, world.cases)):
        there = sum((one.sure for one in world.theirs), ZERO) - sum((case.taken for case in world.cases), ZERO)
        here = _book(world, AccountName.GATEWAY_CLEARING)
        assert here == there, f"clearing holds {here}, the gateway {there}"


def the_ledger_is_our_rows(world: World) -> None:
    """Clearing, contested money and what was given away are what our rows come to, at every moment."""
    sums = world.sums
    assert _book(world, AccountName.GATEWAY_CLEARING) == sums.net - sums.disputed - sums.given
    assert _book(world, AccountName.DISPUTES_RECEIVABLE) == sums.disputed
    assert _book(world, AccountName.ALLOWANCES) == sums.given


def every_control_account_is_what_its_room_counts(world: World) -> None:
    """Receivable, credit, deposits and whatever else a room counts for itself."""
    for control in control_totals.all():
        counted = control.totals().get((world.seller_id, "USD"), ZERO)
        assert _book(world, control.account) == counted, f"{control.name}: {counted}"


def nothing_is_paid_with_money_that_went_back(world: World) -> None:
    """Live allocations of a payment are never more than what is left of it."""
    live = Allocation.objects.filter(kind=AllocationKind.PAYMENT, state=AllocationState.LIVE)
    for payment, family in world.families.items():
        paid = live.filter(payment=payment).aggregate(sum=Sum("amount", default=ZERO))["sum"]
        left = max(ZERO, sums_of(family).net)
        assert paid <= left, f"payment {payment.pk}: {paid} pays invoices, {left} is left"


def every_payable_is_what_the_books_say(world: World) -> None:
    """Deposits are what orders that are not billed were paid; stored columns are what they would be made anew."""
    deposits = sum((one.paid for one in world.payables if one.kind == PayableKind.ORDER), ZERO)
    assert -_book(world, AccountName.CUSTOMER_DEPOSIT) == deposits
    names = ("paid", "settling", "held", "refunded", "disputed", "cleared", "status")
    for stored in world.payables:
        again = Payable.objects.get(pk=stored.pk)
        payable_recompute(payable=again)
        assert [getattr(stored, name) for name in names] == [getattr(again, name) for name in names]
        # A deposit that nobody waited for stands beside what was paid until it has gone back.
        assert 0 <= stored.paid <= stored.total + sum((row.amount for row in _late_ones(world)), ZERO)


def one_attempt_at_a_time(world: World) -> None:
    live = PaymentPayable.objects.filter(payable__in=world.payables, live=True).values_list("payable", flat=True)
    assert len(live) == len(set(live))


# --- how


def _kept(world: World, sale: Theirs) -> Decimal:
    """What is left of a sale at the gateway once refunds and disputes are taken off."""
    taken = sum((case.taken for case in world.cases if case.sale_id == sale.gateway_id), ZERO)
    return max(ZERO, sale.moved - sale.refunded - taken)


def _unwanted(world: World) -> Decimal:
    """What came when nobody waited for it any more, and is going back or is a person's to give back."""
    names = {row.gateway_reference for row in _late_ones(world)}
    return sum((_kept(world, sale) for sale in world.theirs if sale.reference in names), ZERO)


def _late_ones(world: World) -> list[PaymentTransaction]:
    return [row for row in world.rows if row.late and row.action == Action.CHARGE and _goes_back(world, row)]


def _goes_back(world: World, late: PaymentTransaction) -> bool:
    """Whether its reversal, or the refund in its place, is done or under way; after the last try a person is told."""
    tries = [
        row
        for row in world.rows
        if row.parent_id == late.pk and row.action in {Action.CANCEL, Action.REFUND} and row.created_by_id is None
    ]
    if any(row.state in GOING_BACK for row in tries):
        return True
    return bool(tries) and tries[-1].alerts.filter(resolved_at=None).exists()


def _was_not_let_go(row: PaymentTransaction) -> bool:
    """A release that nobody asked for and that failed: a person was told."""
    failed = {S.FAILED, S.DECLINED}
    return row.action == Action.CANCEL and row.state in failed and row.created_by_id is None


def _moved(family: Sequence[PaymentTransaction]) -> Decimal:
    """What our rows of a payment say that the gateway took, less what it gave; accepted counts as moved."""
    sums = sums_of(family)
    giving = {Action.REFUND, Action.CREDIT}
    accepted = sum((row.amount for row in family if row.action in giving and row.state == S.PENDING), ZERO)
    return sums.net + sums.lost + sums.settling - sums.given - accepted


def _booked(world: World, dispute_id: str) -> tuple[Decimal, Decimal]:
    """What our rows say that a dispute took and still has, and how much of it is given up."""
    rows = [row for row in world.rows if row.gateway_id == dispute_id]

    def total(action: Action) -> Decimal:
        return sum((row.amount for row in rows if row.action == action), ZERO)

    return total(Action.CHARGEBACK) - total(Action.CHARGEBACK_REVERSAL), total(Action.CHARGEBACK_LOST)


def _book(world: World, name: AccountName) -> Decimal:
    return balance(organization_id=world.seller_id, name=name, currency="USD")


ALWAYS: Sequence[Callable[[World], None]] = (
    no_money_moved_twice,
    nothing_was_sent_twice,
    no_money_moved_unseen,
    nothing_is_captured_above_its_hold,
    nothing_is_given_back_above_its_sale,
    nothing_is_given_by_one_person,
    nobody_is_charged_against_their_bank,
    disputes_are_counted,
    returns_are_counted,
    nothing_comes_of_what_is_in_review,
    every_review_is_somebody_s,
    every_payment_is_what_its_rows_say,
    the_ledger_is_the_gateway_s,
    the_ledger_is_our_rows,
    every_control_account_is_what_its_room_counts,
    nothing_is_paid_with_money_that_went_back,
    every_payable_is_what_the_books_say,
    one_attempt_at_a_time,
)


def hold(*, world: World, lapsed: frozenset[str]) -> None:
    """Ask all of them."""
    try:
        for holds in ALWAYS:
            holds(world)
        no_money_is_held_unseen(world, lapsed)
    except AssertionError as error:
        error.add_note(world.told())
        raise
