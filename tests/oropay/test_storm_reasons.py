"""What a storm accepts as a reason for money that was given back, and what it calls a double."""

from collections import Counter
from collections.abc import Callable, Collection

import pytest
from django.utils import timezone

from commerce.models import User
from oropay.models import Action, FailureReason, Payment, PaymentTransaction, RefundReason, TransactionState
from oropay.services import cancel_start
from oropay.services.followup import reversal_queue
from tests.contract.sandbox import Sandbox
from tests.faults.storm.reasons import clicked, instead_of_voids, unexplained
from tests.oropay.house import refund_of

Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


@pytest.fixture
def findings(charge: PaymentTransaction) -> Callable[..., list[str]]:
    """What a storm says of the payment, by what the gateway has of it."""

    def findings(*, refunds: Collection[str] = (), undone: Collection[str] = ()) -> list[str]:
        payment = Payment.objects.prefetch_related("transactions").get(pk=charge.payment_id)
        found = unexplained(payment, refunds=Counter(refunds), undone=undone)
        return [*found, *instead_of_voids(payment)]

    return findings


def nobodys(row: PaymentTransaction) -> PaymentTransaction:
    """As if the engine had queued it by itself."""
    PaymentTransaction.objects.filter(pk=row.pk).update(created_by=None)
    return PaymentTransaction.objects.get(pk=row.pk)


def test_a_refund_that_a_clerk_asked_for_is_a_click(
    charge: PaymentTransaction, clerk: User, run: Run, findings: Callable[..., list[str]]
) -> None:
    refund = run(refund_of(charge, "30.00", by=clerk))

    assert findings(refunds=[refund.reference]) == []
    assert clicked([charge, refund], Action.REFUND) == 1


def test_a_refund_that_nobody_asked_for_is_found(
    charge: PaymentTransaction, clerk: User, run: Run, findings: Callable[..., list[str]]
) -> None:
    refund = run(nobodys(refund_of(charge, "30.00", by=clerk)))

    [found] = findings(refunds=[refund.reference])

    assert found.startswith(f"nobody asked for it: {refund.pk}")
    assert clicked([charge, refund], Action.REFUND) == 0


def test_a_refund_that_the_gateway_made_twice_is_found(
    charge: PaymentTransaction, clerk: User, run: Run, findings: Callable[..., list[str]]
) -> None:
    refund = run(refund_of(charge, "30.00", by=clerk))

    [found] = findings(refunds=[refund.reference] * 2)

    assert found.startswith(f"2 times at the gateway: {refund.pk}")


def test_one_refund_may_take_the_place_of_one_void_that_came_too_late(
    charge: PaymentTransaction, clerk: User, run: Run, sandbox: Sandbox, findings: Callable[..., list[str]]
) -> None:
    void = cancel_start(transaction=charge, reason=RefundReason.OTHER, note="wrong", by=clerk, now=timezone.now())
    sandbox.control("/batches/close", {})
    assert run(void).failure_reason == FailureReason.BATCH_CLOSED
    instead = PaymentTransaction.objects.get(action=Action.REFUND)
    PaymentTransaction.objects.filter(pk=instead.pk).update(state=TransactionState.CANCELED)
    first, second = (run(nobodys(refund_of(charge, "30.00", by=clerk))) for _ in range(2))

    found = findings(refunds=[first.reference, second.reference])

    assert found == [f"2 refunds for 1 voids of {charge.pk}"]


def test_a_void_that_nobody_asked_for_is_found(
    charge: PaymentTransaction, run: Run, findings: Callable[..., list[str]]
) -> None:
    void = run(reversal_queue(lost=charge, now=timezone.now()))

    [found] = findings(undone=[charge.reference])

    assert found.startswith(f"nobody asked for it: {void.pk}")


def test_what_was_called_off_at_the_gateway_alone_is_found(
    charge: PaymentTransaction, findings: Callable[..., list[str]]
) -> None:
    [found] = findings(undone=[charge.reference])

    assert found.startswith(f"called off at the gateway, and by nobody here: {charge.pk}")
