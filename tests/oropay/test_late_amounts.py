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
    FailureReason,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
    Watch,
)
from tests.contract.sandbox import Sandbox
from tests.oropay.house import charges_at_gateway, prove_absent, refuse_reversals, request_of

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def lost(start: Start, run: Run, sandbox: Sandbox) -> PaymentTransaction:
    """A charge of 100.00 that never arrived, and of which the gateway took half afterwards."""
    payment = start()
    row = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "before"}}})
    run(payment)
    prove_absent(row)
    assert row.failure_reason == FailureReason.NEVER_ARRIVED
    gateway_of(account=payment.provider_account).charge(replace(request_of(row), amount=Money(50, "USD")))
    return row


def watch(row: PaymentTransaction) -> None:
    engine.watch(transaction_id=row.pk, now=timezone.now())


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
    assert Alert.objects.get(transaction=lost).resolved_at is not None
    assert Watch.objects.get(transaction=lost).next_at is None
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_what_the_gateway_tells_of_is_given_back(
    lost: PaymentTransaction, run: Run, account: ProviderAccount, sandbox: Sandbox
) -> None:
    [answer] = sandbox.gateway().find_by_reference(reference=lost.reference).found

    seen = taken_in(account=account, answer=answer, now=timezone.now())
    run(lost.children.get(state=TransactionState.QUEUED))

    assert (seen.result, seen.drift) == (Result.DIFFERS, DriftKind.AMOUNT_DIFFERS)
    assert charges_at_gateway(sandbox, lost) == ["REVERSED"]
