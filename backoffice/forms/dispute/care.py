"""Dialogs about looking after a dispute: who does, what was found out, and reading it again."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words
from backoffice.forms import fields
from backoffice.forms.dispute.base import DisputeDialog
from backoffice.scoping import staff_of
from commerce.models import User


class AssignForm(DisputeDialog):
    owner = fields.choice(label=gettext_lazy("Who looks after it"), choices=[], required=False)
    submit_text = gettext_lazy("Assign")

    def prepare(self) -> None:
        me = staff_of(self.request)
        colleagues = User.objects.filter(is_staff=True, is_active=True, organization=self.row.organization_id)
        people = (colleagues | User.objects.filter(pk=me.pk)).order_by("last_name", "first_name", "pk")
        field = self.fields["owner"]
        field.choices = [("", _("Nobody")), *((str(one.pk), str(one)) for one in people)]  # type: ignore[attr-defined]
        field.initial = str(self.row.owner_id or me.pk)

    def sentence(self) -> Words:
        return _("No money moves. Whoever looks after it is told of the deadline.")

    def chosen(self) -> User | None:
        found = self.cleaned_data["owner"]
        return User.objects.get(pk=int(found)) if found else None


class RemarkForm(DisputeDialog):
    text = fields.note(label=gettext_lazy("Remark"), help_text=gettext_lazy("It stays with the dispute."))
    submit_text = gettext_lazy("Add")

    def sentence(self) -> Words:
        return _("No money moves.")


class RereadForm(DisputeDialog):
    submit_text = gettext_lazy("Read it now")

    def sentence(self) -> Words:
        return _("The gateway is asked what became of it. What it says is booked, as every two hours anyway.")
