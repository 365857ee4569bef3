"""The dialog that says who looks after something: a dispute, an exception."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import DialogForm, Words
from backoffice.forms import fields
from backoffice.scoping import staff_of
from commerce.models import User
from oropay.models import Dispute


class AssignForm(DialogForm):
    """Of a row with an organization and an owner; colleagues may be chosen, and whoever opens it."""

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
        if isinstance(self.row, Dispute):
            return _("No money moves. Whoever looks after it is told of the deadline.")
        return _("No money moves. Everybody sees who looks after it.")

    def chosen(self) -> User | None:
        found = self.cleaned_data["owner"]
        return User.objects.get(pk=int(found)) if found else None
