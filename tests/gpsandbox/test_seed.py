"""A sandbox that is not empty from the start."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gpsandbox import clock, life, settlement
from gpsandbox.clock import stamp
from gpsandbox.seeds import past
from gpsandbox.seeds.past import Past
from gpsandbox.store import Store
from tests.gpsandbox.client import APP_ID, OTHER_APP_ID, Client
from tests.gpsandbox.conftest import Start

NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def _ids(client: Client, query: str) -> list[str]:
    reply = client.call("GET", f"/settlement/deposits?{query}")
    assert reply.status == 200, reply.text
    return [item["id"] for item in reply.json["deposits"]]


def _found(client: Client, query: str) -> list[str]:
    reply = client.call("GET", f"/settlement/transactions?page_size=50&{query}")
    assert reply.status == 200, reply.text
    return [item["reference"] for item in reply.json["transactions"]]


def test_in_conformance_mode_the_suites_deposits_are_there_once_for_the_first_app(start: Start) -> None:
    sandbox = start(GPSANDBOX_CONFORMANCE="1", GPSANDBOX_PROCESSES="2")
    client = sandbox.client.with_token()
    again = client.emu("POST", "/seed/conformance", {})
    other = client.emu("POST", "/seed/conformance", {"app_id": OTHER_APP_ID})

    deposit = client.call("GET", "/settlement/deposits/DEP_2342423429").json

    assert (deposit["sales"], deposit["refunds"]) == (
        {"count": 2, "amount": "7699"},
        {"count": 1, "amount": "-1000"},
    )
    assert (again.status, again.json) == (200, {"seeded": "conformance", "app_id": APP_ID})
    assert (other.status, other.json["error"]) == (400, "Another app has this seed, and its ids exist once.")
    assert len(_ids(client, "page_size=50")) == 6
    assert client.call("GET", "/settlement/deposits/DEP_2342423440").json["status"] == "SPLIT FUNDING"


def test_deposits_and_lines_are_found_by_every_filter(start: Start) -> None:
    client = start(GPSANDBOX_CONFORMANCE="1").client.with_token()
    since = (datetime.now(UTC) - timedelta(days=29)).date().isoformat()

    assert _ids(client, "id=DEP_2342423423") == ["DEP_2342423423"]
    assert _ids(client, "status=SPLIT_FUNDING") == ["DEP_2342423440"]
    assert _ids(client, "amount=-129&currency=USD") == _ids(client, "order_by=TYPE&page_size=1")
    assert _ids(client, "amount=1") == []
    assert len(_ids(client, f"system.mid=101023947262&from_time_created={since}&page_size=50")) == 6
    assert _ids(client, "system.mid=000023985843") == []
    assert _ids(client, "system.hierarchy=042-70-013-011-018") == []
    assert _ids(client, "masked_account_number_last4=1234") == []
    assert len(_ids(client, "masked_account_number_last4=XXXXXX9999&page_size=50")) == 6
    by_id = _ids(client, "order_by=DEPOSIT_ID&order=ASC&page_size=50")
    assert by_id == sorted(by_id)
    assert _found(client, "arn=24137550037630153798573") == ["50080513769"]
    assert _found(client, "number_first6=543458&authcode=028010") == ["seed-sale-0003"]
    assert _found(client, "brand_reference=MCF1CZ5ME5405&brand=MASTERCARD") == ["seed-sale-0003"]
    assert _found(client, "deposit_status=DELAYED&order=ASC") == ["seed-sale-0006", "seed-sale-0007"]
    assert _found(client, "status=REJECTED") == ["seed-bank-0001"]
    assert _found(client, "system.hierarchy=055-70-024-011-019&type=REFUND") == ["seed-refund-01"]
    assert _found(client, f"to_deposit_time_created={since}") == []
    assert _found(client, f"to_batch_time_created={since}") == []
    assert len(_found(client, f"from_batch_time_created={since}&from_deposit_time_created={since}")) == 11


@pytest.mark.parametrize(
    ("path", "detailed", "text"),
    [
        (
            "deposits?system.hierarchy=x",
            "40105",
            "Invalid Value provided in the input field - system.hierarchy",
        ),
        (
            "transactions?from_deposit_time_created=soon",
            "40105",
            "Invalid Value provided in the input field - from_deposit_time_created",
        ),
        ("deposits?amount=1.50", "40213", "amount contains unexpected data"),
        ("deposits?order_by=LUCK", "40213", "order_by contains unexpected data"),
    ],
)
def test_filters_that_make_no_sense_are_refused(gateway: Client, path: str, detailed: str, text: str) -> None:
    assert gateway.call("GET", f"/settlement/{path}").error == (400, "INVALID_REQUEST_DATA", detailed, text)


def test_the_demo_has_three_weeks_of_trade_that_adds_up(empty: Client) -> None:
    seeded = empty.emu("POST", "/seed/demo", {})
    empty.emu("POST", "/seed/demo", {})

    deposits = empty.call("GET", "/settlement/deposits?page_size=100").json["deposits"]
    sold = empty.call("GET", "/transactions?page_size=1").json["total_record_count"]
    lines = empty.call("GET", "/settlement/transactions?page_size=1000").json["transactions"]

    assert (seeded.status, sold) == (200, 21 * 3 + 4 + 7)
    assert len({(item["time_created"], item["payment_method"]) for item in deposits}) == len(deposits) > 12
    for deposit in deposits:
        its_own = [line for line in lines if line["deposit_id"] == deposit["id"]]
        parts = [deposit["sales"], deposit["refunds"], deposit["fees"]]
        signed = [-int(line["amount"]) if line["type"] == "REFUND" else int(line["amount"]) for line in its_own]
        assert sum(int(part["amount"]) for part in parts) == int(deposit["amount"])
        assert sum(signed) == int(deposit["sales"]["amount"]) + int(deposit["refunds"]["amount"])
    assert [line["reference"] for line in lines if line["status"] == "REJECTED"] == ["DEMO-BANK-15"]
    assert empty.emu("POST", "/seed/moon", {}).status == 404
    assert empty.emu("POST", "/seed/demo", {"app_id": "nobody"}).status == 404


def test_a_chargeback_is_in_the_deposit_of_the_next_banking_day_and_so_is_its_reversal(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.sqlite3")
    with store.atomic():
        [sold] = past.trade(store, APP_ID, at=NOON, payments=[Past(10000, "sold-0001")])
        past.trade(store, APP_ID, at=NOON + timedelta(days=2), payments=[Past(5000, "sold-0002")])
    pass_until(store, NOON + timedelta(days=3, hours=6))

    with store.atomic():
        for kind, days in (("CHARGEBACK", 3), ("CHARGEBACK_REVERSAL", 4)):
            settlement.dispute_line_add(
                store,
                transaction_id=sold,
                kind=kind,
                amount=10000,
                dispute_id="DIS_1",
                now=NOON + timedelta(days=days, hours=7),
            )
    waiting = store.value("SELECT deposit_id FROM settlement_lines WHERE dispute_id = 'DIS_1' AND kind = 'CHARGEBACK'")
    pass_until(store, NOON + timedelta(days=9))

    rows = store.rows("SELECT * FROM deposits ORDER BY paid_on")
    lines = store.rows("SELECT reference, amount FROM settled_transactions ORDER BY line_id")
    store.close()
    assert waiting == ""
    assert [
        (row["paid_on"], row["amount"], row["sales_amount"], row["chargebacks_amount"], row["reversals_amount"])
        for row in rows
    ] == [
        ("2026-03-04", 10000 - 320, 10000, 0, 0),
        ("2026-03-06", 5000 - 175 - 10000, 5000, -10000, 0),
        ("2026-03-09", 10000, 0, 0, 10000),
    ]
    assert [(row["reference"], row["amount"]) for row in lines] == [("sold-0001", 10000), ("sold-0002", 5000)]


def test_a_dispute_line_that_makes_no_sense_is_refused(tmp_path: Path) -> None:
    store = Store(tmp_path / "sandbox.sqlite3")
    with pytest.raises(ValueError, match="RETURN of 1 is no dispute line"):
        settlement.dispute_line_add(
            store, transaction_id="TRN_0", kind="RETURN", amount=1, dispute_id="DIS_1", now=NOON
        )
    with pytest.raises(LookupError, match="TRN_0"):
        settlement.dispute_line_add(
            store, transaction_id="TRN_0", kind="CHARGEBACK", amount=1, dispute_id="DIS_1", now=NOON
        )

    assert store.rows("SELECT * FROM settlement_lines") == []
    assert store.rows("SELECT * FROM agenda WHERE at > ?", (stamp(NOON),)) == []
    store.close()


def pass_until(store: Store, moment: datetime) -> None:
    with store.atomic():
        life.happen(store, until=clock.stamp(moment))
