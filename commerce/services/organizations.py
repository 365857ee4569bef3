"""Opening a seller, with the roles, units and terms nobody wants to type first, and its websites."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from django.db.transaction import atomic

from commerce.exceptions import AnotherOrganization
from commerce.models import (
    Customer,
    CustomerRole,
    Level,
    Organization,
    PaymentTerm,
    Permission,
    ProductUnit,
    RolePermission,
    TermKind,
    Website,
)

ROLES: dict[str, dict[Permission, Level]] = {
    "Administrator": dict.fromkeys(Permission, Level.CORPORATE),
    "Subsidiary manager": dict.fromkeys(Permission, Level.DEPARTMENT),
    "Accounts payable": {
        Permission.VIEW_ORDER: Level.CORPORATE,
        Permission.VIEW_INVOICE: Level.CORPORATE,
        Permission.PAY_INVOICE: Level.CORPORATE,
        Permission.MANAGE_PAYMENT_METHODS: Level.CORPORATE,
    },
    "Buyer": {
        Permission.VIEW_ORDER: Level.OWN,
        Permission.CREATE_ORDER: Level.OWN,
        Permission.VIEW_INVOICE: Level.DEPARTMENT,
        Permission.PAY_INVOICE: Level.DEPARTMENT,
        Permission.MANAGE_PAYMENT_METHODS: Level.OWN,
    },
    "Requester": {
        Permission.VIEW_ORDER: Level.OWN,
        Permission.CREATE_ORDER: Level.OWN,
        Permission.VIEW_INVOICE: Level.OWN,
    },
    "Viewer": {Permission.VIEW_ORDER: Level.DEPARTMENT, Permission.VIEW_INVOICE: Level.DEPARTMENT},
}
"""Roles every organization starts with; its admins may change them and add others."""

TERMS: dict[str, dict[str, Any]] = {
    "Due on receipt": {"kind": TermKind.NET, "days": 0},
    "Net 30": {"kind": TermKind.NET, "days": 30},
    "2% 10, net 30": {"kind": TermKind.NET, "days": 30, "discount_percent": Decimal(2), "discount_days": 10},
    "End of month": {"kind": TermKind.END_OF_MONTH, "days": 0},
    "15th of next month": {"kind": TermKind.DAY_OF_MONTH, "day_of_month": 15, "cut_off_day": 25},
}
"""Payment terms every organization starts with."""

UNITS: dict[str, dict[str, Any]] = {
    "each": {"name": "Each", "uom_code": "EA"},
    "case": {"name": "Case", "uom_code": "CS"},
    "foot": {"name": "Foot", "uom_code": "FOT", "precision": 2},
}
"""Units every organization starts with; codes for card networks are those of UN/ECE Recommendation 20 and 21."""


@atomic
def organization_open(
    *, code: str, name: str, time_zone: str = "America/New_York", currency: str = "USD", **details: str
) -> Organization:
    """Open a seller with its roles, payment terms and units. `details` are further columns, such as its address.

    Raises:
        ValidationError: a code, time zone, currency or country that does not exist.
    """
    organization = Organization(code=code, name=name, time_zone=time_zone, currency=currency, **details)
    organization.full_clean()
    organization.save()
    for role, levels in ROLES.items():
        role_create(organization=organization, name=role, levels=levels)
    PaymentTerm.objects.bulk_create(
        PaymentTerm(organization=organization, name=term, **columns) for term, columns in TERMS.items()
    )
    ProductUnit.objects.bulk_create(
        ProductUnit(organization=organization, code=unit, **columns) for unit, columns in UNITS.items()
    )
    return organization


def website_open(
    *, organization: Organization, code: str, name: str, domain: str, is_default: bool = False, **details: Any
) -> Website:
    """Open a shop front of a seller under a host name; its currency is the seller's unless given.

    Raises:
        ValidationError: a code, domain or currency that cannot be.
    """
    details.setdefault("currency", organization.currency)
    website = Website(
        organization=organization, code=code, name=name, domain=domain.lower(), is_default=is_default, **details
    )
    website.full_clean()
    website.save()
    return website


@atomic
def role_create(
    *,
    organization: Organization,
    name: str,
    levels: Mapping[Permission, Level],
    customer: Customer | None = None,
) -> CustomerRole:
    """Make a role, for all customers of the organization or for one.

    Raises:
        AnotherOrganization: the customer belongs to another seller.
    """
    if customer is not None and customer.organization_id != organization.pk:
        raise AnotherOrganization(what=name, other=customer.name)
    role = CustomerRole.objects.create(organization=organization, customer=customer, name=name)
    RolePermission.objects.bulk_create(
        RolePermission(role=role, permission=permission, level=level)
        for permission, level in levels.items()
        if level is not Level.NONE
    )
    return role
