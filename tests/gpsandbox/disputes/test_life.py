from datetime import datetime
from typing import Any

import pytest

from gpsandbox.disputes import life
from tests.gpsandbox.client import Client, bank, card, sale
from tests.gpsandbox.disputes.conftest import advance, challenge, dispute, money, seen, state


def test_a_chargeback_is_with_the_merchant_and_has_taken_the_money(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, stage="CHARGEBACK", reason_code="132", amount="1500", days=7)

    found = seen(merchant, dispute_id)

    assert (found["stage"], found["status"], found["result"]) == ("CHARGEBACK", "WITH_MERCHANT", "PENDING")
    assert (found["amount"], found["currency"], found["reason_description"]) == ("1500", "USD", "Cancelled Recurring")
    assert (found["last_adjustment_amount"], found["last_adjustment_funding"]) == ("1500", "DEBIT")
    assert (found["last_adjustment_currency"], found["last_adjustment_time_created"]) == ("USD", found["time_created"])
    assert (found["net_financial_amount"], found["net_financial_funding"]) == ("1500", "DEBIT")
    assert (found["account_name"], found["action"]["type"]) == ("dispute_management", "DISPUTE_SINGLE")
    assert found["transaction"]["reference"] == sold["reference"]
    assert found["transaction"]["order"] == {"reference": "INV-1"}
    assert found["transaction"]["amount"] == "1999"
    shown = found["transaction"]["payment_method"]["card"]
    assert (shown["number"], shown["brand"], len(shown["arn"])) == ("426397XXXXXX5262", "VISA", 23)
    opened, due = (datetime.fromisoformat(found[name]) for name in ("stage_time_created", "time_to_respond_by"))
    assert (due - opened).days == 7
    assert money(merchant) == [("CHARGEBACK", "DEBIT", "1500", "DELAYED")]


def test_a_disputed_sale_can_no_longer_be_reversed(merchant: Client, sold: dict[str, Any]) -> None:
    dispute(merchant, sold)

    refused = merchant.call("POST", f"/transactions/{sold['id']}/reversal", {})

    assert refused.error[:2] == (400, "INVALID_BATCH_ACTION")
    assert money(merchant) == [("CHARGEBACK", "DEBIT", "1999", "DELAYED")]


def test_a_retrieval_asks_moves_no_money_and_may_become_a_chargeback(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, stage="RETRIEVAL")

    asked = seen(merchant, dispute_id)
    answered = challenge(merchant, dispute_id)
    nothing_moved = money(merchant)
    advance(merchant, dispute_id, stage="CHARGEBACK")

    assert (asked["last_adjustment_amount"], asked["last_adjustment_funding"]) == ("", "")
    assert (answered["status"], answered["result"], answered["action"]["type"]) == ("CLOSED", "FULFILLED", "CHALLENGE")
    assert nothing_moved == []
    assert state(merchant, dispute_id) == ("CHARGEBACK", "WITH_MERCHANT", "PENDING", "1999")


def test_an_accepted_chargeback_is_over_and_the_money_stays_away(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)

    accepted = merchant.call("POST", f"/disputes/{dispute_id}/acceptance").json

    assert (accepted["id"], accepted["status"], accepted["result"]) == (dispute_id, "CLOSED", "ACCEPTED")
    assert (accepted["action"]["type"], accepted["action"]["result_code"]) == ("ACCEPT", "SUCCESS")
    assert state(merchant, dispute_id) == ("CHARGEBACK", "CLOSED", "ACCEPTED", "1999")
    assert money(merchant) == [("CHARGEBACK", "DEBIT", "1999", "DELAYED")]


def test_a_challenged_chargeback_is_reviewed_and_winning_returns_the_money(
    merchant: Client, sold: dict[str, Any]
) -> None:
    dispute_id = dispute(merchant, sold)

    reviewed = challenge(merchant, dispute_id)
    won = advance(merchant, dispute_id, result="WON")

    assert (reviewed["status"], reviewed["result"]) == ("UNDER_REVIEW", "PENDING")
    assert (won["status"], won["result"], won["taken"]) == ("CLOSED", "WON", "0")
    found = seen(merchant, dispute_id)
    assert (found["last_adjustment_amount"], found["last_adjustment_funding"]) == ("1999", "CREDIT")
    assert found["net_financial_amount"] == ""
    assert [line[1:3] for line in money(merchant)] == [("DEBIT", "1999"), ("CREDIT", "1999")]


def test_the_whole_ladder_takes_and_returns_each_amount_once(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, stage="RETRIEVAL", amount="700")
    advance(merchant, dispute_id, stage="CHARGEBACK")
    advance(merchant, dispute_id, stage="REVERSAL")
    returned = state(merchant, dispute_id)
    advance(merchant, dispute_id, stage="SECOND_CHARGEBACK")
    challenge(merchant, dispute_id)
    advance(merchant, dispute_id, stage="PRE_ARBITRATION", days=3)
    challenge(merchant, dispute_id)
    judged = advance(merchant, dispute_id, stage="ARBITRATION")
    lost = advance(merchant, dispute_id, result="LOST")

    assert returned == ("REVERSAL", "CLOSED", "WON", "")
    assert (judged["status"], judged["next_stages"], judged["next_results"]) == ("UNDER_REVIEW", [], ["WON", "LOST"])
    assert (lost["stage"], lost["result"], lost["taken"]) == ("ARBITRATION", "LOST", "700")
    assert [line[:3] for line in money(merchant)] == [
        ("CHARGEBACK", "DEBIT", "700"),
        ("REVERSAL", "CREDIT", "700"),
        ("SECOND_CHARGEBACK", "DEBIT", "700"),
    ]


@pytest.mark.parametrize("stage", ["PRE_ARBITRATION", "PRE_COMPLIANCE", "COMPLIANCE", "ARBITRATION", "GOODFAITH"])
def test_late_stages_take_the_money_only_when_lost(merchant: Client, sold: dict[str, Any], stage: str) -> None:
    dispute_id = dispute(merchant, sold, stage=stage)
    before = money(merchant)

    advance(merchant, dispute_id, result="LOST")

    assert before == []
    assert money(merchant) == [(stage, "DEBIT", "1999", "DELAYED")]


def test_answers_out_of_turn_are_refused_and_change_nothing(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)
    challenge(merchant, dispute_id)
    before = seen(merchant, dispute_id)

    accepted = merchant.call("POST", f"/disputes/{dispute_id}/acceptance", key="key-1")
    again = merchant.call("POST", f"/disputes/{dispute_id}/challenge", {"documents": [{"b64_content": "QQ=="}]})

    assert accepted.error == (
        400,
        "INVALID_DISPUTE_ACTION",
        "40067",
        "124,Unable to accept for that id. Please check the Case id again.",
    )
    assert again.error == (
        400,
        "INVALID_DISPUTE_ACTION",
        "40060",
        "117,Unable to challenge for that id. Please check the Case id again.",
    )
    after = seen(merchant, dispute_id)
    assert {**after, "action": None} == {**before, "action": None}
    assert merchant.call("POST", "/disputes/DIS_nobody/acceptance").error[1:3] == ("INVALID_DISPUTE_ACTION", "40067")


def test_moves_that_are_not_in_the_table_are_refused_and_change_nothing(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)

    early = merchant.emu("POST", f"/disputes/{dispute_id}/advance", {"stage": "ARBITRATION"})
    wrong = merchant.emu("POST", f"/disputes/{dispute_id}/advance", {"result": "FULFILLED"})
    both = merchant.emu("POST", f"/disputes/{dispute_id}/advance", {"stage": "REVERSAL", "result": "WON"})
    none = merchant.emu("POST", f"/disputes/{dispute_id}/advance", {})
    nobody = merchant.emu("POST", "/disputes/DIS_nobody/advance", {"result": "WON"})

    assert (early.status, early.json["error"]) == (
        400,
        "The next stage of a dispute in CHARGEBACK, WITH_MERCHANT, is one of REVERSAL.",
    )
    assert wrong.json["error"] == "The next result of a dispute in CHARGEBACK, WITH_MERCHANT, is one of WON, LOST."
    assert (both.status, none.status, nobody.status) == (400, 400, 404)
    assert state(merchant, dispute_id) == ("CHARGEBACK", "WITH_MERCHANT", "PENDING", "1999")
    advance(merchant, dispute_id, result="LOST")
    over = merchant.emu("POST", f"/disputes/{dispute_id}/advance", {"result": "WON"})
    assert over.json["error"] == "The next result of a dispute in CHARGEBACK, LOST, is impossible."
    assert len(money(merchant)) == 1


def test_only_captured_card_sales_can_be_disputed_and_only_for_what_they_took(merchant: Client) -> None:
    sold = merchant.sale(amount="1000").json
    held = merchant.sale(capture_mode="LATER").json
    by_bank = merchant.sale(payment_method=bank()).json
    declined = merchant.call("POST", "/transactions", sale(payment_method=card("4000120000001154"))).json
    wishes: list[dict[str, Any]] = [
        {"transaction": held["id"]},
        {"transaction": by_bank["id"]},
        {"transaction": declined["id"]},
        {"transaction": sold["id"], "amount": "1001"},
        {"transaction": sold["id"], "amount": "0"},
        {"transaction": sold["id"], "amount": "-1"},
        {"transaction": sold["id"], "stage": "ANGER"},
        {"transaction": sold["id"], "days": -1},
        {"transaction": sold["id"], "days": "7"},
        {"transaction": sold["id"], "reason_code": "4263970000005262"},
    ]

    refused = [merchant.emu("POST", "/disputes", wish).status for wish in wishes]
    nobody = merchant.emu("POST", "/disputes", {"transaction": "TRN_nobody"})
    merchant.emu("POST", "/disputes", {"transaction": sold["id"], "amount": 600})
    too_much = merchant.emu("POST", "/disputes", {"transaction": sold["id"], "amount": 401})
    rest = merchant.emu("POST", "/disputes", {"transaction": sold["id"]})

    assert refused == [400] * len(wishes)
    assert (nobody.status, too_much.status) == (404, 400)
    assert rest.json["amount"] == "400"
    assert len(merchant.emu("GET", "/disputes").json["disputes"]) == 2


def test_a_won_dispute_comes_back_only_for_money_no_other_dispute_took(merchant: Client, sold: dict[str, Any]) -> None:
    first = dispute(merchant, sold)
    advance(merchant, first, result="WON")
    dispute(merchant, sold, amount="999")

    refused = merchant.emu("POST", f"/disputes/{first}/advance", {"stage": "SECOND_CHARGEBACK"})

    assert refused.json["error"] == "Other disputes leave only 1000 minor units of the sale to dispute."
    assert state(merchant, first) == ("CHARGEBACK", "CLOSED", "WON", "")


def test_the_table_names_only_stages_and_places_that_exist() -> None:
    ends = {*life.STATUSES[:2], life.FULFILLED, life.WON, life.LOST, life.ACCEPTED}

    assert {stage for stage, _ in life.NEXT} <= life.STAGES.keys()
    assert {place for _, place in life.NEXT} <= ends
    assert {stage for following in life.NEXT.values() for stage in following} <= life.STAGES.keys()
    assert all(rule.days > 0 for rule in life.STAGES.values() if rule.status == life.WITH_MERCHANT)
