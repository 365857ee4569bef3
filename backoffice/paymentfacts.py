"""What a payment's page says of the payment itself, and of what people must look at."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from backoffice.accountchecks import account_check_shown
from backoffice.authentications import authentication_facts
from backoffice.display import dash, link, moment
from backoffice.nextsteps import next_of
from backoffice.records import Table
from backoffice.returnwindow import late_facts, window_facts
from oropay.models import AchReturn, Action, Alert, InstrumentKind, Method, Payment


def payment_facts(row: Payment) -> list[tuple[Any, Any]]:
    """Who pays, how, through whom."""
    facts: list[tuple[Any, Any]] = [
        (_("Customer"), link(row.customer)),
        (
            _("Started by"),
            f"{row.get_initiator_display()} · {row.created_by}" if row.created_by else row.get_initiator_display(),
        ),
        (_("Created"), moment(row.created_at)),
        (_("Integration"), link(row.integration) if row.integration else dash()),
        (_("Provider account"), link(row.provider_account) if row.provider_account else dash()),
        (_("Paid with"), link(row.instrument) if row.instrument else dash()),
        (_("Seller"), row.organization),
        (_("Name at our side"), str(row.uuid)),
    ]
    facts += authentication_facts(row)
    if row.mandate_id:
        facts.append((_("Mandate"), str(row.mandate)))
    if row.instrument is not None and row.instrument.kind == InstrumentKind.BANK:
        facts.append((_("Account check"), account_check_shown(row.instrument)))
    if row.method == Method.BANK:
        facts += _window(row)
    return facts


def _window(row: Payment) -> list[tuple[Any, Any]]:
    """Until when the bank may still say that the debit was not authorised, and that it did so too late."""
    debits = [one for one in row.transactions.all() if one.action == Action.CHARGE]
    facts = window_facts(debits[-1]) if debits else []
    told = AchReturn.objects.filter(transaction__in=[one.pk for one in row.transactions.all()]).first()
    return facts + (late_facts(told) if told is not None else [])


def alerts_table(alerts: Sequence[Alert]) -> Table:
    """What a person must look at, and what to do about it."""
    return Table(
        _("Alerts"),
        [_("What"), _("Raised"), _("Text"), _("What to do, or what was found")],
        [
            [link(alert, alert.get_kind_display()), moment(alert.raised_at), alert.text, alert.remark or next_of(alert)]
            for alert in alerts
        ],
        empty="",
    )
