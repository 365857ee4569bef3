"""Currencies with 0, 2 and 3 decimals, exact from the hold through capture and refund to the books and the gateway."""

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

import pytest
from django.utils import timezone
from moneyed import Money

from commerce.models import Order
from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay.exceptions import AmountNotRepresentable
from oropay.models import (
    Action,
    Integration,
    Payable,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    TransactionState,
)
from oropay.services import capture_start, refund_lines_suggested, refund_start
from tests.contract.sandbox import Sandbox
from tests.factories import OrderFactory, OrderLineFactory

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


@dataclass(frozen=True)
class Amounts:
    currency: str
    total: str
    captured: str
    refunded: str
    too_fine: str


CASES = [
    Amounts("JPY", "1000", "700", "333", "0.5"),
    Amounts("USD", "100.29", "70.19", "33.33", "0.005"),
    Amounts("KWD", "10.125", "7.019", "3.333", "0.0005"),
]


@pytest.fixture(params=CASES, ids=lambda case: case.currency)
def case(request: pytest.FixtureRequest) -> Amounts:
    found: Amounts = request.param
    return found


@pytest.fixture
def order(db: None, case: Amounts) -> Order:
    """An order in this currency that awaits its payment."""
    total = Decimal(case.total)
    order: Order = OrderFactory.create(currency=case.currency, subtotal=total)
    OrderLineFactory.create(order=order, list_price=total)
    return order


@pytest.fixture
def held(
    start: Start, run: Run, integration: Integration, account: ProviderAccount, case: Amounts
) -> PaymentTransaction:
    ProviderAccount.objects.filter(pk=account.pk).update(settlement_currency=case.currency)
    Integration.objects.filter(pk=integration.pk).update(
        payment_action=PaymentAction.MANUAL, echeck=False, currencies=[case.currency]
    )
    return run(start(amount=case.total))


def test_every_step_is_exact_here_at_the_gateway_and_in_the_books(
    held: PaymentTransaction, run: Run, order: Order, payable: Payable, case: Amounts, sandbox: Sandbox
) -> None:
    capture = run(capture_start(hold=held, amount=Decimal(case.captured), by=order.placed_by, now=timezone.now()))
    refund = run(
        refund_start(
            charge=capture,
            lines=refund_lines_suggested(charge=capture, amount=Decimal(case.refunded)),
            reason=RefundReason.GOODS,
            note="one came broken",
            by=order.placed_by,
            now=timezone.now(),
        )
    )

    payable.refresh_from_db()
    left = Decimal(case.captured) - Decimal(case.refunded)
    clearing = balance(organization_id=order.organization_id, name=AccountName.GATEWAY_CLEARING, currency=case.currency)
    assert [held.state, capture.state, refund.state] == [S.APPROVED] * 3
    assert sandbox.gateway().look_up(gateway_id=held.gateway_id).amount == Money(case.captured, case.currency)
    assert sandbox.gateway().look_up(gateway_id=refund.gateway_id).amount == Money(case.refunded, case.currency)
    assert (payable.paid, payable.refunded) == (left, Decimal(case.refunded))
    assert clearing == left
    assert ledger_check() == []


def test_an_amount_finer_than_the_currency_is_refused_and_nothing_is_queued(
    held: PaymentTransaction, order: Order, case: Amounts
) -> None:
    with pytest.raises(AmountNotRepresentable, match="more decimals than the currency knows"):
        capture_start(hold=held, amount=Decimal(case.too_fine), by=order.placed_by, now=timezone.now())

    assert not PaymentTransaction.objects.filter(action=Action.CAPTURE).exists()
