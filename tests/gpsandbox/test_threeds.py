"""3-D Secure over HTTP: the three calls, their errors, and what the table of cards promises."""

import re
from pathlib import Path
from typing import Any

import pytest

from gpsandbox.cards import luhn_holds
from gpsandbox.threeds.scenarios import ENDINGS, THREE_DS_CARDS, Scenario
from tests.gpsandbox.client import Client, reference
from tests.gpsandbox.conftest import Running, Start
from tests.gpsandbox.threeds import (
    AUTHENTICATED,
    CHALLENGED,
    FAILED,
    METHOD_RETURN,
    RETURN,
    check,
    check_body,
    initiate_body,
    message,
    raw,
    result,
    started,
)

DOCS = Path(__file__).parents[2] / "docs" / "sandbox-reference.md"
ENROLLED = [
    (number, scenario, mastercard)
    for scenario, old, visa, master in THREE_DS_CARDS
    if scenario.letter
    for number, mastercard in ((old, False), (visa, False), (master, True))
    if number
]


@pytest.mark.parametrize(("number", "scenario", "mastercard"), ENROLLED)
def test_each_test_card_ends_as_the_table_says(
    gateway: Client, number: str, scenario: Scenario, mastercard: bool
) -> None:
    opened = check(gateway, raw(number))

    begun = gateway.call("POST", f"/authentications/{opened['id']}/initiate", initiate_body(raw(number))).json

    ending = ENDINGS[scenario.letter]
    assert luhn_holds(number)
    assert (opened["status"], opened["three_ds"]["enrolled_status"]) == ("AVAILABLE", "ENROLLED")
    assert ("method_url" in opened["three_ds"]) == scenario.method_page
    assert (begun["id"], begun["status"]) == (opened["id"], ending.status)
    assert begun["three_ds"]["status"] == ending.three_ds_status
    assert begun["three_ds"].get("eci", "") == (ending.eci_mastercard if mastercard else ending.eci)
    assert begun["three_ds"]["liability_shift"] == ending.liability_shift
    assert ("authentication_value" in begun["three_ds"]) == (scenario.letter in ("Y", "A"))
    assert result(gateway, opened["id"])["status"] == ending.status


def test_check_tells_where_the_bank_looks_at_the_browser(gateway: Client, running: Running) -> None:
    opened = check(gateway, raw(AUTHENTICATED))

    three_ds = opened["three_ds"]
    assert re.fullmatch(r"AUT_[0-9a-f]{32}", opened["id"])
    assert (opened["amount"], opened["currency"], opened["action"]["type"]) == ("1999", "USD", "CHECK_AVAILABILITY")
    assert three_ds["method_url"] == f"http://acs.localhost:{running.port}/acs/method"
    assert message(three_ds["method_data"]["encoded_method_data"]) == {
        "threeDSServerTransID": opened["id"],
        "threeDSMethodNotificationURL": METHOD_RETURN,
    }
    assert (three_ds["message_version"], three_ds["ds_protocol_version_end"]) == ("2.2.0", "2.2.0")
    assert three_ds["liability_shift"] == "NO"
    assert "eci" not in three_ds
    assert opened["notifications"]["challenge_return_url"] == RETURN


def test_challenge_tells_where_the_bank_asks(gateway: Client, running: Running) -> None:
    begun = started(gateway, CHALLENGED)

    three_ds = begun["three_ds"]
    assert three_ds["acs_challenge_request_url"] == (
        f"http://acs.localhost:{running.port}/acs/challenge/{three_ds['acs_trans_ref']}"
    )
    assert message(three_ds["challenge_value"]) == {
        "threeDSServerTransID": begun["id"],
        "acsTransID": three_ds["acs_trans_ref"],
        "messageType": "CReq",
        "messageVersion": "2.2.0",
        "challengeWindowSize": "04",
    }
    assert (three_ds["challenge_status"], three_ds["message_type"]) == ("MANDATED", "CREQ")
    assert three_ds["session_data_field_name"] == "threeDSSessionData"
    assert result(gateway, begun["id"])["status"] == "CHALLENGE_REQUIRED"


@pytest.mark.parametrize("number", ["4012001037141112", "5425230000004415", "374101000000608"])
def test_card_outside_the_table_is_not_enrolled_and_cannot_be_initiated(gateway: Client, number: str) -> None:
    opened = check(gateway, raw(number))

    refused = gateway.call("POST", f"/authentications/{opened['id']}/initiate", initiate_body(raw(number)))

    assert (opened["status"], opened["three_ds"]["enrolled_status"]) == ("NOT_ENROLLED", "NOT_ENROLLED")
    assert (opened["three_ds"]["liability_shift"], opened["three_ds"].get("method_url")) == ("NO", None)
    assert refused.error == (
        400,
        "INVALID_ACTION",
        "40290",
        "Initiate is not allowed for an authentication with status NOT_ENROLLED",
    )
    assert result(gateway, opened["id"])["status"] == "NOT_ENROLLED"


def test_version_of_the_older_cards_is_a_switch(start: Start) -> None:
    older = start(GPSANDBOX_THREE_DS_VERSION="2.1.0").client.with_token()
    suite = start(GPSANDBOX_CONFORMANCE="1").client.with_token()

    for client in (older, suite):
        assert check(client, raw("4012001038488884"))["three_ds"]["message_version"] == "2.1.0"
        assert check(client, raw(CHALLENGED))["three_ds"]["message_version"] == "2.2.0"


def test_stored_card_authenticates_like_its_number_and_a_single_use_one_stays_unused(gateway: Client) -> None:
    body = {"reference": reference(), "usage_mode": "SINGLE", **raw(CHALLENGED)}
    token = {"id": gateway.call("POST", "/payment-methods", body).json["id"]}

    opened = check(gateway, token)
    begun = gateway.call("POST", f"/authentications/{opened['id']}/initiate", initiate_body(token)).json

    assert opened["payment_method"]["id"] == token["id"]
    assert begun["status"] == "CHALLENGE_REQUIRED"
    assert gateway.sale(payment_method=token).json["status"] == "CAPTURED"
    assert gateway.call("POST", "/authentications", check_body(token)).error[2] == "40116"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        (
            {"payment_method": None},
            ("40007", "Request expects the following conditionally mandatory fields number,expiry_month,expiry_year."),
        ),
        ({"amount": None}, ("40005", "Request expects the following fields amount")),
        ({"amount": "19.99"}, ("40213", "amount contains unexpected data")),
        ({"source": "FAX"}, ("40213", "source contains unexpected data")),
        ({"preference": "PLEASE"}, ("40213", "preference contains unexpected data")),
        (
            {"notifications": {"challenge_return_url": RETURN}},
            ("40005", "Request expects the following fields notifications.three_ds_method_return_url"),
        ),
        (
            {"notifications": {"challenge_return_url": "javascript:alert(1)", "three_ds_method_return_url": RETURN}},
            (
                "40090",
                "notifications.challenge_return_url value is invalid."
                " Please check the format and data provided is correct.",
            ),
        ),
    ],
)
def test_wrong_check_is_refused_and_opens_nothing(
    gateway: Client, changes: dict[str, Any], error: tuple[str, str]
) -> None:
    body = check_body(raw(CHALLENGED), **changes)

    reply = gateway.call("POST", "/authentications", body)

    assert (reply.status, reply.error[2:]) == (400, error)
    listed = gateway.call("GET", f"/authentications?reference={body['reference']}").json
    assert listed["total_record_count"] == 0


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"payment_method": {"card": {"number": ""}}}, ("40005", "Request expects the following fields number")),
        ({"order": {}}, ("40005", "Request expects the following fields order.time_created_reference")),
        ({"browser_data": None}, ("40233", "Required Data Element browser_data")),
        ({"three_ds": {"source": "MOBILE_SDK"}}, ("40233", "Required Data Element sdk_information")),
        (
            {"payment_method": raw(AUTHENTICATED)},
            ("40090", "payment_method value is invalid. Please check the format and data provided is correct."),
        ),
    ],
)
def test_wrong_initiate_is_refused_and_asks_no_bank(
    gateway: Client, changes: dict[str, Any], error: tuple[str, str]
) -> None:
    opened = check(gateway, raw(CHALLENGED))

    reply = gateway.call("POST", f"/authentications/{opened['id']}/initiate", initiate_body(raw(CHALLENGED), **changes))

    assert (reply.status, reply.error[2:]) == (400, error)
    assert result(gateway, opened["id"])["status"] == "AVAILABLE"


def test_unknown_authentication_is_not_found_and_another_merchant_s_is_unknown(
    gateway: Client, running: Running
) -> None:
    opened = check(gateway, raw(CHALLENGED))
    stranger = Client(running.port, app_id="other-app", app_key="other-key").with_token()

    for method, path, body in (
        ("GET", "", None),
        ("GET", "/result", None),
        ("POST", "/result", {}),
        ("POST", "/initiate", initiate_body(raw(CHALLENGED))),
    ):
        expected = (404, "RESOURCE_NOT_FOUND", "40118", f"Authentication {opened['id']} not found at this location.")
        assert stranger.call(method, f"/authentications/{opened['id']}{path}", body).error == expected
    assert stranger.call("GET", "/authentications").json["total_record_count"] == 0


def test_initiate_happens_once_and_its_amount_changes_nothing(gateway: Client) -> None:
    opened = check(gateway, raw(FAILED))
    order = {"time_created_reference": "2026-11-23T10:00:00.000Z", "amount": "900", "currency": "USD"}
    path = f"/authentications/{opened['id']}/initiate"

    first = gateway.call("POST", path, initiate_body(raw(FAILED), order=order))
    second = gateway.call("POST", path, initiate_body(raw(FAILED)))

    assert (first.json["status"], first.json["amount"]) == ("NOT_AUTHENTICATED", "1999")
    assert second.error[2:] == (
        "40290",
        "Initiate is not allowed for an authentication with status NOT_AUTHENTICATED",
    )
    assert gateway.call("GET", f"/authentications/{opened['id']}").json["three_ds"] == first.json["three_ds"]


def test_repeated_key_is_told_the_first_authentication_and_where_it_stands(gateway: Client) -> None:
    keys = [reference() for _ in range(3)]
    body = check_body(raw(CHALLENGED))
    opened = gateway.call("POST", "/authentications", body, key=keys[0]).json
    path = f"/authentications/{opened['id']}"

    repeats = [gateway.call("POST", "/authentications", body, key=keys[0])]
    for name, key, sent in (("initiate", keys[1], initiate_body(raw(CHALLENGED))), ("result", keys[2], {})):
        assert gateway.call("POST", f"{path}/{name}", sent, key=key).json["status"] == "CHALLENGE_REQUIRED"
        repeats.append(gateway.call("POST", f"{path}/{name}", sent, key=key))

    told = f"Idempotency Key seen before: id={opened['id']}, status="
    assert [reply.error for reply in repeats] == [
        (409, "DUPLICATE_ACTION", "40039", f"{told}AVAILABLE"),
        (409, "DUPLICATE_ACTION", "40039", f"{told}CHALLENGE_REQUIRED"),
        (409, "DUPLICATE_ACTION", "40039", f"{told}CHALLENGE_REQUIRED"),
    ]
    assert gateway.call("GET", f"/authentications?reference={body['reference']}").json["total_record_count"] == 1


def test_app_gets_what_its_phone_sdk_needs(gateway: Client) -> None:
    opened = check(gateway, raw(CHALLENGED), source="MOBILE_SDK", notifications=None)
    mobile = {"encoded_data": "ew0K", "sdk_interface": "BOTH", "sdk_ui_type": ["OOB"], "maximum_timeout": 50}
    body = initiate_body(raw(CHALLENGED), three_ds={"source": "MOBILE_SDK"}, browser_data=None, mobile_data=mobile)

    three_ds = gateway.call("POST", f"/authentications/{opened['id']}/initiate", body).json["three_ds"]

    assert three_ds["authentication_source"] == "MOBILE_SDK"
    assert three_ds["mobile_data"]["acs_rendering_type"] == {
        "acs_interface": "NATIVE",
        "acs_ui_template": "OUT_OF_BAND",
    }
    assert len(three_ds["mobile_data"]["acs_signed_content"]) == 64


def test_list_is_narrowed_by_status_and_reference(empty: Client) -> None:
    waiting, failed = started(empty, CHALLENGED), started(empty, FAILED)

    everything = empty.call("GET", "/authentications").json
    by_status = empty.call("GET", "/authentications?status=CHALLENGE_REQUIRED").json
    by_reference = empty.call("GET", f"/authentications?reference={failed['reference']}").json

    assert [item["id"] for item in everything["authentications"]] == [failed["id"], waiting["id"]]
    assert [item["id"] for item in by_status["authentications"]] == [waiting["id"]]
    assert [item["id"] for item in by_reference["authentications"]] == [failed["id"]]
    assert everything["action"]["type"] == "AUTHENTICATION_LIST"
    assert empty.call("GET", "/authentications?status=MAYBE").error[2] == "40097"


def test_token_without_the_permission_authenticates_nobody(gateway: Client) -> None:
    opened = check(gateway, raw(CHALLENGED))
    narrow = gateway.with_token(permissions=["TRN_POST_Authorize"])
    path = f"/authentications/{opened['id']}"

    refused = [
        narrow.call("POST", "/authentications", check_body(raw(CHALLENGED))),
        narrow.call("POST", f"{path}/initiate", initiate_body(raw(CHALLENGED))),
        narrow.call("POST", f"{path}/result", {}),
        narrow.call("GET", f"{path}/result"),
        narrow.call("GET", path),
        narrow.call("GET", "/authentications"),
    ]

    assert [reply.error[2] for reply in refused] == ["40212"] * 6
    assert result(gateway, opened["id"])["status"] == "AVAILABLE"
    allowed = gateway.with_token(permissions=["AUT_POST_Check_Availability"])
    assert check(allowed, raw(CHALLENGED))["status"] == "AVAILABLE"


def test_told_to_decline_the_bank_says_no(gateway: Client) -> None:
    gateway.rule({"decline": {"result": "101", "message": "no"}}, endpoint="/authentications/{id}/initiate")

    assert started(gateway, AUTHENTICATED)["status"] == "NOT_AUTHENTICATED"


def test_card_number_is_kept_nowhere_and_the_cryptogram_stays_out_of_the_journal(
    gateway: Client, running: Running
) -> None:
    begun = started(gateway, AUTHENTICATED)

    journal = gateway.emu("GET", f"/requests?reference={begun['reference']}").text
    kept = b"".join(path.read_bytes() for path in running.database.parent.iterdir())

    assert begun["id"] in journal
    assert begun["id"].encode() in kept
    assert AUTHENTICATED not in journal
    assert AUTHENTICATED.encode() not in kept
    assert begun["three_ds"]["authentication_value"] not in journal


def test_documentation_lists_exactly_the_cards_in_the_code() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (\w+) \| ([\d–/ ]+) \| (YES|NO) \| ([\d ]*)\|", DOCS.read_text(), re.MULTILINE)

    told = {name: (status, eci, shift, tuple(numbers.split())) for name, status, eci, shift, numbers in rows}

    expected = {}
    for scenario, *numbers in THREE_DS_CARDS:
        ending = ENDINGS.get(scenario.letter)
        status, shift = (ending.status, ending.liability_shift) if ending else ("NOT_ENROLLED", "NO")
        eci = f"{ending.eci} / {ending.eci_mastercard}" if ending and ending.eci else "–"
        expected[scenario.name] = (status, eci, shift, tuple(number for number in numbers if number))
    assert told == expected
