from urllib.parse import urlencode

import pytest

from tests.gpsandbox.client import Client, bank, card


def ids(gateway: Client, **query: object) -> list[str]:
    reply = gateway.call("GET", f"/transactions?{urlencode({'page_size': 100, 'order': 'ASC', **query})}")
    assert reply.status == 200, reply.text
    return [item["id"] for item in reply.json["transactions"]]


def test_filters_narrow_the_list_and_empty_ones_do_not(empty: Client) -> None:
    paid = empty.sale(amount="100", order={"reference": "INV-1"}).json
    declined = empty.sale(amount="200", payment_method=card("4000120000001154")).json
    by_bank = empty.sale(amount="300", currency="CAD", payment_method=bank()).json
    refund = empty.call("POST", f"/transactions/{paid['id']}/refund", {}).json
    everything = [paid["id"], declined["id"], by_bank["id"], refund["id"]]

    assert ids(empty) == everything
    assert ids(empty, amount="", status="", reference="") == everything
    assert ids(empty, reference=paid["reference"]) == [paid["id"]]
    assert ids(empty, status="DECLINED") == [declined["id"]]
    assert ids(empty, type="REFUND") == [refund["id"]]
    assert ids(empty, amount="300") == [by_bank["id"]]
    assert ids(empty, currency="CAD") == [by_bank["id"]]
    assert ids(empty, number_last4="1154") == [declined["id"]]
    assert ids(empty, number_first6="426397", type="SALE") == [paid["id"]]
    assert ids(empty, id=declined["id"]) == [declined["id"]]
    assert ids(empty, batch_id=by_bank["batch_id"]) == [by_bank["id"]]
    assert ids(empty, payment_method="BANK_TRANSFER") == [by_bank["id"]]
    assert ids(empty, account_name="transaction_processing") == everything
    assert ids(empty, brand="VISA", status="CAPTURED", type="SALE") == [paid["id"]]
    assert set(ids(empty, **{"order.reference": "INV-1"})) == {paid["id"], refund["id"]}


def test_filters_by_person_card_and_terminal(empty: Client) -> None:
    ada = empty.sale(payment_method={**card("4263970000005262"), "name": "Ada Payer"}).json
    phone = empty.sale(country="CA", payment_method={**card("5425230000004415"), "entry_mode": "PHONE"}).json
    shown = ada["payment_method"]["card"]
    terminal = empty.call("GET", f"/transactions/{ada['id']}").json["system"]

    assert ids(empty, name="Ada Payer") == [ada["id"]]
    assert ids(empty, entry_mode="PHONE") == ids(empty, country="CA") == [phone["id"]]
    assert ids(empty, brand_reference=shown["brand_reference"]) == [ada["id"]]
    assert ids(empty, authcode=shown["authcode"], brand="VISA") == [ada["id"]]
    assert ids(empty, channel="CNP") == [ada["id"], phone["id"]]
    assert ids(empty, channel="CP") == []
    for name, value in terminal.items():
        assert ids(empty, **{f"system.{name}": value}) == [ada["id"], phone["id"]]
        assert ids(empty, **{f"system.{name}": "other"}) == []


@pytest.mark.parametrize(
    ("order_by", "column"), [("ID", "id"), ("TYPE", "type"), ("STATUS", "status"), ("TIME_CREATED", "time_created")]
)
def test_list_is_ordered_both_ways_by_each_column(empty: Client, order_by: str, column: str) -> None:
    paid = empty.sale().json
    empty.sale(payment_method=card("4000120000001154"))
    empty.call("POST", f"/transactions/{paid['id']}/refund", {})

    up = empty.call("GET", f"/transactions?order_by={order_by}&order=ASC").json["transactions"]
    down = empty.call("GET", f"/transactions?order_by={order_by}&order=DESC").json["transactions"]

    assert [item[column] for item in up] == sorted(item[column] for item in up)
    assert [item["id"] for item in down] == [item["id"] for item in reversed(up)]


def test_time_filters_take_days_and_moments_and_include_both_ends(empty: Client) -> None:
    first, second = empty.sale().json, empty.sale().json
    moment, day = second["time_created"], first["time_created"][:10]

    assert ids(empty, from_time_created=day, to_time_created=second["time_created"][:10]) == [first["id"], second["id"]]
    assert second["id"] in ids(empty, from_time_created=moment)
    assert ids(empty, to_time_created="2020-01-01") == []
    assert ids(empty, from_time_created="2099-01-01") == []


def test_pages_come_with_the_counts_of_all(empty: Client) -> None:
    made = [empty.sale().json["id"] for _ in range(7)]

    first = empty.call("GET", "/transactions?page_size=3").json
    last = empty.call("GET", "/transactions?page_size=3&page=3").json
    default = empty.call("GET", "/transactions").json

    assert [item["id"] for item in first["transactions"]] == made[:-4:-1]
    assert (first["total_record_count"], first["current_page_size"]) == (7, 3)
    assert [item["id"] for item in last["transactions"]] == [made[0]]
    assert last["paging"] == {"page": 3, "page_size": 3, "order": "DESC", "order_by": "TIME_CREATED"}
    assert default["current_page_size"] == 5


@pytest.mark.parametrize(
    ("query", "detailed"),
    [
        ("page=0", "40213"),
        ("page_size=1001", "40213"),
        ("order=SIDEWAYS", "40213"),
        ("order_by=MOOD", "40213"),
        ("status=HAPPY", "40097"),
        ("from_time_created=yesterday", "40105"),
        ("amount=1.00", "40213"),
    ],
)
def test_filters_that_mean_nothing_are_refused(gateway: Client, query: str, detailed: str) -> None:
    assert gateway.call("GET", f"/transactions?{query}").error[2] == detailed


def test_account_of_another_kind_is_refused(gateway: Client) -> None:
    assert gateway.call("GET", "/transactions?account_name=tokenization").error[2] == "40003"
