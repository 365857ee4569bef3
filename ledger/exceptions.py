"""What can go wrong in the books. Each says what was not posted, then what to do."""

from decimal import Decimal

from django.utils.translation import gettext as _


class LedgerError(Exception):
    """Root of this room's errors. Nothing was posted."""


class UnbalancedEntry(LedgerError):
    def __init__(self, *, source: str, difference: Decimal) -> None:
        super().__init__(
            _("Nothing was posted. The lines of {source} are out of balance by {difference}.").format(
                source=source, difference=difference
            )
        )


class EmptyEntry(LedgerError):
    def __init__(self, *, source: str) -> None:
        super().__init__(_("Nothing was posted. {source} moves no money.").format(source=source))


class AmountNotExact(LedgerError):
    def __init__(self, *, amount: object) -> None:
        super().__init__(
            _("Nothing was posted. {amount} is not an exact amount with at most four decimals.").format(amount=amount)
        )


class AlreadyMirrored(LedgerError):
    def __init__(self, *, source: str) -> None:
        super().__init__(_("Nothing was posted. The entry of {source} has been undone before.").format(source=source))
