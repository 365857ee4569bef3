"""Forms of the payment methods page: entering a card or bank account to save it, and changing a saved one."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from oropay.models import Instrument, InstrumentKind, InstrumentState, Purpose
from plumbing.cardnumbers import CardNumbersRefused
from storefront.forms.pay import PayForm

NICKNAME = forms.CharField(
    label=_("Name it"),
    max_length=60,
    required=False,
    help_text=_("For example “Plant 2” or “Travel”; only your company sees it."),
    widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
)


class SaveForm(PayForm):
    """The pay form without an amount: what is entered is saved, and nothing is charged or debited."""

    nickname = NICKNAME
    shared = forms.BooleanField(
        label=_("For the whole company"),
        required=False,
        help_text=_("Everybody who may pay for the company can pay with it."),
    )

    def __init__(self, *args: Any, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not may_share:
            del self.fields["shared"]


class EditForm(CardNumbersRefused, forms.Form):
    """What a person may change about one saved instrument; fields that they may not change are not there."""

    nickname = NICKNAME
    expiry_month = forms.TypedChoiceField(
        label=_("Expires: month"), coerce=int, choices=[(month, f"{month:02d}") for month in range(1, 13)]
    )
    expiry_year = forms.IntegerField(label=_("Expires: year"), min_value=2000, max_value=2100)
    shared = forms.BooleanField(
        label=_("For the whole company"),
        required=False,
        help_text=_("Everybody who may pay for the company can pay with it. This cannot be taken back."),
    )
    mine = forms.MultipleChoiceField(
        label=_("Offer it to me first for"),
        choices=Purpose.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    company = forms.MultipleChoiceField(
        label=_("Offer it first to everybody who has not chosen, for"),
        choices=Purpose.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args: Any, instrument: Instrument, managed: bool, may_share: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = instrument.owner_id is not None
        card = instrument.kind == InstrumentKind.CARD and instrument.state != InstrumentState.DEAD
        there = {
            "nickname": managed,
            "expiry_month": managed and card,
            "expiry_year": managed and card,
            "shared": own and may_share,
            "mine": instrument.state == InstrumentState.ACTIVE,
            "company": not own and managed and instrument.state == InstrumentState.ACTIVE,
        }
        for name, shown in there.items():
            if not shown:
                del self.fields[name]

    @property
    def expiry(self) -> tuple[int, int] | None:
        """Month and year of a valid form that asks for them."""
        data = self.cleaned_data
        return (data["expiry_month"], data["expiry_year"]) if "expiry_month" in data else None
