"""Card and account numbers that people typed are nowhere: not in the database, broker, logs, mail or the sandbox."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import redis
from django.urls import reverse
from playwright.sync_api import Page, expect

from config.devservers import postgres_binary
from oropay.models import Instrument, InstrumentKind, InstrumentState
from tests.contract.sandbox import VISA
from tests.e2e.house import House, Shop, press_pay
from tests.e2e.paying import ACCOUNT, fill_bank, pay_invoice_by_bank, pay_invoice_by_card

Visit = Callable[[str], Page]
CORRECTED, IN_A_FILE = "48610293751664", "48610293751675"
"""What a bank says is right: typed by staff, and in a file of notices."""
PLANTED = (VISA, " ".join((VISA[:4], VISA[4:8], VISA[8:12], VISA[12:])), ACCOUNT, CORRECTED, IN_A_FILE)


def test_planted_numbers_are_nowhere(visit: Visit, house: House, shop: Shop) -> None:
    page = visit(shop.buyer.email)
    pay_invoice_by_card(page, house, house.invoice(shop, "31.00"))
    pay_invoice_by_bank(page, house, house.invoice(shop, "32.00"))
    page.goto(f"{house.url}/payment-methods/add/")
    fill_bank(page)
    press_pay(page)
    expect(page.locator("#methods[data-state=ready] [data-method]")).to_be_visible(timeout=20_000)
    correct(visit(house.seller.staff.email), house)

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


def correct(page: Page, house: House) -> None:
    """Record a bank's notices about the buyer's account: one by hand, one by file."""
    account = Instrument.objects.filter(kind=InstrumentKind.BANK, state=InstrumentState.ACTIVE).latest("pk")
    page.goto(f"{house.url}{reverse('admin:oropay_instrument_change', args=[account.pk])}")
    page.locator("a:visible:has-text('Record a bank'), button:visible:has-text('Record a bank')").first.click()
    page.locator("#dialog select[name=code]").select_option("C01")
    page.locator("#dialog input[name=noticed_on]").fill("2026-01-12")
    page.locator("#dialog input[name=account_number]").fill(CORRECTED)
    page.locator("#dialog input[name=account_number_again]").fill(CORRECTED)
    page.locator("#dialog textarea[name=note]").fill("by letter")
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("h1", has_text=CORRECTED[-4:]).first).to_be_visible()
    page.goto(f"{house.url}{reverse('admin:oropay_changenotice_changelist')}")
    page.locator("a:visible:has-text('Apply a file'), button:visible:has-text('Apply a file')").first.click()
    rows = f"date,code,instrument,account_number\n2026-01-13,C01,{account.pk},{IN_A_FILE}\n"
    page.locator("#dialog input[type=file]").set_input_files(
        {"name": "nocs.csv", "mimeType": "text/csv", "buffer": rows.encode()}
    )
    page.locator("#dialog button[type=submit]").click()
    expect(page.locator("#result_list", has_text=IN_A_FILE[-4:])).to_be_visible()


def database_dump(house: House) -> bytes:
    """Everything in the database as text, the bytes of sealed boxes and documents as they are."""
    dump = [str(postgres_binary("pg_dump")), "--data-only", house.place.database_url]
    return subprocess.run(dump, capture_output=True, check=True).stdout


def broker_dump(house: House) -> bytes:
    store = redis.Redis.from_url(house.place.redis_url)
    return b"\n".join(store.dump(key) or b"" for key in store.scan_iter("*"))
