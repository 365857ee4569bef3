"""The list of invoices and one invoice: tabs, search, who sees what, and how many queries a list costs."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from commerce.models import Level, Permission, User
from oropay.gateway.port import Verdict
from tests.factories import NOON, CustomerFactory, PaymentTermFactory
from tests.invoices.house import House, house_build, payable_of, placed, seat
from tests.storefront_invoices.pages import rows_of, text_of

VIEW, PAY = Permission.VIEW_INVOICE, Permission.PAY_INVOICE


@pytest.fixture
def four(house: House) -> dict[str, str]:
    """Numbers of an open, an overdue, a paid and a draft invoice."""
    net_30 = PaymentTermFactory.create(organization=house.seller, days=30)
    overdue = house.posted("30.00", now=NOON - timedelta(days=12))
    paid = house.posted("20.00")
    house.paid(payable_of(paid), amounts=["20.00"])
    opened = house.posted("10.00", payment_term=net_30, po_number="PO-77")
    house.draft("99.00")
    return {"open": opened.number, "overdue": overdue.number, "paid": paid.number}


def test_each_tab_shows_its_invoices_and_how_many_there_are(buyer: Client, four: dict[str, str]) -> None:
    by_tab = {tab: rows_of(buyer.get("/invoices/", {"tab": tab})) for tab in ("open", "overdue", "paid", "all")}

    assert by_tab == {
        "open": [four["overdue"], four["open"]],
        "overdue": [four["overdue"]],
        "paid": [four["paid"]],
        "all": [four["open"], four["paid"], four["overdue"]],
    }
    assert "Open 2 Overdue 1 Paid 1 All 3" in text_of(buyer.get("/invoices/"))


def test_due_dates_are_said_in_words(buyer: Client, four: dict[str, str]) -> None:
    page = text_of(buyer.get("/invoices/"))

    assert "due in 30 days 16 Dec 2026" in page
    assert "overdue by 12 days 4 Nov 2026" in page


@pytest.mark.parametrize("words", ["po-77", "-00003"])
def test_search_finds_by_number_and_by_po_number(buyer: Client, four: dict[str, str], words: str) -> None:
    found = rows_of(buyer.get("/invoices/", {"q": words, "tab": "all"}))

    assert found == [four["open"]]


def test_a_search_without_result_says_so(buyer: Client, four: dict[str, str]) -> None:
    page = text_of(buyer.get("/invoices/", {"q": "nothing like it"}))

    assert "Nothing found" in page


def test_pay_is_offered_only_where_something_may_be_paid_now(
    house: House, browse: Callable[[User], Client], buyer: Client, four: dict[str, str]
) -> None:
    running = house.posted("40.00")
    house.pay(payable_of(running), amounts=["40.00"])
    viewer = browse(seat(house.customer, {VIEW: Level.DEPARTMENT}))

    page = buyer.get("/invoices/", {"tab": "all"}).content.decode()

    offered = [number for number in (*four.values(), running.number) if f"/invoices/{number}/pay/" in page]
    assert sorted(offered) == sorted([four["open"], four["overdue"]])
    assert "being paid now" in page
    assert "/pay/" not in viewer.get("/invoices/", {"tab": "all"}).content.decode()


def test_a_list_costs_the_same_few_queries_however_long_it_is(house: House, buyer: Client) -> None:
    for _ in range(3):
        house.posted("10.00")
    buyer.get("/invoices/")
    with CaptureQueriesContext(
        connection,
    ) as few:
        buyer.get("/invoices/")
    for _ in range(30):
        house.posted("10.00")

    with CaptureQueriesContext(connection) as many:
        page = buyer.get("/invoices/")

    assert len(rows_of(page)) == 25
    assert len(many) == len(few)
    assert len(many) <= 8, [query["sql"][:120] for query in many]


def test_a_strangers_list_is_the_log_in(house: House, four: dict[str, str]) -> None:
    answer = Client().get("/invoices/")

    assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/account/login/")


def test_another_companys_invoice_is_a_404(house: House, browse: Callable[[User], Client]) -> None:
    invoice = house.posted("10.00")
    other = CustomerFactory.create(organization=house.seller)
    stranger = browse(seat(other, {VIEW: Level.CORPORATE, PAY: Level.CORPORATE}))

    for path in ("", "pay/", "pdf/"):
        assert stranger.get(f"/invoices/{invoice.number}/{path}").status_code == 404
    assert stranger.post(f"/invoices/{invoice.number}/pay/", {"how": "full"}).status_code == 404
    assert rows_of(stranger.get("/invoices/", {"tab": "all"})) == []


def test_another_sellers_website_does_not_know_the_invoice(house: House, buyer: Client) -> None:
    invoice = house.posted("10.00")
    invoice.organization.websites.update(domain="north.test", is_default=False)
    elsewhere = house_build()

    answer = buyer.get(f"/invoices/{invoice.number}/")

    assert elsewhere.website.domain == "testserver"
    assert answer.status_code == 404


def test_levels_decide_whose_invoices_are_seen(house: House, browse: Callable[[User], Client]) -> None:
    subsidiary = CustomerFactory.create(organization=house.seller, parent=house.customer)
    own_person = seat(house.customer, {VIEW: Level.OWN})
    own = house.billed(placed(house.order("10.00", placed_by=own_person)))
    colleagues = house.billed(placed(house.order("20.00")))
    below = _invoice_of(house, subsidiary)
    people = {
        "own": own_person,
        "department": seat(house.customer, {VIEW: Level.DEPARTMENT}),
        "corporate": seat(house.customer, {VIEW: Level.CORPORATE}),
        "below": seat(subsidiary, {VIEW: Level.CORPORATE}),
        "none": seat(house.customer, {}),
    }

    seen = {name: set(rows_of(browse(person).get("/invoices/", {"tab": "all"}))) for name, person in people.items()}

    assert seen == {
        "own": {own.number},
        "department": {own.number, colleagues.number},
        "corporate": {own.number, colleagues.number, below},
        "below": {below},
        "none": set(),
    }


def _invoice_of(house: House, customer: object) -> str:
    return replace(house, customer=customer).posted("30.00").number  # type: ignore[arg-type]


def test_an_invoice_page_says_how_it_stands_and_shows_its_payments(house: House, buyer: Client) -> None:
    invoice = house.posted("100.00", tax_rate="0.08", po_number="PO-77")
    house.paid(payable_of(invoice), amounts=["8.00"])
    debit = house.pay(payable_of(invoice), amounts=["50.00"], bank=True)
    house.says(debit, Verdict.PENDING)

    page = text_of(buyer.get(f"/invoices/{invoice.number}/"))

    assert "Status Overdue" not in page
    assert "Partly paid" in page
    assert "Balance $100.00" in page
    assert "Paid $8.00" in page
    assert "On its way $50.00" in page
    assert "due today · 16 Nov 2026" in page
    assert "PO number PO-77" in page
    assert "Pay $50.00" in page
    assert "Accepted by the bank" in page
    assert "Captured" not in page
    assert "Visa ending in 4242" in page


def test_somebody_who_may_not_see_invoices_is_told_so_and_whom_to_ask(
    house: House, browse: Callable[[User], Client]
) -> None:
    house.posted("10.00")
    seat(house.customer, {Permission.MANAGE_USERS: Level.DEPARTMENT}, first_name="Kim", last_name="Boss")
    seat(house.customer, {Permission.MANAGE_USERS: Level.OWN}, first_name="Not", last_name="Me")

    answer = browse(seat(house.customer, {})).get("/invoices/")

    assert answer.status_code == 403
    assert "You may not see the invoices of Acme Manufacturing" in text_of(answer)
    assert "Ask your company's administrator for the permission: Kim Boss." in text_of(answer)
    assert "Nothing is left to pay" not in text_of(answer)


def test_a_draft_is_nobodys_business_but_the_sellers(house: House, buyer: Client) -> None:
    house.draft("10.00")

    answer = buyer.get("/invoices/", {"tab": "all"})

    assert rows_of(answer) == []
    assert "Invoices appear here as soon as they are issued." in text_of(answer)
    assert house.customer.invoices.count() == 1
    assert Decimal(0) == sum((payable.total for payable in house.customer.payables.all()), Decimal(0))
