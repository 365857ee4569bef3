"""Buttons about bank accounts, on the pages of accounts and of the payments made with them."""

from collections.abc import Mapping
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.dialogs import Words, dialog
from backoffice.files import attachment
from backoffice.forms.bankdebits import SECRET, MandateForm, NoticeForm, RevokeForm, revocable
from backoffice.scoping import staff_of
from oropay.exceptions import ChangeRefused
from oropay.models import ChangeNotice, ChangeOutcome, Instrument, InstrumentKind, InstrumentState, Mandate, MandateKind
from oropay.services import change_notice_apply, mandate_record, mandate_revoke


class NoticeMixin:
    """The button with which a bank's notice of change is written down by hand."""

    @dialog(
        title=gettext_lazy("Record a bank's notice"),
        form=NoticeForm,
        permissions=["oropay.apply_change_notice"],
        icon="edit_notifications",
        secret=SECRET,
    )
    def record_notice(self, request: HttpRequest, form: NoticeForm) -> Words:
        if form.account is None:
            raise ChangeRefused(why=_("There is no bank account to correct."))
        notices = change_notice_apply(
            instrument=form.account, asked=form.asked(), by=staff_of(request), now=timezone.now()
        )
        return notices_told(notices)


def notices_told(notices: list[ChangeNotice]) -> str:
    """What a person reads after recording a notice."""
    count = len(notices)
    if {one.outcome for one in notices} == {ChangeOutcome.NOTED}:
        return _("It is noted. Nothing had to be corrected.")
    if ChangeOutcome.ENTER_AGAIN in {one.outcome for one in notices}:
        return _("It is noted. The account is not debited any more until it is entered again.")
    if InstrumentState.DEAD in {one.instrument.state for one in notices}:
        return _(
            "It is noted and corrected. The account is still not debited: its bank has called something else of it "
            "wrong and not said what is right."
        )
    return ngettext(
        "One saved account is corrected. The next debit goes out right.",
        "{n} saved accounts are corrected. The next debit goes out right.",
        count,
    ).format(n=count)


class AccountMixin(NoticeMixin):
    """Buttons of a bank account's own page, and the proof of its mandates."""

    def bank_actions(self, row: Instrument) -> Mapping[str, bool]:
        """Which of them make sense for this instrument now."""
        bank = row.kind == InstrumentKind.BANK
        return {
            "record_notice": bank,
            "record_mandate": bank and row.state == InstrumentState.ACTIVE,
            "revoke_mandate": bank and bool(revocable(row)),
        }

    @dialog(
        title=gettext_lazy("Record a mandate"),
        form=MandateForm,
        permissions=["oropay.record_mandate"],
        icon="history_edu",
    )
    def record_mandate(self, request: HttpRequest, form: MandateForm) -> Words:
        data = form.cleaned_data
        made = mandate_record(
            instrument=form.row,
            kind=MandateKind(data["kind"]),
            channel=data["channel"],
            text=data["text"],
            limit=data["limit"],
            proof=form.proof(),
            by=staff_of(request),
            now=timezone.now(),
            note=data["note"],
        )
        return _("The mandate is written down ({code}). Nothing was debited.").format(code=made.sec_code)

    @dialog(
        title=gettext_lazy("Revoke a mandate"),
        form=RevokeForm,
        permissions=["oropay.revoke_mandate"],
        icon="contract_delete",
    )
    def revoke_mandate(self, request: HttpRequest, form: RevokeForm) -> Words:
        mandate_revoke(mandate=form.chosen(), by=staff_of(request), why=form.cleaned_data["note"], now=timezone.now())
        return _("The mandate is revoked. Nothing more is debited under it.")

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("<int:instrument_id>/mandates/<int:mandate_id>/proof/", "oropay_instrument_proof", self.proof_view),)

    def proof_view(
        self, request: HttpRequest, instrument_id: int, mandate_id: int, model_admin: Any = None
    ) -> HttpResponse:
        """The recording, notice or signed paper, for those who may view the account."""
        row = self.row_or_404(request, instrument_id)  # type: ignore[attr-defined]
        mandate = Mandate.objects.filter(instrument=row, pk=mandate_id).select_related("document").first()
        if mandate is None or mandate.document is None:
            raise Http404
        return attachment(mandate.document)
