"""The bank's pages as HTML: plain forms, one script that sends them on, a strict policy."""

import html
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from urllib.parse import urlsplit

from starlette.responses import HTMLResponse, PlainTextResponse, Response

from gpsandbox.settings import Settings
from gpsandbox.store import Row

HERE = Path(__file__).parent
COMMON = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "origin"}
DECIMALS = {"JPY": 0, "KRW": 0, "CLP": 0, "VND": 0, "ISK": 0, "KWD": 3, "BHD": 3, "JOD": 3, "OMR": 3, "TND": 3}
"""Digits after the point, where they are not two (ISO 4217)."""


def question(settings: Settings, found: Row, *, session: str, code: str, error: str = "") -> Response:
    """The challenge: who wants how much, and three ways to answer."""
    text = _filled(
        "challenge.html",
        merchant=f"Sandbox merchant {found['app_id']}",
        amount=money(found["amount"], found["currency"]),
        card=f"{found['brand'].capitalize()} ending in {found['last4']}",
        session=session,
        code=code,
        error=error,
        invalid="true" if error else "false",
    )
    return _page(settings, text, shop=found["challenge_return_url"], form_action="'self'")


def handing_back(settings: Settings, *, to: str, name: str, fields: Mapping[str, str]) -> Response:
    """A form that posts itself to the shop; with a button where no script runs."""
    inputs = "".join(
        f'<input type="hidden" name="{html.escape(key)}" value="{html.escape(value)}">' for key, value in fields.items()
    )
    text = _filled("return.html", name=name, to=to).replace("<!-- inputs -->", inputs)
    return _page(settings, text, shop=to, form_action=origin(to))


def mistake(settings: Settings, message: str) -> Response:
    """What a browser sees that was sent here with the wrong data. Nothing was changed."""
    return _page(settings, _filled("mistake.html", message=message), shop="", form_action="'none'", status=400)


def plain(text: str) -> Response:
    return PlainTextResponse(text, headers={**COMMON, "Cache-Control": "no-store"})


def asset(name: str, media_type: str) -> Response:
    headers = {**COMMON, "Cache-Control": "no-cache", "Cross-Origin-Resource-Policy": "same-origin"}
    return Response(_text(name), media_type=media_type, headers=headers)


def money(amount: int, currency: str) -> str:
    """Minor units as people write them: 1,234.56 USD."""
    decimals = DECIMALS.get(currency, 2)
    whole, part = divmod(amount, 10**decimals)
    return f"{whole:,}{f'.{part:0{decimals}}' if decimals else ''} {currency}"


def origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _page(settings: Settings, text: str, *, shop: str, form_action: str, status: int = 200) -> Response:
    """Shown in frames of the shop that asked, and of pages that may show card fields; by nobody else."""
    ancestors = " ".join(dict.fromkeys([*([origin(shop)] if shop else []), *settings.allowed_origins])) or "'none'"
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; "
        f"form-action {form_action}; frame-ancestors {ancestors}"
    )
    headers = {**COMMON, "Content-Security-Policy": policy, "Cache-Control": "no-store"}
    return HTMLResponse(text, status, headers)


def _filled(template: str, **values: str) -> str:
    return re.sub(r"\{\{(\w+)\}\}", lambda mark: html.escape(values[mark[1]]), _text(template))


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
