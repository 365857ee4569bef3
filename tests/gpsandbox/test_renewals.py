"""Authorizing more, and authorizing again."""

from typing import Any

import pytest

from tests.gpsandbox.client import BANK, Client, bank, card, reference
from tests.gpsandbox.conftest import Start


def read(gateway: Client, transaction_id: str) -> dict[str, Any]:
    found: dict[str, Any] = gateway.call("GET", f"/transactions/{transaction_id}").json
    return found


def increment(gateway: Client, transaction_id: str, **body: str) -> Any:
    return gateway.call("POST", f"/transactions/{transaction_id}/incremental", body)


def again(gateway: Client, transaction_id: str, key: str = "", **body: Any) -> Any:
    return gateway.call("POST", f"/transactions/{transaction_id}/reauthorization", body, key=key)


# -- incremental --------------------------------------------------------------------------------------------------


def test_an_increment_adds_to_the_hold_and_can_be_captured(gateway: Client) -> None:
    held = gateway.sale(amount="5000", capture_mode="LATER").json

    more = increment(gateway, held["id"], amount="1500")
    captured = gateway.call("POST", f"/transactions/{held['id']}/capture", {})

    assert (more.status, more.json["id"], more.json["status"]) == (200, held["id"], "PREAUTHORIZED")
    assert (more.json["amount"], more.json["action"]["type"]) == ("6500", "INCREMENTAL")
    assert (captured.json["status"], captured.json["amount"]) == ("CAPTURED", "6500")


def test_only_a_hold_can_be_incremented(gateway: Client) -> None:
    sold = gateway.sale(amount="5000").json
    held = gateway.sale(amount="5000", capture_mode="LATER").json
    gateway.call("POST", f"/transactions/{held['id']}/hold", {"reason_code": "FRAUD"})

    assert increment(gateway, sold["id"], amount="1").error[:3] == (400, "INVALID_ACTION", "40290")
    assert increment(gateway, held["id"], amount="1").error[2] == "50020"
    assert increment(gateway, held["id"]).error[2] == "40005"
    assert increment(gateway, held["id"], amount="1.5").error[2] == "40213"
    assert increment(gateway, "TRN_0", amount="1").error[:3] == (404, "RESOURCE_NOT_FOUND", "40008")
    assert (read(gateway, sold["id"])["amount"], read(gateway, held["id"])["amount"]) == ("5000", "5000")


def test_a_declined_increment_leaves_the_hold_as_it_was(gateway: Client) -> None:
    held = gateway.sale(amount="5000", capture_mode="LATER").json
    gateway.rule({"decline": {}}, endpoint="/transactions/{id}/incremental")

    reply = increment(gateway, held["id"], amount="1500")

    assert (reply.status, reply.json["action"]["result_code"]) == (200, "DECLINED")
    assert (read(gateway, held["id"])["status"], read(gateway, held["id"])["amount"]) == ("PREAUTHORIZED", "5000")


# -- reauthorization ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("mode", "status"), [("LATER", "PREAUTHORIZED"), ("AUTO", "CAPTURED")])
def test_a_reversed_card_payment_is_authorized_again_as_a_new_one(gateway: Client, mode: str, status: str) -> None:
    first = gateway.sale(amount="5000", capture_mode=mode).json
    gateway.call("POST", f"/transactions/{first['id']}/reversal", {})
    name = reference()

    second = again(gateway, first["id"], amount="4000", reference=name)

    assert (second.status, second.json["status"], second.json["amount"]) == (200, status, "4000")
    assert second.json["id"] != first["id"]
    assert (second.json["parent_resource_id"], second.json["reference"]) == (first["id"], name)
    assert second.json["payment_method"]["card"]["masked_number_last4"] == "XXXXXXXXXXXX5262"
    assert second.json["action"]["type"] == "REAUTHORIZE"
    assert read(gateway, first["id"])["status"] == "REVERSED"
    assert bool(second.json["batch_id"]) is (mode == "AUTO")


def test_only_what_came_to_nothing_can_be_authorized_again_and_only_once(gateway: Client) -> None:
    sold = gateway.sale(amount="5000").json
    declined = gateway.sale(payment_method=card("4000120000001154")).json
    gone = gateway.sale(amount="5000").json
    gateway.call("POST", f"/transactions/{gone['id']}/reversal", {})

    too_much = again(gateway, gone["id"], amount="5001")
    to_a_bank = again(gateway, gone["id"], payment_method={"bank_transfer": BANK})
    once = again(gateway, gone["id"])
    twice = again(gateway, gone["id"])

    assert again(gateway, sold["id"]).error[:3] == (400, "INVALID_REQUEST_DATA", "40044")
    assert again(gateway, declined["id"]).error[2] == "40044"
    assert again(gateway, "TRN_0").error[2] == "40008"
    assert (too_much.error[2], to_a_bank.error[2]) == ("40044", "40044")
    assert once.status == 200
    assert twice.error[2:] == (
        "40044",
        f"Invalid original transaction for reauthorization: {once.json['id']} was made in its place",
    )


def test_a_key_used_again_names_the_new_transaction(gateway: Client) -> None:
    gone = gateway.sale(amount="5000").json
    gateway.call("POST", f"/transactions/{gone['id']}/reversal", {})
    key = reference()

    first = again(gateway, gone["id"], key=key)
    second = again(gateway, gone["id"], key=key)

    assert second.error[2:] == ("40039", f"Idempotency Key seen before: id={first.json['id']}")


def test_a_returned_bank_payment_is_submitted_again_from_another_account(empty: Client) -> None:
    first = empty.sale(amount="5000", payment_method=bank("0001")).json
    empty.emu("POST", "/settlement/run", {})
    empty.emu("POST", "/settlement/run", {})
    other = {**BANK, "account_number": "5559998888"}

    second = again(
        empty, first["id"], description=f"Resubmitting {first['id']}", payment_method={"bank_transfer": other}
    )
    run = empty.emu("POST", "/settlement/run", {}).json

    assert (second.status, second.json["status"], second.json["amount"]) == (200, "CAPTURED", "5000")
    assert second.json["description"] == f"Resubmitting {first['id']}"
    assert second.json["payment_method"]["result"] == "A0000"
    assert second.json["payment_method"]["bank_transfer"]["masked_account_number_last4"] == "XXXXXX8888"
    assert run["funded_transactions"] == [second.json["id"]]
    assert read(empty, first["id"])["status"] == "REJECTED"
    assert "5559998888" not in str(empty.emu("GET", "/requests").json)


def test_without_another_account_the_same_one_is_tried_and_comes_back_again(empty: Client) -> None:
    first = empty.sale(amount="5000", payment_method=bank("0001")).json
    empty.emu("POST", f"/transactions/{first['id']}/ach-return", {"code": "R01"})

    second = again(empty, first["id"], amount="").json
    runs = [empty.emu("POST", "/settlement/run", {}).json["returned_transactions"] for _ in range(2)]

    assert second["payment_method"]["bank_transfer"]["masked_account_number_last4"] == "XXXXXX0001"
    assert runs == [[], [second["id"]]]


@pytest.mark.parametrize("account_number", ["5559990051", "5559990099"])
def test_submitting_again_ends_as_the_other_account_says(empty: Client, account_number: str) -> None:
    first = empty.sale(amount="5000", payment_method=bank()).json
    empty.emu("POST", f"/transactions/{first['id']}/ach-return", {})
    other = {**BANK, "account_number": account_number}

    second = again(empty, first["id"], payment_method={"bank_transfer": other}).json

    wanted = {"5559990051": ("DECLINED", "DECLINED"), "5559990099": ("PENDING", "PENDING")}
    assert (second["status"], second["action"]["result_code"]) == wanted[account_number]


@pytest.mark.parametrize("path", ["incremental", "reauthorization"])
def test_both_need_their_permission(gateway: Client, path: str) -> None:
    held = gateway.sale(amount="5000", capture_mode="LATER").json
    weak = gateway.with_token(permissions=["TRN_POST_Authorize", "TRN_GET_Single"])

    refused = weak.call("POST", f"/transactions/{held['id']}/{path}", {"amount": "100"})

    assert refused.error[:3] == (403, "ACTION_NOT_AUTHORIZED", "40212")
    assert read(gateway, held["id"])["amount"] == "5000"


def test_a_live_hold_is_authorized_again_only_where_that_is_switched_on(gateway: Client, start: Start) -> None:
    willing = start(GPSANDBOX_FEATURES="renew_live_holds").client.with_token()
    strict, live = gateway.sale(amount="5000", capture_mode="LATER"), willing.sale(amount="5000", capture_mode="LATER")

    answers = again(gateway, strict.json["id"]), again(willing, live.json["id"])

    assert (answers[0].status, answers[0].json["detailed_error_code"]) == (400, "40044")
    assert (answers[1].status, answers[1].json["status"]) == (200, "PREAUTHORIZED")
    assert read(willing, live.json["id"])["status"] == "PREAUTHORIZED"
