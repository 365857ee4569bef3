"""Companies, their tree, and who sits where."""

from typing import Any

from django.db.transaction import atomic

from commerce import locks
from commerce.exceptions import AnotherOrganization, CustomerCycle, RoleNotForCustomer
from commerce.models import Customer, CustomerRole, CustomerUser, Organization, User


@atomic
def customer_create(
    *, organization: Organization, name: str, parent: Customer | None = None, **details: Any
) -> Customer:
    """Add a company, below another or at the top. `details` are further columns (number, group, payment term, …).

    Raises:
        AnotherOrganization: the parent belongs to another seller.
        ValidationError: a value that cannot be.
    """
    if parent is not None and parent.organization_id != organization.pk:
        raise AnotherOrganization(what=name, other=parent.name)
    locks.customer_tree(organization_id=organization.pk)
    customer = Customer(organization=organization, name=name, parent=parent, **details)
    customer.full_clean()
    customer.save()
    customer.refresh_from_db(fields=["path"])
    return customer


@atomic
def customer_move(*, customer: Customer, parent: Customer | None) -> Customer:
    """Put a company, with everything below it, under another parent or at the top.

    What people see changes at once: corporate roles above gain and lose the whole branch. Past orders and invoices
    stay with their companies.

    Raises:
        CustomerCycle: the parent is the company itself or below it.
        AnotherOrganization: the parent belongs to another seller.
    """
    locks.customer_tree(organization_id=customer.organization_id)
    customer.refresh_from_db()
    if parent is not None:
        parent.refresh_from_db()
        if parent.organization_id != customer.organization_id:
            raise AnotherOrganization(what=customer.name, other=parent.name)
        if parent.path.startswith(customer.path):
            raise CustomerCycle(customer=customer.name, parent=parent.name)
    customer.parent = parent
    customer.save(update_fields=["parent"])
    customer.refresh_from_db(fields=["path"])
    return customer


def seat_give(*, user: User, customer: Customer, role: CustomerRole) -> CustomerUser:
    """Give a person a seat in a company, or another role on the seat they have; a switched-off seat comes back on.

    Raises:
        RoleNotForCustomer: the role belongs to another seller or to another company.
    """
    if role.organization_id != customer.organization_id or role.customer_id not in {None, customer.pk}:
        raise RoleNotForCustomer(role=role.name, customer=customer.name)
    seat, _created = CustomerUser.objects.update_or_create(
        user=user, customer=customer, defaults={"role": role, "is_active": True}
    )
    return seat


def seat_switch(*, seat: CustomerUser, is_active: bool) -> CustomerUser:
    """Switch a seat off, so that it shows nothing from the next request on, or on again. Nothing is deleted."""
    seat.is_active = is_active
    seat.save(update_fields=["is_active"])
    return seat
