"""How much of an invoice to pay. How to pay it is `PayForm`; both lie in one HTML form."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from commerce.money import exponent
from plumbing.cardnumbers import CardNumbersRefused
from storefront.forms.pay import PayOption
from storefront.templatetags.shop import money_text
from storefront.typed import COMMA_MISPLACED, comma_misplaced, number_typed

FULL, OTHER = "full", "other"


class AmountForm(CardNumbersRefused, forms.Form):
    """All that is left, or another amount up to it. `full` is what the page showed: drift is told, not charged.

    What the chosen one of the `options` does not take is refused here, where the amount is.
    """

    how = forms.ChoiceField(choices=[(FULL, _("All that is left")), (OTHER, _("Another amount"))])
    full = forms.DecimalField(max_digits=19, decimal_places=4, widget=forms.HiddenInput)
    other = forms.CharField(label=_("Amount"), max_length=20, required=False)

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        left: Decimal,
        currency: str,
        options: Sequence[PayOption],
        **kwargs: Any,
    ) -> None:
        kwargs.setdefault("initial", {"how": FULL, "full": left})
        super().__init__(data, **kwargs)
        self.left = left
        self.options = options
        self._asked = left
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
            "aria-describedby": "amount-left amount-refused",
        }

    @property
    def chosen(self) -> str:
        return str(self["how"].value() or FULL)

    @property
    def amount(self) -> Decimal:
        """What is to be paid; all that is left, until another amount is chosen that could be."""
        self.is_valid()  # cleans it, once
        return self._asked

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
        if not self.errors:
            self._asked = self.left if data["how"] == FULL else Decimal(data["other"])
            if refusal := self._refusal(self._asked):
                self.add_error(None, refusal)
        return data

    def _refusal(self, amount: Decimal) -> str:
        """Why the chosen way to pay does not take this amount; empty when it does, or when none was chosen."""
        chosen = next((option for option in self.options if option.value == self.data.get("method")), None)
        return chosen.parts.refusal(amount) if chosen and chosen.parts else ""

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
