import pytest
from django.core.cache import cache
from django.test import Client

from commerce.models import User
from plumbing.models import Mail
from tests.checkout.shop import Shop
from tests.factories import PASSWORD, StaffFactory
from tests.storefront.pages import text


@pytest.fixture(autouse=True)
def _fresh_limits() -> None:
    cache.clear()


def log_in(client: Client, email: str, password: str = PASSWORD) -> str:
    response = client.post("/account/login/", {"login": email, "password": password})
    return response.headers.get("Location", "")


def test_a_buyer_logs_in_by_email_whatever_its_case(shop: Shop, client: Client) -> None:
    assert log_in(client, shop.buyer.email.upper()) == "/"

    assert "Hello, Robin" in text(client.get("/"))


def test_staff_land_in_the_back_office(shop: Shop, client: Client) -> None:
    staff = StaffFactory.create(organization=shop.organization)

    assert log_in(client, staff.email) == "/admin/"


def test_a_wrong_password_says_nothing_about_the_address(shop: Shop, client: Client) -> None:
    known = client.post("/account/login/", {"login": shop.buyer.email, "password": "wrong"})
    unknown = client.post("/account/login/", {"login": "nobody@example.test", "password": "wrong"})

    assert known.context["form"].errors == unknown.context["form"].errors
    assert "_auth_user_id" not in client.session


def test_guessing_passwords_is_stopped(shop: Shop, client: Client) -> None:
    for _guess in range(6):
        client.post("/account/login/", {"login": shop.buyer.email, "password": "wrong"})

    assert log_in(client, shop.buyer.email) == ""
    assert "_auth_user_id" not in client.session


def test_the_back_office_uses_the_same_log_in_page(shop: Shop, client: Client) -> None:
    response = client.get("/admin/login/?next=/admin/")

    assert response.status_code == 302
    assert response.headers["Location"].startswith("/account/login/")


def test_nobody_signs_up(shop: Shop, client: Client) -> None:
    response = client.post(
        "/account/signup/", {"email": "new@example.test", "password1": PASSWORD, "password2": PASSWORD}
    )

    assert "There is no sign-up here" in text(response)
    assert not User.objects.filter(email="new@example.test").exists()


def test_a_forgotten_password_is_set_anew_through_a_mail(shop: Shop, client: Client) -> None:
    client.post("/account/password/reset/", {"email": shop.buyer.email})
    mail = Mail.objects.get()
    link = next(word for word in mail.text.split() if "/account/password/reset/key/" in word)

    page = client.get(link.replace("http://testserver", ""), follow=True)
    client.post(page.request["PATH_INFO"], {"password1": "another long word", "password2": "another long word"})

    shop.buyer.refresh_from_db()
    assert mail.to == shop.buyer.email
    assert shop.buyer.check_password("another long word")


def test_a_stranger_s_address_gets_no_mail_and_the_page_says_the_same(shop: Shop, client: Client) -> None:
    known = client.post("/account/password/reset/", {"email": shop.buyer.email}, follow=True)
    unknown = client.post("/account/password/reset/", {"email": "nobody@example.test"}, follow=True)

    assert text(known) == text(unknown)
    assert [mail.to for mail in Mail.objects.all()] == [shop.buyer.email]


def test_logging_out_takes_a_click_not_a_link(shop: Shop, browser: Client) -> None:
    assert browser.get("/account/logout/").status_code == 200
    assert "_auth_user_id" in browser.session

    browser.post("/account/logout/")

    assert "_auth_user_id" not in browser.session


def test_a_page_too_old_to_be_sent_says_that_nothing_happened(shop: Shop) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(shop.buyer, backend="django.contrib.auth.backends.ModelBackend")

    response = careful.post("/checkout/")

    assert response.status_code == 403
    assert "Nothing was changed or charged. The page was too old to be sent" in text(response)
