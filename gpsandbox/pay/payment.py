"""Paying a link: from its page or by `/_emu/links/{id}/pay`. The card is passed on and not kept."""

import json
from collections.abc import Mapping
from typing import Any

from starlette.requests import Request

from gpsandbox import accounts, actions, clock, idempotency, journal, transactions, webhooks
from gpsandbox.call import Call
from gpsandbox.errors import ApiError
from gpsandbox.links import usage
from gpsandbox.outcomes import APPROVED, CARD_RESULTS
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store


def link_find(store: Store, link_id: str) -> Row | None:
    """The link, with the status it has at this moment."""
    with store.atomic():
        usage.settle_expiry(store, clock.now(store))
    return store.row("SELECT * FROM links WHERE id = ?", (link_id,))


def pay(
    settings: Settings, store: Store, link: Row, *, card: Mapping[str, str], name: str, attempt: str = ""
) -> dict[str, Any]:
    """Charge the link's total to a card and tell the merchant; returns the transaction, which may be declined.

    `attempt` makes a repeated form harmless: the second time raises 409 40039. Raises ApiError when nothing was
    charged.
    """
    call = Call.by_ourselves(
        settings,
        store,
        app_id=link["app_id"],
        method="POST",
        endpoint="/transactions",
        path=f"/pay/{link['id']}",
        body=_body(link, card=card, name=name),
        idempotency_key=attempt,
    )
    try:
        with store.atomic():
            idempotency.refuse_repeat(call)
            answer = transactions.create(call)
            idempotency.remember(call)
            journal.write(call, status=200, answer=answer)
            actions.write(call, answer=answer)
            webhooks.announce(store, settings, answer["id"])
    except ApiError as error:
        with store.atomic():
            journal.write(call, status=error.status, detailed_error_code=error.detailed, answer=error.body())
            actions.write_refused(call, error)
        raise
    return answer


def made_by(store: Store, link: Row, attempt: str) -> str:
    """The id of the transaction that a form has made already, or nothing."""
    found = store.value(
        "SELECT resource_id FROM idempotency WHERE app_id = ? AND endpoint = 'POST /transactions' AND key = ?",
        (link["app_id"], attempt),
    )
    return str(found or "")


def transaction_of(store: Store, link: Row, transaction_id: str) -> Row | None:
    """A transaction that paid, or tried to pay, this link."""
    return store.row(
        "SELECT * FROM transactions WHERE id = ? AND app_id = ? AND json_extract(detail, '$.link_data.id') = ?",
        (transaction_id, link["app_id"], link["id"]),
    )


def control(store: Store, request: Request, body: dict[str, Any]) -> dict[str, Any]:
    """POST /_emu/links/{id}/pay `{card, name}`: as if a payer had; without a card, with one that is approved."""
    link = link_find(store, request.path_params["id"])
    if link is None:
        raise LookupError(f"There is no link {request.path_params['id']}.")
    card = body.get("card", {})
    if not isinstance(card, dict):
        raise ValueError("card is an object with number, expiry_month, expiry_year, cvv.")
    approved = next(numbers[0] for outcome, numbers in CARD_RESULTS if outcome == APPROVED)
    year = f"{clock.now(store).year + 1}"
    usual = {"number": approved, "expiry_month": "12", "expiry_year": year, "cvv": "123"}
    try:
        made = pay(
            request.app.state.settings,
            store,
            link,
            card={**usual, **card},
            name=str(body.get("name", "Ada Payer")),
        )
    except ApiError as error:
        raise ValueError(f"{error.code} {error.detailed}: {error.text}") from None
    [paid] = store.rows("SELECT id, status, usage_count FROM links WHERE id = ?", (link["id"],))
    return {"transaction": made, "link": dict(paid)}


CONTROLS = (("POST", "/links/{id}/pay", control),)


def _body(link: Row, *, card: Mapping[str, str], name: str) -> dict[str, Any]:
    detail = json.loads(link["detail"])
    return {
        "account_name": accounts.TRANSACTIONS,
        "type": "SALE",
        "channel": detail["channel"],
        "capture_mode": detail["capture_mode"],
        "country": detail["country"],
        "amount": str(usage.total(link)),
        "currency": link["currency"],
        "reference": link["reference"],
        "description": link["description"][:50],
        "order": {"reference": detail["order_reference"] or link["reference"]},
        "payer": detail["payer"],
        "link": {"id": link["id"]},
        "notifications": detail["notifications"],
        "payment_method": {"entry_mode": "ECOM", "name": name, "card": dict(card)},
    }
