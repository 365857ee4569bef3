"""What was given up as never arrived and is at the gateway after all, for another amount: it only goes back."""

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest
from django.utils import timezone
from moneyed import Money

from ledger.models import AccountName
from oropay import engine
from oropay.engine.gateways import gateway_of
from oropay.engine.shown import Result, taken_in
from oropay.models import (
    Alert,
    AlertKind,
    DriftKind,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
    Watch,
)
from tests.contract.sandbox import Sandbox
from tests.oropay.house import (
    charges_at_gateway,
    overdue,
    refuse_each_try,
    refuse_reversals,
    request_of,
    watch,
)

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def lost(swallow: Callable[..., PaymentTransaction]) -> PaymentTransaction:
    """A charge of 100.00 that never arrived, and of which the gateway took half afterwards."""
    row = swallow()
    gateway_of(account=row.payment.provider_account).charge(replace(request_of(row), amount=Money(50, "USD")))
    return row


@pytest.mark.parametrize("refused", [0, 1])
def test_it_is_given_back_and_never_taken_for_ours(
    lost: PaymentTransaction, run: Run, sandbox: Sandbox, books: Books, refused: int
) -> None:
    before = lost.children.count()
    if refused:
        refuse_reversals(sandbox, refused)

    watch(lost)
    watch(lost)
    alert = Alert.objects.get(transaction=lost)
    for _ in range(1 + refused):
        run(lost.children.get(state=TransactionState.QUEUED))
    watch(lost)

    assert charges_at_gateway(sandbox, lost) == ["REVERSED"]
    assert lost.children.count() == before + 1 + refused
    assert not PaymentTransaction.objects.filter(late=True).exists()
    assert (alert.kind, alert.resolved_at) == (AlertKind.AMOUNT_DIFFERS, None)
    assert "All of it is reversed by itself" in alert.text
    assert Alert.objects.get(transaction=lost).resolved_at is not None
    assert Watch.objects.get(transaction=lost).next_at is None
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_what_cannot_be_given_back_by_itself_is_left_to_the_portal(lost: PaymentTransaction, sandbox: Sandbox) -> None:
    watch(lost)

    refuse_each_try(lost, sandbox)

    told = Alert.objects.get(kind=AlertKind.NOT_DONE)
    assert told.transaction.parent == lost
    assert "reverse or refund it in the gateway's portal" in told.text
    assert "by hand" not in told.text
    assert Alert.objects.get(transaction=lost).resolved_at is None


def test_what_the_gateway_tells_of_is_given_back(
    lost: PaymentTransaction, run: Run, account: ProviderAccount, sandbox: Sandbox
) -> None:
    [answer] = sandbox.gateway().find_by_reference(reference=lost.reference).found

    seen = taken_in(account=account, answer=answer, now=timezone.now())
    run(lost.children.get(state=TransactionState.QUEUED))

    assert (seen.result, seen.drift) == (Result.DIFFERS, DriftKind.AMOUNT_DIFFERS)
    assert charges_at_gateway(sandbox, lost) == ["REVERSED"]
    alerts = set(Alert.objects.values_list("pk", flat=True))
    [answer] = sandbox.gateway().find_by_reference(reference=lost.reference).found

    again = taken_in(account=account, answer=answer, now=timezone.now())

    assert (again.result, again.drift) == (Result.AGREES, None)
    assert set(Alert.objects.values_list("pk", flat=True)) == alerts
    assert Watch.objects.get(transaction=lost).next_at is None


def test_a_reversal_whose_answer_was_lost_is_known_by_what_it_gave_back(
    lost: PaymentTransaction, run: Run, sandbox: Sandbox
) -> None:
    reversals = {"endpoint": "/transactions/{id}/reversal", "method": "POST"}
    sandbox.control("/rules", {"match": reversals, "action": {"drop": {"when": "after"}}, "times": 1})
    watch(lost)

    reversal = run(lost.children.get(state=TransactionState.QUEUED))
    overdue(reversal)
    engine.look(transaction_id=reversal.pk, now=timezone.now())

    reversal.refresh_from_db()
    assert reversal.state == TransactionState.APPROVED
    assert not lost.children.filter(state=TransactionState.QUEUED).exists()
    assert Alert.objects.get(transaction=lost).resolved_at is not None


def test_a_closed_batch_sends_people_to_the_portal_because_nothing_here_can_refund_it(
    lost: PaymentTransaction, run: Run, sandbox: Sandbox
) -> None:
    watch(lost)
    sandbox.control("/batches/close", {})

    run(lost.children.get(state=TransactionState.QUEUED))

    told = Alert.objects.get(kind=AlertKind.NOT_DONE)
    assert told.text == "It was taken for another amount than asked: refund it in the gateway's portal."
