"""What a bank may tell us to change about an account (Nacha: notification of change). A table as data.

Source: Nacha Operating Rules, Appendix Five. C08 and C10 to C12 concern international entries and C14 outbound ones,
which this shop does not send. The words are ours.
"""

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


@dataclass(frozen=True)
class Change:
    """One reason, in plain words, and which of an account's details it corrects. None of them: it is only noted."""

    title: Words
    means: Words
    number: bool = False
    routing: bool = False
    type: bool = False
    holder: bool = False

    @property
    def corrects(self) -> bool:
        return self.number or self.routing or self.type or self.holder


CHANGES: dict[str, Change] = {
    "C01": Change(_("Account number"), _("The account number is wrong or has changed."), number=True),
    "C02": Change(
        _("Routing number"), _("The bank has another routing number now, for example after a merger."), routing=True
    ),
    "C03": Change(
        _("Routing and account number"), _("Routing and account number are wrong together."), routing=True, number=True
    ),
    "C04": Change(_("Account holder's name"), _("The account stands in another name."), holder=True),
    "C05": Change(_("Account type"), _("It is a savings account, not a checking account, or the reverse."), type=True),
    "C06": Change(
        _("Account number and type"), _("Account number and kind of account are wrong."), number=True, type=True
    ),
    "C07": Change(
        _("Routing number, account number and type"),
        _("Nothing but the holder is right: routing number, account number and kind of account are wrong."),
        number=True,
        routing=True,
        type=True,
    ),
    "C09": Change(
        _("Payer's identification number"),
        _("The name under which we know the payer is wrong. We send our own reference there: nothing to correct."),
    ),
    "C13": Change(
        _("Form of the remark"),
        _("The remark sent with the debit has the wrong form. The gateway writes it: nothing to correct here."),
    ),
}
"""A notice undoes nothing: the debit it is about went through, and the next one must carry the right details."""
