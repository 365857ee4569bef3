"""Lists: what an empty one says, how long ids look, and the buttons of a document's payments."""

from typing import Any

import pytest
from django.contrib import admin
from django.test import Client
from django.urls import reverse

from backoffice.display import short_id
from commerce.models import Setting, User
from oropay.gateway.port import Verdict
from oropay.models import ProviderAccount
from reconciliation.models import Expectation
from tests.backoffice.conftest import Opened, address, page
from tests.invoices.house import House, payable_of

OWN_PAGES = {Setting, Expectation}
"""Their lists are pages of their own."""


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def test_every_list_says_what_will_appear_in_it(db: None) -> None:
    silent = {model for model, one in admin.site._registry.items() if not one.empty}  # type: ignore[attr-defined]

    assert silent == OWN_PAGES


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("reconciliation_deposit", "A deposit appears here when the gateway has reported it"),
        ("reconciliation_exceptioncase", "An exception appears here when a pull finds something that does not fit"),
        ("oropay_alert", "An alert appears here when something about money needs a person"),
    ],
)
def test_an_empty_list_is_told_from_one_that_is_filtered_empty(
    house: House, client: Client, name: str, words: str
) -> None:
    listing = reverse(f"admin:{name}_changelist")

    empty, searched = (client.get(listing, query).content.decode() for query in ({}, {"q": "nobody"}))

    assert words in empty
    assert 'data-state="empty"' in empty
    assert words not in searched
    assert "none that fits this search and these filters" in searched
    assert "This page yielded" not in empty + searched


def test_a_long_id_shows_its_ends_and_holds_the_whole() -> None:
    name = "TRN_Ab3dEfGh1jKlMn0pQrStUvWxYz012345"

    assert short_id(name) == f'<span class="office-id" title="{name}">TRN_…2345</span>'
    assert short_id("TRN_12") == '<span class="office-id" title="TRN_12">TRN_12</span>'
    assert "–" in short_id("")


def test_an_order_offers_what_its_payment_allows(house: House, client: Client, clerk: User, opened: Opened) -> None:
    house.hold_at_checkout()
    order = house.order("100.00")
    held = house.pay(order.payable, amounts=["100.00"])
    house.says(held, Verdict.APPROVED)

    assert buttons(client, order) == {
        f"Capture · #{held.pk}": address(held, "capture"),
        f"Renew the hold · #{held.pk}": address(held, "renew"),  # its seven days are long over
        f"Cancel authorization · #{held.pk}": address(held, "cancel"),
    }
    assert buttons(opened(clerk), order) == {
        f"Capture · #{held.pk}": address(held, "capture"),
        f"Renew the hold · #{held.pk}": address(held, "renew"),
    }


def test_an_invoice_offers_the_refund_of_its_payment_only(house: House, client: Client) -> None:
    invoice, other = house.posted("100.00"), house.posted("50.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    declined = house.pay(payable_of(other), amounts=["50.00"])
    house.says(declined, Verdict.DECLINED)

    assert buttons(client, invoice) == {
        f"Refund · #{payment.pk}": address(payment, "refund"),
    }
    assert buttons(client, other) == {}


def buttons(client: Client, row: Any) -> dict[str, str]:
    (table,) = [one for one in client.get(page(row)).context["sections"] if one.title == "Payments"]
    return {str(words): where for words, where in table.buttons}


def test_an_account_that_answered_says_so_before_its_first_silence(house: House, client: Client) -> None:
    account = ProviderAccount.objects.get()

    states = [state_of(client, account)]
    house.paid(payable_of(house.posted("50.00")), amounts=["50.00"])
    states.append(state_of(client, account))
    house.says(house.pay(payable_of(house.posted("100.00")), amounts=["100.00"]), Verdict.UNKNOWN)
    states.append(state_of(client, account))
    house.paid(payable_of(house.posted("20.00")), amounts=["20.00"])
    states.append(state_of(client, account))

    assert states == ["not_asked", "answering", "silent", "answering"]


def state_of(client: Client, account: ProviderAccount) -> str:
    content = client.get(page(account)).content.decode()
    return next(one for one in ("not_asked", "answering", "silent") if f'data-state="{one}"' in content)
