import http.client
import json
import time
from typing import Any

import pytest

from gpsandbox.faults import ACTIONS
from tests.gpsandbox.client import Client, reference, sale

BROKEN = (http.client.RemoteDisconnected, ConnectionResetError)


def journal(gateway: Client, wanted: str) -> list[tuple[str, object, str]]:
    calls = gateway.emu("GET", f"/requests?reference={wanted}").json["requests"]
    return [(call["method"], call["status"], call["fault"]) for call in calls]


def test_dropped_before_commit_never_happened(gateway: Client) -> None:
    body = sale()
    gateway.rule({"drop": {"when": "before"}}, reference=body["reference"])

    with pytest.raises(BROKEN):
        gateway.call("POST", "/transactions", body, key=body["reference"])

    assert gateway.found(body["reference"]) == []
    assert journal(gateway, body["reference"])[0] == ("POST", None, "drop before commit")
    assert gateway.call("POST", "/transactions", body, key=body["reference"]).status == 200


def test_dropped_after_commit_happened_unheard(gateway: Client) -> None:
    body = sale()
    gateway.rule({"drop": {"when": "after"}}, reference=body["reference"])

    with pytest.raises(BROKEN):
        gateway.call("POST", "/transactions", body, key=body["reference"])

    [found] = gateway.found(body["reference"])
    assert found["status"] == "CAPTURED"
    repeated = gateway.call("POST", "/transactions", body, key=body["reference"])
    assert repeated.error[3] == f"Idempotency Key seen before: id={found['id']}"


def test_timeout_after_commit_answers_too_late(gateway: Client) -> None:
    body = sale()
    gateway.rule({"timeout": {"ms": 1500, "when": "after"}}, reference=body["reference"])

    with pytest.raises(TimeoutError):
        gateway.call("POST", "/transactions", body, timeout=0.3)

    assert [found["status"] for found in gateway.found(body["reference"])] == ["CAPTURED"]


def test_timeout_after_commit_answers_well_to_a_patient_client(gateway: Client) -> None:
    body = sale()
    gateway.rule({"timeout": {"ms": 300}}, reference=body["reference"])
    started = time.monotonic()

    reply = gateway.call("POST", "/transactions", body)

    assert time.monotonic() - started >= 0.3
    assert reply.json["status"] == "CAPTURED"


def test_timeout_before_commit_never_happens(gateway: Client) -> None:
    impatient, patient = sale(), sale()
    gateway.rule({"timeout": {"ms": 400, "when": "before"}}, times=2, reference_prefix="ref-")

    with pytest.raises(TimeoutError):
        gateway.call("POST", "/transactions", impatient, timeout=0.2)
    reply = gateway.call("POST", "/transactions", patient)

    assert reply.error == (
        504,
        "TIMEOUT_DOWNSTREAM",
        "50008",
        "No response from payment method provider.",
    )
    assert gateway.found(impatient["reference"]) == []
    assert gateway.found(patient["reference"]) == []


def test_slow_call_happens_in_the_end(gateway: Client) -> None:
    body = sale()
    gateway.rule({"slow": {"ms": 300}}, reference=body["reference"])

    with pytest.raises(TimeoutError):
        gateway.call("POST", "/transactions", body, timeout=0.1)
    nothing_yet = gateway.found(body["reference"])
    time.sleep(0.4)

    assert nothing_yet == []
    assert len(gateway.found(body["reference"])) == 1


def test_decline_on_demand_whatever_the_card(gateway: Client) -> None:
    body = sale()
    gateway.rule({"decline": {"result": "108", "message": "NO"}}, reference=body["reference"])

    declined = gateway.call("POST", "/transactions", body).json

    assert (declined["status"], declined["action"]["result_code"]) == ("DECLINED", "DECLINED")
    assert (declined["payment_method"]["result"], declined["payment_method"]["message"]) == ("108", "NO")
    assert gateway.sale().json["status"] == "CAPTURED"


def test_declined_follow_ups_leave_the_transaction_as_it_was(gateway: Client) -> None:
    held = gateway.sale(capture_mode="LATER").json
    gateway.rule({"decline": {}}, endpoint="/transactions/{id}/capture", reference=held["reference"])
    sold = gateway.sale().json
    gateway.rule({"decline": {}}, endpoint="/transactions/{id}/refund", reference=sold["reference"])

    capture = gateway.call("POST", f"/transactions/{held['id']}/capture", {}).json
    refund = gateway.call("POST", f"/transactions/{sold['id']}/refund", {}).json

    assert (capture["status"], capture["action"]["result_code"]) == ("PREAUTHORIZED", "DECLINED")
    assert (refund["type"], refund["status"], refund["batch_id"]) == ("REFUND", "DECLINED", "")
    assert gateway.call("POST", f"/transactions/{sold['id']}/refund", {}).json["status"] == "CAPTURED"


@pytest.mark.parametrize(
    ("action", "status", "content_type", "start"),
    [
        ({"http": {"status": 500, "body": {"error_code": "X"}}}, 500, "application/json", '{"error_code"'),
        ({"http": {"status": 503, "body": "busy", "content_type": "text/plain"}}, 503, "text/plain", "busy"),
        ("html_502", 502, "text/html", "<html>"),
        ({"redirect": {"location": "http://elsewhere.invalid/"}}, 302, "", ""),
        ("too_many", 429, "application/json", '{"error_code":"TOO_MANY_REQUESTS"'),
    ],
)
def test_bad_answers_before_commit_change_nothing(
    gateway: Client, action: object, status: int, content_type: str, start: str
) -> None:
    body = sale()
    gateway.rule(action, reference=body["reference"])

    reply = gateway.call("POST", "/transactions", body, key=body["reference"])

    assert reply.status == status
    assert reply.headers.get("content-type", "").startswith(content_type)
    assert reply.text.startswith(start)
    assert gateway.found(body["reference"]) == []


@pytest.mark.parametrize(
    "action",
    [
        "malformed_json",
        "wrong_content_type",
        {"html_502": {"when": "after"}},
        {"http": {"status": 500, "body": "", "when": "after"}},
    ],
)
def test_bad_answers_after_commit_hide_a_payment_that_happened(gateway: Client, action: object) -> None:
    body = sale()
    gateway.rule(action, reference=body["reference"])

    reply = gateway.call("POST", "/transactions", body)

    good_json = reply.headers["content-type"] == "application/json"
    if reply.status == 200 and good_json:
        with pytest.raises(json.JSONDecodeError):
            json.loads(reply.text)
    else:
        assert reply.status in (500, 502) or reply.headers["content-type"].startswith("text/html")
    assert len(gateway.found(body["reference"])) == 1


def test_expired_token_on_demand_is_expired_for_good(gateway: Client) -> None:
    body = sale()
    gateway.rule("expire_token", reference=body["reference"])

    assert gateway.call("POST", "/transactions", body).error[:3] == (401, "NOT_AUTHENTICATED", "40001")
    assert gateway.call("GET", "/transactions").status == 401
    fresh = gateway.with_token()
    assert fresh.call("POST", "/transactions", body).status == 200


def test_rules_match_on_everything_they_name(gateway: Client) -> None:
    name = reference()
    gateway.rule(
        {"decline": {"result": "777"}},
        times=None,
        endpoint="/transactions",
        method="POST",
        last4="5262",
        amount="4242",
        currency="USD",
        order_reference=name,
    )
    hit: dict[str, Any] = {"amount": "4242", "order": {"reference": name}}

    assert gateway.sale(**hit).json["status"] == "DECLINED"
    assert gateway.sale(**hit).json["status"] == "DECLINED"
    assert gateway.sale(**{**hit, "amount": "4243"}).json["status"] == "CAPTURED"
    assert gateway.sale(**{**hit, "currency": "CAD"}).json["status"] == "CAPTURED"
    assert gateway.sale(**{**hit, "order": {"reference": "other"}}).json["status"] == "CAPTURED"


def test_rule_strikes_from_the_nth_matching_call_and_only_so_often(gateway: Client) -> None:
    name = reference()
    gateway.rule("too_many", times=2, reference=name, method="GET", nth=2)

    statuses = [gateway.call("GET", f"/transactions?reference={name}").status for _ in range(5)]

    assert statuses == [200, 429, 429, 200, 200]
    [rule] = gateway.emu("GET", "/rules").json["rules"]
    assert (rule["seen"], rule["fired"], rule["times"]) == (3, 2, 2)
    assert gateway.emu("DELETE", "/rules").json == {"deleted": 1}


def test_rule_nobody_can_obey_is_refused(gateway: Client) -> None:
    rules: tuple[dict[str, Any], ...] = (
        {"action": "explode"},
        {"action": {"drop": {}, "slow": {}}},
        {"match": {"colour": "red"}, "action": "drop"},
        {"action": {"drop": {"when": "sometimes"}}},
        {"action": {"http": {}}},
        {"action": "drop", "times": 0},
        {"action": {"slow": {"ms": "long"}}},
        {"match": {"probability": 2}, "action": "drop"},
        {"match": {"probability": "often"}, "action": "drop"},
    )

    for rule in rules:
        assert gateway.emu("POST", "/rules", rule).status == 400
    assert gateway.emu("GET", "/rules").json == {"rules": []}


def test_chance_falls_the_same_way_for_the_same_seed(gateway: Client) -> None:
    def struck(probability: float, seed: str) -> list[int]:
        name = reference()
        gateway.rule("too_many", times=None, reference=name, probability=probability, seed=seed)
        statuses = [gateway.call("GET", f"/transactions?reference={name}").status for _ in range(40)]
        assert set(statuses) <= {200, 429}
        return [number for number, status in enumerate(statuses) if status == 429]

    first, again, other = struck(0.3, "monday"), struck(0.3, "monday"), struck(0.3, "tuesday")

    assert first == again
    assert first != other
    assert 4 <= len(first) <= 20
    assert struck(0, "monday") == []
    assert struck(1, "monday") == list(range(40))


MOMENTS = [(kind, when) for kind, (options, _) in ACTIONS.items() if "when" in options for when in ("before", "after")]
NEEDED = {"http": {"status": 500}, "timeout": {"ms": 10}}


@pytest.mark.parametrize(("kind", "when"), MOMENTS)
def test_every_action_that_can_strike_before_or_after_the_charge_does(gateway: Client, kind: str, when: str) -> None:
    body = sale()
    gateway.rule({kind: {**NEEDED.get(kind, {}), "when": when}}, reference=body["reference"], method="POST")

    try:
        reply = gateway.call("POST", "/transactions", body, key=body["reference"])
        good = reply.status == 200 and reply.headers["content-type"] == "application/json" and reply.text[-1:] == "}"
    except BROKEN:
        good = False

    assert good == (kind == "timeout" and when == "after")
    assert len(gateway.found(body["reference"])) == (1 if when == "after" else 0)
    repeated = gateway.call("POST", "/transactions", body, key=body["reference"])
    assert repeated.status == (409 if when == "after" else 200)


def test_too_many_requests_says_when_to_come_back(gateway: Client) -> None:
    gateway.rule("too_many", endpoint="/transactions")

    assert gateway.sale().headers["retry-after"] == "1"


def test_a_follow_up_can_be_singled_out(gateway: Client) -> None:
    sold = gateway.sale().json
    gateway.rule("html_502", endpoint="/transactions/{id}/refund", method="POST", last4="5262")

    read = gateway.call("GET", f"/transactions/{sold['id']}")
    refund = gateway.call("POST", f"/transactions/{sold['id']}/refund", {})

    assert (read.status, refund.status) == (200, 502)
    assert gateway.call("POST", f"/transactions/{sold['id']}/refund", {}).json["status"] == "CAPTURED"


def test_one_rule_can_be_taken_back(gateway: Client) -> None:
    gateway.rule("too_many", method="GET")
    gateway.rule("html_502", method="POST")
    first, second = gateway.emu("GET", "/rules").json["rules"]

    removed = gateway.emu("DELETE", f"/rules/{first['id']}")

    assert removed.json == {"deleted": 1}
    assert [rule["id"] for rule in gateway.emu("GET", "/rules").json["rules"]] == [second["id"]]
    assert gateway.emu("DELETE", f"/rules/{first['id']}").status == 404
    assert gateway.emu("DELETE", "/rules/all").status == 404


def test_sign_in_can_fail_too(gateway: Client) -> None:
    gateway.rule("html_502", endpoint="/accesstoken")

    assert gateway.sign_in().status == 502
    assert gateway.sign_in().status == 200


def test_journal_tells_who_called_with_which_key_and_what_came_of_it(gateway: Client) -> None:
    body = sale()
    made = gateway.call("POST", "/transactions", body, key="key-of-" + body["reference"]).json
    gateway.call("POST", "/transactions", body, key="key-of-" + body["reference"])

    first, second = gateway.emu("GET", f"/requests?reference={body['reference']}").json["requests"]

    assert (first["endpoint"], first["status"], first["resource_id"]) == ("/transactions", 200, made["id"])
    assert first["idempotency_key"] == "key-of-" + body["reference"]
    assert (second["status"], second["detailed_error_code"], second["resource_id"]) == (409, "40039", made["id"])
