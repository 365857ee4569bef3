"""What can be refused here. None of it moves money: this room only compares what others say."""

from datetime import date

from django.utils.translation import gettext as _


class ReconciliationError(Exception):
    """Something was refused; nothing was changed and no money is involved."""


class RemarkRequired(ReconciliationError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. Please write a remark: it says why to whoever reads this later."))


class AlreadyResolved(ReconciliationError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. This exception was resolved in the meantime; please look again."))


class AlreadyUndone(ReconciliationError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was changed. This match was undone in the meantime; please look again."))


class DaysOutOfOrder(ReconciliationError):
    def __init__(self, *, since: date, until: date) -> None:
        super().__init__(
            _("Nothing was asked of the gateway. {until} is before {since}; please choose the days again.").format(
                since=since, until=until
            )
        )
