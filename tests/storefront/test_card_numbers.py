"""A card number that somebody types where none belongs is refused, not kept, and not shown again."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from checkout.models import Checkout
from commerce.models import Address
from oropay.models import Instrument, Payment
from plumbing.cardnumbers import REFUSAL
from plumbing.models import Mail
from tests.checkout.shop import Shop
from tests.contract.sandbox import VISA
from tests.storefront.pages import bank_form, fields, inputs, send, text

WRITTEN = "4263 9700 0000 5262"


def refused(response: Any) -> bool:
    content = response.content.decode()
    return str(REFUSAL) in text(response) and VISA not in content and WRITTEN not in content


@pytest.mark.parametrize("typed", [VISA, WRITTEN, f"my card {WRITTEN} 12/30"])
def test_a_nickname_is_refused_at_its_field_and_not_stored(card: Instrument, browser: Client, typed: str) -> None:
    response = send(browser, f"/payment-methods/{card.uuid}/", nickname=typed)

    assert response.status_code == 422
    assert refused(response)
    assert response.context["form"].errors["nickname"] == [str(REFUSAL)]
    card.refresh_from_db()
    assert card.nickname == ""


def test_a_new_bank_account_is_not_saved_under_one(browser: Client) -> None:
    response = browser.post("/payment-methods/add/", bank_form(browser, nickname=WRITTEN))

    assert response.status_code == 422
    assert refused(response)
    assert not Instrument.objects.exists()


def test_an_account_number_is_none_even_if_it_looks_like_one(browser: Client) -> None:
    browser.post("/payment-methods/add/", bank_form(browser, bank_account=VISA, bank_account_again=VISA))

    saved = Instrument.objects.get()
    assert saved.last4 == VISA[-4:]
    assert VISA.encode() not in bytes(saved.sealed or b"")


def test_the_name_on_a_card_is_refused_before_anything_is_asked(browser: Client) -> None:
    page = browser.get("/payment-methods/add/").content.decode()
    method = next(one["value"] for one in inputs(page) if one.get("value", "").startswith("card:"))
    typed = {"method": method, "card_token": "PMT_once", "card_holder": VISA}

    response = browser.post("/payment-methods/add/", fields(page) | typed)

    assert response.status_code == 422
    assert refused(response)
    assert (Instrument.objects.count(), Payment.objects.count()) == (0, 0)


@pytest.mark.parametrize("name", ["po_number", "notes"])
def test_po_number_and_notes_of_a_checkout_are_refused(shop: Shop, browser: Client, name: str) -> None:
    checkout = shop.checkout()

    response = send(browser, f"/checkout/{checkout.uuid}/payment/", **{name: f"use {VISA}"})

    assert response.status_code != 302
    assert refused(response)
    kept = Checkout.objects.get(pk=checkout.pk)
    assert (kept.po_number, kept.notes) == ("PO-7", "Ring twice")


@pytest.mark.parametrize("name", ["company", "name", "line_1", "line_2", "city", "postal_code", "phone"])
def test_every_line_of_an_address_is_refused(shop: Shop, browser: Client, name: str) -> None:
    checkout = shop.checkout()
    typed = {"name": "Site office", "line_1": "5 Quarry Lane", "city": "Dayton", "region": "OH", "country": "US"}

    response = browser.post(f"/checkout/{checkout.uuid}/addresses/", {"add": "1", **typed, name: WRITTEN})

    assert refused(response)
    assert response.context["new"].errors[name] == [str(REFUSAL)]
    assert Address.objects.count() == 2


@pytest.mark.parametrize("typed", [VISA, WRITTEN])
def test_a_quantity_is_refused_and_not_written_into_the_page(shop: Shop, browser: Client, typed: str) -> None:
    item = shop.put(shop.bolt, "10").items.get()

    added = browser.post(f"/list/add/{shop.glue.pk}/", {"quantity": typed}, follow=True)
    changed = browser.post(f"/list/items/{item.pk}/", {"quantity": typed})

    assert [refused(added), refused(changed)] == [True, True]
    assert [(row.product, row.quantity) for row in item.shopping_list.items.all()] == [(shop.bolt, Decimal(10))]


def test_ordinary_numbers_of_an_address_are_taken(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()
    typed = {"name": "Site office", "line_1": "4111 Quarry Lane", "city": "Dayton", "region": "OH", "country": "US"}

    browser.post(
        f"/checkout/{checkout.uuid}/addresses/",
        {"add": "1", **typed, "postal_code": "45402-1234", "phone": "+4915123456780"},
    )

    assert Address.objects.get(name="Site office").phone == "+4915123456780"
    assert not Mail.objects.exists()


@pytest.mark.parametrize(("path", "name"), [("/account/login/", "login"), ("/account/password/reset/", "email")])
def test_the_forms_in_front_of_the_log_in_refuse_it_too(shop: Shop, client: Client, path: str, name: str) -> None:
    response = client.post(path, {name: f"{VISA}@example.test", "password": "a good password"})

    assert refused(response)
    assert not Mail.objects.exists()
