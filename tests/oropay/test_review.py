"""Payments the gateway holds for fraud: staff release or cancel them, and none waits for ever."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from commerce.models import Order, OrderState, User
from ledger.models import AccountName
from oropay import engine
from oropay.exceptions import CaptureRefused, FollowUpRunning, NoteRequired, ReviewRefused
from oropay.gateway.port import FollowUpRequest
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    CardCheck,
    FailureReason,
    Instrument,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentState,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    RefundReason,
    RiskMode,
    Ruling,
    TransactionState,
)
from oropay.selectors import paying_view
from oropay.services import (
    SavedInstrument,
    cancel_start,
    capture_start,
    review_expire,
    review_release_start,
)
from plumbing.models import Mail
from tests.contract.samples import follow_up
from tests.contract.sandbox import SUSPECT, Sandbox
from tests.factories import StaffFactory
from tests.oropay.house import charges_at_gateway, given_back, overdue, reload

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def clerk(order: Order) -> User:
    person: User = StaffFactory.create(organization=order.organization)
    return person


def release(row: PaymentTransaction, by: User) -> PaymentTransaction:
    return review_release_start(held=row, note="called the buyer", by=by, now=timezone.now())


def again(row: PaymentTransaction) -> PaymentTransaction:
    return PaymentTransaction.objects.get(pk=row.pk)


def test_a_held_charge_books_nothing_and_keeps_its_order_to_itself(
    in_review: PaymentTransaction, books: Books, payable: Payable, order: Order
) -> None:
    assert (in_review.state, in_review.risk) == (TransactionState.REVIEW, "PENDING_REVIEW")
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert Order.objects.get(pk=order.pk).state == OrderState.AWAITING_PAYMENT
    assert PaymentPayable.objects.filter(payable=payable, live=True).count() == 1


@pytest.mark.parametrize(("mode", "risk"), [(RiskMode.OFF, ""), (RiskMode.PASSIVE, "ACCEPTED")])
def test_without_an_active_filter_nothing_is_held(
    integration: Integration, start: Start, run: Run, mode: RiskMode, risk: str
) -> None:
    Integration.objects.filter(pk=integration.pk).update(risk_mode=mode)

    row = run(start(holder_name=SUSPECT))

    assert (row.state, row.risk) == (TransactionState.APPROVED, risk)


def test_a_release_lets_the_charge_stand_and_books_it_once(
    in_review: PaymentTransaction, run: Run, clerk: User, books: Books, payable: Payable, sandbox: Sandbox
) -> None:
    queued = release(in_review, clerk)

    released = run(queued)

    assert (released.state, released.gateway_id) == (TransactionState.APPROVED, "")
    held = again(in_review)
    assert (held.state, held.risk) == (TransactionState.APPROVED, "RELEASE_SUCCESSFUL")
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert books(AccountName.CUSTOMER_DEPOSIT) == -100
    assert reload(payable).paid == 100
    assert held.payment.money_state == MoneyState.CAPTURED
    assert charges_at_gateway(sandbox, in_review) == ["CAPTURED"]


def test_a_look_that_sees_the_release_first_leaves_nothing_to_book_twice(
    in_review: PaymentTransaction, clerk: User, run: Run, books: Books, sandbox: Sandbox
) -> None:
    queued = release(in_review, clerk)
    sandbox.gateway().release(asked(in_review))
    engine.reread(transaction_id=in_review.pk, now=timezone.now())

    run(queued)

    assert again(in_review).state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_canceled_review_takes_nothing_and_frees_the_order(
    in_review: PaymentTransaction, run: Run, clerk: User, books: Books, payable: Payable, sandbox: Sandbox
) -> None:
    canceled = run(
        cancel_start(transaction=in_review, reason=RefundReason.OTHER, note="stolen card", by=clerk, now=timezone.now())
    )

    assert canceled.state == TransactionState.APPROVED
    assert again(in_review).state == TransactionState.CANCELED
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert reload(payable).payable_now == 100
    assert charges_at_gateway(sandbox, in_review) == ["REVERSED"]
    view = paying_view(payment=Payment.objects.get(pk=in_review.payment_id), now=timezone.now())
    assert view.sentence == "Nothing was charged. The payment was canceled."
    assert view.decline == "It was not accepted after a review. Please use another way to pay, or ask us."


def test_a_held_hold_is_captured_after_its_release_only(
    filtered: Integration, start: Start, run: Run, clerk: User, books: Books
) -> None:
    Integration.objects.filter(pk=filtered.pk).update(payment_action="manual", echeck=False)
    held = run(start(holder_name=SUSPECT))

    with pytest.raises(CaptureRefused, match="This is not an open hold"):
        capture_start(hold=held, amount=Decimal(100), by=clerk, now=timezone.now())
    captured_before = PaymentTransaction.objects.filter(action=Action.CAPTURE).exists()
    run(release(held, clerk))

    assert not captured_before
    assert again(held).state == TransactionState.APPROVED
    assert Payment.objects.get(pk=held.payment_id).money_state == MoneyState.AUTHORIZED
    capture = run(capture_start(hold=again(held), amount=Decimal(100), by=clerk, now=timezone.now()))
    assert capture.state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_released_charge_is_voided_as_any_other(
    in_review: PaymentTransaction, run: Run, clerk: User, books: Books
) -> None:
    run(release(in_review, clerk))

    void = run(
        cancel_start(
            transaction=again(in_review), reason=RefundReason.OTHER, note="ordered twice", by=clerk, now=timezone.now()
        )
    )

    assert (void.state, books(AccountName.GATEWAY_CLEARING)) == (TransactionState.APPROVED, Decimal(0))


def test_a_released_charge_is_refunded_as_any_other(
    in_review: PaymentTransaction, run: Run, clerk: User, books: Books
) -> None:
    run(release(in_review, clerk))

    refund = run(given_back(again(in_review), "40.00", clerk))

    assert (refund.state, books(AccountName.GATEWAY_CLEARING)) == (TransactionState.APPROVED, Decimal(60))


@pytest.mark.parametrize("by_whom", ["us", "the portal"])
def test_a_card_that_was_to_be_kept_is_kept_once_its_payment_is_released(
    filtered: Integration, start: Start, run: Run, clerk: User, sandbox: Sandbox, payable: Payable, by_whom: str
) -> None:
    held = run(start(holder_name=SUSPECT, amount="40.00", keep=True))
    instrument = Instrument.objects.get(payments=held.payment)
    assert (held.state, instrument.state) == (TransactionState.REVIEW, InstrumentState.WAITING)

    if by_whom == "us":
        run(release(held, clerk))
    else:
        sandbox.gateway().release(asked(held))
        engine.reread(transaction_id=held.pk, now=timezone.now())

    instrument.refresh_from_db()
    assert instrument.state == InstrumentState.ACTIVE
    Integration.objects.filter(pk=filtered.pk).update(risk_mode=RiskMode.OFF)
    second = run(start(amount="60.00", source=SavedInstrument(instrument_id=instrument.pk)))
    assert (second.state, reload(payable).paid) == (TransactionState.APPROVED, Decimal(100))


def test_a_card_whose_payment_is_canceled_in_review_is_not_kept_and_the_gateway_forgets_it(
    filtered: Integration, start: Start, run: Run, clerk: User
) -> None:
    held = run(start(holder_name=SUSPECT, keep=True))
    token = Instrument.objects.get(payments=held.payment).token

    run(cancel_start(transaction=held, reason=RefundReason.OTHER, note="stolen card", by=clerk, now=timezone.now()))

    assert Instrument.objects.get(payments=held.payment).state == InstrumentState.ONCE
    forgotten = InstrumentRequest.objects.get()
    assert (forgotten.kind, forgotten.token) == (InstrumentRequestKind.DELETE, token)


def test_what_the_card_check_refused_is_not_released(in_review: PaymentTransaction, clerk: User) -> None:
    CardCheck.objects.create(transaction=in_review, ruling=Ruling.REFUSED, raised_at=timezone.now())

    with pytest.raises(ReviewRefused, match="not what your rules ask for: it can only be canceled"):
        release(in_review, clerk)


def test_two_answers_to_one_review_are_refused(in_review: PaymentTransaction, clerk: User) -> None:
    release(in_review, clerk)

    with pytest.raises(FollowUpRunning):
        cancel_start(transaction=in_review, reason=RefundReason.OTHER, note="no", by=clerk, now=timezone.now())
    with pytest.raises(FollowUpRunning):
        release(in_review, clerk)

    assert PaymentTransaction.objects.filter(parent=in_review).count() == 1


def test_a_release_needs_a_note_and_something_held(start: Start, run: Run, clerk: User) -> None:
    good = run(start())

    with pytest.raises(ReviewRefused, match=r"Nothing was changed; the money stays as it is\. It is not in review\."):
        release(good, clerk)
    with pytest.raises(NoteRequired):
        review_release_start(held=good, note=" ", by=clerk, now=timezone.now())

    assert not PaymentTransaction.objects.filter(parent=good).exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_release_whose_answer_was_lost_is_judged_by_what_the_gateway_holds(
    in_review: PaymentTransaction, run: Run, clerk: User, sandbox: Sandbox, books: Books, when: str
) -> None:
    queued = release(in_review, clerk)
    sandbox.control("/rules", _lost(when))
    lost = run(queued)
    assert lost.state == TransactionState.UNKNOWN

    overdue(lost)
    engine.look(transaction_id=lost.pk, now=timezone.now())

    found = again(lost)
    if when == "after":
        assert found.state == TransactionState.APPROVED
        assert again(in_review).state == TransactionState.APPROVED
        assert books(AccountName.GATEWAY_CLEARING) == 100
    else:
        assert (found.state, found.failure_reason) == (TransactionState.FAILED, FailureReason.NOT_DONE)
        assert again(in_review).state == TransactionState.REVIEW
        assert books(AccountName.GATEWAY_CLEARING) == 0


def test_somebody_else_released_it_at_the_gateway_and_it_is_asked_again(
    in_review: PaymentTransaction, run: Run, clerk: User, sandbox: Sandbox
) -> None:
    queued = release(in_review, clerk)
    sandbox.gateway().release(asked(in_review))

    refused = run(queued)

    assert (refused.state, refused.failure_reason) == (TransactionState.FAILED, FailureReason.REFUSED)
    assert again(in_review).next_at is not None
    engine.reread(transaction_id=in_review.pk, now=timezone.now())
    assert again(in_review).state == TransactionState.APPROVED


def test_a_review_that_nobody_ends_is_told_then_given_back(
    in_review: PaymentTransaction, run: Run, payable: Payable
) -> None:
    times: dict[str, Any] = {"alert_after": timedelta(days=1), "cancel_after": timedelta(days=6)}
    born = in_review.created_at
    day = in_review.payment.organization.today(born)

    early = review_expire(transaction_id=in_review.pk, now=born + timedelta(hours=23), **times)
    assert (early, Alert.objects.count()) == (None, 0)
    told = review_expire(transaction_id=in_review.pk, now=born + timedelta(hours=30), **times)
    assert told is None
    alert = Alert.objects.get()
    assert (alert.kind, alert.text) == (
        AlertKind.REVIEW_WAITING,
        f"It has been in review since {day.day} {day:%b %Y}: release or cancel it.",
    )
    Alert.objects.update(resolved_at=born, remark="The buyer sends a photo of the card.")
    review_expire(transaction_id=in_review.pk, now=born + timedelta(hours=31), **times)
    assert Alert.objects.get().remark == "The buyer sends a photo of the card."

    cancel = review_expire(transaction_id=in_review.pk, now=born + timedelta(days=6), **times)

    assert cancel is not None
    PaymentTransaction.objects.filter(pk=cancel.pk).update(created_at=timezone.now())
    assert run(again(cancel)).state == TransactionState.APPROVED
    assert again(in_review).state == TransactionState.CANCELED
    assert reload(payable).payable_now == 100
    assert Mail.objects.get().subject == "Your payment of $100.00 was not accepted"
    assert review_expire(transaction_id=in_review.pk, now=born + timedelta(days=7), **times) is None


def test_what_a_look_shows_while_a_cancel_is_under_way_decides_nothing(
    in_review: PaymentTransaction, clerk: User, sandbox: Sandbox, books: Books
) -> None:
    cancel = cancel_start(transaction=in_review, reason=RefundReason.OTHER, note="no", by=clerk, now=timezone.now())
    sandbox.gateway().release(asked(in_review))

    engine.reread(transaction_id=in_review.pk, now=timezone.now())

    assert again(in_review).state == TransactionState.REVIEW
    assert again(cancel).action == Action.CANCEL
    assert books(AccountName.GATEWAY_CLEARING) == 0


def asked(row: PaymentTransaction) -> FollowUpRequest:
    return follow_up(row.gateway_id)


def _lost(when: str) -> dict[str, Any]:
    return {"match": {"endpoint": "/transactions/{id}/release"}, "action": {"drop": {"when": when}}}
