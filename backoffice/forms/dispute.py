"""Dialogs of a dispute: each says in one sentence what will happen to the money, and by when."""

from decimal import Decimal
from typing import Any

from django import forms
from django.conf import settings
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from backoffice.scoping import staff_of
from backoffice.unfolded import widgets
from commerce.models import User
from commerce.money import format_money, rounded
from oropay.engine.disputes import link_candidates, lost_of, split_shown
from oropay.models import Dispute, DisputeStage, EvidenceType, PayableKind, PaymentTransaction
from oropay.services.dispute import EvidenceFile, answerable, evidence_offered, evidence_withdrawable, size_words

AGAIN, WRITE_OFF = "again", "write_off"


class DisputeDialog(DialogForm):
    """`after` carries what the person saw: news of the gateway in between refuses the answer."""

    row: Dispute

    def shown(self, amount: Decimal) -> str:
        return format_money(amount, self.row.currency)

    def until(self) -> str:
        """By when an answer must have arrived, in the reader's time zone."""
        if self.row.respond_by is None:
            return ""
        return date_format(timezone.localtime(self.row.respond_by), "j M Y, H:i")

    def due_again(self) -> str:
        """Which invoices a loss makes due again, and by how much."""
        parts = [(payable, share) for payable, share in split_shown(dispute=self.row) if share > 0]
        if not parts:
            return _("We do not know the payment, so nothing is booked before it is linked.")
        return " ".join(
            _("{what} is owed again by {amount}.").format(what=payable, amount=self.shown(share))
            for payable, share in parts
        )

    def drop_fields(self) -> None:
        if not self.is_bound and self.unavailable():
            for name in [name for name in self.fields if not name.startswith("_")]:
                del self.fields[name]


class AnswerDialog(DisputeDialog):
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


class LinkForm(DisputeDialog):
    charge = fields.text(
        label=gettext_lazy("Charge"),
        help_text=gettext_lazy(
            "Our reference, the gateway's id of the charge, the number of an order or invoice, or the customer"
        ),
    )
    note = fields.note(help_text=gettext_lazy("Say how you know; it is kept with the dispute."))
    submit_text = gettext_lazy("Link")

    found: PaymentTransaction | None = None

    def sentence(self) -> Words:
        return _(
            "What the dispute did to money so far is booked on this payment at once. It cannot be linked otherwise."
        )

    def clean_charge(self) -> str:
        """Exactly one charge must fit; the words say which do."""
        text: str = self.cleaned_data["charge"].strip()
        rows = list(link_candidates(dispute=self.row, query=text)[:6])
        if not rows:
            nothing = _(
                "Nothing was booked. No charge of this account fits {text} and is of a payment of {amount} or more."
            )
            raise forms.ValidationError(nothing.format(text=text, amount=self.shown(self.row.amount)))
        if len(rows) > 1:
            raise forms.ValidationError(
                _("Nothing was booked. Several charges fit; type the reference of one: {rows}").format(
                    rows=", ".join(
                        f"{row.reference} ({self.shown(row.amount)}, {row.payment.customer})" for row in rows
                    )
                )
            )
        self.found = rows[0]
        return text

    def transaction(self) -> PaymentTransaction:
        if self.found is None:
            raise forms.ValidationError(_("Nothing was booked. Say which charge it is."))
        return self.found


class SplitForm(DisputeDialog):
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with the dispute."))
    submit_text = gettext_lazy("Take it from these")

    def prepare(self) -> None:
        self.parts = split_shown(dispute=self.row)
        added = {
            f"from_{payable.pk}": fields.MoneyField(
                label=_("From {what}").format(what=payable),
                currency=self.row.currency,
                initial=rounded(share, self.row.currency),
                nothing=_("Nothing was moved."),
            )
            for payable, share in self.parts
        }
        self.fields = {**self.fields, **added}
        self.order_fields([*added, "note"])
        self.drop_fields()

    def sentence(self) -> Words:
        if lost_of(dispute=self.row) > 0:
            return _("The loss is lost; what you type moves it: less is owed again on one, more on another.")
        return _("No money moves now. If the dispute is lost, {amount} is taken as you type.").format(
            amount=self.shown(self.row.amount)
        )

    def unavailable(self) -> Words:
        if not self.parts:
            return _("Link the dispute to its payment first.")
        if all(payable.kind != PayableKind.INVOICE for payable, _share in self.parts):
            return _("The payment paid no invoice.")
        return ""

    def lines(self) -> dict[int, Decimal]:
        return {payable.pk: self.cleaned_data[f"from_{payable.pk}"] for payable, _share in self.parts}


class WriteOffForm(DisputeDialog):
    note = fields.note(help_text=gettext_lazy("Say why; it is kept with the dispute."))
    submit_text = gettext_lazy("Write it off")
    back_text = gettext_lazy("Keep it owed")

    def prepare(self) -> None:
        self.drop_fields()

    def sentence(self) -> Words:
        return _(
            "What customers owe again because of this dispute, at most {amount}, becomes bad debt; they are not asked "
            "for it any more."
        ).format(amount=self.shown(lost_of(dispute=self.row)))

    def unavailable(self) -> Words:
        return "" if lost_of(dispute=self.row) > 0 else _("This dispute is not lost.")


class AssignForm(DisputeDialog):
    owner = fields.choice(label=gettext_lazy("Who looks after it"), choices=[], required=False)
    submit_text = gettext_lazy("Assign")

    def prepare(self) -> None:
        me = staff_of(self.request)
        colleagues = User.objects.filter(is_staff=True, is_active=True, organization=self.row.organization_id)
        people = (colleagues | User.objects.filter(pk=me.pk)).order_by("last_name", "first_name", "pk")
        field = self.fields["owner"]
        field.choices = [("", _("Nobody")), *((str(one.pk), str(one)) for one in people)]  # type: ignore[attr-defined]
        field.initial = str(self.row.owner_id or me.pk)

    def sentence(self) -> Words:
        return _("No money moves. Whoever looks after it is told of the deadline.")

    def chosen(self) -> User | None:
        found = self.cleaned_data["owner"]
        return User.objects.get(pk=int(found)) if found else None


class RemarkForm(DisputeDialog):
    text = fields.note(label=gettext_lazy("Remark"), help_text=gettext_lazy("It stays with the dispute."))
    submit_text = gettext_lazy("Add")

    def sentence(self) -> Words:
        return _("No money moves.")


class RereadForm(DisputeDialog):
    submit_text = gettext_lazy("Read it now")

    def sentence(self) -> Words:
        return _("The gateway is asked what became of it. What it says is booked, as every two hours anyway.")
