import sqlite3
import time
from typing import Any

from tests.gpsandbox.client import Client
from tests.gpsandbox.conftest import Running
from tests.gpsandbox.disputes.conftest import challenge, dispute, money, seen, state


def later(merchant: Client, **much: int) -> Client:
    """The same merchant after a while, signed in anew."""
    merchant.emu("POST", "/clock", {"advance": much})
    return merchant.with_token(seconds_to_expire=604800)


def test_a_chargeback_is_lost_when_its_deadline_passes_and_dated_so(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, days=5)
    due = seen(merchant, dispute_id)["time_to_respond_by"]

    almost = state(later(merchant, days=4, hours=23), dispute_id)
    merchant = later(merchant, days=3)

    assert almost == ("CHARGEBACK", "WITH_MERCHANT", "PENDING", "1999")
    lost = seen(merchant, dispute_id)
    assert (lost["status"], lost["result"], lost["status_time_created"]) == ("CLOSED", "LOST", due)
    refused = merchant.call("POST", f"/disputes/{dispute_id}/acceptance")
    assert refused.error[2] == "40067"
    assert money(merchant) == [("CHARGEBACK", "DEBIT", "1999", "FUNDED")]


def test_money_that_a_passed_deadline_takes_is_dated_with_the_deadline(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, stage="PRE_COMPLIANCE", days=2)
    due = seen(merchant, dispute_id)["time_to_respond_by"]

    merchant = later(merchant, days=6)

    [moved] = merchant.call("GET", "/settlement/disputes").json["disputes"]
    assert (moved["funding_type"], moved["last_adjustment_time_created"]) == ("DEBIT", due)


def test_an_unanswered_retrieval_is_lost_without_money(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, stage="RETRIEVAL", days=1)

    merchant = later(merchant, days=2)

    assert state(merchant, dispute_id) == ("RETRIEVAL", "CLOSED", "LOST", "")
    assert money(merchant) == []


def test_an_answered_dispute_outlives_its_deadline(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, days=1)
    challenge(merchant, dispute_id)

    merchant = later(merchant, days=30)

    assert state(merchant, dispute_id) == ("CHARGEBACK", "UNDER_REVIEW", "PENDING", "1999")


def test_the_ticker_enforces_deadlines_that_nobody_looks_at(
    merchant: Client, sold: dict[str, Any], running: Running
) -> None:
    dispute_id = dispute(merchant, sold, stage="GOODFAITH", days=0)

    with sqlite3.connect(running.database) as beside:
        end = time.monotonic() + 5
        while True:
            found = beside.execute("SELECT status, result, taken FROM disputes WHERE id = ?", (dispute_id,)).fetchone()
            if found[0] == "CLOSED" or time.monotonic() > end:
                break
            time.sleep(0.05)
        lines = beside.execute("SELECT count(*) FROM dispute_adjustments").fetchone()

    assert found == ("CLOSED", "LOST", 1999)
    assert lines == (1,)
