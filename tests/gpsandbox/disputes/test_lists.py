from typing import Any
from urllib.parse import urlencode

import pytest

from tests.gpsandbox.client import OTHER_APP_ID, OTHER_APP_KEY, Client, card, sale
from tests.gpsandbox.conftest import Start
from tests.gpsandbox.disputes.conftest import RECEIPT, advance, challenge, dispute, money, seen


def ids(merchant: Client, endpoint: str = "/disputes", **filters: str) -> list[str]:
    reply = merchant.call("GET", f"{endpoint}?{urlencode({'order': 'ASC', 'page_size': '100', **filters})}")
    assert reply.status == 200, reply.text
    return [item["id"] for item in reply.json["disputes"]]


def test_every_filter_of_disputes_narrows(merchant: Client, sold: dict[str, Any]) -> None:
    other = merchant.call("POST", "/transactions", sale(payment_method=card("5425230000004415"))).json
    first = dispute(merchant, sold)
    second = dispute(merchant, other, stage="RETRIEVAL")
    merchant.call("POST", f"/disputes/{first}/acceptance")
    arn = seen(merchant, first)["transaction"]["payment_method"]["card"]["arn"]
    today = seen(merchant, first)["stage_time_created"][:10]

    assert ids(merchant) == [first, second]
    assert ids(merchant, id=second) == [second]
    assert ids(merchant, arn=arn) == [first]
    assert ids(merchant, brand="MASTERCARD") == [second]
    assert ids(merchant, status="CLOSED") == [first]
    assert ids(merchant, status="UNDER_REVIEW") == []
    assert ids(merchant, stage="RETRIEVAL") == [second]
    assert ids(merchant, from_stage_time_created=today, to_stage_time_created=today) == [first, second]
    assert ids(merchant, to_stage_time_created="2020-01-01") == []
    assert ids(merchant, **{"system.mid": "101023947262"}) == [first, second]
    assert ids(merchant, **{"system.mid": "1"}) == []
    assert ids(merchant, **{"system.hierarchy": "055-70-024-011-019"}) == [first, second]
    assert ids(merchant, **{"system.hierarchy": "1"}) == []
    assert ids(merchant, **{"order.reference": "INV-1"}) == [first]
    assert ids(merchant, adjustment_funding="DEBIT") == [first]
    assert ids(merchant, deposit_id="DEP_other") == []
    assert ids(merchant, account_name="dispute_management") == [first, second]


def test_a_list_is_ordered_paged_and_shows_the_card_at_the_top(merchant: Client, sold: dict[str, Any]) -> None:
    made = [dispute(merchant, sold, amount=amount) for amount in ("100", "200", "300")]

    page = merchant.call("GET", "/disputes?order_by=stage&order=ASC&page=2&page_size=2").json

    assert (page["total_record_count"], page["current_page_size"]) == (3, 1)
    assert page["paging"] == {"page": 2, "page_size": 2, "order": "ASC", "order_by": "STAGE"}
    [item] = page["disputes"]
    assert (item["id"], item["amount"], item["payment_method"]["card"]["brand"]) == (made[2], "300", "VISA")
    assert item["system"]["mid"] == "101023947262"
    assert page["action"]["type"] == "DISPUTE_LIST"
    for order_by in ("id", "arn", "brand", "status", "from_stage_time_created", "adjustment_funding"):
        assert len(ids(merchant, order_by=order_by)) == 3


@pytest.mark.parametrize(
    ("query", "detailed"),
    [("status=LOST", "40097"), ("stage=ANGER", "40097"), ("order_by=mood", "40213"), ("arn=874091790340471", "40048")],
)
def test_filters_that_mean_nothing_are_refused(merchant: Client, query: str, detailed: str) -> None:
    assert merchant.call("GET", f"/disputes?{query}").error[2] == detailed


def test_settled_disputes_show_each_movement_with_its_deposit(merchant: Client, sold: dict[str, Any]) -> None:
    merchant.emu("POST", "/settlement/run", {"date": "2026-03-02"})
    dispute_id = dispute(merchant, sold)
    waiting = money(merchant)

    [debited] = merchant.emu("POST", "/settlement/run", {"date": "2026-03-04"}).json["deposits"]
    advance(merchant, dispute_id, result="WON")
    [credited] = merchant.emu("POST", "/settlement/run", {"date": "2026-03-09"}).json["deposits"]

    assert waiting == [("CHARGEBACK", "DEBIT", "1999", "DELAYED")]
    assert (debited["amount"], debited["funding_type"], credited["funding_type"]) == ("-1999", "DEBIT", "CREDIT")
    assert money(merchant, "&status=FUNDED") == [
        ("CHARGEBACK", "DEBIT", "1999", "FUNDED"),
        ("CHARGEBACK", "CREDIT", "1999", "FUNDED"),
    ]
    assert money(merchant, f"&deposit_id={debited['id']}") == [("CHARGEBACK", "DEBIT", "1999", "FUNDED")]
    assert money(merchant, "&from_deposit_time_created=2026-03-05") == [("CHARGEBACK", "CREDIT", "1999", "FUNDED")]
    assert money(merchant, "&funding_type=CREDIT&to_deposit_time_created=2026-03-08") == []
    assert money(merchant, "&status=DELAYED") == []
    assert money(merchant, "&arn=1") == []
    assert ids(merchant, deposit_id=debited["id"]) == [dispute_id]
    last = merchant.call("GET", f"/settlement/disputes/{dispute_id}").json
    assert (last["funding_type"], last["deposit_id"], last["result"]) == ("CREDIT", credited["id"], "WON")
    assert last["deposit_time_created"] == "2026-03-09"
    assert last["transaction"]["payment_method"]["card"]["masked_number_first6last4"] == "426397XXXXXX5262"


def test_a_dispute_that_moved_no_money_is_not_settled(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, stage="RETRIEVAL")

    assert merchant.call("GET", f"/settlement/disputes/{dispute_id}").error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40118",
        f"Disputes {dispute_id} not found at this /ucp/settlement/disputes/{dispute_id}",
    )


def test_permissions_part_looking_answering_and_settlement(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)
    permissions = ["DIS_GET_List", "DIS_POST_Accept", "RAS_POST_Create"]
    named = merchant.sign_in(permissions=permissions).json["scope"]["accounts"]
    narrow = merchant.with_token(permissions=["DIS_GET_List"])

    assert {account["name"] for account in named} == {"dispute_management", "risk_assessment"}
    assert narrow.call("GET", "/disputes").status == 200
    for method, path in (
        ("GET", f"/disputes/{dispute_id}"),
        ("GET", f"/disputes/{dispute_id}/documents/DOC_1"),
        ("POST", f"/disputes/{dispute_id}/acceptance"),
        ("POST", f"/disputes/{dispute_id}/challenge"),
        ("GET", "/settlement/disputes"),
        ("GET", f"/settlement/disputes/{dispute_id}"),
    ):
        assert narrow.call(method, path, {"documents": [RECEIPT]}).error[2] == "40212"
    assert seen(merchant, dispute_id)["status"] == "WITH_MERCHANT"
    assert merchant.call("GET", "/disputes?account_name=tokenization").error[2] == "40003"


def test_an_idempotency_key_answers_a_dispute_once(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)

    first = merchant.call("POST", f"/disputes/{dispute_id}/acceptance", key="key-1")
    second = merchant.call("POST", f"/disputes/{dispute_id}/acceptance", key="key-1")

    assert first.status == 200
    assert second.error[2:] == ("40039", f"Idempotency Key seen before: id={dispute_id}")


def test_specimens_are_there_in_conformance_mode_and_never_change(start: Start) -> None:
    sandbox = start(GPSANDBOX_CONFORMANCE="1")
    clients = [
        sandbox.client.with_token(),
        Client(sandbox.port, app_id=OTHER_APP_ID, app_key=OTHER_APP_KEY).with_token(),
    ]
    for client in clients:
        before = seen(client, "DIS_SAND_abcd1234")

        accepted = [client.call("POST", "/disputes/DIS_SAND_abcd1234/acceptance").json for _ in range(2)]
        fulfilled = challenge(client, "DIS_SAND_abcd1234", RECEIPT)
        reviewed = challenge(client, "DIS_SAND_abcd1241", RECEIPT, RECEIPT)

        assert [answer["result"] for answer in accepted] == ["ACCEPTED", "ACCEPTED"]
        assert (fulfilled["result"], reviewed["status"]) == ("FULFILLED", "UNDER_REVIEW")
        assert {**seen(client, "DIS_SAND_abcd1234"), "action": None} == {**before, "action": None}
        assert (before["stage"], before["status"]) == ("RETRIEVAL", "WITH_MERCHANT")
        assert client.call("GET", "/disputes/DIS_SAND_aaaa1111").error[2] == "40073"
        assert client.call("GET", "/settlement/disputes/DIS_810").json["status"] == "FUNDED"
        assert client.call("GET", "/settlement/disputes/DIS_010").error[2] == "40118"
        assert len(money(client, "&status=FUNDED")) == 3
    refused = clients[0].emu("POST", "/disputes/DIS_810/advance", {"result": "WON"})
    assert (refused.status, "specimen" in refused.json["error"]) == (400, True)


def test_without_conformance_mode_there_are_no_specimens(merchant: Client) -> None:
    assert ids(merchant) == []
    assert ids(merchant, "/settlement/disputes") == []
