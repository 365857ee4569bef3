"""How amounts, quantities, days and states are written on pages."""

from datetime import date, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from django import template
from django.forms import BoundField
from django.utils import formats, timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, gettext_lazy, ngettext
from django.utils.translation import gettext as _

from commerce.countries import countries
from commerce.money import format_money, locale_of
from oropay.models import MoneyState, Payable, Payment

register = template.Library()

GOOD, WAIT, BAD, PLAIN = "green", "azure", "red", "secondary"

TONES = {
    # money state of a payment
    "processing": WAIT, "action_required": "orange", "review": WAIT, "authorized": "teal", "settling": WAIT,
    "captured": GOOD, "settled": GOOD, "partially_refunded": "orange", "refunded": PLAIN, "declined": BAD,
    "canceled": PLAIN, "expired": PLAIN, "failed": BAD, "unknown": "orange", "returned": BAD, "disputed": BAD,
    # payment status of an order or invoice
    "full": GOOD, "partially": "yellow", "invoiced": WAIT, "authorized_partially": "teal", "pending": "yellow",
    "canceled_partially": PLAIN, "refunded_partially": "orange",
    # order
    "awaiting_payment": "yellow", "open": WAIT, "closed": GOOD,
    # invoice
    "draft": PLAIN, "posted": WAIT, "void": PLAIN, "overdue": BAD, "paid": GOOD,
}  # fmt: skip
"""Colour of a badge; the words always say the same, so colour alone tells nothing."""


@register.filter
def money(amount: Decimal | None, currency: str) -> SafeString:
    """An amount with its currency, in figures of one width."""
    if amount is None:
        return SafeString("")
    return format_html('<span class="money">{}</span>', format_money(Decimal(amount), currency, locale_now()))


@register.filter
def money_text(amount: Decimal, currency: str) -> str:
    """The same without markup, for attributes and sentences."""
    return format_money(Decimal(amount), currency, locale_now())


def locale_now() -> str:
    """The language of the page as CLDR names it: en_US."""
    return locale_of(get_language() or "en-us")


@register.filter
def minus(amount: Decimal) -> Decimal:
    """The amount taken away."""
    return -Decimal(amount)


@register.filter
def quantity(value: Decimal) -> str:
    """A quantity without idle zeros: 12, 2.5."""
    plain = Decimal(value).normalize()
    return formats.number_format(plain.quantize(Decimal(1)) if plain == plain.to_integral() else plain)


@register.filter
def quantity_field(value: Decimal) -> str:
    """A quantity as a field takes it, whatever the page's language: 12, 2.5."""
    return f"{Decimal(value).normalize():f}"


@register.filter
def styled(field: BoundField) -> SafeString:
    """A form's field in our look, whoever wrote the form."""
    kind = getattr(field.field.widget, "input_type", "")
    look = {"checkbox": "form-check-input", "select": "form-select"}.get(kind, "form-control")
    return field.as_widget(attrs={**field.field.widget.attrs, "class": field.field.widget.attrs.get("class", look)})


@register.simple_tag
def badge(value: str, label: str) -> SafeString:
    """A state in a coloured word."""
    return format_html('<span class="badge bg-{tone}-lt">{label}</span>', tone=TONES.get(value, PLAIN), label=label)


@register.simple_tag
def status_badge(payable: Payable) -> SafeString:
    """The payment status; with a mark where the seller says it instead of the money."""
    shown = badge(payable.status, payable.get_status_display())
    if not payable.is_forced:
        return shown
    return format_html('{} <span class="text-secondary" data-forced>{}</span>', shown, _("set by the seller"))


BUYERS_WORDS = {
    "processing": gettext_lazy("On its way"),
    "authorized": gettext_lazy("Held on the card"),
    "settling": gettext_lazy("Accepted by the bank"),
    "captured": gettext_lazy("Paid"),
    "settled": gettext_lazy("Paid"),
    "disputed": gettext_lazy("Disputed with the bank"),
}
"""Where a buyer's word differs from the one staff use."""


@register.simple_tag
def money_badge(payment: Payment) -> SafeString:
    """Where a payment's money is, in a buyer's words."""
    word = BUYERS_WORDS.get(payment.money_state, payment.get_money_state_display())
    return badge(payment.money_state, str(word))


@register.simple_tag
def receipt_when(payment: Payment) -> str:
    """When a payment's receipt comes, where there is none yet."""
    if payment.money_state == MoneyState.SETTLING:
        return _("when it has settled")
    if payment.money_state == MoneyState.AUTHORIZED:
        return _("when it is charged")
    if payment.money_state in {MoneyState.CAPTURED, MoneyState.SETTLED, MoneyState.PARTIALLY_REFUNDED}:
        return _("comes with the invoice")
    return "–"


@register.filter
def country_name(code: str) -> str:
    """US as United States."""
    return countries(locale_now()).get(code, code)


@register.filter
def on_day(moment: datetime | date | None, time_zone: str = "UTC") -> str:
    """A day as people write it: 26 Nov 2026."""
    if moment is None:
        return ""
    day = moment.astimezone(ZoneInfo(time_zone)).date() if isinstance(moment, datetime) else moment
    return f"{day.day} {formats.date_format(day, 'M Y')}"


@register.filter
def compared(day: date, today: date | None = None) -> str:
    """A day people compare with today, in words: "due in 3 days", "2 days ago", "today"."""
    days = (day - (today or timezone.now().date())).days
    if days == 0:
        return _("today")
    if days > 0:
        return ngettext("in {days} day", "in {days} days", days).format(days=days)
    return ngettext("{days} day ago", "{days} days ago", -days).format(days=-days)


@register.filter
def percent(rate: Decimal) -> str:
    """0.0825 as 8.25 %."""
    return f"{quantity(Decimal(rate) * 100)} %"
