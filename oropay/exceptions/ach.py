"""What can be refused about bank debits: returns, mandates, banks' notices of change."""

from collections.abc import Sequence
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from oropay.exceptions.base import PaymentError


class ReturnCodeUnknown(PaymentError):
    def __init__(self, *, code: str) -> None:
        super().__init__(
            _("Nothing was changed. {code} is not a return code that we know; they read R01 to R85.").format(code=code)
        )


class ReturnCodeKnown(PaymentError):
    def __init__(self, *, code: str) -> None:
        super().__init__(_("Nothing was changed. This return has the code {code} already.").format(code=code))


class AlreadyLifted(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. Somebody else has lifted this freeze already."))


class AccountFrozen(PaymentError):
    """The worker opened a bank account number and found that a return forbids debiting it. Nothing was sent."""


class AccountWrong(PaymentError):
    """The worker opened a bank account number and found that its bank calls details of it wrong. Nothing was sent."""


class RetryRefused(PaymentError):
    """A returned debit may not be sent again."""

    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was debited. {why}").format(why=why))


class MandateRefused(PaymentError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was written down and nothing may be debited by it. {why}").format(why=why))


class MandateEnded(PaymentError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. This authorisation was revoked already."))


class ChangeRefused(PaymentError):
    """A bank's notice of change does not fit the account."""

    def __init__(self, *, why: str) -> None:
        self.why = why
        super().__init__(_("Nothing was changed. {why}").format(why=why))


class ChangeKnown(PaymentError):
    """The same notice was recorded before: a file that is sent twice changes nothing the second time."""

    def __init__(self, *, code: str, day: date) -> None:
        super().__init__(
            _("Nothing was changed. The notice {code} of {day} is recorded for this account already.").format(
                code=code, day=day.isoformat()
            )
        )


class ChangeFileRefused(PaymentError):
    """A file of notices has lines that are not right; `lines` says which and why. No line of it was applied."""

    def __init__(self, *, lines: Sequence[str]) -> None:
        self.lines = list(lines)
        super().__init__(
            ngettext(
                "Nothing was changed. One line of the file is not right.",
                "Nothing was changed. {n} lines of the file are not right.",
                len(self.lines),
            ).format(n=len(self.lines))
        )


class DebitsUnread(PaymentError):
    """The daily look at bank debits did not learn of all of them; it tries again."""

    def __init__(self, *, unread: int, read: int) -> None:
        super().__init__(
            _(
                "No money moved. {unread} bank debits could not be read again, {read} could; returns among them are "
                "not known yet."
            ).format(unread=unread, read=read)
        )
