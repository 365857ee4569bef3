"""3-D Secure where the bank asks the buyer: confirmed, refused, abandoned, left, too late, tampered with."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from ledger.models import AccountName
from oropay import engine
from oropay.due import DueTransactions
from oropay.exceptions import AlreadyBeingPaid, CannotLeave
from oropay.models import (
    Action,
    Alert,
    Authentication,
    AuthenticationOutcome,
    FailureReason,
    Instrument,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    ThreeDS,
    ThreeDSUnavailable,
    TransactionState,
)
from oropay.selectors import paying_view
from oropay.threeds import NextStep, browser_step
from tests.contract.sandbox import Sandbox
from tests.hints import Hints
from tests.oropay.house import charges_at_gateway, reload
from tests.oropay.threeds import CHALLENGE, CHALLENGE_MASTERCARD, actions, answer, forge, fresh, returned, setting, told

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture(autouse=True)
def always(integration: Integration) -> Integration:
    """Every card payment asks who is paying."""
    return setting(integration, threeds=ThreeDS.ALWAYS)


@pytest.fixture
def challenged(start: Start, run: Run) -> Payment:
    """A payment whose buyer's bank wants to ask."""
    payment = start(card=CHALLENGE)
    run(payment)
    told(payment)
    run(payment)
    return fresh(payment)


@pytest.mark.parametrize("card", [CHALLENGE, CHALLENGE_MASTERCARD])
def test_a_buyer_who_confirms_is_charged_once(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, card: str
) -> None:
    payment = start(card=card)
    run(payment)
    told(payment)
    assert run(payment).state == S.ACTION_REQUIRED
    payment = fresh(payment)
    assert payment.money_state == MoneyState.ACTION_REQUIRED
    assert paying_view(payment=payment, now=timezone.now()).sentence == (
        "Nothing is charged yet. Your bank asks you to confirm."
    )
    assert browser_step(payment_id=payment.pk).step == NextStep.CHALLENGE
    answer(payment, sandbox, "confirm")

    returned(payment)
    assert run(payment).state == S.APPROVED
    charge = run(payment)

    payment = fresh(payment)
    assert actions(payment) == [
        (Action.AUTHENTICATE_CHECK, S.APPROVED),
        (Action.AUTHENTICATE_INITIATE, S.APPROVED),
        (Action.AUTHENTICATE_RESULT, S.APPROVED),
        (Action.CHARGE, S.APPROVED),
    ]
    assert (payment.authentication.challenged, payment.authentication.liability_shift) == (True, True)
    assert reload(payable).paid == 100
    assert charges_at_gateway(sandbox, charge) == ["CAPTURED"]


@pytest.mark.parametrize(
    ("decision", "outcome"),
    [("refuse", AuthenticationOutcome.FAILED), ("time_out", AuthenticationOutcome.UNAVAILABLE)],
)
def test_a_challenge_that_is_not_passed_charges_nothing(
    challenged: Payment,
    run: Run,
    payable: Payable,
    sandbox: Sandbox,
    integration: Integration,
    decision: str,
    outcome: AuthenticationOutcome,
) -> None:
    setting(integration, threeds_unavailable=ThreeDSUnavailable.REFUSE)
    answer(challenged, sandbox, decision)

    returned(challenged)
    run(challenged)

    payment = fresh(challenged)
    assert [state for _action, state in actions(payment)] == [S.APPROVED, S.DECLINED, S.DECLINED]
    assert (payment.money_state, payment.authentication.outcome) == (MoneyState.DECLINED, outcome)
    assert reload(payable).payable_now == 100


def test_the_browser_s_word_is_worth_nothing(challenged: Payment, run: Run, payable: Payable) -> None:
    """It says it is back although nobody has answered the bank: the challenge stays open, and may still be passed."""
    returned(challenged)
    row = run(challenged)

    payment = fresh(challenged)
    assert (row.action, row.state) == (Action.AUTHENTICATE_RESULT, S.ACTION_REQUIRED)
    assert payment.money_state == MoneyState.ACTION_REQUIRED
    assert browser_step(payment_id=payment.pk).given["challenge_url"].startswith("http://acs.localhost:")
    assert not payment.transactions.filter(action=Action.CHARGE).exists()
    assert reload(payable).paid == 0


def test_a_challenge_passed_at_the_second_return_is_charged_once(
    challenged: Payment, run: Run, sandbox: Sandbox, payable: Payable
) -> None:
    returned(challenged)
    run(challenged)
    answer(challenged, sandbox, "confirm")

    returned(challenged)
    run(challenged)
    run(challenged)

    assert [state for action, state in actions(challenged) if action == Action.AUTHENTICATE_RESULT] == [
        S.CANCELED,
        S.APPROVED,
    ]
    assert actions(challenged)[-1] == (Action.CHARGE, S.APPROVED)
    assert reload(payable).paid == 100


def test_a_second_click_a_second_tab_and_a_second_return_are_the_same_rows(start: Start, run: Run) -> None:
    payment = start(card=CHALLENGE)
    run(payment)

    first, second = told(payment), told(payment)
    run(payment)
    back, back_again = returned(payment), returned(payment)

    assert first == second
    assert back == back_again
    assert payment.transactions.count() == 3


def test_nothing_is_told_before_the_bank_was_found(start: Start) -> None:
    payment = start()

    assert told(payment) is None
    assert returned(payment) is None
    assert actions(payment) == [(Action.AUTHENTICATE_CHECK, S.QUEUED)]


def test_an_abandoned_challenge_expires_by_the_sweep_and_the_order_may_be_paid_anew(
    challenged: Payment, run: Run, payable: Payable, start: Start, hints: Hints
) -> None:
    row = challenged.transactions.get(state=S.ACTION_REQUIRED)
    assert row.next_at == challenged.authentication.expires_at
    with pytest.raises(AlreadyBeingPaid):
        start()
    after = challenged.authentication.expires_at + timedelta(seconds=1)

    DueTransactions().publish_due(now=after, limit=10)
    engine.authentication_expire(transaction_id=row.pk, now=after)
    engine.authentication_expire(transaction_id=row.pk, now=after)

    payment = fresh(challenged)
    assert ("oropay.tasks.authentication_expire", row.pk, "gateway-lookup") in hints.told()
    assert actions(payment)[-1] == (Action.AUTHENTICATE_INITIATE, S.EXPIRED)
    assert (payment.money_state, payment.authentication.outcome) == (
        MoneyState.EXPIRED,
        AuthenticationOutcome.ABANDONED,
    )
    assert paying_view(payment=payment, now=after).sentence == (
        "Nothing was charged, and nothing is held: the payment was not finished in time."
    )
    assert payment.authentication.for_browser is None
    assert reload(payable).payable_now == 100
    start()


def test_a_payment_is_not_ended_before_its_time(challenged: Payment) -> None:
    row = challenged.transactions.get(state=S.ACTION_REQUIRED)

    engine.authentication_expire(transaction_id=row.pk, now=challenged.authentication.expires_at - timedelta(seconds=1))

    assert fresh(challenged).money_state == MoneyState.ACTION_REQUIRED


def test_a_browser_that_never_comes_back_to_the_check_expires_too(start: Start, run: Run, payable: Payable) -> None:
    payment = start()
    row = run(payment)

    engine.authentication_expire(transaction_id=row.pk, now=fresh(payment).authentication.expires_at)

    assert actions(payment) == [(Action.AUTHENTICATE_CHECK, S.EXPIRED)]
    assert reload(payable).payable_now == 100


def test_a_return_after_the_end_changes_nothing(challenged: Payment, run: Run, sandbox: Sandbox) -> None:
    row = challenged.transactions.get(state=S.ACTION_REQUIRED)
    engine.authentication_expire(transaction_id=row.pk, now=challenged.authentication.expires_at)
    answer(challenged, sandbox, "confirm")
    before = actions(challenged)

    assert returned(challenged) is None
    assert told(challenged) is not None  # the row that was told once; nothing new

    assert actions(challenged) == before
    assert fresh(challenged).money_state == MoneyState.EXPIRED


def test_a_yes_that_comes_when_the_time_is_over_charges_nothing(
    challenged: Payment, run: Run, sandbox: Sandbox, payable: Payable
) -> None:
    answer(challenged, sandbox, "confirm")
    returned(challenged)
    forge(challenged, expires_at=timezone.now())

    run(challenged)

    payment = fresh(challenged)
    assert actions(payment)[-1] == (Action.AUTHENTICATE_RESULT, S.APPROVED)
    assert payment.money_state == MoneyState.EXPIRED
    assert not payment.parts.get().live
    assert reload(payable).payable_now == 100


def test_a_buyer_may_give_up_confirming_and_pay_another_way_at_once(
    challenged: Payment, buyer: User, payable: Payable, start: Start
) -> None:
    engine.authentication_leave(payment=challenged, by=buyer, now=timezone.now())

    payment = fresh(challenged)
    assert (payment.money_state, payment.authentication.outcome) == (
        MoneyState.CANCELED,
        AuthenticationOutcome.ABANDONED,
    )
    assert reload(payable).payable_now == 100
    start()


def test_nobody_gives_up_what_is_with_the_bank_or_decided(challenged: Payment, buyer: User, run: Run) -> None:
    result = returned(challenged)
    PaymentTransaction.objects.filter(pk=result.pk).update(state=S.SENDING, lease_until=timezone.now())  # type: ignore[union-attr]

    with pytest.raises(CannotLeave, match="Nothing was changed"):
        engine.authentication_leave(payment=challenged, by=buyer, now=timezone.now())

    assert actions(challenged)[-2:] == [
        (Action.AUTHENTICATE_INITIATE, S.ACTION_REQUIRED),
        (Action.AUTHENTICATE_RESULT, S.SENDING),
    ]


def test_a_stranger_cannot_give_up_for_the_buyer(challenged: Payment) -> None:
    stranger = User(pk=challenged.created_by_id + 1000)  # type: ignore[operator]

    with pytest.raises(CannotLeave):
        engine.authentication_leave(payment=challenged, by=stranger, now=timezone.now())

    assert fresh(challenged).money_state == MoneyState.ACTION_REQUIRED


@pytest.mark.parametrize("changed", ["amount", "currency", "card", "outcome"])
def test_what_is_not_as_the_bank_was_asked_is_not_sent(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable, changed: str
) -> None:
    payment = start()
    run(payment)
    told(payment)
    run(payment)
    charge = payment.transactions.get(action=Action.CHARGE)
    if changed == "card":
        Instrument.objects.filter(payments=payment).update(token=sandbox.card_token(CHALLENGE))
    elif changed == "outcome":
        Authentication.objects.filter(payment=payment).update(outcome=AuthenticationOutcome.FAILED)
    else:
        forge(payment, **{changed: Decimal(1) if changed == "amount" else "EUR"})

    row = run(charge)

    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.REFUSED)
    assert "not what the bank was asked about" in Alert.objects.get(transaction=row).text
    assert charges_at_gateway(sandbox, row) == []
    assert reload(payable).paid == 0
