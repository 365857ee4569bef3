"""Bank returns and frozen accounts in the back-office: their words, their buttons, and who may press them."""

import uuid
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import AchReturn, Freeze, Instrument, InstrumentState, Payment
from oropay.services import unauthorised_until
from oropay.services.ach import freeze_add
from tests.backoffice.conftest import Opened, dialog, member, page
from tests.factories import NOON
from tests.invoices.house import House, payable_of


@pytest.fixture
def client(clerk: User, opened: Opened) -> Client:
    return opened(clerk)


def returned(house: House, code: str) -> AchReturn:
    """A settled bank debit of 100.00 that came back."""
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)
    Instrument.objects.filter(payments=payment).update(fingerprint="the-account", state=InstrumentState.ACTIVE)
    house.says(payment, Verdict.PENDING)
    house.says(payment, Verdict.APPROVED)
    house.sent_back(payment, code)
    return AchReturn.objects.get()


def test_a_return_says_in_plain_words_what_happened_and_what_may_be_done(house: House, client: Client) -> None:
    told = returned(house, "R01")

    content = client.get(page(told)).content.decode()

    assert "Insufficient funds" in content
    assert "The money was here and went back" in content
    assert "Retry debit" in content
    assert "Enter the code" not in content


def test_pages_say_until_when_a_debit_may_come_back_as_not_authorised(house: House, client: Client) -> None:
    told = returned(house, "R29")
    until = unauthorised_until(charge=told.charge)
    assert until is not None

    pages = [client.get(page(one)).content.decode() for one in (told.charge.payment, told.charge, told)]

    assert [f"{until.day} {until:%b %Y}" in content for content in pages] == [True, True, True]
    assert not [content for content in pages if "After its window" in content]


def test_an_unauthorised_return_after_its_window_is_marked_for_finance(house: House, client: Client) -> None:
    told = returned(house, "R29")
    until = unauthorised_until(charge=told.charge)
    assert until is not None
    AchReturn.objects.update(returned_on=until + timedelta(days=1))

    for address in (page(told), page(told.charge.payment)):
        content = client.get(address).content.decode()
        assert "After its window" in content
        assert "untimely return (R68)" in content
    assert "After its window" in client.get(reverse("admin:oropay_achreturn_changelist")).content.decode()


def test_a_clerk_enters_the_code_that_the_bank_named_later(house: House, client: Client, clerk: User) -> None:
    told = returned(house, "")
    assert Freeze.objects.get().lifted_at is None

    dialog(client, told, "enter_code", code="R01", note="by phone")

    told.refresh_from_db()
    assert (told.code, told.entered_by) == ("R01", clerk)
    assert Freeze.objects.get().lifted_at is not None


def test_a_clerk_debits_again_once_however_often_the_form_is_sent(house: House, client: Client) -> None:
    told = returned(house, "R01")
    key = uuid.uuid4()

    for _ in range(2):
        dialog(client, told, "retry", attempt_key=str(key))

    assert Payment.objects.filter(retry_of__isnull=False).count() == 1


def test_only_an_administrator_lets_a_frozen_account_go(
    house: House, client: Client, administrator: User, opened: Opened
) -> None:
    returned(house, "R02")
    freeze = Freeze.objects.get()

    refused = dialog(client, freeze, "lift", note="please")
    assert refused.status_code == 403
    dialog(opened(administrator), freeze, "lift", note="a new authorisation")

    freeze.refresh_from_db()
    assert (freeze.lifted_by, freeze.note) == (administrator, "a new authorisation")
    assert Instrument.objects.get().state == InstrumentState.ACTIVE


def test_returns_of_another_seller_do_not_exist(house: House, stranger: User, opened: Opened) -> None:
    told = returned(house, "R02")

    browser = opened(stranger)

    assert browser.get(page(told)).status_code == 404
    assert browser.get(page(Freeze.objects.get())).status_code == 404


def test_the_dashboard_shows_the_return_rates_against_their_limits(house: House, client: Client) -> None:
    returned(house, "R02")

    content = client.get(reverse("admin:index")).content.decode()

    assert "Returned bank debits, 60 days" in content
    assert "wrong or closed accounts" in content
    assert "Too many" in content


def test_a_sales_clerk_sees_no_returns(house: House, opened: Opened) -> None:
    told = returned(house, "R02")

    assert opened(member(house, "Sales clerk")).get(page(told)).status_code == 403


def test_an_account_is_frozen_for_every_customer_of_the_seller_and_for_no_other_seller(house: House) -> None:
    returned(house, "R03")
    theirs = Instrument.objects.get()
    other = Instrument.objects.create(
        kind="bank",
        state=InstrumentState.ACTIVE,
        customer=house.customer,
        provider_account=theirs.provider_account,
        sealed=b"box",
        key_id="k",
        fingerprint="the-account",
    )

    freeze_add(organization=house.seller, instrument=other, cause=None, code="R03", now=NOON)

    other.refresh_from_db()
    assert other.state == InstrumentState.FROZEN
    assert Freeze.objects.count() == 1
