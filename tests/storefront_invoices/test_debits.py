"""What a buyer reads of a bank debit: the day it is expected to settle, and why it came back."""

import re
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from invoices.models import Invoice
from oropay.gateway.port import Verdict
from oropay.limits import limits_read
from oropay.models import CheckState, Instrument, Payment
from plumbing.models import Mail
from tests.invoices.house import House, payable_of
from tests.storefront.accountchecks import OnlyAcme
from tests.storefront_invoices.pages import text_of
from tests.storefront_invoices.test_pay import BANK, by_bank, form_of, send


@pytest.fixture
def invoice(house: House) -> Invoice:
    return house.posted("100.00")


@pytest.fixture
def payment(house: House, invoice: Invoice) -> Payment:
    """A bank debit of 100.00 under way since Monday noon: Thursday is the third banking day after it."""
    payment = house.pay(payable_of(invoice), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)
    return payment


def test_the_day_a_debit_is_expected_to_settle_is_on_every_page(
    invoice: Invoice, payment: Payment, buyer: Client
) -> None:
    assert "expected to settle on 19 Nov 2026" in text_of(buyer.get(f"/invoices/{invoice.number}/"))
    assert "19 Nov 2026" in text_of(buyer.get(f"/pay/{payment.uuid}/"))
    assert "when it has settled, expected on 19 Nov 2026" in text_of(buyer.get(f"/receipts/{payment.uuid}/"))


def test_who_pays_gets_a_mail_with_the_day_and_what_may_still_happen(house: House, payment: Payment) -> None:
    mail = Mail.objects.get(subject__contains="on its way")

    assert (mail.to, mail.subject) == (house.buyer.email, "Your bank debit of $100.00 is on its way")
    assert "It is expected to settle on 19 Nov 2026." in mail.text
    assert "Until then your bank may still refuse it" in mail.text
    assert f"/pay/{payment.uuid}/" in mail.text


def test_the_invoice_says_in_plain_words_why_its_debit_came_back(
    house: House, invoice: Invoice, payment: Payment, buyer: Client
) -> None:
    house.says(payment, Verdict.APPROVED)
    house.sent_back(payment, "R01")

    words = text_of(buyer.get(f"/invoices/{invoice.number}/"))

    assert "Returned on 16 Nov 2026. The account did not have enough money that day." in words
    assert "expected to settle" not in words


def test_the_invoice_says_why_a_debit_was_refused_before_it_settled(
    house: House, invoice: Invoice, payment: Payment, buyer: Client
) -> None:
    house.sent_back(payment, "R03")

    words = text_of(buyer.get(f"/invoices/{invoice.number}/"))

    assert "Refused on 16 Nov 2026. Please enter the account and routing numbers again" in words


def test_a_plugged_in_account_check_refuses_at_the_field_and_nothing_is_debited(
    house: House, buyer: Client, invoice: Invoice, settings: Any
) -> None:
    settings.OROPAY_ACCOUNT_CHECK = "tests.storefront.accountchecks.OnlyAcme"
    OnlyAcme.asked.clear()
    data = form_of(buyer, invoice) | by_bank(house) | {"bank_holder_name": "Somebody else"}

    answer = send(buyer, invoice, data)

    page = answer.content.decode()
    assert answer.status_code == 422
    assert re.search(r'id="id_bank_holder_name_error"[^>]*>(\s|<[^>]+>)*This account is held by somebody else\.', page)
    assert data["bank_account"] not in page
    assert not Payment.objects.exists()
    assert not Instrument.objects.exists()


def test_what_a_plugged_in_account_check_found_is_kept_and_asked_once(
    house: House, buyer: Client, invoice: Invoice, settings: Any
) -> None:
    settings.OROPAY_ACCOUNT_CHECK = "tests.storefront.accountchecks.OnlyAcme"
    OnlyAcme.asked.clear()

    answer = send(buyer, invoice, form_of(buyer, invoice) | by_bank(house) | {"bank_holder_name": "Acme"})

    account = Instrument.objects.get()
    assert answer.status_code == 302
    assert (account.check_state, account.check_words) == (CheckState.VERIFIED, "Held by Acme, open since 2012.")
    assert [asked.account_number for asked in OnlyAcme.asked] == [BANK["bank_account"]]


def test_who_is_locked_out_has_no_account_check_asked(
    house: House, buyer: Client, invoice: Invoice, settings: Any
) -> None:
    settings.OROPAY_ACCOUNT_CHECK = "tests.storefront.accountchecks.OnlyAcme"
    settings.OROPAY_VELOCITY = limits_read("verification/user/600=0:1")
    OnlyAcme.asked.clear()
    send(buyer, invoice, form_of(buyer, invoice) | by_bank(house) | {"bank_holder_name": "Somebody else"})

    answer = send(buyer, invoice, form_of(buyer, invoice) | by_bank(house) | {"bank_holder_name": "Acme"})

    assert answer.status_code == 422
    assert "Nothing was charged. There were too many tries to pay from here." in text_of(answer)
    assert len(OnlyAcme.asked) == 1
    assert not Payment.objects.exists()


def test_a_debit_does_not_wait_for_the_check_of_its_own_account(
    house: House, buyer: Client, invoice: Invoice, settings: Any
) -> None:
    settings.OROPAY_VELOCITY = limits_read("verification/user/600=1:9, charge/user/600=5:9")
    settings.OROPAY_VELOCITY_PAUSE = timedelta(seconds=30)
    settings.OROPAY_ACCOUNT_CHECK = "tests.storefront.accountchecks.OnlyAcme"
    send(buyer, invoice, form_of(buyer, invoice) | by_bank(house) | {"bank_holder_name": "Somebody else"})

    answer = send(buyer, invoice, form_of(buyer, invoice) | by_bank(house) | {"bank_holder_name": "Acme"})

    assert answer.status_code == 302
    assert Payment.objects.get().amount == 100
