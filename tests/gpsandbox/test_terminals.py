"""Cards that a terminal reads: stripes, chips and PINs, none of which is kept."""

import pytest

from tests.gpsandbox.client import VISA, Client, reference, sale
from tests.gpsandbox.conftest import Running, Start

NUMBER = "4012888888881881"
STRIPE = f"%B{NUMBER}^PAYER/ADA^35121010000000000000?;{NUMBER}=35121010000000000?"
PIN_BLOCK = "0123456789ABCDEF0123456789ABCDEF"
TAG = "82021C009A032611269C01005F2A020840"


def swiped(**more: object) -> dict[str, object]:
    return {"entry_mode": "SWIPE", "card": {"track": STRIPE, "pin_block": PIN_BLOCK, "funding": "DEBIT", **more}}


def test_stripe_pays_and_shows_only_the_ends_of_its_number(gateway: Client) -> None:
    sold = gateway.sale(channel="CP", payment_method=swiped()).json

    card = sold["payment_method"]["card"]
    assert (sold["status"], sold["channel"], sold["payment_method"]["entry_mode"]) == ("CAPTURED", "CP", "SWIPE")
    assert (card["brand"], card["masked_number_last4"], card["funding"]) == ("VISA", "XXXXXXXXXXXX1881", "DEBIT")
    assert card["masked_number_first6last4"] == "401288XXXXXX1881"
    assert "tag_response" not in card


def test_chip_is_told_that_it_may_pay(gateway: Client) -> None:
    method = {**swiped(tag=TAG), "entry_mode": "CONTACTLESS_CHIP"}

    sold = gateway.sale(channel="CP", payment_method=method).json

    assert sold["payment_method"]["entry_mode"] == "CONTACTLESS_CHIP"
    assert sold["payment_method"]["card"]["tag_response"] == "8A023030"


def test_terminal_gives_money_back_and_takes_back_what_it_sold(gateway: Client) -> None:
    refund = gateway.sale(channel="CP", type="REFUND", payment_method=swiped()).json
    sold = gateway.sale(channel="CP", payment_method=swiped()).json

    reversed_ = gateway.call("POST", f"/transactions/{sold['id']}/reversal", {}).json

    assert (refund["type"], refund["status"]) == ("REFUND", "CAPTURED")
    assert reversed_["status"] == "REVERSED"


def test_only_the_second_track_or_only_the_first_is_enough(gateway: Client) -> None:
    second = {"card": {"track": f";{NUMBER}=35121010000000000?"}}
    first = {"card": {"track": f"%B{NUMBER}^PAYER/ADA^35121010000000000000?"}}

    assert gateway.sale(channel="CP", payment_method=second).json["status"] == "CAPTURED"
    assert gateway.sale(channel="CP", payment_method=first).json["status"] == "CAPTURED"


@pytest.mark.parametrize(
    ("channel", "method", "detailed", "text"),
    [
        ("CNP", {"card": {"track": STRIPE}}, "40043", "Request contains unexpected fields: payment_method.card.track"),
        (
            "CP",
            {"card": {"track": "nothing"}},
            "40090",
            "card.track value is invalid. Please check the format and data provided is correct.",
        ),
        ("CP", {"entry_mode": "ECOM", "card": {"track": STRIPE}}, "40213", "entry_mode contains unexpected data"),
        ("CNP", {"entry_mode": "SWIPE", "card": VISA}, "40213", "entry_mode contains unexpected data"),
    ],
)
def test_what_no_terminal_would_send_is_refused(
    gateway: Client, channel: str, method: dict[str, object], detailed: str, text: str
) -> None:
    wanted = reference()

    reply = gateway.sale(channel=channel, reference=wanted, payment_method=method)

    assert reply.error == (400, "INVALID_REQUEST_DATA", detailed, text)
    assert gateway.found(wanted) == []


def test_nothing_of_a_stripe_a_chip_or_a_pin_is_left_anywhere(running: Running, gateway: Client) -> None:
    wanted = reference()

    sold = gateway.sale(channel="CP", reference=wanted, payment_method=swiped(tag=TAG))

    left = b"".join(path.read_bytes() for path in running.database.parent.iterdir() if path.is_file())
    assert sold.status == 200
    assert wanted.encode() in left
    assert [secret for secret in (NUMBER, PIN_BLOCK, TAG, "PAYER/ADA") if secret.encode() in left] == []


def test_cards_of_the_suite_that_ran_out_are_good_at_its_terminals_only(start: Start) -> None:
    gateway = start(GPSANDBOX_CONFORMANCE="1").client.with_token()
    old = {"card": {**VISA, "expiry_year": "25"}}

    at_terminal = gateway.call("POST", "/transactions", sale(channel="CP", payment_method=old))
    elsewhere = gateway.call("POST", "/transactions", sale(payment_method=old))

    assert at_terminal.json["status"] == "CAPTURED"
    assert elsewhere.error[2:] == ("40085", "Expiry date invalid")
