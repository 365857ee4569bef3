"""The tables every other room stands on, one file per subject."""

from commerce.models.catalog import Category, Product, ProductUnit
from commerce.models.customer import Address, Customer, CustomerGroup
from commerce.models.number import NumberKind, NumberSequence
from commerce.models.order import MOVES, Order, OrderLine, OrderState
from commerce.models.organization import Organization, Website
from commerce.models.price import Price, PriceList, PriceListAssignment
from commerce.models.role import CustomerRole, CustomerUser, Level, Permission, RolePermission
from commerce.models.setting import Setting
from commerce.models.term import PaymentTerm, TermKind
from commerce.models.user import User

__all__ = [
    "MOVES",
    "Address",
    "Category",
    "Customer",
    "CustomerGroup",
    "CustomerRole",
    "CustomerUser",
    "Level",
    "NumberKind",
    "NumberSequence",
    "Order",
    "OrderLine",
    "OrderState",
    "Organization",
    "PaymentTerm",
    "Permission",
    "Price",
    "PriceList",
    "PriceListAssignment",
    "Product",
    "ProductUnit",
    "RolePermission",
    "Setting",
    "TermKind",
    "User",
    "Website",
]
