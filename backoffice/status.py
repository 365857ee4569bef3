"""How an order or invoice stands with its money: the status, what is shown beside it, and saying another one."""

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words, dialog
from backoffice.display import BAD, WATCH, badge, dash, moment, money, tag
from backoffice.forms.status import ForceStatusForm, UnforceStatusForm, payable_at
from backoffice.records import Facts
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant
from oropay.models import ForcedStatus, MoneyState, Payable, Payment, PaymentStatus
from oropay.services import status_force, status_unforce

BESIDE = [
    MoneyState.ACTION_REQUIRED,
    MoneyState.DISPUTED,
    MoneyState.PROCESSING,
    MoneyState.RETURNED,
    MoneyState.REVIEW,
    MoneyState.SETTLING,
    MoneyState.UNKNOWN,
]
"""Where the money of one payment is, if the status does not say it."""


def status_shown(payable: Payable) -> SafeString:
    """The payment status, the mark of a forced one, and a last attempt that brought nothing; no query."""
    marks = [badge(payable, "status")]
    if payable.is_forced:
        marks.append(forced_mark(payable))
    if payable.failed_as:
        marks.append(tag(last_attempt(payable), BAD, state=f"last-{payable.failed_as}"))
    return format_html_join(" ", "{}", ((mark,) for mark in marks))


def forced_mark(payable: Payable) -> SafeString:
    """Says on hovering, and to screen readers, what the status would be by the money."""
    words = _("Forced by a person; by the money it is “{status}”").format(status=payable.get_derived_status_display())
    return format_html(
        '<span class="office-badge office-{}" data-state="forced" title="{}">{}'
        '<span class="office-unseen"> {}</span></span>',
        WATCH,
        words,
        _("forced"),
        words,
    )


def last_attempt(payable: Payable) -> str:
    """In words, that the newest attempt to pay brought nothing."""
    return _("last attempt {ended}").format(ended=payable.get_failed_as_display().lower())


def paid_shown(payable: Payable) -> SafeString:
    """What is paid and, under it, what is on its way."""
    paid = money(payable.paid, payable.currency)
    if not payable.settling:
        return paid
    return format_html("{}<br>{} {}", paid, money(payable.settling, payable.currency), _("settling"))


def beside(payable: Payable) -> list[SafeString]:
    """A badge for each place where money of this is, that its status does not name; one query."""
    payments = Payment.objects.filter(parts__payable=payable, money_state__in=BESIDE).order_by("pk")
    by_state = {payment.money_state: payment for payment in payments}
    return [badge(payment, "money_state") for payment in by_state.values()]


def status_facts(payable: Payable) -> Facts:
    """amount_paid, amount_settling, amount_due: beside the status, always. A forced one says who and why."""
    currency = payable.currency
    rows: list[tuple[Any, Any]] = [(_("Payment status"), status_shown(payable))]
    forced = forced_now(payable)
    if forced is not None:
        rows += [
            (_("By the money it is"), badge(payable, "derived_status")),
            (_("Forced by"), format_html("{}, {}", forced.by, moment(forced.at))),
            (_("Why"), forced.reason),
            (_("Until"), moment(forced.expires_at) if forced.expires_at else _("somebody ends it")),
        ]
    if payable.failed_as:
        rows.append(
            (_("Last attempt"), format_html("{}, {}", payable.get_failed_as_display(), moment(payable.failed_at)))
        )
    return Facts(
        _("Money"),
        [
            *rows,
            (_("Payment method"), payable.get_method_display() or dash()),
            (_("Paid"), money(payable.paid, currency)),
            (_("Settling"), money(payable.settling, currency)),
            (_("On hold"), money(payable.held, currency)),
            (_("Refunded"), money(payable.refunded, currency)),
            (_("Cleared otherwise"), money(payable.cleared, currency)),
            (_("Due"), money(payable.due, currency)),
        ],
    )


def forced_now(payable: Payable) -> ForcedStatus | None:
    """The forced status in force."""
    if not payable.is_forced:
        return None
    return payable.forced_statuses.filter(ended_at=None).select_related("by").first()


class StatusButtons:
    """Two dialogs for the page of an order or invoice: show another payment status, and stop doing so."""

    @dialog(
        title=gettext_lazy("Force payment status"),
        form=ForceStatusForm,
        permissions=["oropay.force_payment_status"],
        icon="edit_note",
    )
    def force_status(self, request: HttpRequest, form: ForceStatusForm) -> Words:
        forced = status_force(
            payable=payable_at(form.row),
            status=PaymentStatus(form.cleaned_data["status"]),
            reason=form.cleaned_data["note"],
            expires_at=form.expires_at(),
            by=staff_of(request),
            now=timezone.now(),
        )
        return _(
            "The payment status reads “{status}” now. No money moved, and what may be paid stays the same."
        ).format(status=forced.get_status_display())

    @dialog(
        title=gettext_lazy("End forced status"),
        form=UnforceStatusForm,
        permissions=["oropay.force_payment_status"],
        icon="undo",
        variant=ActionVariant.WARNING,
    )
    def unforce_status(self, request: HttpRequest, form: UnforceStatusForm) -> Words:
        payable = status_unforce(payable=payable_at(form.row), by=staff_of(request), now=timezone.now())
        return _("The payment status follows the money again: “{status}”.").format(status=payable.get_status_display())


class LastAttemptFilter(admin.SimpleListFilter):
    """Rows whose newest attempt to pay brought nothing."""

    title = gettext_lazy("last attempt")
    parameter_name = "last_attempt"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("failed", _("Brought no money"))]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.exclude(payable__failed_as="") if self.value() == "failed" else queryset
