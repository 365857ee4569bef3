"""How much of an invoice to pay. How to pay it is `PayForm`; both lie in one HTML form."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from commerce.money import exponent
from plumbing.cardnumbers import CardNumbersRefused
from storefront.templatetags.shop import money_text
from storefront.typed import COMMA_MISPLACED, comma_misplaced, number_typed

FULL, OTHER = "full", "other"


class AmountForm(CardNumbersRefused, forms.Form):
    """All that is left, or another amount up to it. `full` is what the page showed: drift is told, not charged."""

    how = forms.ChoiceField(choices=[(FULL, _("All that is left")), (OTHER, _("Another amount"))])
    full = forms.DecimalField(max_digits=19, decimal_places=4, widget=forms.HiddenInput)
    other = forms.CharField(label=_("Amount"), max_length=20, required=False)

    def __init__(self, data: Mapping[str, Any] | None = None, *, left: Decimal, currency: str, **kwargs: Any) -> None:
        kwargs.setdefault("initial", {"how": FULL, "full": left})
        super().__init__(data, **kwargs)
        self.left = left
        self.currency = currency
        places = exponent(currency)
        self.fields["full"].widget.attrs |= {"data-pay-amount": "", "data-currency": currency, "data-full": ""}
        self.fields["other"].widget.attrs |= {
            "class": "form-control",
            "inputmode": "decimal" if places else "numeric",
            "autocomplete": "off",
            "data-pay-amount": "",
            "data-currency": currency,
            "data-other": "",
            "aria-describedby": "amount-left",
        }

    @property
    def chosen(self) -> str:
        return str(self["how"].value() or FULL)

    @property
    def amount(self) -> Decimal:
        """What is to be paid; before the form is valid, all that is left."""
        if not self.is_bound or not self.is_valid():
            return self.left
        return self.left if self.cleaned_data["how"] == FULL else Decimal(self.cleaned_data["other"])

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        if data.get("how") == OTHER and "other" in data:
            data["other"] = self._clean_other(str(data["other"]))
        elif data.get("how") == FULL and data.get("full") not in {None, self.left}:
            self.add_error(
                "how",
                _("Nothing was charged. What is left has changed: it is %(left)s now.")
                % {"left": money_text(self.left, self.currency)},
            )
        return data

    def _clean_other(self, typed: str) -> Decimal | None:
        text = typed.strip().removeprefix("$")
        amount = number_typed(text)
        if amount is None:
            self.add_error("other", COMMA_MISPLACED if comma_misplaced(text) else _("Enter an amount, such as 120.50."))
            return None
        if amount <= 0:
            self.add_error("other", _("The amount must be more than nothing."))
        elif amount != amount.quantize(Decimal(1).scaleb(-exponent(self.currency))):
            self.add_error(
                "other",
                _("%(currency)s amounts have at most %(places)s decimals.")
                % {"currency": self.currency, "places": exponent(self.currency)},
            )
        elif amount > self.left:
            self.add_error(
                "other",
                _("That is more than the %(left)s that may be paid now.")
                % {"left": money_text(self.left, self.currency)},
            )
        return amount
