"""What the gateway does to some calls: the answer is late, lost, spoiled, or an error; sometimes after the money moved.

Each row is a fault rule of gpsandbox (docs/sandbox.md). The die falls the same way in every run with the same seed.
"""

from collections.abc import Sequence

from tests.contract.sandbox import Sandbox

SALES = {"endpoint": "/transactions", "method": "POST"}
CAPTURES, REFUNDS, REVERSALS = (
    {"endpoint": f"/transactions/{{id}}/{act}", "method": "POST"} for act in ("capture", "refund", "reversal")
)
RELEASES = {"endpoint": "/transactions/{id}/release", "method": "POST"}
VERIFICATIONS = {"endpoint": "/verifications", "method": "POST"}
RENEWALS = {"endpoint": "/transactions/{id}/reauthorization", "method": "POST"}
CHECKS, INITIATES = (
    {"endpoint": endpoint, "method": "POST"} for endpoint in ("/authentications", "/authentications/{id}/initiate")
)
RESULTS = {"endpoint": "/authentications/{id}/result", "method": "GET"}
ACCEPTANCES, CHALLENGES = (
    {"endpoint": f"/disputes/{{id}}/{act}", "method": "POST"} for act in ("acceptance", "challenge")
)
READS = {"endpoint": "/transactions/{id}", "method": "GET"}
LISTS = {"endpoint": "/transactions", "method": "GET"}

LATE_MS = 12_000
"""A charge that is thought lost commits after so long: its reversal has had its 404 by then."""

Fault = tuple[dict[str, str], dict[str, object], float]

ERROR: dict[str, object] = {"http": {"status": 500, "body": "{}", "when": "after"}}
LATE_ANSWER: dict[str, object] = {"timeout": {"ms": 3500, "when": "after"}}
DOWN: dict[str, object] = {"http": {"status": 503, "body": "{}", "when": "before"}}


def _cut(when: str) -> dict[str, object]:
    return {"drop": {"when": when}}


OF_SALES: list[Fault] = [
    (SALES, LATE_ANSWER, 0.02),
    (SALES, {"timeout": {"ms": 3500, "when": "before"}}, 0.01),
    (SALES, _cut("after"), 0.04),
    (SALES, _cut("before"), 0.03),
    (SALES, ERROR, 0.02),
    (SALES, {"html_502": {"when": "before"}}, 0.01),
    (SALES, {"malformed_json": {"when": "after"}}, 0.01),
    (SALES, {"wrong_content_type": {"when": "after"}}, 0.01),
    (SALES, {"too_many": {"when": "before"}}, 0.01),
    (SALES, {"expire_token": {}}, 0.01),
    (SALES, {"slow": {"ms": LATE_MS}}, 0.02),
    (SALES, {"decline": {"result": "101"}}, 0.03),
]
OF_FOLLOW_UPS: list[Fault] = [
    (calls, action, share)
    for calls in (CAPTURES, REFUNDS, REVERSALS)
    for action, share in ((_cut("after"), 0.05), (_cut("before"), 0.05), (ERROR, 0.04), (LATE_ANSWER, 0.04))
]
OF_REVIEWS: list[Fault] = [(RELEASES, _cut(when), 0.15) for when in ("after", "before")]
OF_CHECKS: list[Fault] = [(VERIFICATIONS, _cut(when), 0.15) for when in ("after", "before")]
OF_RENEWALS: list[Fault] = [
    (RENEWALS, _cut("after"), 0.12),
    (RENEWALS, _cut("before"), 0.12),
    (RENEWALS, {"slow": {"ms": LATE_MS}}, 0.12),
]
OF_AUTHENTICATIONS: list[Fault] = [
    (calls, _cut(when), 0.07) for calls in (CHECKS, INITIATES, RESULTS) for when in ("after", "before")
]
OF_DISPUTES: list[Fault] = [
    (calls, _cut(when), 0.2) for calls in (ACCEPTANCES, CHALLENGES) for when in ("after", "before")
]
"""Such calls are few: their faults are frequent, so that a storm of `SURE` payments meets each."""
OF_READS: list[Fault] = [(calls, action, 0.02) for calls in (READS, LISTS) for action in (_cut("before"), DOWN)]
OF_NOTICES: list[Fault] = [
    ({}, {"webhook": {"times": 3}}, 0.2),
    ({}, {"webhook": {"reorder": True}}, 0.2),
    ({}, {"webhook": {"delay_ms": 3_600_000}}, 0.1),
    ({}, {"webhook": {"corrupt_signature": True}}, 0.2),
]
CERTAIN: list[tuple[dict[str, str], int, dict[str, object]]] = [
    (SALES, 3, _cut("after")),
    (SALES, 6, _cut("before")),
    (SALES, 9, ERROR),
    (SALES, 12, {"slow": {"ms": LATE_MS}}),
    (SALES, 15, LATE_ANSWER),
    (CAPTURES, 1, _cut("after")),
    (CAPTURES, 2, _cut("before")),
    (REFUNDS, 1, _cut("after")),
    (REFUNDS, 2, _cut("before")),
    (REVERSALS, 1, _cut("after")),
]
"""Which calls · which one of them · what happens to it: in every storm, however small."""
FAULTS = [
    *OF_SALES,
    *OF_FOLLOW_UPS,
    *OF_REVIEWS,
    *OF_CHECKS,
    *OF_RENEWALS,
    *OF_AUTHENTICATIONS,
    *OF_DISPUTES,
    *OF_READS,
    *OF_NOTICES,
]
"""Which calls · what happens to them · how often."""


def certain_set(*, sandbox: Sandbox) -> None:
    """Let what is certain happen once; set first, because of several rules the first strikes."""
    for match, nth, action in CERTAIN:
        sandbox.control("/rules", {"match": {**match, "nth": nth}, "action": action, "times": 1})


def rules_set(*, sandbox: Sandbox, seed: int, faults: Sequence[Fault]) -> None:
    for number, (match, action, probability) in enumerate(faults):
        chosen = {**match, "probability": probability, "seed": f"{seed}-{number}"}
        sandbox.control("/rules", {"match": chosen, "action": action, "times": None})
