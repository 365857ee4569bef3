"""The HTTP side of the pay page. A form that was sent twice shows the first result; a reload charges nothing."""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from gpsandbox.errors import ApiError
from gpsandbox.links import usage
from gpsandbox.pay import pages, payment, way_back
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store

BODY_LIMIT = 10_000
"""Bytes of a form."""

ATTEMPT = re.compile(r"[0-9a-f]{32}")
EXPIRY = re.compile(r"([0-9]{1,2})[\s/-]*([0-9]{2}|[0-9]{4})")

DECLINED = "Your bank declined this card. Nothing was charged. Try another card."
NO_ANSWER = "The bank could not be reached. Nothing was charged. Try again in a moment."


def routes(*, settings: Settings, store: Store) -> list[Route]:
    async def show(request: Request) -> Response:
        link = payment.link_find(store, request.path_params["id"])
        if link is None:
            return _html(pages.unknown(), status=404)
        asked = request.query_params.get("transaction", "")
        made = payment.transaction_of(store, link, asked) if asked else None
        if made is not None and made["status"] != "DECLINED":
            back = way_back.offered(settings, link, made)
            return _html(pages.paid(link, made, way_back=back), form_target=way_back.origin(way_back.return_url(link)))
        if link["status"] != usage.ACTIVE:
            return _html(pages.not_payable(link))
        if made is not None:
            return _html(pages.form(link, alert=DECLINED, name=made["name"]))
        store.write("UPDATE links SET viewed_count = viewed_count + 1 WHERE id = ?", (link["id"],))
        return _html(pages.form(link))

    async def pay(request: Request) -> Response:
        sent = await _form(request)
        link = payment.link_find(store, request.path_params["id"])
        if link is None:
            return _html(pages.unknown(), status=404)
        return _paid(settings, store, link, sent)

    async def go_back(request: Request) -> Response:
        sent = await _form(request)
        link = payment.link_find(store, request.path_params["id"])
        made = payment.transaction_of(store, link, sent.get("transaction", "")) if link is not None else None
        if link is None or made is None or not way_back.return_url(link):
            return _html(pages.unknown(), status=404)
        return await way_back.followed(settings, store, link, made)

    async def style(request: Request) -> Response:
        return Response(pages.style(), media_type="text/css", headers={"X-Content-Type-Options": "nosniff"})

    return [
        Route("/pay/page.css", style),
        Route("/pay/{id}", show, methods=["GET"]),
        Route("/pay/{id}", pay, methods=["POST"]),
        Route("/pay/{id}/return", go_back, methods=["POST"]),
    ]


def _paid(settings: Settings, store: Store, link: Row, sent: Mapping[str, str]) -> Response:
    """Charge what the form says, and send the browser to the result."""
    attempt = sent.get("attempt", "")
    if not ATTEMPT.fullmatch(attempt):
        return _html(pages.form(link))
    made = payment.made_by(store, link, attempt)
    if made:
        return _to_result(link, made)
    if link["status"] != usage.ACTIVE:
        return _html(pages.not_payable(link))
    name = sent.get("name", "").strip()[:100]
    problems = _problems(sent)
    if problems:
        return _html(pages.form(link, problems=problems, name=name))
    try:
        answer = payment.pay(settings, store, link, card=_card(sent), name=name, attempt=attempt)
    except ApiError as error:
        made = payment.made_by(store, link, attempt)
        if made:
            return _to_result(link, made)  # the same form came twice at once
        mistakes = _named(error)
        return _html(pages.form(link, alert="" if mistakes else NO_ANSWER, problems=mistakes, name=name))
    return _to_result(link, answer["id"])


def _to_result(link: Row, transaction_id: str) -> Response:
    return RedirectResponse(f"/pay/{link['id']}?transaction={transaction_id}", 303)


def _card(sent: Mapping[str, str]) -> dict[str, str]:
    expiry = EXPIRY.fullmatch(sent.get("expiry", "").strip())
    month, year = expiry.groups() if expiry else ("", "")
    return {
        "number": re.sub(r"[\s-]", "", sent.get("number", "")),
        "expiry_month": month,
        "expiry_year": year,
        "cvv": sent.get("cvv", "").strip(),
    }


def _problems(sent: Mapping[str, str]) -> dict[str, str]:
    """What the payer left out or what cannot be a date; the rest is judged by the gateway's own checks."""
    card, problems = _card(sent), {}
    if not card["number"]:
        problems["number"] = "Enter the card number."
    if not card["expiry_month"]:
        problems["expiry"] = "Enter the expiry date as MM / YY."
    if not card["cvv"].isdecimal():
        problems["cvv"] = "Enter the security code."
    if not sent.get("name", "").strip():
        problems["name"] = "Enter the name on the card."
    return problems


def _named(error: ApiError) -> dict[str, str]:
    """The field that the gateway found wrong, in the payer's words."""
    if error.detailed == "40090":
        return {"number": "This card number has a typing mistake."}
    if error.detailed == "40085" and error.text.startswith("Expiry"):
        return {"expiry": "This card has expired, or the date does not exist."}
    if error.detailed == "40085":
        return {"cvv": f"{error.text}."}
    return {}


async def _form(request: Request) -> dict[str, str]:
    raw = await request.body()
    if len(raw) > BODY_LIMIT:
        return {}
    try:
        return dict(parse_qsl(raw.decode("utf-8", "replace"), max_num_fields=20))
    except ValueError:
        return {}


def _html(text: str, *, status: int = 200, form_target: str = "") -> Response:
    return HTMLResponse(text, status, headers=pages.headers(form_target))
