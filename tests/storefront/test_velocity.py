"""Every door of the shop tells who tries: too many tries of a session or an address lock it out, and nobody else."""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from pytest_django.fixtures import Settings

from commerce.models import Order, OrderState, User
from oropay.limits import Act, limits_read
from oropay.models import Instrument, Lockout, PayableKind, Payment, Subject
from oropay.services import payable_open
from tests.checkout.shop import Shop
from tests.factories import OrderFactory, OrderLineFactory
from tests.oropay.test_velocity import empty_store  # noqa: F401  (a fixture)
from tests.storefront.pages import BANK, bank_form, send, text
from tests.storefront.test_methods import add_card
from tests.storefront.test_paying import put_in_stock

Opened = Callable[[User], Client]
Door = Callable[[Shop, Client], Any]

TOO_MANY = "Nothing was charged. There were too many tries to pay from here. Please try again after"
OFFICE, HOME = "192.0.2.7", "198.51.100.7"


def pay_by_card(shop: Shop, client: Client) -> Any:
    card = {"method": f"card:{shop.integration.pk}", "card_token": "PMT_abc", "card_last4": "5262"}
    return send(client, f"/orders/{due(shop).number}/pay/", **card)


def pay_by_bank(shop: Shop, client: Client) -> Any:
    method = f"bank:{shop.integration.pk}"
    return send(client, f"/orders/{due(shop).number}/pay/", method=method, authorised=method, **BANK)


def due(shop: Shop) -> Order:
    """One more order of the company that is placed and not paid."""
    order: Order = OrderFactory.create(
        customer=shop.customer, website=shop.website, placed_by=shop.buyer, state=OrderState.OPEN
    )
    OrderLineFactory.create(order=order)
    payable_open(
        kind=PayableKind.ORDER,
        organization=shop.organization,
        customer=shop.customer,
        currency=order.currency,
        number=order.number,
        total=order.total,
        order=order,
    )
    return order


def save_card(shop: Shop, client: Client) -> Any:
    return add_card(client)


def save_bank_account(shop: Shop, client: Client) -> Any:
    return client.post("/payment-methods/add/", bank_form(client))


def open_card_form(shop: Shop, client: Client) -> Any:
    put_in_stock(shop, "token")
    return client.post("/pay/card-token/", {"integration": shop.integration.pk})


DOORS = [
    (Act.CHARGE, pay_by_card),
    (Act.CHARGE, pay_by_bank),
    (Act.VERIFICATION, pay_by_bank),
    (Act.VERIFICATION, save_card),
    (Act.VERIFICATION, save_bank_account),
    (Act.CARD_FORM, open_card_form),
]


@pytest.mark.parametrize(("act", "door"), DOORS)
def test_a_session_that_tries_too_often_is_locked_out_and_no_other_of_the_same_person(
    shop: Shop, client_of: Opened, settings: Settings, act: Act, door: Door
) -> None:
    settings.OROPAY_VELOCITY = limits_read(f"{act.value}/session/600=0:1")
    here, elsewhere = client_of(shop.buyer), client_of(shop.buyer)
    first = read(here, door(shop, here))
    before = written()

    refused = read(here, door(shop, here))

    assert TOO_MANY not in first
    assert TOO_MANY in refused
    assert written() == before
    assert Lockout.objects.get().subject == Subject.SESSION
    assert TOO_MANY not in read(elsewhere, door(shop, elsewhere))


@pytest.mark.parametrize(("act", "door"), DOORS)
def test_an_address_that_tries_too_often_is_locked_out_for_everybody_behind_it_and_no_other(
    shop: Shop, client_of: Opened, settings: Settings, act: Act, door: Door
) -> None:
    settings.OROPAY_VELOCITY = limits_read(f"{act.value}/address/600=0:1")
    buyer, colleague = client_of(shop.buyer), client_of(shop.person(shop.customer))
    first = read(buyer, door(shop, at(buyer, OFFICE)))
    before = written()

    refused = read(colleague, door(shop, at(colleague, OFFICE)))

    assert TOO_MANY not in first
    assert TOO_MANY in refused
    assert written() == before
    lockout = Lockout.objects.get()
    assert (lockout.subject, lockout.hint) == (Subject.ADDRESS, "192.0.2.…")
    assert TOO_MANY not in read(colleague, door(shop, at(colleague, HOME)))


def at(client: Client, address: str) -> Client:
    """The same browser, from now on behind this address."""
    client.defaults["REMOTE_ADDR"] = address
    return client


def read(client: Client, response: Any) -> str:
    """The words that the browser shows in the end."""
    return text(client.get(response.headers["Location"]) if response.status_code == 302 else response)


def written() -> tuple[int, int]:
    """So many payments and instruments."""
    return Payment.objects.count(), Instrument.objects.count()
