import pytest

from tests.gpsandbox.client import VISA, Client, bank, card, reference, sale


def test_card_sale_is_captured_and_read_back(gateway: Client) -> None:
    body = sale(order={"reference": "INV-7", "tax_amount": "10"}, description="Two boxes", payer={"email": "a@b.test"})

    made = gateway.call("POST", "/transactions", body).json
    read = gateway.call("GET", f"/transactions/{made['id']}").json

    assert (made["status"], made["type"], made["amount"], made["currency"]) == ("CAPTURED", "SALE", "1999", "USD")
    assert made["action"]["result_code"] == "SUCCESS"
    assert made["payment_method"]["result"] == "00"
    assert made["payment_method"]["message"] == "[ test system ] AUTHORISED"
    assert made["payment_method"]["card"]["masked_number_last4"] == "XXXXXXXXXXXX5262"
    assert made["payment_method"]["card"]["cvv_result"] == "MATCHED"
    assert made["batch_id"].startswith("BAT_")
    assert read["status"] == "CAPTURED"
    assert read["order"] == {"reference": "INV-7", "tax_amount": "10"}
    assert (read["order_reference"], read["description"]) == ("INV-7", "Two boxes")
    assert read["create_action_id"] == made["action"]["id"]


def test_amounts_are_plain_minor_units_whatever_the_currency(gateway: Client) -> None:
    yen = gateway.sale(amount="1000", currency="JPY").json
    dinar = gateway.sale(amount="12345", currency="KWD").json

    assert (yen["amount"], yen["currency"]) == ("1000", "JPY")
    assert (dinar["amount"], dinar["currency"]) == ("12345", "KWD")
    assert yen["batch_id"] != dinar["batch_id"]


def test_hold_is_captured_in_part_and_then_reversed_in_full(gateway: Client) -> None:
    held = gateway.sale(capture_mode="LATER", amount="10000").json

    captured = gateway.call("POST", f"/transactions/{held['id']}/capture", {"amount": "4000"}).json
    again = gateway.call("POST", f"/transactions/{held['id']}/capture", {"amount": "1000"})
    partly = gateway.call("POST", f"/transactions/{held['id']}/reversal", {"amount": "1000"})
    reversed_ = gateway.call("POST", f"/transactions/{held['id']}/reversal", {}).json

    assert (held["status"], held["batch_id"], held["action"]["type"]) == ("PREAUTHORIZED", "", "PREAUTHORIZE")
    assert (captured["id"], captured["status"], captured["amount"]) == (held["id"], "CAPTURED", "4000")
    assert again.error[:3] == (400, "INVALID_ACTION", "40290")
    assert partly.error == (400, "INVALID_REQUEST_DATA", "40214", "partial reversal not supported")
    assert reversed_["status"] == "REVERSED"
    assert gateway.call("GET", f"/transactions/{held['id']}").json["status"] == "REVERSED"


def test_capture_stops_at_115_percent(gateway: Client) -> None:
    held = gateway.sale(capture_mode="LATER", amount="3000").json

    too_much = gateway.call("POST", f"/transactions/{held['id']}/capture", {"amount": "3451"})
    untouched = gateway.call("GET", f"/transactions/{held['id']}").json
    exactly = gateway.call("POST", f"/transactions/{held['id']}/capture", {"amount": "3450"})

    assert too_much.error == (
        400,
        "INVALID_REQUEST_DATA",
        "50020",
        "Can't settle for more than 115% of that which you authorised",
    )
    assert untouched["status"] == "PREAUTHORIZED"
    assert exactly.json["amount"] == "3450"


def test_hold_made_multiple_is_captured_several_times(gateway: Client) -> None:
    held = gateway.sale(capture_mode="MULTIPLE", amount="3000").json

    amounts = [
        gateway.call("POST", f"/transactions/{held['id']}/capture", {"amount": part}).json["amount"]
        for part in ("1000", "500", "1500")
    ]
    more = gateway.call("POST", f"/transactions/{held['id']}/capture", {"amount": "451"})

    assert amounts == ["1000", "1500", "3000"]
    assert more.error[2] == "50020"


def test_refunds_are_new_transactions_and_end_at_115_percent_of_a_sale(gateway: Client) -> None:
    sold = gateway.sale(amount="10000").json
    name = reference()

    first = gateway.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "10000", "reference": name}).json
    second = gateway.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "1500"})
    third = gateway.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "1"})

    assert (first["type"], first["status"], first["parent_resource_id"]) == ("REFUND", "CAPTURED", sold["id"])
    assert [found["id"] for found in gateway.found(name)] == [first["id"]]
    assert second.status == 200
    assert third.error == (
        400,
        "INVALID_REQUEST_DATA",
        "40087",
        "You may only refund up to 115% of the original amount",
    )
    assert gateway.call("GET", f"/transactions/{sold['id']}").json["status"] == "CAPTURED"


def test_refund_of_a_captured_hold_ends_at_100_percent(gateway: Client) -> None:
    held = gateway.sale(capture_mode="LATER", amount="1000").json
    early = gateway.call("POST", f"/transactions/{held['id']}/refund", {"amount": "100"})
    gateway.call("POST", f"/transactions/{held['id']}/capture", {})

    late = gateway.call("POST", f"/transactions/{held['id']}/refund", {"amount": "1001"})

    assert early.error[2] == "40087"
    assert early.error[3].startswith("You can't refund a delayed transaction that has not been sent for settlement")
    assert late.error[3] == "You may only refund up to 100% of the original amount"


def test_reversing_a_refund_makes_its_amount_refundable_again(gateway: Client) -> None:
    sold = gateway.sale(amount="1000").json
    refund = gateway.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "1150"}).json

    gateway.call("POST", f"/transactions/{refund['id']}/reversal", {})

    assert gateway.call("POST", f"/transactions/{sold['id']}/refund", {"amount": "1150"}).status == 200


def test_reversal_accepts_our_reference(gateway: Client) -> None:
    sold = gateway.sale().json

    by_reference = gateway.call("POST", f"/transactions/{sold['reference']}/reversal", {})
    unknown = gateway.call("POST", "/transactions/never-arrived/reversal", {})

    assert (by_reference.json["id"], by_reference.json["status"]) == (sold["id"], "REVERSED")
    assert unknown.error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40008",
        "Transaction never-arrived not found at this location.",
    )
    assert gateway.call("POST", f"/transactions/{sold['reference']}/capture", {}).status == 404


def test_closed_batch_can_only_be_refunded(gateway: Client) -> None:
    sold = gateway.sale().json

    closed = gateway.call("POST", f"/batches/{sold['batch_id']}", {}).json
    refused = gateway.call("POST", f"/transactions/{sold['id']}/reversal", {})
    refunded = gateway.call("POST", f"/transactions/{sold['id']}/refund", {})

    assert (closed["status"], closed["action"]["type"]) == ("CLOSED", "CLOSE")
    assert refused.error[:2] == (400, "INVALID_BATCH_ACTION")
    assert gateway.call("GET", f"/transactions/{sold['id']}").json["status"] == "CAPTURED"
    assert refunded.json["amount"] == "1999"
    assert refunded.json["batch_id"] != sold["batch_id"]
    assert gateway.call("GET", f"/batches/{sold['batch_id']}").json["status"] == "CLOSED"


def test_standalone_credit_needs_no_sale(gateway: Client) -> None:
    card_credit = gateway.sale(type="REFUND").json
    bank_credit = gateway.sale(type="REFUND", payment_method=bank()).json

    assert (card_credit["type"], card_credit["status"], card_credit["action"]["type"]) == (
        "REFUND",
        "CAPTURED",
        "REFUND",
    )
    assert (bank_credit["type"], bank_credit["status"]) == ("REFUND", "CAPTURED")


def test_held_for_review_is_neither_captured_nor_refunded_until_released(gateway: Client) -> None:
    body = sale(
        capture_mode="LATER",
        risk_assessment=[{"mode": "ACTIVE"}],
        payment_method={"name": "Lenny Bruce", "card": VISA},
    )

    held = gateway.call("POST", "/transactions", body).json
    refused = gateway.call("POST", f"/transactions/{held['id']}/capture", {})
    released = gateway.call("POST", f"/transactions/{held['id']}/release", {"reason_code": "FALSE_POSITIVE"}).json
    captured = gateway.call("POST", f"/transactions/{held['id']}/capture", {})

    assert (held["status"], held["risk_assessment"][0]["result"]) == ("PREAUTHORIZED", "PENDING_REVIEW")
    assert refused.error == (400, "INVALID_REQUEST_DATA", "50020", "This transaction has been held")
    assert released["risk_assessment"][0]["result"] == "RELEASE_SUCCESSFUL"
    assert captured.json["status"] == "CAPTURED"


@pytest.mark.parametrize(
    ("mode", "rules", "result"),
    [
        ("ACTIVE", [], "ACCEPTED"),
        ("PASSIVE", [], "ACCEPTED"),
        ("OFF", [], ""),
        ("ACTIVE", [{"reference": "rule-1", "mode": "OFF"}], "NOT_EXECUTED"),
    ],
)
def test_risk_assessment_answers_what_was_asked(
    gateway: Client, mode: str, rules: list[dict[str, str]], result: str
) -> None:
    sold = gateway.sale(risk_assessment=[{"mode": mode, "rules": rules}]).json

    assert sold["risk_assessment"][0]["result"] == result
    assert sold["status"] == "CAPTURED"


def test_hold_and_release_refuse_what_makes_no_sense(gateway: Client) -> None:
    sold = gateway.sale().json
    path = f"/transactions/{sold['id']}"

    assert gateway.call("POST", f"{path}/release", {"reason_code": "OTHER"}).error[3] == (
        "Cant release transaction that is not held"
    )
    assert gateway.call("POST", f"{path}/hold", {"reason_code": "MOOD"}).error[2] == "40259"
    assert gateway.call("POST", f"{path}/hold", {"reason_code": "FRAUD"}).status == 200
    assert gateway.call("POST", f"{path}/hold", {"reason_code": "FRAUD"}).error[3] == "This transaction is already held"


@pytest.mark.parametrize(
    ("changes", "status", "detailed", "text"),
    [
        ({"reference": "short"}, 400, "40213", "reference contains unexpected data"),
        ({"reference": "r" * 51}, 400, "40213", "reference contains unexpected data"),
        ({"amount": "19.99"}, 400, "40213", "amount contains unexpected data"),
        ({"amount": 1999}, 400, "40213", "amount contains unexpected data"),
        ({"amount": "0"}, 400, "40213", "amount contains unexpected data"),
        ({"amount": "-5"}, 400, "40213", "amount contains unexpected data"),
        ({"currency": "usd"}, 400, "40213", "currency contains unexpected data"),
        ({"channel": "MOON"}, 400, "40213", "channel contains unexpected data"),
        ({"amount": None, "currency": None}, 400, "40005", "Request expects the following fields amount, currency"),
        ({"payment_method": None}, 400, "40005", "Request expects the following fields payment_method"),
        ({"account_name": None}, 400, "40005", "Request expects the following fields account_name"),
        ({"account_name": "wrong"}, 403, "40003", "Access token and merchant info do not match"),
        ({"account_name": "tokenization"}, 403, "40003", "Access token and merchant info do not match"),
        (
            {"surcharge_amount": "100"},
            400,
            "50020",
            "The surcharge amount is greater than 5% of the transaction amount",
        ),
        (
            {"payment_method": card("4263970000005261")},
            400,
            "40090",
            "card.number value is invalid. Please check the format and data provided is correct.",
        ),
        ({"payment_method": card("4263970000005262", expiry_year="20")}, 400, "40085", "Expiry date invalid"),
        ({"payment_method": card("4263970000005262", expiry_month="13")}, 400, "40085", "Expiry date invalid"),
        (
            {"payment_method": card("4263970000005262", cvv="12")},
            400,
            "40085",
            "Security Code/CVV2/CVC must be 3 digits",
        ),
        (
            {"payment_method": {"card": {"expiry_month": "05"}}},
            400,
            "40005",
            "Request expects the following fields : number",
        ),
        (
            {"payment_method": {"id": "PMT_nonsense"}},
            400,
            "40213",
            "payment_method.id: PMT_nonsense contains unexpected data",
        ),
        (
            {"payment_method": {"id": "PMT_00000000-0000-4000-8000-000000000000"}},
            404,
            "40116",
            "payment_method PMT_00000000-0000-4000-8000-000000000000 not found at this location.",
        ),
    ],
)
def test_nonsense_is_refused_with_the_gateways_words_and_moves_nothing(
    empty: Client, changes: dict[str, object], status: int, detailed: str, text: str
) -> None:
    reply = empty.call("POST", "/transactions", sale(**changes), key="key-1")

    assert (reply.error[0], reply.error[2], reply.error[3]) == (status, detailed, text)
    assert empty.call("GET", "/transactions").json["total_record_count"] == 0
    assert empty.sale(key="key-1").status == 200


def test_letters_in_the_security_code_break_the_processor(gateway: Client) -> None:
    reply = gateway.sale(payment_method=card("4263970000005262", cvv="12a"))

    assert reply.error[:3] == (502, "SYSTEM_ERROR_DOWNSTREAM", "50018")


def test_body_that_is_no_json_object_is_refused(gateway: Client) -> None:
    for body in (b"{", b"[]", b'"text"', b"\xff"):
        reply = gateway.call("POST", "/transactions", body)

        assert reply.error == (400, "INVALID_REQUEST_DATA", "40213", "Request body contains unexpected data")


def test_nulls_and_odd_content_types_are_tolerated(gateway: Client) -> None:
    body = {**sale(), "description": None, "order": {"reference": None}, "payer": None}

    reply = gateway.call("POST", "/transactions", body, headers={"Content-Type": "charset=UTF-8"})

    assert reply.status == 200


def test_unknown_transaction_is_not_found(gateway: Client) -> None:
    assert gateway.call("GET", "/transactions/TRN_0").error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40118",
        "Transactions TRN_0 not found at this /ucp/transactions/TRN_0",
    )
    assert gateway.call("POST", "/transactions/TRN_0/capture", {}).error[2] == "40008"
