"""The page of payment methods: own cards, the company's, and who may do what with them."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, Settings

from commerce.models import Level, Permission, User
from oropay import engine
from oropay.limits import limits_read
from oropay.models import (
    Instrument,
    InstrumentDefault,
    InstrumentKind,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
    Mandate,
    MandateKind,
    Payment,
    Purpose,
)
from oropay.services import instrument_prefer
from storefront.methods import ends_in
from storefront.pay import order_stub, pay_options
from tests.checkout.shop import Shop
from tests.factories import CustomerFactory
from tests.storefront.accountchecks import OnlyAcme
from tests.storefront.pages import bank_form, fields, inputs, send, text

Opened = Callable[[User], Client]

PAYS_ONLY = {Permission.PAY_INVOICE: Level.DEPARTMENT, Permission.CREATE_ORDER: Level.DEPARTMENT}


@pytest.fixture
def shared(shop: Shop) -> Instrument:
    """The company's card."""
    return shop.saved_card(owner=None, token="PMT_company", last4="1111", fingerprint="company")


@pytest.fixture
def clerk(shop: Shop, client_of: Opened) -> Client:
    """Somebody who may pay for the company and manages nothing."""
    return client_of(shop.person(shop.customer, PAYS_ONLY))


@pytest.fixture
def manager(shop: Shop, client_of: Opened) -> Client:
    return client_of(shop.person(shop.customer))


def work() -> None:
    """Let a worker do what is asked about instruments, long after."""
    for pk in InstrumentRequest.objects.values_list("pk", flat=True):
        engine.instrument_request(request_id=pk, now=timezone.now() + timedelta(days=1))


def test_saved_cards_are_listed_with_what_people_know_them_by(shop: Shop, browser: Client) -> None:
    shop.saved_card(expiry_month=1, expiry_year=2020)

    words = text(browser.get("/payment-methods/"))

    assert "Visa ending in 5262 expired Robin Person · expires 01/2020" in words
    assert "PMT_kept" not in browser.get("/payment-methods/").content.decode()


def test_nothing_saved_says_how_something_comes_here(browser: Client) -> None:
    words = text(browser.get("/payment-methods/"))

    assert "Nothing saved yet" in words
    assert "Add a payment method" in words


@pytest.mark.parametrize(
    ("days", "words"),
    [
        (0, "expires today"),
        (1, "expires in 1 day"),
        (13, "expires in 13 days"),
        (14, "expires in 2 weeks"),
        (23, "expires in 3 weeks"),
    ],
)
def test_a_card_that_ends_soon_says_when(days: int, words: str) -> None:
    assert ends_in(days) == words


def test_a_removed_card_is_not_offered_again_and_can_be_brought_back(card: Instrument, browser: Client) -> None:
    response = browser.post(f"/payment-methods/{card.uuid}/remove/", follow=True)

    card.refresh_from_db()
    assert card.state == InstrumentState.DELETED
    assert "Visa ending in 5262 was removed. Nothing was charged." in text(response)
    assert "Bring it back" in text(response)
    response = browser.post(f"/payment-methods/{card.uuid}/restore/", follow=True)
    card.refresh_from_db()
    assert card.state == InstrumentState.ACTIVE
    assert "Visa ending in 5262 is back." in text(response)
    assert InstrumentRequest.objects.get().state == InstrumentRequestState.CANCELED


def test_it_is_too_late_to_bring_back_what_the_gateway_was_asked_to_forget(card: Instrument, browser: Client) -> None:
    browser.post(f"/payment-methods/{card.uuid}/remove/")
    InstrumentRequest.objects.update(tries=1)

    page = text(browser.get("/payment-methods/"))
    response = browser.post(f"/payment-methods/{card.uuid}/restore/", follow=True)

    card.refresh_from_db()
    assert "Bring it back" not in page
    assert "It is too late to bring it back" in text(response)
    assert card.state == InstrumentState.DELETED


MATRIX = [
    # who, whose, sees, may change, may remove
    ("buyer", "own", True, True, True),
    ("clerk", "own", False, False, False),
    ("manager", "own", False, False, False),
    ("stranger", "own", False, False, False),
    ("buyer", "company", True, True, True),
    ("clerk", "company", True, False, False),
    ("manager", "company", True, True, True),
    ("stranger", "company", False, False, False),
]


@pytest.mark.parametrize(("who", "whose", "sees", "changes", "removes"), MATRIX)
def test_who_may_do_what(
    shop: Shop,
    card: Instrument,
    shared: Instrument,
    browser: Client,
    clerk: Client,
    manager: Client,
    client_of: Opened,
    who: str,
    whose: str,
    sees: bool,
    changes: bool,
    removes: bool,
) -> None:
    stranger = client_of(shop.person(CustomerFactory.create(organization=shop.organization)))
    client = {"buyer": browser, "clerk": clerk, "manager": manager, "stranger": stranger}[who]
    row = card if whose == "own" else shared

    listed = row.last4 in text(client.get("/payment-methods/"))
    client.post(f"/payment-methods/{row.uuid}/", {"nickname": "Mine now", "expiry_month": "12", "expiry_year": "2030"})
    row.refresh_from_db()
    changed = row.nickname == "Mine now"
    client.post(f"/payment-methods/{row.uuid}/remove/")
    row.refresh_from_db()

    assert (listed, changed, row.state == InstrumentState.DELETED) == (sees, changes, removes)


@pytest.mark.parametrize("path", ["", "remove/", "restore/"])
def test_what_is_not_one_s_own_does_not_exist(card: Instrument, manager: Client, path: str) -> None:
    response = manager.post(f"/payment-methods/{card.uuid}/{path}", follow=True)

    assert response.status_code == 404 or "It is too late to bring it back" in text(response)
    card.refresh_from_db()
    assert card.state == InstrumentState.ACTIVE


def test_one_s_first_choice_is_offered_first_where_it_was_chosen_for(
    shop: Shop, card: Instrument, shared: Instrument, browser: Client, clerk: Client
) -> None:
    page = f"/payment-methods/{card.uuid}/"

    send(browser, page, mine="orders", expiry_month="12", expiry_year="2030")

    assert InstrumentDefault.objects.get().instrument == card
    stub = order_stub(website=shop.website, customer=shop.customer)
    options = pay_options(user=shop.buyer, payable=stub, amount=shop.bolt.prices.first().amount)  # type: ignore[union-attr]
    assert [option.title for option in options][:2] == ["Visa ending in 5262", "Visa ending in 1111"]
    assert "your first choice for orders" in text(browser.get("/payment-methods/"))
    assert "first choice" not in text(clerk.get("/payment-methods/"))


def test_the_company_s_first_choice_gives_way_to_one_s_own(shop: Shop, card: Instrument, shared: Instrument) -> None:
    now = timezone.now()
    newest = shop.saved_card(token="PMT_newest", last4="3333")
    stub = order_stub(website=shop.website, customer=shop.customer)

    def offered() -> list[str]:
        options = pay_options(user=shop.buyer, payable=stub, amount=shop.bolt.prices.first().amount)  # type: ignore[union-attr]
        return [option.instrument.last4 for option in options if option.instrument]

    assert offered() == [newest.last4, "1111", "5262"]
    instrument_prefer(instrument=shared, purpose=Purpose.ORDERS, on=True, user=None, now=now)
    assert offered() == ["1111", newest.last4, "5262"]
    instrument_prefer(instrument=card, purpose=Purpose.ORDERS, on=True, user=shop.buyer, now=now)
    assert offered() == ["5262", "1111", newest.last4]


def test_a_clerk_chooses_first_among_the_company_s_but_does_not_name_or_share(
    shared: Instrument, clerk: Client
) -> None:
    page = f"/payment-methods/{shared.uuid}/"

    shown = fields(clerk.get(page).content.decode())
    clerk.post(page, {"mine": ["invoices"], "company": ["invoices"], "nickname": "X", "shared": "on"})

    shared.refresh_from_db()
    assert "nickname" not in shown
    assert [(row.purpose, row.user is None) for row in InstrumentDefault.objects.all()] == [("invoices", False)]
    assert shared.nickname == ""


def test_an_own_card_is_shared_by_those_who_manage(card: Instrument, browser: Client) -> None:
    send(browser, f"/payment-methods/{card.uuid}/", shared="on", expiry_month="12", expiry_year="2030")

    card.refresh_from_db()
    assert card.owner is None


def test_a_new_expiry_is_on_its_way_until_the_gateway_agrees(card: Instrument, browser: Client) -> None:
    response = browser.post(
        f"/payment-methods/{card.uuid}/", {"nickname": "", "expiry_month": "3", "expiry_year": "2033"}, follow=True
    )

    request = InstrumentRequest.objects.get()
    assert (request.kind, request.expiry_month, request.expiry_year) == (InstrumentRequestKind.UPDATE, 3, 2033)
    assert "The new expiry date 03/2033 is on its way to the payment service." in text(response)
    InstrumentRequest.objects.update(state=InstrumentRequestState.FAILED, ended_at=timezone.now())
    assert "The new expiry date 03/2033 was refused." in text(browser.get("/payment-methods/"))


def test_an_expiry_in_the_past_is_refused_in_the_form(card: Instrument, browser: Client) -> None:
    response = browser.post(
        f"/payment-methods/{card.uuid}/", {"nickname": "", "expiry_month": "3", "expiry_year": "2020"}
    )

    assert response.status_code == 422
    assert "Nothing was charged and nothing was changed. This date is over" in text(response)
    assert not InstrumentRequest.objects.exists()


def test_a_card_that_must_be_entered_again_says_so(shop: Shop, browser: Client) -> None:
    shop.saved_card(state=InstrumentState.DEAD)

    words = text(browser.get("/payment-methods/"))

    assert (
        "The payment service no longer has this card: it pays nothing. Please enter it again. Add a payment method"
        in words
    )


def add_bank(client: Client, **changes: str) -> str:
    response = client.post("/payment-methods/add/", bank_form(client, **changes))
    return text(client.get("/payment-methods/")) if response.status_code == 302 else text(response)


def test_a_bank_account_is_added_without_a_debit(shop: Shop, browser: Client) -> None:
    words = add_bank(browser, nickname="Plant 2")

    account, mandate = Instrument.objects.get(), Mandate.objects.get()
    assert "Checking account ending in 4536 being saved… Plant 2 · Acme" in words
    assert (account.kind, account.owner, account.last4) == (InstrumentKind.BANK, shop.buyer, "4536")
    assert b"90817263544536" not in bytes(account.sealed or b"")
    assert (mandate.kind, mandate.text_version) == (MandateKind.STANDING, "ach-authorisation-standing-v1")
    assert "debit the bank account ending in 4536" in mandate.text
    assert not Payment.objects.exists()
    work()
    account.refresh_from_db()
    assert account.state == InstrumentState.ACTIVE
    assert "being saved" not in text(browser.get("/payment-methods/"))


def test_the_same_account_added_twice_is_one(shop: Shop, browser: Client) -> None:
    add_bank(browser)
    work()
    add_bank(browser)
    work()

    words = text(browser.get("/payment-methods/"))

    first, second = Instrument.objects.order_by("pk")
    assert (first.state, second.state, second.same_as) == (InstrumentState.ACTIVE, InstrumentState.ONCE, first)
    assert words.count("Checking account ending in 4536") == 1
    assert "You entered it again just now. It was saved already, so there is one." in words
    assert set(Mandate.objects.values_list("instrument", flat=True)) == {first.pk}


def test_an_account_of_the_company_is_added_by_those_who_manage_only(
    shop: Shop, browser: Client, clerk: Client
) -> None:
    add_bank(clerk, shared="on")
    add_bank(browser, shared="on")

    owners = list(Instrument.objects.order_by("pk").values_list("owner__email", flat=True))
    assert owners[0] is not None
    assert owners[1] is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"authorised": ""}, "Please agree to the authorisation first."),
        ({"bank_account_again": "1"}, "The two account numbers differ."),
        ({"bank_routing": "122000031"}, "This routing number does not exist"),
    ],
)
def test_a_wrong_bank_form_saves_nothing_and_repeats_no_number(
    browser: Client, changes: dict[str, str], words: str
) -> None:
    response = browser.post("/payment-methods/add/", bank_form(browser, **changes))

    assert response.status_code == 422
    assert words in text(response)
    assert "90817263544536" not in response.content.decode()
    assert not Instrument.objects.exists()


def test_who_adds_bank_accounts_too_often_is_told_so_and_no_account_check_is_asked(
    browser: Client, settings: Settings
) -> None:
    settings.OROPAY_VELOCITY = limits_read("verification/user/600=0:1")
    settings.OROPAY_ACCOUNT_CHECK = "tests.storefront.accountchecks.OnlyAcme"
    OnlyAcme.asked.clear()
    browser.post("/payment-methods/add/", bank_form(browser))

    response = browser.post("/payment-methods/add/", bank_form(browser))

    assert response.status_code == 422
    assert "Nothing was charged. There were too many tries to pay from here." in text(response)
    assert len(OnlyAcme.asked) == 1
    assert Instrument.objects.count() == 1


def add_card(client: Client, **changes: str) -> Any:
    page = client.get("/payment-methods/add/").content.decode()
    method = next(one["value"] for one in inputs(page) if one.get("value", "").startswith("card:"))
    typed = {"card_token": "PMT_once", "card_brand": "visa", "card_last4": "5262", "card_holder": "Ann Lee"}
    return client.post("/payment-methods/add/", fields(page) | {"method": method} | typed | changes)


def test_a_card_is_added_by_a_check_that_charges_nothing(shop: Shop, browser: Client) -> None:
    response = add_card(browser, nickname="Travel")

    payment, card = Payment.objects.get(), Instrument.objects.get()
    assert response.headers["Location"] == f"/pay/{payment.uuid}/"
    assert (payment.amount, payment.keep_instrument, payment.created_by) == (0, True, shop.buyer)
    assert [(row.action, row.state) for row in payment.transactions.all()] == [("validate", "queued")]
    assert (card.state, card.owner, card.nickname) == (InstrumentState.ONCE, shop.buyer, "Travel")
    assert "Nothing is charged." in text(browser.get(f"/pay/{payment.uuid}/"))


def test_a_second_click_checks_the_card_once(browser: Client) -> None:
    key = "6f2a1f0e-6b1f-4c8e-9d3a-0c4f6d1f2a3b"

    first, second = add_card(browser, attempt_key=key), add_card(browser, attempt_key=key)

    assert first.headers["Location"] == second.headers["Location"]
    assert Instrument.objects.count() == 1


def test_a_company_s_card_is_added_by_those_who_manage_only(browser: Client, clerk: Client) -> None:
    add_card(clerk, shared="on")
    add_card(browser, shared="on")

    assert [row.owner is None for row in Instrument.objects.order_by("pk")] == [False, True]


def test_a_card_form_without_a_card_checks_nothing(browser: Client) -> None:
    response = add_card(browser, card_token="")

    assert response.status_code == 422
    assert not Payment.objects.exists()


def test_the_page_says_nothing_is_charged_and_has_no_box_to_keep(browser: Client) -> None:
    page = browser.get("/payment-methods/add/")

    assert "Nothing is charged." in text(page)
    assert 'name="keep"' not in page.content.decode()


def test_pages_take_few_queries(
    shop: Shop,
    card: Instrument,
    shared: Instrument,
    browser: Client,
    django_assert_max_num_queries: DjangoAssertNumQueries,
) -> None:
    for number in range(4):
        shop.saved_card(token=f"PMT_{number}", fingerprint=str(number))
    browser.post(f"/payment-methods/{shared.uuid}/remove/")

    for path in ("", "add/", f"{card.uuid}/"):
        with django_assert_max_num_queries(13):
            assert browser.get(f"/payment-methods/{path}").status_code == 200
