"""The back-office takes no card number either: not in a dialog, not on a row's page, not in the configuration."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from commerce.models import Address, Customer, Setting, User
from oropay.models import ChangeNotice, Instrument, InstrumentState, Payment, PaymentTransaction
from plumbing.cardnumbers import REFUSAL
from plumbing.selectors import notes_on
from tests.backoffice.conftest import Opened, dialog, newest, page
from tests.contract.sandbox import VISA
from tests.factories import AddressFactory, ProductFactory
from tests.invoices.house import House, payable_of
from tests.storefront.pages import fields, text


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


WRITTEN = "4263 9700 0000 5262"


def refused(response: Any) -> bool:
    content = response.content.decode()
    return str(REFUSAL) in text(response) and VISA not in content and WRITTEN not in content


def test_a_note_with_one_stops_the_refund_it_was_for(charged: Payment, client: Client) -> None:
    before = PaymentTransaction.objects.count()

    response = dialog(client, charged, "refund", reason="goods", note=f"to {WRITTEN}", after=newest(charged))

    assert refused(response)
    assert PaymentTransaction.objects.count() == before
    assert not notes_on(charged)


def test_a_row_s_page_and_the_rows_within_it_are_refused(house: House, client: Client) -> None:
    address = AddressFactory.create(customer=house.customer)
    sent = fields(client.get(page(house.customer)).content.decode())
    in_line = next(name for name, value in sent.items() if name.startswith("addresses-") and value == address.line_1)

    responses = [client.post(page(house.customer), sent | {name: VISA}) for name in ("name", in_line)]

    assert [refused(response) for response in responses] == [True, True]
    assert not Customer.objects.filter(name=VISA).exists()
    assert not Address.objects.filter(line_1=VISA).exists()


def test_a_setting_of_text_is_refused(house: House, client: Client) -> None:
    url = reverse("admin:commerce_setting_changelist")
    sent = fields(client.get(url).content.decode())
    sent.pop("oropay.expiry_reminders:default")

    response = client.post(url, sent | {"oropay.expiry_reminders": VISA})

    assert refused(response)
    assert not Setting.objects.exists()


def test_an_article_number_may_look_like_one_as_an_sku_only(house: House, client: Client) -> None:
    product = ProductFactory.create(organization=house.seller)
    sent = fields(client.get(page(product)).content.decode()) | {
        "unit": str(product.unit_id),
        "category": str(product.category_id or ""),
    }

    named = client.post(page(product), sent | {"name": VISA})
    client.post(page(product), sent | {"sku": VISA})

    assert refused(named)
    product.refresh_from_db()
    assert (product.sku, product.name != VISA) == (VISA, True)


def test_the_right_account_number_of_a_notice_is_none(house: House, client: Client) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)
    Instrument.objects.filter(payments=payment).update(fingerprint="the-account", state=InstrumentState.ACTIVE)
    account = Instrument.objects.get(payments=payment)
    told = {"code": "C01", "noticed_on": "2026-01-12", "account_number": VISA, "account_number_again": VISA}

    wrong = dialog(client, account, "record_notice", **told, note=f"the letter names {VISA}")
    assert refused(wrong)
    assert not ChangeNotice.objects.exists()

    dialog(client, account, "record_notice", **told, note="by letter")
    account.refresh_from_db()
    assert account.last4 == VISA[-4:]
