"""Staff and finance: what was paid is refunded, settles, is matched, and the books agree."""

from collections.abc import Callable
from decimal import Decimal

from django.urls import reverse
from playwright.sync_api import Page, expect

from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay.models import Action, Integration, MoneyState, Payment, PaymentTransaction, TransactionState
from reconciliation.models import Expectation
from tests.e2e.house import House, Shop
from tests.e2e.paying import pay_invoice_by_bank, pay_invoice_by_card

Visit = Callable[[str], Page]


def test_a_clerk_refunds_part_of_a_payment_and_the_invoice_is_due_again(visit: Visit, house: House, shop: Shop) -> None:
    invoice = house.invoice(shop, "90.00")
    payment = pay_invoice_by_card(visit(shop.buyer.email), house, invoice)
    page = visit(house.seller.staff.email)

    page.goto(f"{house.url}{reverse('admin:oropay_payment_change', args=[payment.pk])}")
    page.locator("header :text('Refund'), a:has-text('Refund'), button:has-text('Refund')").first.click()
    page.get_by_label("Amount to refund").fill("30.00")
    page.locator("textarea[name=note]").fill("Two were broken")
    page.locator("button[type=submit]:visible").last.click()
    house.until(lambda: PaymentTransaction.objects.filter(payment=payment, action=Action.REFUND).exists())

    refund = PaymentTransaction.objects.get(payment=payment, action=Action.REFUND)
    house.until(lambda: PaymentTransaction.objects.get(pk=refund.pk).state == TransactionState.APPROVED)
    invoice.refresh_from_db()
    assert invoice.payable is not None
    assert (invoice.payable.paid, invoice.payable.payable_now) == (Decimal(60), Decimal(30))


def test_card_and_bank_payments_settle_and_finance_sees_them_in_the_deposit(
    visit: Visit, house: House, shop: Shop
) -> None:
    buyer = visit(shop.buyer.email)
    by_card = pay_invoice_by_card(buyer, house, house.invoice(shop, "120.00"))
    by_bank = pay_invoice_by_bank(buyer, house, house.invoice(shop, "310.00"))
    house.sandbox.control("/settlement/run", {})
    page = visit(house.seller.staff.email)

    page.goto(f"{house.url}{reverse('admin:reconciliation_expectation_changelist')}")
    page.get_by_text("Pull now").first.click()
    page.get_by_role("button", name="Pull now").last.click()
    expect(page.get_by_text("Deposits of the last")).to_be_hidden()
    house.until(lambda: state_of(by_card) == MoneyState.SETTLED and state_of(by_bank) == MoneyState.SETTLED)
    page.goto(f"{house.url}{reverse('admin:reconciliation_expectation_changelist')}?group=settled")

    expect(page.locator("body")).to_contain_text("$120.00")
    expect(page.locator("body")).to_contain_text("$310.00")
    assert Expectation.objects.filter(transaction__payment__in=[by_card, by_bank]).count() == 2
    seller = house.seller.organization.pk
    assert balance(organization_id=seller, name=AccountName.CASH_IN_TRANSIT, currency="USD") > 0
    assert balance(organization_id=seller, name=AccountName.GATEWAY_FEES, currency="USD") > 0
    assert balance(organization_id=seller, name=AccountName.BANK, currency="USD") == 0
    assert ledger_check() == []


def test_the_integration_form_offers_a_bank_debit_only_where_money_is_taken_at_once(visit: Visit, house: House) -> None:
    page = visit(house.seller.staff.email)
    page.goto(f"{house.url}{reverse('admin:oropay_integration_change', args=[house.seller.integration.pk])}")
    action, echeck, parts = (page.locator(f"#id_{name}") for name in ("payment_action", "echeck", "several_captures"))
    expect(action).to_have_value("automatic")
    expect(echeck).to_be_checked()
    expect(parts).to_be_hidden()

    action.select_option("manual")

    expect(echeck).to_be_hidden()
    expect(echeck).not_to_be_checked()
    parts.check()
    action.select_option("automatic")
    expect(echeck).to_be_visible()
    expect(echeck).not_to_be_checked()
    expect(parts).to_be_hidden()
    expect(parts).not_to_be_checked()
    assert Integration.objects.get(pk=house.seller.integration.pk).echeck


def test_the_webhook_address_is_copied_and_the_button_says_so(visit: Visit, house: House) -> None:
    page = visit(house.seller.staff.email)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=house.url)
    page.goto(f"{house.url}{reverse('admin:oropay_integration_change', args=[house.seller.integration.pk])}")
    copy = page.locator("[data-copy]")

    copy.click()

    expect(copy).to_have_text("✓")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == page.locator("[data-copy-source]").inner_text()
    assert house.seller.integration.webhook_key in copied
    expect(copy).to_have_text("Copy")


LISTS = [
    "invoices_invoice",
    "oropay_payment",
    "oropay_paymenttransaction",
    "oropay_alert",
    "commerce_order",
    "reconciliation_deposit",
    "reconciliation_exceptioncase",
    "reconciliation_expectation",
    "ledger_entry",
]

TOO_WIDE = """() => [...document.querySelectorAll('html, .office-scroll, .simplebar-content-wrapper')]
    .filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.className || one.tagName)"""

BEGINS_SMALL = """() => [...document.querySelectorAll('#result_list [data-label]')].map(one => one.dataset.label)
    .filter(name => name && name[0] !== name[0].toUpperCase())"""


def test_pages_of_the_back_office_fit_their_screen_and_lists_name_their_cells_as_their_columns(
    visit: Visit, house: House, shop: Shop
) -> None:
    invoice = house.invoice(shop, "90.00")
    payment = pay_invoice_by_card(visit(shop.buyer.email), house, invoice)
    page = visit(house.seller.staff.email)
    transaction = payment.transactions.get()

    pages = [reverse(f"admin:{name}_changelist") for name in LISTS] + [
        reverse("admin:index"),
        reverse("admin:invoices_invoice_add"),
        reverse("admin:oropay_payment_change", args=[payment.pk]),
        reverse("admin:oropay_paymenttransaction_change", args=[transaction.pk]),
        reverse("admin:invoices_invoice_change", args=[invoice.pk]),
    ]
    wide = {}
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        for address in pages:
            page.goto(f"{house.url}{address}")
            page.locator("#content-main").wait_for()
            wide[width, address] = page.evaluate(TOO_WIDE) + page.evaluate(BEGINS_SMALL)

    assert {where: found for where, found in wide.items() if found} == {}


def state_of(payment: Payment) -> str:
    return Payment.objects.get(pk=payment.pk).money_state
