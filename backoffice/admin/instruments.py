"""Cards and bank accounts as staff may see them: last four digits, never more."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib import admin
from django.db.models import F
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.accountchecks import account_check_shown
from backoffice.admin.bankdebits import AccountMixin
from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import badge, dash, day, link, moment, money, page_of, short_id
from backoffice.forms import fields
from backoffice.mandates import mandates_table
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from backoffice.worth import ROWS, net_shown
from oropay.models import Instrument, InstrumentKind, InstrumentRequestState, InstrumentState, RefundReason
from oropay.selectors import same_instruments, undoable
from oropay.services import (
    credit_refusal,
    credit_start,
    instrument_delete,
    instrument_restore,
    instrument_validate_start,
    request_again,
)
from oropay.services.ach.numbers import number_words
from oropay.services.wallet import REMOVABLE
from plumbing.audit import because


class CheckForm(DialogForm):
    submit_text = gettext_lazy("Ask the bank")

    def sentence(self) -> Words:
        return _("No money moves. The bank of {card} is asked whether it still answers for it.").format(card=self.row)


class RemoveForm(DialogForm):
    note: forms.CharField = fields.note(help_text=gettext_lazy("Say why; it is kept in the history."))
    submit_text = gettext_lazy("Remove")

    def sentence(self) -> Words:
        return _(
            "No money moves. {instrument} is not offered any more. A little later the gateway is asked to forget it; "
            "until then it can be brought back."
        ).format(instrument=self.row)


class RestoreForm(DialogForm):
    note: forms.CharField = fields.note(help_text=gettext_lazy("Say why; it is kept in the history."))
    submit_text = gettext_lazy("Bring back")

    def sentence(self) -> Words:
        return _("No money moves. {instrument} is offered again.").format(instrument=self.row)


class AskAgainForm(DialogForm):
    submit_text = gettext_lazy("Ask again")

    def sentence(self) -> Words:
        return _("No money moves. The gateway is asked once more for what it refused or never answered.")


class ExpiringFilter(admin.SimpleListFilter):
    """Cards by when they end."""

    title = gettext_lazy("expiry")
    parameter_name = "expiring"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("month", _("This month")), ("quarter", _("Within three months")), ("over", _("Expired"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        today = timezone.localdate()
        this = today.year * 12 + today.month
        rows = queryset.filter(state=InstrumentState.ACTIVE).alias(ends=F("expiry_year") * 12 + F("expiry_month"))
        if self.value() == "month":
            return rows.filter(ends=this)
        if self.value() == "quarter":
            return rows.filter(ends__range=(this, this + 3))
        return rows.filter(ends__lt=this) if self.value() == "over" else queryset


class NotDoneFilter(admin.SimpleListFilter):
    """Instruments about which the gateway refused something."""

    title = gettext_lazy("requests")
    parameter_name = "requests"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", _("Something was refused"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        if self.value() != "failed":
            return queryset
        return queryset.filter(requests__state=InstrumentRequestState.FAILED).distinct()


class CreditForm(DialogForm):
    reason = fields.choice(label=gettext_lazy("Reason"), choices=RefundReason.choices)
    note = fields.note()
    submit_text = gettext_lazy("Ask a second person")

    def prepare(self) -> None:
        currency = self.row.provider_account.settlement_currency
        amount = fields.MoneyField(
            label=_("Amount in {currency}").format(currency=currency),
            currency=currency,
            nothing=_("Nothing was given."),
        )
        self.fields = {"amount": amount, **self.fields}

    def sentence(self) -> Words:
        return _(
            "Money is given to {instrument} without an earlier charge, once another person has agreed. To give back "
            "what was charged, refund its payment instead."
        ).format(instrument=self.row)


def newest_payment(row: Instrument) -> str:
    """The page of what was just started with it."""
    newest = row.payments.order_by("-pk").first()
    return page_of(newest) if newest is not None else page_of(row)


@admin.register(Instrument)
class InstrumentAdmin(AccountMixin, RecordAdmin):
    empty = gettext_lazy("A card or bank account appears here once a buyer has paid with it or saved it.")
    organization_path = "customer__organization"
    list_display = ["name", "kind", "shown_state", "customer", "owner", "expires", "created"]
    list_filter = ["kind", "state", ExpiringFilter, NotDoneFilter]
    search_fields = ["last4", "holder_name", "nickname", "customer__name"]
    list_select_related = ["customer", "owner", "same_as", "provider_account"]
    actions_detail = [
        "check_card",
        "record_mandate",
        "revoke_mandate",
        "record_notice",
        "credit",
        "remove",
        "restore",
        "ask_again",
    ]

    def possible(self, request: HttpRequest, row: Instrument) -> dict[str, bool]:
        saved = {InstrumentState.ACTIVE, InstrumentState.FROZEN}
        return {
            "check_card": row.kind == InstrumentKind.CARD and row.state in saved,
            "credit": not credit_refusal(instrument=row),
            "remove": row.state in REMOVABLE,
            "restore": row.state == InstrumentState.DELETED and undoable(instrument=row),
            "ask_again": row.requests.filter(state=InstrumentRequestState.FAILED).exists(),
            **self.bank_actions(row),
        }

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

    @dialog(title=gettext_lazy("Remove"), form=RemoveForm, permissions=["oropay.remove_instrument"], icon="delete")
    def remove(self, request: HttpRequest, form: RemoveForm) -> Words:
        by = staff_of(request)
        with because(by=by, why=form.cleaned_data["note"]):
            instrument_delete(instrument=form.row, by=by, now=timezone.now())
        return _("It is removed. Nothing was charged.")

    @dialog(title=gettext_lazy("Bring back"), form=RestoreForm, permissions=["oropay.remove_instrument"], icon="undo")
    def restore(self, request: HttpRequest, form: RestoreForm) -> Words:
        with because(by=staff_of(request), why=form.cleaned_data["note"]):
            instrument_restore(instrument=form.row, now=timezone.now())
        return _("It is back.")

    @dialog(
        title=gettext_lazy("Ask the gateway again"),
        form=AskAgainForm,
        permissions=["oropay.remove_instrument"],
        icon="refresh",
    )
    def ask_again(self, request: HttpRequest, form: AskAgainForm) -> Words:
        failed = form.row.requests.filter(state=InstrumentRequestState.FAILED).first()
        if failed is None:
            return _("Nothing is left to be asked.")
        request_again(request=failed, by=staff_of(request), now=timezone.now())
        return _("The gateway is asked again; this page shows what it says.")

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, row: Instrument) -> Any:
        return badge(row, "state")

    @dialog(
        title=gettext_lazy("Give a credit"),
        form=CreditForm,
        permissions=["oropay.credit_payment"],
        icon="volunteer_activism",
        variant=ActionVariant.DANGER,
        leads_to=newest_payment,
    )
    def credit(self, request: HttpRequest, form: CreditForm) -> Words:
        credit_start(
            instrument=form.row,
            amount=form.cleaned_data["amount"],
            reason=RefundReason(form.cleaned_data["reason"]),
            note=form.cleaned_data["note"],
            by=staff_of(request),
            now=timezone.now(),
        )
        return _("Nothing is given yet. Another person must agree; see Approvals.")

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
                (_("Number"), row.pk),
                (_("Kind"), row.get_kind_display()),
                (_("Nickname"), row.nickname or dash()),
                (_("State"), badge(row, "state")),
                (_("Entered again as"), link(row.same_as) if row.same_as else dash()),
                (_("First choice for"), ", ".join(sorted(map(str, row.defaults.all()))) or dash()),
                (_("Customer"), link(row.customer)),
                (_("Owner"), row.owner or _("the whole company")),
                (_("Holder"), row.holder_name or dash()),
                (_("Expires"), self.expires(row)),
                (_("Bank"), " · ".join(part for part in (row.bank_name, row.routing_number) if part) or dash()),
                (_("Account"), " · ".join(part for part in (row.account_type, row.holder_type) if part) or dash()),
                *_account_check(row),
                (_("Provider account"), link(row.provider_account)),
                (_("Fingerprint"), short_id(row.fingerprint)),
                (_("First payment's name at the card scheme"), short_id(row.brand_reference)),
                (_("Sealed with key"), row.key_id or dash()),
                (_("Created"), moment(row.created_at)),
            ],
        )
        yield _same(request, row)
        if row.kind == InstrumentKind.BANK:
            yield mandates_table(row)
            yield _notices(row)
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
        yield Table(
            _("Asked of the gateway"),
            [_("What"), _("State"), _("Tries"), _("Asked"), _("By"), _("Ended"), _("Error")],
            [
                [
                    one.get_kind_display(),
                    badge(one, "state"),
                    one.tries,
                    moment(one.created_at),
                    one.created_by or _("the system"),
                    moment(one.ended_at),
                    one.error or dash(),
                ]
                for one in row.requests.select_related("created_by")[:20]
            ],
            empty=_("Deletions and new expiry dates will appear here."),
        )


def _account_check(row: Instrument) -> list[tuple[Any, Any]]:
    """How far a bank account was checked before it was debited, and when; whether its number is still sealed here."""
    if row.kind != InstrumentKind.BANK:
        return []
    return [
        (_("Account check"), account_check_shown(row)),
        (_("Account number"), number_words(account=row, now=timezone.now())),
    ]


def _notices(row: Instrument) -> Table:
    return Table(
        _("Notices of change"),
        [_("Notice"), _("Bank's date"), _("State"), _("Recorded"), _("By")],
        [
            [
                link(one, f"{one.code} · {one.change.title}"),
                day(one.noticed_on),
                one.get_outcome_display(),
                moment(one.applied_at),
                one.applied_by,
            ]
            for one in row.change_notices.select_related("applied_by")
        ],
        empty=_("What the bank corrects about the account will appear here."),
    )


def _same(request: HttpRequest, row: Instrument) -> Table:
    """The same card or account elsewhere with this seller: people who share one, or one that was stolen."""
    found = list(same_instruments(user=staff_of(request), instrument=row)[:50])
    customers = {one.customer_id for one in found} | {row.customer_id}
    words = {InstrumentKind.CARD.value: _("The same card"), InstrumentKind.BANK.value: _("The same bank account")}
    return Table(
        words[row.kind],
        [_("Instrument"), _("Customer"), _("Owner"), _("State"), _("Created")],
        [
            [
                link(one),
                link(one.customer),
                one.owner or _("the whole company"),
                badge(one, "state"),
                moment(one.created_at),
            ]
            for one in found
        ],
        empty=_("Nobody else has used it, as far as its fingerprint is known."),
        note=_("Used at {n} customers.").format(n=len(customers)) if len(customers) > 1 else "",
    )
