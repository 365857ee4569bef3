"""What every dialog of a dispute says: amounts, until when, and what a loss would do."""

from decimal import Decimal

from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from backoffice.dialogs import DialogForm
from commerce.money import format_money
from oropay.engine.disputes import split_shown
from oropay.models import Dispute


class DisputeDialog(DialogForm):
    """A dialog on the page of one dispute."""

    row: Dispute

    def shown(self, amount: Decimal) -> str:
        return format_money(amount, self.row.currency)

    def until(self) -> str:
        """By when an answer must have arrived, in the reader's time zone."""
        if self.row.respond_by is None:
            return ""
        return date_format(timezone.localtime(self.row.respond_by), "j M Y, H:i")

    def due_again(self) -> str:
        """Which invoices a loss makes due again, and by how much."""
        parts = [(payable, share) for payable, share in split_shown(dispute=self.row) if share > 0]
        if not parts:
            return _("We do not know the payment, so nothing is booked before it is linked.")
        return " ".join(
            _("{what} is owed again by {amount}.").format(what=payable, amount=self.shown(share))
            for payable, share in parts
        )
