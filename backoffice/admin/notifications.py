"""Notifications: what gateways told us by themselves, who really sent it, and what came of it."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import badge, dash, link, moment, plain, short_id
from backoffice.records import Facts, RecordAdmin, Section, Text
from backoffice.scoping import ScopedRelatedFilter, staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.models import NOTIFICATION_WAITING, Notification
from oropay.services import notification_replay


class ReplayForm(DialogForm):
    submit_text = gettext_lazy("Try again")

    def sentence(self) -> Words:
        return _(
            "No money moves by itself. The signature is checked again; if it is the gateway's, the gateway is asked "
            "how the transaction stands, and what is new is recorded once."
        )


@admin.register(Notification)
class NotificationAdmin(RecordAdmin):
    empty = gettext_lazy(
        "A notification appears here when the gateway tells something by itself: a bank debit that settled, a payment "
        "that came back. Its address is on the integration's page."
    )
    organization_path = "integration__organization"
    list_display = ["received", "shown_state", "about", "says", "outcome_shown", "transaction_shown", "integration"]
    list_filter = [
        "state",
        "subject",
        ("integration", ScopedRelatedFilter),
        ("received_at", admin.DateFieldListFilter),
    ]
    search_fields = ["gateway_id", "transaction__reference", "outcome", "sha256"]
    search_help_text = gettext_lazy("The gateway's id, our reference, or what became of it")
    list_select_related = ["integration", "transaction"]
    ordering = ["-id"]
    actions_detail = ["replay"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notification]:
        rows: QuerySet[Notification] = super().get_queryset(request)
        return rows.defer("body")

    def possible(self, request: HttpRequest, row: Notification) -> bool:
        return row.state not in NOTIFICATION_WAITING

    @dialog(
        title=gettext_lazy("Try again"),
        form=ReplayForm,
        permissions=["oropay.change_notification"],
        icon="replay",
        variant=ActionVariant.PRIMARY,
    )
    def replay(self, request: HttpRequest, form: ReplayForm) -> Words:
        notification_replay(notification=form.row, by=staff_of(request), now=timezone.now())
        return _("A worker looks at it again; reload in a few seconds.")

    @display(description=gettext_lazy("Received"), ordering="received_at")
    def received(self, row: Notification) -> Any:
        return moment(row.received_at)

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, row: Notification) -> Any:
        return badge(row, "state")

    @display(description=gettext_lazy("About"), ordering="gateway_id")
    def about(self, row: Notification) -> Any:
        return short_id(row.gateway_id)

    @display(description=gettext_lazy("Says"))
    def says(self, row: Notification) -> Any:
        return plain(row.gateway_status) if row.gateway_status else dash()

    @display(description=gettext_lazy("What became of it"))
    def outcome_shown(self, row: Notification) -> Any:
        return row.outcome or dash()

    @display(description=gettext_lazy("Transaction"))
    def transaction_shown(self, row: Notification) -> Any:
        return link(row.transaction, f"#{row.transaction_id}") if row.transaction else dash()

    def heading(self, row: Notification) -> str:
        return _("Notification {number}").format(number=row.pk)

    def headline(self, request: HttpRequest, row: Notification) -> Sequence[Any]:
        return (badge(row, "state"),)

    def sections(self, request: HttpRequest, row: Notification) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("What became of it"), row.outcome or dash()),
                (_("Received"), moment(row.received_at)),
                (_("Sent from"), row.address or dash()),
                (_("Integration"), link(row.integration)),
                (_("About"), row.gateway_id or dash()),
                (_("Says"), row.gateway_status or dash()),
                (_("Transaction"), link(row.transaction)),
                (_("Tries"), row.tries),
                (_("Next try"), moment(row.next_at)),
                (_("Ended"), moment(row.ended_at)),
                (_("SHA-256 of the body"), row.sha256),
            ],
        )
        yield Text(
            _("What it says, without secrets; nothing of it is believed"),
            json.dumps(row.shown, indent=2, ensure_ascii=False)
            if row.shown
            else _("A worker has not read it yet, or there is nothing in it."),
        )
