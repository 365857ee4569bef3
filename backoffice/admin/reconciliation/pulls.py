"""The list of what pulls asked and brought."""

from collections.abc import Iterable
from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.reconciliation.button import PullMixin
from backoffice.display import BAD, BUSY, GOOD, dash, day, link, moment, tag
from backoffice.records import Facts, RecordAdmin, Section
from backoffice.scoping import ScopedRelatedFilter
from backoffice.unfolded import display
from reconciliation.models import Pull, PullState


@admin.register(Pull)
class PullAdmin(PullMixin, RecordAdmin):
    empty = gettext_lazy(
        "A pull appears here when the gateway is asked for its deposits: every hour by itself, or at once with "
        "Pull now."
    )
    menu_icon = "sync"
    menu_title = gettext_lazy("Pulls")
    organization_path = "provider_account__organization"
    list_display = ["asked", "provider_account", "days", "shown_state", "news", "asked_by", "ended"]
    list_filter = ["state", ("provider_account", ScopedRelatedFilter)]
    list_select_related = ["provider_account", "asked_by"]

    @display(description=gettext_lazy("Asked"), ordering="asked_at")
    def asked(self, row: Pull) -> Any:
        return moment(row.asked_at)

    @display(description=gettext_lazy("Deposit days"))
    def days(self, row: Pull) -> Any:
        return format_html("{} – {}", day(row.since), day(row.until))

    @display(description=gettext_lazy("State"))
    def shown_state(self, row: Pull) -> Any:
        variant = {PullState.DONE: GOOD, PullState.FAILED: BAD}.get(PullState(row.state), BUSY)
        return tag(str(row.get_state_display()), variant, state=row.state)

    @display(description=gettext_lazy("New"))
    def news(self, row: Pull) -> Any:
        return _("{deposits} deposits, {lines} lines, {matches} matches, {cases} exceptions").format(
            deposits=row.new_deposits, lines=row.new_lines, matches=row.new_matches, cases=row.new_cases
        )

    @display(description=gettext_lazy("Ended"), ordering="ended_at")
    def ended(self, row: Pull) -> Any:
        return moment(row.ended_at)

    def sections(self, request: HttpRequest, row: Pull) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Provider account"), link(row.provider_account)),
                (_("Deposit days"), self.days(row)),
                (_("State"), self.shown_state(row)),
                (_("New"), self.news(row)),
                (_("Asked by"), str(row.asked_by) if row.asked_by else _("the schedule")),
                (_("Asked"), moment(row.asked_at)),
                (_("Ended"), moment(row.ended_at)),
                (_("What went wrong"), row.error or dash()),
            ],
        )
