"""Currency conversion: a foreign card is offered its own currency, and a payment that takes the offer shows it."""

import pytest

from tests.gpsandbox.client import VISA, Client, card, reference

FOREIGN = "4006097467207025"


def asked(gateway: Client, number: str = FOREIGN, *, key: str = "", **changes: object):
    body = {
        "account_name": "transaction_processing",
        "channel": "CNP",
        "country": "GB",
        "amount": "1511",
        "currency": "EUR",
        "reference": reference(),
        "payment_method": card(number),
        **changes,
    }
    return gateway.call("POST", "/currency-conversions", body, key=key)


def test_foreign_card_is_offered_its_own_currency_and_pays_in_it(gateway: Client) -> None:
    offer = asked(gateway).json

    paid = gateway.sale(
        amount="1511", currency="EUR", payment_method=card(FOREIGN), currency_conversion={"id": offer["id"]}
    ).json
    refunded = gateway.call("POST", f"/transactions/{paid['id']}/refund", {"amount": "1000"}).json
    read = gateway.call("GET", f"/transactions/{paid['id']}").json

    # 0.8560 GBP a euro and 3.5 % margin: 0.88596; 15.11 EUR → 13.3868… → 13.39 GBP, 10.00 EUR → 8.86 GBP.
    assert (offer["status"], offer["action"]["type"]) == ("AVAILABLE", "RATE_LOOKUP")
    assert (offer["payer_amount"], offer["payer_currency"]) == ("1339", "GBP")
    assert (offer["exchange_rate"], offer["margin_rate_percentage"]) == ("0.885960", "3.5")
    assert (paid["amount"], paid["currency"]) == ("1511", "EUR")
    assert paid["currency_conversion"]["payer_amount"] == "1339"
    assert read["currency_conversion"] == paid["currency_conversion"]
    assert refunded["currency_conversion"]["payer_amount"] == "886"


def test_currencies_without_cents_are_converted_in_whole_units(gateway: Client) -> None:
    offer = asked(gateway, currency="JPY", amount="1000").json

    # 1000 JPY × 0.8560 / 163.50 × 1.035 = 5.418… GBP
    assert offer["payer_amount"] == "542"


def test_card_of_the_shops_own_currency_is_offered_nothing_and_pays_as_ever(gateway: Client) -> None:
    offer = asked(gateway, VISA["number"]).json

    paid = gateway.sale(amount="1511", currency="EUR", currency_conversion={"id": offer["id"]}).json

    assert offer["status"] == "NOT_AVAILABLE"
    assert "payer_amount" not in offer
    assert paid["currency_conversion"] == {
        "id": offer["id"],
        "amount": "1511",
        "currency": "EUR",
        "payer_amount": "1511",
        "payer_currency": "EUR",
    }


def test_single_use_token_is_looked_at_and_can_still_pay(gateway: Client) -> None:
    stored = {"reference": reference(), "usage_mode": "SINGLE", **card(FOREIGN)}
    token = gateway.call("POST", "/payment-methods", stored).json["id"]

    offer = asked(gateway, payment_method={"id": token}).json
    paid = gateway.sale(payment_method={"id": token}, currency="EUR", currency_conversion={"id": offer["id"]})

    assert offer["payer_currency"] == "GBP"
    assert paid.json["status"] == "CAPTURED"


def test_used_key_names_the_first_offer_and_its_status(gateway: Client) -> None:
    key = reference()
    first = asked(gateway, key=key).json

    again = asked(gateway, key=key)

    assert again.error == (
        409,
        "DUPLICATE_ACTION",
        "40039",
        f"Idempotency Key seen before: id={first['id']}, status=AVAILABLE",
    )


@pytest.mark.parametrize("field", ["amount", "currency"])
def test_missing_field_is_named(gateway: Client, field: str) -> None:
    assert asked(gateway, **{field: ""}).error == (
        400,
        "MANDATORY_DATA_MISSING",
        "40005",
        f"Request expects the following fields : {field}",
    )


def test_payment_naming_a_wrong_conversion_takes_nothing(gateway: Client) -> None:
    offer, name = asked(gateway).json, reference()

    unknown = gateway.sale(reference=name, currency_conversion={"id": "DCC_0"})
    other_currency = gateway.sale(reference=name, currency="USD", currency_conversion={"id": offer["id"]})

    assert unknown.error[:3] == (404, "RESOURCE_NOT_FOUND", "40118")
    assert other_currency.error[:3] == (400, "INVALID_REQUEST_DATA", "50020")
    assert gateway.found(name) == []
