"""What checkout refuses. Each sentence says what happened to the money first, then what to do."""

from decimal import Decimal

from django.utils.translation import gettext as _

from commerce.money import format_money


class CheckoutError(Exception):
    """Something about a list or a checkout was refused; nothing was charged and no order was placed."""


class ProductNotSold(CheckoutError):
    def __init__(self, *, name: str, why: str) -> None:
        super().__init__(_("Your list was not changed. {name}: {why}").format(name=name, why=why))


class EmptyList(CheckoutError):
    def __init__(self) -> None:
        super().__init__(_("Nothing was ordered: your list is empty. Add a product first."))


class LinesInvalid(CheckoutError):
    """At least one line cannot be ordered as it is."""

    def __init__(self, *, why: str) -> None:
        super().__init__(_("Nothing was ordered and nothing was charged. {why}").format(why=why))


class CheckoutIncomplete(CheckoutError):
    def __init__(self, *, step: str) -> None:
        self.step = step
        super().__init__(_("Nothing was ordered and nothing was charged. One step is not finished yet."))


class NotAllowedToOrder(CheckoutError):
    def __init__(self, *, customer: str) -> None:
        super().__init__(
            _("Nothing was ordered. You may not place orders for {customer}; ask your administrator.").format(
                customer=customer
            )
        )


class TotalChanged(CheckoutError):
    """Prices, quantities or rates changed between the page and the click."""

    def __init__(self, *, shown: Decimal, total: Decimal, currency: str) -> None:
        super().__init__(
            _("Nothing was charged. The total changed from {shown} to {total}; please look again.").format(
                shown=format_money(shown, currency), total=format_money(total, currency)
            )
        )


class CheckoutBeingPaid(CheckoutError):
    """A payment of this checkout's order has no outcome yet."""

    def __init__(self, *, number: str) -> None:
        super().__init__(
            _("Nothing more was charged. Order {number} is being paid right now; wait for the result.").format(
                number=number
            )
        )


class CheckoutEnded(CheckoutError):
    """Placed already, or left behind."""

    def __init__(self) -> None:
        super().__init__(_("Nothing was charged again. This checkout has ended; your list starts a new one."))


class CheckoutNotLeft(CheckoutError):
    """Its buyer wants to leave it, but money is in sight or the order is placed."""

    def __init__(self, *, number: str, why: str) -> None:
        super().__init__(
            _("Nothing was canceled and no money moved. Order {number}: {why}").format(number=number, why=why)
        )


class TermsNotOffered(CheckoutError):
    def __init__(self, *, customer: str) -> None:
        super().__init__(
            _("Nothing was ordered. {customer} does not buy on payment terms; choose another way to pay.").format(
                customer=customer
            )
        )


class OrderNotCancelable(CheckoutError):
    def __init__(self, *, number: str, why: str) -> None:
        super().__init__(
            _("Nothing was canceled and no money moved. Order {number}: {why}").format(number=number, why=why)
        )
