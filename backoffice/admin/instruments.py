"""Cards and bank accounts as staff may see them: last four digits, never more."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import badge, dash, link, moment, money
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.unfolded import display
from backoffice.worth import ROWS, net_shown
from oropay.models import Instrument


@admin.register(Instrument)
class InstrumentAdmin(RecordAdmin):
    empty = gettext_lazy("A card or bank account appears here once a buyer has paid with it or saved it.")
    organization_path = "customer__organization"
    list_display = ["name", "kind", "state", "customer", "owner", "expires", "created"]
    list_filter = ["kind", "state"]
    search_fields = ["last4", "holder_name", "nickname", "customer__name"]
    list_select_related = ["customer", "owner"]

    @display(description=gettext_lazy("Instrument"))
    def name(self, row: Instrument) -> str:
        return str(row)

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, row: Instrument) -> Any:
        return moment(row.created_at)

    @display(description=gettext_lazy("Expires"))
    def expires(self, row: Instrument) -> str:
        return f"{row.expiry_month:02d}/{row.expiry_year}" if row.expiry_month and row.expiry_year else "–"

    def sections(self, request: HttpRequest, row: Instrument) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Kind"), row.get_kind_display()),
                (_("State"), row.get_state_display()),
                (_("Customer"), link(row.customer)),
                (_("Owner"), row.owner or _("the whole company")),
                (_("Holder"), row.holder_name or dash()),
                (_("Expires"), self.expires(row)),
                (_("Bank"), " · ".join(part for part in (row.bank_name, row.routing_number) if part) or dash()),
                (_("Account"), " · ".join(part for part in (row.account_type, row.holder_type) if part) or dash()),
                (_("Provider account"), link(row.provider_account)),
                (_("Created"), moment(row.created_at)),
            ],
        )
        if row.kind == "bank":
            yield Table(
                _("Mandates"),
                [_("Given"), _("By"), _("Covers"), _("SEC code"), _("Text"), _("From"), _("Revoked")],
                [
                    [
                        moment(one.given_at),
                        one.given_by,
                        one.get_kind_display(),
                        one.sec_code,
                        one.text,
                        one.ip_address or dash(),
                        moment(one.revoked_at),
                    ]
                    for one in row.mandates.select_related("given_by")
                ],
                empty=_("The words a person agreed to before a debit will appear here."),
            )
        yield Table(
            _("Payments"),
            [_("Payment"), _("Amount"), _("Net"), _("Money"), _("Date")],
            [
                [
                    link(one, f"#{one.pk}"),
                    money(one.amount, one.currency),
                    net_shown(one),
                    badge(one, "money_state"),
                    moment(one.created_at),
                ]
                for one in row.payments.order_by("-pk").prefetch_related(ROWS)[:20]
            ],
            empty=_("Payments made with it will appear here."),
            right=frozenset({1, 2}),
        )
