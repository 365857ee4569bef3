"""Whose books a person may see: staff their own organization's, superusers every one."""

from django.db.models import QuerySet

from commerce.models import Organization, User
from reconciliation.models import Expectation


def organizations_visible_to(*, user: User) -> QuerySet[Organization]:
    if not user.is_active or not user.is_staff:
        return Organization.objects.none()
    rows = Organization.objects.order_by("pk")
    return rows if user.is_superuser else rows.filter(pk=user.organization_id or 0)


def expectations_visible_to(*, user: User) -> QuerySet[Expectation]:
    return Expectation.objects.filter(organization__in=organizations_visible_to(user=user))
