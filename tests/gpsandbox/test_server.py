import asyncio
import os
import subprocess
import sys
from pathlib import Path

from starlette.types import Message

from gpsandbox.app import application
from gpsandbox.settings import settings_read
from tests.gpsandbox.client import BANK, SECRET, VISA, Client, bank, card, reference
from tests.gpsandbox.conftest import Running, Start


def test_neither_card_nor_account_numbers_nor_codes_are_kept_anywhere(start: Start) -> None:
    sandbox = start()
    client = sandbox.client.with_token()
    number, declined, account, code = VISA["number"], "4000120000001154", f"{BANK['account_number']}42", "837"
    method = card(number, cvv=code)
    client.sale(payment_method={**method, "storage_mode": "ALWAYS", "fingerprint_mode": "ALWAYS"})
    client.call("POST", "/payment-methods", {"reference": reference(), "usage_mode": "SINGLE", **method})
    client.call(
        "POST",
        "/verifications",
        {"currency": "USD", "country": "US", "reference": reference(), "payment_method": method},
    )
    client.sale(payment_method=card(declined))
    client.sale(payment_method={"bank_transfer": {**BANK, "account_number": account}})
    client.sale(payment_method=card(number, expiry_year="20"))
    client.call("GET", "/transactions")

    shown = client.emu("GET", "/requests").text + client.emu("GET", "/transactions").text
    live = b"".join(path.read_bytes() for path in sandbox.database.parent.iterdir())
    sandbox.stop()
    kept = b"".join(path.read_bytes() for path in sandbox.database.parent.iterdir())

    assert b"CAPTURED" in kept
    assert b"POST" in sandbox.log.read_bytes()
    for secret in (number, number[:-4], declined, account, account[:-4], client.token, SECRET):
        assert secret not in shown
        assert secret.encode() not in live
        assert secret.encode() not in kept
    assert f'"{code}"'.encode() not in live


def test_terminated_server_stops_cleanly_and_keeps_its_data(start: Start) -> None:
    sandbox = start()
    sold = sandbox.client.with_token().sale().json

    code = sandbox.stop()

    environment = {
        **os.environ,
        "GPSANDBOX_PORT": str(sandbox.port),
        "GPSANDBOX_DB": str(sandbox.database),
        "GPSANDBOX_SECRET": SECRET,
        "GPSANDBOX_APPS": "test-app:test-key",
    }
    sandbox.process = subprocess.Popen([sys.executable, "-m", "gpsandbox"], env=environment)
    sandbox.wait()
    read = sandbox.client.with_token().call("GET", f"/transactions/{sold['id']}")
    assert code == 0
    assert read.json["status"] == "CAPTURED"


def test_wrong_settings_are_named_and_nothing_starts(tmp_path: Path) -> None:
    for name, value in (("GPSANDBOX_PORT", "many"), ("GPSANDBOX_APPS", "no-key"), ("GPSANDBOX_DELAY_MS", "-1")):
        environment = {**os.environ, "GPSANDBOX_DB": str(tmp_path / "x.sqlite3"), name: value}

        done = subprocess.run(
            [sys.executable, "-m", "gpsandbox"],
            env=environment,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

        assert done.returncode == 2
        assert name in done.stdout


def test_delay_is_felt_by_every_call(start: Start) -> None:
    sandbox = start(GPSANDBOX_DELAY_MS="300")

    client = sandbox.client.with_token()
    assert client.sale().status == 200

    try:
        client.call("GET", "/transactions", timeout=0.2)
    except TimeoutError:
        return
    raise AssertionError("answered sooner than the delay")


def test_control_room_wants_its_secret(gateway: Client) -> None:
    assert gateway.emu("GET", "/rules", secret="wrong").status == 401
    assert gateway.send("GET", "/_emu/rules").status == 401
    assert gateway.emu("POST", "/reset", secret="").status == 401
    assert gateway.emu("GET", "/rules").status == 200


def test_control_room_is_closed_to_other_machines(tmp_path: Path) -> None:
    settings = settings_read({"GPSANDBOX_DB": str(tmp_path / "x.sqlite3"), "GPSANDBOX_SECRET": SECRET})
    app = application(settings)

    def status_for(address: str) -> int:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": "/_emu/rules",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {SECRET}".encode()), (b"x-forwarded-for", b"127.0.0.1")],
            "client": (address, 5000),
        }
        asyncio.run(app(scope, receive, send))
        status: int = sent[0]["status"]
        return status

    assert status_for("127.0.0.1") == 200
    assert status_for("::1") == 200
    assert status_for("192.0.2.7") == 403


def test_without_a_secret_there_is_no_control_room(start: Start) -> None:
    sandbox = start(GPSANDBOX_SECRET="")

    reply = sandbox.client.emu("GET", "/rules", secret="")

    assert reply.error[:3] == (404, "RESOURCE_NOT_FOUND", "40118")


def test_a_refund_that_was_rejected_afterwards_may_be_given_once_more(empty: Client) -> None:
    sold = empty.sale(amount="1000").json
    act = f"/transactions/{sold['id']}/refund"
    first = empty.call("POST", act, {"amount": "1000"}).json
    too_much = empty.call("POST", act, {"amount": "1000"})

    for _ in range(2):
        empty.emu("POST", f"/transactions/{first['id']}/status", {"status": "REJECTED"})
    again = empty.call("POST", act, {"amount": "1000"})
    once_too_often = empty.call("POST", act, {"amount": "1000"})

    assert (too_much.status, again.status, once_too_often.status) == (400, 200, 400)


def test_status_can_be_forced_and_memory_emptied(empty: Client) -> None:
    sold = empty.sale(payment_method=bank()).json

    forced = empty.emu("POST", f"/transactions/{sold['id']}/status", {"status": "REJECTED", "result": "R01"})
    wrong = empty.emu("POST", f"/transactions/{sold['id']}/status", {"status": "HAPPY"})
    read = empty.call("GET", f"/transactions/{sold['id']}").json
    listed = empty.emu("GET", f"/transactions?reference={sold['reference']}").json["transactions"]
    empty.emu("POST", "/reset")

    assert (forced.status, wrong.status) == (200, 400)
    assert empty.emu("POST", "/transactions/TRN_0/status", {"status": "FUNDED"}).status == 404
    assert (read["status"], read["payment_method"]["result"]) == ("REJECTED", "R01")
    assert [row["status"] for row in listed] == ["REJECTED"]
    assert empty.call("GET", "/transactions").json["total_record_count"] == 0


def test_state_counts_what_the_sandbox_holds(empty: Client) -> None:
    empty.sale()
    empty.rule("drop", reference="never-asked-for")

    state = empty.emu("GET", "/state").json

    assert state["now"][:2] == "20"
    assert (state["rows"]["transactions"], state["rows"]["batches"], state["rows"]["rules"]) == (1, 1, 1)
    assert state["rows"]["deposits"] == 0
    empty.emu("DELETE", "/rules")


def test_unknown_addresses_and_health(running: Running) -> None:
    assert running.client.send("GET", "/healthz").json["status"] == "ok"
    assert running.client.send("GET", "/nowhere").error[:3] == (404, "RESOURCE_NOT_FOUND", "40118")
