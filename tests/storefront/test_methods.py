from collections.abc import Callable

import pytest
from django.test import Client

from commerce.models import Level, Permission, User
from oropay.models import Instrument, InstrumentState
from tests.checkout.shop import Shop
from tests.storefront.pages import text


@pytest.fixture
def card(shop: Shop) -> Instrument:
    return shop.saved_card(expiry_month=1, expiry_year=2020)


def test_saved_cards_are_listed_with_what_people_know_them_by(card: Instrument, browser: Client) -> None:
    words = text(browser.get("/payment-methods/"))

    assert "Visa ending in 5262 expired Robin Person · expires 01/2020" in words
    assert "PMT_kept" not in browser.get("/payment-methods/").content.decode()


def test_a_removed_card_is_not_offered_again(card: Instrument, browser: Client) -> None:
    response = browser.post(f"/payment-methods/{card.uuid}/remove/", follow=True)

    card.refresh_from_db()
    assert card.state == InstrumentState.DELETED
    assert "Visa ending in 5262 was removed. Nothing was charged." in text(response)
    assert "Nothing saved yet" in text(response)


def test_a_colleague_neither_sees_nor_removes_it(
    shop: Shop, card: Instrument, client_of: Callable[[User], Client]
) -> None:
    colleague = client_of(shop.person(shop.customer))

    assert "Nothing saved yet" in text(colleague.get("/payment-methods/"))
    assert colleague.post(f"/payment-methods/{card.uuid}/remove/").status_code == 404
    card.refresh_from_db()
    assert card.state == InstrumentState.ACTIVE


def test_the_company_s_card_is_managed_by_those_who_may(
    shop: Shop, card: Instrument, client_of: Callable[[User], Client]
) -> None:
    Instrument.objects.update(owner=None)
    manager = client_of(shop.person(shop.customer))
    clerk = client_of(shop.person(shop.customer, {Permission.CREATE_ORDER: Level.DEPARTMENT}))

    assert "Visa ending in 5262 company" in text(manager.get("/payment-methods/"))
    assert clerk.post(f"/payment-methods/{card.uuid}/remove/").status_code == 404
    assert manager.post(f"/payment-methods/{card.uuid}/remove/").status_code == 302
