"""What a payment carries besides its amount: parts of it, orders, taxes, descriptors, agreements."""

from typing import Any

import pytest

from tests.gpsandbox.client import VISA, Client, bank, card, reference
from tests.gpsandbox.conftest import Start

ADDRESS = {"line_1": "1 Oak Street", "city": "Dallas", "state": "TX", "postal_code": "75201", "country": "US"}
LEVEL_2: dict[str, Any] = {
    "tax_amount": "160",
    "tax_mode": "TAXABLE",
    "purchase_order_number": "PO-77",
    "local_tax_percentage": "825",
    "buyer_recipient_name": "Ada Payer",
    "merchant_tax_id_reference": "74-1234567",
}
ORDER = {
    "reference": "INV-77",
    "tax_amount": "160",
    "shipping_amount": "200",
    "shipping_discount": 0,
    "discounts": [{"label": "spring", "amount": "50"}],
    "items": [{"reference": "A1", "label": "Bolt", "quantity": 2, "unit_amount": "800", "tax_amount": "80"}],
    "shipping_address": ADDRESS,
}
PAYER = {"reference": "customer-9", "email": "a@b.test", "billing_address": ADDRESS}


def test_level_2_and_3_data_is_kept_and_shown_again(gateway: Client) -> None:
    made = gateway.sale(order=ORDER, payer=PAYER, merchant_category="OTHER", **LEVEL_2).json

    read = gateway.call("GET", f"/transactions/{made['id']}").json

    assert read["order"] == ORDER
    assert read["payer"] == PAYER
    assert {name: read[name] for name in LEVEL_2} == LEVEL_2
    assert (read["merchant_category"], read["order_reference"]) == ("OTHER", "INV-77")
    assert made["order"] == {"reference": "INV-77"}


def test_refund_keeps_the_order_of_its_sale_and_its_own_taxes(gateway: Client) -> None:
    sold = gateway.sale(order=ORDER, surcharge_amount="10").json
    body = {"amount": "500", "tax_amount": "40", "order": {"taxes": [{"type": "STATE", "amount": "40"}]}}

    refund = gateway.call("POST", f"/transactions/{sold['id']}/refund", body).json
    read = gateway.call("GET", f"/transactions/{refund['id']}").json

    assert read["order"] == {**ORDER, "taxes": [{"type": "STATE", "amount": "40"}]}
    assert read["tax_amount"] == "40"
    assert "surcharge_amount" not in read


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"order": {"items": "many"}}, "order.items"),
        ({"order": {"items": ["bolt"]}}, "order.items"),
        ({"order": {"shipping_address": "Dallas"}}, "shipping_address"),
        ({"payer": "Ada"}, "payer"),
        ({"order": []}, "order"),
    ],
)
def test_order_that_is_no_order_is_refused(gateway: Client, changes: dict[str, Any], named: str) -> None:
    wanted = reference()

    reply = gateway.sale(reference=wanted, **changes)

    assert reply.error == (400, "INVALID_REQUEST_DATA", "40213", f"{named} contains unexpected data")
    assert gateway.found(wanted) == []


def test_parts_of_the_amount_are_named_in_every_answer(gateway: Client) -> None:
    parts: dict[str, Any] = {
        "surcharge_amount": "50",
        "convenience_amount": "100",
        "gratuity_amount": "200",
        "cashback_amount": "300",
    }

    made = gateway.sale(amount="1000", **parts).json
    [listed] = gateway.found(made["reference"])

    assert {name: made[name] for name in parts} == parts
    assert {name: listed[name] for name in parts} == parts


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"surcharge_amount": "51"}, "The surcharge amount is greater than 5% of the transaction amount"),
        ({"convenience_amount": "1001"}, "The convenience amount is greater than the transaction amount"),
        ({"gratuity_amount": "1001"}, "The gratuity amount is greater than the transaction amount"),
        ({"cashback_amount": "1001"}, "The cashback amount is greater than the transaction amount"),
    ],
)
def test_part_that_is_too_large_is_refused(gateway: Client, part: dict[str, Any], text: str) -> None:
    wanted = reference()

    reply = gateway.sale(amount="1000", reference=wanted, **part)

    assert reply.error == (400, "INVALID_REQUEST_DATA", "50020", text)
    assert gateway.found(wanted) == []


def test_narrative_and_fingerprint_are_shown_again(gateway: Client) -> None:
    method = {**card("4263970000005262"), "narrative": "NORTH SUPPLY", "fingerprint_mode": "ALWAYS"}

    made = gateway.sale(payment_method=method).json
    read = gateway.call("GET", f"/transactions/{made['id']}").json

    print_ = made["payment_method"]["fingerprint"]
    assert read["payment_method"]["narrative"] == "NORTH SUPPLY"
    assert read["payment_method"]["fingerprint"] == print_
    found = gateway.call("GET", f"/transactions?fingerprint={print_}&reference={made['reference']}").json
    assert found["total_record_count"] == 1


def test_fingerprint_on_success_is_not_told_of_a_declined_card(gateway: Client) -> None:
    declined = {**card("4000120000001154"), "fingerprint_mode": "ON_SUCCESS"}

    assert "fingerprint" not in gateway.sale(payment_method=declined).json["payment_method"]


def test_stored_credential_is_kept_and_checked(gateway: Client) -> None:
    agreement = {"model": "SUBSCRIPTION", "reason": "DELAYED", "sequence": "FIRST", "contract_reference": "C-1"}

    made = gateway.sale(initiator="MERCHANT", stored_credential=agreement).json
    read = gateway.call("GET", f"/transactions/{made['id']}").json
    wrong = [
        gateway.sale(initiator="Payer").error[3],
        gateway.sale(stored_credential={"sequence": "SOMETIMES"}).error[3],
        gateway.sale(stored_credential={"reason": "MOOD"}).error[3],
        gateway.sale(payment_method={"card": {**VISA, "cvv_indicator": "LOST"}}).error[3],
    ]

    assert (read["initiator"], read["stored_credential"]) == ("MERCHANT", agreement)
    assert wrong == [
        f"{name} contains unexpected data" for name in ("initiator", "sequence", "reason", "cvv_indicator")
    ]


def test_duplicate_is_refused_only_when_asked_and_only_for_ten_minutes(empty: Client) -> None:
    first = empty.sale(amount="4321").json

    asked = empty.sale(amount="4321", check_for_duplicate="YES")
    not_asked = empty.sale(amount="4321", check_for_duplicate="NO")
    other_amount = empty.sale(amount="4322", check_for_duplicate="YES")
    other_card = empty.sale(amount="4321", check_for_duplicate="YES", payment_method=card("5425230000004415"))
    by_bank = empty.sale(amount="4321", check_for_duplicate="YES", payment_method=bank())
    empty.emu("POST", "/clock", {"advance": {"minutes": 11}})
    later = empty.sale(amount="4321", check_for_duplicate="YES")
    empty.emu("POST", "/clock", {"real": True})

    assert asked.error == (400, "DUPLICATE_TRANSACTION", "40040", f"Transaction seen before: id={first['id']}")
    assert [reply.status for reply in (not_asked, other_amount, other_card, by_bank, later)] == [200] * 5


def test_declined_and_reversed_payments_are_no_duplicates(empty: Client) -> None:
    declined = card("4000120000001154")
    empty.sale(payment_method=declined)
    sold = empty.sale().json
    empty.call("POST", f"/transactions/{sold['id']}/reversal", {})

    assert empty.sale(payment_method=declined, check_for_duplicate="YES").status == 200
    assert empty.sale(check_for_duplicate="YES").status == 200


@pytest.mark.parametrize(
    ("number", "currency", "status"),
    [
        ("4263970000005262", "XXX", 502),
        ("4263970000005262", "KWD", 200),
        ("3566000000000000", "SEK", 502),
        ("3566000000000000", "JPY", 200),
        ("6011000000000087", "MXN", 502),
        ("36256000000725", "CHF", 502),
    ],
)
def test_card_and_currency_must_fit(gateway: Client, number: str, currency: str, status: int) -> None:
    wanted = reference()

    reply = gateway.sale(reference=wanted, currency=currency, payment_method=card(number))

    assert reply.status == status
    assert len(gateway.found(wanted)) == (1 if status == 200 else 0)
    if status == 502:
        assert reply.error[1:] == ("SYSTEM_ERROR_DOWNSTREAM", "50024", "currency card combination not allowed")


def test_airline_cards_are_not_taken(gateway: Client) -> None:
    reply = gateway.sale(payment_method=card("135400000007187"))

    assert reply.error[2:] == ("50020", "Transaction not supported Please contact support ")


def test_captures_of_several_are_counted_to_the_last(gateway: Client) -> None:
    held = gateway.sale(capture_mode="MULTIPLE", amount="3000", total_capture_count=3).json
    path = f"/transactions/{held['id']}/capture"

    first = gateway.call("POST", path, {"amount": "500", "capture_sequence": "FIRST"}).json
    last = gateway.call("POST", path, {"amount": "500", "capture_sequence": "LAST"}).json
    more = gateway.call("POST", path, {"amount": "500"})
    read = gateway.call("GET", f"/transactions/{held['id']}").json

    assert (first["amount"], last["amount"], read["amount"]) == ("500", "1000", "1000")
    assert more.error[2:] == ("50020", "All captures of this transaction have been made")
    assert (read["total_capture_count"], read["capture_sequence"]) == (3, "LAST")


def test_no_more_captures_than_were_announced(gateway: Client) -> None:
    held = gateway.sale(capture_mode="MULTIPLE", amount="3000").json
    path = f"/transactions/{held['id']}/capture"

    replies = [gateway.call("POST", path, {"amount": "100", "total_capture_count": "2"}).status for _ in range(3)]

    assert replies == [200, 200, 400]


def test_single_capture_has_no_sequence_and_may_carry_a_gratuity(gateway: Client) -> None:
    held = gateway.sale(capture_mode="LATER", amount="3000").json
    path = f"/transactions/{held['id']}/capture"

    sequence = gateway.call("POST", path, {"capture_sequence": "FIRST"})
    count = gateway.call("POST", path, {"total_capture_count": "0"})
    captured = gateway.call("POST", path, {"amount": "3100", "gratuity_amount": "100"}).json

    assert sequence.error[2:] == ("40043", "Request contains unexpected fields: capture_sequence")
    assert count.error[2] == "40213"
    assert (captured["status"], captured["gratuity_amount"]) == ("CAPTURED", "100")


def test_merchant_without_features_is_told_so(start: Start) -> None:
    gateway = start(GPSANDBOX_FEATURES="partial_reversal").client.with_token()
    held = gateway.sale(capture_mode="LATER", amount="1000").json
    path = f"/transactions/{held['id']}"

    several = gateway.sale(capture_mode="MULTIPLE")
    surcharge = gateway.sale(surcharge_amount="1")
    hold = gateway.call("POST", f"{path}/hold", {})
    partly = gateway.call("POST", f"{path}/reversal", {"amount": "400"}).json
    too_much = gateway.call("POST", f"{path}/reversal", {"amount": "700"})
    captured = gateway.call("POST", f"{path}/capture", {}).json

    text = "Merchant configuration does not exist for the following combination: "
    assert several.error[2:] == ("40041", f"{text}capture_mode - MULTIPLE")
    assert surcharge.error[2:] == ("40041", f"{text}surcharge_amount - 1")
    assert hold.error[2:] == ("40041", f"{text}action - HOLD")
    assert (partly["status"], partly["amount"]) == ("PREAUTHORIZED", "600")
    assert too_much.error[2] == "50020"
    assert (captured["status"], captured["amount"]) == ("CAPTURED", "600")


def test_feature_that_does_not_exist_stops_the_start(start: Start) -> None:
    with pytest.raises(RuntimeError, match="GPSANDBOX_FEATURES names magic"):
        start(GPSANDBOX_FEATURES="hold,magic")
