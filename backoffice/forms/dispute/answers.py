"""Dialogs about our answer to a dispute: accept, challenge, take it back, and the evidence that goes with it."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words
from backoffice.forms import fields
from backoffice.forms.dispute.base import DisputeDialog
from backoffice.unfolded import widgets
from oropay.models import DisputeStage, EvidenceType
from oropay.services.dispute import (
    EvidenceFile,
    answer_withdrawable,
    answerable,
    evidence_offered,
    evidence_withdrawable,
    size_words,
)

AGAIN, WRITE_OFF = "again", "write_off"


class AnswerDialog(DisputeDialog):
    """`after` carries what the person saw: news of the gateway in between refuses the answer."""

    after = forms.IntegerField(widget=forms.HiddenInput)

    def prepare(self) -> None:
        newest = self.row.steps.order_by("-pk").values_list("pk", flat=True).first()
        self.fields["after"].initial = newest or 0
        self.fit()
        self.drop_fields()

    def fit(self) -> None:
        """Set choices and suggestions."""

    def unavailable(self) -> Words:
        return answerable(dispute=self.row, now=timezone.now()).why_not


class AcceptForm(AnswerDialog):
    then = fields.choice(
        label=gettext_lazy("What becomes of what it had paid"),
        choices=[
            (AGAIN, gettext_lazy("The customer owes it again")),
            (WRITE_OFF, gettext_lazy("Not pursued: write it off as bad debt")),
        ],
    )
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with the dispute."))
    submit_text = gettext_lazy("Accept the loss")
    back_text = gettext_lazy("Keep disputing")

    def fit(self) -> None:
        if self.row.stage == DisputeStage.RETRIEVAL:
            del self.fields["then"]

    def sentence(self) -> Words:
        if self.row.stage == DisputeStage.RETRIEVAL:
            return _("No money moves: the bank's question stays unanswered, and a chargeback may follow.")
        return _(
            "{amount} stays with the card holder's bank for good; this cannot be taken back. {again} If you do "
            "nothing, the bank decides on {until}."
        ).format(amount=self.shown(self.row.amount), again=self.due_again(), until=self.until() or "–")

    def not_pursued(self) -> bool:
        return self.cleaned_data.get("then") == WRITE_OFF


class ChallengeForm(AnswerDialog):
    evidence = forms.MultipleChoiceField(
        label=gettext_lazy("Documents to send"),
        required=False,
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget(),
    )
    letter = forms.CharField(
        label=gettext_lazy("Letter"),
        required=False,
        max_length=6000,
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        help_text=gettext_lazy("In English. It is sent as a PDF with the facts that name the case."),
    )
    submit_text = gettext_lazy("Send the challenge")

    def fit(self) -> None:
        field = self.fields["evidence"]
        choices = [
            (
                str(one.pk),
                " · ".join(
                    part
                    for part in (
                        one.get_type_display(),
                        one.description,
                        one.document.name,
                        size_words(one.document.size),
                    )
                    if part
                ),
            )
            for one in evidence_offered(dispute=self.row)
        ]
        field.choices = choices  # type: ignore[attr-defined]
        field.initial = [pk for pk, _words in choices]
        if not choices:
            field.help_text = _("No document is ready to be sent. Add evidence first, or write a letter.")

    def sentence(self) -> Words:
        if self.row.stage == DisputeStage.RETRIEVAL:
            return _(
                "No money moves. One single document answers the bank's question; it must arrive by {until}."
            ).format(until=self.until() or "–")
        return _(
            "The documents go to the gateway and others decide. {amount} stays where it is until then: won, it comes "
            "back with a deposit; lost, {again} The answer must arrive by {until} and cannot be changed afterwards."
        ).format(amount=self.shown(self.row.amount), again=self.due_again(), until=self.until() or "–")

    def evidence_ids(self) -> list[int]:
        return [int(pk) for pk in self.cleaned_data["evidence"]]


class WithdrawAnswerForm(DisputeDialog):
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with the dispute."))
    submit_text = gettext_lazy("Withdraw it")
    back_text = gettext_lazy("Let it be sent")

    def prepare(self) -> None:
        self.drop_fields()

    def sentence(self) -> Words:
        if not self.row.is_ours_to_answer:
            return _(
                "No money moves: the answer has not been sent, and the dispute has gone on without it. No answer is "
                "asked for now."
            )
        return _(
            "No money moves: the answer has not been sent. Without another one by {until} the bank decides against us."
        ).format(until=self.until() or "–")

    def unavailable(self) -> Words:
        return "" if answer_withdrawable(dispute=self.row) else _("No answer waits to be sent.")


class ManyFilesInput(forms.FileInput):
    """Unfold's script writes the chosen name into the nearest text input: here is one for it, that nobody sees."""

    allow_multiple_selected = True

    def render(self, name: str, value: Any, attrs: Any = None, renderer: Any = None) -> SafeString:
        chooser = super().render(name, None, attrs, renderer)
        return format_html('<div>{}<input type="text" hidden readonly></div>', chooser)


class ManyFilesField(forms.FileField):
    """Several files at once; each is checked by the service."""

    def clean(self, data: Any, initial: Any = None) -> list[Any]:
        files = data if isinstance(data, list | tuple) else [data]
        return [super(ManyFilesField, self).clean(one, initial) for one in files]


class EvidenceForm(DisputeDialog):
    uploads = ManyFilesField(
        label=gettext_lazy("Files"),
        widget=ManyFilesInput(
            attrs={
                "multiple": True,
                "accept": ".pdf,.jpg,.jpeg,.png,.tif,.tiff",
                "class": " ".join(widgets.INPUT_CLASSES),
            }
        ),
        allow_empty_file=True,
    )
    type = fields.choice(
        label=gettext_lazy("What they prove"),
        choices=[one for one in EvidenceType.choices if one[0] != EvidenceType.LETTER],
    )
    description = fields.text(label=gettext_lazy("Description"), required=False, max_length=250)
    submit_text = gettext_lazy("Add")

    def prepare(self) -> None:
        self.fields["uploads"].help_text = _(
            "PDF, JPEG, PNG or TIFF, at most 25 MB each. The gateway takes documents up to {size}."
        ).format(size=size_words(settings.OROPAY_DISPUTE_DOCUMENT_BYTES))

    def sentence(self) -> Words:
        return _("No money moves and nothing is sent. The files wait in the case until you challenge.")

    def uploaded(self) -> list[EvidenceFile]:
        return [EvidenceFile(name=one.name, content=one.read()) for one in self.cleaned_data["uploads"]]


class WithdrawForm(DisputeDialog):
    evidence = fields.choice(label=gettext_lazy("Document"), choices=[])
    submit_text = gettext_lazy("Withdraw")

    def prepare(self) -> None:
        choices = [
            (str(one.pk), f"{one.get_type_display()} · {one.document.name}")
            for one in evidence_withdrawable(dispute=self.row)
        ]
        self.fields["evidence"].choices = choices  # type: ignore[attr-defined]
        self.drop_fields()

    def sentence(self) -> Words:
        return _("No money moves. The document stays in the case, but does not go with a challenge.")

    def unavailable(self) -> Words:
        return "" if self.fields["evidence"].choices else _("No document waits to be sent.")  # type: ignore[attr-defined]
