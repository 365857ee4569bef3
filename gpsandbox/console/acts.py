"""The buttons. Each presses a control of `/_emu`, found by its route: where there is no such control, no button."""

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from starlette.requests import Request

from gpsandbox import admin, clock
from gpsandbox.store import Row, Store
from gpsandbox.transactions.reads import STATUSES


@dataclass(frozen=True)
class Ask:
    """One thing to fill in before pressing."""

    name: str
    """`card.number` is the number in the object `card`."""
    label: str
    choices: tuple[str, ...] = ()
    kind: str = "text"
    """An HTML input type; a number is sent as a number."""
    value: str = ""


@dataclass(frozen=True)
class Act:
    """One button, on the page of a row (`{id}` stands for the row's id) or of a whole section."""

    name: str
    section: str
    label: str
    control: str
    """A route of `/_emu` that takes POST."""
    asks: tuple[Ask, ...] = ()
    fixed: Mapping[str, Any] = field(default_factory=dict)
    """Goes into the body as it is."""
    on_row: bool = True
    only: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Columns of the row → the values for which the button makes sense."""
    says: str = ""


ACTS: tuple[Act, ...] = (
    Act(
        name="status",
        section="transactions",
        label="Force status",
        control="/transactions/{id}/status",
        asks=(Ask("status", "New status", choices=STATUSES),),
    ),
    Act(
        name="ach-return",
        section="transactions",
        label="Return it",
        control="/transactions/{id}/ach-return",
        asks=(Ask("code", "ACH return code", choices=("", "R01", "R02", "R03", "R10")),),
        only={"method": ("BANK_TRANSFER",)},
    ),
    Act(
        name="dispute",
        section="transactions",
        label="Open a dispute",
        control="/disputes",
        asks=(Ask("stage", "Stage", choices=("CHARGEBACK", "RETRIEVAL")),),
        fixed={"transaction": "{id}"},
        only={"method": ("CARD",), "type": ("SALE",), "status": ("CAPTURED", "BATCHED", "FUNDED")},
    ),
    Act(
        name="settle",
        section="transactions",
        label="Settle now",
        control="/settlement/run",
        only={"status": ("CAPTURED", "BATCHED", "PENDING")},
        says="Closes every batch and pays it out.",
    ),
    Act(
        name="dispute-stage",
        section="disputes",
        label="Move on",
        control="/disputes/{id}/advance",
        asks=(
            Ask(
                "stage",
                "Next stage",
                choices=("CHARGEBACK", "REVERSAL", "SECOND_CHARGEBACK", "PRE_ARBITRATION", "ARBITRATION"),
            ),
        ),
    ),
    Act(
        name="dispute-result",
        section="disputes",
        label="Close",
        control="/disputes/{id}/advance",
        asks=(Ask("result", "Result", choices=("WON", "LOST", "ACCEPTED", "FULFILLED")),),
    ),
    Act(
        name="link-pay",
        section="links",
        label="Pay it",
        control="/links/{id}/pay",
        asks=(Ask("card.number", "Card number", value="4263970000005262"),),
    ),
    Act(
        name="challenge",
        section="authentications",
        label="Answer the challenge",
        control="/authentications/{id}/challenge",
        asks=(Ask("decision", "The card holder will", choices=("confirm", "refuse", "time_out")),),
        only={"status": ("CHALLENGE_REQUIRED",)},
    ),
    Act(
        name="notify-again",
        section="notifications",
        label="Send again",
        control="/notifications/replay",
        asks=(Ask("times", "Times", kind="number", value="1"),),
        fixed={"id": "{id}"},
    ),
    Act("batches-close", "batches", "Close all open batches", "/batches/close", on_row=False),
    Act("settlement-run", "batches", "Settle now", "/settlement/run", on_row=False),
    Act("settlement-pay", "deposits", "Settle now", "/settlement/run", on_row=False),
    Act("tokens-expire", "faults", "Expire all access tokens", "/tokens/expire", on_row=False),
    Act("day", "clock", "+1 day", "/clock", fixed={"advance": {"days": 1}}, on_row=False),
    Act("days", "clock", "+3 days", "/clock", fixed={"advance": {"days": 3}}, on_row=False),
    Act("month", "clock", "Next month", "/clock", fixed={"set": "{next_month}"}, on_row=False),
    Act("real", "clock", "Back to real time", "/clock", fixed={"real": True}, on_row=False),
    Act(
        name="set",
        section="clock",
        label="Set",
        control="/clock",
        asks=(Ask("set", "Day and time (UTC)", kind="datetime-local"),),
        on_row=False,
    ),
    Act("seed-demo", "start", "Fill with examples", "/seed/demo", on_row=False),
    Act("reset", "start", "Forget everything", "/reset", on_row=False, says="Empties every table; tokens stay valid."),
)

BY_NAME = {act.name: act for act in ACTS}


def offered(section: str, row: Row | None = None) -> list[Act]:
    """The buttons of a page, of those whose control there is."""
    return [
        act
        for act in ACTS
        if act.section == section
        and act.on_row == (row is not None)
        and _control(act.control)
        and (row is None or all(row[column] in values for column, values in act.only.items()))
    ]


async def press(store: Store, request: Request, act: Act, *, row_id: str, form: Mapping[str, str]) -> Any:
    """Do it. Raises ValueError or LookupError with the control's own words."""
    names = {"{id}": row_id, "{next_month}": _next_month(clock.now(store))}
    body: dict[str, Any] = {
        key: names.get(value, value) if isinstance(value, str) else value for key, value in act.fixed.items()
    }
    for ask in act.asks:
        text = form.get(ask.name, "").strip()
        if text:
            part, _, rest = ask.name.partition(".")
            target, name = (body.setdefault(part, {}), rest) if rest else (body, part)
            target[name] = int(text) if ask.kind == "number" and text.isdecimal() else text
    return await press_control(store, request, "POST", act.control, body=body, row_id=row_id)


async def press_control(
    store: Store, request: Request, method: str, path: str, *, body: dict[str, Any], row_id: str = ""
) -> Any:
    """What `/_emu` would do with the same call."""
    found = _control(path, method)
    if found is None:
        raise LookupError(f"This sandbox has no control {path}.")
    control, path_params = found
    asked = Request({**request.scope, "path_params": {**path_params, "id": row_id}, "query_string": b""})
    answer = control(store, asked, body)
    return await answer if inspect.isawaitable(answer) else answer


def _control(path: str, method: str = "POST") -> tuple[admin.Control, dict[str, str]] | None:
    """The control of a route; `/seed/demo` also finds `/seed/{name}`."""
    for allowed, pattern, control in admin.controls():
        if allowed != method:
            continue
        if pattern == path:
            return control, {}
        head, _, last = path.rpartition("/")
        known, _, parameter = pattern.rpartition("/")
        if head and head == known and parameter.startswith("{") and not last.startswith("{"):
            return control, {parameter.strip("{}"): last}
    return None


def _next_month(now: datetime) -> str:
    """The first day of the next month, at this time of day."""
    first = now.replace(day=1) + timedelta(days=32)
    return first.replace(day=1).isoformat()
