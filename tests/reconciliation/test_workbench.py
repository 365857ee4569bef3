"""The finance page's selector: five groups, their totals, each row linked, in at most eight queries."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.models import Customer, User
from oropay.models import Payable, PaymentTransaction, RefundReason
from oropay.services import PartAsked, cancel_start, offline_receipt_record
from reconciliation.models import CaseKind, Deposit, ExceptionCase, Pull, PullState
from reconciliation.selectors import (
    Group,
    Workbench,
    WorkbenchFilter,
    deposit_view,
    deposits_visible_to,
    expectations_visible_to,
    organizations_visible_to,
    workbench,
)
from reconciliation.services import Pulled, case_resolve, pull_queue
from tests.factories import OrganizationFactory, StaffFactory, UserFactory
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock, send
from tests.reconciliation.standin import Reports, line

Pay = Callable[..., PaymentTransaction]
PullNow = Callable[..., Pulled]
Show = Callable[..., Workbench]

THURSDAY = date(2026, 11, 19)


@pytest.fixture
def show(customer: Customer) -> Show:
    def show(group: Group = Group.LATE, **more: object) -> Workbench:
        return workbench(
            organization=customer.organization,
            wanted=WorkbenchFilter(group=group, **more),  # type: ignore[arg-type]
            now=timezone.now(),
        )

    return show


@pytest.fixture
def one_of_each(
    pay: Pay, gateway: Reports, pull: PullNow, clock: Clock, clerk: User
) -> dict[Group, PaymentTransaction]:
    """Thursday: a settled, a late and a wrong charge of Monday, one of today, a voided one, a line nobody knows."""
    settled, late, wrong, voided = pay("100.00"), pay("40.00"), pay("30.00"), pay("11.00")
    send(cancel_start(transaction=voided, reason=RefundReason.OTHER, note="wrong order", by=clerk, now=timezone.now()))
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


def test_every_group_has_its_count_and_sum(one_of_each: object, show: Show) -> None:
    totals = show().totals

    assert {group: (total.count, total.sums) for group, total in totals.items()} == {
        Group.SETTLED: (1, (("USD", Decimal("100.00")),)),
        Group.NOT_DUE: (1, (("USD", Decimal("60.00")),)),
        Group.LATE: (1, (("USD", Decimal("40.00")),)),
        Group.AMOUNT_DIFFERS: (1, (("USD", Decimal("-1.00")),)),
        Group.UNEXPECTED: (1, (("USD", Decimal("12.50")),)),
    }


def test_every_row_links_its_payment_and_its_deposit(one_of_each: dict[Group, PaymentTransaction], show: Show) -> None:
    rows = {group: show(group).rows for group in one_of_each}

    deposit = Deposit.objects.get().pk
    assert {
        group: [(row.payment, row.gateway_id, row.expected, row.settled, row.deposit_id, row.due_on) for row in found]
        for group, found in rows.items()
    } == {
        group: [(one_of_each[group].payment, one_of_each[group].gateway_id, expected, settled, deposit_id, due_on)]
        for group, expected, settled, deposit_id, due_on in (
            (Group.SETTLED, Decimal("100.00"), Decimal("100.00"), deposit, WEDNESDAY),
            (Group.NOT_DUE, Decimal("60.00"), None, None, date(2026, 11, 23)),
            (Group.LATE, Decimal("40.00"), None, None, WEDNESDAY),
            (Group.AMOUNT_DIFFERS, Decimal("30.00"), Decimal("29.00"), deposit, WEDNESDAY),
        )
    }
    [late] = rows[Group.LATE]
    assert late.customer == "Acme Bolts"
    assert late.numbers == (one_of_each[Group.LATE].payment.parts.get().payable.number,)
    assert rows[Group.SETTLED][0].deposit_name == "DEP_1"


def test_an_unexpected_row_has_no_payment_but_its_case_and_deposit(one_of_each: object, show: Show) -> None:
    [row] = show(Group.UNEXPECTED).rows

    assert (row.payment, row.customer, row.expected, row.settled) == (None, "", None, Decimal("12.50"))
    assert row.case is not None
    assert row.case.kind == CaseKind.UNEXPECTED
    assert row.deposit_name == "DEP_1"
    assert row.difference is None


def test_a_difference_is_what_came_less_what_was_expected(one_of_each: object, show: Show) -> None:
    [row] = show(Group.AMOUNT_DIFFERS).rows

    assert row.difference == Decimal("-1.00")


def test_a_deposit_that_does_not_add_up_is_a_row_without_payment(
    gateway: Reports, pull: PullNow, clock: Clock, show: Show
) -> None:
    gateway.deposit("DEP_1", paid_on=WEDNESDAY, net="5.00")
    clock.set(WEDNESDAY)
    pull()

    [row] = show(Group.AMOUNT_DIFFERS).rows

    assert (row.payment, row.deposit_name, row.gateway_id, row.difference) == (None, "DEP_1", "DEP_1", Decimal("-5.00"))


def test_a_resolved_exception_leaves_its_group(one_of_each: object, show: Show, clerk: User) -> None:
    case = ExceptionCase.objects.get(kind=CaseKind.UNEXPECTED)

    case_resolve(case=case, remark="the shop next door", by=clerk, now=timezone.now())

    assert show(Group.UNEXPECTED).rows == []
    assert show().totals[Group.UNEXPECTED].count == 0


def test_a_page_costs_at_most_eight_queries(one_of_each: object, show: Show) -> None:
    for group in Group:
        with CaptureQueriesContext(connection) as queries:
            [row] = show(group).rows
            str(row.payment)

        assert len(queries.captured_queries) <= 8, group


def test_a_page_ends_where_the_next_begins(pay: Pay, show: Show) -> None:
    charges = [pay("1.00") for _ in range(3)]

    first, second, third = (show(Group.NOT_DUE, page=page, page_size=2) for page in (1, 2, 3))

    assert [row.payment for row in [*first.rows, *second.rows]] == [charge.payment for charge in charges]
    assert [(len(page.rows), page.has_next) for page in (first, second, third)] == [(2, True), (1, False), (0, False)]


def test_search_finds_by_customer_number_gateway_id_and_reference(
    one_of_each: dict[Group, PaymentTransaction], show: Show
) -> None:
    wanted = one_of_each[Group.NOT_DUE]

    for word in ("acme", wanted.payment.parts.get().payable.number, wanted.gateway_id, wanted.reference):
        assert [row.payment for row in show(Group.NOT_DUE, search=word).rows] == [wanted.payment], word
    assert show(Group.NOT_DUE, search="nobody").rows == []


def test_search_works_in_every_group(one_of_each: object, show: Show) -> None:
    found = {group: len(show(group, search="TRN_foreign").rows) for group in Group}

    assert found == {group: 1 if group == Group.UNEXPECTED else 0 for group in Group}


def test_settled_money_is_listed_by_deposit_day(one_of_each: object, show: Show) -> None:
    assert len(show(Group.SETTLED, since=WEDNESDAY).rows) == 1
    assert show(Group.SETTLED, since=THURSDAY).rows == []


def test_checks_wait_apart_for_the_bank(owed: Callable[[str], Payable], clerk: User, show: Show) -> None:
    payable = owed("55.00")
    offline_receipt_record(
        parts=[PartAsked(payable_id=payable.pk, amount=Decimal("55.00"))],
        received_on=MONDAY.date(),
        document="1044",
        by=clerk,
        now=MONDAY,
    )

    page = show()

    assert (page.receipts.count, page.receipts.sums) == (1, (("USD", Decimal("55.00")),))
    assert all(total.count == 0 for total in page.totals.values())


def test_the_page_says_when_it_was_pulled_last(account: object, show: Show, clerk: User, clock: Clock) -> None:
    assert (show().last_pull, show().pull_running) == (None, False)

    pull = pull_queue(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, by=clerk, now=clock.moment)  # type: ignore[arg-type]
    assert (show().last_pull, show().pull_running) == (None, True)

    Pull.objects.update(state=PullState.DONE, ended_at=clock.moment)
    assert (show().last_pull, show().pull_running) == (pull, False)


def test_another_seller_sees_nothing_of_it(one_of_each: object, clerk: User) -> None:
    elsewhere = OrganizationFactory.create()
    stranger = StaffFactory.create(organization=elsewhere)
    page = workbench(organization=elsewhere, wanted=WorkbenchFilter(), now=timezone.now())

    assert all(total.count == 0 for total in page.totals.values())
    assert list(organizations_visible_to(user=stranger)) == [elsewhere]
    assert not deposits_visible_to(user=stranger).exists()
    assert not expectations_visible_to(user=stranger).exists()
    assert deposit_view(user=stranger, deposit_id=Deposit.objects.get().pk) is None
    assert not organizations_visible_to(user=UserFactory.create()).exists()
    assert expectations_visible_to(user=clerk).count() == 5


def test_a_deposit_is_explained_by_figures_lines_entry_and_exceptions(
    one_of_each: dict[Group, PaymentTransaction], clerk: User
) -> None:
    deposit = Deposit.objects.get()

    view = deposit_view(user=clerk, deposit_id=deposit.pk)

    assert view is not None
    assert (view.version.gross, view.version.fees, view.version.net) == (
        Decimal("141.50"),
        Decimal("3.20"),
        Decimal("138.30"),
    )
    assert (view.line_count, view.line_sum) == (3, Decimal("141.50"))
    assert [(one.line.amount, one.payment, one.is_matched) for one in view.lines] == [
        (Decimal("100.00"), one_of_each[Group.SETTLED].payment, True),
        (Decimal("29.00"), one_of_each[Group.AMOUNT_DIFFERS].payment, False),
        (Decimal("12.50"), None, False),
    ]
    assert view.entry is not None
    assert [posting.amount for posting in view.entry.postings.all()] == [
        Decimal("138.30"),
        Decimal("3.20"),
        Decimal("-141.50"),
    ]
    assert {case.kind for case in view.cases} == {CaseKind.AMOUNT_DIFFERS, CaseKind.UNEXPECTED}
    assert [version.deposit_id for version in deposits_visible_to(user=clerk)] == [deposit.pk]
