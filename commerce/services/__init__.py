"""Every write of this room, one file per subject."""

from commerce.services.billing import order_bill, order_unbill
from commerce.services.customers import customer_create, customer_move, seat_give, seat_switch
from commerce.services.numbers import number_next
from commerce.services.orders import order_cancel, order_close, order_open, order_write
from commerce.services.organizations import organization_open, role_create, website_open
from commerce.services.people import user_create
from commerce.services.settings import setting_set, setting_use_default

__all__ = [
    "customer_create",
    "customer_move",
    "number_next",
    "order_bill",
    "order_cancel",
    "order_close",
    "order_open",
    "order_unbill",
    "order_write",
    "organization_open",
    "role_create",
    "seat_give",
    "seat_switch",
    "setting_set",
    "setting_use_default",
    "user_create",
    "website_open",
]
