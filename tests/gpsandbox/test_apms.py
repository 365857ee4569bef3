"""Paying at another company's site: the payer goes there, decides, and comes back."""

import hashlib
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.gpsandbox.client import APP_KEY, Client, Reply, reference

NOTIFICATIONS = {
    "return_url": "https://shop.example/back?order=7",
    "status_url": "https://shop.example/status",
    "cancel_url": "https://shop.example/cancelled",
}


def started(gateway: Client, provider: str = "testpay", **changes: Any) -> dict[str, object]:
    method = {"name": "Jane Doe", "entry_mode": "ECOM", "apm": {"provider": provider}}
    reply = gateway.sale(notifications=NOTIFICATIONS, payment_method=method, **changes)
    assert reply.status == 200, reply.text
    made: dict[str, object] = reply.json
    return made


def decide(gateway: Client, payment: dict[str, object], decision: str) -> Reply:
    form = f"decision={decision}".encode()
    return gateway.send(
        "POST", f"/apm/{payment['id']}", form, headers={"Content-Type": "application/x-www-form-urlencoded"}
    )


def status(gateway: Client, payment: dict[str, object]) -> str:
    return str(gateway.call("GET", f"/transactions/{payment['id']}").json["status"])


def test_payment_is_initiated_and_says_where_to_send_the_payer(gateway: Client) -> None:
    made = gateway.call("GET", f"/transactions/{started(gateway)['id']}").json

    method = made["payment_method"]
    assert (made["status"], made["batch_id"], method["result"]) == ("INITIATED", "", "01")
    assert method["apm"]["provider"] == "testpay"
    assert method["redirect_url"] == f"http://127.0.0.1:{gateway.port}/apm/{made['id']}"
    assert "card" not in method
    assert gateway.send("GET", f"/apm/{made['id']}").status == 200


def test_approved_payment_is_captured_and_the_way_back_is_signed(gateway: Client) -> None:
    made = started(gateway, amount="1999", order={"reference": "INV-9"})

    back = decide(gateway, made, "approve")

    address = back.headers["location"]
    message = address[address.index("&id=") + 1 :]
    assert back.status == 303
    assert address.startswith("https://shop.example/back?order=7&X-GP-Signature=")
    assert parse_qs(urlsplit(address).query)["X-GP-Signature"] == [
        hashlib.sha512(f"{message}{APP_KEY}".encode()).hexdigest()
    ]
    assert parse_qs(message)["status"] == ["CAPTURED"]
    read = gateway.call("GET", f"/transactions/{made['id']}").json
    assert (read["status"], read["payment_method"]["result"]) == ("CAPTURED", "00")
    assert read["batch_id"].startswith("BAT_")
    assert "redirect_url" not in read["payment_method"]


def test_provider_that_wants_a_confirmation_captures_only_then(gateway: Client) -> None:
    made = started(gateway, "paypal")
    path = f"/transactions/{made['id']}/confirmation"
    body = {"payment_method": {"apm": {"provider": "paypal", "provider_payer_reference": "someone"}}}

    early = gateway.call("POST", path, body)
    decide(gateway, made, "approve")
    pending = status(gateway, made)
    confirmed = gateway.call("POST", path, body).json
    again = gateway.call("POST", path, body)

    assert early.error[:3] == (400, "INVALID_ACTION", "40290")
    assert pending == "PENDING"
    assert (confirmed["status"], confirmed["action"]["type"]) == ("CAPTURED", "CONFIRM")
    assert again.error[2] == "40290"


def test_confirmed_hold_is_captured_later(gateway: Client) -> None:
    made = started(gateway, "paypal", capture_mode="LATER")
    decide(gateway, made, "approve")

    confirmed = gateway.call("POST", f"/transactions/{made['id']}/confirmation", {}).json
    captured = gateway.call("POST", f"/transactions/{made['id']}/capture", {}).json

    assert (confirmed["status"], captured["status"]) == ("PREAUTHORIZED", "CAPTURED")


@pytest.mark.parametrize(
    ("decision", "begins"), [("decline", "https://shop.example/back"), ("cancel", "https://shop.example/cancelled")]
)
def test_payer_who_says_no_pays_nothing(gateway: Client, decision: str, begins: str) -> None:
    made = started(gateway)

    back = decide(gateway, made, decision)
    late = decide(gateway, made, "approve")

    assert back.headers["location"].startswith(begins)
    assert "status=DECLINED" in late.headers["location"]
    assert status(gateway, made) == "DECLINED"


def test_refund_of_more_than_is_left_is_declined_and_moves_nothing(gateway: Client) -> None:
    made = started(gateway, "blik", amount="1000", currency="PLN")
    decide(gateway, made, "approve")
    path = f"/transactions/{made['id']}/refund"

    first = gateway.call("POST", path, {"amount": "1000"}).json
    second = gateway.call("POST", path, {"amount": "1000"}).json

    assert (first["status"], first["payment_method"]["apm"]["provider"]) == ("CAPTURED", "blik")
    assert (second["status"], second["action"]["result_code"], second["batch_id"]) == ("DECLINED", "DECLINED", "")


def test_captured_payment_can_be_reversed_and_an_open_one_cannot(gateway: Client) -> None:
    open_, paid = started(gateway), started(gateway)
    decide(gateway, paid, "approve")

    too_early = gateway.call("POST", f"/transactions/{open_['id']}/reversal", {})
    reversed_ = gateway.call("POST", f"/transactions/{paid['id']}/reversal", {}).json

    assert too_early.error[2] == "40290"
    assert status(gateway, open_) == "INITIATED"
    assert reversed_["status"] == "REVERSED"


@pytest.mark.parametrize(
    ("changes", "apm", "error"),
    [
        ({}, {}, ("40005", "Request expects the following fields provider")),
        ({}, {"provider": "alipay"}, ("40005", "Request expects the following fields merchant_category")),
        ({}, {"provider": "shells"}, ("50020", "This payment method is not supported by the account")),
        (
            {"notifications": {"status_url": "https://shop.example"}},
            {"provider": "testpay"},
            ("40005", "Request expects the following fields notifications.return_url"),
        ),
        (
            {"notifications": {**NOTIFICATIONS, "return_url": "javascript:alert(1)"}},
            {"provider": "testpay"},
            ("40213", "notifications.return_url contains unexpected data"),
        ),
    ],
)
def test_payment_without_a_way_back_is_not_started(
    gateway: Client, changes: dict[str, Any], apm: dict[str, str], error: tuple[str, str]
) -> None:
    wanted = reference()
    method = {"name": "Jane Doe", "apm": apm or {"colour": "blue"}}

    reply = gateway.sale(reference=wanted, **{"notifications": NOTIFICATIONS, **changes}, payment_method=method)

    assert reply.error[2:] == error
    assert gateway.found(wanted) == []


def test_page_of_no_payment_and_a_choice_that_does_not_exist(gateway: Client) -> None:
    made = started(gateway)
    card = gateway.sale().json

    assert gateway.send("GET", "/apm/TRN_nothing").status == 404
    assert gateway.send("GET", f"/apm/{card['id']}").status == 404
    assert decide(gateway, made, "perhaps").status == 400
    assert status(gateway, made) == "INITIATED"
