"""The console: what a trainer sees and presses, over HTTP, and in a browser without any script of ours."""

import html
import http.client
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gpsandbox.console import acts, dial, reading
from gpsandbox.console.html import element, money
from gpsandbox.console.sections import Section
from gpsandbox.store import Store
from tests.axe import axe_violations
from tests.gpsandbox.client import SECRET, VISA, bank, sale
from tests.gpsandbox.conftest import Running, Start
from tests.gpsandbox.visitor import Visitor

# --- the dial --------------------------------------------------------------------------------------------------------


def test_next_payment_times_out_after_the_charge(trainer: Visitor) -> None:
    body, shop = sale(), trainer.client.with_token()

    trainer.send("/console/dial", setting="timeout-after")
    armed = trainer.get("/")
    with pytest.raises(TimeoutError):
        shop.call("POST", "/transactions", body, timeout=0.5)

    assert "<strong>Armed</strong> … times out after the charge" in armed.text
    assert [found["status"] for found in shop.found(body["reference"])] == ["CAPTURED"]
    assert "<strong>Armed</strong>" not in trainer.get("/").text
    assert shop.sale().json["status"] == "CAPTURED"


@pytest.mark.parametrize(
    ("setting", "status", "charges"),
    [
        ("decline", 200, ["DECLINED"]),
        ("html-502", 502, []),
        ("html-502-after", 502, ["CAPTURED"]),
        ("too-many", 429, []),
        ("expire-token", 401, []),
        ("malformed", 200, ["CAPTURED"]),
        ("drop-before", None, []),
        ("drop-after", None, ["CAPTURED"]),
    ],
)
def test_each_setting_of_the_dial_strikes_the_next_payment_only(
    trainer: Visitor, setting: str, status: int | None, charges: list[str]
) -> None:
    shop, body = trainer.client.with_token(), sale()
    trainer.send("/console/dial", setting=setting)
    said = trainer.said()
    shop.call("GET", "/transactions")

    plain = {"X-GP-Version": "2021-03-22", "Authorization": f"Bearer {shop.token}"}  # no look at the spoiled answer
    try:
        seen: int | None = shop.send("POST", "/ucp/transactions", body, headers=plain).status
    except (http.client.RemoteDisconnected, ConnectionResetError):
        seen = None

    shop = trainer.client.with_token()
    assert said == f"Armed: the next payment {dial.BY_NAME[setting].label}."
    assert seen == status
    assert [found["status"] for found in shop.found(body["reference"])] == charges
    assert shop.sale().json["status"] == "CAPTURED"


def test_every_setting_arms_once_and_can_be_disarmed(trainer: Visitor) -> None:
    for setting in dial.SETTINGS:
        trainer.send("/console/dial", setting=setting.name)
        trainer.send("/console/dial", setting=setting.name)
    rules = trainer.client.emu("GET", "/rules").json["rules"]
    shown = trainer.get("/").text

    for rule in rules:
        trainer.send(f"/console/rules/{rule['id']}")

    assert [rule["action"] for rule in rules] == [setting.action for setting in dial.SETTINGS]
    assert shown.count("<strong>Armed</strong>") == len(dial.SETTINGS)
    assert trainer.client.emu("GET", "/rules").json == {"rules": []}
    assert trainer.client.with_token().sale().json["status"] == "CAPTURED"


def test_any_rule_can_be_set_and_nonsense_is_refused_in_words(trainer: Visitor) -> None:
    rule = {"action": "http", "status": "503", "endpoint": "/transactions", "amount": "4242", "nth": "2", "times": ""}
    trainer.send("/console/rules", **rule)
    trainer.send("/console/rules", action="slow", ms="soon", back="/console/faults")

    said = trainer.said("/console/faults")

    assert said == "Nothing was done. ms is a whole number of milliseconds, at most 600000."
    [kept] = trainer.client.emu("GET", "/rules").json["rules"]
    assert kept["match"] == {"endpoint": "/transactions", "amount": "4242"}
    assert (kept["action"], kept["nth"], kept["times"]) == ({"http": {"status": 503}}, 2, None)


def test_rule_for_notifications_is_set_from_the_form(trainer: Visitor) -> None:
    rule = {"action": "webhook", "webhook": "out of order", "endpoint": "/transactions", "reference": "order-0001"}
    trainer.send("/console/rules", **rule, times="3")

    [kept] = trainer.client.emu("GET", "/rules").json["rules"]

    assert (kept["match"], kept["times"]) == ({"reference": "order-0001"}, 3)
    assert kept["action"] == {"webhook": {"reorder": True}}


# --- subjects --------------------------------------------------------------------------------------------------------


def test_one_transaction_shows_its_life_and_what_the_api_says(trainer: Visitor) -> None:
    shop = trainer.client.with_token()
    held = shop.sale(capture_mode="LATER").json
    shop.call("POST", f"/transactions/{held['id']}/capture", {})
    refund = shop.call("POST", f"/transactions/{held['id']}/refund", {"amount": "100"}).json

    page = html.unescape(trainer.get(f"/console/transactions/{held['id']}").text)

    for text in ("PREAUTHORIZE · PREAUTHORIZED · SUCCESS", "CAPTURE · CAPTURED · SUCCESS", refund["id"]):
        assert text in page
    assert f'"id": "{held["id"]}"' in page
    assert '"masked_number_first6last4": "426397XXXXXX5262"' in page
    assert "19.99 USD" in page
    assert VISA["number"] not in page


def test_lists_are_narrowed_by_filters_and_search(trainer: Visitor) -> None:
    shop = trainer.client.with_token()
    sold, other = shop.sale(currency="CAD").json, shop.sale(payment_method=bank("0051")).json

    by_status = trainer.get("/console/transactions?status=DECLINED").text
    by_text = trainer.get(f"/console/transactions?q={sold['reference'].upper()}&currency=CAD").text
    nothing = trainer.get("/console/transactions?status=%27%20OR%201=1--").text

    assert other["id"] in by_status
    assert sold["id"] not in by_status
    assert sold["id"] in by_text
    assert other["id"] not in by_text
    assert "Nothing fits." in nothing


def test_a_reference_that_looks_like_a_card_number_is_found_where_it_is_masked(trainer: Visitor) -> None:
    sold = trainer.client.with_token().sale(reference=f"order-{VISA['number']}").json

    in_journal = html.unescape(trainer.get(f"/console/journal?q={sold['reference']}").text)
    in_sales = trainer.get(f"/console/transactions?q={sold['reference']}").text

    assert "order-•••5262" in in_journal
    assert sold["id"] in in_sales


def test_journal_shows_redacted_bodies(trainer: Visitor) -> None:
    sold = trainer.client.with_token().sale().json
    listed = trainer.get(f"/console/journal?q={sold['reference']}").text
    [number] = re.findall(r'href="/console/journal/(\d+)"', listed)

    page = html.unescape(trainer.get(f"/console/journal/{number}").text)

    assert '"number": "•••5262"' in page
    assert '"status": "CAPTURED"' in page
    assert VISA["number"] not in page


def test_what_a_shop_sends_is_text_and_never_markup(trainer: Visitor) -> None:
    shop = trainer.client.with_token()
    sold = shop.sale(description="<b>bold</b>", reference="<img src=x>-" + sale()["reference"]).json

    pages = [trainer.get(path).text for path in ("/", "/console/transactions", f"/console/transactions/{sold['id']}")]

    for page in pages:
        assert "<img" not in page
        assert "<b>bold" not in page
    assert "&lt;img src=x&gt;" in pages[0]


def test_unknown_pages_say_so(trainer: Visitor) -> None:
    assert trainer.get("/console/unicorns").status == 404
    assert trainer.get("/console/transactions/TRN_0").status == 404
    assert "There is no TRN_0 under Transactions." in trainer.get("/console/transactions/TRN_0").text


def test_subject_is_shown_once_its_table_exists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Store(tmp_path / "x.sqlite3")
    ghosts = Section("ghosts", "Ghosts", "ghosts", columns=("id", "seen", "colour"), search=("id", "colour"))
    monkeypatch.setattr(reading, "SECTIONS", (ghosts,))

    before = reading.sections(store)
    store.write("CREATE TABLE ghosts (id TEXT, colour TEXT)")
    store.write("INSERT INTO ghosts VALUES ('GHO_1', 'white')")
    listed = reading.listed(store, ghosts, asked={"q": "WHITE"}, page=1)
    after = reading.sections(store)
    store.close()

    assert (before, after) == ([], [ghosts])
    assert (listed.columns, len(listed.rows)) == (("id", "colour"), 1)


# --- buttons ---------------------------------------------------------------------------------------------------------


def test_buttons_do_what_the_control_room_does(trainer: Visitor) -> None:
    shop = trainer.client.with_token()
    sold = shop.sale().json
    where = f"/console/transactions/{sold['id']}"

    trainer.send("/console/act/settle", id=sold["id"], back=where)
    settled = shop.call("GET", f"/transactions/{sold['id']}").json["status"]
    forced = trainer.send("/console/act/status", id=sold["id"], status="REJECTED", back=where)
    said = trainer.said(where)
    wrong = trainer.send("/console/act/status", id="TRN_0", status="REJECTED", back=where)
    complaint = trainer.said(where)

    assert settled == "FUNDED"
    assert (forced.status, forced.headers["location"], said) == (303, where, "Done: Force status.")
    assert shop.call("GET", f"/transactions/{sold['id']}").json["status"] == "REJECTED"
    assert (wrong.status, complaint) == (303, "Nothing was done. There is no transaction TRN_0.")


def test_clock_is_moved_and_brought_back(start: Start) -> None:
    sandbox = start()
    trainer = Visitor(sandbox.client)
    trainer.log_in()

    def now() -> str:
        text: str = sandbox.client.emu("GET", "/clock").json["now"]
        return text

    trainer.send("/console/act/set", set="2030-01-30T10:00", back="/console/clock")
    put = now()
    trainer.send("/console/act/day")
    trainer.send("/console/act/days")
    moved = now()
    trainer.send("/console/act/month")
    month = now()
    trainer.send("/console/act/real")

    assert put.startswith("2030-01-30T10:00")
    assert moved.startswith("2030-02-03T10:00")
    assert month.startswith("2030-03-01T10:00")
    assert now() < "2030"
    assert trainer.get("/console/clock").status == 200


def test_form_never_leads_elsewhere(trainer: Visitor) -> None:
    for back in ("https://evil.example/", "//evil.example", "/ucp/transactions", ""):
        assert trainer.send("/console/act/tokens-expire", back=back).headers["location"] == "/"


def test_button_appears_only_with_its_control(monkeypatch: pytest.MonkeyPatch) -> None:
    known = acts.Act("a", "ghosts", "Reset", "/reset", on_row=False)
    unknown = acts.Act("b", "ghosts", "Haunt", "/ghosts/haunt", on_row=False)
    monkeypatch.setattr(acts, "ACTS", (known, unknown))

    assert acts.offered("ghosts") == [known]


def test_money_and_markup_are_written_well() -> None:
    assert money(-123450, "USD") == "−1,234.50 USD"
    assert money(5000, "JPY") == "5,000 JPY"
    assert money(1234, "KWD") == "1.234 KWD"
    assert element("a", "R&D", href='/x?"', hidden=True, title=None) == '<a href="/x?&quot;" hidden>R&amp;D</a>'


# --- in a browser ----------------------------------------------------------------------------------------------------


@pytest.fixture(params=[1280, 360])
def page(browser: Browser, running: Running, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(
        viewport={"width": request.param, "height": 800}, base_url=f"http://127.0.0.1:{running.port}"
    )
    yield context.new_page()
    context.close()
    running.client.emu("DELETE", "/rules")


def test_trainer_needs_only_a_keyboard_and_360_pixels(page: Page, running: Running) -> None:
    sold = running.client.with_token().sale().json
    complaints: list[str] = []
    page.on("console", lambda message: complaints.append(message.text))

    page.goto("/")
    expect(page.get_by_label("Secret")).to_be_focused()
    page.keyboard.type(SECRET)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Today at the gateway")).to_be_visible()
    page.get_by_role("button", name="… times out after the charge").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Armed: the next payment times out after the charge.")
    page.get_by_role("button", name="Disarm: times out after the charge").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_have_text("Disarmed.")

    for path in (
        "/",
        "/console/transactions",
        f"/console/transactions/{sold['id']}",
        "/console/faults",
        "/console/journal",
    ):
        page.goto(path)
        expect(page.get_by_role("heading", level=1)).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), path
        assert axe_violations(page) == [], path
    assert complaints == []
