"""Who may see what. Every list, page and API of the rooms above starts from one of these.

A seat counts when the person, the seat and its company are active. Staff see everything of their organization (what
they may *do* there is a matter of back-office permissions), superusers see everything, everybody else nothing.
"""

from django.contrib.auth.models import AnonymousUser
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import BooleanField, Exists, F, Func, Max, OuterRef, Q, QuerySet, Subquery, TextField
from django.db.models.functions import Cast

from commerce.models import (
    Customer,
    CustomerUser,
    Level,
    Order,
    PaymentTerm,
    Permission,
    RolePermission,
    User,
    Website,
)
from commerce.models.customer import PATH_PARTS

EVERYTHING = Q(pk__isnull=False)
NOTHING = Q(pk__in=())


class IsAnyOf(Func):
    """A column against a subquery that is run once: unlike IN inside an OR, the column's index stays usable."""

    template = "(%(expressions)s))"
    arg_joiner = " = ANY("
    output_field = BooleanField()


class StartsWith(Func):
    """Whether one path lies below, or is, another."""

    function = "starts_with"
    output_field = BooleanField()


class Overlaps(Func):
    """Two arrays with a common element; finds companies below others through the index on `PATH_PARTS`."""

    template = "(%(expressions)s)"
    arg_joiner = " && "
    output_field = BooleanField()


def seats_of(*, user: User | AnonymousUser) -> QuerySet[CustomerUser]:
    """The seats that count for this person, with company and role."""
    if user.pk is None:
        return CustomerUser.objects.none()
    return CustomerUser.objects.filter(
        user_id=user.pk, user__is_active=True, is_active=True, customer__is_active=True
    ).select_related("customer__organization", "role")


def seat_of(user: User | AnonymousUser, website: Website, *, customer_id: int | None = None) -> CustomerUser | None:
    """The seat a person acts from on a website: the chosen company's, else the oldest one there; None for strangers."""
    seats = seats_of(user=user).filter(customer__organization=website.organization_id).order_by("pk")
    if customer_id is not None:
        seats = seats.filter(customer=customer_id)
    return seats.first()


def permissions_of(*, seat: CustomerUser) -> dict[Permission, Level]:
    """How far each permission of a seat's role reaches; every permission is there, if only as NONE."""
    given = dict(RolePermission.objects.filter(role=seat.role_id).values_list("permission", "level"))
    return {permission: Level(given.get(permission, Level.NONE)) for permission in Permission}


def permission_level(user: User | AnonymousUser, permission: Permission, customer: Customer) -> Level:
    """How far a permission reaches for this person in this company, over all the person's seats."""
    if not user.is_active:
        return Level.NONE
    if _is_staff_of(user, organization_id=customer.organization_id):
        return Level.CORPORATE
    path_now = Subquery(Customer.objects.filter(pk=customer.pk).values("path"))  # a copy in memory may be older
    above = Q(StartsWith(path_now, F("customer__path")), role__permissions__level=Level.CORPORATE)
    highest = (
        seats_of(user=user)
        .filter(Q(customer=customer.pk) | above, role__permissions__permission=permission)
        .aggregate(level=Max("role__permissions__level"))["level"]
    )
    return Level(highest or Level.NONE)


def has_permission(user: User | AnonymousUser, permission: Permission, customer: Customer) -> bool:
    """Whether a person may do this for this company at all. Whose rows it reaches is `rows_visible_to`."""
    return permission_level(user, permission, customer) > Level.NONE


def rows_visible_to(
    *,
    user: User | AnonymousUser,
    permission: Permission,
    customer_field: str = "customer",
    owner_field: str = "placed_by",
) -> Q:
    """The condition that leaves of any model's rows those this person may see, as part of one query.

    `customer_field` leads to the company a row belongs to; `owner_field` to the user whose own it is (an invoice's:
    the one who placed its order). Use it in `filter` of the model that has these fields.
    """
    if not user.is_active:
        return NOTHING
    if user.is_superuser:
        return EVERYTHING
    if user.is_staff:
        if user.organization_id is None:
            return NOTHING
        return Q(**{f"{customer_field}__organization": user.organization_id})
    whole = _customers_reached(user, permission).values("pk")
    own = _seats_with(user, permission, Level.OWN).values("customer")
    return Q(IsAnyOf(F(customer_field), ArraySubquery(whole))) | (
        Q(**{owner_field: user.pk}) & Q(IsAnyOf(F(customer_field), ArraySubquery(own)))
    )


def customers_visible_to(*, user: User | AnonymousUser, permission: Permission) -> QuerySet[Customer]:
    """Companies whose rows this person may see *all* of (department and corporate level).

    A person at own level is not here even for the own company: filter rows with `rows_visible_to`.
    """
    if not user.is_active:
        return Customer.objects.none()
    if user.is_superuser:
        return Customer.objects.all()
    if user.is_staff:
        return Customer.objects.filter(organization__isnull=False, organization=user.organization_id)
    return _customers_reached(user, permission)


def orders_visible_to(*, user: User | AnonymousUser, permission: Permission = Permission.VIEW_ORDER) -> QuerySet[Order]:
    """Orders this person may see (or, with another permission, do that to)."""
    return Order.objects.filter(rows_visible_to(user=user, permission=permission, owner_field="placed_by"))


def people_with(*, permission: Permission, customer: Customer) -> list[User]:
    """Buyers whose permission reaches all of this company, from a seat there or above: whom colleagues may ask."""
    whole = Q(customer=customer.pk, role__permissions__level__gte=Level.DEPARTMENT)
    above = Q(customer__in=customer.path_ids, role__permissions__level=Level.CORPORATE)
    seats = CustomerUser.objects.filter(
        whole | above,
        role__permissions__permission=permission,
        is_active=True,
        user__is_active=True,
        customer__is_active=True,
    )
    return list(User.objects.filter(pk__in=seats.values("user")).order_by("first_name", "last_name", "pk"))


def payment_term_of(*, customer: Customer) -> PaymentTerm | None:
    """The term a company buys on: its own, else its group's; None means no purchase on terms."""
    if customer.payment_term is not None:
        return customer.payment_term
    return customer.group.payment_term if customer.group is not None else None


def _seats_with(user: User | AnonymousUser, permission: Permission, *levels: Level) -> QuerySet[CustomerUser]:
    return seats_of(user=user).filter(
        Exists(
            RolePermission.objects.filter(role=OuterRef("role"), permission=permission, level__in=levels),
        )
    )


def _customers_reached(user: User | AnonymousUser, permission: Permission) -> QuerySet[Customer]:
    here = _seats_with(user, permission, Level.DEPARTMENT).values("customer")
    above = _seats_with(user, permission, Level.CORPORATE).values(part=Cast("customer_id", TextField()))
    return Customer.objects.filter(
        Q(IsAnyOf(F("pk"), ArraySubquery(here))) | Q(Overlaps(PATH_PARTS, ArraySubquery(above)))
    )


def _is_staff_of(user: User | AnonymousUser, *, organization_id: int) -> bool:
    if user.is_superuser:
        return True
    return isinstance(user, User) and user.is_staff and user.organization_id == organization_id
