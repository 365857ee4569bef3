"""The HTML of the pay page. Every text is escaped; no script, nothing inline."""

import html
import json
import secrets
from collections.abc import Mapping
from datetime import datetime
from functools import cache
from pathlib import Path
from string import Template

from gpsandbox import accounts, money
from gpsandbox.links import usage
from gpsandbox.store import Row

HERE = Path(__file__).parent

FIELDS = ("number", "expiry", "cvv", "name")

NOTICES = {
    usage.EXPIRED: ("This link has expired", "Nothing can be paid here any more. Ask the merchant for a new link."),
    usage.PAID: ("This has been paid already", "You do not need to do anything. Nothing was charged now."),
    usage.CLOSED: ("This link is closed", "Nothing can be paid here any more. Ask the merchant for a new link."),
    usage.INACTIVE: ("This link is not active", "Nothing can be paid here at the moment. Ask the merchant."),
}
"""Status of a link that cannot be paid → title and text."""


def form(link: Row, *, alert: str = "", problems: Mapping[str, str] | None = None, name: str = "") -> str:
    """The card form. After a decline or a mistake it says so, and never repeats a number or a code."""
    problems = problems or {}
    detail = json.loads(link["detail"])
    shown = {f"{field}_problem": problems.get(field, "") for field in FIELDS}
    invalid = {f"{field}_invalid": "true" if problems.get(field) else "false" for field in FIELDS}
    cancel = detail["notifications"].get("cancel_url", "")
    return _page(
        f"Pay {money.shown(usage.total(link), link['currency'])}",
        state="declined" if alert else "mistakes" if problems else "form",
        content=_filled(
            "form.html",
            markup={
                "summary": _summary(link),
                "alert": _filled("alert.html", text=alert) if alert else "",
                "cancel": _filled("link.html", url=cancel, text="Cancel and go back") if cancel else "",
            },
            action=f"/pay/{link['id']}",
            attempt=secrets.token_hex(16),
            total=money.shown(usage.total(link), link["currency"]),
            name=name or str(detail["payer"].get("name", "")),
            **shown,
            **invalid,
        ),
    )


def paid(link: Row, transaction: Row, *, way_back: str) -> str:
    """The receipt. `way_back` is the markup that leads to the shop."""
    return _page(
        "Paid",
        state="paid",
        content=_filled(
            "paid.html",
            markup={"summary": _summary(link), "way_back": way_back},
            total=money.shown(transaction["amount"], transaction["currency"]),
            card=f"{transaction['brand'].capitalize()} ending in {transaction['last4']}",
            transaction=transaction["id"],
        ),
    )


def not_payable(link: Row) -> str:
    title, text = NOTICES[link["status"]]
    return notice(title, text, state=link["status"].lower(), summary=_summary(link))


def unknown() -> str:
    return notice("There is no such link", "Check the address, or ask the merchant for a new link.", state="unknown")


def notice(title: str, text: str, *, state: str, summary: str = "") -> str:
    return _page(
        title, state=state, content=_filled("notice.html", markup={"summary": summary}, title=title, text=text)
    )


def return_link(url: str) -> str:
    return _filled("link.html", url=url, text="Return to the shop")


def return_form(link: Row, transaction: Row) -> str:
    return _filled("return.html", action=f"/pay/{link['id']}/return", transaction=transaction["id"])


def policy(*form_targets: str) -> str:
    """Content security policy of the page: nothing but its own style, forms to itself and `form_targets`."""
    targets = " ".join(("'self'", *(target for target in form_targets if target)))
    return f"default-src 'none'; style-src 'self'; base-uri 'none'; form-action {targets}; frame-ancestors 'none'"


def headers(*form_targets: str) -> dict[str, str]:
    return {
        "Content-Security-Policy": policy(*form_targets),
        "Cache-Control": "no-store",
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
    }


def style() -> str:
    return _text("page.css")


def _summary(link: Row) -> str:
    lines = [("Merchant", accounts.merchant_of(link["app_id"]).name), ("For", link["name"])]
    if link["description"]:
        lines.append(("Description", link["description"]))
    if usage.total(link) != link["amount"]:
        lines.append(("Amount", money.shown(link["amount"], link["currency"])))
        lines.append(("Shipping", money.shown(link["shipping_amount"], link["currency"])))
    lines.append(("Total", money.shown(usage.total(link), link["currency"])))
    if link["expires_at"]:
        lines.append(("Pay until", _moment(link["expires_at"])))
    return "".join(_filled("line.html", name=name, value=value) for name, value in lines)


def _moment(stamp: str) -> str:
    moment = datetime.fromisoformat(stamp)
    return f"{moment.day} {moment:%b %Y, %H:%M} UTC"


def _page(title: str, *, state: str, content: str) -> str:
    return _filled("page.html", markup={"content": content}, title=title, state=state)


def _filled(template: str, *, markup: Mapping[str, str] | None = None, **texts: str) -> str:
    """Fill a template: `texts` are escaped, `markup` is not and comes from here only."""
    escaped = {name: html.escape(text) for name, text in texts.items()}
    return Template(_text(template)).substitute({**escaped, **(markup or {})})


@cache
def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")
