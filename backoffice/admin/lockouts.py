"""Lock-outs: who may not pay for a while because of too many tries, and lifting that."""

from collections.abc import Iterable, Sequence
from typing import Any

from django import forms
from django.contrib import admin
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words, dialog
from backoffice.display import BAD, GOOD, QUIET, dash, link, moment, tag
from backoffice.forms import fields
from backoffice.records import Facts, RecordAdmin, Section
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.models import Lockout
from oropay.services import lockout_lift


class LiftForm(DialogForm):
    note: forms.CharField = fields.note(help_text=gettext_lazy("Say how you know them; it stays with the lock-out."))
    submit_text = gettext_lazy("Lift")

    def sentence(self) -> Words:
        return _("No money moves. They may try to pay again at once, and are counted anew.")


class StateFilter(admin.SimpleListFilter):
    title = gettext_lazy("state")
    parameter_name = "locked"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("yes", _("Locked out now")), ("no", _("Ended or lifted"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        now = timezone.now()
        if self.value() == "yes":
            return queryset.filter(lifted_at=None, until__gt=now)
        return queryset.exclude(lifted_at=None, until__gt=now) if self.value() == "no" else queryset


@admin.register(Lockout)
class LockoutAdmin(RecordAdmin):
    empty = gettext_lazy(
        "A lock-out appears here when somebody tries to pay too often or with too many cards, as people do who test "
        "stolen ones."
    )
    list_display = ["who", "hint", "reason", "state", "since", "ends", "last_payment"]
    list_filter = [StateFilter, "subject"]
    search_fields = ["hint", "reason", "note"]
    list_select_related = ["payment__customer"]
    actions_detail = ["lift"]

    def possible(self, request: HttpRequest, row: Lockout) -> bool:
        return _locked(row)

    @dialog(
        title=gettext_lazy("Lift"),
        form=LiftForm,
        permissions=["oropay.lift_lockout"],
        icon="lock_open",
        variant=ActionVariant.PRIMARY,
    )
    def lift(self, request: HttpRequest, form: LiftForm) -> Words:
        lockout_lift(lockout=form.row, note=form.cleaned_data["note"], by=staff_of(request), now=timezone.now())
        return _("The lock-out is lifted; they may pay again.")

    @display(description=gettext_lazy("Who"), ordering="subject")
    def who(self, row: Lockout) -> str:
        return str(row.get_subject_display())

    @display(description=gettext_lazy("State"))
    def state(self, row: Lockout) -> Any:
        if row.lifted_by_id is not None:
            return tag(_("Lifted"), GOOD)
        return tag(_("Locked out"), BAD) if _locked(row) else tag(_("Ended"), QUIET)

    @display(description=gettext_lazy("Since"), ordering="raised_at")
    def since(self, row: Lockout) -> Any:
        return moment(row.raised_at)

    @display(description=gettext_lazy("Until"), ordering="until")
    def ends(self, row: Lockout) -> Any:
        return moment(row.until)

    @display(description=gettext_lazy("Last payment"))
    def last_payment(self, row: Lockout) -> Any:
        return link(row.payment, f"#{row.payment_id} · {row.payment.customer}") if row.payment else dash()

    def heading(self, row: Lockout) -> str:
        return str(row)

    def headline(self, request: HttpRequest, row: Lockout) -> Sequence[Any]:
        return (self.state(row),)

    def sections(self, request: HttpRequest, row: Lockout) -> Iterable[Section]:
        facts: list[tuple[Any, Any]] = [
            (_("Who"), self.who(row)),
            (_("Seen as"), row.hint or dash()),
            (_("Why"), row.reason),
            (_("Since"), moment(row.raised_at)),
            (_("Until"), moment(row.until)),
            (_("Last payment"), self.last_payment(row)),
        ]
        if row.lifted_at is not None and row.lifted_by_id is not None:
            facts += [(_("Lifted"), moment(row.lifted_at)), (_("By"), row.lifted_by), (_("Note"), row.note)]
        yield Facts(_("Details"), facts)


def _locked(row: Lockout) -> bool:
    return row.lifted_at is None and row.until > timezone.now()
