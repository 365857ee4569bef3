"""A hold that was renewed, and what the gateway shows of it that cannot be."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from commerce.models import Order
from ledger.models import AccountName
from oropay.models import (
    Action,
    DriftFinding,
    DriftKind,
    Integration,
    NotificationState,
    PaymentTransaction,
    TransactionState,
)
from tests.contract.sandbox import Sandbox
from tests.oropay.books import portal
from tests.oropay.house import refuse_each_try, renewed_in_place
from tests.oropay.notices import drain, put, tell_of

S = TransactionState
Books = Callable[[AccountName], Decimal]
Run = Callable[..., PaymentTransaction]


@pytest.mark.usefixtures("empty_gateway")
def test_a_renewed_hold_that_was_not_let_go_and_is_captured_in_the_portal_is_for_people(
    held: PaymentTransaction,
    integration: Integration,
    order: Order,
    sandbox: Sandbox,
    compare: Callable[[], list[tuple[str, bool]]],
    books: Books,
) -> None:
    renewed_in_place(held, by=order.placed_by)
    refuse_each_try(held, sandbox)
    still_held = compare()
    sandbox.gateway().capture(portal(held.gateway_id, "100"))

    told = tell_of(integration, held)
    drain(integration)

    told.refresh_from_db()
    finding = DriftFinding.objects.get()
    assert still_held == []
    assert (told.state, told.outcome) == (NotificationState.PROCESSED, finding.text)
    assert (finding.kind, finding.is_open, finding.transaction_id) == (DriftKind.STATE_DIFFERS, True, held.pk)
    assert finding.text.startswith("Renewed with us, CAPTURED at the gateway. Do not capture the newer hold too")
    assert compare() == [(DriftKind.STATE_DIFFERS, False)]
    assert not PaymentTransaction.objects.filter(action=Action.CAPTURE).exists()
    assert books(AccountName.GATEWAY_CLEARING) == 0


@pytest.mark.usefixtures("empty_gateway")
def test_a_renewed_hold_that_was_released_and_stands_at_the_gateway_is_for_people(
    held: PaymentTransaction,
    run: Run,
    order: Order,
    sandbox: Sandbox,
    compare: Callable[[], list[tuple[str, bool]]],
) -> None:
    renewed_in_place(held, by=order.placed_by)
    assert run(held.children.get(action=Action.CANCEL)).state == S.APPROVED
    released = compare()
    put(sandbox, held.gateway_id, "PREAUTHORIZED")

    found = compare()

    assert (released, found) == ([], [(DriftKind.STATE_DIFFERS, False)])
    assert DriftFinding.objects.get().text == "released with us, PREAUTHORIZED at the gateway."
