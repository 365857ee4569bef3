"""The fraud filter a request asks for with `risk_assessment`."""

import json
from dataclasses import dataclass
from typing import Any

from gpsandbox import errors, fields, outcomes

RULES = {
    "0c93a6c9-7649-4822-b5ea-1efa356337fd": "Cardholder name",
    "a539d51a-abc1-4fff-a38e-b34e00ad0cc3": "Country of the card",
    "d023a19e-6985-4fda-bb9b-5d4e0dedbb1e": "Payments in a short time",
}
"""The rules of the gateway's public test merchant; what they look at is our guess. The first one holds."""

MODES = ("ACTIVE", "PASSIVE", "OFF")


@dataclass(frozen=True)
class Assessment:
    """What the filter found. An empty `result` means that it did not look."""

    mode: str
    result: str
    rules: list[dict[str, str]]

    @property
    def held(self) -> bool:
        return self.result == "PENDING_REVIEW"


def assess(body: dict[str, Any], *, name: str) -> Assessment | None:
    """Look at a payment by `name`; None when nobody asked. The first entry of the request decides."""
    asked = body.get("risk_assessment")
    if not asked:
        return None
    if not isinstance(asked, list) or not isinstance(asked[0], dict):
        raise errors.unexpected_data("risk_assessment")
    mode = fields.choice(asked[0], "mode", MODES)
    modes = _modes(asked[0], default=mode)
    if mode == "OFF":
        return Assessment(mode=mode, result="", rules=[])
    suspect = name.upper() == outcomes.HELD_NAME
    rules = [_rule(reference, each, suspect=suspect) for reference, each in modes.items()]
    return Assessment(mode=mode, result=_result(mode, rules), rules=rules)


def _modes(asked: dict[str, Any], *, default: str) -> dict[str, str]:
    """Rule → mode; naming no rule means all of the merchant's."""
    rules = asked.get("rules") or [{"reference": reference, "mode": default} for reference in RULES]
    if not isinstance(rules, list) or not all(isinstance(rule, dict) for rule in rules):
        raise errors.unexpected_data("risk_assessment.rules")
    return {fields.text(rule, "reference", most=50): fields.choice(rule, "mode", MODES) or default for rule in rules}


def _rule(reference: str, mode: str, *, suspect: bool) -> dict[str, str]:
    if mode == "OFF":
        result = "NOT_EXECUTED"
    elif suspect and reference == next(iter(RULES)):
        result = "HOLD"
    else:
        result = "PASS"
    return {"reference": reference, "mode": mode, "description": RULES.get(reference, ""), "result": result}


def _result(mode: str, rules: list[dict[str, str]]) -> str:
    if all(rule["result"] == "NOT_EXECUTED" for rule in rules):
        return "NOT_EXECUTED"
    held = any(rule["result"] == "HOLD" and rule["mode"] == "ACTIVE" for rule in rules)
    return "PENDING_REVIEW" if held and mode == "ACTIVE" else "ACCEPTED"


def stored(assessment: Assessment) -> dict[str, Any]:
    return {"mode": assessment.mode, "rules": assessment.rules}


def reviewed(detail: str, *, reason: str) -> str:
    """The kept part of a transaction after somebody held or released it for `reason`."""
    kept = json.loads(detail)
    kept.setdefault("risk", {"mode": "ACTIVE", "rules": []})["reason_code"] = reason
    return json.dumps(kept)
