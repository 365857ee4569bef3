import json
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from commerce.models import Level, Permission, User
from oropay import pool
from oropay.limits import limits_read
from oropay.models import (
    FailureReason,
    InstrumentState,
    Lockout,
    MoneyState,
    Payment,
    Subject,
    TransactionState,
)
from tests.checkout.shop import Shop
from tests.factories import CustomerFactory
from tests.storefront.pages import text


@pytest.fixture
def payment(shop: Shop) -> Payment:
    """A card payment that is on its way."""
    return shop.pay(shop.place(shop.checkout()))


def moved(payment: Payment, state: MoneyState) -> Payment:
    payment.money_state = state
    payment.save(update_fields=["money_state"])
    return payment


def test_a_payment_on_its_way_is_asked_for_every_second(browser: Client, payment: Payment) -> None:
    page = browser.get(f"/pay/{payment.uuid}/")

    html = page.content.decode()
    assert 'data-state="processing"' in html
    assert f'hx-get="/pay/{payment.uuid}/state/?known=processing" hx-trigger="every 1s"' in html
    assert "Sent to the bank… usually 2–4 seconds." in text(page)
    assert "You may wait here or close this page" in text(page)


def test_nothing_new_is_an_empty_answer(browser: Client, payment: Payment) -> None:
    response = browser.get(f"/pay/{payment.uuid}/state/?known=processing")

    assert (response.status_code, response.content) == (204, b"")


def test_an_unknown_outcome_says_it_is_safe_to_wait(browser: Client, payment: Payment) -> None:
    moved(payment, MoneyState.UNKNOWN)

    response = browser.get(f"/pay/{payment.uuid}/state/?known=processing")

    assert response.status_code == 200
    assert 'data-state="unknown"' in response.content.decode()
    assert "It is safe to wait or close this page; you will not be charged twice." in text(response)
    assert "hx-trigger" in response.content.decode()


@pytest.mark.parametrize("state", [MoneyState.CAPTURED, MoneyState.AUTHORIZED, MoneyState.SETTLING])
def test_a_success_stops_asking_and_leads_to_the_thanks(browser: Client, payment: Payment, state: MoneyState) -> None:
    moved(payment, state)

    response = browser.get(f"/pay/{payment.uuid}/state/?known=processing")

    html = response.content.decode()
    assert response.status_code == 286
    assert f'data-state="{state}"' in html
    assert "hx-trigger" not in html
    assert "/thanks/" in html
    assert "To your order" in text(response)
    assert '<span class="badge bg-primary-lt" id="list-count" hx-swap-oob="true">' in html
    assert "hx-swap-oob" not in browser.get(f"/pay/{payment.uuid}/").content.decode()


def test_a_decline_says_that_nothing_was_charged_and_offers_another_way(
    shop: Shop, browser: Client, payment: Payment
) -> None:
    row = payment.transactions.get()
    row.state = TransactionState.SENDING
    row.save()
    row.state, row.result_code, row.message = TransactionState.DECLINED, "103", "LOST OR STOLEN"
    row.save()
    moved(payment, MoneyState.DECLINED)
    checkout = payment.parts.get().payable.order.checkout  # type: ignore[union-attr]
    checkout.state = "open"
    checkout.save()

    response = browser.get(f"/pay/{payment.uuid}/")

    words = text(response)
    assert "Nothing was charged. The payment was declined. Your bank declined the card." in words
    assert "stolen" not in words.lower()
    assert f'href="/checkout/{checkout.uuid}/payment/">Try another way to pay' in response.content.decode()


@pytest.mark.parametrize(
    ("reason", "says", "button"),
    [
        (FailureReason.NOT_SENT, "Nothing was charged. The payment could not be sent to the bank", "Try again"),
        (FailureReason.NEVER_ARRIVED, "The payment never reached the bank; it is safe to try again.", "Try again"),
        (FailureReason.REFUSED, "which is our mistake. Please pay another way, or tell us.", "Try another way to pay"),
        (
            FailureReason.REJECTED,
            "Nothing was taken. Your bank refused the debit. Please use another account, or ask your bank why.",
            "Try another way to pay",
        ),
    ],
)
def test_a_failed_payment_says_why_and_offers_what_helps(
    browser: Client, payment: Payment, reason: FailureReason, says: str, button: str
) -> None:
    row = payment.transactions.get()
    row.state = TransactionState.SENDING
    row.save()
    row.state, row.failure_reason = TransactionState.FAILED, reason
    row.save()
    moved(payment, MoneyState.FAILED)

    words = text(browser.get(f"/pay/{payment.uuid}/"))

    assert says in words
    assert f" {button} Order" in words
    assert ("try again" in words.lower()) == (button == "Try again")


def test_after_eight_seconds_the_page_says_that_it_takes_longer(browser: Client, payment: Payment) -> None:
    Payment.objects.filter(pk=payment.pk).update(created_at=timezone.now() - timedelta(seconds=9))

    late = browser.get(f"/pay/{payment.uuid}/state/?known=processing")
    again = browser.get(f"/pay/{payment.uuid}/state/?known=processing-slow")

    assert late.status_code == 200
    assert "This takes longer than usual. It is safe to wait" in text(late)
    assert "2–4 seconds" not in text(late)
    assert 'data-state="processing"' in late.content.decode()
    assert "known=processing-slow" in late.content.decode()
    assert again.status_code == 204


def test_a_card_that_could_not_be_kept_is_told(shop: Shop, browser: Client) -> None:
    payment = shop.pay(shop.place(shop.checkout()), keep=True)
    moved(payment, MoneyState.CAPTURED)

    assert payment.instrument is not None
    assert payment.instrument.state == InstrumentState.ONCE
    assert "The card could not be saved for next time; the payment itself is not affected." in text(
        browser.get(f"/pay/{payment.uuid}/")
    )


def test_a_colleague_sees_the_state_and_not_the_card(
    shop: Shop, payment: Payment, client_of: Callable[[User], Client]
) -> None:
    colleague = client_of(shop.person(shop.customer))

    words = text(colleague.get(f"/pay/{payment.uuid}/"))

    assert "Sent to the bank" in words
    assert f"started by {shop.buyer}" in words
    assert "5262" not in words


@pytest.mark.parametrize("page", ["", "state/"])
def test_another_company_s_payment_does_not_exist(
    shop: Shop, payment: Payment, client_of: Callable[[User], Client], page: str
) -> None:
    stranger = client_of(shop.person(CustomerFactory.create(organization=shop.organization)))
    own_only = client_of(shop.person(shop.customer, {Permission.VIEW_ORDER: Level.OWN}))

    assert stranger.get(f"/pay/{payment.uuid}/{page}").status_code == 404
    assert own_only.get(f"/pay/{payment.uuid}/{page}").status_code == 404
    assert stranger.get(f"/pay/{uuid4()}/{page}").status_code == 404


def test_a_visitor_is_asked_to_log_in(client: Client, payment: Payment) -> None:
    assert client.get(f"/pay/{payment.uuid}/").headers["Location"].startswith("/account/login/")


def test_the_live_part_takes_few_queries(
    browser: Client, payment: Payment, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    with django_assert_max_num_queries(8):
        browser.get(f"/pay/{payment.uuid}/state/?known=processing")


# -- the token of a card form ---------------------------------------------------------------------------------------


def put_in_stock(shop: Shop, token: str) -> None:
    account = shop.integration.provider_account_id
    entry = {"token": token, "expires_at": (timezone.now() + timedelta(minutes=9)).isoformat()}
    pool._store().rpush(pool._key(account or 0), json.dumps(entry))


@pytest.fixture
def _empty_stock(shop: Shop) -> None:
    pool._store().flushdb()


@pytest.mark.usefixtures("_empty_stock")
def test_a_card_form_gets_a_token_of_its_own(shop: Shop, browser: Client) -> None:
    put_in_stock(shop, "first")
    put_in_stock(shop, "second")

    given = [browser.post("/pay/card-token/", {"integration": shop.integration.pk}).json() for _form in range(2)]

    assert [answer["token"] for answer in given] == ["first", "second"]
    assert (given[0]["expires"], given[0]["environment"]) == (240, "sandbox")


@pytest.mark.usefixtures("_empty_stock")
def test_an_empty_stock_says_that_the_form_is_loading(shop: Shop, browser: Client) -> None:
    response = browser.post("/pay/card-token/", {"integration": shop.integration.pk})

    assert response.status_code == 503
    assert response.json() == {"error": "Nothing was charged. The card form is loading; please wait a moment."}


@pytest.mark.usefixtures("_empty_stock")
def test_a_form_that_waits_for_its_token_is_not_opened_again_and_again(
    shop: Shop, browser: Client, settings: Settings
) -> None:
    settings.OROPAY_VELOCITY = limits_read("card_form/user/60=0:1")
    waits = [browser.post("/pay/card-token/", {"integration": shop.integration.pk}) for _ask in range(3)]
    put_in_stock(shop, "first")

    given = browser.post("/pay/card-token/", {"integration": shop.integration.pk})

    assert [answer.status_code for answer in waits] == [503, 503, 503]
    assert given.json()["token"] == "first"
    assert not Lockout.objects.exists()


@pytest.mark.usefixtures("_empty_stock")
def test_who_is_locked_out_gets_no_token_though_there_is_stock(shop: Shop, browser: Client, settings: Settings) -> None:
    settings.OROPAY_VELOCITY = limits_read("card_form/user/60=0:1")
    put_in_stock(shop, "first")
    put_in_stock(shop, "second")

    answers = [browser.post("/pay/card-token/", {"integration": shop.integration.pk}) for _form in range(2)]

    assert [answer.status_code for answer in answers] == [200, 429]
    assert "token" not in answers[1].json()
    assert Lockout.objects.get().subject == Subject.USER
    assert pool._store().llen(pool._key(shop.integration.provider_account_id or 0)) == 1


def test_a_card_form_needs_a_log_in_a_click_and_an_active_integration(
    shop: Shop, browser: Client, client: Client
) -> None:
    shop.integration.is_active = False
    shop.integration.save()

    assert client.post("/pay/card-token/", {"integration": shop.integration.pk}).status_code == 302
    assert browser.get("/pay/card-token/").status_code == 405
    assert browser.post("/pay/card-token/", {"integration": shop.integration.pk}).status_code == 404
    assert browser.post("/pay/card-token/", {"integration": "x"}).status_code == 404


def test_a_forged_request_for_a_token_is_refused(shop: Shop) -> None:
    careful = Client(enforce_csrf_checks=True)
    careful.force_login(shop.buyer, backend="django.contrib.auth.backends.ModelBackend")

    assert careful.post("/pay/card-token/", {"integration": shop.integration.pk}).status_code == 403
