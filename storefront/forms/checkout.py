"""Forms of the checkout's steps."""

from collections.abc import Mapping, Sequence
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from checkout.selectors import FLAT_RATE
from commerce.countries import REGIONS, countries, region_validate
from commerce.models import Address
from plumbing.cardnumbers import CardNumbersRefused
from storefront.forms.pay import PayForm, PayOption
from storefront.templatetags.shop import locale_now


class AddressesForm(CardNumbersRefused, forms.Form):
    """Where to bill and where to deliver, out of the company's book."""

    billing = forms.ChoiceField(label=_("Billing address"), widget=forms.RadioSelect)
    shipping = forms.ChoiceField(label=_("Delivery address"), widget=forms.RadioSelect)

    def __init__(self, data: Mapping[str, Any] | None = None, *, book: Sequence[Address], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.book = {str(address.pk): address for address in book}
        for name in ("billing", "shipping"):
            self.fields[name].choices = [(key, str(address)) for key, address in self.book.items()]  # type: ignore[attr-defined]

    @property
    def chosen(self) -> tuple[Address, Address]:
        return self.book[self.cleaned_data["billing"]], self.book[self.cleaned_data["shipping"]]


class AddressForm(CardNumbersRefused, forms.ModelForm):  # type: ignore[type-arg]
    """A new address for the company's book."""

    country = forms.ChoiceField(label=_("Country"))

    class Meta:
        model = Address
        fields = ["company", "name", "line_1", "line_2", "city", "region", "postal_code", "country", "phone"]

    AUTOCOMPLETE = {
        "company": "organization", "name": "name", "line_1": "address-line1", "line_2": "address-line2",
        "city": "address-level2", "region": "address-level1", "postal_code": "postal-code", "country": "country",
        "phone": "tel",
    }  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["country"].choices = list(countries(locale_now()).items())  # type: ignore[attr-defined]
        self.fields["country"].initial = "US"
        self.fields["region"].help_text = _("In the United States and Canada two letters, such as NY.")
        for name, field in self.fields.items():
            field.widget.attrs |= {
                "class": "form-select" if name == "country" else "form-control",
                "autocomplete": self.AUTOCOMPLETE[name],
            }

    def clean(self) -> dict[str, Any]:
        data = super().clean() or self.cleaned_data
        region, country = data.get("region", ""), data.get("country", "")
        if country in REGIONS:
            region = region.strip().upper()
            data["region"] = region
            try:
                region_validate(country=country, region=region)
            except forms.ValidationError as error:
                self.add_error("region", error)
        return data


class ShippingForm(CardNumbersRefused, forms.Form):
    """How it is delivered; there is one way."""

    method = forms.ChoiceField(widget=forms.RadioSelect, choices=[(FLAT_RATE, _("Standard delivery"))])


class PaymentStepForm(CardNumbersRefused, forms.Form):
    """Which way to pay; the way's own details are asked for on the last step."""

    choice = forms.ChoiceField(error_messages={"required": _("Choose how to pay.")})
    po_number = forms.CharField(
        label=_("PO number"), max_length=50, required=False,
        help_text=_("Your own number for this purchase; it is printed on the invoice."),
        widget=forms.TextInput(attrs={"class": "form-control", "autocomplete": "off"}),
    )  # fmt: skip
    notes = forms.CharField(
        label=_("Notes"), max_length=2000, required=False,
        widget=forms.Textarea(attrs={"class": "form-control", "rows": 3}),
    )  # fmt: skip

    def __init__(self, data: Mapping[str, Any] | None = None, *, options: Sequence[PayOption], **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.options = list(options)
        self.fields["choice"].choices = [(row.value, row.title) for row in options if not row.why_not]  # type: ignore[attr-defined]

    @property
    def chosen_value(self) -> str:
        usable = [row.value for row in self.options if not row.why_not]
        value = str(self["choice"].value() or "")
        return value if value in usable else next(iter(usable), "")


class PlaceForm(PayForm):
    """The last click: how to pay, and the total that was seen."""

    total = forms.DecimalField(max_digits=19, decimal_places=4, widget=forms.HiddenInput)
