"""Who may do what for which company: a seat, its role, and how far each permission reaches."""

from django.db import models
from django.db.models import CheckConstraint, IntegerChoices, Q, TextChoices, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.models.customer import Customer
from commerce.models.organization import Organization
from commerce.models.user import User
from plumbing.audit import tracked


class Permission(TextChoices):
    VIEW_ORDER = "view_order", _("View orders")
    """See orders and their lines."""

    CREATE_ORDER = "create_order", _("Create orders")
    """Check out in the company's name."""

    APPROVE_ORDER = "approve_order", _("Approve orders")
    """Release colleagues' orders above the approval limit."""

    VIEW_INVOICE = "view_invoice", _("View invoices")
    """See invoices, balances and receipts."""

    PAY_INVOICE = "pay_invoice", _("Pay invoices")
    """Start a payment of an invoice. Seeing it is a permission of its own."""

    MANAGE_PAYMENT_METHODS = "manage_payment_methods", _("Manage payment methods")
    """Add, share and remove the company's stored cards and bank accounts."""

    MANAGE_USERS = "manage_users", _("Manage users")
    """Invite colleagues, change their roles, switch their seats off."""


class Level(IntegerChoices):
    """How far a permission reaches; each level includes the ones below it."""

    NONE = 0, _("None")
    """Not at all."""

    OWN = 1, _("Own")
    """What this person placed, in the seat's company: own orders, and invoices of own orders."""

    DEPARTMENT = 2, _("Department")
    """Everything of the seat's company, nothing of companies above, below or beside it."""

    CORPORATE = 3, _("Corporate")
    """Everything of the seat's company and of all companies below it. Never upward, never sideways."""


@tracked()
class CustomerRole(models.Model):
    """A named set of permissions. Without a customer it serves every customer of the organization."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="customer_roles")
    customer = models.ForeignKey(
        Customer,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="roles",
        help_text=_("Empty: for all customers."),
    )
    name = models.CharField(_("name"), max_length=100)

    class Meta:
        verbose_name = _("customer role")
        constraints = [
            UniqueConstraint(
                fields=["organization", "customer", "name"], nulls_distinct=False, name="customer_role_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


@tracked()
class RolePermission(models.Model):
    """How far one permission of a role reaches. No row means none."""

    role = models.ForeignKey(CustomerRole, on_delete=models.CASCADE, related_name="permissions")
    permission = models.CharField(_("permission"), max_length=32, choices=Permission)
    level = models.PositiveSmallIntegerField(_("level"), choices=Level, default=Level.NONE)

    class Meta:
        verbose_name = _("role permission")
        constraints = [
            UniqueConstraint(fields=["role", "permission"], name="role_permission_once"),
            CheckConstraint(condition=Q(level__in=Level.values), name="role_permission_level_known"),
            CheckConstraint(condition=Q(permission__in=Permission.values), name="role_permission_known"),
        ]

    def __str__(self) -> str:
        return f"{self.get_permission_display()}: {self.get_level_display()}"


@tracked()
class CustomerUser(models.Model):
    """A person's seat in one company. A person may hold seats in several; a switched-off seat shows nothing."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="seats")
    customer = models.ForeignKey(Customer, on_delete=models.CASCADE, related_name="seats")
    role = models.ForeignKey(CustomerRole, on_delete=models.PROTECT, related_name="seats")
    is_active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("customer user")
        constraints = [UniqueConstraint(fields=["user", "customer"], name="one_seat_per_customer")]

    def __str__(self) -> str:
        return f"{self.user} · {self.customer}"
