"""The dialog in which a person says what they found about something that waited for them."""

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields


class ResolveForm(DialogForm):
    remark: forms.CharField = fields.note(
        label=gettext_lazy("What you found and did"), help_text=gettext_lazy("It stays here and on the payment.")
    )
    submit_text = gettext_lazy("Resolve")

    def sentence(self) -> Words:
        return _("No money moves. It leaves the list of open ones; your words stay.")
