"""Digital wallets: the amount decides, and no token is kept."""

import re

import pytest

from gpsandbox.outcomes import BY_NAME, LETTERS, WALLET_AMOUNTS, Verdict
from tests.gpsandbox.client import Client, reference
from tests.gpsandbox.conftest import Running
from tests.gpsandbox.test_outcomes import DOCS

SEALED = {"provider": "PAY_BY_GOOGLE", "payment_token": {"signature": "MEUCIQ-planted", "protocolVersion": "ECv1"}}
OPEN = {
    "provider": "APPLEPAY",
    "token": "4111111111111111",
    "token_format": "CARD_NUMBER",
    "expiry_month": "12",
    "expiry_year": "35",
    "cryptogram": "planted-cryptogram",
    "eci": "05",
}


@pytest.mark.parametrize(("brand", "amount", "name"), WALLET_AMOUNTS)
def test_each_wallet_amount_ends_as_the_table_says(gateway: Client, brand: str, amount: int, name: str) -> None:
    expected = BY_NAME[name]

    reply = gateway.sale(amount=str(amount), payment_method={"entry_mode": "IN_APP", "digital_wallet": SEALED})

    if expected.verdict == Verdict.BROKEN:
        assert reply.error == (502, "SYSTEM_ERROR_DOWNSTREAM", "50013", expected.message)
        return
    approved = expected.verdict == Verdict.APPROVED
    shown = reply.json["payment_method"]["digital_wallet"]
    assert reply.json["status"] == ("CAPTURED" if approved else "DECLINED")
    assert reply.json["payment_method"]["result"] == expected.result
    assert (shown["provider"], shown["brand"]) == ("PAY_BY_GOOGLE", brand)
    if name.startswith("avs_"):
        assert shown["avs_postal_code_result"] == LETTERS[expected.postal_code]
        assert shown["avs_address_result"] == LETTERS[expected.address]
    assert "card" not in reply.json["payment_method"]


def test_any_other_amount_and_another_brands_amount_are_declined(gateway: Client) -> None:
    other = gateway.sale(amount="1234", payment_method={"digital_wallet": SEALED}).json
    foreign = gateway.sale(amount="2000", payment_method={"digital_wallet": OPEN}).json
    own = gateway.sale(amount="1000", payment_method={"digital_wallet": OPEN}).json

    assert (other["status"], other["payment_method"]["result"]) == ("DECLINED", "108")
    assert (foreign["status"], foreign["payment_method"]["result"]) == ("DECLINED", "108")
    assert own["status"] == "CAPTURED"
    assert own["payment_method"]["digital_wallet"]["masked_token_first6last4"] == "411111XXXXXX1111"


def test_lists_find_wallets_by_their_token_and_cards_by_their_number(empty: Client) -> None:
    wallet = empty.sale(amount="1000", payment_method={"digital_wallet": OPEN}).json
    card = empty.sale().json

    def ids(query: str) -> list[str]:
        return [item["id"] for item in empty.call("GET", f"/transactions?{query}").json["transactions"]]

    assert ids("token_first6=411111&token_last4=1111") == [wallet["id"]]
    assert ids("number_last4=1111") == []
    assert ids("number_first6=426397&number_last4=5262") == [card["id"]]
    assert ids("token_last4=5262") == []
    assert ids("payment_method=DIGITAL_WALLET") == ids("payment_method=DIGITAL%20WALLET") == [wallet["id"]]
    assert empty.call("GET", "/transactions?token_last4=1111&payment_method=CARD").error == (
        400,
        "INVALID_REQUEST_DATA",
        "40043",
        "Request contains unexpected fields: payment_method",
    )


@pytest.mark.parametrize(
    ("wallet", "detailed", "named"),
    [
        ({"payment_token": {"a": "b"}}, "40005", "provider"),
        ({**SEALED, "provider": "PURSE"}, "40213", "provider"),
        ({"provider": "APPLEPAY"}, "40005", "digital_wallet.payment_token"),
        ({**OPEN, "token": "4111111111111112"}, "40090", "digital_wallet.token"),
        ({**OPEN, "expiry_year": "20"}, "40085", "Expiry date invalid"),
    ],
)
def test_wallets_that_make_no_sense_are_refused(
    gateway: Client, wallet: dict[str, object], detailed: str, named: str
) -> None:
    wanted = reference()

    reply = gateway.sale(amount="1000", reference=wanted, payment_method={"digital_wallet": wallet})

    assert reply.status == 400
    assert reply.error[2] == detailed
    assert named in reply.error[3]
    assert gateway.found(wanted) == []


def test_wallet_is_refunded_and_never_becomes_a_stored_card(gateway: Client) -> None:
    sold = gateway.sale(amount="1000", payment_method={"digital_wallet": OPEN, "storage_mode": "ALWAYS"}).json

    refund = gateway.call("POST", f"/transactions/{sold['id']}/refund", {}).json

    assert "id" not in sold["payment_method"]
    assert (refund["status"], refund["payment_method"]["digital_wallet"]["provider"]) == ("CAPTURED", "APPLEPAY")


def test_nothing_of_a_wallet_is_left_anywhere(running: Running, gateway: Client) -> None:
    gateway.sale(amount="1000", payment_method={"digital_wallet": OPEN})
    gateway.sale(amount="1000", payment_method={"digital_wallet": SEALED})

    left = b"".join(path.read_bytes() for path in running.database.parent.iterdir() if path.is_file())
    planted = (OPEN["token"], "planted-cryptogram", "MEUCIQ-planted")
    assert [secret for secret in planted if secret.encode() in left] == []


def test_settlement_pays_wallets_out(empty: Client) -> None:
    sold = empty.sale(amount="1000", payment_method={"digital_wallet": OPEN}).json

    run = empty.emu("POST", "/settlement/run", {}).json

    assert run["funded_transactions"] == [sold["id"]]


def test_documentation_lists_exactly_the_wallet_amounts_in_the_code() -> None:
    rows = re.findall(r"^\| (\d+\.\d\d) \| (\d+\.\d\d) \| (.+?) \|$", DOCS.read_text(), re.MULTILINE)

    told = {(int(visa.replace(".", "")), int(mastercard.replace(".", ""))) for visa, mastercard, _ in rows}
    visa = [amount for brand, amount, _ in WALLET_AMOUNTS if brand == "VISA"]
    mastercard = [amount for brand, amount, _ in WALLET_AMOUNTS if brand == "MASTERCARD"]
    assert told == set(zip(visa, mastercard, strict=True))
