from collections.abc import Callable

import pytest
from django.test import Client
from pytest_django import Settings

from commerce.models import Level, Permission, User
from tests.checkout.shop import Shop
from tests.factories import CustomerFactory, CustomerRoleFactory, CustomerUserFactory, UserFactory, WebsiteFactory
from tests.storefront.pages import text


def test_the_host_decides_the_website(shop: Shop, client: Client) -> None:
    WebsiteFactory.create(organization=shop.organization, name="North Tools", domain="north.localhost")

    response = client.get("/", headers={"host": "north.localhost:8000"})

    assert "Welcome to North Tools" in text(response)


def test_an_unknown_host_shows_the_default_website_in_development(shop: Shop, client: Client) -> None:
    response = client.get("/", headers={"host": "anything.localhost"})

    assert response.status_code == 200
    assert shop.website.name in text(response)


def test_an_unknown_host_is_not_found_in_production(shop: Shop, client: Client, settings: Settings) -> None:
    settings.WEBSITE_FALLBACK = False

    response = client.get("/", headers={"host": "elsewhere.example.test"})

    assert response.status_code == 404
    assert "Content-Security-Policy" in response.headers


def test_the_website_decides_the_language(shop: Shop, client: Client) -> None:
    response = client.get("/", headers={"accept-language": "de"})

    assert response.headers["Content-Language"] == "en-us"


def test_a_person_with_two_companies_switches_between_them(shop: Shop, browser: Client) -> None:
    second = CustomerFactory.create(organization=shop.organization, name="Second Company")
    CustomerUserFactory.create(
        user=shop.buyer,
        customer=second,
        role=CustomerRoleFactory.create(
            organization=shop.organization, levels={Permission.VIEW_ORDER: Level.DEPARTMENT}
        ),
    )

    response = browser.post("/company/", {"customer": second.pk, "next": "/orders/"}, follow=True)

    assert response.redirect_chain == [("/orders/", 302)]
    assert browser.session["customer_id"] == second.pk
    assert "Hello, Robin Second Company" in text(browser.get("/"))


@pytest.mark.parametrize("target", ["https://evil.example", "//evil.example", "/orders/X-1/"])
def test_switching_never_leads_elsewhere(shop: Shop, browser: Client, target: str) -> None:
    response = browser.post("/company/", {"customer": shop.customer.pk, "next": target})

    assert response.headers["Location"] == "/"


def test_nobody_acts_for_a_company_without_a_seat_there(shop: Shop, browser: Client) -> None:
    foreign = CustomerFactory.create(organization=shop.organization)

    browser.post("/company/", {"customer": foreign.pk})

    assert "customer_id" not in browser.session


def test_a_person_without_a_company_is_told_so(shop: Shop, client_of: Callable[[User], Client]) -> None:
    stranger = client_of(UserFactory.create())

    response = stranger.get("/orders/")

    assert response.status_code == 403
    assert "You have no company here" in text(response)
