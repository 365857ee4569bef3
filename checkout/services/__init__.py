"""Every write of this room: lists, the steps of a checkout, placing the order."""

from checkout.services.cancel import checkout_abandon, order_withdraw
from checkout.services.checkouts import (
    AddressGiven,
    checkout_address_add,
    checkout_addresses_set,
    checkout_payment_set,
    checkout_shipping_set,
    checkout_start,
)
from checkout.services.confirm import OrderMoney
from checkout.services.lists import list_add, list_item_remove, list_item_set
from checkout.services.place import checkout_placed, order_place

__all__ = [
    "AddressGiven",
    "OrderMoney",
    "checkout_abandon",
    "checkout_address_add",
    "checkout_addresses_set",
    "checkout_payment_set",
    "checkout_placed",
    "checkout_shipping_set",
    "checkout_start",
    "list_add",
    "list_item_remove",
    "list_item_set",
    "order_place",
    "order_withdraw",
]
