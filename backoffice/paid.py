"""What orders and invoices show of the payments on them, and of what people wrote."""

from django.db.models import Model, QuerySet
from django.utils.translation import gettext as _

from backoffice.display import badge, dash, link, moment, money
from backoffice.records import Event, Table
from oropay.models import Payment, PaymentTransaction
from plumbing.selectors import notes_on


def payments_table(payments: QuerySet[Payment]) -> Table:
    """Every transaction of these payments: id, date, method, type, amount, state, reference, reason, settled, user."""
    rows = (
        PaymentTransaction.objects.filter(payment__in=payments.values("pk"))
        .select_related("payment__instrument", "created_by")
        .order_by("payment_id", "pk")
    )
    return Table(
        _("Payments"),
        [
            _("Payment"),
            _("Date"),
            _("Method"),
            _("Type"),
            _("State"),
            _("Gateway reference"),
            _("Answer"),
            _("Settled"),
            _("By"),
            _("Amount"),
        ],
        [
            [
                link(one.payment, f"#{one.payment_id}"),
                moment(one.created_at),
                str(one.payment.instrument or one.payment.get_method_display()),
                one.get_action_display(),
                badge(one, "state"),
                one.gateway_id or one.gateway_reference or dash(),
                one.message or one.get_failure_reason_display() or dash(),
                moment(one.settled_at),
                one.created_by or _("the system"),
                money(one.amount, one.currency),
            ]
            for one in rows
        ],
        empty=_("Nobody has paid yet. Payments will appear here as soon as somebody tries."),
        right=frozenset({9}),
    )


def activity(row: Model) -> list[Event]:
    """What people and the system remarked on it."""
    return [
        Event(at=moment(note.created_at), title=note.text, by=str(note.by) if note.by else _("the system"))
        for note in notes_on(row)
    ]
