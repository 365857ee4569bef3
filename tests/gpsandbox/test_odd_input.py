"""What no honest client sends: it is refused with an error of the catalogue, and never makes the sandbox fail."""

from typing import Any

import pytest

from tests.gpsandbox.client import Client, Reply, bank, card, reference, sale

DEEP = b'{"a":' * 100_000


def refused(reply: Reply) -> bool:
    return 400 <= reply.status < 500 and {"error_code", "detailed_error_code"} <= reply.json.keys()


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "100\n"},
        {"amount": "١٩٩٩"},
        {"account_name": ["transaction_processing"]},
        {"account_name": {"a": 1}},
        {"account_id": 7},
        {"payment_method": card("٤٢٦٣٩٧٠٠٠٠٠٠٥٢٦٢")},
        {"payment_method": card("4263970000005262", expiry_month="٠٥")},
        {"payment_method": card("4263970000005262", expiry_month="²")},
        {"payment_method": bank("٧٨٩٠")},
        {"currency": "usd"},
        {"type": ["SALE"]},
        {"order": "none"},
        {"stored_credential": [1]},
    ],
)
def test_sale_with_a_field_nobody_can_mean_is_refused(gateway: Client, changes: dict[str, Any]) -> None:
    body = sale(**changes)

    assert refused(gateway.call("POST", "/transactions", body))
    assert gateway.found(body["reference"]) == []


@pytest.mark.parametrize("body", [DEEP, b'{"reference":"\\ud800 half"}', b"\xff\xfe", b"[1]", b'"text"', b"nonsense"])
@pytest.mark.parametrize("path", ["/transactions", "/payment-methods", "/links", "/authentications"])
def test_body_that_cannot_be_read_is_refused(gateway: Client, path: str, body: bytes) -> None:
    assert gateway.call("POST", path, body).error[:3] == (400, "INVALID_REQUEST_DATA", "40213")


@pytest.mark.parametrize(
    "query",
    [
        "from_time_created=0001-01-01",
        "to_time_created=9999-12-31",
        "from_time_created=9999-12-31T23:59:59-12:00",
        "to_time_created=not-a-day",
        f"page={'9' * 5000}",
        "page_size=%D9%A5",
    ],
)
@pytest.mark.parametrize("path", ["/transactions", "/links", "/actions"])
def test_list_refuses_what_no_calendar_or_page_has(gateway: Client, path: str, query: str) -> None:
    assert refused(gateway.call("GET", f"{path}?{query}"))


def test_links_refuse_a_count_and_an_amount_beyond_all_bounds(gateway: Client) -> None:
    asked = {
        "account_name": "transaction_processing",
        "type": "PAYMENT",
        "usage_mode": "MULTIPLE",
        "reference": reference(),
        "name": "Bill",
        "description": "March",
        "transactions": {"amount": "1", "currency": "USD", "country": "US", "allowed_payment_methods": ["CARD"]},
    }

    assert refused(gateway.call("POST", "/links", {**asked, "usage_limit": "9" * 5000}))
    assert refused(gateway.call("POST", "/links", {**asked, "expiration_date": "9999-12-31"}))
    assert refused(gateway.call("GET", f"/links?amount={'9' * 30}"))
    assert gateway.call("POST", "/links", asked).status == 200


def test_sign_in_refuses_a_secret_that_is_no_hash(gateway: Client) -> None:
    assert gateway.sign_in(secret="ä" * 64).status in (401, 403)
    assert refused(gateway.sign_in(permissions=[["TRN_POST_Authorize"]]))
    assert refused(gateway.sign_in(seconds_to_expire="9" * 5000))


def test_method_that_an_address_does_not_have_is_refused_with_those_it_has(gateway: Client) -> None:
    reply = gateway.send("PUT", "/ucp/transactions")

    assert reply.error[:2] == (405, "INVALID_REQUEST_DATA")
    assert reply.headers["allow"] == "GET, HEAD, POST"


def test_payment_at_another_company_cannot_be_authorized_again(gateway: Client) -> None:
    method = {"name": "Jane Doe", "entry_mode": "ECOM", "apm": {"provider": "testpay"}}
    notifications = {"return_url": "https://shop.example/", "status_url": "https://shop.example/", "cancel_url": ""}
    made = gateway.sale(payment_method=method, notifications=notifications).json

    assert refused(gateway.call("POST", f"/transactions/{made['id']}/reauthorization", {}))


def test_reversing_a_payment_made_again_leaves_what_was_refunded_of_the_first(gateway: Client) -> None:
    first = gateway.sale(capture_mode="LATER").json
    gateway.call("POST", f"/transactions/{first['id']}/reversal", {})
    again = gateway.call("POST", f"/transactions/{first['id']}/reauthorization", {}).json

    assert gateway.call("POST", f"/transactions/{again['id']}/reversal", {}).json["status"] == "REVERSED"
    [kept] = gateway.emu("GET", f"/transactions?reference={first['reference']}").json["transactions"]
    assert kept["refunded"] == 0


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/rules", DEEP),
        ("/rules", b'{"match": {"reference": "\\ud800"}, "action": "drop"}'),
        ("/rules", {"match": {"nth": 10**30}, "action": "drop"}),
        ("/rules", {"match": {}, "action": "drop", "times": True}),
        ("/rules", {"match": {}, "action": "drop", "times": 10**30}),
        ("/rules", {"match": {}, "action": ["drop"]}),
        ("/rules", {"match": {}, "action": {"http": {"status": True}}}),
        ("/rules", {"match": {}, "action": {"http": {"status": 99}}}),
        ("/rules", {"match": {}, "action": {"http": {"status": 503, "content_type": "a\r\nb: c"}}}),
        ("/rules", {"match": {}, "action": {"redirect": {"location": "/a\r\nb: c"}}}),
        ("/rules", {"match": {}, "action": {"slow": {"ms": 10**30}}}),
        ("/rules", {"match": {}, "action": {"webhook": {"delay_ms": 10**30}}}),
        ("/rules", {"match": {"endpoint": "/transactions"}, "action": "webhook"}),
        ("/rules", {"match": {"status": "FUNDED"}, "action": "drop"}),
        ("/clock", {"set": "0001-01-01"}),
        ("/clock", {"set": "9999-12-31T23:59"}),
        ("/clock", {"advance": {"days": 10**9}}),
        ("/clock", {"advance": {"days": 10**7}}),
        ("/clock", {"advance": [1]}),
        ("/seed/demo", {"app_id": ["a"]}),
        ("/settlement/run", {"date": "9999-12-31"}),
        ("/batches/close", b"\xff"),
    ],
)
def test_control_room_refuses_in_words_and_changes_nothing(gateway: Client, path: str, body: Any) -> None:
    before = gateway.emu("GET", "/state").json["rows"]
    reply = gateway.emu("POST", path, body)

    assert reply.status in (400, 404), reply.text
    assert reply.json["error"]
    assert gateway.emu("GET", "/state").json["rows"] == before
    assert gateway.emu("GET", "/rules").json == {"rules": []}
