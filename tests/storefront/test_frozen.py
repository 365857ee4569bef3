"""Frozen bank accounts and standing authorisations on the buyer's page of payment methods."""

import uuid
from collections.abc import Callable

import pytest
from django.test import Client
from django.utils import timezone

from commerce.models import User
from oropay import engine, vault
from oropay.models import (
    Freeze,
    Instrument,
    InstrumentKind,
    InstrumentRequest,
    InstrumentRequestState,
    InstrumentState,
    Mandate,
    MandateKind,
    Method,
    Payment,
    PaymentTransaction,
)
from oropay.services.ach import ach_return_add, freeze_add
from tests.checkout.shop import Shop
from tests.storefront.pages import BANK, bank_form, text


@pytest.fixture
def account(shop: Shop) -> Instrument:
    """A saved bank account with a standing authorisation."""
    saved = Instrument.objects.create(
        kind=InstrumentKind.BANK,
        state=InstrumentState.ACTIVE,
        customer=shop.customer,
        owner=shop.buyer,
        provider_account=shop.account,
        last4="0001",
        account_type="CHECKING",
        sealed=b"box",
        key_id="k",
        fingerprint="the-account",
    )
    Mandate.objects.create(
        instrument=saved,
        kind=MandateKind.STANDING,
        sec_code="CCD",
        text_version="1",
        text="I authorise debits of what we owe.",
        text_hash="0" * 64,
        amount_rule="up to $500.00",
        given_by=shop.buyer,
        given_at=timezone.now(),
    )
    return saved


def test_a_frozen_account_is_shown_with_its_reason(shop: Shop, account: Instrument, browser: Client) -> None:
    freeze_add(organization=shop.customer.organization, instrument=account, cause=None, code="R02", now=timezone.now())

    words = text(browser.get("/payment-methods/"))

    assert "Checking account ending in 0001" in words
    assert "This bank account cannot be debited: an earlier debit came back." in words


def test_a_debit_that_came_back_is_told_where_the_account_is_saved(
    shop: Shop, account: Instrument, browser: Client
) -> None:
    payment = Payment.objects.create(
        organization=shop.customer.organization,
        customer=shop.customer,
        instrument=account,
        mandate=Mandate.objects.get(),
        integration=shop.integration,
        provider_account=shop.account,
        method=Method.BANK,
        amount=100,
        currency="USD",
        attempt_key=uuid.uuid4(),
        created_by=shop.buyer,
        created_at=timezone.now(),
    )
    charge = PaymentTransaction.objects.create(
        payment=payment,
        action="charge",
        amount=100,
        currency="USD",
        reference="oro-12345678",
        created_at=timezone.now(),
    )
    ach_return_add(payment=payment, row=charge, code="R01", after_funding=False, now=timezone.now())

    words = text(browser.get("/payment-methods/"))

    assert "A debit of this account came back. Refused on" in words
    assert "did not have enough money that day" in words


def test_a_buyer_withdraws_a_standing_authorisation(account: Instrument, browser: Client) -> None:
    mandate = Mandate.objects.get()
    assert "Standing authorisation: up to $500.00" in text(browser.get("/payment-methods/"))

    first, second = (
        browser.post(f"/payment-methods/{account.uuid}/authorisations/{mandate.pk}/withdraw/", follow=True)
        for _click in range(2)
    )

    mandate.refresh_from_db()
    assert mandate.revoked_at is not None
    assert "The authorisation is withdrawn. Nothing more is debited under it." in text(first)
    assert "The authorisation was withdrawn already. Nothing more is debited under it." in text(second)


def test_a_colleague_withdraws_nothing_of_mine(
    shop: Shop, account: Instrument, client_of: Callable[[User], Client]
) -> None:
    mandate = Mandate.objects.get()
    colleague = client_of(shop.person(shop.customer))

    response = colleague.post(f"/payment-methods/{account.uuid}/authorisations/{mandate.pk}/withdraw/")

    mandate.refresh_from_db()
    assert (response.status_code, mandate.revoked_at) == (404, None)


@pytest.fixture
def frozen(shop: Shop) -> Freeze:
    """Another customer's debit of the account came back: nobody debits it any more."""
    name = vault.fingerprint(text=f"{BANK['bank_routing']}:{BANK['bank_account']}")
    return Freeze.objects.create(
        organization=shop.organization, fingerprint=name, last4="4536", code="R02", frozen_at=timezone.now()
    )


def identify() -> None:
    for pk in InstrumentRequest.objects.filter(state=InstrumentRequestState.QUEUED).values_list("pk", flat=True):
        engine.instrument_request(request_id=pk, now=timezone.now())


def refused(instrument: Instrument) -> bool:
    """Not saved, and nothing of it kept that could be debited."""
    instrument.refresh_from_db()
    return (
        (instrument.state, instrument.sealed, instrument.key_id) == (InstrumentState.DELETED, None, "")
        and Mandate.objects.get(instrument=instrument).revoked_at is not None
        and InstrumentRequest.objects.get().state == InstrumentRequestState.FAILED
    )


def test_a_frozen_account_is_refused_at_its_field_when_it_is_added(
    frozen: Freeze, browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("plumbing.waiting.time.sleep", lambda _seconds: identify())

    response = browser.post("/payment-methods/add/", bank_form(browser))

    page = text(response)
    assert response.status_code == 422
    assert "Account number This bank account cannot be debited: an earlier debit came back." in page
    assert BANK["bank_account"] not in response.content.decode()
    assert refused(Instrument.objects.get())
    assert "Nothing saved yet" in text(browser.get("/payment-methods/"))


def test_a_worker_that_is_late_says_it_on_the_page_of_payment_methods(
    frozen: Freeze, browser: Client, client_of: Callable[[User], Client], shop: Shop
) -> None:
    response = browser.post("/payment-methods/add/", bank_form(browser))
    assert response.status_code == 302
    identify()

    page = text(browser.get("/payment-methods/"))

    assert "Checking account ending in 4536 was not added. This bank account cannot be debited" in page
    assert refused(Instrument.objects.get())
    colleague = client_of(shop.person(shop.customer))
    assert "was not added" not in text(colleague.get("/payment-methods/"))


def test_an_account_whose_freeze_was_lifted_is_added(frozen: Freeze, browser: Client) -> None:
    Freeze.objects.update(lifted_at=timezone.now(), note="the bank was called")

    browser.post("/payment-methods/add/", bank_form(browser))
    identify()

    assert Instrument.objects.get().state == InstrumentState.ACTIVE


def test_a_card_that_must_be_entered_again_says_why_where_people_pay(shop: Shop, browser: Client) -> None:
    shop.saved_card(state=InstrumentState.DEAD)
    checkout = shop.checkout()

    step = text(browser.get(f"/checkout/{checkout.uuid}/payment/"))

    assert (
        "Visa ending in 5262 The payment service no longer has this card: it pays nothing. Please enter it again."
        in step
    )
