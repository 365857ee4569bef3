"""Banks' notices of change: what they said, what became of it, and the file that brings many at once."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.dialogs import Words, list_dialog
from backoffice.display import BAD, GOOD, QUIET, dash, day, link, moment, tag
from backoffice.forms.bankdebits import NoticeFileForm
from backoffice.records import Facts, RecordAdmin, Section
from backoffice.scoping import staff_of
from backoffice.unfolded import ActionVariant, display
from oropay.exceptions import ChangeFileRefused
from oropay.models import ChangeNotice, ChangeOutcome
from oropay.services import change_file_apply


@admin.register(ChangeNotice)
class ChangeNoticeAdmin(RecordAdmin):
    empty = gettext_lazy(
        "A notice appears here when a bank says that details of an account have changed: recorded by hand on the page "
        "of the account or of a payment, or with a file."
    )
    list_display = ["what", "account", "customer", "shown_outcome", "noticed", "recorded"]
    list_filter = ["outcome", "code", "source"]
    search_fields = ["code", "last4_before", "last4_after", "instrument__customer__name", "note"]
    list_select_related = ["instrument__customer", "applied_by", "payment"]
    actions_list = ["upload"]

    @list_dialog(
        title=gettext_lazy("Apply a file"),
        form=NoticeFileForm,
        permissions=["oropay.apply_change_notice"],
        icon="upload_file",
        variant=ActionVariant.PRIMARY,
        model=ChangeNotice,
    )
    def upload(self, request: HttpRequest, form: NoticeFileForm) -> Words:
        given = form.cleaned_data["document"]
        try:
            done = change_file_apply(content=given.read(), name=given.name, by=staff_of(request), now=timezone.now())
        except ChangeFileRefused as refused:
            raise ValidationError([str(refused), *refused.lines]) from refused
        told = ngettext("{n} notice is recorded.", "{n} notices are recorded.", len(done.notices)).format(
            n=len(done.notices)
        )
        if done.known:
            told += " " + ngettext(
                "{n} line was recorded before and changed nothing.",
                "{n} lines were recorded before and changed nothing.",
                done.known,
            ).format(n=done.known)
        return told

    # --- list

    @display(description=gettext_lazy("Notice"), ordering="code")
    def what(self, row: ChangeNotice) -> str:
        return f"{row.code} · {row.change.title}"

    @display(description=gettext_lazy("Bank account"))
    def account(self, row: ChangeNotice) -> Any:
        return link(row.instrument, f"···· {row.last4_after or row.last4_before}")

    @display(description=gettext_lazy("Customer"))
    def customer(self, row: ChangeNotice) -> Any:
        return link(row.instrument.customer)

    @display(description=gettext_lazy("State"), ordering="outcome")
    def shown_outcome(self, row: ChangeNotice) -> Any:
        variants = {ChangeOutcome.CORRECTED.value: GOOD, ChangeOutcome.ENTER_AGAIN.value: BAD}
        return tag(str(row.get_outcome_display()), variants.get(row.outcome, QUIET), state=row.outcome)

    @display(description=gettext_lazy("Bank's date"), ordering="noticed_on")
    def noticed(self, row: ChangeNotice) -> Any:
        return day(row.noticed_on)

    @display(description=gettext_lazy("Recorded"), ordering="applied_at")
    def recorded(self, row: ChangeNotice) -> Any:
        return moment(row.applied_at)

    # --- page

    def heading(self, row: ChangeNotice) -> str:
        return self.what(row)

    def headline(self, request: HttpRequest, row: ChangeNotice) -> Sequence[Any]:
        return (self.shown_outcome(row),)

    def sections(self, request: HttpRequest, row: ChangeNotice) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("What it means"), row.change.means),
                (_("What became of it"), OUTCOMES[ChangeOutcome(row.outcome)]),
                (_("Bank account"), link(row.instrument)),
                (_("Customer"), link(row.instrument.customer)),
                (_("Payment"), link(row.payment, f"#{row.payment_id}") if row.payment else dash()),
                *_changed(row),
                (_("Bank's date"), day(row.noticed_on)),
                (_("Source"), " · ".join(part for part in (str(row.get_source_display()), row.file_name) if part)),
                (_("Recorded"), moment(row.applied_at)),
                (_("By"), row.applied_by),
                (_("Note"), row.note or dash()),
            ],
        )


OUTCOMES = {
    ChangeOutcome.CORRECTED: gettext_lazy("The account is corrected; the next debit goes out with it."),
    ChangeOutcome.ENTER_AGAIN: gettext_lazy(
        "The bank does not say what is right. The account is not debited until its owner enters it again, or another "
        "notice says it."
    ),
    ChangeOutcome.NOTED: gettext_lazy("Nothing had to be corrected."),
}


def _changed(row: ChangeNotice) -> list[tuple[Any, Any]]:
    """Old and new of every detail that was corrected; of the account number the last digits."""
    pairs = [
        (_("Account number"), f"···· {row.last4_before}", f"···· {row.last4_after}" if row.last4_after else ""),
        (_("Routing number"), row.routing_before, row.routing_after),
        (_("Account type"), row.type_before, row.type_after),
        (_("Holder"), row.holder_before, row.holder_after),
    ]
    return [(name, f"{before} → {after}") for name, before, after in pairs if after]
