"""Dialogs about the payment status of an order or invoice."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from commerce.money import format_money
from oropay.models import Payable, PaymentStatus


def payable_at(row: Any) -> Payable:
    """What is owed on an order or invoice; its buttons are offered only where there is one."""
    payable: Payable = row.payable
    return payable


class ForceStatusForm(DialogForm):
    status = fields.choice(label=gettext_lazy("Show as"), choices=PaymentStatus.choices)
    note = fields.note(label=gettext_lazy("Reason"), help_text=gettext_lazy("Say why; it is shown with the status."))
    until = fields.day(
        label=gettext_lazy("Until the end of"), help_text=gettext_lazy("Leave it empty to end it by hand.")
    )
    submit_text = gettext_lazy("Force the status")

    def prepare(self) -> None:
        self.fields["until"].required = False
        self.fields["status"].initial = payable_at(self.row).status

    def sentence(self) -> Words:
        payable = payable_at(self.row)
        return _(
            "No money moves: people see the status you choose, marked as forced, instead of “{status}”. {due} stays "
            "due, and buyers can pay as before."
        ).format(status=payable.get_derived_status_display(), due=format_money(payable.due, payable.currency))

    def clean_until(self) -> object:
        day = self.cleaned_data["until"]
        if day is not None and day < self.row.organization.today(timezone.now()):
            raise forms.ValidationError(_("Nothing was changed. This day is over."))
        return day

    def expires_at(self) -> datetime | None:
        """The end of the day, by the seller's clock."""
        day = self.cleaned_data["until"]
        return datetime.combine(day, time.max, tzinfo=ZoneInfo(self.row.organization.time_zone)) if day else None


class UnforceStatusForm(DialogForm):
    submit_text = gettext_lazy("Follow the money again")

    def sentence(self) -> Words:
        return _("No money moves: the payment status follows the money again and reads “{status}”.").format(
            status=payable_at(self.row).get_derived_status_display()
        )
