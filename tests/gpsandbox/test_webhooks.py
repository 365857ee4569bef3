"""Status notifications over real HTTP: signed, retried by the movable clock, replayed, spoiled on request."""

import ssl
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tls import self_signed
from tests.gpsandbox.client import APP_KEY, Client, bank, reference
from tests.gpsandbox.conftest import Running, Start
from tests.gpsandbox.receiver import Receiver, receiving, until


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture
def gateway(running: Running) -> Iterator[Client]:
    """A signed-in client; the clock is put right and rules are gone afterwards."""
    yield running.client.with_token()
    running.client.emu("DELETE", "/rules")
    running.client.emu("POST", "/clock", {"real": True})


def sold(gateway: Client, shop: Receiver, **changes: Any) -> dict[str, Any]:
    made: dict[str, Any] = gateway.sale(notifications={"status_url": f"{shop.url}/status?shop=1"}, **changes).json
    return made


def spoil(gateway: Client, wish: dict[str, Any], *, times: int | None = 1, **match: Any) -> None:
    made = gateway.emu("POST", "/rules", {"match": match, "action": {"webhook": wish}, "times": times})
    assert made.status == 200, made.text


def force(gateway: Client, transaction_id: str, status: str) -> None:
    assert gateway.emu("POST", f"/transactions/{transaction_id}/status", {"status": status}).status == 200


def told(gateway: Client, transaction_id: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = gateway.emu("GET", f"/notifications?transaction={transaction_id}").json[
        "notifications"
    ]
    return found


def advance(gateway: Client, **time: int) -> None:
    assert gateway.emu("POST", "/clock", {"advance": time}).status == 200


def attempts(gateway: Client, transaction_id: str) -> list[dict[str, Any]]:
    return [attempt for told_once in told(gateway, transaction_id) for attempt in told_once["attempts"]]


def tried(gateway: Client, made: dict[str, Any], count: int) -> None:
    """Wait until that many attempts are written down."""
    until(lambda: len(attempts(gateway, made["id"])) == count, f"attempt {count}")


def test_forced_status_is_told_minified_and_signed_over_the_raw_body(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop, description="Café")

    force(gateway, made["id"], "FUNDED")

    [heard] = shop.wait(1)
    assert heard.path == "/status?shop=1"
    assert heard.genuine
    assert b": " not in heard.raw
    assert b", " not in heard.raw
    assert "Café".encode() in heard.raw
    assert heard.headers["content-type"] == "application/json"
    body = heard.body
    assert (body["id"], body["status"], body["reference"]) == (made["id"], "FUNDED", made["reference"])
    assert (body["amount"], body["currency"], body["type"]) == ("1999", "USD", "SALE")
    assert (body["payment_method"]["result"], body["action"]["type"]) == ("00", "STATUS_NOTIFICATION")
    assert gateway.call("GET", f"/actions/{body['action']['id']}").json["resource_id"] == made["id"]


def test_payment_itself_and_payments_without_address_are_not_told(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop)
    silent = gateway.sale().json

    force(gateway, silent["id"], "FUNDED")

    assert told(gateway, made["id"]) == []
    assert told(gateway, silent["id"]) == []
    assert shop.heard == []


def test_what_time_does_is_not_told(empty: Client, shop: Receiver) -> None:
    returned = sold(empty, shop, payment_method=bank("0001"))
    by_hand = sold(empty, shop, payment_method=bank())
    lapsing = sold(empty, shop, capture_mode="LATER")

    for date in ("2026-03-02", "2026-03-04"):
        empty.emu("POST", "/settlement/run", {"date": date})
    empty.emu("POST", f"/transactions/{by_hand['id']}/ach-return", {})
    advance(empty, days=8)
    client = empty.with_token()

    made = [one["id"] for one in (returned, by_hand, lapsing)]
    assert [client.call("GET", f"/transactions/{one}").json["status"] for one in made] == [
        "REJECTED",
        "REJECTED",
        "REVERSED",
    ]
    assert [told(client, one) for one in made] == [[], [], []]
    client.emu("POST", "/clock", {"real": True})


def test_settlement_tells_what_was_funded_and_what_came_back_where_that_is_switched_on(
    start: Start, shop: Receiver
) -> None:
    switched_on = start(GPSANDBOX_NOTIFY_SETTLEMENT="1", GPSANDBOX_RETURN_CODES="1").client.with_token()
    pending = sold(switched_on, shop, payment_method=bank("0099"))
    returned = sold(switched_on, shop, payment_method=bank("0001"))

    switched_on.emu("POST", "/settlement/run", {"date": "2026-03-02"})
    shop.wait(2)
    switched_on.emu("POST", "/settlement/run", {"date": "2026-03-04"})
    shop.wait(3)

    def of(made: dict[str, Any]) -> list[tuple[str, str]]:
        return [
            (heard.body["status"], heard.body["payment_method"]["result"])
            for heard in shop.heard
            if heard.body["id"] == made["id"]
        ]

    assert of(pending) == [("FUNDED", "A0000")]
    assert of(returned) == [("FUNDED", "A0000"), ("REJECTED", "R01")]
    assert all(heard.genuine for heard in shop.heard)


def test_refused_notification_is_tried_again_after_1_5_30_minutes_2_and_12_hours_then_given_up(
    gateway: Client, shop: Receiver
) -> None:
    made = sold(gateway, shop)
    shop.answers = [500] * 6

    force(gateway, made["id"], "REVERSED")
    for number, pause in enumerate([{"minutes": 1}, {"minutes": 5}, {"minutes": 30}, {"hours": 2}, {"hours": 12}], 1):
        tried(gateway, made, number)
        seconds = sum(value * {"minutes": 60, "hours": 3600}[unit] for unit, value in pause.items())
        advance(gateway, seconds=seconds - 30)
        [waiting] = told(gateway, made["id"])
        assert (waiting["state"], len(waiting["attempts"])) == ("WAITING", number)
        advance(gateway, seconds=30)
    until(lambda: told(gateway, made["id"])[0]["state"] == "GAVE_UP", "giving up")
    advance(gateway, days=10)

    assert [attempt["http_status"] for attempt in attempts(gateway, made["id"])] == [500] * 6
    assert len({heard.raw for heard in shop.heard}) == 1
    assert len(shop.heard) == 6


def test_notification_that_is_taken_at_last_is_not_sent_again(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop)
    shop.answers = [503, 302]

    force(gateway, made["id"], "REVERSED")
    shop.wait(1)
    tried(gateway, made, 1)
    advance(gateway, minutes=1)
    shop.wait(2)
    tried(gateway, made, 2)
    advance(gateway, minutes=5)
    shop.wait(3)
    until(lambda: told(gateway, made["id"])[0]["state"] == "DELIVERED", "delivery")
    advance(gateway, days=1)

    assert [attempt["http_status"] for attempt in attempts(gateway, made["id"])] == [503, 302, 200]
    assert len(shop.heard) == 3


def test_unreachable_receiver_is_written_down_and_tried_again(gateway: Client, shop: Receiver) -> None:
    made = gateway.sale(notifications={"status_url": "http://127.0.0.1:1/nobody"}).json

    force(gateway, made["id"], "FUNDED")

    tried(gateway, made, 1)
    [waiting] = told(gateway, made["id"])
    assert waiting["state"] == "WAITING"
    assert waiting["attempts"][0]["http_status"] is None
    assert "refused" in waiting["attempts"][0]["problem"].lower() or "failed" in waiting["attempts"][0]["problem"]


@pytest.mark.parametrize("host", ["192.0.2.7", "169.254.169.254", "10.0.0.1", "[2001:db8::1]", "0x7f.1.invalid"])
def test_sandbox_speaks_to_no_other_machine_unless_told(gateway: Client, host: str) -> None:
    made = gateway.sale(notifications={"status_url": f"http://{host}/latest"}).json

    force(gateway, made["id"], "FUNDED")

    tried(gateway, made, 1)
    problem = attempts(gateway, made["id"])[0]["problem"]
    assert problem == f"{host.strip('[]')} is not this machine and not in GPSANDBOX_NOTIFY_HOSTS."


@pytest.mark.parametrize(
    "address", ["ftp://127.0.0.1/", "javascript:alert(1)", "http://a b/", "http://127.0.0.1:99999/", "x"]
)
def test_address_that_is_not_http_is_refused_with_the_payment(gateway: Client, address: str) -> None:
    name = reference()

    refused = gateway.sale(reference=name, notifications={"status_url": address})

    assert refused.error[2:] == ("40213", "notifications.status_url contains unexpected data")
    assert gateway.found(name) == []


def test_notification_is_delivered_over_tls_to_whom_the_machine_trusts(start: Start, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate)
    with receiving(tls=server) as shop:
        trusting, doubting = start(SSL_CERT_FILE=str(certificate)), start()
        for sandbox in (trusting, doubting):
            client = sandbox.client.with_token()
            force(client, sold(client, shop)["id"], "FUNDED")

        [heard] = shop.wait(1)
        until(lambda: _problems(doubting.client) != [], "a refused certificate")

        assert heard.genuine
        assert _problems(trusting.client) == [""]
        assert _problems(doubting.client) == ["No secure connection: CERTIFICATE_VERIFY_FAILED."]


def test_replay_tells_the_same_bytes_again_as_often_and_as_wrong_as_asked(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop)
    force(gateway, made["id"], "FUNDED")
    [first] = shop.wait(1)
    [original] = told(gateway, made["id"])

    again = gateway.emu("POST", "/notifications/replay", {"id": original["id"], "times": 2}).json["notifications"]
    shop.wait(3)
    gateway.emu("POST", "/notifications/replay", {"id": original["id"], "corrupt_signature": True})
    forged = shop.wait(4)[3]

    assert [item["replay_of"] for item in again] == [original["id"]] * 2
    assert {heard.raw for heard in shop.heard} == {first.raw}
    assert [heard.genuine for heard in shop.heard] == [True, True, True, False]
    assert len(forged.headers["x-gp-signature"]) == 128


def test_replay_of_a_transaction_can_run_backwards_and_late(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop)
    force(gateway, made["id"], "FUNDED")
    shop.wait(1)
    force(gateway, made["id"], "REVERSED")
    shop.wait(2)

    gateway.emu("POST", "/notifications/replay", {"transaction": made["id"], "reorder": True, "delay_ms": 60_000})
    until(lambda: len(told(gateway, made["id"])) == 4, "two more")
    waiting = [item["state"] for item in told(gateway, made["id"])[2:]]
    advance(gateway, minutes=1)
    shop.wait(4)

    assert waiting == ["WAITING", "WAITING"]
    assert shop.statuses == ["FUNDED", "REVERSED", "REVERSED", "FUNDED"]


def test_rule_lets_the_next_notification_overtake(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop)
    spoil(gateway, {"reorder": True}, times=None, transaction=made["id"])

    force(gateway, made["id"], "FUNDED")
    force(gateway, made["id"], "REVERSED")
    shop.wait(2)
    force(gateway, made["id"], "REJECTED")
    until(lambda: len(told(gateway, made["id"])) == 3, "a third")
    alone = told(gateway, made["id"])[2]["state"]
    advance(gateway, seconds=11)
    shop.wait(3)

    assert alone == "WAITING"
    assert shop.statuses == ["REVERSED", "FUNDED", "REJECTED"]


def test_rule_sends_twice_with_a_wrong_signature_as_often_as_it_may(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop)
    spoil(gateway, {"times": 2, "corrupt_signature": True}, reference=made["reference"])

    force(gateway, made["id"], "FUNDED")
    shop.wait(2)
    force(gateway, made["id"], "REVERSED")
    shop.wait(3)

    assert shop.statuses == ["FUNDED", "FUNDED", "REVERSED"]
    assert [heard.genuine for heard in shop.heard] == [False, False, True]
    [rule] = gateway.emu("GET", "/rules").json["rules"]
    assert (rule["times"], rule["fired"]) == (1, 1)
    assert gateway.emu("DELETE", "/rules").json == {"deleted": 1}


def test_late_rule_waits_by_the_sandbox_clock(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop)
    spoil(gateway, {"delay_ms": 3_600_000}, transaction=made["id"], status="FUNDED")

    force(gateway, made["id"], "FUNDED")
    force(gateway, made["id"], "REVERSED")
    shop.wait(1)
    advance(gateway, hours=1)
    shop.wait(2)

    assert shop.statuses == ["REVERSED", "FUNDED"]


def test_rule_chooses_the_nth_notification_of_a_card_an_amount_and_a_currency(gateway: Client, shop: Receiver) -> None:
    made = sold(gateway, shop, amount="4711")
    spoil(
        gateway, {"corrupt_signature": True}, nth=2, last4="5262", amount=4711, currency="USD", reference_prefix="ref-"
    )

    for count, status in enumerate(("FUNDED", "REVERSED", "REJECTED"), 1):
        force(gateway, made["id"], status)
        shop.wait(count)

    assert [heard.genuine for heard in shop.heard] == [True, False, True]


def test_rule_for_notifications_leaves_calls_alone_and_the_other_way_round(gateway: Client, shop: Receiver) -> None:
    spoil(gateway, {"corrupt_signature": True})
    gateway.emu("POST", "/rules", {"match": {"method": "PATCH"}, "action": "html_502", "times": 1})

    made = sold(gateway, shop)
    force(gateway, made["id"], "FUNDED")
    [heard] = shop.wait(1)

    assert made["status"] == "CAPTURED"
    assert not heard.genuine
    assert [rule["fired"] for rule in gateway.emu("GET", "/rules").json["rules"]] == [1, 0]


@pytest.mark.parametrize(
    ("path", "body", "text"),
    [
        ("rules", {"action": {"webhook": {"times": 0}}}, "times is a whole number from 1 to 100."),
        (
            "rules",
            {"action": {"webhook": {"corrupt_signature": "yes"}}},
            "corrupt_signature and reorder are true or false.",
        ),
        (
            "rules",
            {"action": {"webhook": {"mood": "bad"}}},
            "webhook takes ['corrupt_signature', 'delay_ms', 'reorder', 'times'].",
        ),
        ("notifications/replay", {"id": "NTF_0", "times": "2"}, "times is a whole number from 1 to 100."),
        ("notifications/replay", {"id": "NTF_0"}, "Nothing was ever told about NTF_0."),
    ],
)
def test_wish_that_makes_no_sense_is_refused(gateway: Client, path: str, body: dict[str, Any], text: str) -> None:
    refused = gateway.emu("POST", f"/{path}", body)

    assert refused.status in (400, 404)
    assert refused.json == {"error": text}
    assert gateway.emu("GET", "/rules").json == {"rules": []}


def test_several_processes_tell_each_thing_once(start: Start) -> None:
    sandbox = start(GPSANDBOX_PROCESSES="2")
    client = sandbox.client.with_token()
    with receiving() as shop:
        made = [sold(client, shop) for _ in range(12)]
        for transaction in made:
            force(client, transaction["id"], "FUNDED")

        shop.wait(12)
        until(lambda: not client.emu("GET", "/notifications?state=SENDING").json["notifications"], "all to be done")

        assert sorted(heard.body["id"] for heard in shop.heard) == sorted(item["id"] for item in made)


def test_neither_key_nor_card_is_kept_with_a_notification(start: Start) -> None:
    sandbox = start()
    client = sandbox.client.with_token()
    with receiving() as shop:
        force(client, sold(client, shop)["id"], "FUNDED")
        [heard] = shop.wait(1)
        until(lambda: client.emu("GET", "/notifications?state=DELIVERED").json["notifications"] != [], "delivery")

        kept = b"".join(path.read_bytes() for path in sandbox.database.parent.iterdir())

        assert b"4263970000005262" not in heard.raw
        assert heard.headers["x-gp-signature"].encode() in kept
        assert b"4263970000005262" not in kept
        assert APP_KEY.encode() not in kept


def _problems(client: Client) -> list[str]:
    listed = client.emu("GET", "/notifications").json["notifications"]
    return [attempt["problem"] for item in listed for attempt in item["attempts"]]
