"""The log of actions: every call is there, the merchant's own only, and can be found by what it was about."""

from typing import Any

import pytest

from tests.gpsandbox.client import OTHER_APP_ID, OTHER_APP_KEY, Client, bank, card, reference


def listed(gateway: Client, query: str = "") -> list[dict[str, Any]]:
    reply = gateway.call("GET", f"/actions?page_size=100&order=ASC{query}")
    assert reply.status == 200, reply.text
    found: list[dict[str, Any]] = reply.json["actions"]
    return found


def test_action_of_a_payment_is_read_by_the_id_the_payment_named(gateway: Client) -> None:
    sold = gateway.sale().json

    read = gateway.call("GET", f"/actions/{sold['action']['id']}").json

    assert read["id"] == sold["action"]["id"]
    assert (read["type"], read["resource"], read["resource_id"]) == ("AUTHORIZE", "TRANSACTIONS", sold["id"])
    assert (read["resource_status"], read["response_code"], read["http_response_code"]) == (
        "CAPTURED",
        "SUCCESS",
        "200",
    )
    assert (read["account_name"], read["app_name"], read["version"]) == (
        "transaction_processing",
        "test-app",
        "2021-03-22",
    )
    assert read["action"]["type"] == "ACTION_SINGLE"


def test_everything_that_happened_to_a_resource_is_found_in_order(gateway: Client) -> None:
    held = gateway.sale(capture_mode="LATER").json
    gateway.call("POST", f"/transactions/{held['id']}/capture", {})
    gateway.call("POST", f"/transactions/{held['id']}/reversal", {})

    found = listed(gateway, f"&resource_id={held['id']}")

    assert [(item["type"], item["resource_status"]) for item in found] == [
        ("PREAUTHORIZE", "PREAUTHORIZED"),
        ("CAPTURE", "CAPTURED"),
        ("REVERSE", "REVERSED"),
    ]


def test_declined_and_refused_and_broken_calls_are_told_apart(empty: Client) -> None:
    declined = empty.sale(payment_method=card("4000120000001154")).json
    empty.sale(amount="1.00")
    empty.sale(payment_method=card("4009830000001985"))

    def of(query: str) -> list[tuple[str, str, str]]:
        keys = ("http_response_code", "response_code", "detailed_error_code")
        return [tuple(item[key] for key in keys) for item in listed(empty, query)]

    assert of("&response_code=DECLINED") == [("200", "DECLINED", "")]
    assert listed(empty, "&response_code=DECLINED")[0]["resource_id"] == declined["id"]
    assert of("&http_code=400") == [("400", "INVALID_REQUEST_DATA", "40213")]
    assert of("&http_response_code=502") == [("502", "SYSTEM_ERROR_DOWNSTREAM", "50013")]


def test_actions_are_narrowed_by_kind_account_app_version_and_time(empty: Client) -> None:
    empty.sale(payment_method=bank())
    empty.call("POST", "/payment-methods", {"reference": reference(), **card("4263970000005262")})

    def types(query: str) -> list[str]:
        return [item["type"] for item in listed(empty, query)]

    assert types("&resource=PAYMENT_METHODS") == ["PAYMENT_METHOD_CREATE"]
    assert types("&account_name=tokenization") == ["PAYMENT_METHOD_CREATE"]
    assert types("&type=AUTHORIZE&resource=TRANSACTIONS&resource_status=CAPTURED&app_name=test-app") == ["AUTHORIZE"]
    assert types("&version=2020-05-10") == []
    assert types("&to_time_created=2020-01-01") == []
    assert types("&type=AUTHORIZE&from_time_created=2020-01-01&version=2021-03-22") == ["AUTHORIZE"]


def test_another_merchants_actions_are_not_there(gateway: Client) -> None:
    sold = gateway.sale().json
    other = Client(gateway.port, app_id=OTHER_APP_ID, app_key=OTHER_APP_KEY).with_token()

    read = other.call("GET", f"/actions/{sold['action']['id']}")
    named = gateway.call("GET", "/actions?merchant_name=somebody")

    path = f"/ucp/actions/{sold['action']['id']}"
    assert read.error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40118",
        f"Actions {sold['action']['id']} not found at this {path}",
    )
    assert listed(other, f"&resource_id={sold['id']}") == []
    assert named.error[:3] == (403, "ACTION_NOT_AUTHORIZED", "40003")
    assert named.error[3] == "Token does not match merchant_name in the request"


@pytest.mark.parametrize("path", ["/actions", "/actions/ACT_1"])
def test_token_without_the_permission_reads_no_actions(gateway: Client, path: str) -> None:
    narrow = gateway.with_token(permissions=["TRN_GET_List"])

    assert narrow.call("GET", path).error[2] == "40212"
