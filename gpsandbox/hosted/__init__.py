"""Hosted card fields: a loader script for the shop's page, and the frames that the buyer really types into.

The shop's page never sees a card number: each field is a page of this origin in a frame. `field.js` says how they work
together.
"""

import html
from collections.abc import Awaitable, Callable
from functools import cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gpsandbox.settings import Settings

HERE = Path(__file__).parent

SCRIPT, STYLE, PAGE = "text/javascript", "text/css", "text/html"


def routes(*, settings: Settings) -> list[Route]:
    return [
        # Any page may load the loader; only allowed pages may frame a field, and only this origin its parts.
        Route("/hosted/v1/fields.js", _served("fields.js", SCRIPT, {"Cross-Origin-Resource-Policy": "cross-origin"})),
        Route("/hosted/v1/field.js", _served("field.js", SCRIPT, {"Cross-Origin-Resource-Policy": "same-origin"})),
        Route("/hosted/v1/checks.js", _served("checks.js", SCRIPT, {"Cross-Origin-Resource-Policy": "same-origin"})),
        Route("/hosted/v1/field.css", _served("field.css", STYLE, {"Cross-Origin-Resource-Policy": "same-origin"})),
        Route("/hosted/v1/field.html", _page(settings)),
    ]


def content_security_policy(settings: Settings) -> str:
    """Of the frames: nothing inline, nothing from elsewhere, shown by allowed pages only."""
    ancestors = " ".join(settings.allowed_origins) or "'none'"
    return (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        f"base-uri 'none'; form-action 'none'; frame-ancestors {ancestors}"
    )


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


def _served(name: str, media_type: str, headers: dict[str, str]) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return Response(_text(name), media_type=media_type, headers={**_COMMON, **headers})

    return endpoint


def _page(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    page = _text("field.html").replace("{{origins}}", html.escape(" ".join(settings.allowed_origins)))
    headers = {
        **_COMMON,
        "Content-Security-Policy": content_security_policy(settings),
        "Cross-Origin-Resource-Policy": "cross-origin",
        "Referrer-Policy": "no-referrer",
    }

    async def endpoint(request: Request) -> Response:
        return Response(page, media_type=PAGE, headers=headers)

    return endpoint


_COMMON = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}
