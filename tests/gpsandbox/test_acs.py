"""The bank's pages as a browser asks for them, and what a payment makes of the answer."""

import threading
from typing import Any

import pytest

from tests.gpsandbox.client import Client, card, sale
from tests.gpsandbox.conftest import Running, Start
from tests.gpsandbox.threeds import (
    ATTEMPTED,
    AUTHENTICATED,
    CHALLENGED,
    CHALLENGED_MASTERCARD,
    FAILED,
    METHOD_RETURN,
    RETURN,
    check,
    message,
    post,
    raw,
    result,
    sent_back,
    started,
)


def opened_challenge(client: Client, number: str = CHALLENGED, **more: str) -> tuple[Any, str]:
    """A challenge that the card holder sees, and its address."""
    begun = started(client, number)
    url = begun["three_ds"]["acs_challenge_request_url"]
    page = post(client, url, creq=begun["three_ds"]["challenge_value"], **more)
    assert page.status == 200, page.text
    return begun, url


def test_method_page_hands_the_data_back_to_the_shop(gateway: Client) -> None:
    opened = check(gateway, raw(AUTHENTICATED))
    data = opened["three_ds"]["method_data"]["encoded_method_data"]

    page = post(gateway, opened["three_ds"]["method_url"], threeDSMethodData=data)

    address, fields = sent_back(page)
    assert (page.status, address) == (200, METHOD_RETURN)
    assert list(fields) == ["threeDSMethodData"]
    assert message(fields["threeDSMethodData"]) == {"threeDSServerTransID": opened["id"]}
    assert page.headers["content-security-policy"] == (
        "default-src 'none'; script-src 'self'; style-src 'self'; base-uri 'none'; "
        "form-action http://shop.example; frame-ancestors http://shop.example "
        "http://localhost:8000 http://127.0.0.1:8000 http://north.localhost:8000"
    )


@pytest.mark.parametrize("data", ["", "nonsense", "e30", "eyJ0aHJlZURTU2VydmVyVHJhbnNJRCI6ICJBVVRfeCJ9"])
def test_method_page_goes_nowhere_with_foreign_data(gateway: Client, running: Running, data: str) -> None:
    page = post(gateway, f"http://acs.localhost:{running.port}/acs/method", threeDSMethodData=data)

    assert (page.status, "<form" in page.text) == (400, False)
    assert "form-action 'none'" in page.headers["content-security-policy"]


def test_challenge_page_shows_who_wants_how_much_and_asks(gateway: Client) -> None:
    begun = started(gateway, CHALLENGED, amount="123456")
    three_ds = begun["three_ds"]

    page = post(
        gateway, three_ds["acs_challenge_request_url"], creq=three_ds["challenge_value"], threeDSSessionData='"><b>'
    )

    assert "Sandbox merchant test-app" in page.text
    assert "1,234.56 USD" in page.text
    assert "Visa ending in 7408" in page.text
    assert [label for label in ("Confirm", "Refuse", "Time out") if f">{label}</button>" in page.text] == [
        "Confirm",
        "Refuse",
        "Time out",
    ]
    assert 'value="&quot;&gt;&lt;b&gt;"' in page.text
    assert "<style" not in page.text
    assert "<script" not in page.text
    assert "form-action 'self';" in page.headers["content-security-policy"]
    assert page.headers["cache-control"] == "no-store"
    assert result(gateway, begun["id"])["status"] == "CHALLENGE_REQUIRED"


@pytest.mark.parametrize(
    ("decision", "letter", "status", "three_ds_status", "reason", "eci", "shift"),
    [
        ("confirm", "Y", "SUCCESS_AUTHENTICATED", "AUTHENTICATION_SUCCESSFUL", "", "02", "YES"),
        ("refuse", "N", "NOT_AUTHENTICATED", "AUTHENTICATION_FAILED", "CARD_AUTHENTICATION_FAILED", "00", "NO"),
        (
            "time_out",
            "N",
            "FAILED",
            "AUTHENTICATION_COULD_NOT_BE_PERFORMED",
            "TRANSACTION_TIMED_OUT_AT_THE_ACS",
            "00",
            "NO",
        ),
    ],
)
def test_card_holder_s_answer_ends_the_authentication(
    gateway: Client, decision: str, letter: str, status: str, three_ds_status: str, reason: str, eci: str, shift: str
) -> None:
    begun, url = opened_challenge(gateway, CHALLENGED_MASTERCARD)

    page = post(gateway, url, decision=decision, code="1234", threeDSSessionData="shop-session")

    address, fields = sent_back(page)
    assert (page.status, address) == (200, RETURN)
    assert fields["threeDSSessionData"] == "shop-session"
    assert message(fields["cres"]) == {
        "threeDSServerTransID": begun["id"],
        "acsTransID": begun["three_ds"]["acs_trans_ref"],
        "messageType": "CRes",
        "messageVersion": "2.2.0",
        "challengeCompletionInd": "Y",
        "transStatus": letter,
    }
    ended = gateway.call("POST", f"/authentications/{begun['id']}/result", {}).json
    three_ds = ended["three_ds"]
    assert (ended["status"], three_ds["status"], three_ds["status_reason"]) == (status, three_ds_status, reason)
    assert (three_ds["eci"], three_ds["liability_shift"]) == (eci, shift)
    assert ("authentication_value" in three_ds) == (decision == "confirm")
    assert "acs_challenge_request_url" not in three_ds


def test_wrong_code_is_asked_again_and_decides_nothing(gateway: Client) -> None:
    begun, url = opened_challenge(gateway)

    page = post(gateway, url, decision="confirm", code="9999")

    assert page.status == 200
    assert '<p id="error" class="error" role="alert">This is not the code. Try again.</p>' in page.text
    assert 'aria-invalid="true"' in page.text
    assert result(gateway, begun["id"])["status"] == "CHALLENGE_REQUIRED"


def test_first_answer_stands(gateway: Client) -> None:
    begun, url = opened_challenge(gateway)
    post(gateway, url, decision="refuse")

    again = post(gateway, url, decision="confirm", code="1234")
    reopened = post(gateway, url, creq=begun["three_ds"]["challenge_value"])

    for page in (again, reopened):
        assert message(sent_back(page)[1]["cres"])["transStatus"] == "N"
    assert result(gateway, begun["id"])["status"] == "NOT_AUTHENTICATED"


def test_simultaneous_answers_end_in_one(gateway: Client) -> None:
    begun, url = opened_challenge(gateway)
    letters: list[str] = []

    def answer(decision: str) -> None:
        page = post(gateway, url, decision=decision, code="1234")
        letters.append(message(sent_back(page)[1]["cres"])["transStatus"])

    threads = [threading.Thread(target=answer, args=(decision,)) for decision in ("confirm", "refuse") * 4]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(letters) == 8
    assert len(set(letters)) == 1
    assert (result(gateway, begun["id"])["status"] == "SUCCESS_AUTHENTICATED") == (letters[0] == "Y")


def test_challenge_request_of_another_challenge_is_refused(gateway: Client) -> None:
    begun, url = opened_challenge(gateway)
    other = started(gateway, CHALLENGED)

    mixed = post(gateway, url, creq=other["three_ds"]["challenge_value"])
    unknown = post(gateway, url.replace(begun["three_ds"]["acs_trans_ref"], "x"), decision="refuse")

    assert (mixed.status, unknown.status) == (400, 400)
    for authentication in (begun, other):
        assert result(gateway, authentication["id"])["status"] == "CHALLENGE_REQUIRED"


def test_pages_of_the_bank_exist_on_its_own_origin_only(gateway: Client, running: Running) -> None:
    begun, url = opened_challenge(gateway)
    data = check(gateway, raw(AUTHENTICATED))["three_ds"]["method_data"]["encoded_method_data"]

    elsewhere = [
        post(gateway, url, host=f"127.0.0.1:{running.port}", decision="refuse"),
        post(gateway, "http://x/acs/method", host=f"acs.localhost:{running.port + 1}", threeDSMethodData=data),
        gateway.send("GET", "/acs/acs.js"),
    ]

    assert [reply.status for reply in elsewhere] == [404, 404, 404]
    assert result(gateway, begun["id"])["status"] == "CHALLENGE_REQUIRED"
    script = gateway.send("GET", "/acs/acs.js", headers={"Host": f"acs.localhost:{running.port}"})
    assert (script.status, script.headers["content-type"]) == (200, "text/javascript; charset=utf-8")


def test_program_waits_until_the_card_holder_answered(gateway: Client) -> None:
    begun, url = opened_challenge(gateway)
    waiting = post(gateway, url, **{"get-status-type": "true"})

    control = gateway.emu("POST", f"/authentications/{begun['id']}/challenge", {"decision": "confirm"})

    assert (waiting.status, waiting.text) == (200, "IN_PROGRESS")
    assert control.json == {"id": begun["id"], "status": "SUCCESS_AUTHENTICATED"}
    assert post(gateway, url, **{"get-status-type": "true"}).text == "COMPLETE"
    assert message(sent_back(post(gateway, url))[1]["cres"])["transStatus"] == "Y"


def test_in_conformance_mode_nobody_has_to_confirm(start: Start) -> None:
    client = start(GPSANDBOX_CONFORMANCE="1").client.with_token()
    begun = started(client, CHALLENGED)
    url = begun["three_ds"]["acs_challenge_request_url"]

    opened = post(client, url, host="anything", CREQ=begun["three_ds"]["challenge_value"])
    waited = post(client, url, host="anything", **{"get-status-type": "true"})

    assert "Confirm your payment" in opened.text
    assert waited.text == "COMPLETE"
    assert message(sent_back(post(client, url, host="anything"))[1]["cres"])["transStatus"] == "Y"
    assert result(client, begun["id"])["status"] == "SUCCESS_AUTHENTICATED"


def test_control_room_refuses_an_answer_that_makes_no_sense(gateway: Client) -> None:
    ended = started(gateway, FAILED)
    waiting = started(gateway, CHALLENGED)

    late = gateway.emu("POST", f"/authentications/{ended['id']}/challenge", {"decision": "confirm"})
    odd = gateway.emu("POST", f"/authentications/{waiting['id']}/challenge", {"decision": "shrug"})
    nobody = gateway.emu("POST", "/authentications/AUT_x/challenge", {"decision": "confirm"})

    assert (late.status, odd.status, nobody.status) == (400, 400, 404)
    assert late.json == {"error": "No challenge waits for an answer: the authentication is NOT_AUTHENTICATED."}
    assert result(gateway, ended["id"])["status"] == "NOT_AUTHENTICATED"
    assert result(gateway, waiting["id"])["status"] == "CHALLENGE_REQUIRED"


def paid(client: Client, number: str, authentication: dict[str, Any], **changes: Any) -> Any:
    reply = client.sale(payment_method={**card(number), "authentication": authentication}, **changes)
    assert reply.status == 200, reply.text
    return reply.json


@pytest.mark.parametrize("number", [AUTHENTICATED, ATTEMPTED])
def test_payment_names_its_authentication_and_shows_what_the_bank_thinks(gateway: Client, number: str) -> None:
    begun = started(gateway, number)

    sold = paid(gateway, number, {"id": begun["id"]})

    told = sold["payment_method"]["authentication"]
    assert sold["status"] == "CAPTURED"
    assert told == {
        "id": begun["id"],
        "three_ds": {
            "cavv_result": "MATCHED",
            "liability_shift": "YES",
            "status": begun["status"],
            "message_version": "2.2.0",
            "eci": begun["three_ds"]["eci"],
            "server_trans_ref": begun["three_ds"]["server_trans_ref"],
            "ds_trans_ref": begun["three_ds"]["ds_trans_ref"],
        },
    }
    read = gateway.call("GET", f"/transactions/{sold['id']}").json
    assert read["payment_method"]["authentication"] == told
    by_value = paid(gateway, number, {"three_ds": {"value": begun["three_ds"]["authentication_value"]}})
    assert by_value["payment_method"]["authentication"] == told


@pytest.mark.parametrize(
    ("number", "changes"),
    [(AUTHENTICATED, {"amount": "2000"}), (AUTHENTICATED, {"currency": "EUR"}), (ATTEMPTED, {})],
)
def test_authentication_of_other_money_or_another_card_proves_nothing(
    gateway: Client, number: str, changes: dict[str, str]
) -> None:
    begun = started(gateway, AUTHENTICATED)

    sold = paid(gateway, number, {"id": begun["id"]}, **changes)

    told = sold["payment_method"]["authentication"]["three_ds"]
    assert (sold["status"], told["cavv_result"], told["liability_shift"]) == ("CAPTURED", "NOT_MATCHED", "NO")


@pytest.mark.parametrize("number", [FAILED, CHALLENGED])
def test_payment_goes_on_without_a_successful_authentication_at_the_merchant_s_risk(
    gateway: Client, number: str
) -> None:
    begun = started(gateway, number)

    sold = paid(gateway, number, {"id": begun["id"]})

    told = sold["payment_method"]["authentication"]["three_ds"]
    assert (sold["status"], told["status"]) == ("CAPTURED", begun["status"])
    assert (told["cavv_result"], told["liability_shift"]) == ("NOT_CHECKED", "NO")


def test_invented_values_and_exemptions_are_taken_and_shift_nothing(gateway: Client) -> None:
    invented = paid(gateway, CHALLENGED, {"three_ds": {"value": "made-up", "eci": "05", "message_version": "2.2.0"}})
    exempt = paid(gateway, CHALLENGED, {"three_ds": {"exempt_status": "LOW_VALUE"}})
    without = paid(gateway, CHALLENGED, {})

    assert invented["payment_method"]["authentication"] == {
        "three_ds": {"cavv_result": "NOT_MATCHED", "liability_shift": "NO", "eci": "05"}
    }
    assert exempt["payment_method"]["authentication"] == {
        "three_ds": {"cavv_result": "NOT_CHECKED", "liability_shift": "NO", "exempt_status": "LOW_VALUE", "eci": ""}
    }
    assert "authentication" not in without["payment_method"]


def test_payment_with_an_unknown_authentication_is_refused_and_moves_nothing(gateway: Client) -> None:
    body = sale(payment_method={**card(AUTHENTICATED), "authentication": {"id": "AUT_nobody"}})

    reply = gateway.call("POST", "/transactions", body, key=body["reference"])

    assert reply.error == (404, "RESOURCE_NOT_FOUND", "40118", "Authentication AUT_nobody not found at this location.")
    assert gateway.found(body["reference"]) == []


def test_refund_is_not_authenticated(gateway: Client) -> None:
    begun = started(gateway, AUTHENTICATED)
    sold = paid(gateway, AUTHENTICATED, {"id": begun["id"]})

    refunded = gateway.call("POST", f"/transactions/{sold['id']}/refund", {}).json

    assert "authentication" not in refunded["payment_method"]


@pytest.mark.parametrize("number", ["4242420000000091", "5100000000000131"])
def test_card_that_wants_an_authentication_is_declined_without_and_approved_with_one(
    gateway: Client, number: str
) -> None:
    begun = started(gateway, number)
    without = paid(gateway, number, {})
    unanswered = paid(gateway, number, {"id": begun["id"]})
    gateway.emu("POST", f"/authentications/{begun['id']}/challenge", {"decision": "confirm"})

    proven = paid(gateway, number, {"id": begun["id"]})
    other_money = paid(gateway, number, {"id": begun["id"]}, amount="2000")

    told = [(sold["status"], sold["payment_method"]["result"]) for sold in (without, unanswered, proven, other_money)]
    assert told == [("DECLINED", "111"), ("DECLINED", "111"), ("CAPTURED", "00"), ("DECLINED", "111")]
