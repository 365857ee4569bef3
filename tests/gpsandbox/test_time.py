"""What happens because time passes. 2 March 2026 is a Monday; no holiday is near."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import pytest

from gpsandbox import banking_days
from tests.gpsandbox.client import Client, bank
from tests.gpsandbox.conftest import Running, Start

MONDAY = "2026-03-02T15:00:00"

Later = Callable[[str], Client]


@pytest.fixture
def at(running: Running) -> Iterator[Later]:
    """Sets the clock of an empty sandbox and signs in anew: tokens live a week at most."""
    running.client.emu("POST", "/reset")

    def move(moment: str) -> Client:
        assert running.client.emu("POST", "/clock", {"set": moment}).status == 200
        return running.client.with_token()

    yield move
    running.client.emu("POST", "/reset")


def look(client: Client, path: str) -> dict[str, Any]:
    reply = client.call("GET", path)
    assert reply.status == 200, reply.text
    body: dict[str, Any] = reply.json
    return body


def deposits(client: Client) -> list[tuple[str, str, str]]:
    """Day, method and amount of every deposit, oldest first."""
    listed = look(client, "/settlement/deposits?order=ASC&page_size=100")["deposits"]
    return [(item["time_created"], item["payment_method"], item["amount"]) for item in listed]


def status_of(client: Client, sold: dict[str, Any]) -> tuple[str, str]:
    found = look(client, f"/transactions/{sold['id']}")
    return found["status"], found["payment_method"]["result"]


# -- batches ------------------------------------------------------------------------------------------------------


def test_a_batch_closes_at_the_cutoff_and_its_money_can_then_only_be_refunded(at: Later) -> None:
    client = at(MONDAY)
    sold = client.sale().json
    before = look(at("2026-03-02T21:59:59"), f"/batches/{sold['batch_id']}")

    client = at("2026-03-02T22:00:01")

    after = look(client, f"/batches/{sold['batch_id']}")
    refused = client.call("POST", f"/transactions/{sold['id']}/reversal", {})
    assert (before["status"], before["time_closed"]) == ("OPEN", "")
    assert (after["status"], after["time_closed"]) == ("CLOSED", "2026-03-02T22:00:00.000Z")
    assert refused.error[:3] == (400, "INVALID_BATCH_ACTION", "40018")
    assert status_of(client, sold) == ("CAPTURED", "00")


def test_what_is_sold_after_the_cutoff_is_of_the_next_day(at: Later) -> None:
    first = at("2026-03-02T21:00:00").sale(amount="1000").json
    second = at("2026-03-02T23:00:00").sale(amount="2000").json

    client = at("2026-03-06")

    assert first["batch_id"] != second["batch_id"]
    assert deposits(client) == [("2026-03-04", "CARD", "941"), ("2026-03-05", "CARD", "1912")]


def test_two_batches_of_one_day_are_one_deposit(at: Later) -> None:
    client = at(MONDAY)
    client.sale(amount="1000")
    client.emu("POST", "/batches/close")
    client.sale(amount="1000")

    assert deposits(at("2026-03-05")) == [("2026-03-04", "CARD", str(2 * 941))]


def test_the_cutoff_may_be_at_another_time_in_another_zone(start: Start) -> None:
    sandbox = start(GPSANDBOX_CUTOFF="20:30 America/New_York")
    sandbox.client.emu("POST", "/clock", {"set": MONDAY})
    client = sandbox.client.with_token(seconds_to_expire=604800)
    sold = client.sale(amount="1000").json

    client.emu("POST", "/clock", {"set": "2026-03-05"})

    assert look(client, f"/batches/{sold['batch_id']}")["time_closed"] == "2026-03-03T01:30:00.000Z"
    assert deposits(client) == [("2026-03-04", "CARD", "941")]


@pytest.mark.parametrize("cutoff", ["10pm", "22:00 Atlantis", "22:00+02:00"])
def test_a_cutoff_that_makes_no_sense_is_named_before_anything_starts(start: Start, cutoff: str) -> None:
    with pytest.raises(RuntimeError, match="GPSANDBOX_CUTOFF"):
        start(GPSANDBOX_CUTOFF=cutoff)


def test_batches_close_even_if_nobody_calls(start: Start) -> None:
    sandbox = start()
    sandbox.client.emu("POST", "/clock", {"set": "2026-03-02T21:59:59.500"})
    client = sandbox.client.with_token()
    client.sale()
    file = sqlite3.connect(sandbox.database)

    end = time.monotonic() + 10
    while file.execute("SELECT status FROM batches").fetchall() == [("OPEN",)] and time.monotonic() < end:
        time.sleep(0.05)

    assert file.execute("SELECT status, closed_at FROM batches").fetchall() == [("CLOSED", "2026-03-02T22:00:00.000Z")]
    file.close()


# -- funding ------------------------------------------------------------------------------------------------------


def test_cards_are_funded_two_banking_days_later_and_not_a_minute_before(at: Later) -> None:
    client = at(MONDAY)
    sold = client.sale(amount="1000").json
    client.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "300"})
    early = at("2026-03-04T09:59:00")
    before = (status_of(early, sold), deposits(early))

    client = at("2026-03-04T10:00:01")

    funded = look(client, f"/transactions/{sold['id']}")
    [deposit] = look(client, "/settlement/deposits")["deposits"]
    assert before == (("CAPTURED", "00"), [])
    assert (funded["status"], funded["time_last_updated"]) == ("FUNDED", "2026-03-04T10:00:00.000Z")
    assert (deposit["time_created"], deposit["status"], deposit["funding_type"]) == ("2026-03-04", "FUNDED", "CREDIT")
    assert deposit["sales"] == {"count": 1, "amount": "1000"}
    assert deposit["refunds"] == {"count": 1, "amount": "-300"}
    assert deposit["fees"] == {"amount": "-59"}
    assert deposit["amount"] == str(1000 - 300 - 59)


@pytest.mark.parametrize(
    ("sold_on", "card_day", "bank_day"),
    [
        ("2026-03-02", "2026-03-04", "2026-03-05"),
        ("2026-03-06", "2026-03-10", "2026-03-11"),  # over a weekend
        ("2026-03-07", "2026-03-10", "2026-03-11"),  # on one
        ("2026-02-13", "2026-02-18", "2026-02-19"),  # over Washington's birthday
        ("2026-11-25", "2026-11-30", "2026-12-01"),  # over Thanksgiving
        ("2026-07-02", "2026-07-06", "2026-07-07"),  # Independence Day on a Saturday closes nothing
        ("2027-07-02", "2027-07-07", "2027-07-08"),  # on a Sunday it closes Monday
    ],
)
def test_money_moves_on_banking_days_only(at: Later, sold_on: str, card_day: str, bank_day: str) -> None:
    client = at(f"{sold_on}T15:00:00")
    client.sale(amount="1000")
    client.sale(amount="1000", payment_method=bank())

    client = at(f"{bank_day}T12:00:00")

    assert deposits(client) == [(card_day, "CARD", "941"), (bank_day, "BANK_TRANSFER", "920")]


def test_held_money_is_paid_on_the_first_payday_after_its_release(at: Later) -> None:
    client = at(MONDAY)
    held = client.sale(amount="1000").json
    client.call("POST", f"/transactions/{held['id']}/hold", {"reason_code": "FRAUD"})
    client = at("2026-03-06T15:00:00")
    waiting = (status_of(client, held), deposits(client))

    client.call("POST", f"/transactions/{held['id']}/release", {"reason_code": "FALSE_POSITIVE"})
    client = at("2026-03-10")

    assert waiting == (("CAPTURED", "00"), [])
    assert deposits(client) == [("2026-03-09", "CARD", "941")]
    assert status_of(client, held) == ("FUNDED", "00")


def test_settling_everything_now_leaves_nothing_for_its_day(at: Later) -> None:
    client = at(MONDAY)
    sold = client.sale(amount="1000").json
    run = client.emu("POST", "/settlement/run", {}).json

    client = at("2026-03-20")

    assert run["funded_transactions"] == [sold["id"]]
    assert deposits(client) == [("2026-03-02", "CARD", "941")]


# -- bank payments ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("ending", "returned_on"),
    [("0001", "2026-03-09"), ("0002", "2026-03-09"), ("0003", "2026-03-09"), ("0010", "2026-04-06")],
)
def test_a_bank_payment_comes_back_on_its_day_and_does_not_say_why(at: Later, ending: str, returned_on: str) -> None:
    sold = at(MONDAY).sale(amount="5000", payment_method=bank(ending)).json
    funded = at("2026-03-06")
    before = (status_of(funded, sold), deposits(funded))

    client = at("2026-05-01")

    returned = look(client, f"/transactions/{sold['id']}")
    lines = look(client, f"/settlement/transactions?reference={sold['reference']}&order=ASC")["transactions"]
    assert before == (("FUNDED", "A0000"), [("2026-03-05", "BANK_TRANSFER", "4920")])
    assert (returned["status"], returned["payment_method"]["result"]) == ("REJECTED", "")
    assert returned["time_last_updated"] == f"{returned_on}T09:00:00.000Z"
    assert deposits(client)[1:] == [(returned_on, "BANK_TRANSFER", "-5000")]
    assert [(line["status"], line["amount"], line["deposit_time_created"]) for line in lines] == [
        ("FUNDED", "5000", "2026-03-05"),
        ("REJECTED", "-5000", returned_on),
    ]


def test_a_return_is_taken_out_of_what_is_paid_that_day(at: Later) -> None:
    at(MONDAY).sale(amount="5000", payment_method=bank("0001"))
    at("2026-03-04T15:00:00").sale(amount="9000", payment_method=bank())

    client = at("2026-03-09T12:00:00")

    assert deposits(client)[1:] == [("2026-03-09", "BANK_TRANSFER", str(9000 - 80 - 5000))]


def test_a_pending_bank_payment_stays_so_until_it_is_settled_by_hand(at: Later) -> None:
    sold = at(MONDAY).sale(payment_method=bank("0099")).json
    client = at("2026-06-01")
    waiting = (status_of(client, sold), deposits(client))

    client.emu("POST", "/settlement/run", {})

    assert waiting == (("PENDING", "A0000"), [])
    assert status_of(client, sold) == ("FUNDED", "A0000")


def test_a_payment_sent_back_before_its_funding_never_reaches_a_deposit(at: Later) -> None:
    client = at(MONDAY)
    sold = client.sale(amount="5000", payment_method=bank()).json
    client.sale(amount="1000", payment_method=bank())
    client = at("2026-03-03")

    reply = client.emu("POST", f"/transactions/{sold['id']}/ach-return", {"code": "R03", "status": "REVERSED"})
    client = at("2026-03-30")

    assert (reply.status, reply.json["status"], reply.json["result"]) == (200, "REJECTED", "R03")
    assert status_of(client, sold) == ("REJECTED", "R03")
    assert deposits(client) == [("2026-03-05", "BANK_TRANSFER", "920")]
    assert look(client, f"/batches/{sold['batch_id']}")["amount"] == "6000"


def test_a_funded_payment_is_sent_back_by_hand_with_any_code_and_either_status(at: Later) -> None:
    sold = at(MONDAY).sale(amount="5000", payment_method=bank()).json
    client = at("2026-03-20T15:00:00")

    reply = client.emu("POST", f"/transactions/{sold['id']}/ach-return", {"code": "R29", "status": "REVERSED"})
    client = at("2026-03-24")

    assert (reply.status, reply.json["status"]) == (200, "REVERSED")
    assert status_of(client, sold) == ("REVERSED", "R29")
    assert deposits(client)[1:] == [("2026-03-23", "BANK_TRANSFER", "-5000")]


def test_what_cannot_come_back_is_refused_and_nothing_changes(at: Later) -> None:
    client = at(MONDAY)
    card = client.sale().json
    sold = client.sale(payment_method=bank()).json
    declined = client.sale(payment_method=bank("0051")).json
    client = at("2026-05-10")
    before = deposits(client)

    def sent_back(transaction_id: str, **body: str) -> tuple[int, str]:
        reply = client.emu("POST", f"/transactions/{transaction_id}/ach-return", body)
        return reply.status, reply.json["error"]

    assert sent_back("TRN_0") == (404, "There is no transaction TRN_0.")
    assert sent_back(card["id"]) == (400, "Only a bank payment can come back.")
    assert sent_back(declined["id"]) == (400, "A payment with status DECLINED cannot come back.")
    assert sent_back(sold["id"], code="X1") == (
        400,
        "code is an ACH return code such as R01, or empty for a return that does not say why.",
    )
    assert sent_back(sold["id"], status="FUNDED") == (400, "status is REJECTED or REVERSED.")
    assert sent_back(sold["id"]) == (400, "It was funded more than 60 days ago.")
    assert status_of(client, sold) == ("FUNDED", "A0000")
    assert deposits(at("2026-06-01")) == before


# -- holds --------------------------------------------------------------------------------------------------------


def test_a_hold_lapses_after_seven_days_and_cannot_be_captured(at: Later) -> None:
    held = at(MONDAY).sale(capture_mode="LATER").json
    before = status_of(at("2026-03-09T14:59:00"), held)

    client = at("2026-03-09T15:01:00")

    lapsed = look(client, f"/transactions/{held['id']}")
    refused = client.call("POST", f"/transactions/{held['id']}/capture", {})
    assert before == ("PREAUTHORIZED", "00")
    assert (lapsed["status"], lapsed["time_last_updated"][:17]) == ("REVERSED", "2026-03-09T15:00:")
    assert refused.error[:3] == (400, "INVALID_ACTION", "40290")
    assert deposits(at("2026-03-20")) == []


def test_the_rest_of_a_hold_captured_in_part_lapses_too(at: Later) -> None:
    client = at(MONDAY)
    held = client.sale(capture_mode="MULTIPLE", amount="3000").json
    client.call("POST", f"/transactions/{held['id']}/capture", {"amount": "1000"})

    client = at("2026-03-09T15:01:00")
    refused = client.call("POST", f"/transactions/{held['id']}/capture", {"amount": "500"})

    assert refused.error == (
        400,
        "INVALID_ACTION",
        "40290",
        "Capture is not allowed: the authorization has expired",
    )
    assert status_of(client, held) == ("FUNDED", "00")
    assert deposits(at("2026-03-20")) == [("2026-03-04", "CARD", "941")]


# -- all of it ----------------------------------------------------------------------------------------------------


def _a_week_of_trade(at: Later) -> list[dict[str, Any]]:
    client = at(MONDAY)
    return [
        client.sale(amount="1000").json,
        client.sale(amount="5000", payment_method=bank("0001")).json,
        client.sale(amount="700", capture_mode="LATER").json,
        client.sale(amount="800", currency="EUR").json,
    ]


def _what_became(client: Client, sold: list[dict[str, Any]]) -> list[Any]:
    found = [look(client, f"/transactions/{item['id']}") for item in sold]
    return [[(item["status"], item["time_last_updated"][:17]) for item in found], deposits(client)]


def test_one_jump_of_many_days_does_what_many_steps_do(at: Later, running: Running) -> None:
    sold = _a_week_of_trade(at)
    in_one = _what_became(at("2026-03-20"), sold)
    running.client.emu("POST", "/reset")
    sold = _a_week_of_trade(at)
    for day in range(3, 21):
        client = at(f"2026-03-{day:02}")

    in_steps = _what_became(client, sold)

    assert in_steps == in_one
    assert in_one[0] == [
        ("FUNDED", "2026-03-04T10:00:"),
        ("REJECTED", "2026-03-09T09:00:"),
        ("REVERSED", "2026-03-09T15:00:"),
        ("FUNDED", "2026-03-04T10:00:"),
    ]


def test_each_event_happens_once_however_many_notice_that_it_is_due(start: Start) -> None:
    sandbox = start(GPSANDBOX_PROCESSES="2")
    sandbox.client.emu("POST", "/clock", {"set": MONDAY})
    client = sandbox.client.with_token(seconds_to_expire=604800)
    for _ in range(20):
        client.sale(amount="1000")
    client.emu("POST", "/clock", {"set": "2026-03-04T09:59:59.900"})

    with ThreadPoolExecutor(8) as pool:
        while not deposits(client):
            list(pool.map(lambda _: client.call("GET", "/settlement/deposits").status, range(16)))

    assert deposits(client) == [("2026-03-04", "CARD", str(20 * 941))]


@pytest.mark.parametrize(
    ("year", "expected"),
    [
        (2026, "01-01 01-19 02-16 05-25 06-19 07-04 09-07 10-12 11-11 11-26 12-25"),
        (2027, "01-01 01-18 02-15 05-31 06-19 07-05 09-06 10-11 11-11 11-25 12-25"),
        (2028, "01-01 01-17 02-21 05-29 06-19 07-04 09-04 10-09 11-11 11-23 12-25"),
    ],
)
def test_banks_rest_on_the_holidays_of_the_federal_reserve(year: int, expected: str) -> None:
    assert [f"{day:%m-%d}" for day in sorted(banking_days.holidays(year))] == expected.split()
    assert not banking_days.holds(date(2026, 11, 26))
    assert banking_days.holds(date(2026, 7, 3))
    assert banking_days.after(date(2026, 11, 25), 2) == date(2026, 11, 30)
