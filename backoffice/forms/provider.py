"""Dialogs about a provider account: compare it with the gateway, say what the gateway does for it."""

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from backoffice.unfolded import widgets
from oropay.models import ProviderAccount

SWITCHES = {
    "multi_capture": gettext_lazy(
        "The gateway takes a hold in several captures, until the last one or until it expires. Off: one capture, which "
        "releases the rest. Holds that stand keep what they were made with."
    ),
    "renews_live_holds": gettext_lazy(
        "The gateway reauthorizes a hold that is still open, so that it is renewed shortly before it expires. Off: "
        "only one that has lapsed is held anew, and its bank may say no."
    ),
    "bank_credits": gettext_lazy(
        "The gateway pays standalone credits into bank accounts (ACH). Off: such credits go to cards only."
    ),
}
"""What the gateway does for some accounts and not for others; GP-API tells nobody, the contract does."""


def switch_label(name: str) -> str:
    words: Any = ProviderAccount._meta.get_field(name).verbose_name  # type: ignore[union-attr]
    return str(words).capitalize()


def _switch(name: str, help_text: Words) -> forms.BooleanField:
    return forms.BooleanField(
        label=switch_label(name), help_text=help_text, required=False, widget=widgets.UnfoldBooleanSwitchWidget()
    )


class CompareForm(DialogForm):
    submit_text = gettext_lazy("Compare now")

    def sentence(self) -> Words:
        return _(
            "No money moves. The gateway's list of the last days is read and compared with ours; what its answers "
            "prove is recorded, anything else is listed for finance. It happens every night by itself."
        )


class SwitchesForm(DialogForm):
    note = fields.note(help_text=gettext_lazy("Say who confirmed it; it is kept in the account's history."))
    submit_text = gettext_lazy("Save")

    def prepare(self) -> None:
        added = {name: _switch(name, help_text) for name, help_text in SWITCHES.items()}
        for name, field in added.items():
            field.initial = getattr(self.row, name)
        self.fields = {**self.fields, **added}
        self.order_fields([*added, "note"])

    def sentence(self) -> Words:
        return _(
            "No money moves. Say what your contract with the gateway allows for this account: what is switched on and "
            "not allowed is refused by the gateway, one payment after the other."
        )

    def switches(self) -> dict[str, bool]:
        return {name: bool(self.cleaned_data[name]) for name in SWITCHES}
