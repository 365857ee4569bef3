"""What can go wrong in commerce. Each says what happened to the money, then what to do."""

from collections.abc import Collection
from decimal import Decimal

from django.utils.translation import gettext as _


class CommerceError(Exception):
    """Root of this room's errors; the text is for people."""


class MoneyError(CommerceError):
    """An amount that cannot be what it claims to be. Nothing was written or sent."""


class FloatRefused(MoneyError):
    def __init__(self, *, value: object) -> None:
        super().__init__(
            _("Nothing was written. {value} is a floating-point number; pass an exact Decimal.").format(value=value)
        )


class UnknownCurrency(MoneyError):
    def __init__(self, *, currency: str) -> None:
        super().__init__(
            _("Nothing was written. “{currency}” is not a currency we can bill in; use an ISO 4217 code.").format(
                currency=currency
            )
        )


class NotRepresentable(MoneyError):
    def __init__(self, *, amount: Decimal, currency: str) -> None:
        super().__init__(
            _("Nothing was sent. {amount} has more digits than {currency} has; round the line first.").format(
                amount=amount, currency=currency
            )
        )


class SharesImpossible(MoneyError):
    def __init__(self, *, total: Decimal, parts: int) -> None:
        super().__init__(
            _("Nothing was split. {total} needs at least one part and no negative weight; got {parts} parts.").format(
                total=total, parts=parts
            )
        )


class CustomerTreeError(CommerceError):
    """The company tree would stop being a tree. Nothing was moved."""


class CustomerCycle(CustomerTreeError):
    def __init__(self, *, customer: str, parent: str) -> None:
        super().__init__(
            _("Nothing was moved. {parent} is {customer} itself or belongs to it; choose a parent outside it.").format(
                customer=customer, parent=parent
            )
        )


class AnotherOrganization(CommerceError):
    def __init__(self, *, what: str, other: str) -> None:
        super().__init__(
            _("Nothing was written. {what} and {other} belong to different sellers; choose one of the same.").format(
                what=what, other=other
            )
        )


class RoleNotForCustomer(CommerceError):
    def __init__(self, *, role: str, customer: str) -> None:
        super().__init__(
            _("Nothing was changed. The role {role} is not made for {customer}; choose a role of its own.").format(
                role=role, customer=customer
            )
        )


class OrderError(CommerceError):
    """An order that may not be written or moved as asked."""


class EmptyOrder(OrderError):
    def __init__(self) -> None:
        super().__init__(_("No order was written and nothing was charged. Put at least one product on the list."))


class OrderLineInvalid(OrderError):
    def __init__(self, *, sku: str, why: str) -> None:
        super().__init__(_("No order was written and nothing was charged. {sku}: {why}").format(sku=sku, why=why))


class OrderAlreadyPlaced(OrderError):
    def __init__(self, *, number: str, state: str) -> None:
        super().__init__(
            _("Order {number} was not changed: it is {state}. Start a new order for other goods.").format(
                number=number, state=state
            )
        )


class IllegalOrderMove(OrderError):
    def __init__(self, *, number: str, state: str, wanted: str) -> None:
        super().__init__(
            _("Order {number} stays {state}; from there it cannot become {wanted}. No money moved.").format(
                number=number, state=state, wanted=wanted
            )
        )


class NumberOutsideTransaction(CommerceError):
    def __init__(self) -> None:
        super().__init__(
            _("No number was taken. Take it inside the transaction that writes the document, as its last statement.")
        )


class SettingError(CommerceError):
    """A setting that was not defined, defined twice, or given a value of another type."""


class UnknownSetting(SettingError):
    def __init__(self, *, key: str) -> None:
        super().__init__(_("Nothing was changed. No setting is called “{key}”; define it first.").format(key=key))


class SettingDefinedTwice(SettingError):
    def __init__(self, *, key: str) -> None:
        super().__init__(_("The setting “{key}” is defined twice; keep one definition.").format(key=key))


class SettingOfWrongType(SettingError):
    def __init__(self, *, key: str, wanted: str, value: object) -> None:
        super().__init__(
            _("Nothing was changed. The setting “{key}” takes {wanted}, not {value}.").format(
                key=key, wanted=wanted, value=repr(value)
            )
        )


class UnknownRoute(CommerceError):
    def __init__(self, *, route: str, known: Collection[str]) -> None:
        super().__init__(
            _("No link was made. “{route}” is not in the list of absolute links: {known}.").format(
                route=route, known=", ".join(sorted(known))
            )
        )


class QuantityNotSold(CommerceError):
    def __init__(self, *, quantity: Decimal, least: Decimal) -> None:
        super().__init__(
            _("Nothing was ordered. {quantity} is less than we sell; order at least {least}.").format(
                quantity=quantity, least=least
            )
        )
