"""Fault rules: which calls and notifications go wrong, and how. Set through `POST /_emu/rules`."""

import asyncio
import hashlib
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from starlette.responses import Response

from gpsandbox import errors, tokens
from gpsandbox.call import Call, ForcedDecline
from gpsandbox.errors import ApiError
from gpsandbox.handling import OPTIONS, PLAIN, Handling, handling_read
from gpsandbox.store import Store
from gpsandbox.wire import Answer, Cut

MATCHES = frozenset(
    {"endpoint", "method", "reference", "reference_prefix", "order_reference", "last4", "amount", "currency"}
)
NOTIFICATION_MATCHES = frozenset(
    {"reference", "reference_prefix", "order_reference", "last4", "amount", "currency", "transaction", "status", "type"}
)
"""What a rule may know a notification by; all but `status` and `type` are its transaction's."""

CHOOSES = frozenset({"nth", "probability", "seed"})
"""Which of the calls that match are struck: from the nth on, and of those only some."""

BEFORE, AFTER = "before", "after"
WEBHOOK = "webhook"
"""The action that strikes notifications; all others strike calls."""

MOST = 1_000_000
MOST_MS = 600_000
"""Ten minutes of real time."""

ACTIONS: dict[str, tuple[frozenset[str], str]] = {
    "decline": (frozenset({"result", "message"}), BEFORE),
    "http": (frozenset({"status", "body", "content_type", "when"}), BEFORE),
    "slow": (frozenset({"ms"}), BEFORE),
    "timeout": (frozenset({"ms", "when"}), AFTER),
    "drop": (frozenset({"when"}), AFTER),
    "malformed_json": (frozenset({"when"}), AFTER),
    "html_502": (frozenset({"when"}), BEFORE),
    "redirect": (frozenset({"location", "when"}), BEFORE),
    "wrong_content_type": (frozenset({"when"}), AFTER),
    "expire_token": (frozenset(), BEFORE),
    "too_many": (frozenset({"when"}), BEFORE),
    WEBHOOK: (OPTIONS, AFTER),
}
"""Action → the options it takes, and when it strikes unless told: before or after the call is committed."""


class RuleError(ValueError):
    """A rule nobody can obey; the message names what is wrong."""


@dataclass(frozen=True)
class Fault:
    """One rule that matched one call."""

    rule_id: int
    kind: str
    options: Mapping[str, Any]

    @property
    def when(self) -> str:
        return str(self.options.get("when", ACTIONS[self.kind][1]))

    @property
    def seconds(self) -> float:
        return int(self.options.get("ms", 0)) / 1000

    async def before(self, call: Call) -> Response | None:
        """Strike before anything is committed. A response ends the call: nothing happened."""
        call.fault = f"{self.kind} {self.when} commit" if "when" in ACTIONS[self.kind][0] else self.kind
        if self.kind == "slow":
            await asyncio.sleep(self.seconds)
        elif self.kind == "decline":
            call.forced = ForcedDecline(
                result=str(self.options.get("result", "101")),
                message=str(self.options.get("message", "[ test system ] DECLINED")),
            )
        elif self.kind == "expire_token":
            tokens.expire(call)
            return _refusal(errors.not_authenticated())
        elif self.when == BEFORE:
            if self.kind == "timeout":
                await asyncio.sleep(self.seconds)
            return self._spoiled(None)
        return None

    async def after(self, response: Response) -> Response:
        """Strike after commit: what happened stays, only the answer suffers."""
        if self.when != AFTER:
            return response
        if self.kind == "timeout":
            await asyncio.sleep(self.seconds)
            return response
        return self._spoiled(response)

    def _spoiled(self, response: Response | None) -> Response:
        """The bad answer. `response` is the good one, when there is one."""
        good = bytes(response.body) if response else b'{"id":"TRN_0"}'
        match self.kind:
            case "drop":
                return Cut()
            case "timeout":
                return _refusal(errors.no_answer_downstream())
            case "too_many":
                return _refusal(errors.too_many_requests(), headers={"Retry-After": "1"})
            case "malformed_json":
                return Response(good[: len(good) // 2], media_type="application/json")
            case "html_502":
                return Response("<html><body><h1>502 Bad Gateway</h1></body></html>", 502, media_type="text/html")
            case "redirect":
                location = str(self.options.get("location", "/elsewhere"))
                return Response(status_code=302, headers={"Location": location})
            case "wrong_content_type":
                return Response(good, media_type="text/html")
            case _:
                return self._asked()

    def _asked(self) -> Response:
        body = self.options.get("body", "")
        text = body if isinstance(body, str) else json.dumps(body)
        media_type = str(self.options.get("content_type", "application/json"))
        return Response(text, int(self.options["status"]), media_type=media_type)


def find(call: Call) -> Fault | None:
    """The first rule that wants this call, counted as fired."""
    if not call.store.value("SELECT EXISTS (SELECT 1 FROM rules)"):
        return None
    with call.store.atomic():
        return _first(
            call.store, lambda kind, match: kind != WEBHOOK and all(_holds(call, name, match[name]) for name in match)
        )


def of_notification(store: Store, facts: Mapping[str, str]) -> Handling:
    """What the first rule that wants this notification does to it. Call inside `Store.atomic`."""

    def wanted(kind: str, match: Mapping[str, str]) -> bool:
        prefix = match.get("reference_prefix", "")
        named = {name: value for name, value in match.items() if name != "reference_prefix"}
        return (
            kind == WEBHOOK
            and facts["reference"].startswith(prefix)
            and all(facts[name] == value for name, value in named.items())
        )

    found = _first(store, wanted)
    return handling_read(found.options) if found else PLAIN


def _first(store: Store, wanted: Callable[[str, Mapping[str, str]], bool]) -> Fault | None:
    """The first rule that strikes what it wants; every rule before it that wanted the same has counted it."""
    for row in store.rows("SELECT * FROM rules WHERE times IS NULL OR fired < times ORDER BY id"):
        match = json.loads(row["match"])
        [(kind, options)] = json.loads(row["action"]).items()
        if not wanted(kind, {name: str(value) for name, value in match.items() if name not in CHOOSES}):
            continue
        number = row["seen"] + 1
        strikes = number >= row["nth"] and _falls_on(number, match)
        store.write("UPDATE rules SET seen = seen + 1, fired = fired + ? WHERE id = ?", (int(strikes), row["id"]))
        if strikes:
            return Fault(rule_id=row["id"], kind=kind, options=options)
    return None


def rule_add(store: Store, body: Mapping[str, Any]) -> dict[str, Any]:
    """Check a rule and keep it.

    Raises:
        RuleError: a key, an action or an option that does not exist.
    """
    match, times = body.get("match", {}), body.get("times", 1)
    if set(body) - {"match", "action", "times"} or not isinstance(match, dict):
        raise RuleError("A rule is {match: {…}, action: {…}, times: n}.")
    kind, options = _action_read(body.get("action"))
    known = CHOOSES | (NOTIFICATION_MATCHES if kind == WEBHOOK else MATCHES)
    if unknown := set(match) - known:
        raise RuleError(f"match does not know {sorted(unknown)}; for {kind} it knows {sorted(known)}.")
    probability, nth = match.get("probability", 1), match.get("nth", 1)
    if isinstance(probability, bool) or not isinstance(probability, int | float) or not 0 <= probability <= 1:
        raise RuleError("probability is a number from 0 to 1.")
    if not _is_count(nth) or not (times is None or _is_count(times)):
        raise RuleError(f"nth and times are whole numbers from 1 to {MOST}; times null means for ever.")
    with store.atomic():
        store.insert(
            "rules",
            {
                "match": json.dumps({name: value for name, value in match.items() if name != "nth"}),
                "action": json.dumps({kind: options}),
                "nth": nth,
                "times": times,
                "seen": 0,
                "fired": 0,
            },
        )
        return rules(store)[-1]


def _action_read(action: Any) -> tuple[str, dict[str, Any]]:
    """The one action of a rule and its options. Raises RuleError or OptionError."""
    if isinstance(action, str):
        action = {action: {}}
    if not isinstance(action, dict) or len(action) != 1 or next(iter(action)) not in ACTIONS:
        raise RuleError(f"action must be exactly one of {sorted(ACTIONS)}.")
    [(kind, options)] = action.items()
    options = options or {}
    if not isinstance(options, dict) or set(options) - ACTIONS[kind][0]:
        raise RuleError(f"{kind} takes {sorted(ACTIONS[kind][0])}.")
    if options.get("when", BEFORE) not in (BEFORE, AFTER):
        raise RuleError("when is before or after.")
    status, milliseconds = options.get("status"), options.get("ms", 0)
    if kind == "http" and (type(status) is not int or not 200 <= status <= 599):
        raise RuleError("http needs a status from 200 to 599.")
    if type(milliseconds) is not int or not 0 <= milliseconds <= MOST_MS:
        raise RuleError(f"ms is a whole number of milliseconds, at most {MOST_MS}.")
    for name in ("content_type", "location"):
        if not re.fullmatch(r"[!-~][ -~]*", str(options.get(name, "-"))):
            raise RuleError(f"{name} is one line of plain text.")
    if kind == WEBHOOK:
        handling_read(options)
    return kind, options


def _is_count(value: Any) -> bool:
    return type(value) is int and 1 <= value <= MOST


def rule_remove(store: Store, rule_id: int) -> None:
    """Forget one rule. Raises LookupError."""
    if not store.write("DELETE FROM rules WHERE id = ?", (rule_id,)):
        raise LookupError(f"There is no rule {rule_id}.")


def rules(store: Store) -> list[dict[str, Any]]:
    return [
        {**dict(row), "match": json.loads(row["match"]), "action": json.loads(row["action"])}
        for row in store.rows("SELECT * FROM rules ORDER BY id")
    ]


def _falls_on(number: int, match: Mapping[str, Any]) -> bool:
    """A die that falls the same way in every run: its throw is a hash of the seed and the call's number."""
    throw = hashlib.sha256(f"{match.get('seed', '')}|{number}".encode()).digest()[:8]
    return int.from_bytes(throw) < float(match.get("probability", 1)) * 2**64


def _holds(call: Call, name: str, wanted: str) -> bool:
    body = call.body
    match name:
        case "endpoint":
            return wanted.removeprefix("/ucp") in (call.endpoint, call.path.removeprefix("/ucp"))
        case "method":
            return wanted.upper() == call.method
        case "reference":
            return wanted in _references(call)
        case "reference_prefix":
            return any(reference.startswith(wanted) for reference in _references(call))
        case "order_reference":
            order = body.get("order")
            return isinstance(order, dict) and order.get("reference") == wanted
        case "last4":
            return wanted == _last4(call)
        case _:
            return str(body.get(name, "")) == wanted


def _references(call: Call) -> set[str]:
    """The reference in body, query or path, and the one of the transaction a follow-up is about."""
    parent = (
        call.store.value("SELECT reference FROM transactions WHERE id = ?", (call.path_id,)) if call.path_id else ""
    )
    sent = (call.body.get("reference"), call.query.get("reference"), call.path_id, parent)
    return {reference for reference in sent if isinstance(reference, str) and reference}


def _last4(call: Call) -> str:
    method = call.body.get("payment_method")
    method = method if isinstance(method, dict) else {}
    card = method.get("card") or call.body.get("card")
    bank = method.get("bank_transfer")
    if method.get("id"):
        found = call.store.value("SELECT last4 FROM payment_methods WHERE id = ?", (str(method["id"]),))
        return str(found or "")
    if isinstance(card, dict) and card.get("number"):
        return str(card["number"])[-4:]
    if isinstance(bank, dict):
        return str(bank.get("account_number", ""))[-4:]
    if call.path_id:
        return str(call.store.value("SELECT last4 FROM transactions WHERE id = ?", (call.path_id,)) or "")
    return ""


def _refusal(error: ApiError, headers: dict[str, str] | None = None) -> Response:
    return Answer(error.body(), error.status, headers=headers)
