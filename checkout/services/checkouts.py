"""The steps of a checkout before the order: each keeps its answers on the row."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db.transaction import atomic

from checkout import locks
from checkout.exceptions import CheckoutBeingPaid, CheckoutEnded, CheckoutIncomplete, EmptyList, NotAllowedToOrder
from checkout.models import Checkout, CheckoutState, ShoppingList
from checkout.selectors import FLAT_RATE, unfinished_of
from commerce.models import Address, Customer, OrderState, Permission, User
from commerce.selectors import has_permission


@dataclass(frozen=True)
class AddressGiven:
    """An address as a person typed it."""

    name: str
    line_1: str
    city: str
    country: str
    company: str = ""
    line_2: str = ""
    region: str = ""
    postal_code: str = ""
    phone: str = ""


@atomic
def checkout_start(*, shopping_list: ShoppingList, by: User, now: datetime) -> Checkout:
    """Begin a checkout of a list, or go on with the one under way. The company's default addresses are chosen.

    Raises:
        NotAllowedToOrder: no permission to order for this company.
        EmptyList: nothing to order.
    """
    locked = locks.shopping_list(pk=shopping_list.pk)
    may_order_check(by=by, customer=locked.customer)
    found = unfinished_of(shopping_list=locked)
    if found is not None:
        return found
    Checkout.objects.filter(shopping_list=locked, state=CheckoutState.OPEN, order__state=OrderState.CANCELED).update(
        state=CheckoutState.ABANDONED
    )
    if not locked.items.exists():
        raise EmptyList
    book = list(Address.objects.filter(customer=locked.customer).order_by("pk"))
    return Checkout.objects.create(
        website_id=locked.website_id,
        customer=locked.customer,
        user=by,
        shopping_list=locked,
        billing_address=next((row for row in book if row.is_default_billing), None),
        shipping_address=next((row for row in book if row.is_default_shipping), None),
        created_at=now,
    )


def may_order_check(*, by: User, customer: Customer) -> None:
    """Raise NotAllowedToOrder unless this person may order for this company."""
    if not has_permission(by, Permission.CREATE_ORDER, customer):
        raise NotAllowedToOrder(customer=customer.name)


def open_check(*, checkout: Checkout) -> None:
    """Raise unless the checkout may still change."""
    if checkout.state == CheckoutState.PAYING and checkout.order is not None:
        raise CheckoutBeingPaid(number=checkout.order.number)
    if checkout.state != CheckoutState.OPEN or (
        checkout.order is not None and checkout.order.state != OrderState.AWAITING_PAYMENT
    ):
        raise CheckoutEnded


@contextmanager
def _changing(checkout: Checkout) -> Iterator[Checkout]:
    """The checkout under its lock, if it may still change."""
    with atomic():
        locked = locks.checkout(pk=checkout.pk)
        open_check(checkout=locked)
        yield locked


@atomic
def checkout_address_add(*, checkout: Checkout, given: AddressGiven) -> Address:
    """Write a new address into the company's book, to be chosen in this checkout.

    Raises:
        CheckoutBeingPaid, CheckoutEnded: nothing may change any more.
        NotAllowedToOrder: no permission to order for this company.
    """
    with _changing(checkout) as locked:
        may_order_check(by=locked.user, customer=locked.customer)
        return Address.objects.create(customer=locked.customer, **asdict(given))


def checkout_addresses_set(*, checkout: Checkout, billing: Address, shipping: Address) -> None:
    """Choose where to bill and where to deliver; both from the company's book.

    Raises:
        CheckoutIncomplete: an address of another company.
    """
    with _changing(checkout) as locked:
        if {billing.customer_id, shipping.customer_id} != {locked.customer_id}:
            raise CheckoutIncomplete(step="addresses")
        locked.billing_address, locked.shipping_address = billing, shipping
        locked.save(update_fields=["billing_address", "shipping_address"])


def checkout_shipping_set(*, checkout: Checkout, method: str) -> None:
    """Choose how it is delivered. There is one way: the website's flat rate."""
    with _changing(checkout) as locked:
        if method != FLAT_RATE:
            raise CheckoutIncomplete(step="shipping")
        locked.shipping_method = method
        locked.save(update_fields=["shipping_method"])


def checkout_payment_set(*, checkout: Checkout, choice: str, po_number: str, notes: str) -> None:
    """Keep which way to pay was chosen, the buyer's own number and a note. Whether the way is offered is checked when
    the order is placed.
    """
    with _changing(checkout) as locked:
        locked.payment_choice, locked.po_number, locked.notes = choice, po_number, notes
        locked.save(update_fields=["payment_choice", "po_number", "notes"])
