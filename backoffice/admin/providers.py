"""Provider accounts: what was provisioned. Read-only; keys are never shown, and never typed here."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.html import format_html
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words, dialog
from backoffice.display import BAD, GOOD, QUIET, WATCH, dash, link, moment, tag
from backoffice.forms.provider import SWITCHES, CompareForm, SwitchesForm, switch_label
from backoffice.records import Facts, RecordAdmin, Section, Table
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.engine.evidence import SILENT
from oropay.models import DriftRun, Environment, Exchange, ProviderAccount, ProviderHealth
from oropay.services import drift_ask, provider_switches_set


def circuit_words(health: ProviderHealth | None, now: datetime) -> Any:
    """What is done about an account that does not answer, in a sentence."""
    if health is None or health.open_until is None:
        return _("Closed: everything is sent as it comes.")
    if health.refuses(now):
        return format_html(
            _("Open after {} failures in a row: nothing is sent until {}, and buyers are told. Look-ups go on."),
            health.failures,
            moment(health.open_until),
        )
    return _("Half open: one payment at a time tries; the first good answer closes it.")


@admin.register(ProviderAccount)
class ProviderAccountAdmin(RecordAdmin):
    empty = gettext_lazy("An account appears here when an operator has made it with manage.py provision.")
    list_display = [
        "name",
        "answers",
        "shown_environment",
        "settlement_currency",
        "organization",
        "is_active",
    ]
    list_filter = ["environment", "is_active"]
    search_fields = ["name"]
    list_select_related = ["organization", "health"]
    list_before_template = "backoffice/_provision.html"
    actions_detail = ["compare", "switches"]

    @display(description=gettext_lazy("Environment"))
    def shown_environment(self, row: ProviderAccount) -> Any:
        real = row.environment == Environment.PRODUCTION
        return tag(row.get_environment_display(), BAD if real else WATCH)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ProviderAccount]:
        rows: QuerySet[ProviderAccount] = super().get_queryset(request)
        answers = Exchange.objects.filter(transaction__payment__provider_account=OuterRef("pk")).exclude(
            verdict__in=SILENT
        )
        return rows.annotate(has_answered=Exists(answers))

    @display(description=gettext_lazy("Answers"))
    def answers(self, row: Any) -> Any:
        """A health row is born with the first silence: before that, any answer at all says that it answers."""
        health = getattr(row, "health", None)
        if health is not None and health.refuses(timezone.now()):
            return tag(_("Silent, nothing is sent"), BAD, state="open")
        if health is not None and health.silent_since:
            return tag(_("Silent"), BAD, state="silent")
        if row.has_answered or health is not None:
            return tag(_("Answering"), GOOD, state="answering")
        return tag(_("Not asked yet"), QUIET, state="not_asked")

    @dialog(
        title=gettext_lazy("Compare now"),
        form=CompareForm,
        permissions=["oropay.change_driftfinding"],
        icon="difference",
        variant=ActionVariant.DEFAULT,
    )
    def compare(self, request: HttpRequest, form: CompareForm) -> Words:
        drift_ask(account=form.row, now=timezone.now())
        return _("A worker compares it now; reload in a minute. What differs is under Reconciliation → Differences.")

    @dialog(
        title=gettext_lazy("What the gateway allows"),
        form=SwitchesForm,
        permissions=["oropay.change_provideraccount"],
        icon="tune",
    )
    def switches(self, request: HttpRequest, form: SwitchesForm) -> Words:
        changed = provider_switches_set(
            account=form.row, switches=form.switches(), note=form.cleaned_data["note"], by=staff_of(request)
        )
        return _("Saved. It holds for what is started from now on.") if changed else _("Nothing was different.")

    def headline(self, request: HttpRequest, row: ProviderAccount) -> Sequence[Any]:
        return (self.shown_environment(row), self.answers(row))

    def sections(self, request: HttpRequest, row: ProviderAccount) -> Iterable[Section]:
        health = getattr(row, "health", None)
        yield Facts(
            _("Details"),
            [
                (_("Organization"), row.organization),
                (_("Gateway"), row.kind),
                (_("Service address"), row.service_url),
                (_("Country"), row.country),
                (_("Settlement currency"), row.settlement_currency),
                (_("Accounts"), f"{row.transaction_account} · {row.tokenization_account} · {row.settlement_account}"),
                (_("Active"), _yes(row.is_active)),
                *((switch_label(name), _yes(getattr(row, name))) for name in SWITCHES),
                (_("Silent since"), moment(health.silent_since) if health else dash()),
                (_("Circuit"), circuit_words(health, timezone.now())),
                (
                    _("Credentials"),
                    _("Sealed with key {key}. Only the worker opens them; nobody sees them.").format(key=row.key_id),
                ),
                (_("Provisioned"), moment(row.created_at)),
                (
                    _("To renew the keys"),
                    format_html(
                        "<code>manage.py provision --organization {} --name '{}' --service-url {} --environment {} "
                        "--currency {}</code>",
                        row.organization.code,
                        row.name,
                        row.service_url,
                        row.environment,
                        row.settlement_currency,
                    ),
                ),
            ],
        )
        yield _comparisons(row)
        yield Table(
            _("Integrations that use it"),
            [_("Integration"), _("Payment action"), _("eCheck"), _("Active")],
            [
                [
                    link(one),
                    one.get_payment_action_display(),
                    _yes(one.echeck),
                    _yes(one.is_active),
                ]
                for one in row.integration_set.order_by("name")
            ],
            empty=_("None yet. Make one under Integrations and choose this account as its payment provider."),
        )


def _yes(value: bool) -> str:
    return _("Yes") if value else _("No")


def _comparisons(row: ProviderAccount) -> Table:
    return Table(
        _("Compared with the gateway's list"),
        [_("Begun"), _("Days"), _("Transactions"), _("New differences"), _("Ended")],
        [
            [moment(run.started_at), str(run), run.compared, run.found, run.error or moment(run.ended_at)]
            for run in DriftRun.objects.filter(provider_account=row)[:5]
        ],
        empty=_("Not yet. It happens every night by itself, or now with the button above."),
        right=frozenset({2, 3}),
    )
