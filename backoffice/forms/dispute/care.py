"""Dialogs about looking after a dispute: what was found out, and reading it again."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words
from backoffice.forms import fields
from backoffice.forms.dispute.base import DisputeDialog


class RemarkForm(DisputeDialog):
    text = fields.note(label=gettext_lazy("Remark"), help_text=gettext_lazy("It stays with the dispute."))
    submit_text = gettext_lazy("Add")

    def sentence(self) -> Words:
        return _("No money moves.")


class RereadForm(DisputeDialog):
    submit_text = gettext_lazy("Read it now")

    def sentence(self) -> Words:
        return _("The gateway is asked what became of it. What it says is booked, as every two hours anyway.")
