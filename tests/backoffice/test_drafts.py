"""The page of a draft: what is left empty is filled in, what it bills is shown, and posting drops nothing typed."""

import uuid
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import Product, User
from invoices.models import Invoice, InvoiceState
from oropay.models import Action, Initiator, Method, Payment, PaymentTransaction
from tests.backoffice.conftest import Opened, address, dialog, member, page
from tests.factories import (
    AddressFactory,
    CustomerFactory,
    PriceFactory,
    PriceListAssignmentFactory,
    ProductFactory,
    StaffFactory,
)
from tests.invoices.house import House, placed


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


@pytest.fixture
def bolts(house: House) -> Product:
    """A product that costs this customer 4.50, from ten on 4.00; the shop's tax is 8 %."""
    house.website.tax_rate = Decimal("0.08")
    house.website.save()
    AddressFactory.create(customer=house.customer, is_default_billing=True)
    product: Product = ProductFactory.create(organization=house.seller, name="Hex bolts")
    for least, amount in ((1, "4.50"), (10, "4.00")):
        price = PriceFactory.create(
            product=product,
            min_quantity=Decimal(least),
            amount=Decimal(amount),
            **({"price_list": product.prices.all()[0].price_list} if product.prices.exists() else {}),
        )
        if least == 1:
            PriceListAssignmentFactory.create(price_list=price.price_list, customer=house.customer)
    return product


def new(house: House, **line: Any) -> dict[str, Any]:
    return {
        "website": house.website.pk,
        "customer": house.customer.pk,
        "shipping": "0",
        "lines-TOTAL_FORMS": 1,
        "lines-INITIAL_FORMS": 0,
        **{f"lines-0-{name}": value for name, value in line.items()},
    }


def test_an_empty_tax_is_the_websites_and_an_empty_price_the_customers(
    house: House, client: Client, bolts: Product
) -> None:
    client.post(reverse("admin:invoices_invoice_add"), new(house, product=bolts.pk, quantity="12"))

    line = Invoice.objects.get().lines.get()
    assert (line.unit_price, line.tax_rate, line.total) == (Decimal("4.00"), Decimal("0.08"), Decimal("51.84"))


def test_a_zero_is_no_tax_and_a_typed_price_stands(house: House, client: Client, bolts: Product) -> None:
    typed = {"product": bolts.pk, "quantity": "12", "unit_price": "0", "tax_percent": "0"}
    client.post(reverse("admin:invoices_invoice_add"), new(house, **typed))

    line = Invoice.objects.get().lines.get()
    assert (line.unit_price, line.tax_rate, line.total) == (Decimal(0), Decimal(0), Decimal(0))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ({"name": "Installation", "quantity": "2"}, "only a product has one to suggest"),
        ({"product": "bolts", "quantity": "0.5"}, "price lists start at 1"),
        ({"product": "unpriced", "quantity": "1"}, "no price list has one for this customer"),
    ],
)
def test_a_price_that_cannot_be_suggested_is_asked_for_at_its_field(
    house: House, client: Client, bolts: Product, line: dict[str, Any], words: str
) -> None:
    products = {"bolts": bolts.pk, "unpriced": ProductFactory.create(organization=house.seller).pk}
    typed = {name: products.get(value, value) for name, value in line.items()}

    response = client.post(reverse("admin:invoices_invoice_add"), new(house, **typed))

    (errors,) = response.context["lines"].errors
    assert list(errors) == ["unit_price"]
    assert words in str(errors)
    assert Invoice.objects.count() == 0


def test_the_form_says_what_an_empty_field_means(house: House, client: Client) -> None:
    content = client.get(reverse("admin:invoices_invoice_add")).content.decode()

    assert "0: exempt from tax." in content
    assert "Empty: what the product costs this customer at this quantity." in content


def test_save_and_post_keeps_what_was_typed_and_asks_before_it_posts(house: House, client: Client) -> None:
    draft = house.draft("100.00")
    typed = {
        "po_number": "PO-9",
        "shipping": "0",
        "lines-TOTAL_FORMS": 1,
        "lines-INITIAL_FORMS": 1,
        "lines-0-name": "Hex bolts",
        "lines-0-quantity": "1",
        "lines-0-unit_price": "120.00",
    }

    saved = client.post(page(draft), {**typed, "post": "1"})
    asking = client.get(saved.headers["Location"]).content.decode()

    draft.refresh_from_db()
    assert (draft.state, draft.po_number, draft.total) == (InvoiceState.DRAFT, "PO-9", Decimal(120))
    assert f'hx-get="{address(draft, "post_invoice")}" hx-trigger="load"' in asking
    assert "owes $120.00" in client.get(address(draft, "post_invoice")).content.decode()


def test_a_form_with_an_error_saves_and_posts_nothing(house: House, client: Client) -> None:
    draft = house.draft("100.00")

    response = client.post(
        page(draft), {"post": "1", "shipping": "abc", "lines-TOTAL_FORMS": 0, "lines-INITIAL_FORMS": 0}
    )

    assert list(response.context["head"].errors) == ["shipping"]
    assert 'hx-trigger="load"' not in response.content.decode()
    assert Invoice.objects.get().total == Decimal(100)


def test_a_draft_that_can_be_edited_has_no_button_that_would_drop_the_edits(
    house: House, client: Client, opened: Opened
) -> None:
    draft = house.draft("100.00")
    mine, theirs = (one.get(page(draft)).content.decode() for one in (client, opened(member(house, "Sales clerk"))))

    assert f'hx-get="{address(draft, "post_invoice")}"' not in mine
    assert ("Save and post" in mine, "Save and post" in theirs) == (True, False)


def test_a_draft_shows_whom_it_bills_and_links_its_order(house: House, client: Client) -> None:
    order = placed(house.order("100.00"))
    dialog(client, order, "draft_invoice")

    content = client.get(page(Invoice.objects.get())).content.decode()

    assert content.count("1 Main Street") == 2
    assert f'href="{page(order)}">Order {order.number}</a>' in content


def test_a_draft_shows_nobody_elses_payments(house: House, opened: Opened, bolts: Product, client: Client) -> None:
    client.post(reverse("admin:invoices_invoice_add"), new(house, product=bolts.pk, quantity="12"))
    draft = Invoice.objects.get()
    other = CustomerFactory.create()
    check = Payment.objects.create(  # another seller's, and it pays nothing
        organization=other.organization,
        customer=other,
        method=Method.OFFLINE,
        amount=5,
        currency="USD",
        initiator=Initiator.BUYER,
        attempt_key=uuid.uuid4(),
        created_at=timezone.now(),
    )
    PaymentTransaction.objects.create(
        payment=check,
        action=Action.VALIDATE,
        amount=0,
        currency="USD",
        reference="oro-check",
        created_at=timezone.now(),
    )
    looker = StaffFactory.create(organization=house.seller)
    looker.user_permissions.set(Permission.objects.filter(codename__in=["view_invoice", "view_payment"]))

    shown = opened(looker).get(page(draft)).content.decode()

    assert draft.state == InvoiceState.DRAFT
    assert "Hex bolts" in shown
    assert f"#{check.pk}" not in shown
