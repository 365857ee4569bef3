"""The form behind every pay page: which way to pay, and what that way needs.

No field here ever holds a card number: the gateway's own frames do, and hand us a token. A bank account number lives in
this form for one request: it is sealed by the service that the view calls, and never written into a page again.
"""

import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from oropay.accountcheck import RefusedAt
from oropay.exceptions import TriedTooOften
from oropay.models import Instrument, InstrumentKind
from oropay.selectors import PartLimits
from oropay.services import (
    BankDetails,
    MandateGiven,
    NewBank,
    NewCard,
    SavedInstrument,
    bank_check,
    routing_is_valid,
)
from plumbing.cardnumbers import CardNumbersRefused
from storefront.mandate import Terms

REFUSED_AT = {
    RefusedAt.NUMBER: "bank_account",
    RefusedAt.ROUTING: "bank_routing",
    RefusedAt.HOLDER: "bank_holder_name",
}
"""Where the page says what an account check refuses."""
CARD, SAVED, BANK, TERMS, FREE = "card", "saved", "bank", "terms", "free"


@dataclass(frozen=True)
class PayOption:
    """One way to pay as a pay page offers it. `why_not` disables it and says why.

    Where the buyer chooses the amount on the page, `parts` says what the way takes at a time.
    """

    value: str
    kind: str
    integration_id: int
    title: str
    detail: str = ""
    short_label: str = ""
    holds: bool = False
    instrument: Instrument | None = None
    why_not: str = ""
    parts: PartLimits | None = None
    authorisation: str = ""
    """The words to agree to, where a saved bank account is debited; filled in by the form."""

    def takes(self, amount: Decimal) -> bool:
        """Whether it can be used for this amount."""
        return not self.why_not and not (self.parts and self.parts.refusal(amount))

    @property
    def debits(self) -> bool:
        """Whether a bank account is debited, which needs the buyer's authorisation."""
        return self.kind == BANK or (
            self.kind == SAVED and self.instrument is not None and self.instrument.kind == InstrumentKind.BANK
        )

    @property
    def panel(self) -> str:
        """Name of what the page shows below it."""
        return f"{self.kind}-bank" if self.kind == SAVED and self.debits else self.kind


class Unrepeated(forms.TextInput):
    """A text field whose value is never written back into a page."""

    def format_value(self, value: Any) -> str | None:
        return None


def _secret(**attrs: str) -> Unrepeated:
    return Unrepeated(attrs={"class": "form-control", "autocomplete": "off", "spellcheck": "false", **attrs})


class PayForm(CardNumbersRefused, forms.Form):
    """Which of the options, and its details. `source()` is what the payment service wants.

    `guard` counts that a bank account is asked about, or raises `TriedTooOften`: see `storefront.pay.account_guard_of`.
    Nobody is asked where the page refuses the amount already, `amount_stands` is False then.
    """

    card_numbers_allowed = frozenset({"bank_routing", "bank_account", "bank_account_again"})

    attempt_key = forms.UUIDField(widget=forms.HiddenInput)
    agreed_day = forms.DateField(widget=forms.HiddenInput, required=False)
    method = forms.ChoiceField(error_messages={"required": _("Choose how to pay.")})

    card_token = forms.RegexField(r"^[A-Za-z0-9_\-]{4,60}$", required=False, widget=forms.HiddenInput)
    card_brand = forms.CharField(max_length=20, required=False, widget=forms.HiddenInput)
    card_last4 = forms.RegexField(r"^[0-9]{4}$", required=False, widget=forms.HiddenInput)
    card_expiry_month = forms.IntegerField(min_value=1, max_value=12, required=False, widget=forms.HiddenInput)
    card_expiry_year = forms.IntegerField(min_value=2000, max_value=2100, required=False, widget=forms.HiddenInput)
    card_bin = forms.RegexField(r"^[0-9]{6}$", required=False, widget=forms.HiddenInput)
    card_holder = forms.CharField(max_length=100, required=False, widget=forms.HiddenInput)

    bank_holder_name = forms.CharField(
        label=_("Name on the account"),
        max_length=100,
        required=False,
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )
    bank_routing = forms.CharField(
        label=_("Routing number"), max_length=11, required=False, widget=_secret(inputmode="numeric"),
        help_text=_("Nine digits, at the bottom left of a check."),
    )  # fmt: skip
    bank_account = forms.CharField(
        label=_("Account number"), max_length=20, required=False,
        widget=_secret(inputmode="numeric", **{"data-ach-account": ""}),
    )  # fmt: skip
    bank_account_again = forms.CharField(
        label=_("Account number, again"), max_length=20, required=False, widget=_secret(inputmode="numeric")
    )
    bank_account_type = forms.ChoiceField(
        label=_("Account type"), required=False, choices=[("CHECKING", _("Checking")), ("SAVING", _("Savings"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )  # fmt: skip
    bank_holder_type = forms.ChoiceField(
        label=_("Held by"), required=False, choices=[("BUSINESS", _("A business")), ("PERSONAL", _("A person"))],
        widget=forms.Select(attrs={"class": "form-select"}),
    )  # fmt: skip

    authorised = forms.MultipleChoiceField(required=False)
    """The options whose authorisation text was ticked: a tick below one text says nothing about another."""
    keep = forms.MultipleChoiceField(required=False)
    """The options whose "save for next time" was ticked."""

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        options: Sequence[PayOption],
        debit: Terms,
        guard: Callable[[BankDetails], None],
        chosen: str = "",
        amount_stands: bool = True,
        **kwargs: Any,
    ) -> None:
        self.guard = guard
        self.amount_stands = amount_stands
        self.options = [
            replace(option, authorisation=debit.shown(last4=option.instrument.last4))
            if option.debits and option.instrument is not None
            else option
            for option in options
        ]
        self.debit = debit
        usable = [option for option in self.options if not option.why_not]
        first = next((option.value for option in usable if option.value == chosen), usable[0].value if usable else "")
        kwargs.setdefault("initial", {})
        kwargs["initial"] = {
            "attempt_key": uuid.uuid4(), "agreed_day": debit.day, "method": first, **kwargs["initial"],
        }  # fmt: skip
        super().__init__(data, **kwargs)
        for name in ("method", "authorised", "keep"):
            self.fields[name].choices = [(option.value, option.title) for option in usable]  # type: ignore[attr-defined]

    @property
    def chosen_value(self) -> str:
        """The option that is ticked on the page."""
        return str(self["method"].value() or "")

    @property
    def kept(self) -> list[str]:
        """The options to be saved, as ticked so far."""
        return list(self["keep"].value() or [])

    @property
    def has_card(self) -> bool:
        """Whether the page needs the gateway's card fields."""
        return any(option.kind == CARD and not option.why_not for option in self.options)

    @property
    def authorisation_new(self) -> SafeString:
        """The authorisation text for an account that is still to be typed."""
        return self.debit.shown()

    @property
    def option(self) -> PayOption:
        """The option a valid form chose."""
        return next(option for option in self.options if option.value == self.cleaned_data["method"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if "method" not in data:
            return data
        option = self.option
        if option.kind == CARD and not data.get("card_token"):
            self.add_error(None, _("Nothing was charged. Please enter the card again and press the button once more."))
        if option.kind == BANK:
            self._clean_bank(data)
        if option.debits:
            self._clean_authorisation(data)
        if option.kind == BANK and not self.errors and self.amount_stands:
            self._check_account(data)
        return data

    def _check_account(self, data: dict[str, Any]) -> None:
        """Ask whatever the settings name whether this account may be debited; what it refuses is said at the field.

        Whoever asks too often is told to wait, and nobody is asked.
        """
        details = self._bank_details(data)
        try:
            self.guard(details)
        except TriedTooOften as error:
            self.add_error(None, str(error))
            return
        found = bank_check(details=details)
        if found.refusal:
            self.add_error(REFUSED_AT[found.refused], found.refusal)
        else:
            data["bank_check"] = found

    def _bank_details(self, data: Mapping[str, Any]) -> BankDetails:
        return BankDetails(
            account_number=data["bank_account"],
            routing_number=data["bank_routing"],
            account_type=data["bank_account_type"] or "CHECKING",
            holder_type=data["bank_holder_type"] or "BUSINESS",
            holder_name=data["bank_holder_name"],
            check=data.get("bank_check"),
        )

    def _clean_bank(self, data: dict[str, Any]) -> None:
        for name in ("bank_holder_name", "bank_routing", "bank_account", "bank_account_again"):
            if not data.get(name):
                self.add_error(name, _("This is needed for a bank transfer."))
        routing = "".join((data.get("bank_routing") or "").split())
        number = "".join((data.get("bank_account") or "").replace("-", " ").split())
        again = "".join((data.get("bank_account_again") or "").replace("-", " ").split())
        if routing and not routing_is_valid(routing):
            self.add_error("bank_routing", _("This routing number does not exist; please check its nine digits."))
        if number and not (number.isascii() and number.isdigit() and 4 <= len(number) <= 17):
            self.add_error("bank_account", _("An account number has 4 to 17 digits."))
        elif number and again and number != again:
            self.add_error("bank_account_again", _("The two account numbers differ."))
        data["bank_routing"], data["bank_account"] = routing, number
        data.pop("bank_account_again", None)

    def _clean_authorisation(self, data: dict[str, Any]) -> None:
        if self.option.value not in data.get("authorised", []):
            self.add_error("authorised", _("Nothing was debited. Please agree to the authorisation first."))
        agreed: date | None = data.get("agreed_day")
        if agreed != self.debit.day:
            raise ValidationError(
                _("Nothing was debited. The day has changed since this page was opened; please read the text again.")
            )

    def source(self, *, ip_address: str | None, user_agent: str) -> NewCard | NewBank | SavedInstrument:
        """What to pay with. Call it on a valid form whose option is not payment terms."""
        data, option = self.cleaned_data, self.option
        if option.kind == CARD:
            return NewCard(
                token=data["card_token"],
                brand=data["card_brand"],
                last4=data["card_last4"],
                expiry_month=data["card_expiry_month"],
                expiry_year=data["card_expiry_year"],
                bin=data["card_bin"],
                holder_name=data["card_holder"],
                keep=option.value in data["keep"],
            )
        if option.kind == BANK:
            details = self._bank_details(data)
            mandate = self._mandate(last4=details.account_number[-4:], ip_address=ip_address, user_agent=user_agent)
            return NewBank(details=details, mandate=mandate, keep=option.value in data["keep"])
        if option.instrument is None:
            raise ValueError(f"option {option.value} charges nothing")
        given = (
            self._mandate(last4=option.instrument.last4, ip_address=ip_address, user_agent=user_agent)
            if option.debits
            else None
        )
        return SavedInstrument(instrument_id=option.instrument.pk, mandate=given)

    def _mandate(self, *, last4: str, ip_address: str | None, user_agent: str) -> MandateGiven:
        return MandateGiven(
            text=self.debit.text(last4=last4),
            text_version=self.debit.version,
            amount_rule=self.debit.amount_rule,
            kind=self.debit.kind,
            ip_address=ip_address,
            user_agent=user_agent,
        )
