"""A company pays its invoices: by bank transfer, in part, by two people at once, with nervous fingers."""

from collections.abc import Callable
from decimal import Decimal

from playwright.sync_api import Page, expect

from invoices.models import Invoice
from oropay.models import Instrument, MoneyState, Payment, PaymentTransaction
from tests.e2e.house import House, Shop, fill_card, press_pay
from tests.e2e.paying import ACCOUNT, choose, fill_bank

Visit = Callable[[str], Page]


def test_a_buyer_pays_an_invoice_by_bank_transfer_and_finance_sees_it_settle(
    visit: Visit, house: House, shop: Shop
) -> None:
    invoice = house.invoice(shop, "250.00")
    page = visit(shop.buyer.email)

    page.goto(f"{house.url}/invoices/")
    page.get_by_role("link", name=invoice.number).first.click()
    page.get_by_role("link", name="Pay $250.00").click()
    fill_bank(page)
    press_pay(page)
    house.wait_for(page, "settling")

    payment = Payment.objects.get(customer=shop.customer)
    assert payment.mandate is not None
    assert payment.mandate.sec_code == "CCD"
    assert "250.00" in payment.mandate.text
    instrument = Instrument.objects.get(payments=payment)
    assert ACCOUNT.encode() not in bytes(instrument.sealed or b"")
    page.goto(f"{house.url}/invoices/{invoice.number}/")
    expect(page.locator("[data-settling]")).to_contain_text("$250.00")


def test_part_of_an_invoice_is_paid_by_card(visit: Visit, house: House, shop: Shop) -> None:
    invoice = house.invoice(shop, "250.00")
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")

    page.locator("#how-other").check()
    page.locator("input[name=other]").fill("100.00")
    choose(page, "card")
    fill_card(page)
    press_pay(page)
    house.wait_for(page, "captured")

    payable = Invoice.objects.select_related("payable").get(pk=invoice.pk).payable
    assert payable is not None
    assert (payable.paid, payable.payable_now) == (Decimal(100), Decimal(150))


def test_what_is_typed_for_an_amount_is_what_the_debit_words_say(visit: Visit, house: House, shop: Shop) -> None:
    invoice = house.invoice(shop, "2500.00")
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
    fill_bank(page)
    amount = page.locator("input[name=other]")
    words = page.locator("[data-ach-amount]").locator("visible=true")

    for typed, said in (("1,250.50", "$1,250.50"), ("1,50", "····"), ("$40", "$40.00"), ("1e3", "····")):
        amount.fill(typed)
        expect(words).to_have_text(said)

    amount.fill("1,50")
    press_pay(page)
    expect(page.locator("#id_other_error")).to_contain_text("A comma separates thousands only")
    assert Payment.objects.filter(customer=shop.customer).count() == 0


def test_a_double_click_pays_once(visit: Visit, house: House, shop: Shop) -> None:
    invoice = house.invoice(shop, "75.00")
    page = visit(shop.buyer.email)
    page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
    fill_bank(page)

    page.locator("[data-pay-button]").dblclick()
    house.wait_for(page, "settling")

    assert PaymentTransaction.objects.filter(payment__customer=shop.customer).count() == 1


def test_two_colleagues_paying_one_invoice_at_once_pay_it_once(visit: Visit, house: House, shop: Shop) -> None:
    invoice = house.invoice(shop, "80.00")
    ann, bob = visit(shop.buyer.email), visit(shop.colleague.email)
    for page in (ann, bob):
        page.goto(f"{house.url}/invoices/{invoice.number}/pay/")
        fill_bank(page)
    slow = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"slow": {"ms": 2000}}}
    house.sandbox.control("/rules", slow)

    press_pay(ann)
    ann.wait_for_url("**/pay/*/")
    press_pay(bob)

    expect(bob.locator("body")).to_contain_text("Only one payment runs at a time")
    house.wait_for(ann, "settling")
    assert Payment.objects.filter(customer=shop.customer).count() == 1
    assert Payment.objects.get(customer=shop.customer).money_state == MoneyState.SETTLING


def test_another_companys_invoice_is_not_there(visit: Visit, house: House, shop: Shop) -> None:
    invoice = house.invoice(house.company())
    page = visit(shop.buyer.email)

    answer = page.goto(f"{house.url}/invoices/{invoice.number}/")

    assert answer is not None
    assert answer.status == 404
