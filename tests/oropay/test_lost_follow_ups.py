"""Captures, voids and reversals whose answer was lost or came in the wrong order: the books never believe more than is
proven, and nobody is left unasked.
"""

import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone
from moneyed import Money

from commerce.models import Order, OrderState
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine import unknown
from oropay.engine.gateways import gateway_of
from oropay.gateway.port import Answer, FollowUpRequest, Verdict
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    FailureReason,
    Payable,
    Payment,
    PaymentTransaction,
    RefundReason,
    TransactionState,
    Watch,
)
from oropay.services import cancel_start, capture_start
from oropay.services.followup import reversal_queue
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank, charges_at_gateway, overdue, reload, request_of, sending

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]

NOT_FOUND = {
    "error_code": "RESOURCE_NOT_FOUND",
    "detailed_error_code": "40118",
    "detailed_error_description": "Transactions not found",
}


@pytest.fixture
def spoil(sandbox: Sandbox) -> Callable[..., None]:
    """Make one call about a transaction go wrong."""

    def spoil(row: PaymentTransaction, endpoint: str, action: dict[str, object], method: str = "POST") -> None:
        match = {"endpoint": endpoint, "method": method, "reference": row.reference}
        sandbox.control("/rules", {"match": match, "action": action})

    return spoil


@pytest.fixture
def capture(held: PaymentTransaction, order: Order) -> PaymentTransaction:
    """A queued capture of the whole hold."""
    return capture_start(hold=held, amount=Decimal(100), by=order.placed_by, now=timezone.now())


@pytest.fixture
def lost(start: Start, run: Run, spoil: Callable[..., None]) -> PaymentTransaction:
    """A charge that the gateway made and whose answer was dropped."""
    payment = start()
    spoil(payment.transactions.get(), "/transactions", {"drop": {"when": "after"}})
    return run(payment)


def look(row: PaymentTransaction) -> None:
    overdue(row)
    engine.look(transaction_id=row.pk, now=timezone.now())
    row.refresh_from_db()


# -- captures -----------------------------------------------------------------------------------------------------


def test_a_capture_is_not_sent_while_nobody_knows_what_its_hold_was(
    capture: PaymentTransaction, held: PaymentTransaction, run: Run, spoil: Callable[..., None], sandbox: Sandbox
) -> None:
    spoil(held, "/transactions/{id}", {"http": {"status": 404, "body": NOT_FOUND}}, method="GET")

    after = run(capture)

    assert (after.state, after.parent_before) == (S.QUEUED, {})
    assert charges_at_gateway(sandbox, held) == ["PREAUTHORIZED"]


def test_a_capture_made_behind_a_refusing_proxy_is_found_made(
    capture: PaymentTransaction, held: PaymentTransaction, run: Run, spoil: Callable[..., None], books: Books
) -> None:
    page = {"status": 403, "body": "<html>blocked</html>", "content_type": "text/html", "when": "after"}
    spoil(held, "/transactions/{id}/capture", {"http": page})

    states = [run(capture).state, run(capture).state]
    capture.refresh_from_db()
    look(capture)

    assert states == [S.QUEUED, S.UNKNOWN]
    assert capture.parent_before["status"] == "PREAUTHORIZED"
    assert capture.state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_lost_capture_of_a_hold_that_was_released_took_nothing(
    capture: PaymentTransaction,
    held: PaymentTransaction,
    run: Run,
    spoil: Callable[..., None],
    sandbox: Sandbox,
    books: Books,
) -> None:
    spoil(held, "/transactions/{id}/capture", {"drop": {"when": "before"}})
    run(capture)
    sandbox.gateway().cancel(follow_up(held.gateway_id))

    look(capture)

    assert (capture.state, capture.failure_reason) == (S.FAILED, FailureReason.NOT_DONE)
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_lost_capture_that_was_ruled_out_and_comes_later_is_seen(
    capture: PaymentTransaction, held: PaymentTransaction, run: Run, spoil: Callable[..., None], sandbox: Sandbox
) -> None:
    spoil(held, "/transactions/{id}/capture", {"drop": {"when": "before"}})
    run(capture)
    look(capture)
    assert (capture.state, capture.failure_reason) == (S.FAILED, FailureReason.NOT_DONE)
    assert Alert.objects.get(transaction=capture).kind == AlertKind.NOT_DONE
    sandbox.gateway().capture(follow_up(held.gateway_id, amount=Money(100, "USD")))

    engine.watch(transaction_id=capture.pk, now=timezone.now())

    assert held.children.filter(action=Action.CAPTURE, state=S.APPROVED, outside=True).count() == 1
    assert Watch.objects.get(transaction=capture).next_at is None
    assert ledger_check() == []


def test_what_was_ruled_out_is_watched_on_when_another_lost_capture_is_found(
    capture: PaymentTransaction, held: PaymentTransaction, order: Order, run: Run, spoil: Callable[..., None]
) -> None:
    spoil(held, "/transactions/{id}/capture", {"drop": {"when": "before"}})
    run(capture)
    look(capture)
    second = capture_start(hold=held, amount=Decimal(40), by=order.placed_by, now=timezone.now())
    spoil(held, "/transactions/{id}/capture", {"drop": {"when": "after"}})
    run(second)
    overdue(second)

    engine.watch(transaction_id=capture.pk, now=timezone.now())

    second.refresh_from_db()
    assert second.state == S.APPROVED
    assert Watch.objects.get(transaction=capture).next_at is not None


def test_a_capture_that_was_refused_at_the_door_until_its_tries_were_used_up_is_watched(
    capture: PaymentTransaction, held: PaymentTransaction, run: Run, sandbox: Sandbox
) -> None:
    match = {"endpoint": "/transactions/{id}/capture"}
    sandbox.control("/rules", {"match": match, "action": {"http": {"status": 429, "body": {}}}, "times": 3})

    for _ in range(3):
        capture = run(capture)

    assert (capture.state, capture.failure_reason) == (S.FAILED, FailureReason.NOT_SENT)
    assert Watch.objects.filter(transaction=capture).exists()


@pytest.mark.parametrize("status", [503, 404])
def test_what_a_list_shows_and_its_own_page_does_not_is_not_adopted(
    lost: PaymentTransaction, spoil: Callable[..., None], payable: Payable, status: int
) -> None:
    body = NOT_FOUND if status == 404 else {}
    spoil(lost, "/transactions/{id}", {"http": {"status": status, "body": body}}, method="GET")

    engine.look(transaction_id=lost.pk, now=timezone.now())
    seen_first = PaymentTransaction.objects.get(pk=lost.pk).state
    engine.look(transaction_id=lost.pk, now=timezone.now())

    assert (seen_first, PaymentTransaction.objects.get(pk=lost.pk).state) == (S.UNKNOWN, S.APPROVED)
    assert reload(payable).paid == 100


def test_a_capture_of_another_amount_is_booked_as_asked_and_shown_to_a_person(
    capture: PaymentTransaction, held: PaymentTransaction, books: Books
) -> None:
    PaymentTransaction.objects.filter(pk=capture.pk).update(parent_before={"status": "PREAUTHORIZED", "amount": "100"})
    answer = Answer(verdict=Verdict.APPROVED, gateway_id=held.gateway_id, status="CAPTURED", amount=Money(90, "USD"))

    engine.record(transaction_id=sending(capture).pk, answer=answer, kind="send")

    capture.refresh_from_db()
    assert capture.state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100
    alert = Alert.objects.get(transaction=capture)
    assert alert.kind == AlertKind.AMOUNT_DIFFERS
    assert "Nothing is done about it by itself" in alert.text


# -- voids --------------------------------------------------------------------------------------------------------


def test_a_lost_void_that_came_too_late_becomes_a_refund(
    start: Start, run: Run, order: Order, sandbox: Sandbox, spoil: Callable[..., None], books: Books
) -> None:
    charge = run(start())
    void = cancel_start(
        transaction=charge, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
    )
    spoil(charge, "/transactions/{id}/reversal", {"drop": {"when": "before"}})
    run(void)
    sandbox.control("/settlement/run", {})

    void.refresh_from_db()
    look(void)
    refund = run(charge.children.get(action=Action.REFUND))

    assert (void.state, void.failure_reason, refund.state) == (S.FAILED, FailureReason.BATCH_CLOSED, S.APPROVED)
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_lost_void_of_something_that_moved_on_by_itself_asks_a_person(
    held: PaymentTransaction, run: Run, order: Order, sandbox: Sandbox, spoil: Callable[..., None]
) -> None:
    void = cancel_start(
        transaction=held, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
    )
    spoil(held, "/transactions/{id}/reversal", {"drop": {"when": "before"}})
    run(void)
    sandbox.gateway().capture(follow_up(held.gateway_id, amount=Money(100, "USD")))

    void.refresh_from_db()
    look(void)

    assert void.state == S.UNKNOWN
    assert Alert.objects.get(transaction=void).kind == AlertKind.NO_EVIDENCE


def test_a_declined_refund_in_place_of_a_void_asks_a_person(
    start: Start, run: Run, order: Order, sandbox: Sandbox, spoil: Callable[..., None]
) -> None:
    charge = run(start())
    sandbox.control("/settlement/run", {})
    run(
        cancel_start(
            transaction=charge, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
        )
    )
    spoil(charge, "/transactions/{id}/refund", {"decline": {}})

    refund = run(charge.children.get(action=Action.REFUND))

    assert refund.state == S.DECLINED
    assert Alert.objects.get(transaction=refund).kind == AlertKind.NOT_DONE


def test_a_bank_debit_under_way_is_never_refunded_by_itself(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable
) -> None:
    debit = run(start(source=bank()))
    reversal = reversal_queue(lost=debit, now=timezone.now())
    sandbox.control("/settlement/run", {})

    run(reversal)

    assert not debit.children.filter(action=Action.REFUND).exists()
    assert Alert.objects.get(transaction=reversal).kind == AlertKind.NOT_DONE
    assert reload(payable).settling == 100


# -- reversals of what was lost -------------------------------------------------------------------------------------


def test_a_charge_found_reversed_before_its_reversal_answers_is_not_voided_in_the_books(
    lost: PaymentTransaction, books: Books, payable: Payable
) -> None:
    reversal = sending(reversal_queue(lost=lost, now=timezone.now()))
    gateway = gateway_of(account=lost.payment.provider_account)
    answer = gateway.cancel(follow_up(lost.reference, key=str(reversal.idempotency_key)))
    lost.refresh_from_db()
    unknown._look_for_sale(row=lost, gateway=gateway)

    engine.record(transaction_id=reversal.pk, answer=answer, kind="send")

    lost.refresh_from_db()
    reversal.refresh_from_db()
    assert (lost.state, reversal.state) == (S.CANCELED, S.APPROVED)
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert reload(payable).payable_now == 100
    assert ledger_check() == []


def test_a_charge_that_is_known_after_all_is_not_undone_by_a_reversal_still_in_the_queue(
    lost: PaymentTransaction, run: Run, payable: Payable, order: Order, books: Books
) -> None:
    reversal = reversal_queue(lost=lost, now=timezone.now())
    late = gateway_of(account=lost.payment.provider_account).find_by_reference(reference=lost.reference).found[0]

    engine.record(transaction_id=lost.pk, answer=late, kind="send")
    after = run(reversal)

    assert after.state == S.CANCELED
    assert reload(payable).paid == 100
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert Order.objects.get(pk=order.pk).state == OrderState.OPEN


def test_a_reversal_that_undid_a_charge_whose_answer_came_meanwhile_is_shown_to_a_person(
    lost: PaymentTransaction, payable: Payable, books: Books
) -> None:
    reversal = sending(reversal_queue(lost=lost, now=timezone.now()))
    gateway = gateway_of(account=lost.payment.provider_account)
    late = gateway.find_by_reference(reference=lost.reference).found[0]
    engine.record(transaction_id=lost.pk, answer=late, kind="send")
    answer = gateway.cancel(follow_up(lost.gateway_id or late.gateway_id, key=str(reversal.idempotency_key)))

    engine.record(transaction_id=reversal.pk, answer=answer, kind="send")

    assert reload(payable).payable_now == 100
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert Alert.objects.get(transaction=lost).kind == AlertKind.TAKEN_BACK


def test_money_taken_for_another_amount_is_reversed_again_when_its_reversal_never_left(
    start: Start, run: Run, sandbox: Sandbox
) -> None:
    row = start().transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "before"}}})
    run(row)
    sandbox.gateway().charge(replace(request_of(row), amount=Money(90, "USD")))
    engine.look(transaction_id=row.pk, now=timezone.now())
    busy = {"match": {"endpoint": "/transactions/{id}/reversal"}, "action": {"http": {"status": 429, "body": {}}}}
    sandbox.control("/rules", {**busy, "times": 3})
    reversal = row.children.get()
    for _ in range(3):
        reversal = run(reversal)
    assert (reversal.state, reversal.failure_reason) == (S.FAILED, FailureReason.NOT_SENT)

    run(row.children.get(state=S.QUEUED))

    row.refresh_from_db()
    assert (row.state, charges_at_gateway(sandbox, row)) == (S.CANCELED, ["REVERSED"])
    assert not Alert.objects.filter(kind=AlertKind.AMOUNT_DIFFERS, resolved_at=None).exists()


def test_a_charge_with_a_name_at_the_gateway_has_arrived_whatever_its_reversal_finds(
    start: Start, run: Run, payable: Payable
) -> None:
    row = sending(start().transactions.get())
    taken = Answer(verdict=Verdict.APPROVED, gateway_id="TRN_taken90", status="CAPTURED", amount=Money(90, "USD"))
    engine.record(transaction_id=row.pk, answer=taken, kind="send")

    reversal = PaymentTransaction.objects.get(parent=row)
    for _ in range(3):
        run(reversal)

    row.refresh_from_db()
    reversal.refresh_from_db()
    assert (reversal.state, reversal.failure_reason) == (S.FAILED, FailureReason.NOT_SENT)
    assert row.state == S.UNKNOWN
    assert Payable.objects.filter(pk=payable.pk, parts__live=True).exists()


def follow_up(gateway_id: str, *, amount: Money | None = None, key: str = "") -> FollowUpRequest:
    """A request past the product, or in its name with its own key."""
    return FollowUpRequest(
        gateway_id=gateway_id,
        idempotency_key=key or uuid.uuid4().hex,
        send_before=time.monotonic() + 5,
        amount=amount,
        reference="oro-past-the-product",
    )
