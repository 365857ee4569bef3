"""Who of a seller's staff may do something: whom a mail about it goes to."""

from collections.abc import Iterable

from django.db.models import Q, QuerySet

from commerce.models import User


def staff_who_may(*, organization_id: int, permissions: Iterable[str]) -> QuerySet[User]:
    """The seller's own staff with one of these permissions (`oropay.capture_payment`), by a group or by themselves.

    Operators, who may do everything everywhere, are not among them.
    """
    may = Q()
    for permission in permissions:
        app_label, _dot, codename = permission.partition(".")
        for path in ("user_permissions", "groups__permissions"):
            may |= Q(**{f"{path}__content_type__app_label": app_label, f"{path}__codename": codename})
    people = User.objects.filter(may, organization=organization_id, is_active=True, is_staff=True)
    return people.exclude(email="").distinct().order_by("pk")
