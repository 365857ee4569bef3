"""Card and account numbers that buyers typed are nowhere: not in the database, broker, logs, mail or the sandbox."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import redis
from playwright.sync_api import Page, expect

from config.devservers import postgres_binary
from tests.contract.sandbox import VISA
from tests.e2e.house import House, Shop, press_pay
from tests.e2e.paying import ACCOUNT, fill_bank, pay_invoice_by_bank, pay_invoice_by_card

Visit = Callable[[str], Page]
PLANTED = (VISA, " ".join((VISA[:4], VISA[4:8], VISA[8:12], VISA[12:])), ACCOUNT)


def test_planted_numbers_are_nowhere(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    pay_invoice_by_card(page, house, house.invoice(shop, "31.00"))
    pay_invoice_by_bank(page, house, house.invoice(shop, "32.00"))
    page.goto(f"{house.url}/payment-methods/add/")
    fill_bank(page)
    press_pay(page)
    expect(page.locator("#methods[data-state=ready] [data-method]")).to_be_visible(timeout=20_000)

    places = {
        "database": database_dump(house),
        "broker": broker_dump(house),
        **{str(path): path.read_bytes() for path in Path(house.place.data).rglob("*") if path.is_file()},
    }

    assert len(places["database"]) > 100_000
    assert any(name.endswith("web.log") for name in places)
    assert any("gpsandbox.sqlite3" in name for name in places)
    found = [(name, number) for name, content in places.items() for number in PLANTED if number.encode() in content]
    assert found == []


def database_dump(house: House) -> bytes:
    """Everything in the database as text, the bytes of sealed boxes and documents as they are."""
    dump = [str(postgres_binary("pg_dump")), "--data-only", house.place.database_url]
    return subprocess.run(dump, capture_output=True, check=True).stdout


def broker_dump(house: House) -> bytes:
    store = redis.Redis.from_url(house.place.redis_url)
    return b"\n".join(store.dump(key) or b"" for key in store.scan_iter("*"))
