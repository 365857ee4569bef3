"""What can be refused here. Each sentence says what happened to the money first, then what to do."""

from django.utils.translation import gettext as _


class InvoiceError(Exception):
    """Something about an invoice was refused; nothing was changed."""


class NotADraft(InvoiceError):
    def __init__(self, *, number: str) -> None:
        super().__init__(
            _("Nothing was changed. Invoice {number} is posted and stands as it is; void it instead.").format(
                number=number
            )
        )


class InvoiceEmpty(InvoiceError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was billed. An invoice needs at least one line."))


class LineInvalid(InvoiceError):
    def __init__(self, *, name: str, why: str) -> None:
        super().__init__(_("Nothing was billed. {name}: {why}").format(name=name, why=why))


class WrongSeller(InvoiceError):
    def __init__(self, *, what: str, other: str) -> None:
        super().__init__(
            _("Nothing was billed. {what} and {other} belong to different sellers.").format(what=what, other=other)
        )


class OrderNotBillable(InvoiceError):
    def __init__(self, *, number: str, why: str) -> None:
        super().__init__(_("Nothing was billed. Order {number}: {why}").format(number=number, why=why))


class PostRefused(InvoiceError):
    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was posted and no money was moved. {why}").format(why=why))


class VoidRefused(InvoiceError):
    def __init__(self, *, kind: str, number: str, why: str) -> None:
        self.number, self.why = number, why
        text = _("Nothing was voided; the money stays as it is. {kind} {number}: {why}")
        super().__init__(text.format(kind=kind, number=number, why=why))


class NoteRequired(InvoiceError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was done. Please write a note that says why."))
