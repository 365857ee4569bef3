"""What a notification brings about: the gateway is asked, and only its answer counts."""

from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from ledger.models import AccountName
from oropay.models import (
    Alert,
    AlertKind,
    Integration,
    MoneyState,
    Notification,
    NotificationState,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.services import integration_save
from tests.contract.sandbox import Sandbox
from tests.oropay.house import arrive as arrives_at_gateway
from tests.oropay.house import bank, prove_absent, returned_of, send_back
from tests.oropay.notices import asked, drain, put, tell, tell_of

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
N, S = NotificationState, TransactionState


@pytest.fixture
def charge(start: Start, run: Run) -> PaymentTransaction:
    return run(start(amount="60.00"))


@pytest.fixture
def debit_of_another(charge: PaymentTransaction, start: Start, run: Run) -> PaymentTransaction:
    """A bank debit of what the charge left to pay."""
    return run(start(amount="40.00", source=bank()))


def test_news_of_a_bank_debit_is_read_from_the_gateway_and_recorded(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox, books: Books
) -> None:
    put(sandbox, debit.gateway_id, "FUNDED")

    told = tell_of(integration, debit, "FUNDED")
    drain(integration)

    debit.refresh_from_db()
    told.refresh_from_db()
    assert debit.state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert (told.state, told.transaction_id, told.gateway_id) == (N.PROCESSED, debit.pk, debit.gateway_id)
    assert told.outcome == "It is Approved now."
    assert (told.next_at, told.ended_at is not None) == (None, True)


@pytest.mark.parametrize("status", ["REJECTED", "REVERSED"])
def test_a_settled_debit_that_comes_back_is_told_by_a_notification_and_undone_once(
    settled: Callable[..., PaymentTransaction], integration: Integration, sandbox: Sandbox, books: Books, status: str
) -> None:
    charge = settled()
    send_back(sandbox, charge, "R01", status)

    told = [tell_of(integration, charge, status), tell_of(integration, charge, status, again=True)]
    drain(integration)

    back = returned_of(charge)
    assert (back.state, back.amount, back.result_code) == (S.APPROVED, Decimal(100), "R01")
    for one in told:
        one.refresh_from_db()
    assert [one.state for one in told] == [N.PROCESSED, N.PROCESSED]
    assert told[0].outcome == "The bank took it back."
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.RETURNED
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(0), Decimal(0))


def test_what_a_notification_says_is_not_believed(
    debit: PaymentTransaction, integration: Integration, books: Books
) -> None:
    told = tell_of(integration, debit, "FUNDED", amount="10000", currency="USD")

    drain(integration)

    debit.refresh_from_db()
    told.refresh_from_db()
    assert (debit.state, told.state) == (S.PENDING, N.PROCESSED)
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_forged_notification_is_rejected_and_asks_the_gateway_nothing(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox
) -> None:
    put(sandbox, debit.gateway_id, "FUNDED")
    before = asked(sandbox)

    told = tell(integration, {"id": debit.gateway_id, "number": "4263970000005262"}, key="stolen-elsewhere")
    drain(integration)

    told.refresh_from_db()
    debit.refresh_from_db()
    assert (told.state, told.gateway_id, told.subject) == (N.REJECTED, "", "")
    assert told.shown["id"] == debit.gateway_id
    assert "4263970000005262" not in str(told.shown)
    assert debit.state == S.PENDING
    assert asked(sandbox) == before


def test_a_lost_answer_is_found_again_by_a_notification(
    start: Start, run: Run, integration: Integration, sandbox: Sandbox
) -> None:
    payment = start()
    row = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "after"}}})
    assert run(payment).state == S.UNKNOWN
    gateway_id = sandbox.gateway().find_by_reference(reference=row.reference).found[0].gateway_id

    told = tell(integration, {"id": gateway_id, "status": "CAPTURED"})
    drain(integration)

    row.refresh_from_db()
    told.refresh_from_db()
    assert (row.state, row.gateway_id) == (S.APPROVED, gateway_id)
    assert (told.state, told.transaction_id) == (N.PROCESSED, row.pk)


def test_a_charge_that_never_arrived_turns_up_by_a_notification(
    start: Start, run: Run, integration: Integration, sandbox: Sandbox
) -> None:
    payment = start()
    lost = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": lost.reference}, "action": {"drop": {"when": "before"}}})
    run(payment)
    prove_absent(lost)
    arrives_at_gateway(lost)
    gateway_id = sandbox.gateway().find_by_reference(reference=lost.reference).found[0].gateway_id

    for _ in range(2):
        tell(integration, {"id": gateway_id, "status": "CAPTURED"})
        drain(integration)

    late = PaymentTransaction.objects.get(late=True)
    assert (late.parent_id, late.state, late.gateway_id) == (lost.pk, S.APPROVED, gateway_id)
    assert Alert.objects.get(transaction=late).kind == AlertKind.ARRIVED_LATE
    assert Notification.objects.filter(state=N.PROCESSED, transaction=late).count() == 2


def test_copies_that_wait_are_answered_by_one_question_and_a_forged_copy_hides_nothing(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox
) -> None:
    put(sandbox, debit.gateway_id, "FUNDED")
    before = asked(sandbox)
    first, second = (tell_of(integration, debit, "FUNDED") for _ in range(2))
    forged = tell(integration, bytes(second.body), key="wrong")

    drain(integration)

    ended = {row.pk: row for row in Notification.objects.all()}
    assert ended[first.pk].state == N.IGNORED
    assert ended[first.pk].outcome == f"A copy of #{second.pk}."
    assert ended[second.pk].state == N.PROCESSED
    assert ended[forged.pk].state == N.REJECTED
    assert asked(sandbox) == before + 1
    debit.refresh_from_db()
    assert debit.state == S.APPROVED


def test_the_same_message_again_later_is_looked_up_again(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox
) -> None:
    tell_of(integration, debit, "FUNDED")
    drain(integration)
    put(sandbox, debit.gateway_id, "FUNDED")

    again = tell_of(integration, debit, "FUNDED")
    drain(integration)

    again.refresh_from_db()
    debit.refresh_from_db()
    assert (again.state, debit.state) == (N.PROCESSED, S.APPROVED)


def test_messages_out_of_order_end_where_the_gateway_stands(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox, books: Books
) -> None:
    put(sandbox, debit.gateway_id, "FUNDED")

    for status in ("FUNDED", "CAPTURED", "PENDING", "FUNDED"):
        tell_of(integration, debit, status)
        drain(integration)

    debit.refresh_from_db()
    assert debit.state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert Notification.objects.filter(state=N.PROCESSED).count() == 4


POISON: dict[str, Any] = {
    "no JSON": b"<html>",
    "bytes of no text": b"\xff\xfe\x00",
    "a list": b"[1,2]",
    "a number": b"1",
    "nothing in it": b"{}",
    "a string that never ends": b'"' + rb"\"" * 32_000,
    "a deep nest": b'{"id":' + b"[" * 20_000 + b"]" * 20_000 + b"}",
    "a huge number": b'{"id":"X","amount":' + b"9" * 5_000 + b"}",
    "infinity": b'{"id":null,"amount":Infinity}',
    "an id that is a list": {"id": ["TRN_1"]},
    "an id that leads elsewhere": {"id": "../accesstoken"},
    "an id that is too long": {"id": "T" * 51},
    "a zero byte": {"id": "TRN_1\x00", "status": "\x00"},
    "half a surrogate": b'{"id":"\\ud800","name":"\\ud800"}',
    "a key with a zero": b'{"a\\u0000b":1}',
    "a status of ten thousand letters": {"id": "", "status": "X" * 10_000},
}


@pytest.mark.parametrize("name", POISON)
def test_poison_that_is_signed_is_ignored(name: str, integration: Integration, sandbox: Sandbox) -> None:
    before = asked(sandbox)
    told = tell(integration, POISON[name])

    drain(integration)

    told.refresh_from_db()
    assert (told.state, told.tries) == (N.IGNORED, 1)
    assert asked(sandbox) == before


@pytest.mark.parametrize("name", POISON)
def test_poison_that_is_not_signed_is_rejected(name: str, integration: Integration) -> None:
    told = tell(integration, POISON[name], key="wrong")

    drain(integration)

    told.refresh_from_db()
    assert told.state == N.REJECTED


def test_news_of_a_dispute_is_read_from_the_gateway_and_booked(
    start: Start, run: Run, integration: Integration, sandbox: Sandbox
) -> None:
    charge = run(start())
    name = sandbox.control("/disputes", {"transaction": charge.gateway_id})["id"]
    told = tell(integration, {"id": name, "status": "CLOSED", "result": "WON"})

    drain(integration)

    told.refresh_from_db()
    assert (told.state, told.subject) == (N.PROCESSED, "dispute")
    assert told.outcome == "Chargeback: Waiting for our answer"
    assert charge.payment.transactions.get(action="chargeback").amount == charge.amount


def test_a_dispute_the_gateway_does_not_know_is_asked_for_three_times(integration: Integration) -> None:
    told = tell(integration, {"id": "DIS_1234", "status": "UNDER_REVIEW"})
    for _ in range(3):
        Notification.objects.filter(pk=told.pk, next_at__isnull=False).update(next_at=timezone.now())
        drain(integration)

    told.refresh_from_db()
    assert (told.state, told.outcome) == (N.IGNORED, "The gateway knows no such dispute.")


def test_a_transaction_the_gateway_does_not_know_is_asked_for_three_times(
    integration: Integration,
) -> None:
    told = tell(integration, {"id": "TRN_does_not_exist", "status": "CAPTURED"})
    for _ in range(3):
        Notification.objects.filter(pk=told.pk, next_at__isnull=False).update(next_at=timezone.now())
        drain(integration)

    told.refresh_from_db()
    assert (told.state, told.tries, told.outcome) == (N.IGNORED, 3, "The gateway knows no such transaction.")


def test_a_transaction_the_gateway_does_not_know_holds_up_no_other_message(
    start: Start, run: Run, integration: Integration, sandbox: Sandbox, payable: Payable
) -> None:
    lost = start(amount="40.00").transactions.get()
    sandbox.control("/rules", {"match": {"reference": lost.reference}, "action": {"drop": {"when": "before"}}})
    run(lost)
    prove_absent(lost)  # final, and without an id of the gateway
    charge = run(start(amount="60.00"))

    unknown = tell(integration, {"id": "TRN_does_not_exist", "status": "CAPTURED"})
    known = tell_of(integration, charge)
    drain(integration)

    unknown.refresh_from_db()
    known.refresh_from_db()
    lost.refresh_from_db()
    assert (lost.state, lost.gateway_id) == (S.FAILED, "")
    assert (known.state, known.transaction_id) == (N.PROCESSED, charge.pk)
    assert (unknown.state, unknown.tries, unknown.transaction_id) == (N.VERIFIED, 1, None)
    assert unknown.outcome == "The gateway knows no such transaction."


def test_an_answer_about_another_transaction_than_asked_for_proves_nothing(
    charge: PaymentTransaction, debit_of_another: PaymentTransaction, integration: Integration, sandbox: Sandbox
) -> None:
    body = {
        "id": charge.gateway_id,
        "type": "SALE",
        "status": "CAPTURED",
        "amount": "6000",
        "currency": "USD",
        "reference": charge.reference,
        "payment_method": {"result": "00", "card": {"brand": "VISA"}},
    }
    wrong = {"status": 200, "body": body}
    endpoint = {"endpoint": "/transactions/{id}", "method": "GET"}
    sandbox.control("/rules", {"match": endpoint, "action": {"http": wrong}, "times": 1})

    told = tell_of(integration, debit_of_another)
    drain(integration)

    told.refresh_from_db()
    debit_of_another.refresh_from_db()
    assert debit_of_another.state == S.PENDING
    assert (told.state, told.transaction_id, told.outcome) == (N.VERIFIED, None, "The gateway did not answer.")


def test_anothers_transaction_is_not_touched(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox
) -> None:
    account = integration.provider
    other = ProviderAccount.objects.create(
        organization=account.organization,
        name="Another",
        service_url=account.service_url,
        settlement_currency="USD",
        credentials=account.credentials,
        key_id=account.key_id,
    )
    elsewhere = integration_save(
        integration=Integration(
            organization=account.organization, name="Elsewhere", provider_account=other, currencies=["USD"]
        )
    )
    Payment.objects.filter(pk=debit.payment_id).update(provider_account=other, integration=elsewhere)
    put(sandbox, debit.gateway_id, "FUNDED")

    told = tell_of(integration, debit, "FUNDED")
    drain(integration)

    told.refresh_from_db()
    debit.refresh_from_db()
    assert (told.state, told.outcome, told.transaction_id) == (N.IGNORED, "It belongs to another account.", None)
    assert debit.state == S.PENDING
