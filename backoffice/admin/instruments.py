"""Cards and bank accounts as staff may see them: last four digits, never more."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import badge, dash, link, moment, money, page_of
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.scoping import staff_of
from backoffice.unfolded import display
from backoffice.worth import ROWS, net_shown
from oropay.models import Instrument, InstrumentKind, InstrumentState
from oropay.services import instrument_validate_start


class CheckForm(DialogForm):
    submit_text = gettext_lazy("Ask the bank")

    def sentence(self) -> Words:
        return _("No money moves. The bank of {card} is asked whether it still answers for it.").format(card=self.row)


def newest_payment(row: Instrument) -> str:
    """The page of what was just started with it."""
    newest = row.payments.order_by("-pk").first()
    return page_of(newest) if newest is not None else page_of(row)


@admin.register(Instrument)
class InstrumentAdmin(RecordAdmin):
    empty = gettext_lazy("A card or bank account appears here once a buyer has paid with it or saved it.")
    organization_path = "customer__organization"
    list_display = ["name", "kind", "state", "customer", "owner", "expires", "created"]
    list_filter = ["kind", "state"]
    search_fields = ["last4", "holder_name", "nickname", "customer__name"]
    list_select_related = ["customer", "owner"]
    actions_detail = ["check_card"]

    def get_actions_detail(self, request: HttpRequest, object_id: Any) -> list[Any]:
        """Only what this instrument allows now."""
        offered = super().get_actions_detail(request, object_id)  # type: ignore[misc]
        row = self.get_object(request, str(object_id))
        saved = {InstrumentState.ACTIVE, InstrumentState.FROZEN}
        possible = {"check_card": row is not None and row.kind == InstrumentKind.CARD and row.state in saved}
        return [one for one in offered if possible.get(one.method.original_function_name, row is not None)]

    @dialog(
        title=gettext_lazy("Check the card"),
        form=CheckForm,
        permissions=["oropay.add_payment"],
        icon="verified",
        leads_to=newest_payment,
    )
    def check_card(self, request: HttpRequest, form: CheckForm) -> Words:
        instrument_validate_start(instrument=form.row, by=staff_of(request), now=timezone.now())
        return _("The bank is being asked. It answers in a few seconds; this page follows. Nothing is charged.")

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
