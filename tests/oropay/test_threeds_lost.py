"""3-D Secure answers that are lost: no money can have moved, and yet nothing is asked twice or believed unread."""

import time
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from moneyed import Money

from oropay import engine
from oropay.gateway.port import CardToken, CheckRequest, Verdict
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    AuthenticationOutcome,
    Exchange,
    FailureReason,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderHealth,
    ThreeDS,
    TransactionState,
)
from tests.contract.sandbox import Sandbox
from tests.oropay.house import overdue, reload
from tests.oropay.threeds import CHALLENGE, actions, answer, fresh, returned, told

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]

AFTER = [{"timeout": {"ms": 6000, "when": "after"}}, {"drop": {"when": "after"}}, {"html_502": {}}]
BEFORE = {"drop": {"when": "before"}}


@pytest.fixture(autouse=True)
def always(integration: Integration) -> None:
    Integration.objects.filter(pk=integration.pk).update(threeds=ThreeDS.ALWAYS)


def lose(sandbox: Sandbox, action: object, *, endpoint: str) -> None:
    sandbox.control("/rules", {"match": {"endpoint": endpoint}, "action": action})


def look(row: PaymentTransaction) -> PaymentTransaction:
    engine.look(transaction_id=row.pk, now=timezone.now())
    return PaymentTransaction.objects.get(pk=row.pk)


def look_twice_in_vain(row: PaymentTransaction) -> PaymentTransaction:
    overdue(row)
    assert look(row).state == S.UNKNOWN
    PaymentTransaction.objects.filter(pk=row.pk).update(absent_since=timezone.now() - timedelta(minutes=5))
    return look(row)


def authentications(sandbox: Sandbox, row: PaymentTransaction) -> int:
    return len(sandbox.gateway().authentications_by_reference(reference=row.reference).found)


def test_a_check_whose_answer_was_lost_is_found_and_goes_on(start: Start, run: Run, sandbox: Sandbox) -> None:
    payment = start(card=CHALLENGE)
    lose(sandbox, {"drop": {"when": "after"}}, endpoint="/authentications")
    row = run(payment)
    assert row.state == S.UNKNOWN
    assert fresh(payment).money_state == MoneyState.UNKNOWN

    found = look(row)

    assert found.state == S.ACTION_REQUIRED
    assert found.next_at == fresh(payment).authentication.expires_at
    assert fresh(payment).authentication.gateway_id[:4] == "AUT_"
    assert fresh(payment).money_state == MoneyState.ACTION_REQUIRED
    assert authentications(sandbox, row) == 1
    told(payment)
    assert run(payment).state == S.ACTION_REQUIRED


def test_a_check_that_never_arrived_ends_the_payment_and_nothing_is_reversed(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable
) -> None:
    payment = start()
    lose(sandbox, BEFORE, endpoint="/authentications")
    row = run(payment)
    assert row.state == S.UNKNOWN

    ended = look_twice_in_vain(row)

    assert (ended.state, ended.failure_reason) == (S.FAILED, FailureReason.NEVER_ARRIVED)
    assert payment.transactions.count() == 1
    assert authentications(sandbox, row) == 0
    assert fresh(payment).money_state == MoneyState.FAILED
    assert reload(payable).payable_now == 100
    assert fresh(payment).authentication.outcome == AuthenticationOutcome.ABANDONED
    start()


@pytest.mark.parametrize("action", AFTER)
def test_an_initiate_whose_answer_was_lost_is_read_again_and_charges_once(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable, action: object
) -> None:
    payment = start()
    run(payment)
    told(payment)
    lose(sandbox, action, endpoint="/authentications/{id}/initiate")
    row = run(payment)
    assert row.state == S.UNKNOWN

    found = look(row)
    if action == {"html_502": {}}:  # the gateway did not do it: it stays unknown until that is proven
        assert found.state == S.UNKNOWN
        return
    run(payment)

    assert found.state == S.APPROVED
    assert fresh(payment).authentication.liability_shift
    assert actions(payment)[-1] == (Action.CHARGE, S.APPROVED)
    assert reload(payable).paid == 100


def test_an_initiate_that_never_arrived_ends_the_payment(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable
) -> None:
    payment = start()
    run(payment)
    told(payment)
    lose(sandbox, BEFORE, endpoint="/authentications/{id}/initiate")
    row = run(payment)

    ended = look_twice_in_vain(row)

    assert (ended.state, ended.failure_reason) == (S.FAILED, FailureReason.NEVER_ARRIVED)
    assert fresh(payment).money_state == MoneyState.FAILED
    assert reload(payable).payable_now == 100
    assert not Alert.objects.exists()


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_result_whose_answer_was_lost_is_read_again(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable, when: str
) -> None:
    payment = start(card=CHALLENGE)
    run(payment)
    told(payment)
    run(payment)
    payment = fresh(payment)
    answer(payment, sandbox, "confirm")
    returned(payment)
    lose(sandbox, {"drop": {"when": when}}, endpoint="/authentications/{id}/result")
    row = run(payment)
    assert row.state == S.UNKNOWN
    assert returned(payment) == row  # a second return waits for the same row

    found = look(row)
    run(payment)

    assert found.state == S.APPROVED
    assert actions(payment)[-1] == (Action.CHARGE, S.APPROVED)
    assert reload(payable).paid == 100


@pytest.mark.parametrize("calls", [1, 2, 3])
def test_a_lost_answer_ends_with_the_time_of_its_authentication(
    start: Start, run: Run, sandbox: Sandbox, payable: Payable, calls: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the gateway would say later, nobody could use it: no look-up is made for it, and nothing is charged."""
    payment = start(card=CHALLENGE)
    lost = {"drop": {"when": "after"}}
    if calls == 1:
        lose(sandbox, lost, endpoint="/authentications")
    row = run(payment)
    if calls > 1:
        told(payment)
        if calls == 2:
            lose(sandbox, lost, endpoint="/authentications/{id}/initiate")
        row = run(payment)
    if calls > 2:
        returned(payment)
        lose(sandbox, lost, endpoint="/authentications/{id}/result")
        row = run(payment)
    assert row.state == S.UNKNOWN
    after = fresh(payment).authentication.expires_at
    monkeypatch.setattr("oropay.engine.unknown.timezone.now", lambda: after)
    before = Exchange.objects.count()

    ended = look(row)

    assert ended.state == S.CANCELED
    assert all(state in {S.APPROVED, S.CANCELED, S.EXPIRED} for _action, state in actions(payment))
    assert Exchange.objects.count() == before
    assert not fresh(payment).parts.get().live
    assert reload(payable).payable_now == 100


def test_a_look_up_is_never_planned_for_later_than_the_end(start: Start, run: Run, sandbox: Sandbox) -> None:
    payment = start()
    lose(sandbox, BEFORE, endpoint="/authentications")
    row = run(payment)
    PaymentTransaction.objects.filter(pk=row.pk).update(looks=20)
    ProviderHealth.objects.all().delete()  # nothing to wake up: its own ladder counts

    looked = look(row)

    assert looked.next_at == fresh(payment).authentication.expires_at


def test_an_authentication_of_another_amount_is_not_taken_over(start: Start, run: Run, sandbox: Sandbox) -> None:
    payment = start()
    row = payment.transactions.get()
    lose(sandbox, BEFORE, endpoint="/authentications")
    run(payment)
    stranger(sandbox, payment, row)

    looked = look(row)

    assert looked.state == S.UNKNOWN
    assert Alert.objects.get(transaction=row).kind == AlertKind.IDENTITY_MISMATCH
    assert fresh(payment).authentication.gateway_id == ""


def stranger(sandbox: Sandbox, payment: Payment, row: PaymentTransaction) -> None:
    """Somebody else opens an authentication of another amount under our reference."""
    answered = sandbox.gateway().authentication_check(
        CheckRequest(
            reference=row.reference,
            idempotency_key="a-stranger-s-key",
            amount=Money("1.00", "USD"),
            source=CardToken(token=payment.authentication.token),
            challenge_return_url="http://localhost/challenge/",
            method_return_url="http://localhost/method/",
            send_before=time.monotonic() + 10,
        )
    )
    assert answered.verdict == Verdict.ASKED
