"""The admin site of the house: shared log-in, own dashboard, and only pages that this room wrote."""

from typing import Any

from allauth.account.decorators import secure_admin_login
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from backoffice.clock import zone_shown
from backoffice.unfolded import UnfoldAdminSite


class BackOffice(UnfoldAdminSite):
    """Staff of an organization, and superusers, come in; everybody else is refused."""

    index_title = _("Dashboard")
    index_template = "backoffice/dashboard.html"
    enable_nav_sidebar = True

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Go through the log-in page of both faces, with its rate limits."""
        return secure_admin_login(super().login)(request, extra_context)

    def each_context(self, request: HttpRequest) -> dict[str, Any]:
        return {**super().each_context(request), "zone": zone_shown()}

    def has_permission(self, request: HttpRequest) -> bool:
        """A staff person without an organization would see nothing: they are not let in, rather than puzzled."""
        user = request.user
        if not (user.is_active and getattr(user, "is_staff", False)):
            return False
        return bool(getattr(user, "is_superuser", False) or getattr(user, "organization_id", None))
