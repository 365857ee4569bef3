"""What the gateway paid out: each deposit with its figures, its lines and its one ledger entry."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Max, Prefetch, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.reconciliation.button import PullMixin
from backoffice.admin.reconciliation.tables import cases_table
from backoffice.display import GOOD, WATCH, dash, day, link, links, moment, money, short_id, shortened, tag
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.scoping import ScopedRelatedFilter, staff_of
from backoffice.unfolded import display
from commerce.money import format_money
from reconciliation.models import Deposit, DepositVersion, ExceptionCase, SettlementLine
from reconciliation.selectors import deposit_view


@admin.register(Deposit)
class DepositAdmin(PullMixin, RecordAdmin):
    empty = gettext_lazy(
        "A deposit appears here when the gateway has reported it: every hour by itself, or at once with Pull now."
    )
    menu_icon = "savings"
    organization_path = "provider_account__organization"
    list_display = ["name", "net", "paid_on", "shown_status", "gross", "fees", "booked", "fits"]
    list_filter = [("provider_account", ScopedRelatedFilter)]
    search_fields = ["gateway_id", "lines__gateway_id", "lines__reference"]
    search_help_text = gettext_lazy("The gateway's id of the deposit or of a transaction in it, or our reference")
    actions_list = ["pull_now"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Deposit]:
        rows: QuerySet[Deposit] = super().get_queryset(request)
        return (
            rows.annotate(last_paid_on=Max("versions__paid_on"))
            .select_related("booking__entry")
            .prefetch_related(
                Prefetch("versions", DepositVersion.objects.order_by("-number")),
                Prefetch("cases", ExceptionCase.objects.filter(resolved_at=None)),
            )
            .order_by("-last_paid_on", "-pk")
        )

    @display(description=gettext_lazy("Deposit"), ordering="gateway_id")
    def name(self, row: Deposit) -> Any:
        return short_id(row.gateway_id)

    @display(description=gettext_lazy("Paid on"))
    def paid_on(self, row: Deposit) -> Any:
        version = newest(row)
        return day(version.paid_on) if version else dash()

    @display(description=gettext_lazy("At the gateway"))
    def shown_status(self, row: Deposit) -> Any:
        return deposit_status(newest(row))

    @display(description=gettext_lazy("Gross"))
    def gross(self, row: Deposit) -> Any:
        version = newest(row)
        return money(version.gross, version.currency) if version else dash()

    @display(description=gettext_lazy("Fees"))
    def fees(self, row: Deposit) -> Any:
        version = newest(row)
        return money(version.fees, version.currency) if version else dash()

    @display(description=gettext_lazy("Net"))
    def net(self, row: Deposit) -> Any:
        version = newest(row)
        return money(version.net, version.currency) if version else dash()

    @display(description=gettext_lazy("Journal"))
    def booked(self, row: Deposit) -> Any:
        booking = getattr(row, "booking", None)
        return link(booking.entry, _("Entry #{n}").format(n=booking.entry_id)) if booking and booking.entry else dash()

    @display(description=gettext_lazy("Adds up"))
    def fits(self, row: Deposit) -> Any:
        case = next(iter(row.cases.all()), None)
        return link(case, str(case.get_kind_display())) if case else tag(_("Yes"), GOOD)

    def heading(self, row: Deposit) -> str:
        return _("Deposit {name}").format(name=shortened(row.gateway_id))

    def heading_amount(self, row: Deposit) -> Any:
        return money(version.net, version.currency) if (version := newest(row)) else ""

    def headline(self, request: HttpRequest, row: Deposit) -> Sequence[Any]:
        return (deposit_status(newest(row)),)

    def sections(self, request: HttpRequest, row: Deposit) -> Iterable[Section]:
        view = deposit_view(user=staff_of(request), deposit_id=row.pk)
        if view is None:
            yield Facts(_("Details"), [(_("Gateway id"), row.gateway_id), (_("First seen"), moment(row.seen_at))])
            return
        version, currency = view.version, view.version.currency
        yield Facts(
            _("Figures"),
            [
                (_("Sales"), money(version.sales, currency)),
                (_("Refunds"), money(-version.refunds, currency)),
                (_("Chargebacks"), money(-version.chargebacks, currency)),
                (_("Gross"), money(version.gross, currency)),
                (_("Fees"), money(-version.fees, currency)),
                (_("Net, as the bank will show it"), money(version.net, currency)),
                (_("Paid on"), day(version.paid_on)),
                (_("Gateway id"), row.gateway_id),
                (_("Provider account"), link(version.deposit.provider_account)),
                (_("First seen"), moment(version.deposit.seen_at)),
            ],
        )
        yield cases_table(view.cases)
        yield Table(
            _("Lines: {n}, together {total}").format(n=view.line_count, total=format_money(view.line_sum, currency)),
            [_("Gateway id"), _("Amount"), _("What"), _("Payment"), _("Customer"), ""],
            [
                [
                    link(one.line, short_id(one.line.gateway_id)),
                    money(one.line.amount, one.line.currency),
                    one.line.get_kind_display(),
                    link(one.payment, f"#{one.payment.pk}") if one.payment else dash(),
                    str(one.payment.customer) if one.payment else dash(),
                    tag(_("Matched"), GOOD) if one.is_matched else tag(_("Not matched"), WATCH),
                ]
                for one in view.lines
            ],
            _("The gateway named no transactions in this deposit yet."),
            right=frozenset({1}),
            note=_("The first {n} are shown.").format(n=len(view.lines)) if len(view.lines) < view.line_count else "",
        )
        yield Table(
            _("Ledger entry"),
            [_("Account"), _("Debit"), _("Credit")],
            [
                [
                    posting.account.get_name_display(),
                    money(posting.amount, currency) if posting.amount > 0 else "",
                    money(-posting.amount, currency) if posting.amount < 0 else "",
                ]
                for posting in (view.entry.postings.all() if view.entry else ())
            ],
            _("Not booked: the gateway has not paid it out yet."),
            right=frozenset({1, 2}),
            note=_("Only a line of the bank statement will move it to Bank."),
        )
        if len(view.versions) > 1:
            yield Table(
                _("How the gateway described it"),
                [_("Version"), _("Seen"), _("Status"), _("Paid on"), _("Fees"), _("Net")],
                [
                    [
                        str(old.number),
                        moment(old.seen_at),
                        old.status,
                        day(old.paid_on),
                        money(old.fees, old.currency),
                        money(old.net, old.currency),
                    ]
                    for old in view.versions
                ],
                "",
                right=frozenset({4, 5}),
            )


def newest(row: Deposit) -> DepositVersion | None:
    return next(iter(row.versions.all()), None)


def deposit_status(version: DepositVersion | None) -> Any:
    if version is None:
        return tag(_("No advice yet"), WATCH, state="no_advice")
    return tag(version.status, GOOD if version.is_paid_out else WATCH, state=version.status)


@admin.register(SettlementLine)
class SettlementLineAdmin(RecordAdmin):
    """Reached from deposits and payments; not in the menu."""

    empty = gettext_lazy("A line appears here with the deposit of the gateway that names it.")
    organization_path = "provider_account__organization"
    list_display = ["name", "shown_amount", "kind", "deposit_shown", "reference_shown"]
    list_filter = ["kind", ("provider_account", ScopedRelatedFilter)]
    search_fields = ["gateway_id", "reference", "deposit__gateway_id"]
    list_select_related = ["deposit"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    @display(description=gettext_lazy("Gateway id"), ordering="gateway_id")
    def name(self, row: SettlementLine) -> Any:
        return short_id(row.gateway_id)

    @display(description=gettext_lazy("Deposit"))
    def deposit_shown(self, row: SettlementLine) -> Any:
        return link(row.deposit, short_id(row.deposit.gateway_id))

    @display(description=gettext_lazy("Our reference"))
    def reference_shown(self, row: SettlementLine) -> Any:
        return short_id(row.reference)

    @display(description=gettext_lazy("Amount"), ordering="amount")
    def shown_amount(self, row: SettlementLine) -> Any:
        return money(row.amount, row.currency)

    def heading_amount(self, row: SettlementLine) -> Any:
        return money(row.amount, row.currency)

    def headline(self, request: HttpRequest, row: SettlementLine) -> Sequence[Any]:
        return (row.get_kind_display(),)

    def sections(self, request: HttpRequest, row: SettlementLine) -> Iterable[Section]:
        changes = [
            format_html("{} ({})", change.status, moment(change.seen_at))
            for change in row.status_changes.order_by("number")
        ]
        yield Facts(
            _("Details"),
            [
                (_("Gateway id"), row.gateway_id),
                (_("Our reference"), row.reference or dash()),
                (_("Deposit"), link(row.deposit)),
                (_("Batch"), row.batch_id or dash()),
                (_("Status when first seen"), row.status),
                (_("Status since"), links(changes)),
                (_("Time of the transaction"), moment(row.time_created)),
                (_("First seen"), moment(row.seen_at)),
            ],
        )
        parts = row.match_parts.filter(expectation__isnull=False, live=True).select_related(
            "expectation__transaction__payment"
        )
        yield Table(
            _("Matched with"),
            [_("Expectation"), _("Payment"), _("Amount")],
            [
                [
                    link(part.expectation),
                    link(part.expectation.transaction.payment),
                    money(part.expectation.amount, part.expectation.currency),
                ]
                for part in parts
                if part.expectation is not None
            ],
            _("Nothing: no expectation of ours has this id, kind and amount."),
            right=frozenset({2}),
        )
        yield cases_table(ExceptionCase.objects.filter(settlement_line=row))
