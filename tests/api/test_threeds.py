"""3-D Secure's addresses: what a signature opens and what it does not, stale returns, and waiting that ends."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from oropay import engine
from oropay.models import Action, Integration, MoneyState, Payment, PaymentTransaction, ThreeDS, TransactionState
from oropay.services.threeds_links import Page, token_of
from oropay.threeds import browser_step
from plumbing import waiting
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.sandbox import Sandbox
from tests.oropay.conftest import (  # noqa: F401  (fixtures)
    account,
    buyer,
    integration,
    order,
    payable,
    run,
    start,
)
from tests.oropay.threeds import CHALLENGE, actions, answer, fresh, told

S = TransactionState
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
TOLD: dict[str, Any] = {
    "methodUrlCompletion": "YES",
    "challengeWindow": {"windowSize": "WINDOWED_390X400", "displayMode": "embedded"},
    "browserData": {
        "colorDepth": "TWENTY_FOUR_BITS",
        "javaEnabled": False,
        "javascriptEnabled": True,
        "language": "en-US",
        "screenHeight": 900,
        "screenWidth": 1440,
        "timezoneOffset": -1,
        "userAgent": "what the script says is not asked for",
    },
}


@pytest.fixture(autouse=True)
def always(integration: Integration) -> None:  # noqa: F811
    cache.clear()
    Integration.objects.filter(pk=integration.pk).update(threeds=ThreeDS.ALWAYS)


@pytest.fixture
def payment(start: Callable[..., Payment]) -> Payment:  # noqa: F811
    return start(card=CHALLENGE)


@pytest.fixture
def challenged(payment: Payment, run: Run) -> Payment:  # noqa: F811
    run(payment)
    told(payment)
    run(payment)
    return fresh(payment)


def path(payment: Payment, page: Page) -> str:
    return reverse(f"api:threeds_{page}", kwargs={"token": token_of(payment=payment, page=page)})


def post(payment: Payment, page: Page, body: Any = None) -> Any:
    """As the library or a bank's page does it: no session, no CSRF header."""
    browser = Client(enforce_csrf_checks=True)
    return browser.post(
        path(payment, page), json.dumps(body or {}), content_type="application/json", headers={"accept": "text/html"}
    )


def test_the_library_hears_where_the_bank_looks_at_the_browser(payment: Payment, run: Run) -> None:  # noqa: F811
    run(payment)

    response = post(payment, Page.CHECK)

    said = response.json()
    assert (response.status_code, said["enrolled"]) == (200, True)
    assert said["methodUrl"].endswith("/acs/method")
    assert said["methodData"]
    assert "no-store" in response["Cache-Control"]


def test_the_library_hears_where_the_bank_asks_the_buyer(
    payment: Payment,
    run: Run,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run(payment)
    work_while_waiting(monkeypatch, lambda: run(payment))

    said = post(payment, Page.INITIATE, TOLD).json()

    assert (said["status"], said["challengeMandated"]) == ("CHALLENGE_REQUIRED", True)
    assert "/acs/challenge/" in said["challenge"]["requestUrl"]
    assert said["challenge"]["encodedChallengeRequest"]
    kept = fresh(payment).authentication
    assert kept.method_completion == "YES"
    assert kept.browser == {
        "accept_header": "text/html",
        "color_depth": "TWENTY_FOUR_BITS",
        "ip_address": "127.0.0.1",
        "java_enabled": False,
        "language": "en-US",
        "screen_height": 900,
        "screen_width": 1440,
        "timezone": "-1",
        "user_agent": "",
        "window_size": "WINDOWED_390X400",
    }


def work_while_waiting(monkeypatch: pytest.MonkeyPatch, work: Callable[[], object]) -> None:
    """A worker does its part while the request waits for it."""
    monkeypatch.setattr("plumbing.waiting.time.sleep", lambda _seconds: work())


def test_a_bank_that_is_slow_is_asked_for_again(payment: Payment, settings: Settings) -> None:
    settings.OROPAY_AUTHENTICATION_WAIT = timedelta(seconds=0.2)

    response = post(payment, Page.CHECK)

    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert actions(payment) == [(Action.AUTHENTICATE_CHECK, S.QUEUED)]


def test_at_most_eight_wait_in_one_process(payment: Payment, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plumbing.waiting.time.sleep", lambda _seconds: pytest.fail("it waited"))
    for _ in range(8):
        assert waiting.WAITS.acquire(blocking=False)
    try:
        response = post(payment, Page.CHECK)
    finally:
        waiting.WAITS.release(8)

    assert response.status_code == 503


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 30_000, json.dumps({"browserData": "none"})])
def test_a_browser_that_says_nonsense_changes_nothing(payment: Payment, run: Run, body: str) -> None:  # noqa: F811
    run(payment)

    response = Client().post(path(payment, Page.INITIATE), body, content_type="application/json")

    assert response.status_code == 400
    assert response.json()["error"].startswith("Nothing was charged.")
    assert actions(payment) == [(Action.AUTHENTICATE_CHECK, S.ACTION_REQUIRED)]


def test_values_no_browser_has_become_the_usual_ones(payment: Payment, run: Run, settings: Settings) -> None:  # noqa: F811
    settings.OROPAY_AUTHENTICATION_WAIT = timedelta(0)
    run(payment)
    odd = {"colorDepth": "PURPLE", "screenHeight": -1, "screenWidth": True, "language": ["x"], "timezoneOffset": {}}

    post(payment, Page.INITIATE, {"browserData": odd, "methodUrlCompletion": "MAYBE", "challengeWindow": 7})

    kept = fresh(payment).authentication
    assert kept.method_completion == "UNAVAILABLE"
    assert [
        kept.browser[name] for name in ("color_depth", "screen_height", "screen_width", "language", "timezone")
    ] == [
        "TWENTY_FOUR_BITS",
        0,
        0,
        "en",
        "0",
    ]


def test_a_return_has_the_result_read_and_says_so_to_our_own_page_only(challenged: Payment) -> None:
    response = post(challenged, Page.CHALLENGE, {"cres": "Y"})

    assert response.status_code == 200
    assert actions(challenged)[-1] == (Action.AUTHENTICATE_RESULT, S.QUEUED)
    assert response["X-Frame-Options"] == "SAMEORIGIN"
    assert response["Content-Security-Policy"].endswith("frame-ancestors 'self'")
    html = response.content.decode()
    assert 'data-threeds-event="challenge"' in html
    assert html.count("<script") == html.count("nonce=") == 2
    assert "cres" not in html


@pytest.mark.parametrize("method", ["get", "head"])
@pytest.mark.parametrize("page", [Page.METHOD, Page.CHALLENGE])
def test_a_browser_that_is_led_to_a_return_page_changes_nothing_and_finds_the_payment(
    challenged: Payment, page: Page, method: str
) -> None:
    before = actions(challenged)

    response = getattr(Client(), method)(path(challenged, page), {"cres": "eyJ0cmFuc1N0YXR1cyI6IlkifQ"})

    assert response.status_code == 200
    assert method == "head" or f'href="/pay/{challenged.uuid}/" target="_top"' in response.content.decode()
    assert actions(challenged) == before


@pytest.mark.parametrize("page", [Page.CHECK, Page.INITIATE])
def test_the_library_s_addresses_take_no_get(challenged: Payment, page: Page) -> None:
    before = actions(challenged)

    response = Client().get(path(challenged, page))

    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert actions(challenged) == before


def test_a_method_page_s_return_only_tells_the_page_around_it(payment: Payment, run: Run) -> None:  # noqa: F811
    run(payment)
    before = actions(payment)

    response = post(payment, Page.METHOD)

    assert 'data-threeds-event="method"' in response.content.decode()
    assert actions(payment) == before


def test_a_return_after_the_payment_has_ended_changes_nothing_and_shows_where_it_is(
    challenged: Payment,
    sandbox: Sandbox,  # noqa: F811
) -> None:
    row = challenged.transactions.get(state=S.ACTION_REQUIRED)
    engine.authentication_expire(transaction_id=row.pk, now=challenged.authentication.expires_at)
    answer(challenged, sandbox, "confirm")
    before = actions(challenged)

    response = post(challenged, Page.CHALLENGE)

    html = response.content.decode()
    assert response.status_code == 200
    assert "This payment has ended; nothing was changed by coming back." in html
    assert f'href="/pay/{challenged.uuid}/"' in html
    assert actions(challenged) == before
    assert fresh(challenged).money_state == MoneyState.EXPIRED


FORGED = ["nonsense", "{token}x", "x{token}"]


@pytest.mark.parametrize("page", list(Page))
@pytest.mark.parametrize("forged", FORGED)
def test_a_forged_address_opens_nothing(challenged: Payment, page: Page, forged: str) -> None:
    before = actions(challenged)
    token = forged.format(token=token_of(payment=challenged, page=page))

    response = Client().post(reverse(f"api:threeds_{page}", kwargs={"token": token}), TOLD, "application/json")

    assert response.status_code == 404
    assert actions(challenged) == before


@pytest.mark.parametrize(("signed_for", "page"), [(Page.METHOD, Page.CHALLENGE), (Page.CHALLENGE, Page.INITIATE)])
def test_a_signature_for_one_page_opens_no_other(challenged: Payment, signed_for: Page, page: Page) -> None:
    """The bank knows the addresses it returns to; they let it do nothing in the buyer's name."""
    before = actions(challenged)
    token = token_of(payment=challenged, page=signed_for)

    response = Client().post(reverse(f"api:threeds_{page}", kwargs={"token": token}), TOLD, "application/json")

    assert response.status_code == 404
    assert actions(challenged) == before


@pytest.mark.parametrize("method", ["get", "post"])
def test_a_return_after_the_fifteen_minutes_changes_nothing_and_leads_to_the_payment(
    challenged: Payment, settings: Settings, method: str
) -> None:
    address = path(challenged, Page.CHALLENGE)
    settings.OROPAY_AUTHENTICATION_WITHIN = timedelta(seconds=-1)

    response = getattr(Client(), method)(address)

    html = response.content.decode()
    assert response.status_code == 410
    assert "This payment has ended; nothing was changed by coming back." in html
    assert f'href="/pay/{challenged.uuid}/" target="_top"' in html
    assert "<script" not in html
    assert actions(challenged)[-1] == (Action.AUTHENTICATE_INITIATE, S.ACTION_REQUIRED)


@pytest.mark.parametrize("page", [Page.CHECK, Page.INITIATE])
def test_the_library_s_addresses_end_with_their_fifteen_minutes(
    challenged: Payment, settings: Settings, page: Page
) -> None:
    address = path(challenged, page)
    before = actions(challenged)
    settings.OROPAY_AUTHENTICATION_WITHIN = timedelta(seconds=-1)

    response = Client().post(address, TOLD, "application/json")

    assert response.status_code == 404
    assert actions(challenged) == before


def test_more_calls_than_a_browser_makes_are_refused(challenged: Payment, settings: Settings) -> None:
    settings.OROPAY_AUTHENTICATION_CALLS = 2

    codes = [post(challenged, Page.METHOD).status_code for _ in range(3)]

    assert codes == [200, 200, 429]
    assert post(challenged, Page.CHALLENGE).status_code == 429
    assert actions(challenged)[-1] == (Action.AUTHENTICATE_INITIATE, S.ACTION_REQUIRED)


def test_looking_again_is_one_query(challenged: Payment, django_assert_num_queries: DjangoAssertNumQueries) -> None:
    with django_assert_num_queries(1):
        browser_step(payment_id=challenged.pk)
    assert timezone.now() < challenged.authentication.expires_at


def test_a_card_number_in_what_a_script_says_is_refused_and_nothing_of_it_is_kept(
    payment: Payment,
    run: Run,  # noqa: F811
) -> None:
    run(payment)

    response = post(payment, Page.INITIATE, {**TOLD, "note": "4263 9700 0000 5262"})

    assert response.status_code == 400
    assert "4263" not in response.content.decode()
    assert [action for action, _state in actions(payment)] == [Action.AUTHENTICATE_CHECK]
    assert fresh(payment).authentication.browser == {}
