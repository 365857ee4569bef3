"""/links: make, list, read, change."""

import json
import re
from typing import Any

from gpsandbox import accounts, clock, errors, fields, ids, listing, redaction
from gpsandbox.call import Call
from gpsandbox.errors import ApiError
from gpsandbox.links import usage
from gpsandbox.links.usage import ACTIVE, CLOSED, INACTIVE
from gpsandbox.listing import Condition, Listing, equals, one_of, times, whole
from gpsandbox.store import Row
from gpsandbox.transactions import shown

PAYMENT, HOSTED_PAYMENT = "PAYMENT", "HOSTED_PAYMENT"
USAGE_MODES = ("SINGLE", "MULTIPLE")
YES_NO = ("YES", "NO")
ALLOWED_METHODS = ("CARD",)

REQUIRED = {
    PAYMENT: (
        "usage_mode",
        "name",
        "description",
        "reference",
        "transactions.amount",
        "transactions.currency",
        "transactions.country",
        "transactions.allowed_payment_methods",
    ),
    HOSTED_PAYMENT: ("name", "reference", "payer", "order.amount", "order.currency"),
}
"""Type of link → the fields without which it is refused, in the order in which they are missed."""

MONEY = {PAYMENT: "transactions", HOSTED_PAYMENT: "order"}
"""Type of link → the object that carries amount and currency."""


def _expiry_day(name: str, text: str) -> Condition:
    try:
        return "substr(expires_at, 1, 10) = ?", clock.earliest(text)[:10]
    except ValueError:
        raise errors.invalid("40105", f"Invalid Value in {name}") from None


LISTING = Listing(
    plural="links",
    source="links",
    filters={
        "id": equals("id"),
        "type": one_of("type", PAYMENT, HOSTED_PAYMENT),
        "status": one_of("status", *usage.STATUSES),
        "usage_mode": one_of("usage_mode", *USAGE_MODES),
        "name": equals("name"),
        "reference": equals("reference"),
        "description": equals("description"),
        "amount": whole("amount"),
        "currency": equals("currency"),
        "expiration_date": _expiry_day,
        **times("time_created", "created_at"),
    },
    order_by={"TIME_CREATED": "created_at"},
    action="LINK_LIST",
)


def create(call: Call) -> dict[str, Any]:
    """POST /links."""
    call.allow("LNK_POST_Create")
    account = call.account(accounts.TRANSACTIONS, required=True)
    body = call.body
    _require(body, "type")
    kind = fields.choice(body, "type", (PAYMENT, HOSTED_PAYMENT))
    _require(body, *REQUIRED[kind])
    call.reference = fields.reference(body)
    asked = fields.section(body, MONEY[kind])
    configured = fields.section(asked, "transaction_configuration") if kind == HOSTED_PAYMENT else asked
    call.resource_id = ids.new("LNK")
    call.store.insert(
        "links",
        {
            "id": call.resource_id,
            "app_id": call.app_id,
            "created_at": call.stamp,
            "updated_at": call.stamp,
            "type": kind,
            "status": ACTIVE,
            "usage_mode": fields.choice(body, "usage_mode", USAGE_MODES, default="SINGLE"),
            "usage_limit": _usage_limit(body),
            "usage_count": 0,
            "viewed_count": 0,
            "reference": call.reference,
            "name": fields.free_text(body, "name", most=100),
            "description": fields.free_text(body, "description", most=500),
            "amount": fields.minor_units(asked, "amount"),
            "currency": fields.pattern(asked, "currency", r"[A-Z]{3}"),
            **_shipping(body, shippable="NO", shipping_amount=0),
            "expires_at": _expires_at(call),
            "detail": json.dumps(
                {
                    "account_id": account.id,
                    "channel": fields.choice(configured, "channel", ("CNP", "CP"), default="CNP"),
                    "country": fields.pattern({"country": "US", **configured}, "country", r"[A-Z]{2}"),
                    "capture_mode": fields.choice(configured, "capture_mode", ("AUTO", "LATER"), default="AUTO"),
                    "allowed_payment_methods": _allowed(configured),
                    "images": _listed(body, "images"),
                    "notifications": fields.addresses(body),
                    "order_reference": fields.text(fields.section(body, "order"), "reference", most=50),
                    "payer": redaction.cleaned(fields.section(body, "payer")),
                }
            ),
        },
    )
    return _answer(call, _row(call), "LINK_CREATE")


def find(call: Call) -> dict[str, Any]:
    """GET /links."""
    call.allow("LNK_GET_List")
    usage.settle_expiry(call.store, call.now)
    account = call.account(accounts.TRANSACTIONS)
    return listing.answer(call, LISTING, account=account, show=lambda row: _shown(call, row))


def get(call: Call) -> dict[str, Any]:
    """GET /links/{id}: with the payments made so far."""
    call.allow("LNK_GET_Single")
    call.resource_id = call.path_id
    answer = _answer(call, _row(call), "LINK_SINGLE")
    made = call.store.rows(
        "SELECT * FROM transactions WHERE app_id = ? AND json_extract(detail, '$.link_data.id') = ? ORDER BY rowid",
        (call.app_id, call.path_id),
    )
    answer.setdefault("transactions", {})["transaction_list"] = [shown.item(call, row) for row in made]
    return answer


def edit(call: Call) -> dict[str, Any]:
    """PATCH /links/{id}: what is named changes; a link that was paid, closed or has expired does not."""
    call.allow("LNK_PATCH_Edit")
    body, link = call.body, _updatable(call)
    call.resource_id, call.reference = link["id"], link["reference"]
    if body.get("type", link["type"]) != link["type"]:
        raise errors.invalid("40108", "type cannot be updated")
    asked = fields.section(body, MONEY[link["type"]])
    changes: dict[str, Any] = {
        "usage_mode": fields.choice(body, "usage_mode", USAGE_MODES, default=link["usage_mode"]),
        "status": fields.choice(body, "status", (ACTIVE, INACTIVE, CLOSED), default=link["status"]),
        **_shipping(body, shippable=link["shippable"], shipping_amount=link["shipping_amount"]),
    }
    if "usage_limit" in body:
        changes["usage_limit"] = _usage_limit(body)
    if body.get("name"):
        changes["name"] = fields.free_text(body, "name", most=100)
    if body.get("description"):
        changes["description"] = fields.free_text(body, "description", most=500)
    if asked.get("amount"):
        changes["amount"] = fields.minor_units(asked, "amount")
    if body.get("expiration_date"):
        changes["expires_at"] = _expires_at(call)
    call.store.update("links", link["id"], updated_at=call.stamp, **changes)
    return _answer(call, _row(call), "LINK_EDIT")


def url_of(call: Call, link_id: str) -> str:
    return f"{call.settings.url}/pay/{link_id}"


def _row(call: Call) -> Row:
    usage.settle_expiry(call.store, call.now)
    link = call.store.row("SELECT * FROM links WHERE id = ? AND app_id = ?", (call.resource_id, call.app_id))
    if link is None:
        raise errors.resource_unknown("Links", call.path_id, f"/ucp/links/{call.path_id}")
    return link


def _updatable(call: Call) -> Row:
    """The gateway answers 40108 for an unknown link too, with these words."""
    usage.settle_expiry(call.store, call.now)
    link = call.store.row("SELECT * FROM links WHERE id = ? AND app_id = ?", (call.path_id, call.app_id))
    if link is None or link["status"] not in (ACTIVE, INACTIVE):
        status = "400" if link is None else link["status"]
        raise errors.invalid("40108", f"You cannot update a link that has a {status} status")
    return link


def _answer(call: Call, link: Row, action: str) -> dict[str, Any]:
    return {**_shown(call, link), "action": call.action(action)}


def _shown(call: Call, link: Row) -> dict[str, Any]:
    detail = json.loads(link["detail"])
    asked = {
        "amount": str(link["amount"]),
        "currency": link["currency"],
        "channel": detail["channel"],
        "country": detail["country"],
        "allowed_payment_methods": detail["allowed_payment_methods"],
    }
    answer = {
        "id": link["id"],
        "time_created": link["created_at"],
        "time_last_updated": link["updated_at"],
        "type": link["type"],
        "status": link["status"],
        "url": url_of(call, link["id"]),
        "usage_mode": link["usage_mode"],
        "usage_limit": str(link["usage_limit"] or ""),
        "usage_count": str(link["usage_count"]),
        "viewed_count": str(link["viewed_count"]),
        "reference": link["reference"],
        "name": link["name"],
        "description": link["description"],
        "shippable": link["shippable"],
        "shipping_amount": str(link["shipping_amount"]),
        "expiration_date": link["expires_at"],
        "images": detail["images"],
        **call.owner(call.session.merchant.account(accounts.TRANSACTIONS)),
        "transactions": asked,
        "notifications": detail["notifications"],
    }
    if link["type"] == HOSTED_PAYMENT:
        answer["order"] = {**asked, "reference": detail["order_reference"]}
        answer["payer"] = detail["payer"]
    return answer


def _require(body: dict[str, Any], *names: str) -> None:
    """The first missing field, which may lie one level down."""
    for name in names:
        outer, dot, inner = name.partition(".")
        holder = fields.section(body, outer) if dot else body
        if holder.get(inner if dot else name) in (None, "", [], {}):
            raise errors.missing(name, text="Request expects the following field {names}")


def _shipping(body: dict[str, Any], *, shippable: str, shipping_amount: int) -> dict[str, Any]:
    """Whether and for how much; the amount is needed where there is shipping."""
    wanted = fields.choice(body, "shippable", YES_NO, default=shippable)
    given = body.get("shipping_amount")
    amount = shipping_amount if given in (None, "", "0", "000") else fields.minor_units(body, "shipping_amount") or 0
    if wanted == "YES" and given in (None, "") and not shipping_amount:
        text = "Request expects the following fields: shipping_amount."
        raise ApiError(400, "MANDATORY_DATA_MISSING", "40251", text)
    return {"shippable": wanted, "shipping_amount": amount if wanted == "YES" else 0}


def _usage_limit(body: dict[str, Any]) -> int:
    """How many payments; 0 means as many as may come. SDKs send a number or its text."""
    given = body.get("usage_limit")
    if given in (None, ""):
        return 0
    text = str(given) if isinstance(given, int | str) and not isinstance(given, bool) else ""
    if not re.fullmatch(r"[0-9]{1,7}", text) or not 1 <= int(text) <= 1_000_000:
        raise errors.unexpected_data("usage_limit")
    return int(text)


def _expires_at(call: Call) -> str:
    """The moment from which the link is dead; a day without time means its end."""
    given = fields.text(call.body, "expiration_date")
    if not given:
        return ""
    try:
        moment = clock.latest(given)
    except ValueError:
        raise errors.wrong_value("expiration_date") from None
    if moment <= call.stamp:
        raise errors.wrong_value("expiration_date")
    return moment


def _allowed(configured: dict[str, Any]) -> list[str]:
    allowed = configured.get("allowed_payment_methods") or list(ALLOWED_METHODS)
    if not isinstance(allowed, list) or any(method not in ALLOWED_METHODS for method in allowed):
        raise errors.unexpected_data("allowed_payment_methods")
    return allowed


def _listed(body: dict[str, Any], name: str) -> list[Any]:
    value = body.get(name) or []
    if not isinstance(value, list):
        raise errors.unexpected_data(name)
    return value
