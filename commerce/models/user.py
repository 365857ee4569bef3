"""People. One table for buyers and staff; `is_staff` opens the back-office, seats open companies."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import CheckConstraint
from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from commerce.models.fields import LowercaseEmailField
from commerce.models.organization import Organization
from plumbing.audit import tracked


class UserManager(BaseUserManager["User"]):
    """Makes people; the address is the log-in and its case does not matter."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email.strip():
            raise ValueError("Give the user an email address: it is the log-in.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{**fields, "is_staff": True, "is_superuser": True})


@tracked(exclude=["password"], ignore=["last_login"])
class User(AbstractBaseUser, PermissionsMixin):
    """A person who can log in."""

    email = LowercaseEmailField(_("email"), max_length=254, unique=True)
    first_name = models.CharField(_("first name"), max_length=150, blank=True)
    last_name = models.CharField(_("last name"), max_length=150, blank=True)
    organization = models.ForeignKey(
        Organization,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="staff",
        help_text=_("The seller a staff person works for. Buyers have none: their companies are their seats."),
    )
    is_staff = models.BooleanField(_("staff"), default=False, help_text=_("May enter the back-office."))
    is_active = models.BooleanField(_("active"), default=True, help_text=_("Switch off instead of deleting."))
    date_joined = models.DateTimeField(_("joined"), default=timezone.now)

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        constraints = [CheckConstraint(condition=models.Q(email=Lower("email")), name="user_email_is_lowercase")]

    def __str__(self) -> str:
        return self.get_full_name() or self.email

    def get_full_name(self) -> str:
        return f"{self.first_name} {self.last_name}".strip()

    def get_short_name(self) -> str:
        return self.first_name or self.email
