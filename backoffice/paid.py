"""What orders and invoices show of the payments on them, and of what people wrote."""

from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.translation import gettext as _

from backoffice.display import badge, dash, link, moment, money, short_id
from backoffice.records import Event, Table
from commerce.money import format_money
from oropay.declines import reason_shown
from oropay.models import MoneyState, Payment, PaymentTransaction
from plumbing.selectors import notes_on
from reconciliation.selectors import fees_of

OVER = [MoneyState.DECLINED, MoneyState.CANCELED, MoneyState.EXPIRED, MoneyState.FAILED]
"""Of a payment that ended like this nothing can be captured, canceled or refunded."""


def money_buttons(request: HttpRequest, payments: QuerySet[Payment]) -> list[tuple[str, str]]:
    """What this person may do with these payments now: the buttons of each one's own page, opening its dialogs."""
    page: Any = admin.site._registry[Payment]
    if not page.has_view_permission(request):
        return []
    return [
        (f"{one.description} · #{payment_id}", reverse(f"admin:{one.action_name}", args=[payment_id]))
        for payment_id in payments.exclude(money_state__in=OVER).order_by("pk").values_list("pk", flat=True)
        for one in page.get_actions_detail(request, payment_id)
    ]


def payments_table(request: HttpRequest, payments: QuerySet[Payment]) -> Table:
    """Every transaction of them: id, type, amount, state, method, date, answer, settled, fee, user, reference.

    Whoever may not read payments sees when how much was paid, and what became of it.
    """
    if not request.user.has_perm("oropay.view_payment"):
        return Table(
            _("Payments"),
            [_("Date"), _("Amount"), _("Money")],
            [
                [moment(one.created_at), money(one.amount, one.currency), badge(one, "money_state")]
                for one in payments.order_by("pk")
            ],
            empty=_("Nobody has paid yet."),
            right=frozenset({1}),
        )
    rows = list(
        PaymentTransaction.objects.filter(payment__in=payments.values("pk"))
        .select_related("payment__instrument", "created_by")
        .order_by("payment_id", "pk")
    )
    fees = fees_of(transaction_ids=[one.pk for one in rows])
    return Table(
        _("Payments"),
        [
            _("Payment"),
            _("Type"),
            _("Amount"),
            _("State"),
            _("Method"),
            _("Date"),
            _("Answer"),
            _("Settled"),
            _("By"),
            _("Gateway reference"),
        ],
        [
            [
                link(one.payment, f"#{one.payment_id}"),
                one.get_action_display(),
                money(one.amount, one.currency),
                badge(one, "state"),
                str(one.payment.instrument or one.payment.get_method_display()),
                moment(one.created_at),
                answer_of(one) or dash(),
                _settled(one, fees.get(one.pk)),
                one.created_by or _("the system"),
                short_id(one.gateway_id or one.gateway_reference),
            ]
            for one in rows
        ],
        empty=_("Nobody has paid yet. Payments will appear here as soon as somebody tries."),
        right=frozenset({2}),
        buttons=money_buttons(request, payments),
    )


def _settled(row: PaymentTransaction, fee: Decimal | None) -> Any:
    """When, and the transaction's share of what the gateway kept of its deposit."""
    if fee is None:
        return moment(row.settled_at)
    kept = _("fee {amount}").format(amount=format_money(fee, row.currency))
    return format_html('{}<br><span class="office-quiet">{}</span>', moment(row.settled_at), kept)


def answer_of(row: PaymentTransaction) -> str:
    """Why nothing was taken, in our words; then what the gateway or the bank said in theirs."""
    reason = reason_shown(row)
    said = (reason, row.message) if reason else (row.message, row.result_code, row.error_code)
    return " · ".join(str(part) for part in (row.get_failure_reason_display(), *said) if part)


def activity(*rows: Model | None) -> list[Event]:
    """What people and the system remarked on these rows of one page, oldest first."""
    notes = sorted(
        (note for row in rows if row is not None for note in notes_on(row)), key=lambda note: (note.created_at, note.pk)
    )
    return [
        Event(at=moment(note.created_at), title=note.text, by=str(note.by) if note.by else _("the system"))
        for note in notes
    ]
