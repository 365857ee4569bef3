"""The workbench: everything the gateway owes us, in five groups; a row's page explains one expectation."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Self

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.reconciliation.button import PullMixin
from backoffice.admin.reconciliation.tables import cases_table
from backoffice.display import BAD, BUSY, GOOD, QUIET, dash, day, due, link, list_of, moment, money, short_id, tag
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.scoping import staff_of
from commerce.models import Organization
from reconciliation.models import Deposit, Expectation, Pull
from reconciliation.selectors import (
    Group,
    GroupTotal,
    Workbench,
    WorkbenchFilter,
    WorkRow,
    organizations_visible_to,
    workbench,
)


@dataclass(frozen=True)
class Asked:
    """What the address asks for."""

    group: Group
    search: str
    page: int
    organization: str

    @classmethod
    def of(cls, request: HttpRequest) -> Self:
        """Raises Http404 for an address nobody was given."""
        group, page = request.GET.get("group", Group.LATE.value), request.GET.get("page", "1")
        if group not in Group.values or not (page.isascii() and page.isdigit()) or not 1 <= int(page) <= 100_000:
            raise Http404
        return cls(
            group=Group(group),
            search=request.GET.get("q", "").strip()[:100],
            page=int(page),
            organization=request.GET.get("organization", ""),
        )

    def address(self, *, page: int) -> str:
        query = {"organization": self.organization, "group": self.group.value, "q": self.search, "page": page}
        return list_of(Expectation, **{name: value for name, value in query.items() if value})


def organization_of(request: HttpRequest) -> tuple[Organization, list[tuple[str, str, bool]]]:
    """Whose books to show, and links to the other sellers this person may see. Raises Http404 when there is none."""
    found = list(organizations_visible_to(user=staff_of(request)))
    asked = request.GET.get("organization", "")
    chosen = next((one for one in found if str(one.pk) == asked), None) if asked else next(iter(found), None)
    if chosen is None:
        raise Http404
    others = [(list_of(Expectation, organization=one.pk), str(one), one == chosen) for one in found]
    return chosen, others if len(others) > 1 else []


@dataclass(frozen=True)
class Tab:
    """One group above the table, with what is in it."""

    label: str
    href: str
    count: int
    sums: list[Any]
    variant: str
    active: bool
    key: str


def tab(*, bench: Workbench, group: Group, organization: Organization) -> Tab:
    total = bench.totals[group]
    return Tab(
        label=str(group.label),
        href=list_of(Expectation, organization=organization.pk, group=group.value),
        count=total.count,
        sums=flows(total) if group in PROBLEMS else sums(total),
        variant="warning" if total.count and group in PROBLEMS else "default",
        active=group == bench.group,
        key=group.value,
    )


PROBLEMS = frozenset({Group.LATE, Group.AMOUNT_DIFFERS, Group.UNEXPECTED})


def sums(total: GroupTotal) -> list[Any]:
    """What a group adds up to, by currency."""
    return [money(amount, currency) for currency, amount in total.sums]


def flows(total: GroupTotal) -> list[Any]:
    """In and out apart where there is both: a net of two problems would look like a smaller one."""
    shown: list[Any] = []
    for currency, into, out in total.flows:
        if into and out:
            shown += [
                format_html(_("{} in"), money(into, currency)),
                format_html(_("{} out"), money(out, currency)),
            ]
        else:
            shown.append(money(into or out, currency))
    return shown


@dataclass(frozen=True)
class Column:
    title: Any
    cell: Callable[[WorkRow, date], Any]
    right: bool = False


def _payment(row: WorkRow, today: date) -> Any:
    return link(row.payment, f"#{row.payment.pk}") if row.payment else dash()


def _deposit(row: WorkRow, today: date) -> Any:
    return link(Deposit(pk=row.deposit_id), short_id(row.deposit_name)) if row.deposit_id else dash()


def _case(row: WorkRow, today: date) -> Any:
    if row.case is None:
        return dash()
    owner = f" · {row.case.owner}" if row.case.owner else ""
    return link(row.case, f"{row.case.get_kind_display()}{owner}")


PAYMENT = Column(gettext_lazy("Payment"), _payment)
CUSTOMER = Column(gettext_lazy("Customer"), lambda row, today: row.customer or dash())
PAYS = Column(gettext_lazy("For"), lambda row, today: ", ".join(row.numbers) or dash())
KIND = Column(gettext_lazy("What"), lambda row, today: row.kind)
GATEWAY_ID = Column(gettext_lazy("Gateway id"), lambda row, today: short_id(row.gateway_id))
EXPECTED = Column(gettext_lazy("Expected"), lambda row, today: money(row.expected, row.currency), right=True)
SETTLED = Column(gettext_lazy("Settled"), lambda row, today: money(row.settled, row.currency), right=True)
DIFFERENCE = Column(gettext_lazy("Difference"), lambda row, today: money(row.difference, row.currency), right=True)
DUE = Column(gettext_lazy("Due"), lambda row, today: due(row.due_on, today))
SETTLED_ON = Column(gettext_lazy("Settled on"), lambda row, today: day(row.settled_on))
DEPOSIT = Column(gettext_lazy("Deposit"), _deposit)
CASE = Column(gettext_lazy("Exception"), _case)

COLUMNS: dict[Group, tuple[Column, ...]] = {
    Group.LATE: (PAYMENT, EXPECTED, DUE, CUSTOMER, PAYS, CASE, GATEWAY_ID),
    Group.AMOUNT_DIFFERS: (PAYMENT, DIFFERENCE, EXPECTED, SETTLED, CUSTOMER, PAYS, CASE, DEPOSIT),
    Group.UNEXPECTED: (PAYMENT, SETTLED, CASE, CUSTOMER, DEPOSIT, GATEWAY_ID),
    Group.NOT_DUE: (PAYMENT, EXPECTED, DUE, CUSTOMER, PAYS, KIND, GATEWAY_ID),
    Group.SETTLED: (PAYMENT, SETTLED, SETTLED_ON, CUSTOMER, PAYS, KIND, DEPOSIT, GATEWAY_ID),
}

EMPTY: dict[Group, Any] = {
    Group.LATE: gettext_lazy("Nothing is late. What the gateway has not deposited by its due day appears here."),
    Group.AMOUNT_DIFFERS: gettext_lazy("Every amount agrees. What was settled otherwise than expected appears here."),
    Group.UNEXPECTED: gettext_lazy(
        "Nothing unexpected. What the gateway settles and our books do not know appears here."
    ),
    Group.NOT_DUE: gettext_lazy("Nothing is under way. A payment appears here as soon as it is taken."),
    Group.SETTLED: gettext_lazy(
        "Nothing was settled in the last 30 days. Pull now, and what the gateway has deposited appears here."
    ),
}


def table(*, bench: Workbench, searched: bool) -> Table:
    """The rows of the chosen group under its own columns."""
    columns = COLUMNS[bench.group]
    return Table(
        title=str(bench.group.label),
        headers=[column.title for column in columns],
        rows=[[column.cell(row, bench.today) for column in columns] for row in bench.rows],
        empty=_("Nothing here fits the search.") if searched else str(EMPTY[bench.group]),
        right=frozenset(index for index, column in enumerate(columns) if column.right),
    )


@admin.register(Expectation)
class WorkbenchAdmin(PullMixin, RecordAdmin):
    """The list of this page is the workbench; a row's page explains one expectation."""

    menu_title = gettext_lazy("Workbench")
    menu_icon = "balance"
    list_select_related = ["transaction__payment__customer"]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        unfold: Any = self  # its own methods, which carry no types
        organization, others = organization_of(request)
        asked = Asked.of(request)
        bench = workbench(
            organization=organization,
            wanted=WorkbenchFilter(group=asked.group, search=asked.search, page=asked.page),
            now=timezone.now(),
        )
        request.current_app = self.admin_site.name
        return TemplateResponse(
            request,
            "backoffice/reconciliation/workbench.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Workbench"),
                "organizations": others,
                "bench": bench,
                "asked": asked,
                "tabs": [tab(bench=bench, group=group, organization=organization) for group in Group],
                "section": table(bench=bench, searched=bool(asked.search)),
                "receipts": sums(bench.receipts),
                "previous": asked.address(page=bench.page - 1) if bench.page > 1 else "",
                "next": asked.address(page=bench.page + 1) if bench.has_next else "",
                "pulled_at": moment(bench.last_pull.ended_at) if bench.last_pull else "",
                "pull_failed": bench.last_pull.error if bench.last_pull else "",
                "pulls": list_of(Pull),
                "actions_list": unfold._get_actions_navigation(self.actions_list, unfold.get_actions_list(request)),
                **(extra_context or {}),
            },
        )

    def heading(self, row: Expectation) -> str:
        return _("Expected: {name}").format(name=row)

    def heading_amount(self, row: Expectation) -> Any:
        return money(row.amount, row.currency)

    def headline(self, request: HttpRequest, row: Expectation) -> Sequence[Any]:
        return (row.get_kind_display(), expectation_state(row))

    def sections(self, request: HttpRequest, row: Expectation) -> Iterable[Section]:
        payment = row.transaction.payment
        yield Facts(
            _("Details"),
            [
                (_("Payment"), link(payment)),
                (_("Transaction"), link(row.transaction)),
                (_("Customer"), link(payment.customer)),
                (_("Gateway id"), row.gateway_id or dash()),
                (_("Provider account"), link(row.provider_account) if row.provider_account else dash()),
                (_("Expected since"), moment(row.born_at)),
                (_("Due"), _due(row)),
            ],
        )
        parts = row.match_parts.select_related("match", "settlement_line__deposit").order_by("pk")
        yield Table(
            _("Met by"),
            [_("Line"), _("Deposit"), _("Rule"), _("Evidence"), _("Matched"), ""],
            [
                [
                    link(part.settlement_line),
                    link(part.settlement_line.deposit) if part.settlement_line else dash(),
                    part.match.get_rule_display(),
                    part.match.evidence,
                    moment(part.match.matched_at),
                    tag(_("Live"), GOOD) if part.live else tag(_("Undone"), QUIET),
                ]
                for part in parts
            ],
            _("Nothing yet. The line of the gateway's report that settles it appears here after a pull."),
        )
        yield cases_table(row.cases.order_by("pk"))


def _due(row: Expectation) -> Any:
    """In words only while it is waited for."""
    waiting = not row.match_parts.filter(live=True).exists()
    return due(row.due_on, row.organization.today(timezone.now())) if waiting else day(row.due_on)


def expectation_state(row: Expectation) -> Any:
    """In one word where an expectation is."""
    if row.match_parts.filter(live=True).exists():
        return tag(_("Settled"), GOOD, state="settled")
    if hasattr(row, "closing"):
        return tag(row.closing.get_reason_display(), QUIET, state="withdrawn")
    if row.late_from is not None and row.late_from <= row.organization.today(timezone.now()):
        return tag(_("Late"), BAD, state="late")
    return tag(_("Not yet due"), BUSY, state="not_due")
