"""`/_emu`: the control room. Loopback clients with the secret only; not part of the gateway's API."""

import hmac
import ipaddress
import json
import re
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gpsandbox import agenda, clock, disputes, faults, journal, life, seed, threeds, timetable, tokens
from gpsandbox.agenda import Event
from gpsandbox.pay.payment import CONTROLS as LINK_CONTROLS
from gpsandbox.settings import Settings
from gpsandbox.settlement import controls as money
from gpsandbox.store import Store
from gpsandbox.transactions.reads import STATUSES
from gpsandbox.transactions.undone import refund_undone
from gpsandbox.webhooks import announce
from gpsandbox.webhooks.controls import CONTROLS as WEBHOOK_CONTROLS
from gpsandbox.wire import Answer, json_read

Control = Callable[[Store, Request, dict[str, Any]], Any]


class ControlError(ValueError):
    """A control that makes no sense; the message says why. Nothing was changed."""


def controls() -> tuple[tuple[str, str, Control], ...]:
    """Everything that may be ordered, for `/_emu` and for the console's buttons."""
    listed: tuple[tuple[str, str, Control], ...] = (
        ("POST", "/rules", lambda store, request, body: faults.rule_add(store, body)),
        ("GET", "/rules", lambda store, request, body: {"rules": faults.rules(store)}),
        ("DELETE", "/rules", _rules_clear),
        ("DELETE", "/rules/{id}", _rule_remove),
        ("GET", "/state", _state),
        ("GET", "/requests", _requests),
        ("GET", "/transactions", _transactions),
        ("POST", "/transactions/{id}/status", _status_set),
        ("POST", "/tokens/expire", _tokens_expire),
        ("GET", "/clock", _clock),
        ("POST", "/clock", _clock_move),
        ("POST", "/reset", _reset),
        *money.CONTROLS,
        *seed.CONTROLS,
        *disputes.CONTROLS,
        *threeds.CONTROLS,
        *WEBHOOK_CONTROLS,
        *LINK_CONTROLS,
    )
    return listed


def routes(*, settings: Settings, store: Store) -> list[Route]:
    """Nothing at all when no secret is set."""
    if not settings.secret:
        return []
    return [
        Route(f"/_emu{path}", _guarded(control, settings, store), methods=[method])
        for method, path, control in controls()
    ]


def _guarded(control: Control, settings: Settings, store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not is_loopback(request):
            return Answer({"error": "Only from this machine."}, 403)
        given = tokens.bearer(request.headers.get("authorization", ""))
        if not hmac.compare_digest(given.encode(), settings.secret.encode()):
            return Answer({"error": "Wrong secret."}, 401)
        raw = await request.body()
        try:
            body = json_read(raw) if raw else {}
            if not isinstance(body, dict):
                raise ControlError("The body must be a JSON object.")
            life.catch_up(store, settings=settings)
            return Answer(control(store, request, body))
        except (KeyError, IndexError):
            raise  # our own mistakes, not the caller's
        except RecursionError:
            return Answer({"error": "The body is nested too deeply."}, 400)
        except (ValueError, OverflowError) as error:
            return Answer({"error": str(error)}, 400)
        except LookupError as error:
            return Answer({"error": str(error)}, 404)

    return endpoint


def is_loopback(request: Request) -> bool:
    """The caller is on this machine: its own address says so, no header."""
    try:
        return request.client is not None and ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:
        return False


def _rules_clear(store: Store, request: Request, body: dict[str, Any]) -> Any:
    return {"deleted": store.write("DELETE FROM rules")}


def _rule_remove(store: Store, request: Request, body: dict[str, Any]) -> Any:
    rule_id = request.path_params["id"]
    if not re.fullmatch(r"[0-9]{1,15}", rule_id):
        raise LookupError(f"There is no rule {rule_id}.")
    faults.rule_remove(store, int(rule_id))
    return {"deleted": 1}


def _state(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """What the sandbox holds: rows per table, and its time."""
    return {"now": clock.stamp(clock.now(store)), "rows": store.counts()}


def _requests(store: Store, request: Request, body: dict[str, Any]) -> Any:
    return {"requests": journal.find(store, reference=request.query_params.get("reference", ""))}


def _transactions(store: Store, request: Request, body: dict[str, Any]) -> Any:
    reference = request.query_params.get("reference", "")
    rows = store.rows("SELECT * FROM transactions WHERE ?1 = '' OR reference = ?1 ORDER BY rowid", (reference,))
    return {"transactions": [{**dict(row), "detail": json.loads(row["detail"])} for row in rows]}


def _status_set(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """Force a status, as if the processor had changed its mind, and announce it.

    Settlement lines stay; those now due are paid.
    """
    status = body.get("status")
    if status not in STATUSES:
        raise ControlError(f"status must be one of {', '.join(STATUSES)}.")
    changes = {"status": status, "updated_at": clock.stamp(clock.now(store))}
    changes.update({name: str(body[name]) for name in ("result", "message") if name in body})
    transaction_id = request.path_params["id"]
    found = store.row("SELECT * FROM transactions WHERE id = ?", (transaction_id,))
    if found is None:
        raise LookupError(f"There is no transaction {transaction_id}.")
    with store.atomic():
        refund_undone(store, refund=found, status=status)
        store.update("transactions", transaction_id, **changes)
        agenda.plan(store, Event.PAYDAY, at=timetable.payday_after(clock.now(store)))
        announce(store, request.app.state.settings, transaction_id)
    return {"id": transaction_id, **changes}


def _tokens_expire(store: Store, request: Request, body: dict[str, Any]) -> Any:
    return {"expired": store.write("DELETE FROM tokens")}


def _clock(store: Store, request: Request, body: dict[str, Any]) -> Any:
    return {"now": clock.stamp(clock.now(store))}


def _clock_move(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """`{"advance": {"days": 3}}`, `{"set": "2026-12-01"}` or `{"real": true}`: back to this machine's time."""
    with store.atomic():
        if "set" in body:
            moment = clock.put(store, clock.read(str(body["set"])))
        elif body.get("real"):
            store.write("DELETE FROM clock")
            moment = clock.now(store)
        else:
            moment = clock.move(store, seconds=_seconds(body.get("advance")))
    life.catch_up(store, settings=request.app.state.settings)
    return {"now": clock.stamp(moment)}


def _seconds(advance: Any) -> float:
    try:
        return timedelta(**advance).total_seconds()
    except (TypeError, ValueError, OverflowError):
        raise ControlError("advance is an object of weeks, days, hours, minutes or seconds.") from None


def _reset(store: Store, request: Request, body: dict[str, Any]) -> Any:
    store.reset()
    return {"reset": True}
