"""A card number, an account number or a security code put where it does not belong is not kept anywhere."""

import stat
from typing import Any

from tests.gpsandbox.client import BANK, VISA, Client, reference, sale
from tests.gpsandbox.conftest import Running, Start
from tests.gpsandbox.test_links import link

NUMBER, SPACED = VISA["number"], "4263 9700 0000 5262"
ACCOUNT, CVV = "998877665544", "8351"
SECRETS = (NUMBER, SPACED, ACCOUNT, CVV)


def test_what_strays_into_other_fields_is_neither_kept_nor_shown(start: Start) -> None:
    sandbox = start()
    client = sandbox.client.with_token()
    payer = {
        "name": f"Ada {NUMBER}",
        "cvv": CVV,
        "card": {"number": int(NUMBER), "Security_Code": CVV},
        "accountNumber": ACCOUNT,
        "landline_phone": int(NUMBER),
    }
    order = {"reference": reference(), "items": [{"label": f"Card {SPACED}", "CVC": CVV}], "notes": [SPACED]}
    made = client.sale(
        description=f"Card {SPACED}", payer=payer, order=order, user_reference=NUMBER, buyer_tax_id_reference=NUMBER
    )
    assert made.status == 200, made.text
    refund = {"description": SPACED, "order": order, "reference": reference()}
    for path, body in (
        (f"/transactions/{made.json['id']}/refund", refund),
        ("/transactions", sale(payment_method={"name": f"Ada {NUMBER}", "card": VISA, "storage_mode": "ALWAYS"})),
        ("/transactions", sale(payment_method={"name": NUMBER, "bank_transfer": {**BANK, "account_number": ACCOUNT}})),
        ("/links", link(name=f"Bill {NUMBER}", description=SPACED, payer=payer)),
        (f"/transactions/{NUMBER}/refund", {}),
        ("/payment-methods", _kept_card(f"Ada {SPACED}")),
    ):
        client.call("POST", path, body, key=reference())
    client.call("GET", f"/transactions?reference={NUMBER}")

    listed = client.call("GET", "/transactions?page_size=100").text + client.call("GET", "/links").text
    journal = client.emu("GET", "/requests").text
    stored = client.emu("GET", "/transactions").text

    assert [secret for secret in SECRETS if secret in listed + journal + stored] == []
    assert _on_disk(sandbox) == []
    assert client.emu("GET", f"/requests?reference={NUMBER}").json["requests"] != []


def test_own_reference_and_key_stay_as_they_were_sent_but_not_in_the_journal(empty: Client) -> None:
    made = empty.sale(reference=NUMBER, key=SPACED).json

    assert made["reference"] == NUMBER
    assert [found["id"] for found in empty.found(NUMBER)] == [made["id"]]
    assert empty.sale(key=SPACED).error[0] == 409
    journal = empty.emu("GET", f"/requests?reference={NUMBER}")
    assert len(journal.json["requests"]) == 2
    assert [secret for secret in SECRETS if secret in journal.text] == []


def test_without_a_secret_cards_are_told_apart_by_a_key_drawn_by_lot(start: Start) -> None:
    prints = []
    for secret in ("", "", "same", "same"):
        sandbox = start(GPSANDBOX_SECRET=secret)
        client = sandbox.client.with_token()
        twice = [_print(client), _print(client)]
        assert twice[0] == twice[1]
        prints.append(twice[0])
        key = sandbox.database.with_name(f"{sandbox.database.name}-key")
        assert key.exists() == (not secret)
        assert secret or stat.S_IMODE(key.stat().st_mode) == 0o600

    assert len(set(prints)) == 3
    assert prints[2] == prints[3]


def _kept_card(name: str) -> dict[str, Any]:
    return {"account_name": "tokenization", "reference": reference(), "name": name, "card": VISA}


def _print(client: Client) -> str:
    method = {"entry_mode": "ECOM", "card": VISA, "fingerprint_mode": "ALWAYS"}
    answer = client.sale(payment_method=method).json
    return str(answer["payment_method"]["fingerprint"])


def _on_disk(sandbox: Running) -> list[tuple[str, str]]:
    files = {path.name: path.read_bytes() for path in sandbox.database.parent.iterdir()}
    return [
        (name, content[max(content.index(secret.encode()) - 40, 0) :][:80].decode(errors="replace"))
        for name, content in files.items()
        for secret in SECRETS
        if secret.encode() in content
    ]
