"""What every page of the storefront shows around its content."""

from typing import Any

from django.http import HttpRequest

from checkout.models import ShoppingListItem
from commerce.models import Level, Permission
from commerce.selectors import permissions_of
from storefront.middleware import seat_now


def chrome(request: HttpRequest) -> dict[str, Any]:
    """Website, seat, what the seat may do, how much lies on the list. Lazy: other faces' pages pay nothing for it."""
    website = getattr(request, "website", None)
    if website is None or not hasattr(request, "seats"):
        return {"csp_nonce": getattr(request, "csp_nonce", "")}
    return {
        "csp_nonce": getattr(request, "csp_nonce", ""),
        "website": website,
        "chrome": Chrome(request),
    }


class Chrome:
    """Reads what the header needs when the header asks for it."""

    def __init__(self, request: HttpRequest) -> None:
        self._request = request

    @property
    def seats(self) -> Any:
        return self._request.seats  # type: ignore[attr-defined]

    @property
    def seat(self) -> Any:
        return seat_now(self._request)

    @property
    def may(self) -> dict[str, bool]:
        """Permission → whether the seat has it at any level."""
        return seat_permissions(self._request)

    @property
    def list_count(self) -> int:
        """How many products lie on the list; a view that has just read the list says so on the request."""
        counted: int | None = getattr(self._request, "list_count", None)
        if counted is not None:
            return counted
        seat = self.seat
        if seat is None:
            return 0
        return ShoppingListItem.objects.filter(
            shopping_list__customer_id=seat.customer_id,
            shopping_list__user=self._request.user.pk,
            shopping_list__website=self._request.website,  # type: ignore[attr-defined]
        ).count()


def seat_permissions(request: HttpRequest) -> dict[str, bool]:
    """What the seat's role allows at all, read once a request."""
    kept: dict[str, bool] | None = getattr(request, "_seat_permissions", None)
    if kept is None:
        seat = seat_now(request)
        kept = (
            {permission.value: level > Level.NONE for permission, level in permissions_of(seat=seat).items()}
            if seat
            else dict.fromkeys(Permission.values, False)
        )
        request._seat_permissions = kept  # type: ignore[attr-defined]
    return kept
