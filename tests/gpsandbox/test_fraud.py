"""The fraud filter: modes, rules, and what people do with a held payment."""

import pytest

from tests.gpsandbox.client import Client, card

FIRST, SECOND, THIRD = (
    "0c93a6c9-7649-4822-b5ea-1efa356337fd",
    "a539d51a-abc1-4fff-a38e-b34e00ad0cc3",
    "d023a19e-6985-4fda-bb9b-5d4e0dedbb1e",
)
LENNY = {**card("4263970000005262"), "name": "Lenny Bruce"}


def rules(*modes: str) -> list[dict[str, str]]:
    return [{"reference": name, "mode": mode} for name, mode in zip((FIRST, SECOND, THIRD), modes, strict=False)]


@pytest.mark.parametrize(
    ("asked", "result"),
    [
        ({"mode": "ACTIVE"}, "PENDING_REVIEW"),
        ({"mode": "PASSIVE"}, "ACCEPTED"),
        ({"mode": "OFF"}, ""),
        ({"mode": "ACTIVE", "rules": rules("ACTIVE", "OFF")}, "PENDING_REVIEW"),
        ({"mode": "ACTIVE", "rules": rules("PASSIVE", "ACTIVE")}, "ACCEPTED"),
        ({"mode": "ACTIVE", "rules": rules("OFF", "ACTIVE", "ACTIVE")}, "ACCEPTED"),
        ({"mode": "ACTIVE", "rules": rules("OFF", "OFF", "OFF")}, "NOT_EXECUTED"),
    ],
)
def test_mode_and_rules_decide_whether_the_suspect_is_held(gateway: Client, asked: object, result: str) -> None:
    sold = gateway.sale(payment_method=LENNY, risk_assessment=[asked]).json

    later = gateway.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "1"})
    assert sold["status"] == "CAPTURED"
    assert sold["risk_assessment"][0]["result"] == result
    assert later.status == (400 if result == "PENDING_REVIEW" else 200)


def test_each_rule_says_what_it_found(gateway: Client) -> None:
    [risk] = gateway.sale(
        payment_method=LENNY, risk_assessment=[{"mode": "ACTIVE", "rules": rules("ACTIVE", "OFF", "PASSIVE")}]
    ).json["risk_assessment"]
    [plain] = gateway.sale(risk_assessment=[{"mode": "PASSIVE"}]).json["risk_assessment"]

    assert [(rule["mode"], rule["result"]) for rule in risk["rules"]] == [
        ("ACTIVE", "HOLD"),
        ("OFF", "NOT_EXECUTED"),
        ("PASSIVE", "PASS"),
    ]
    assert [rule["reference"] for rule in plain["rules"]] == [FIRST, SECOND, THIRD]


def test_payment_that_nobody_asked_about_is_not_assessed(gateway: Client) -> None:
    assert "risk_assessment" not in gateway.sale(payment_method=LENNY).json


@pytest.mark.parametrize("asked", [[{"mode": "WILD"}], ["ACTIVE"], [{"mode": "ACTIVE", "rules": ["all"]}]])
def test_filter_that_makes_no_sense_is_refused(gateway: Client, asked: object) -> None:
    assert gateway.sale(risk_assessment=asked).error[2] == "40213"


def test_reason_of_a_hold_and_of_its_release_can_be_looked_for(empty: Client) -> None:
    held = empty.sale(capture_mode="LATER").json
    watched = empty.sale(risk_assessment=[{"mode": "PASSIVE"}]).json
    path = f"/transactions/{held['id']}"

    def ids(query: str) -> list[str]:
        return [item["id"] for item in empty.call("GET", f"/transactions?{query}").json["transactions"]]

    empty.call("POST", f"{path}/hold", {"reason_code": "FRAUD"})
    while_held = ids("risk_assessment_reason_code=FRAUD")
    released = empty.call("POST", f"{path}/release", {"reason_code": "FALSE_POSITIVE"}).json

    assert while_held == [held["id"]]
    assert (released["status"], released["risk_assessment"][0]["result"]) == ("PREAUTHORIZED", "RELEASE_SUCCESSFUL")
    assert released["risk_assessment"][0]["reason_code"] == "FALSE_POSITIVE"
    assert ids("risk_assessment_reason_code=FRAUD") == []
    assert ids("risk_assessment_result=RELEASE_SUCCESSFUL") == [held["id"]]
    assert ids("risk_assessment_mode=PASSIVE&risk_assessment_result=ACCEPTED") == [watched["id"]]
