"""Finance's pages: the workbench with its groups and links, deposits, exceptions, and the button that pulls."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from commerce.models import User
from ledger.models import Entry, EntryKind
from oropay.models import Payment, PaymentTransaction, ProviderAccount
from oropay.services import PartAsked, offline_receipt_record
from reconciliation.models import (
    CaseKind,
    Deposit,
    ExceptionCase,
    Expectation,
    Pull,
    PullState,
    Resolution,
    SettlementLine,
)
from reconciliation.selectors import Group
from reconciliation.services import Pulled
from tests.factories import OrganizationFactory, StaffFactory
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock
from tests.reconciliation.standin import Reports, line

pytestmark = pytest.mark.usefixtures("website")
THURSDAY = date(2026, 11, 19)
VIEWS = (
    "view_expectation",
    "view_deposit",
    "view_settlementline",
    "view_exceptioncase",
    "view_pull",
    "add_pull",
    "resolve_exceptioncase",
)


def page(model: type[Any], row: Any = None, **query: Any) -> str:
    name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
    if row is None:
        return reverse(f"{name}_changelist", query=query or None)
    return reverse(f"{name}_change", args=[row.pk])


def allow(user: User, *codenames: str) -> User:
    user.user_permissions.add(*Permission.objects.filter(codename__in=codenames))
    return User.objects.get(pk=user.pk)


@pytest.fixture
def office(client: Client, clerk: User) -> Client:
    """The finance clerk, logged in."""
    client.force_login(allow(clerk, *VIEWS, "view_payment", "view_paymenttransaction", "view_entry"))
    return client


@pytest.fixture
def one_of_each(
    pay: Callable[..., PaymentTransaction],
    gateway: Reports,
    pull: Callable[..., Pulled],
    clock: Clock,
) -> dict[Group, PaymentTransaction]:
    """Thursday: a settled, a late and a wrong charge of Monday, one of today, a line nobody knows."""
    settled, late, wrong = pay("100.00"), pay("40.00"), pay("30.00")
    gateway.deposit(
        "DEP_1",
        line(settled.gateway_id, "100.00", at=MONDAY),
        line(wrong.gateway_id, "29.00", at=MONDAY),
        line("TRN_foreign", "12.50", at=MONDAY),
        paid_on=WEDNESDAY,
        fees="3.20",
    )
    clock.set(THURSDAY)
    fresh = pay("60.00")
    pull()
    return {Group.SETTLED: settled, Group.LATE: late, Group.AMOUNT_DIFFERS: wrong, Group.NOT_DUE: fresh}


def test_every_row_leads_to_its_payment_and_its_deposit(
    one_of_each: dict[Group, PaymentTransaction], office: Client
) -> None:
    deposit = page(Deposit, Deposit.objects.get())

    for group, charge in one_of_each.items():
        html = office.get(page(Expectation, group=group.value)).content.decode()

        assert f'data-state="{group.value}"' in html
        assert "Acme Bolts" in html
        linked = {key for key, other in one_of_each.items() if f'href="{page(Payment, other.payment)}"' in html}
        assert linked == {group}, charge
        assert (f'href="{deposit}"' in html) is (group in {Group.SETTLED, Group.AMOUNT_DIFFERS})


def test_the_tabs_count_and_add_up_and_dates_are_in_words(one_of_each: object, office: Client) -> None:
    html = " ".join(office.get(page(Expectation)).content.decode().split())

    for label, count, total in (
        ("Late", 1, "$40.00"),
        ("Amount differs", 1, "−$1.00"),
        ("Unexpected", 1, "$12.50"),
        ("Not yet due", 1, "$60.00"),
        ("Settled", 1, "$100.00"),
    ):
        assert (
            f"<span>{label}</span> <strong>{count}</strong> "
            f'<span class="office-quiet"><span class="office-money">{total}</span></span>' in html
        )
    assert "1 day ago · 18 Nov 2026" in html
    assert "Pull now" in html


def test_an_empty_workbench_says_what_will_appear(office: Client, account: ProviderAccount) -> None:
    html = office.get(page(Expectation)).content.decode()

    assert "Nothing is late." in html
    assert "Nothing was pulled yet." in html


def test_what_is_settled_shows_the_day_of_its_deposit(one_of_each: object, office: Client) -> None:
    section = office.get(page(Expectation, group="settled")).context["section"]

    ((*_before, settled_on),) = [row[: section.headers.index("Settled on") + 1] for row in section.rows]
    assert "Due" not in section.headers
    assert ">18 Nov 2026<" in settled_on


def test_what_came_and_went_unexpected_is_not_netted(
    gateway: Reports, pull: Callable[..., Pulled], clock: Clock, office: Client
) -> None:
    gateway.deposit(
        "DEP_1",
        line("TRN_in", "43.21", at=MONDAY),
        line("TRN_out", "-21.00", at=MONDAY, kind="REFUND"),
        paid_on=WEDNESDAY,
    )
    clock.set(THURSDAY)
    pull()

    html = " ".join(office.get(page(Expectation)).content.decode().split())

    assert '<span class="office-money">$43.21</span> in · <span class="office-money">−$21.00</span> out' in html
    assert "$22.21" not in html


def test_search_and_pages_keep_the_group(one_of_each: object, office: Client) -> None:
    html = office.get(page(Expectation, group="settled", q="nobody")).content.decode()

    assert "Nothing here fits the search." in html
    assert 'name="group" value="settled"' in html


@pytest.mark.parametrize("query", [{"group": "all"}, {"page": "x"}, {"page": "0"}, {"organization": "999999"}])
def test_an_address_nobody_was_given_does_not_exist(query: dict[str, str], office: Client) -> None:
    assert office.get(page(Expectation, **query)).status_code == 404


def test_without_the_permission_there_is_no_workbench(client: Client, clerk: User) -> None:
    client.force_login(clerk)

    assert client.get(page(Expectation)).status_code == 403
    assert "Workbench" not in client.get(reverse("admin:index")).content.decode()


def test_another_seller_sees_nothing(one_of_each: object, client: Client) -> None:
    stranger = allow(StaffFactory.create(organization=OrganizationFactory.create()), *VIEWS)
    client.force_login(stranger)

    assert "Acme Bolts" not in client.get(page(Expectation)).content.decode()
    assert "DEP_1" not in client.get(page(Deposit)).content.decode()
    for row in (
        Deposit.objects.get(),
        SettlementLine.objects.all()[0],
        ExceptionCase.objects.all()[0],
        Expectation.objects.all()[0],
    ):
        assert client.get(page(type(row), row)).status_code == 404


def test_a_superuser_chooses_the_seller(one_of_each: dict[Group, PaymentTransaction], client: Client) -> None:
    OrganizationFactory.create(name="Other Seller")
    boss = StaffFactory.create(is_superuser=True, organization=None)
    client.force_login(boss)
    mine = one_of_each[Group.LATE].payment.organization

    html = client.get(page(Expectation, organization=mine.pk)).content.decode()

    assert "Other Seller" in html
    assert "Acme Bolts" in html


def test_the_workbench_costs_few_queries(one_of_each: object, office: Client) -> None:
    office.get(page(Expectation))

    with CaptureQueriesContext(connection) as queries:
        office.get(page(Expectation, group="settled"))

    assert len(queries.captured_queries) <= 12


def test_the_list_of_deposits_shows_figures_entry_and_whether_it_adds_up(one_of_each: object, office: Client) -> None:
    html = office.get(page(Deposit)).content.decode()

    for shown in ("DEP_1", "18 Nov 2026", "FUNDED", "$141.50", "$3.20", "$138.30"):
        assert shown in html
    assert f'href="{page(Entry, Entry.objects.get(kind=EntryKind.DEPOSIT_ADVICE))}"' in html
    assert "Adds up" in html


def test_a_deposit_shows_its_figures_lines_and_entry(
    one_of_each: dict[Group, PaymentTransaction], office: Client
) -> None:
    html = office.get(page(Deposit, Deposit.objects.get())).content.decode()

    assert "Lines: 3, together $141.50" in html
    assert "TRN_foreign" in html
    assert f'href="{page(Payment, one_of_each[Group.SETTLED].payment)}"' in html
    assert "Cash in transit" in html
    assert "−$3.20" in html
    assert "Amount differs" in html


def test_every_row_has_a_page_and_every_list_opens(one_of_each: object, office: Client) -> None:
    rows = [*Expectation.objects.all(), *SettlementLine.objects.all(), *ExceptionCase.objects.all()]

    assert {row: office.get(page(type(row), row)).status_code for row in rows} == dict.fromkeys(rows, 200)
    for address in (page(SettlementLine), page(ExceptionCase), page(Pull)):
        assert office.get(address).status_code == 200, address


def test_pull_now_asks_first_and_then_queues_one_pull(office: Client, account: ProviderAccount, clerk: User) -> None:
    button = reverse("admin:reconciliation_expectation_pull_now")

    dialog = office.get(button)

    assert "No money moves." in dialog.content.decode()
    assert not Pull.objects.exists()

    answer = office.post(button, {"days": "35", "_form_submitted": "True"})

    assert answer.status_code == 302
    pull = Pull.objects.get()
    assert (pull.state, pull.asked_by, pull.provider_account) == (PullState.QUEUED, clerk, account)
    assert (pull.until - pull.since).days == 34
    assert "A pull is running" in office.get(page(Expectation)).content.decode()


def test_pull_now_needs_its_permission(client: Client, clerk: User, account: ProviderAccount) -> None:
    client.force_login(allow(clerk, "view_expectation"))
    button = reverse("admin:reconciliation_expectation_pull_now")

    assert client.post(button, {"days": "7", "_form_submitted": "True"}).status_code == 403
    assert not Pull.objects.exists()
    assert "Pull now" not in client.get(page(Expectation)).content.decode()


def test_pull_now_of_one_seller_leaves_the_others_alone(office: Client, account: ProviderAccount) -> None:
    other = ProviderAccount.objects.get(pk=account.pk)
    other.pk, other.organization = None, OrganizationFactory.create()
    other.save()

    office.post(reverse("admin:reconciliation_deposit_pull_now"), {"days": "7", "_form_submitted": "True"})

    assert [pull.provider_account for pull in Pull.objects.all()] == [account]


def test_an_exception_is_assigned_and_ignored_with_a_reason(one_of_each: object, office: Client, clerk: User) -> None:
    case = ExceptionCase.objects.get(kind=CaseKind.UNEXPECTED)
    assign = reverse("admin:reconciliation_exceptioncase_assign", args=[case.pk])
    ignore = reverse("admin:reconciliation_exceptioncase_ignore", args=[case.pk])

    office.post(assign, {"owner": str(clerk.pk), "_form_submitted": "True"})
    refused = office.post(ignore, {"remark": "", "_form_submitted": "True"})
    case.refresh_from_db()
    assert (case.owner, case.is_open, refused.status_code) == (clerk, True, 200)

    office.post(ignore, {"remark": "the shop next door", "_form_submitted": "True"})

    case.refresh_from_db()
    assert (case.resolution, case.remark, case.resolved_by) == (Resolution.IGNORED, "the shop next door", clerk)
    assert "the shop next door" in office.get(page(ExceptionCase, case)).content.decode()
    assert ">Ignore with a reason<" not in office.get(page(ExceptionCase, case)).content.decode()


def test_resolving_needs_its_permission(one_of_each: object, client: Client, clerk: User) -> None:
    client.force_login(allow(clerk, "view_exceptioncase"))
    case = ExceptionCase.objects.get(kind=CaseKind.UNEXPECTED)

    answer = client.post(
        reverse("admin:reconciliation_exceptioncase_ignore", args=[case.pk]), {"remark": "x", "_form_submitted": "True"}
    )

    assert answer.status_code == 403
    case.refresh_from_db()
    assert case.is_open


def test_checks_that_wait_for_the_bank_are_told_apart(
    owed: Callable[..., Any],
    clerk: User,
    office: Client,
) -> None:
    offline_receipt_record(
        parts=[PartAsked(payable_id=owed("55.00").pk, amount=Decimal("55.00"))],
        received_on=MONDAY.date(),
        document="1044",
        by=clerk,
        now=MONDAY,
    )

    html = office.get(page(Expectation)).content.decode()

    assert "1 check or wire" in html
    assert "waits for a bank statement" in html
