"""Dialogs that end a fraud review or accept a card check: each says in one sentence what it means for the money."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words
from backoffice.forms import fields
from backoffice.forms.money import MoneyDialog
from oropay.cardchecks import words
from oropay.models import Action


class ReleaseForm(MoneyDialog):
    note = fields.note()
    submit_text = gettext_lazy("Release")
    back_text = gettext_lazy("Leave it in review")

    def fit(self) -> None:
        self.target = self.offers.review()

    def sentence(self) -> Words:
        if self.target is None:
            return ""
        row, allowed = self.target
        if row.action == Action.AUTHORIZE:
            return _("{amount} stays held on {instrument} and can be captured; the order is placed.").format(
                amount=self.shown(allowed.limit), instrument=self.payment.instrument
            )
        return _("{amount} is taken from {instrument} and booked; what it pays is paid.").format(
            amount=self.shown(allowed.limit), instrument=self.payment.instrument
        )

    def unavailable(self) -> str:
        return "" if self.target else _("Nothing is held by the gateway that could be released.")


class AcceptForm(MoneyDialog):
    note = fields.note()
    submit_text = gettext_lazy("Accept")

    def fit(self) -> None:
        self.target = self.offers.check()

    def sentence(self) -> Words:
        if self.target is None:
            return ""
        found = words(self.target.found)
        if self.target.transaction.action == Action.AUTHORIZE:
            return _("No money moves: {found}. Accepted, the hold can be captured.").format(found=found)
        return _("No money moves: {found}. Accepted, the charge stands as it is.").format(found=found)

    def unavailable(self) -> str:
        return "" if self.target else _("No card check waits to be accepted.")
