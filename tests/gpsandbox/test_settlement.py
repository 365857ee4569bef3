from typing import Any

import pytest

from gpsandbox.settlement import FEES
from tests.gpsandbox.client import Client, bank, card, reference
from tests.gpsandbox.conftest import Start


def run(gateway: Client, **body: object) -> dict[str, Any]:
    reply = gateway.emu("POST", "/settlement/run", body)
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.json
    return answer


def lines(gateway: Client, query: str = "") -> list[dict[str, Any]]:
    reply = gateway.call("GET", f"/settlement/transactions?page_size=100&order=ASC{query}")
    assert reply.status == 200, reply.text
    listed: list[dict[str, Any]] = reply.json["transactions"]
    return listed


def test_card_deposit_is_sales_less_refunds_less_fees(empty: Client) -> None:
    sold = [empty.sale(amount=amount).json for amount in ("1999", "29", "10000")]
    empty.call("POST", f"/transactions/{sold[2]['id']}/refund", {"amount": "2500"})
    empty.sale(payment_method={"card": {"number": "4000120000001154", "expiry_month": "05", "expiry_year": "35"}})
    empty.sale(capture_mode="LATER")
    gone = empty.sale().json
    empty.call("POST", f"/transactions/{gone['id']}/reversal", {})

    [deposit] = run(empty, date="2026-03-02")["deposits"]

    # 2.9 % + 30 each, rounded half up: 57.971 → 58, 0.841 → 1, 290.
    assert FEES["CARD"].per_mille == 29
    fees = (58 + 30) + (1 + 30) + (290 + 30)
    assert deposit["sales"] == {"count": 3, "amount": "12028"}
    assert deposit["refunds"] == {"count": 1, "amount": "-2500"}
    assert deposit["fees"] == {"amount": str(-fees)}
    assert deposit["amount"] == str(12028 - 2500 - fees)
    assert (deposit["time_created"], deposit["status"], deposit["funding_type"]) == ("2026-03-02", "FUNDED", "CREDIT")


def test_cards_and_ach_and_currencies_are_paid_out_apart(empty: Client) -> None:
    empty.sale(amount="1000")
    empty.sale(amount="2000", payment_method=bank())
    empty.sale(amount="500", payment_method=bank("0099"))
    empty.sale(amount="1000", currency="JPY")

    made = run(empty, date="2026-03-02")["deposits"]

    assert [(item["payment_method"], item["currency"], item["amount"]) for item in made] == [
        ("CARD", "USD", str(1000 - 59)),
        ("BANK_TRANSFER", "USD", str(2500 - 2 * 80)),
        ("CARD", "JPY", str(1000 - 59)),
    ]


def test_each_line_names_its_deposit_and_the_lines_add_up(empty: Client) -> None:
    sold = empty.sale(amount="1000").json
    name = reference()
    empty.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "400", "reference": name})

    [deposit] = run(empty, date="2026-03-02")["deposits"]

    [sale_line, refund_line] = lines(empty, f"&deposit_id={deposit['id']}")
    assert (sale_line["id"], sale_line["status"], sale_line["amount"]) == (sold["id"], "FUNDED", "1000")
    assert (refund_line["type"], refund_line["reference"], refund_line["amount"]) == ("REFUND", name, "400")
    assert sale_line["deposit_time_created"] == "2026-03-02"
    assert sale_line["batch_id"] == sold["batch_id"]
    assert len(sale_line["payment_method"]["card"]["arn"]) == 23
    assert empty.call("GET", f"/transactions/{sold['id']}").json["status"] == "FUNDED"


def test_settled_money_is_not_paid_out_twice(empty: Client) -> None:
    empty.sale()
    first = run(empty, date="2026-03-02")

    second = run(empty, date="2026-03-03")

    assert len(first["deposits"]) == 1
    assert (second["deposits"], second["funded_transactions"], second["closed_batches"]) == ([], [], [])


def test_several_captures_of_one_hold_are_lines_of_their_own(empty: Client) -> None:
    held = empty.sale(capture_mode="MULTIPLE", amount="3000").json
    empty.call("POST", f"/transactions/{held['id']}/capture", {"amount": "1000"})
    run(empty, date="2026-03-02")

    empty.call("POST", f"/transactions/{held['id']}/capture", {"amount": "2000"})
    run(empty, date="2026-03-05")

    assert [(line["id"], line["amount"], line["deposit_time_created"]) for line in lines(empty)] == [
        (held["id"], "1000", "2026-03-02"),
        (held["id"], "2000", "2026-03-05"),
    ]
    assert empty.call("GET", f"/transactions/{held['id']}").json["status"] == "FUNDED"


def test_held_money_waits_until_it_is_released(empty: Client) -> None:
    held = empty.sale().json
    empty.call("POST", f"/transactions/{held['id']}/hold", {"reason_code": "FRAUD"})
    nothing = run(empty, date="2026-03-02")

    empty.emu("POST", "/batches/close")
    released = empty.call("POST", f"/transactions/{held['id']}/release", {"reason_code": "FALSE_POSITIVE"})
    something = run(empty, date="2026-03-03")

    assert nothing["deposits"] == []
    assert released.status == 200
    assert something["funded_transactions"] == [held["id"]]


@pytest.mark.parametrize("ending", ["0001", "0002", "0003", "0010"])
def test_returned_bank_money_leaves_in_a_later_deposit(empty: Client, ending: str) -> None:
    sold = empty.sale(amount="5000", payment_method=bank(ending)).json
    run(empty, date="2026-03-02")
    funded = empty.call("GET", f"/transactions/{sold['id']}").json

    second = run(empty, date="2026-03-04")
    third = run(empty, date="2026-03-06")

    returned = empty.call("GET", f"/transactions/{sold['id']}").json
    assert (funded["status"], funded["payment_method"]["result"]) == ("FUNDED", "A0000")
    assert (returned["status"], returned["payment_method"]["result"]) == ("REJECTED", "")
    assert second["returned_transactions"] == [sold["id"]]
    [deposit] = second["deposits"]
    assert (deposit["amount"], deposit["funding_type"]) == ("-5000", "DEBIT")
    assert [(line["status"], line["amount"]) for line in lines(empty)] == [("FUNDED", "5000"), ("REJECTED", "-5000")]
    assert third["deposits"] == []


@pytest.mark.parametrize("at_once", [True, False])
def test_bank_money_that_comes_back_says_why_where_that_is_switched_on(start: Start, at_once: bool) -> None:
    client = start(GPSANDBOX_RETURN_CODES="1").client
    selling = client.with_token()
    codes = {"0001": "R01", "0002": "R02", "0003": "R03", "0010": "R10"}
    sold = {code: selling.sale(payment_method=bank(ending)).json["id"] for ending, code in codes.items()}

    if at_once:
        run(client), run(client)
    else:
        client.emu("POST", "/clock", {"advance": {"days": 60}})

    looking = client.with_token()
    found = {code: looking.call("GET", f"/transactions/{one}").json for code, one in sold.items()}
    assert {code: (one["status"], one["payment_method"]["result"]) for code, one in found.items()} == {
        code: ("REJECTED", code) for code in codes.values()
    }


def test_returns_can_be_switched_off_or_called_reversed(empty: Client) -> None:
    sold = empty.sale(payment_method=bank("0001")).json
    run(empty, date="2026-03-02")

    off = run(empty, date="2026-03-03", returns=False)
    on = run(empty, date="2026-03-04", return_status="REVERSED")

    assert off["returned_transactions"] == []
    assert on["returned_transactions"] == [sold["id"]]
    assert empty.call("GET", f"/transactions/{sold['id']}").json["status"] == "REVERSED"


def test_pending_bank_money_is_funded_by_settlement(empty: Client) -> None:
    sold = empty.sale(payment_method=bank("0099")).json

    run(empty, date="2026-03-02")

    assert sold["status"] == "PENDING"
    assert empty.call("GET", f"/transactions/{sold['id']}").json["status"] == "FUNDED"


def test_reports_are_filtered_by_day_status_and_account(empty: Client) -> None:
    first = empty.sale().json
    run(empty, date="2026-03-02")
    second = empty.sale(payment_method=bank("0001")).json
    run(empty, date="2026-03-05")
    run(empty, date="2026-03-06")

    def ids(query: str) -> list[str]:
        return [line["id"] for line in lines(empty, query)]

    assert ids("&from_deposit_time_created=2026-03-02&to_deposit_time_created=2026-03-02") == [first["id"]]
    assert ids("&from_deposit_time_created=2026-03-03") == [second["id"], second["id"]]
    assert ids("&status=REJECTED") == [second["id"]]
    assert ids(f"&reference={first['reference']}") == [first["id"]]
    assert ids("&to_time_created=2020-01-01") == []
    assert ids("&account_name=settlement_reporting&status=FUNDED") == [first["id"], second["id"]]
    assert empty.call("GET", "/settlement/transactions?account_name=tokenization").error[2] == "40003"
    days = empty.call("GET", "/settlement/deposits?from_time_created=2026-03-05&to_time_created=2026-03-05").json
    assert [item["time_created"] for item in days["deposits"]] == ["2026-03-05"]


def test_one_deposit_is_read_by_its_id(empty: Client) -> None:
    empty.sale()
    [deposit] = run(empty, date="2026-03-02")["deposits"]

    read = empty.call("GET", f"/settlement/deposits/{deposit['id']}").json
    unknown = empty.call("GET", "/settlement/deposits/DEP_0")

    assert {name: read[name] for name in deposit} == deposit
    assert unknown.error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40118",
        "Deposits DEP_0 not found at this /ucp/settlement/deposits/DEP_0",
    )


def test_batch_counts_what_is_in_it(empty: Client) -> None:
    sold = empty.sale(amount="1000").json
    empty.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "300"})

    batch = empty.call("GET", f"/batches/{sold['batch_id']}").json

    assert (batch["status"], batch["amount"], batch["batch_transaction_count"]) == ("OPEN", "700", 2)
    assert batch["brand_breakdown"] == [
        {"brand": "VISA", "sales": {"count": 1, "amount": "1000"}, "refunds": {"count": 1, "amount": "300"}}
    ]


def test_closing_a_batch_by_hand_ends_what_can_be_reversed(empty: Client) -> None:
    sold = empty.sale(amount="1000").json
    second = empty.sale(amount="2500", payment_method=card("5425230000004415")).json
    empty.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "300"})

    closed = empty.call("POST", f"/batches/{sold['batch_id']}", {}).json
    refused = empty.call("POST", f"/transactions/{second['id']}/reversal", {})
    later = empty.sale().json

    assert (closed["id"], closed["status"], closed["amount"]) == (sold["batch_id"], "CLOSED", "3200")
    assert (closed["action"]["type"], closed["batch_transaction_count"]) == ("CLOSE", 3)
    assert closed["sales"] == {"count": 2, "amount": "3500"}
    assert closed["refunds"] == {"count": 1, "amount": "300"}
    assert [item["brand"] for item in closed["brand_breakdown"]] == ["MASTERCARD", "VISA"]
    assert refused.error[:3] == (400, "INVALID_BATCH_ACTION", "40018")
    assert later["batch_id"] != sold["batch_id"]
    assert closed["time_closed"] != ""


def test_batches_that_cannot_be_closed_say_why(empty: Client) -> None:
    sold = empty.sale().json
    other = empty.sale(currency="EUR").json
    empty.call("POST", f"/transactions/{other['id']}/reversal", {})
    empty.call("POST", f"/batches/{sold['batch_id']}", {})

    assert empty.call("POST", "/batches/", {}).error == (
        400,
        "MANDATORY_DATA_MISSING",
        "40223",
        "Request expects the batch_id",
    )
    assert empty.call("GET", "/batches/").error[2] == "40223"
    assert empty.call("POST", f"/batches/{sold['batch_id']}", {}).error == (
        400,
        "INVALID_BATCH_ACTION",
        "40017",
        "No transaction associated with batch",
    )
    assert empty.call("POST", f"/batches/{other['batch_id']}", {}).error[2] == "40017"
    assert empty.call("POST", "/batches/BAT_0", {}).error[:3] == (502, "ACTION_FAILED", "500010")
    weak = empty.with_token(permissions=["BAT_GET_Single"])
    assert weak.call("POST", f"/batches/{other['batch_id']}", {}).error[2] == "40212"
    assert weak.call("GET", f"/batches/{other['batch_id']}").json["status"] == "OPEN"
