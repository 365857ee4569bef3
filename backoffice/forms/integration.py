"""The integration form: what an admin decides about a way to pay."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms.base import OfficeForm, RowForm
from backoffice.unfolded import widgets
from commerce.models import Website
from commerce.money import rounded
from oropay.models import Integration, IntegrationLabel, IntegrationLimit, ProviderAccount, ThreeDS

FALLBACK = ("", gettext_lazy("All languages"))
CHECKS = ["avs_not_matched", "avs_partial", "avs_not_checked", "cvv_not_matched", "cvv_not_checked"]
"""What to do about each result of the bank's look at address and security code."""


class OfSellers:
    """A form whose choices are those of the sellers that the person sees, or of the row's one. The page sets them."""

    websites: ClassVar[QuerySet[Website]]

    def currencies_known(self, chosen: Iterable[str]) -> list[str]:
        """Currencies that provider accounts settle in or websites sell in, and those chosen already."""
        sellers = self.websites.values("organization")
        accounts = ProviderAccount.objects.filter(organization__in=sellers)
        settled = accounts.values_list("settlement_currency", flat=True)
        return sorted({*settled, *self.websites.values_list("currency", flat=True), *chosen}) or ["USD"]

    def languages_known(self, chosen: Iterable[str]) -> list[tuple[str, Any]]:
        """The fallback, the languages that websites speak, and the one chosen already."""
        spoken = sorted({*self.websites.values_list("language", flat=True), *chosen})
        return [FALLBACK, *((code, code) for code in spoken)]


class IntegrationForm(OfSellers, OfficeForm):
    currencies = forms.MultipleChoiceField(
        label=gettext_lazy("Currencies"),
        widget=widgets.UnfoldAdminCheckboxSelectMultipleWidget(),
        help_text=gettext_lazy(
            "What it may take. A payment's currency must also be the one in which the provider account settles."
        ),
    )

    class Meta:
        model = Integration
        fields = [
            "organization",
            "type",
            "name",
            "provider_account",
            "payment_action",
            "several_captures",
            "renew_holds",
            "echeck",
            "threeds",
            "threeds_challenge",
            "threeds_unavailable",
            "threeds_exemption",
            "currencies",
            "risk_mode",
            *CHECKS,
            "is_active",
            "owner",
            "log_warnings",
        ]
        labels = {"echeck": gettext_lazy("eCheck (ACH)")}
        help_texts = {
            "organization": gettext_lazy("The seller whose buyers see it. Fixed after the first save."),
            "type": gettext_lazy("How the money comes. Fixed after the first save."),
            "provider_account": gettext_lazy("An account an operator has provisioned. Nobody types keys here."),
            "payment_action": gettext_lazy(
                "Manual holds the amount at checkout until staff capture it; Automatic charges at once. Invoices are "
                "always charged."
            ),
            "echeck": gettext_lazy(
                "Offer bank transfer beside cards. Only with Automatic (Capture): a bank transfer cannot be held."
            ),
            "threeds": gettext_lazy(
                "When the card holder's bank is asked who is paying, before a card is held or charged. Fraud with a "
                "card that its bank vouched for is the bank's loss. New is a card just entered, and a saved one until "
                "its bank has vouched for its holder at a payment. Payments that staff or a schedule start never ask. "
                "A buyer whose bank declines because nobody was asked may try once more with the question, whatever is "
                "set here."
            ),
            "threeds_challenge": gettext_lazy(
                "Off: the bank decides by itself whether it questions the buyer; most payments go through without. "
                "Cards tried often, and those whose bank wants it, are always questioned."
            ),
            "threeds_unavailable": gettext_lazy(
                "The card is not enrolled, or its bank does not answer. Charging without it leaves fraud with the "
                "seller; refusing asks the buyer for another card. A bank that says no always ends the payment."
            ),
            "threeds_exemption": gettext_lazy(
                "Told to the bank with buyers' card payments that nobody was asked about. No liability shift; the bank "
                "may decline. Only with your provider's agreement."
            ),
            "is_active": gettext_lazy("Off: hidden from checkout, invoices and choices at once."),
            "owner": gettext_lazy("Whom questions about it go to."),
            "risk_mode": gettext_lazy(
                "What the gateway's own filter does with card payments. What it holds is not booked until staff "
                "release it."
            ),
            "avs_not_matched": gettext_lazy("Neither street nor postal code is the one that the card's bank has."),
            "avs_partial": gettext_lazy("Only one of street and postal code is."),
            "avs_not_checked": gettext_lazy("Banks outside the United States, Canada and Britain often do not check."),
            "cvv_not_matched": gettext_lazy("Of a card just entered; a saved card has no code any more."),
            "cvv_not_checked": gettext_lazy("Of a card just entered."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "currencies" in self.fields:
            field = self.fields["currencies"]
            known = self.currencies_known(self.instance.currencies or [])
            field.choices = [(code, code) for code in known]  # type: ignore[attr-defined]
            if not self.instance.pk and len(known) == 1:
                field.initial = known
        if not self.instance.pk and "threeds" in self.fields:
            self.fields["threeds"].initial = ThreeDS.NEW_CARDS
        for name in {"risk_mode", *CHECKS} & self.fields.keys():
            self.fields[name].required = False  # left out: what the model starts with


class LabelForm(OfSellers, RowForm):
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), required=False, widget=widgets.UnfoldAdminSelectWidget()
    )

    class Meta:
        model = IntegrationLabel
        fields = ["language", "label", "short_label"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        known = self.languages_known(filter(None, [self.instance.language]))
        self.fields["language"].choices = known  # type: ignore[attr-defined]

    def has_changed(self) -> bool:
        """A row for all languages counts only once something is written in it."""
        return bool({"label", "short_label"} & set(self.changed_data)) or (
            bool(self.instance.pk) and super().has_changed()
        )


class LabelFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        """Buyers always read something: one label for all languages, and none twice."""
        super().clean()
        if any(self.errors):
            return
        kept = [
            form.cleaned_data
            for form in self.forms
            if form.cleaned_data.get("label") and not form.cleaned_data.get("DELETE")
        ]
        languages = [data["language"] for data in kept]
        if "" not in languages:
            raise forms.ValidationError(_("Write the label and short label for all languages; others are optional."))
        if len(languages) != len(set(languages)):
            raise forms.ValidationError(_("Each language can have one label."))


class LimitForm(OfSellers, RowForm):
    currency = forms.ChoiceField(label=gettext_lazy("Currency"), widget=widgets.UnfoldAdminSelectWidget())

    class Meta:
        model = IntegrationLimit
        fields = ["currency", "min_amount", "max_amount"]
        help_texts = {
            "min_amount": gettext_lazy("Empty: no limit."),
            "max_amount": gettext_lazy("Empty: no limit."),
        }
        widgets = {
            name: widgets.UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"})
            for name in ("min_amount", "max_amount")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        taken = self.instance.integration.currencies if self.instance.integration_id else []
        known = self.currencies_known([*taken, *filter(None, [self.instance.currency])])
        self.fields["currency"].choices = [(code, code) for code in known]  # type: ignore[attr-defined]
        for name in ("min_amount", "max_amount"):
            if self.instance.pk and getattr(self.instance, name) is not None:
                self.initial[name] = rounded(getattr(self.instance, name), self.instance.currency)

    def has_changed(self) -> bool:
        """A new row counts only once an amount is written in it."""
        return bool({"min_amount", "max_amount"} & set(self.changed_data)) or (
            bool(self.instance.pk) and super().has_changed()
        )


class LimitFormSet(forms.BaseInlineFormSet):  # type: ignore[type-arg]
    def clean(self) -> None:
        """Only of currencies that the integration takes; that each has one row is looked at already."""
        super().clean()
        if any(self.errors):
            return
        kept = {
            form.cleaned_data["currency"]
            for form in self.forms
            if (form.instance.pk or form.has_changed()) and not form.cleaned_data.get("DELETE")
        }
        strange = sorted(kept - set(self.instance.currencies or kept))
        if strange:
            raise forms.ValidationError(
                _("It does not take {currencies}: choose it under Currencies, or remove its limits.").format(
                    currencies=", ".join(strange)
                )
            )


class RotateForm(DialogForm):
    submit_text = gettext_lazy("Make a new address")

    def sentence(self) -> Words:
        return _(
            "No money moves. A new webhook address is made and the old one stops working at once. What the gateway "
            "tells of payments made before goes to the old one and is lost; the nightly comparison makes up for it."
        )
