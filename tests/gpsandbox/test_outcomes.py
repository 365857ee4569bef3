"""The table in `outcomes.py` against the server, and against what `docs/sandbox-reference.md` tells people."""

import re
from pathlib import Path

import pytest

from gpsandbox.banks import routing_number_holds
from gpsandbox.outcomes import ACCOUNT_ENDINGS, AVS_CARDS, CARD_RESULTS, LETTERS, Outcome, Verdict
from gpsandbox.threeds.scenarios import THREE_DS_CARDS
from tests.gpsandbox.client import BANK, Client, bank, card, reference, sale

DOCS = Path(__file__).parents[2] / "docs" / "sandbox-reference.md"

CARDS = [(number, outcome) for outcome, numbers in CARD_RESULTS for number in numbers]


@pytest.mark.parametrize(("number", "expected"), [pair for pair in CARDS if pair[1].verdict != Verdict.BROKEN])
def test_each_test_card_ends_as_the_table_says(gateway: Client, number: str, expected: Outcome) -> None:
    reply = gateway.sale(payment_method=card(number))

    approved = expected.verdict == Verdict.APPROVED
    assert reply.status == 200
    assert reply.json["status"] == ("CAPTURED" if approved else "DECLINED")
    assert reply.json["action"]["result_code"] == ("SUCCESS" if approved else "DECLINED")
    assert reply.json["payment_method"]["result"] == expected.result
    assert reply.json["payment_method"]["card"]["masked_number_last4"].endswith(number[-4:])


@pytest.mark.parametrize(("number", "expected"), [pair for pair in CARDS if pair[1].verdict == Verdict.BROKEN])
def test_broken_processor_records_nothing_and_uses_up_no_key(gateway: Client, number: str, expected: Outcome) -> None:
    body = sale(payment_method=card(number))

    reply = gateway.call("POST", "/transactions", body, key=body["reference"])

    assert reply.error == (
        502,
        "SYSTEM_ERROR_DOWNSTREAM",
        "50013",
        expected.message,
    )
    assert gateway.found(body["reference"]) == []
    assert gateway.call("POST", "/transactions", body, key=body["reference"]).error[2] == "50013"


@pytest.mark.parametrize(("number", "letters"), AVS_CARDS)
def test_each_avs_card_answers_its_letters(gateway: Client, number: str, letters: str) -> None:
    method = card(number, avs_address="123 Main St.", avs_postal_code="12345")

    sold = gateway.sale(payment_method=method).json

    shown = sold["payment_method"]["card"]
    assert sold["status"] == ("DECLINED" if number.startswith("4259") else "CAPTURED")
    assert shown["cvv_result"] == LETTERS[letters[0]]
    assert shown["avs_postal_code_result"] == LETTERS[letters[1]]
    assert shown["avs_address_result"] == LETTERS[letters[2]]
    assert shown["provider"]["cvv_result"] == letters[0]
    assert shown["provider"]["avs_postal_code_result"] == letters[1]


def test_lists_do_not_carry_avs_and_cvv_results(gateway: Client) -> None:
    sold = gateway.sale().json

    [listed] = gateway.found(sold["reference"])

    assert "cvv_result" not in listed["payment_method"]["card"]
    assert "provider" not in listed["payment_method"]["card"]


def test_bank_transfer_is_captured_at_once(gateway: Client) -> None:
    sold = gateway.sale(payment_method=bank()).json

    assert (sold["status"], sold["action"]["result_code"]) == ("CAPTURED", "SUCCESS")
    assert sold["payment_method"]["result"] == "A0000"
    assert sold["payment_method"]["message"] == "Success"
    assert sold["payment_method"]["bank_transfer"]["masked_account_number_last4"] == "XXXXXX7890"
    assert "card" not in sold["payment_method"]


@pytest.mark.parametrize(
    ("ending", "status", "result_code"),
    [("0051", "DECLINED", "DECLINED"), ("0099", "PENDING", "PENDING"), ("0001", "CAPTURED", "SUCCESS")],
)
def test_account_endings_choose_the_outcome(gateway: Client, ending: str, status: str, result_code: str) -> None:
    sold = gateway.sale(payment_method=bank(ending)).json

    assert (sold["status"], sold["action"]["result_code"]) == (status, result_code)


def test_wrong_routing_number_is_refused(gateway: Client) -> None:
    method = {"bank_transfer": {**BANK, "bank": {"code": "122000031"}}}

    assert gateway.sale(payment_method=method).error == (
        400,
        "INVALID_REQUEST_DATA",
        "40090",
        "bank_transfer.bank.code value is invalid. Please check the format and data provided is correct.",
    )
    assert routing_number_holds("051904524")
    assert not routing_number_holds("12200003")


def test_verification_asks_without_moving_money(gateway: Client) -> None:
    body = {"channel": "CNP", "country": "US", "currency": "USD", "reference": reference()}

    good = gateway.call("POST", "/verifications", {**body, "payment_method": card("4263970000005262")}).json
    bad = gateway.call("POST", "/verifications", {**body, "payment_method": card("4000120000001154")}).json
    vague = gateway.call("POST", "/verifications", {**body, "currency": "", "payment_method": card("4263970000005262")})

    assert (good["status"], good["payment_method"]["result"], good["action"]["type"]) == ("VERIFIED", "00", "VERIFY")
    assert (bad["status"], bad["payment_method"]["result"]) == ("NOT_VERIFIED", "101")
    assert vague.error[3] == "Request expects the following fields currency"
    assert gateway.found(body["reference"]) == []


def test_documentation_lists_exactly_the_outcomes_in_the_code() -> None:
    text = DOCS.read_text()

    cards = set(re.findall(r"\b\d{14,16}\b", text))
    endings = set(re.findall(r"^\| `…(\d{4})` \|", text, re.MULTILINE))
    letters = dict(re.findall(r"^\| (\d{16}) \| ([A-Z]{3}) \|", text, re.MULTILINE))

    authenticated = {number for _, *numbers in THREE_DS_CARDS for number in numbers if number}
    assert cards == {number for number, _ in CARDS} | {number for number, _ in AVS_CARDS} | authenticated
    assert endings == {ending for ending, _ in ACCOUNT_ENDINGS}
    assert letters == dict(AVS_CARDS)
    for outcome, numbers in CARD_RESULTS:
        [row] = [line for line in text.splitlines() if line.startswith(f"| {outcome.result} ")]
        assert [number for number in numbers if number not in row] == []
