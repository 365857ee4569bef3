"""The site of an alternative payment provider: one page on which the payer approves, declines or turns back.

It changes the transaction and sends the browser back to the merchant, with the gateway's signature on the address.
"""

import hashlib
import json
from collections.abc import Awaitable, Callable
from html import escape
from urllib.parse import parse_qs, urlencode

from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from gpsandbox import apms, clock
from gpsandbox.call import Call, Session
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store
from gpsandbox.transactions import confirmation

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
}

DECISIONS = {"approve": "Approve", "decline": "Decline", "cancel": "Go back to the shop"}

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{provider} (sandbox)</title></head>
<body><main><h1>{provider} (sandbox)</h1><p>{sentence}</p>{form}</main></body></html>"""


def routes(*, settings: Settings, store: Store) -> list[Route]:
    """Open to every browser, as a payment page is: the transaction's unguessable id is the key."""
    return [
        Route("/apm/{id}", _page(store), methods=["GET"]),
        Route("/apm/{id}", _decision(settings, store), methods=["POST"]),
    ]


def _page(store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def page(request: Request) -> Response:
        found = _find(store, request.path_params["id"])
        if found is None:
            return _html("Unknown", "There is no such payment.", status=404)
        provider = json.loads(found["detail"])["apm"]["provider"]
        if found["status"] != "INITIATED":
            return _html(provider, f"This payment is {found['status']}. Nothing is left to do here.")
        buttons = "".join(
            f'<button name="decision" value="{value}">{label}</button> ' for value, label in DECISIONS.items()
        )
        amount = f"{found['amount']} {found['currency']} (minor units)"
        return _html(provider, f"Pay {amount}?", form=f'<form method="post">{buttons}</form>')

    return page


def _decision(settings: Settings, store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def decision(request: Request) -> Response:
        chosen = parse_qs((await request.body()).decode(errors="replace")).get("decision", [""])[0]
        if chosen not in DECISIONS:
            return _html("Unknown", "There is no such choice.", status=400)
        with store.atomic():
            found = _find(store, request.path_params["id"])
            if found is None:
                return _html("Unknown", "There is no such payment.", status=404)
            if found["status"] == "INITIATED":
                _decide(settings, store, found, chosen)
            found = _find(store, found["id"]) or found
        return RedirectResponse(_way_back(settings, found, cancelled=chosen == "cancel"), status_code=303)

    return decision


def _decide(settings: Settings, store: Store, found: Row, chosen: str) -> None:
    """Call inside `Store.atomic`."""
    stamp = clock.stamp(clock.now(store))
    if chosen != "approve":
        store.update("transactions", found["id"], status="DECLINED", result="101", message="Declined", updated_at=stamp)
    elif apms.provider_of(json.loads(found["detail"])["apm"]["provider"]).confirmed:
        store.update("transactions", found["id"], status="PENDING", updated_at=stamp)
    else:
        confirmation.settle(_call(settings, store, found), found)


def _way_back(settings: Settings, found: Row, *, cancelled: bool) -> str:
    """The merchant's address with what happened; the signature comes first and covers all from `id=` on."""
    notifications = json.loads(found["detail"]).get("notifications", {})
    address = (cancelled and notifications.get("cancel_url")) or notifications["return_url"]
    message = urlencode(
        {
            "id": found["id"],
            "time_created": found["created_at"],
            "status": found["status"],
            "amount": found["amount"],
            "currency": found["currency"],
            "reference": found["reference"],
            "action_type": "STATUS_NOTIFICATION",
        }
    )
    signature = hashlib.sha512(f"{message}{settings.apps.get(found['app_id'], '')}".encode()).hexdigest()
    sign = "&" if "?" in address else "?"
    return f"{address}{sign}X-GP-Signature={signature}&{message}"


def _find(store: Store, transaction_id: str) -> Row | None:
    return store.row("SELECT * FROM transactions WHERE id = ? AND method = 'APM'", (transaction_id,))


def _call(settings: Settings, store: Store, found: Row) -> Call:
    """Nobody calls: the provider acts for the merchant."""
    return Call(
        settings=settings,
        store=store,
        method="POST",
        endpoint="/apm/{id}",
        path="",
        path_id=found["id"],
        query={},
        body={},
        idempotency_key="",
        version="",
        token="",
        now=clock.now(store),
        session=Session(app_id=found["app_id"], token_hash="", permissions=frozenset(), restricted=False),
    )


def _html(provider: str, sentence: str, *, form: str = "", status: int = 200) -> Response:
    body = PAGE.format(provider=escape(provider), sentence=escape(sentence), form=form)
    return HTMLResponse(body, status_code=status, headers=HEADERS)
