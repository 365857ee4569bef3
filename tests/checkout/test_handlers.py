"""What becomes of an order when money does something: real engine, gpsandbox over HTTP."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from checkout.models import Checkout, CheckoutState, ShoppingListItem
from commerce.models import Customer, OrderState, Organization
from commerce.services import order_cancel
from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay import engine
from oropay.exceptions import PayableChanged
from oropay.models import (
    MoneyState,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentStatus,
    RefundReason,
    RefundSource,
)
from oropay.ports import payable_handlers
from oropay.services import RefundLineAsked, cancel_start, capture_start, refund_start
from plumbing.models import Mail
from tests.checkout.shop import Shop
from tests.contract.sandbox import DECLINED_VISA, Sandbox


@pytest.fixture
def shop(db: None, sandbox: Sandbox) -> Shop:
    """A shop whose gateway is the sandbox."""
    return Shop(service_url=sandbox.url)


@pytest.fixture
def send() -> Callable[[Payment], Payment]:
    """Let a worker send whatever a payment has queued."""

    def send(payment: Payment) -> Payment:
        for row in payment.transactions.filter(state="queued"):
            engine.execute(transaction_id=row.pk, now=timezone.now())
        return Payment.objects.get(pk=payment.pk)

    return send


def deposit(shop: Shop) -> Decimal:
    return balance(organization_id=shop.organization.pk, name=AccountName.CUSTOMER_DEPOSIT, currency="USD")


def test_a_charged_card_places_the_order_and_is_a_deposit(
    shop: Shop,
    sandbox: Sandbox,
    send: Callable[[Payment], Payment],
) -> None:
    checkout = shop.checkout()
    order = shop.place(checkout)

    payment = send(shop.pay(order, card=sandbox.card_token()))

    order.refresh_from_db()
    checkout.refresh_from_db()
    assert payment.money_state == MoneyState.CAPTURED
    assert (order.state, checkout.state) == (OrderState.OPEN, CheckoutState.PLACED)
    assert deposit(shop) == Decimal("-104.00")
    assert Payable.objects.get().status == PaymentStatus.FULL
    assert ShoppingListItem.objects.count() == 0
    assert "$104.00 was paid." in Mail.objects.get(subject=f"Order {order.number}: $104.00").text
    assert ledger_check() == []


def test_what_was_added_while_paying_stays_on_the_list(
    shop: Shop,
    sandbox: Sandbox,
    send: Callable[[Payment], Payment],
) -> None:
    order = shop.place(shop.checkout())
    payment = shop.pay(order, card=sandbox.card_token())
    shop.put(shop.bolt, "3")
    shop.put(shop.glue)

    send(payment)

    left = ShoppingListItem.objects.order_by("pk").values_list("product__sku", "quantity")
    assert list(left) == [("BOLT-8", Decimal(3)), ("GLUE-1", Decimal(1))]


def test_a_hold_places_the_order_and_takes_nothing(
    shop: Shop,
    sandbox: Sandbox,
    send: Callable[[Payment], Payment],
) -> None:
    shop.integration.echeck = False
    shop.integration.payment_action = PaymentAction.MANUAL
    shop.integration.save()
    order = shop.place(shop.checkout())

    payment = send(shop.pay(order, card=sandbox.card_token()))

    order.refresh_from_db()
    assert payment.money_state == MoneyState.AUTHORIZED
    assert order.state == OrderState.OPEN
    assert "Nothing was charged yet. $104.00 is held on your card" in Mail.objects.get().text
    assert deposit(shop) == 0

    capture_start(hold=payment.transactions.get(), amount=Decimal("104.00"), by=shop.buyer, now=timezone.now())
    send(payment)

    assert deposit(shop) == Decimal("-104.00")


def test_after_a_decline_the_same_order_waits_for_another_card(
    shop: Shop,
    sandbox: Sandbox,
    send: Callable[[Payment], Payment],
) -> None:
    checkout = shop.checkout()
    order = shop.place(checkout)

    declined = send(shop.pay(order, card=sandbox.card_token(DECLINED_VISA)))

    checkout.refresh_from_db()
    order.refresh_from_db()
    assert declined.money_state == MoneyState.DECLINED
    assert (order.state, checkout.state) == (OrderState.AWAITING_PAYMENT, CheckoutState.OPEN)
    assert deposit(shop) == 0
    assert ShoppingListItem.objects.count() == 1

    again = shop.place(checkout)
    send(shop.pay(again, card=sandbox.card_token()))

    again.refresh_from_db()
    assert (again.number, again.state) == (order.number, OrderState.OPEN)
    assert deposit(shop) == Decimal("-104.00")


def test_a_void_makes_the_order_due_again_and_keeps_it_open(
    shop: Shop,
    sandbox: Sandbox,
    send: Callable[[Payment], Payment],
) -> None:
    order = shop.place(shop.checkout())
    payment = send(shop.pay(order, card=sandbox.card_token()))

    cancel_start(
        transaction=payment.transactions.get(),
        reason=RefundReason.OTHER,
        note="ordered twice",
        by=shop.buyer,
        now=timezone.now(),
    )
    send(payment)

    order.refresh_from_db()
    assert order.state == OrderState.OPEN
    assert deposit(shop) == 0
    assert Payable.objects.get().payable_now == Decimal("104.00")
    assert Checkout.objects.get().state == CheckoutState.PLACED
    assert ledger_check() == []


def test_a_refund_of_the_deposit_shrinks_the_deposit(
    shop: Shop,
    sandbox: Sandbox,
    send: Callable[[Payment], Payment],
) -> None:
    order = shop.place(shop.checkout())
    payment = send(shop.pay(order, card=sandbox.card_token()))

    refund_start(
        charge=payment.transactions.get(),
        lines=[
            RefundLineAsked(source=RefundSource.DEPOSIT, amount=Decimal("40.00"), payable_id=order.payable.pk),
        ],
        reason=RefundReason.GOODS,
        note="four bolts short",
        by=shop.buyer,
        now=timezone.now(),
    )
    send(payment)

    assert deposit(shop) == Decimal("-64.00")
    assert f"Order {order.number}: $40.00" in Mail.objects.get(subject="Refund of $40.00").text
    assert Payable.objects.get().status == PaymentStatus.REFUNDED_PARTIALLY
    assert ledger_check() == []


def test_the_gateway_is_told_the_whole_order_and_it_adds_up(shop: Shop) -> None:
    shop.put(shop.glue, "2")
    order = shop.place(shop.checkout(), total="113.90")

    data = payable_handlers.get(PayableKind.ORDER).describe(payable=order.payable, amount=order.total)

    assert (data.reference, data.po_number, data.total) == (order.number, "PO-7", Decimal("113.90"))
    assert sum(item.total for item in data.items) + data.shipping == data.total
    bolts = next(item for item in data.items if item.reference == "BOLT-8")
    assert bolts.quantity * bolts.unit_amount - bolts.discount + bolts.tax == bolts.total == Decimal("99.00")
    assert (data.billing_address and data.billing_address.line_1) == "1 Main Street"
    assert (data.shipping_address and data.shipping_address.line_1) == "2 Dock Road"
    assert data.payer is not None
    assert (data.payer.email, data.payer.company, data.payer.phone) == (shop.buyer.email, "Acme", "+1 217 555 0100")


@pytest.mark.parametrize(("warehouse", "told"), [("", "62701"), ("07030", "07030")])
def test_the_gateway_is_told_where_goods_leave_from(shop: Shop, warehouse: str, told: str) -> None:
    order = shop.place(shop.checkout())
    Organization.objects.filter(pk=shop.organization.pk).update(postal_code="62701", ship_from_postal_code=warehouse)
    payable = Payable.objects.get(order=order)

    data = payable_handlers.get(PayableKind.ORDER).describe(payable=payable, amount=order.total)

    assert (data.ship_from and data.ship_from.postal_code) == told


def test_a_customer_with_an_exemption_certificate_pays_no_tax_and_the_gateway_is_told(shop: Shop) -> None:
    Customer.objects.filter(pk=shop.customer.pk).update(tax_exemption="EX-77")

    order = shop.place(shop.checkout(), total="95.00")

    data = payable_handlers.get(PayableKind.ORDER).describe(payable=order.payable, amount=order.total)
    assert (order.tax, data.tax, data.tax_exempt) == (Decimal(0), Decimal(0), True)


def test_a_canceled_order_takes_no_payment(shop: Shop) -> None:
    order = shop.place(shop.checkout())
    order_cancel(order=order)

    with pytest.raises(PayableChanged, match="it is canceled"):
        shop.pay(order)

    assert Payment.objects.count() == 0


def test_two_clicks_with_one_key_are_one_payment(shop: Shop) -> None:
    order = shop.place(shop.checkout())
    payment = shop.pay(order)

    again = shop.pay(order, key=payment.attempt_key)

    assert again.pk == payment.pk
    assert Payment.objects.count() == 1
