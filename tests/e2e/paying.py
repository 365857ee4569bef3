"""Paying an invoice in the browser, for tests that are about what comes after."""

from playwright.sync_api import Page

from invoices.models import Invoice
from oropay.models import Payment
from tests.e2e.house import House, fill_card, press_pay

ACCOUNT = "90817263544536"
"""A bank account number that must lie nowhere in the clear."""


def choose(page: Page, kind: str) -> None:
    page.locator(f'input[data-pay-method="{kind}"]').first.check()


def fill_bank(page: Page) -> None:
    """Type the bank account and agree to the debit."""
    choose(page, "bank")
    page.locator("input[name=bank_holder_name]").fill("Tools Inc")
    page.locator("input[name=bank_routing]").fill("122000030")
    page.locator("input[name=bank_account]").fill(ACCOUNT)
    page.locator("input[name=bank_account_again]").fill(ACCOUNT)
    for name, value in (("bank_account_type", "CHECKING"), ("bank_holder_type", "BUSINESS")):
        page.locator(f"select[name={name}]").select_option(value)
    page.get_by_label("I have read this authorisation and agree to it.").locator("visible=true").check()


def pay_invoice_by_card(page: Page, house: House, invoice: Invoice) -> Payment:
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
    choose(page, "card")
    fill_card(page)
    press_pay(page)
    house.wait_for(page, "captured")
    return Payment.objects.get(parts__payable=invoice.payable)


def pay_invoice_by_bank(page: Page, house: House, invoice: Invoice) -> Payment:
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
    fill_bank(page)
    press_pay(page)
    house.wait_for(page, "settling")
    return Payment.objects.get(parts__payable=invoice.payable)
