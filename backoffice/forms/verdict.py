"""The dialog in which the first of two persons says what became of an unknown transaction."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from backoffice.forms.money import Offers
from backoffice.unfolded import widgets
from oropay.models import Payment, PaymentTransaction
from oropay.services import EvidenceFile
from plumbing.models import DOCUMENT_LIMIT


class VerdictForm(DialogForm):
    verdict = fields.choice(
        label=gettext_lazy("What became of it"),
        choices=[("", "–"), ("taken", gettext_lazy("Taken: it was done")), ("not_taken", gettext_lazy("Not taken"))],
    )
    gateway_id = fields.text(
        label=gettext_lazy("Id at the gateway"),
        help_text=gettext_lazy("Of a charge, hold, refund or credit that was taken."),
        required=False,
        max_length=50,
    )
    evidence = fields.note(
        label=gettext_lazy("Evidence"), help_text=gettext_lazy("Who said so, when, and what was shown.")
    )
    document = forms.FileField(
        label=gettext_lazy("File"),
        required=False,
        help_text=gettext_lazy("A letter or a picture of the gateway's portal, at most 25 MB."),
        widget=widgets.UnfoldAdminFileFieldWidget(),
    )
    submit_text = gettext_lazy("Ask a second person")

    def prepare(self) -> None:
        payment: Payment = self.row
        self.undecided = {str(row.pk): row for row in Offers(payment).undecided()}
        if len(self.undecided) > 1:
            choices = [(pk, f"#{pk} · {row}") for pk, row in self.undecided.items()]
            self.fields = {"which": fields.choice(label=_("Transaction"), choices=choices), **self.fields}
        self.drop_fields()

    def sentence(self) -> Words:
        return _(
            "Nothing moves now. Once another person agrees, it is booked as taken, or written down as not taken and "
            "watched for 90 days."
        )

    def unavailable(self) -> Words:
        return "" if self.undecided else _("Nothing about this payment has been unknown for a day.")

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not self.undecided:
            raise forms.ValidationError(_("Nothing was decided. {why}").format(why=self.unavailable()))
        document = cleaned.get("document")
        if document is not None and document.size > DOCUMENT_LIMIT:
            self.add_error("document", _("Nothing was decided. The file is larger than 25 MB."))
        return cleaned

    def chosen(self) -> PaymentTransaction:
        return self.undecided[self.cleaned_data.get("which") or next(iter(self.undecided))]

    def file_given(self) -> EvidenceFile | None:
        """The file, if one was given."""
        given = self.cleaned_data.get("document")
        if given is None:
            return None
        return EvidenceFile(
            name=given.name, content_type=given.content_type or "application/octet-stream", content=given.read()
        )
