"""The content security policies. Every answer carries exactly one; a view asks for another than *strict* by decorator.

No page of ours runs an inline script or style.
"""

import secrets
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import ResolverMatch

View = TypeVar("View", bound=Callable[..., Any])

Directives = dict[str, tuple[str, ...]]


class Policy(StrEnum):
    """What a page may load, frame and send to."""

    STRICT = "strict"
    """Ourselves only, scripts by nonce."""

    CARD = "card"
    """Strict, and the gateway's origin: its loader, the frames of its card fields and their calls."""

    PAYING = "paying"
    """Card, and any https page in a frame or as a form's target: the bank's 3-D Secure pages live anywhere. In a
    frame ourselves, too: the bank sends its frame back to us."""

    ADMIN = "admin"
    """The back-office: its menus and dialogs evaluate expressions and write style attributes."""

    RETURN = "return"
    """The page a bank returns to inside a frame of our own: framed by ourselves only."""


STRICT: Directives = {
    "default-src": ("'self'",),
    "script-src": ("'nonce-{nonce}'",),
    "style-src": ("'self'",),
    "img-src": ("'self'",),
    "font-src": ("'self'",),
    "connect-src": ("'self'",),
    "frame-src": ("'none'",),
    "object-src": ("'none'",),
    "base-uri": ("'none'",),
    "form-action": ("'self'",),
    "frame-ancestors": ("'none'",),
}

ADDED: dict[Policy, Directives] = {
    Policy.STRICT: {},
    Policy.CARD: {
        "script-src": ("{gateway}",),
        "connect-src": ("{gateway}",),
        "frame-src": ("{gateway}",),
    },
    Policy.PAYING: {
        "script-src": ("{gateway}",),
        "connect-src": ("{gateway}",),
        "frame-src": ("{gateway}", "'self'", "https:", "{banks}"),
        "form-action": ("https:", "{banks}"),
        "img-src": ("data:",),
    },
    Policy.ADMIN: {
        "script-src": ("'self'", "'unsafe-eval'"),
        "style-src": ("'unsafe-inline'",),
    },
    Policy.RETURN: {"frame-ancestors": ("'self'",)},
}


def policy_of(match: ResolverMatch | None) -> Policy:
    """Which policy the page at a resolved address has."""
    if match is None:
        return Policy.STRICT
    asked = getattr(match.func, "csp_policy", None)
    if asked is not None:
        return Policy(asked)
    return Policy.ADMIN if "admin" in match.app_names else Policy.STRICT


def header(*, policy: Policy, nonce: str, gateway: str, banks: Sequence[str] = ()) -> str:
    """The header's text. `gateway` is an origin such as https://js.globalpay.com, `banks` those without https."""
    parts = []
    for name, sources in STRICT.items():
        every = (*sources, *ADDED[policy].get(name, ()))
        if len(every) > 1:
            every = tuple(source for source in every if source != "'none'")
        text = " ".join(every).format(nonce=nonce, gateway=gateway, banks=" ".join(banks))
        parts.append(f"{name} {text}".rstrip())
    return "; ".join(parts)


def csp(policy: Policy) -> Callable[[View], View]:
    """Give a view another policy than strict."""

    def mark(view: View) -> View:
        view.csp_policy = policy  # type: ignore[attr-defined]
        return view

    return mark


class ContentSecurityPolicyMiddleware:
    """Makes the nonce before the page and writes the header after it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        request.csp_nonce = secrets.token_urlsafe(16)  # type: ignore[attr-defined]
        response = self.get_response(request)
        response.headers.setdefault(
            "Content-Security-Policy",
            header(
                policy=policy_of(request.resolver_match),
                nonce=request.csp_nonce,  # type: ignore[attr-defined]
                gateway=settings.GATEWAY_ORIGIN,
                banks=settings.THREEDS_ORIGINS,
            ),
        )
        return response
