"""Staff who lose their way stay in the back-office; others read the shop's page, which tells less."""

import pytest
from django.test import Client
from django.urls import reverse

from commerce.models import User
from tests.backoffice.conftest import Opened
from tests.invoices.house import House


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("oropay/payment/999999/change/", 404, "There is nothing here"),
        ("no/such/page/", 404, "There is nothing here"),
        ("plumbing/mail/", 403, "You may not do that"),
    ],
)
def test_an_error_is_a_page_of_the_back_office_that_leads_to_the_dashboard(
    house: House, administrator: User, opened: Opened, path: str, status: int, words: str
) -> None:
    response = opened(administrator).get(reverse("admin:index") + path)

    content = response.content.decode()
    assert response.status_code == status
    assert words in content
    assert f'href="{reverse("admin:index")}">To the dashboard</a>' in content
    assert "Your pages" not in content


def test_an_old_form_says_that_nothing_was_changed(house: House, administrator: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(administrator)

    response = client.post(reverse("admin:invoices_invoice_add"), {})

    assert response.status_code == 403
    assert "To the dashboard" in response.content.decode()
    assert "Nothing was changed or charged." in response.content.decode()


def test_buyers_learn_nothing_about_the_back_office(house: House, opened: Opened) -> None:
    response = opened(house.buyer).get(reverse("admin:index") + "no/such/page/", follow=True)

    assert "To the dashboard" not in response.content.decode()
