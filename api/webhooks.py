"""Where gateways tell us things: store the bytes, say OK, believe nothing. The worker does the rest.

What can go wrong has one answer each, and nothing is stored but by 200:

| 404 | no integration has this key (an old address stops at once) |
| 405 | neither a POST nor a browser's GET |
| 400 | an empty body |
| 413 | more than `LARGEST` bytes |
| 429 | more than OROPAY_WEBHOOKS_PER_ADDRESS or OROPAY_WEBHOOKS_PER_INTEGRATION in a minute |

No session, no cookie, no CSRF token: the secret path is the key, and it opens nothing but an inbox.

A gateway may also lead a payer's browser here when a payment is over (its `return_url`: a GET whose query names the
transaction and is signed). That changes nothing and nothing of it is believed or kept: the browser is led on to the
Paying page, which asks for a log-in and shows what the worker knows. Source: GP-API, return redirects.
"""

import logging

from allauth.account.adapter import get_adapter
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from api import limits
from oropay.selectors import payment_returned_to
from oropay.services import notification_receive, notifications_hint

logger = logging.getLogger(__name__)

LARGEST = 64 * 1024
"""Bytes. A transaction with all its details is about 3,000."""

LISTENED_TO = 1024 * 1024
"""Bytes. A body that is too large is read and dropped up to here, so that its sender hears 413 and no broken line."""


@csrf_exempt
def webhook(request: HttpRequest, key: str) -> HttpResponse:
    """Store one message of a gateway for the worker; lead a browser that was sent here on to its payment."""
    if request.method in {"GET", "HEAD"}:
        return _came_back(request, key=key)
    if request.method != "POST":
        return _said(405, "Only POST.", Allow="GET, HEAD, POST")
    body = _body(request)
    if body is None:
        return _said(413, f"At most {LARGEST} bytes.")
    if not body:
        return _said(400, "Nothing was sent.")
    address = _address(request)
    gate = limits.webhook_pass(key=key, address=address or "")
    if not gate.open:
        return _said(429, "Too many at once.", **{"Retry-After": str(gate.wait)})
    integration_id = notification_receive(
        key=key, body=body, headers=request.headers, address=address, now=timezone.now()
    )
    if integration_id is None:
        return nowhere(request)
    if limits.hint_is_due(integration_id=integration_id):
        notifications_hint(integration_id=integration_id)
    return _said(200, "OK")


@csrf_exempt
def nowhere(request: HttpRequest, rest: str = "") -> HttpResponse:
    """Any other address below /webhooks/: no page is drawn for it and no row is read."""
    return _said(404, "Nobody listens here.")


def _came_back(request: HttpRequest, *, key: str) -> HttpResponse:
    gate = limits.webhook_pass(key=key, address=_address(request) or "")
    if not gate.open:
        return _said(429, "Too many at once.", **{"Retry-After": str(gate.wait)})
    payment = payment_returned_to(
        key=key, reference=request.GET.get("reference", ""), gateway_id=request.GET.get("id", "")
    )
    if payment is None or payment.website is None:
        return _said(404, "No payment is named here. Nothing was changed.")
    response = HttpResponseRedirect(payment.website.url("storefront:paying", uuid=payment.uuid))
    response.status_code = 303
    response.headers["Cache-Control"] = "no-store"
    response.headers["Referrer-Policy"] = "no-referrer"
    return response


def _body(request: HttpRequest) -> bytes | None:
    """All of the body, or None when it is too large. A sender need not say how long its body is (chunked)."""
    stream = request.META["wsgi.input"]
    if request.headers.get("Transfer-Encoding", "").lower() == "chunked" and "wsgi.input_terminated" in request.META:
        body: bytes = stream.read(LARGEST + 1)
        if len(body) <= LARGEST:
            return body
        stream.read(LISTENED_TO)
        return None
    length = request.META.get("CONTENT_LENGTH") or "0"
    if not length.isascii() or not length.isdigit():
        return None
    if int(length) > LARGEST:
        stream.read(min(int(length), LISTENED_TO))
        return None
    return request.body


def _address(request: HttpRequest) -> str | None:
    try:
        return str(get_adapter(request).get_client_ip(request))
    except PermissionDenied:
        return None  # a proxy's header that makes no sense; the message may be good all the same


def _said(status: int, words: str, **headers: str) -> HttpResponse:
    response = HttpResponse(f"{words}\n", status=status, content_type="text/plain", headers=headers)
    response.headers["Cache-Control"] = "no-store"
    return response
