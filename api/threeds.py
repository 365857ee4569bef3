"""3-D Secure: what the gateway's browser library asks, and the pages that the card holder's bank returns to.

Neither sends a session or a CSRF header: a signed address says which payment it is, for fifteen minutes and for that
payment alone. What a browser brings is a hint: the worker reads from the gateway what came of it.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeVar

import redis
from allauth.account.adapter import get_adapter
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST

from oropay.gateway.port import Browser
from oropay.models import Authentication
from oropay.services.threeds_links import Page, authentication_of
from oropay.services.threeds_steps import authentication_initiate, authentication_returned
from oropay.threeds import BrowserStep, NextStep, browser_step
from plumbing.cardnumbers import holds_card_number
from plumbing.waiting import look_until

View = TypeVar("View", bound=Callable[..., HttpResponse])

LARGEST = 20_000
"""Bytes of what a browser tells about itself."""

COLOR_DEPTHS = frozenset(
    f"{bits}_BIT{'S' if bits != 'ONE' else ''}"
    for bits in ("ONE", "TWO", "FOUR", "EIGHT", "FIFTEEN", "SIXTEEN", "TWENTY_FOUR", "THIRTY_TWO", "FORTY_EIGHT")
)
WINDOW_SIZES = frozenset(
    {"WINDOWED_250X400", "WINDOWED_390X400", "WINDOWED_500X600", "WINDOWED_600X400", "FULL_SCREEN"}
)
COMPLETIONS = frozenset({"YES", "NO", "UNAVAILABLE"})


def threeds_view(page: Page) -> Callable[[View], View]:
    """Find the authentication that a signed address names; count the calls, and refuse what is too many or not ours."""

    def mark(view: View) -> View:
        @csrf_exempt
        @never_cache
        @wraps(view)
        def marked(request: HttpRequest, token: str) -> HttpResponse:
            found = authentication_of(token=token, page=page)
            if found is None:
                return _not_any_more(request, token, page)
            if _too_many(found):
                return _refused(request, page, status=429, text=_("Too many requests. Please wait a moment."))
            return view(request, found)

        return marked  # type: ignore[return-value]

    return mark


@require_POST
@threeds_view(Page.CHECK)
def check(request: HttpRequest, authentication: Authentication) -> JsonResponse:
    """Is the card enrolled, and where does its bank look at the browser? The question was queued with the payment."""
    step = _wait(authentication, lambda seen: seen.step != NextStep.WAIT or seen.told)
    if step.step == NextStep.WAIT and not step.told:
        return _still_checking()
    method = step.given if step.step == NextStep.METHOD else {}
    return JsonResponse(
        {
            "enrolled": step.step != NextStep.OVER,
            "methodUrl": method.get("method_url", ""),
            "methodData": method.get("method_data", ""),
            "serverTransactionId": method.get("server_trans_ref", ""),
        }
    )


@require_POST
@threeds_view(Page.INITIATE)
def initiate(request: HttpRequest, authentication: Authentication) -> JsonResponse:
    """Let the bank decide, and tell the library whether the bank wants to ask the buyer."""
    told = _told(request)
    if told is None:
        return JsonResponse(
            {"error": _("Nothing was charged. The browser did not say what banks ask for.")}, status=400
        )
    authentication_initiate(
        payment_id=authentication.payment_id,
        browser=_browser(request, told),
        method_completion=_one_of(told.get("methodUrlCompletion"), COMPLETIONS, default="UNAVAILABLE"),
        now=timezone.now(),
    )
    step = _wait(authentication, lambda seen: seen.step != NextStep.WAIT)
    if step.step == NextStep.WAIT:
        return _still_checking()
    asks = step.step == NextStep.CHALLENGE
    return JsonResponse(
        {
            "status": "CHALLENGE_REQUIRED" if asks else "AUTHENTICATION_DECIDED",
            "challengeMandated": asks,
            "serverTransactionId": step.given.get("server_trans_ref", ""),
            "challenge": {
                "requestUrl": step.given.get("challenge_url", ""),
                "encodedChallengeRequest": step.given.get("challenge_value", ""),
            },
        }
    )


@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_sameorigin
@threeds_view(Page.METHOD)
def method(request: HttpRequest, authentication: Authentication) -> HttpResponse:
    """The bank has looked at the browser, in a hidden frame: tell the page around it."""
    return _return_page(request, authentication, event="method")


@require_http_methods(["GET", "HEAD", "POST"])
@xframe_options_sameorigin
@threeds_view(Page.CHALLENGE)
def challenge(request: HttpRequest, authentication: Authentication) -> HttpResponse:
    """The bank has asked the buyer: have the result read, and tell the page around the frame.

    A bank posts. Whoever only opens the address (a browser that is led here, or goes back) is shown where the payment
    is and changes nothing; so is a stale return, after the payment has ended.
    """
    if request.method == "POST":
        authentication_returned(payment_id=authentication.payment_id, now=timezone.now())
    return _return_page(request, authentication, event="challenge")


for _view in (method, challenge):
    _view.csp_policy = "return"  # type: ignore[attr-defined]


def _return_page(request: HttpRequest, authentication: Authentication, *, event: str) -> HttpResponse:
    paying = reverse("storefront:paying", kwargs={"uuid": authentication.payment.uuid})
    return render(
        request,
        "api/threeds_return.html",
        {"event": event, "paying": paying, "ended": authentication.ended_at is not None},
    )


def _not_any_more(request: HttpRequest, token: str, page: Page) -> HttpResponse:
    """A forged address opens nothing. A bank that returns too late leads its card holder to where the payment is."""
    old = authentication_of(token=token, page=page, too_old=True) if page in {Page.METHOD, Page.CHALLENGE} else None
    if old is None:
        return _refused(request, page, status=404, text=_("This address is not valid, or not any more."))
    paying = reverse("storefront:paying", kwargs={"uuid": old.payment.uuid})
    return render(request, "api/threeds_return.html", {"paying": paying, "ended": True}, status=410)


def _refused(request: HttpRequest, page: Page, *, status: int, text: str) -> HttpResponse:
    if page in {Page.CHECK, Page.INITIATE}:
        return JsonResponse({"error": text}, status=status)
    return render(request, "api/threeds_return.html", {"refused": text}, status=status)


def _still_checking() -> JsonResponse:
    """The library takes it for an error; our script asks again, and the page shows the state meanwhile."""
    return JsonResponse({"error": _("Still checking with the bank.")}, status=503, headers={"Retry-After": "1"})


def _wait(authentication: Authentication, done: Callable[[BrowserStep], bool]) -> BrowserStep:
    """Look at the row until it says something new, for a while."""
    return look_until(
        lambda: browser_step(payment_id=authentication.payment_id),
        done=done,
        within=settings.OROPAY_AUTHENTICATION_WAIT,
    )


def _too_many(authentication: Authentication) -> bool:
    """More calls about one payment than a browser makes. Without the counter nobody is let through."""
    name = f"3ds-calls:{authentication.payment_id}"
    lives: timedelta = settings.OROPAY_AUTHENTICATION_WITHIN
    try:
        cache.add(name, 0, timeout=lives.total_seconds())
        return int(cache.incr(name)) > settings.OROPAY_AUTHENTICATION_CALLS
    except (redis.RedisError, ValueError):
        return True


def _told(request: HttpRequest) -> dict[str, Any] | None:
    """What the library says; nothing of it where somebody put a card number into it."""
    if len(request.body) > LARGEST or holds_card_number(request.body.decode(errors="replace")):
        return None
    try:
        told = json.loads(request.body)
    except (ValueError, RecursionError):
        return None
    return told if isinstance(told, dict) and isinstance(told.get("browserData"), dict) else None


def _browser(request: HttpRequest, told: dict[str, Any]) -> Browser:
    """What the library says of the browser, each value of the kind it must have; address and headers as we see them."""
    data, window = told["browserData"], told.get("challengeWindow")
    return Browser(
        accept_header=request.headers.get("Accept", "*/*")[:2048],
        color_depth=_one_of(data.get("colorDepth"), COLOR_DEPTHS, default="TWENTY_FOUR_BITS"),
        ip_address=str(get_adapter(request).get_client_ip(request)),
        java_enabled=data.get("javaEnabled") is True,
        language=_text(data.get("language"), 8) or "en",
        screen_height=_pixels(data.get("screenHeight")),
        screen_width=_pixels(data.get("screenWidth")),
        timezone=_text(data.get("timezoneOffset"), 6) or "0",
        user_agent=request.headers.get("User-Agent", "")[:2048],
        window_size=_one_of(
            window.get("windowSize") if isinstance(window, dict) else None, WINDOW_SIZES, default="FULL_SCREEN"
        ),
    )


def _one_of(value: object, allowed: frozenset[str], *, default: str) -> str:
    return value if isinstance(value, str) and value in allowed else default


def _text(value: object, longest: int) -> str:
    return str(value)[:longest] if isinstance(value, str | int | float) else ""


def _pixels(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 100_000 else 0
