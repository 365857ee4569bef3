from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from commerce.models import Level, Order, Permission, User
from invoices.models import Receipt
from oropay.models import MoneyState, Payment, PaymentStatus
from oropay.services import status_force
from tests.checkout.shop import Shop
from tests.factories import CustomerFactory, OrderFactory
from tests.storefront.pages import fields, send, text


@pytest.fixture
def placed(shop: Shop) -> Order:
    """An order on terms."""
    shop.on_terms()
    return shop.place(shop.checkout(), terms=True)


def test_the_order_page_shows_lines_totals_and_state(placed: Order, browser: Client) -> None:
    words = text(browser.get(f"/orders/{placed.number}/"))

    assert "Hex bolt BOLT-8 10 each $9.00 $9.00 $99.00" in words
    assert "Total $104.00" in words
    assert "Payment terms Net 30" in words


@pytest.mark.parametrize("page", ["", "thanks/", "pay/"])
def test_another_company_s_order_does_not_exist(
    shop: Shop, placed: Order, client_of: Callable[[User], Client], page: str
) -> None:
    stranger = client_of(shop.person(CustomerFactory.create(organization=shop.organization)))

    assert stranger.get(f"/orders/{placed.number}/{page}").status_code == 404
    assert stranger.get(f"/orders/NO-SUCH-1/{page}").status_code == 404


def test_at_own_level_a_colleague_s_order_does_not_exist(
    shop: Shop, placed: Order, client_of: Callable[[User], Client]
) -> None:
    colleague = client_of(shop.person(shop.customer, {Permission.VIEW_ORDER: Level.OWN}))

    assert colleague.get(f"/orders/{placed.number}/").status_code == 404
    assert "No orders yet" in text(colleague.get("/orders/"))


def test_a_paid_order_says_where_its_receipt_is(shop: Shop, browser: Client) -> None:
    payment = shop.pay(shop.place(shop.checkout()))
    Payment.objects.update(money_state=MoneyState.CAPTURED)
    order = Order.objects.get()

    before = text(browser.get(f"/orders/{order.number}/"))
    Receipt.objects.create(
        organization=shop.organization,
        customer=shop.customer,
        payment=payment,
        transaction=payment.transactions.get(),
        currency="USD",
        amount=Decimal("104.00"),
        number="RCPT-1",
        method="Visa",
        received_on=timezone.now().date(),
        issued_at=timezone.now(),
        created_at=timezone.now(),
    )
    after = browser.get(f"/orders/{order.number}/").content.decode()

    assert "comes with the invoice" in before
    assert f'<a href="/receipts/{payment.uuid}/">RCPT-1</a>' in after


def test_orders_are_found_by_number_and_po_number(placed: Order, browser: Client) -> None:
    for words in (placed.number, "po-7"):
        assert placed.number in text(browser.get("/orders/", {"q": words}))
    assert "Nothing found" in text(browser.get("/orders/", {"q": "other"}))


def test_a_due_order_can_be_paid_from_its_page(placed: Order, browser: Client, shop: Shop) -> None:
    response = send(
        browser,
        f"/orders/{placed.number}/pay/",
        method=f"card:{shop.integration.pk}",
        card_token="PMT_abc",
        card_last4="5262",
    )

    payment = Payment.objects.get()
    assert response.headers["Location"] == f"/pay/{payment.uuid}/"
    assert (payment.amount, payment.parts.get().payable) == (Decimal("104.00"), placed.payable)


def test_while_somebody_pays_a_colleague_is_led_to_the_running_payment(
    shop: Shop, placed: Order, browser: Client, client_of: Callable[[User], Client]
) -> None:
    colleague = client_of(shop.person(shop.customer))
    card = {"method": f"card:{shop.integration.pk}", "card_token": "PMT_abc"}
    url = f"/orders/{placed.number}/pay/"
    theirs = fields(colleague.get(url).content.decode()) | card
    send(browser, url, **card)

    response = colleague.post(url, theirs)

    assert response.headers["Location"] == f"/pay/{Payment.objects.get().uuid}/"
    assert Payment.objects.count() == 1


def test_more_than_is_owed_is_never_charged(shop: Shop, placed: Order, browser: Client) -> None:
    card = {"method": f"card:{shop.integration.pk}", "card_token": "PMT_abc"}

    response = send(browser, f"/orders/{placed.number}/pay/", total="104.01", **card)
    page = browser.get(response.headers["Location"])

    assert "Nothing was charged. $104.01 is more than the $104.00 still payable" in text(page)
    assert Payment.objects.count() == 0


def test_somebody_who_may_only_look_is_offered_no_payment(
    shop: Shop, placed: Order, client_of: Callable[[User], Client]
) -> None:
    looker = client_of(shop.person(shop.customer, {Permission.VIEW_ORDER: Level.DEPARTMENT}))

    assert "Pay $104.00" not in text(looker.get(f"/orders/{placed.number}/"))
    assert looker.get(f"/orders/{placed.number}/pay/").status_code == 404


def test_the_orders_page_takes_few_queries_however_many_orders(
    shop: Shop, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _number in range(20):
        OrderFactory.create(customer=shop.customer, website=shop.website, placed_by=shop.buyer)

    with django_assert_max_num_queries(12):
        response = browser.get("/orders/")

    assert len(response.context["page"].object_list) == 20


def test_the_first_page_takes_few_queries(
    shop: Shop, placed: Order, browser: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(12):
        response = browser.get("/")

    assert placed.number in text(response)


def test_a_status_that_the_seller_set_says_so_in_the_list_and_on_the_page(shop: Shop, browser: Client) -> None:
    order = shop.place(shop.checkout())
    before = [text(browser.get(address)) for address in ("/orders/", f"/orders/{order.number}/")]
    status_force(
        payable=order.payable, status=PaymentStatus.FULL, reason="paid in cash", by=shop.buyer, now=timezone.now()
    )

    after = [text(browser.get(address)) for address in ("/orders/", f"/orders/{order.number}/")]

    assert not any("set by the seller" in page for page in before)
    assert all("Paid in full set by the seller" in page for page in after)
    assert not any("paid in cash" in page for page in after)
