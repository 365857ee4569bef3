"""A silent gateway is left alone for a pause: nothing waits in vain, one probe tries, one good answer ends it."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from oropay import engine
from oropay.engine.health import health_note, probe_take
from oropay.engine.unknown import lease_expired
from oropay.exceptions import MethodUnavailable
from oropay.models import (
    Action,
    Authentication,
    AuthenticationOutcome,
    FailureReason,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    ProviderHealth,
    TransactionState,
)
from oropay.selectors import methods_for
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank, charges_at_gateway, prove_absent, reread, send_back, sending

Start = Callable[..., Payment]
Run = Callable[[Payment], PaymentTransaction]
S = TransactionState


@pytest.fixture(autouse=True)
def two_failures(settings: Settings) -> None:
    settings.OROPAY_CIRCUIT_FAILURES = 2
    settings.OROPAY_CIRCUIT_WINDOW = timedelta(seconds=60)
    settings.OROPAY_CIRCUIT_PAUSE = timedelta(seconds=15)


def silence(account: ProviderAccount, *, times: int, now: datetime) -> ProviderHealth:
    for _ in range(times):
        health_note(provider_account_id=account.pk, answers=False, now=now)
    return ProviderHealth.objects.get()


def test_enough_silence_in_a_row_opens_the_circuit(account: ProviderAccount) -> None:
    now = timezone.now()

    once = silence(account, times=1, now=now)
    twice = silence(account, times=1, now=now)

    assert (once.failures, once.open_until) == (1, None)
    assert (twice.failures, twice.open_until) == (2, now + timedelta(seconds=15))
    assert (twice.refuses(now), twice.refuses(now + timedelta(seconds=15))) == (True, False)


def test_a_good_answer_in_between_starts_the_count_anew(account: ProviderAccount) -> None:
    now = timezone.now()

    silence(account, times=1, now=now)
    health_note(provider_account_id=account.pk, answers=True, now=now)
    health = silence(account, times=1, now=now)

    assert (health.failures, health.open_until) == (1, None)


def test_failures_far_apart_are_not_a_row(account: ProviderAccount) -> None:
    now = timezone.now()

    silence(account, times=1, now=now)
    health = silence(account, times=1, now=now + timedelta(seconds=61))

    assert (health.failures, health.open_until, health.silent_since) == (1, None, now)


def test_while_it_is_open_a_row_stays_queued_as_if_never_touched(
    start: Start, run: Run, account: ProviderAccount, sandbox: Sandbox
) -> None:
    payment = start()
    health = silence(account, times=2, now=timezone.now())

    row = run(payment)

    assert (row.state, row.tries, row.send_before) == (S.QUEUED, 0, None)
    assert row.next_at is not None
    assert health.open_until is not None
    assert row.next_at > health.open_until
    assert charges_at_gateway(sandbox, row) == []
    assert not row.exchanges.exists()


def test_after_the_pause_one_probe_goes_through_and_its_answer_closes_the_circuit(
    start: Start, run: Run, account: ProviderAccount
) -> None:
    payment = start()
    silence(account, times=2, now=timezone.now() - timedelta(seconds=16))

    row = run(payment)

    health = ProviderHealth.objects.get()
    assert row.state == S.APPROVED
    assert (health.silent_since, health.failures, health.open_until) == (None, 0, None)


def test_only_one_of_many_is_the_probe(account: ProviderAccount) -> None:
    then = timezone.now()
    silence(account, times=2, now=then)
    after = then + timedelta(seconds=15)

    taken = [probe_take(provider_account_id=account.pk, now=after) for _ in range(3)]
    later = probe_take(provider_account_id=account.pk, now=after + timedelta(seconds=15))

    assert (taken, later) == ([True, False, False], True)


def test_a_probe_without_an_answer_leaves_it_open(start: Start, run: Run, account: ProviderAccount) -> None:
    payment = start()
    silence(account, times=2, now=timezone.now() - timedelta(seconds=16))
    ProviderAccount.objects.update(service_url="http://127.0.0.1:9/ucp")

    row = run(payment)

    assert (row.state, row.tries) == (S.QUEUED, 1)
    assert ProviderHealth.objects.get().refuses(timezone.now())


def test_a_dead_gateway_opens_it_by_itself(start: Start, run: Run) -> None:
    payment = start()
    ProviderAccount.objects.update(service_url="http://127.0.0.1:9/ucp")

    rows = [run(payment) for _ in range(4)]

    assert [row.tries for row in rows] == [1, 2, 2, 2]
    assert [row.state for row in rows] == [S.QUEUED] * 4


def test_the_buyer_gets_an_answer_within_the_minute(start: Start, run: Run, account: ProviderAccount) -> None:
    payment = start()
    row = payment.transactions.get()
    late = row.give_up_at + timedelta(seconds=1)
    silence(account, times=2, now=late)

    engine.execute(transaction_id=row.pk, now=late)

    row.refresh_from_db()
    payment.refresh_from_db()
    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.NOT_SENT)
    assert payment.money_state == "failed"
    assert ProviderHealth.objects.get().failures == 2


def test_the_method_is_not_offered_while_nothing_is_sent(
    payable: Payable, start: Start, account: ProviderAccount, integration: object
) -> None:
    silence(account, times=2, now=timezone.now())

    [offer] = methods_for(payable=payable, amount=payable.total, language="en-us")

    assert offer.why_not == "The payment service does not answer at the moment. Please try again in a minute."
    with pytest.raises(MethodUnavailable, match="Nothing was charged"):
        start()
    assert Payment.objects.count() == 0


def test_when_the_pause_is_over_it_is_offered_again(
    payable: Payable, account: ProviderAccount, integration: object
) -> None:
    silence(account, times=2, now=timezone.now() - timedelta(seconds=16))

    [offer] = methods_for(payable=payable, amount=payable.total, language="en-us")

    assert offer.why_not == ""


def test_look_ups_go_on_and_a_good_one_closes_it(start: Start, account: ProviderAccount) -> None:
    row = sending(start().transactions.get())
    PaymentTransaction.objects.filter(pk=row.pk).update(state=S.UNKNOWN, unknown_since=timezone.now())
    silence(account, times=2, now=timezone.now())

    engine.look(transaction_id=row.pk, now=timezone.now())

    assert ProviderHealth.objects.get().open_until is None


def test_what_was_never_asked_says_nothing_about_the_gateway(start: Start, run: Run, account: ProviderAccount) -> None:
    payment = start()
    ProviderAccount.objects.update(credentials=b"not a box")

    row = run(payment)

    assert (row.state, ProviderHealth.objects.count()) == (S.QUEUED, 0)


def test_accounts_that_we_do_not_debit_open_no_circuit(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, start: Start, run: Run
) -> None:
    send_back(sandbox, charge := settled(), "R02")
    reread(charge)

    typed = [run(start(source=bank())) for _ in range(2)]

    assert [(row.state, row.failure_reason) for row in typed] == [(S.FAILED, FailureReason.FROZEN)] * 2
    assert not ProviderHealth.objects.exists()


def test_a_request_that_we_refuse_ourselves_is_no_answer_and_closes_no_circuit(
    start: Start, run: Run, account: ProviderAccount, sandbox: Sandbox
) -> None:
    payment = start()
    Authentication.objects.create(
        payment=payment,
        token="PMT_another_card",
        amount=payment.amount,
        currency=payment.currency,
        outcome=AuthenticationOutcome.AUTHENTICATED,
        then=Action.CHARGE,
        created_at=timezone.now(),
        expires_at=timezone.now() + timedelta(minutes=15),
    )
    silence(account, times=2, now=timezone.now() - timedelta(seconds=16))

    row = run(payment)

    health = ProviderHealth.objects.get()
    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.REFUSED)
    assert charges_at_gateway(sandbox, row) == []
    assert (health.failures, health.silent_since is None, health.open_until is None) == (2, False, False)


def test_a_reversal_that_proves_absence_still_goes_out_once_it_is_closed(
    start: Start, account: ProviderAccount
) -> None:
    row = sending(start().transactions.get())
    PaymentTransaction.objects.filter(pk=row.pk).update(state=S.UNKNOWN, unknown_since=timezone.now())
    silence(account, times=2, now=timezone.now())

    prove_absent(row)

    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.NEVER_ARRIVED)


def test_a_worker_that_was_killed_is_no_silence_of_the_gateway(start: Start) -> None:
    now = timezone.now()
    row = sending(start().transactions.get())
    PaymentTransaction.objects.filter(pk=row.pk).update(lease_until=now - timedelta(seconds=1))

    lease_expired(transaction_id=row.pk, now=now)

    row.refresh_from_db()
    assert row.state == S.UNKNOWN
    assert not ProviderHealth.objects.exists()
