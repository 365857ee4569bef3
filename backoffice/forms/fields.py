"""Fields that look like the rest of the back-office."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from backoffice.unfolded import Words, widgets
from commerce.money import exponent


class MoneyField(forms.DecimalField):
    """An amount in major units of one currency; more digits than the currency has are refused, never rounded.

    `nothing` says what did not happen to the money; every refusal at the field starts with it.
    """

    def __init__(self, *, currency: str = "", nothing: Words = "", **kwargs: Any) -> None:
        kwargs.setdefault("max_digits", 19)
        kwargs.setdefault("min_value", Decimal(0))
        kwargs.setdefault("widget", widgets.UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}))
        kwargs.setdefault("decimal_places", exponent(currency) if currency else 4)
        super().__init__(**kwargs)
        self.localize = False
        self.nothing = nothing

    def clean(self, value: Any) -> Any:
        try:
            return super().clean(value)
        except forms.ValidationError as refused:
            if not self.nothing:
                raise
            raise forms.ValidationError([f"{self.nothing} {words}" for words in refused.messages]) from refused


def text(*, label: Words, help_text: Words = "", required: bool = True, max_length: int = 100) -> forms.CharField:
    return forms.CharField(
        label=label,
        help_text=help_text,
        required=required,
        max_length=max_length,
        widget=widgets.UnfoldAdminTextInputWidget(),
    )


NOTE: Words = _("Note")
KEPT: Words = _("Say why; it is kept with the payment.")


def note(*, label: Words = NOTE, help_text: Words = KEPT) -> forms.CharField:
    return forms.CharField(
        label=label, help_text=help_text, max_length=1000, widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 2})
    )


def choice(*, label: Words, choices: Any, help_text: Words = "", required: bool = True) -> forms.ChoiceField:
    return forms.ChoiceField(
        label=label, choices=choices, help_text=help_text, required=required, widget=widgets.UnfoldAdminSelectWidget()
    )


def day(*, label: Words, help_text: Words = "") -> forms.DateField:
    return forms.DateField(
        label=label, help_text=help_text, widget=widgets.UnfoldAdminTextInputWidget(attrs={"type": "date"})
    )
