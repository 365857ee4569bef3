"""Dialogs about bank accounts: what a bank corrects, and what a customer authorised by phone or on paper."""

from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from backoffice.unfolded import widgets
from oropay.changecodes import CHANGES
from oropay.models import Instrument, Mandate, MandateKind, Payment
from oropay.services import ChangeAsked, Proof, account_type_of, digits
from oropay.services.ach.change_file import LARGEST
from oropay.services.instrument import sec_code
from plumbing.models import DOCUMENT_LIMIT

SECRET = ("account_number", "account_number_again")
"""Never shown again, never in an error report."""


def secret(*, label: Words, help_text: Words = "") -> forms.CharField:
    """An account number: it lives in this request, and a form that is shown again shows it empty."""
    attrs = {"autocomplete": "off", "inputmode": "numeric"}
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=False,
        max_length=30,
        widget=widgets.UnfoldAdminPasswordWidget(attrs=attrs, render_value=False),
    )


class NoticeForm(DialogForm):
    """A notice of change, typed from what the bank wrote. `row` is the bank account, or a payment made with it."""

    card_numbers_allowed = frozenset({"account_number", "account_number_again", "routing_number"})

    code = fields.choice(
        label=gettext_lazy("Change code"),
        choices=[("", "–"), *((code, f"{code} · {change.title}") for code, change in CHANGES.items())],
    )
    noticed_on = fields.day(label=gettext_lazy("Date of the notice"))
    account_number = secret(
        label=gettext_lazy("Right account number"),
        help_text=gettext_lazy("For C01, C03, C06 and C07. It is sealed at once; nobody here can read it again."),
    )
    account_number_again = secret(label=gettext_lazy("Right account number, again"))
    routing_number = fields.text(
        label=gettext_lazy("Right routing number"),
        help_text=gettext_lazy("For C02, C03 and C07."),
        required=False,
        max_length=20,
    )
    account_type = fields.choice(
        label=gettext_lazy("Right account type"),
        choices=[("", "–"), ("CHECKING", gettext_lazy("Checking")), ("SAVING", gettext_lazy("Savings"))],
        help_text=gettext_lazy("For C05, C06 and C07."),
        required=False,
    )
    holder_name = fields.text(
        label=gettext_lazy("Right name of the holder"), help_text=gettext_lazy("For C04."), required=False
    )
    value_unknown = forms.BooleanField(
        label=gettext_lazy("The bank does not say what is right: do not debit the account until it is entered again"),
        required=False,
        widget=widgets.UnfoldBooleanSwitchWidget(),
    )
    note: forms.CharField = fields.note(help_text=gettext_lazy("Where the notice came from; it is kept."))
    submit_text = gettext_lazy("Record the notice")

    @property
    def account(self) -> Instrument | None:
        return self.row.instrument if isinstance(self.row, Payment) else self.row

    def sentence(self) -> Words:
        return _(
            "No money moves. What was debited went through; the next debit of {account} goes out with what the bank "
            "says, for everybody of this seller who saved it, and its owners get a mail."
        ).format(account=self.account)

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        cleaned["routing_number"] = digits(cleaned.get("routing_number") or "")
        cleaned["account_number"] = digits(cleaned.get("account_number") or "")
        if cleaned["account_number"] != digits(cleaned.pop("account_number_again", "") or ""):
            self.add_error("account_number_again", _("The two account numbers differ. Nothing was changed."))
        return cleaned

    def asked(self) -> ChangeAsked:
        data = self.cleaned_data
        noticed_on: date = data["noticed_on"]
        return ChangeAsked(
            code=data["code"],
            noticed_on=noticed_on,
            account_number=data["account_number"],
            routing_number=data["routing_number"],
            account_type=account_type_of(data["account_type"]),
            holder_name=data["holder_name"],
            value_unknown=data["value_unknown"],
            note=data["note"],
            payment=self.row if isinstance(self.row, Payment) else None,
        )


class NoticeFileForm(DialogForm):
    """A file of notices. The file itself is not kept: it holds account numbers."""

    document = forms.FileField(
        label=gettext_lazy("CSV file"),
        help_text=gettext_lazy(
            "Columns: date, code; one of reference, payment, instrument; and account_number, routing_number, "
            "account_type, holder_name, note as the code needs them. At most 1 MB."
        ),
        widget=widgets.UnfoldAdminFileFieldWidget(),
    )
    submit_text = gettext_lazy("Apply the file")

    def sentence(self) -> Words:
        return _(
            "No money moves. Every account in the file is corrected, or none: if a line is not right, all such lines "
            "are named and nothing is changed. The file is not kept."
        )

    def clean_document(self) -> Any:
        document = self.cleaned_data["document"]
        if document.size > LARGEST:
            raise forms.ValidationError(_("Nothing was changed. The file is larger than 1 MB."))
        return document


class MandateForm(DialogForm):
    """What a customer said on the phone or signed on paper. `row` is the bank account."""

    kind = fields.choice(
        label=gettext_lazy("It covers"),
        choices=[
            (MandateKind.STANDING.value, gettext_lazy("Debits that a person starts one by one")),
            (MandateKind.RECURRING.value, gettext_lazy("Autopay and scheduled debits")),
        ],
    )
    text = fields.note(
        label=gettext_lazy("Words agreed to"),
        help_text=gettext_lazy("As they were read out or signed, with amounts and days. They are kept with a hash."),
    )
    document = forms.FileField(
        label=gettext_lazy("Proof"),
        help_text=gettext_lazy(
            "By phone: the recording, or the written notice sent before the debit. On paper: the signed sheet. At "
            "most 25 MB."
        ),
        widget=widgets.UnfoldAdminFileFieldWidget(),
    )
    note: forms.CharField = fields.note(help_text=gettext_lazy("Who spoke with whom, and when; it is kept."))
    submit_text = gettext_lazy("Record the mandate")

    def prepare(self) -> None:
        account: Instrument = self.row
        currency = account.provider_account.settlement_currency
        limit = fields.MoneyField(
            label=_("Up to, in {currency}").format(currency=currency),
            help_text=_("No single debit may be larger. Empty: any amount owed."),
            currency=currency,
            nothing=_("Nothing was written down."),
            required=False,
        )
        channels = [("phone", _("By phone")), ("paper", _("On paper"))]
        channel = fields.choice(
            label=_("Given"),
            choices=[
                (value, f"{words} · {sec_code(holder_type=account.holder_type, channel=value).value}")
                for value, words in channels
            ],
        )
        rest = dict(self.fields)
        self.fields = {"channel": channel, "kind": rest.pop("kind"), "text": rest.pop("text"), "limit": limit, **rest}

    def sentence(self) -> Words:
        return _(
            "No money moves. From now on {account} may be debited as the customer agreed, until the mandate is revoked."
        ).format(account=self.row)

    def clean_document(self) -> Any:
        document = self.cleaned_data["document"]
        if document.size > DOCUMENT_LIMIT:
            raise forms.ValidationError(_("Nothing was written down. The file is larger than 25 MB."))
        return document

    def clean_limit(self) -> Decimal | None:
        limit: Decimal | None = self.cleaned_data["limit"]
        if limit is not None and limit <= 0:
            raise forms.ValidationError(_("Nothing was written down. The limit must be more than nothing."))
        return limit

    def proof(self) -> Proof:
        given = self.cleaned_data["document"]
        return Proof(
            name=given.name, content_type=given.content_type or "application/octet-stream", content=given.read()
        )


class RevokeForm(DialogForm):
    """A customer takes the word back. `row` is the bank account."""

    note: forms.CharField = fields.note(help_text=gettext_lazy("Who revoked it, and how; it is kept."))
    submit_text = gettext_lazy("Revoke")

    def prepare(self) -> None:
        self.mandates = {str(one.pk): one for one in revocable(self.row)}
        choices = [(pk, str(one)) for pk, one in self.mandates.items()]
        self.fields = {"mandate": fields.choice(label=_("Mandate"), choices=choices), **self.fields}

    def sentence(self) -> Words:
        return _(
            "No money moves. Nothing more is debited under it; a debit that is under way stays and can only be voided. "
            "The mandate is kept for two years."
        )

    def chosen(self) -> Mandate:
        return self.mandates[self.cleaned_data["mandate"]]


def revocable(account: Instrument) -> list[Mandate]:
    """Mandates that still cover debits to come."""
    return list(account.mandates.filter(revoked_at=None).exclude(kind=MandateKind.SINGLE))
