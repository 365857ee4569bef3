"""Several captures of one hold: each booked and expected by itself, a lost answer judged by what was taken before."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from commerce.models import Order
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine.holds import holds_expire, rest_release
from oropay.exceptions import CancelRefused, CaptureRefused
from oropay.gateway.port import Capture
from oropay.models import (
    Action,
    Integration,
    Payable,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    TransactionState,
)
from oropay.selectors import paying_view
from oropay.services import SettledKind, SettledNote, cancel_start, capture_start, integration_save, settlement_note
from plumbing.models import Note
from reconciliation.models import Expectation
from tests.contract.sandbox import Sandbox
from tests.oropay.house import overdue, reload

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
Take = Callable[..., PaymentTransaction]


@pytest.fixture
def take(several: PaymentTransaction, order: Order) -> Take:
    def take(amount: str, *, last: bool = False) -> PaymentTransaction:
        return capture_start(hold=several, amount=Decimal(amount), by=order.placed_by, now=timezone.now(), last=last)

    return take


def test_a_hold_is_captured_in_parts_and_each_is_booked_and_expected(
    several: PaymentTransaction, take: Take, run: Run, payable: Payable, books: Books
) -> None:
    rows = [run(take("30.00")), run(take("20.00"))]

    payable = reload(payable)
    assert several.capture_mode == Capture.MULTIPLE
    assert [row.state for row in rows] == [S.APPROVED, S.APPROVED]
    assert (payable.paid, payable.held, payable.payable_now) == (Decimal(50), Decimal(50), Decimal(0))
    assert books(AccountName.GATEWAY_CLEARING) == 50
    expected = Expectation.objects.order_by("pk").values_list("transaction_id", "gateway_id", "amount")
    assert list(expected) == [(row.pk, several.gateway_id, row.amount) for row in rows]
    assert ledger_check() == []


def test_the_last_capture_releases_the_rest(take: Take, run: Run, payable: Payable) -> None:
    run(take("30.00"))

    last = run(take("20.00", last=True))

    assert (last.capture_mode, last.state) == (Capture.LAST, S.APPROVED)
    assert PaymentTransaction.objects.get(action=Action.RELEASE).amount == 50
    assert (reload(payable).held, reload(payable).payable_now) == (Decimal(0), Decimal(50))


def test_no_more_than_is_still_held_is_captured(take: Take, run: Run) -> None:
    run(take("60.00"))

    with pytest.raises(CaptureRefused, match=r"At most \$40.00"):
        take("40.01")

    assert PaymentTransaction.objects.filter(action=Action.CAPTURE).count() == 1


def test_what_is_left_of_a_hold_is_not_reversed_with_what_was_taken(
    several: PaymentTransaction, take: Take, run: Run, order: Order
) -> None:
    run(take("60.00"))

    with pytest.raises(CancelRefused, match="a release would undo too"):
        cancel_start(
            transaction=several, reason=RefundReason.OTHER, note="rest", by=order.placed_by, now=timezone.now()
        )

    assert not PaymentTransaction.objects.filter(action=Action.CANCEL).exists()


@pytest.mark.parametrize("nth", [1, 2, 3])
@pytest.mark.parametrize(("when", "state"), [("before", S.FAILED), ("after", S.APPROVED)])
def test_each_capture_whose_answer_was_lost_is_judged_by_what_was_taken_before(
    several: PaymentTransaction,
    take: Take,
    run: Run,
    sandbox: Sandbox,
    books: Books,
    nth: int,
    when: str,
    state: TransactionState,
) -> None:
    for _ in range(nth - 1):
        run(take("20.00"))
    match = {"endpoint": "/transactions/{id}/capture", "reference": several.reference}
    row = take("20.00")
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": when}}})
    assert run(row).state == S.UNKNOWN

    overdue(row)
    engine.look(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    assert row.state == state
    assert books(AccountName.GATEWAY_CLEARING) == 20 * (nth if state == S.APPROVED else nth - 1)
    assert ledger_check() == []


@pytest.mark.parametrize(("when", "state"), [("before", S.FAILED), ("after", S.APPROVED)])
def test_a_lost_capture_is_judged_by_the_amount_when_earlier_ones_settled_meanwhile(
    several: PaymentTransaction, take: Take, run: Run, sandbox: Sandbox, when: str, state: TransactionState
) -> None:
    run(take("20.00"))
    row = take("30.00")
    match = {"endpoint": "/transactions/{id}/capture", "reference": several.reference}
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": when}}})
    run(row)
    sandbox.control("/settlement/run", {})

    row.refresh_from_db()
    overdue(row)
    engine.look(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    assert row.state == state


def test_a_settled_capture_is_marked_and_the_others_are_not(
    several: PaymentTransaction, take: Take, run: Run, account: ProviderAccount
) -> None:
    first, second = run(take("30.00")), run(take("20.00"))
    note = SettledNote(
        gateway_id=several.gateway_id, kind=SettledKind.SALE, batch_id="", deposit_id="DEP_1", transaction_id=first.pk
    )
    held = PaymentTransaction.objects.filter(pk=several.pk)

    written = settlement_note(provider_account=account, notes=[note], now=timezone.now())

    first.refresh_from_db()
    second.refresh_from_db()
    assert (written, first.deposit_id, second.deposit_id) == (1, "DEP_1", "")
    assert held.get().deposit_id == ""


def test_an_account_that_takes_one_capture_makes_holds_of_one(start: Start, run: Run, integration: Integration) -> None:
    Integration.objects.filter(pk=integration.pk).update(
        payment_action=PaymentAction.MANUAL, echeck=False, several_captures=True
    )

    assert run(start()).capture_mode == Capture.LATER


def test_several_captures_are_refused_where_account_or_action_forbid_them(integration: Integration) -> None:
    integration.echeck, integration.several_captures = False, True

    with pytest.raises(ValidationError, match="only a hold is captured"):
        integration_save(integration=integration)
    integration.payment_action = PaymentAction.MANUAL
    with pytest.raises(ValidationError, match="one capture only"):
        integration_save(integration=integration)

    assert not Integration.objects.get(pk=integration.pk).several_captures


def test_the_rest_of_a_hold_may_be_let_go_and_the_order_paid_another_way(
    several: PaymentTransaction, take: Take, run: Run, order: Order, payable: Payable, books: Books, sandbox: Sandbox
) -> None:
    run(take("60.00"))
    waits = (reload(payable).held, reload(payable).payable_now)

    rest_release(
        hold=several, reason=RefundReason.OTHER, note="the rest is out of stock", by=order.placed_by, now=timezone.now()
    )

    release = several.children.get(action=Action.RELEASE)
    assert waits == (Decimal(40), Decimal(0))
    assert (release.amount, release.state, release.created_by) == (Decimal("40.0000"), S.APPROVED, order.placed_by)
    assert (reload(payable).held, reload(payable).paid, reload(payable).payable_now) == (
        Decimal(0),
        Decimal(60),
        Decimal(40),
    )
    assert books(AccountName.GATEWAY_CLEARING) == 60
    assert Note.objects.get().text == "the rest is out of stock"
    assert [one.status for one in sandbox.gateway().find_by_reference(reference=several.reference).found] == [
        "CAPTURED"
    ]
    with pytest.raises(CaptureRefused, match="Nothing is held any more"):
        take("10.00")


def test_a_hold_of_which_nothing_was_taken_is_released_at_the_gateway_only(
    several: PaymentTransaction, order: Order
) -> None:
    with pytest.raises(CancelRefused, match="Nothing of this hold was captured yet"):
        rest_release(hold=several, reason=RefundReason.OTHER, note="rest", by=order.placed_by, now=timezone.now())

    assert not several.children.exists()


def test_while_a_capture_runs_the_rest_is_not_let_go(
    several: PaymentTransaction, take: Take, run: Run, order: Order
) -> None:
    run(take("60.00"))
    take("10.00")

    with pytest.raises(CancelRefused, match="still running"):
        rest_release(hold=several, reason=RefundReason.OTHER, note="rest", by=order.placed_by, now=timezone.now())

    assert not several.children.filter(action=Action.RELEASE).exists()


def test_the_buyer_reads_what_was_paid_and_what_is_still_held(
    several: PaymentTransaction, take: Take, run: Run, order: Order
) -> None:
    def told() -> str:
        payment = Payment.objects.get(pk=several.payment_id)
        return paying_view(payment=payment, now=timezone.now()).sentence

    before = told()
    run(take("60.00"))
    partly = told()
    rest_release(hold=several, reason=RefundReason.OTHER, note="rest", by=order.placed_by, now=timezone.now())

    assert before == "$100.00 is held on your card. It is charged when we ship."
    assert partly == "$60.00 was paid. $40.00 more is held on your card; it is charged when we ship the rest."
    assert told() == "$60.00 was paid. The rest is not charged: your bank frees it on your card."


def test_the_rest_of_a_hold_that_lapsed_is_held_no_more(
    several: PaymentTransaction, take: Take, run: Run, payable: Payable
) -> None:
    run(take("60.00"))
    lasts = several.created_at + settings.OROPAY_HOLD_LASTS

    counts = [holds_expire(now=lasts + timedelta(hours=hours)) for hours in (0, 2, 3)]

    release = several.children.get(action=Action.RELEASE)
    assert counts == [0, 1, 0]
    assert (release.amount, release.state, release.created_by) == (Decimal("40.0000"), S.APPROVED, None)
    assert (reload(payable).held, reload(payable).paid, reload(payable).payable_now) == (
        Decimal(0),
        Decimal(60),
        Decimal(40),
    )
