"""How values look on every page of the back-office: money, states, times, links."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db.models import Model
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from commerce.models import OrderState
from commerce.money import exponent, format_money
from invoices.models import AllocationState, InvoiceState
from oropay.models import (
    DisputeResult,
    DisputeStatus,
    InstrumentState,
    MoneyState,
    NotificationState,
    Payment,
    PaymentStatus,
    TransactionState,
)
from plumbing.models import JobState, MailState

GOOD, BAD, WATCH, BUSY, QUIET = "success", "danger", "warning", "info", "default"

VARIANTS: dict[str, str] = {
    MoneyState.PROCESSING.value: BUSY,
    MoneyState.ACTION_REQUIRED.value: WATCH,
    MoneyState.REVIEW.value: WATCH,
    MoneyState.AUTHORIZED.value: BUSY,
    MoneyState.SETTLING.value: BUSY,
    MoneyState.VALIDATED.value: GOOD,
    MoneyState.CAPTURED.value: GOOD,
    MoneyState.SETTLED.value: GOOD,
    MoneyState.PARTIALLY_REFUNDED.value: WATCH,
    MoneyState.REFUNDED.value: QUIET,
    MoneyState.DECLINED.value: BAD,
    MoneyState.CANCELED.value: QUIET,
    MoneyState.EXPIRED.value: QUIET,
    MoneyState.FAILED.value: BAD,
    MoneyState.UNKNOWN.value: WATCH,
    MoneyState.RETURNED.value: BAD,
    MoneyState.DISPUTED.value: BAD,
    TransactionState.AWAITING_APPROVAL.value: WATCH,
    TransactionState.QUEUED.value: BUSY,
    TransactionState.SENDING.value: BUSY,
    TransactionState.PENDING.value: BUSY,
    TransactionState.APPROVED.value: GOOD,
    PaymentStatus.FULL.value: GOOD,
    PaymentStatus.PARTIALLY.value: WATCH,
    PaymentStatus.INVOICED.value: BUSY,
    PaymentStatus.AUTHORIZED_PARTIALLY.value: WATCH,
    PaymentStatus.PENDING.value: QUIET,
    PaymentStatus.CANCELED_PARTIALLY.value: WATCH,
    PaymentStatus.REFUNDED_PARTIALLY.value: WATCH,
    OrderState.AWAITING_PAYMENT.value: WATCH,
    OrderState.OPEN.value: GOOD,
    OrderState.CLOSED.value: QUIET,
    InvoiceState.DRAFT.value: WATCH,
    InvoiceState.POSTED.value: GOOD,
    InvoiceState.VOID.value: QUIET,
    AllocationState.LIVE.value: GOOD,
    AllocationState.REVERSED.value: QUIET,
    DisputeStatus.WITH_MERCHANT.value: WATCH,
    DisputeStatus.UNDER_REVIEW.value: BUSY,
    DisputeResult.WON.value: GOOD,
    DisputeResult.FULFILLED.value: GOOD,
    DisputeResult.LOST.value: BAD,
    DisputeResult.ACCEPTED.value: QUIET,
    InstrumentState.ACTIVE.value: GOOD,
    InstrumentState.FROZEN.value: WATCH,
    InstrumentState.WAITING.value: WATCH,
    MailState.SENT.value: GOOD,
    MailState.FAILED.value: BAD,
    NotificationState.RECEIVED.value: BUSY,
    NotificationState.VERIFIED.value: BUSY,
    NotificationState.PROCESSED.value: GOOD,
    NotificationState.IGNORED.value: QUIET,
    NotificationState.REJECTED.value: BAD,
    NotificationState.DEAD.value: WATCH,
    JobState.RUNNING.value: BUSY,
    JobState.DONE.value: GOOD,
}
"""A state's value → the colour of its badge. `pending` of a transaction and of a payment status are both quiet news."""


def badge(row: Model, field: str) -> SafeString:
    """The label of a state with its colour; the value is there for tests and scripts as data-state."""
    value = str(getattr(row, field))
    return tag(str(getattr(row, f"get_{field}_display")()), VARIANTS.get(value, QUIET), state=value)


def tag(text: str, variant: str, state: str = "") -> SafeString:
    return format_html('<span class="office-badge office-{}" data-state="{}">{}</span>', variant, state, text)


def money(amount: Decimal | None, currency: str) -> SafeString:
    """An amount with its currency, right-aligned by its cell; nothing is an en dash."""
    if amount is None:
        return dash()
    return format_html('<span class="office-money">{}</span>', format_money(amount, currency))


def plain(text: str) -> SafeString:
    """A number or name that must not break over two lines."""
    return format_html('<span class="office-time">{}</span>', text)


def typed(value: Decimal, currency: str) -> str:
    """An amount as a person would type it: the currency's digits, more only where there are more."""
    least = exponent(currency)
    shown = f"{value.normalize():f}"
    digits = len(shown.partition(".")[2])
    return f"{value:.{least}f}" if digits < least else shown


def dash() -> SafeString:
    return format_html('<span class="office-quiet">{}</span>', "–")


def link(row: Model | None, text: SafeString | str | None = None) -> SafeString:
    """A link to the row's own page; plain text where it has none."""
    if row is None:
        return dash()
    words = text or str(row)
    try:
        address = page_of(row)
    except NoReverseMatch:
        return format_html("{}", words)
    return format_html('<a class="office-link" href="{}">{}</a>', address, words)


def numbers(payment: Payment) -> SafeString:
    """The numbers of what a payment pays, each unbroken. Its parts and their payables are prefetched."""
    return format_html("<span>{}</span>", links([plain(part.payable.number) for part in payment.parts.all()]))


def links(found: list[Any]) -> SafeString:
    return format_html_join(", ", "{}", ((one,) for one in found)) or dash()


def page_of(row: Model) -> str:
    return reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_change", args=[row.pk])


def list_of(model: type[Model], **query: Any) -> str:
    """The address of a model's list, filtered."""
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist", query=query or None)


MOMENT = "j M Y, H:i:s"
"""The one format of times in this room; days are its first half."""


def moment(at: datetime | None) -> SafeString:
    """A point in time to the second, in the reader's time zone, which is named on hovering."""
    if at is None:
        return dash()
    local = timezone.localtime(at)
    shown = date_format(local, MOMENT)
    return format_html(
        '<time class="office-time" datetime="{}" title="{} {}">{}</time>', at.isoformat(), shown, local.tzname(), shown
    )


def short_id(name: str) -> SafeString:
    """A gateway's id of 36 characters as its two ends; all of it on hovering, and on its row's own page."""
    if not name:
        return dash()
    return format_html('<span class="office-id" title="{}">{}</span>', name, shortened(name))


def shortened(name: str) -> str:
    return name if len(name) <= 12 else f"{name[:4]}…{name[-4:]}"


def day(on: date | None) -> SafeString:
    return dash() if on is None else format_html('<span class="office-time">{}</span>', date_format(on, "j M Y"))


def day_of(at: datetime) -> str:
    """The day of a moment, inside a sentence."""
    return date_format(timezone.localtime(at), "j M Y")


def time_of(at: datetime) -> str:
    """A moment, inside a sentence."""
    return date_format(timezone.localtime(at), MOMENT)


def due(on: date | None, today: date) -> SafeString:
    """A due date in words where people compare it: "in 3 days · 26 Nov 2026"."""
    if on is None:
        return dash()
    days = (on - today).days
    if days == 0:
        words = _("today")
    elif days > 0:
        words = ngettext("in {n} day", "in {n} days", days).format(n=days)
    else:
        words = ngettext("{n} day ago", "{n} days ago", -days).format(n=-days)
    return format_html('<span class="office-time office-due">{} · {}</span>', words, date_format(on, "j M Y"))


def address(snapshot: dict[str, Any]) -> SafeString:
    """A stored address, line by line."""
    place = " ".join(str(snapshot.get(key, "")) for key in ("city", "region", "postal_code")).strip()
    lines = [str(snapshot.get(key, "")) for key in ("company", "name", "line_1", "line_2")]
    lines += [place, str(snapshot.get("country", "")), str(snapshot.get("phone", ""))]
    return format_html_join(SafeString("<br>"), "{}", ((line,) for line in lines if line)) or dash()


def quantity(value: Decimal) -> str:
    """Without the zeros the column adds: 12, 2.5."""
    return f"{value.normalize():f}"
