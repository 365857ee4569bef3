"""What every storefront request knows before its view: the website by host, and the seat the person acts from."""

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import translation
from django.utils.functional import SimpleLazyObject

from commerce.models import CustomerUser, User, Website
from commerce.selectors import seats_of

WITHOUT_WEBSITE = ("/livez", "/readyz", "/static/", "/webhooks/")
"""Health checks and machines come by address, not by brand."""


class ShopRequest(HttpRequest):
    """A request as our views see it; the middleware below adds these."""

    website: Website
    seats: list[CustomerUser]
    seat: CustomerUser | None
    user: User
    htmx: bool
    csp_nonce: str
    list_count: int


def website_of(host: str) -> Website | None:
    """The website a host name belongs to. Where the settings allow it, an unknown host shows the default one."""
    name = host.rsplit(":", 1)[0].lower() if not host.endswith("]") else host.lower()
    rows = {row.domain: row for row in Website.objects.select_related("organization").filter(domain=name)}
    if name in rows:
        return rows[name]
    if settings.WEBSITE_FALLBACK:
        return Website.objects.select_related("organization").order_by("-is_default", "pk").first()
    return None


class WebsiteMiddleware:
    """Sets `request.website` and speaks its language; an unknown host is a 404."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(WITHOUT_WEBSITE):
            return self.get_response(request)
        website = website_of(request.get_host())
        request.website = website  # type: ignore[attr-defined]
        if website is None and not request.path.startswith("/admin/"):
            return HttpResponse("No shop answers at this address.\n", status=404, content_type="text/plain")
        if website is None:
            return self.get_response(request)
        with translation.override(website.language):
            response = self.get_response(request)
            response.headers.setdefault("Content-Language", translation.get_language())
            return response


class SeatMiddleware:
    """Sets `request.seats` and `request.seat`: the companies this person may act for here, and the chosen one.

    Lazy: a page that asks for neither costs no query.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.seats = SimpleLazyObject(lambda: _seats(request))  # type: ignore[attr-defined]
        return self.get_response(request)


def _seats(request: HttpRequest) -> list[CustomerUser]:
    website = getattr(request, "website", None)
    if website is None or not request.user.is_authenticated:
        return []
    return list(
        seats_of(user=request.user)
        .filter(customer__organization=website.organization_id)
        .select_related("customer__organization", "customer__group__payment_term", "customer__payment_term", "role")
        .order_by("pk")
    )


def seat_now(request: HttpRequest) -> CustomerUser | None:
    """The seat chosen in this session, else the oldest one here; None for strangers and staff without a company."""
    seats: list[CustomerUser] = request.seats  # type: ignore[attr-defined]
    chosen = request.session.get("customer_id")
    return next((seat for seat in seats if seat.customer_id == chosen), seats[0] if seats else None)


def seat_required(request: HttpRequest) -> CustomerUser:
    """The seat, or 404: without a company there is nothing to see here."""
    seat = seat_now(request)
    if seat is None:
        raise Http404("no company")
    return seat
