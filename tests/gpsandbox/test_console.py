"""The console: what a trainer sees and presses, over HTTP, and in a browser without any script of ours."""

import asyncio
import html
import http.client
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright
from starlette.types import Message

from gpsandbox.app import application
from gpsandbox.console import acts, dial, reading
from gpsandbox.console.html import element, money
from gpsandbox.console.sections import Section
from gpsandbox.settings import settings_read
from gpsandbox.store import Store
from tests.gpsandbox.client import SECRET, VISA, Client, Reply, bank, sale
from tests.gpsandbox.conftest import Running, Start

ROOT = Path(__file__).parents[2]
AXE = ROOT / "node_modules" / "axe-core" / "axe.min.js"


class Visitor:
    """Somebody with a browser that keeps cookies and sends forms."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Reply:
        return self._kept(self.client.send("GET", path, headers=self._headers()))

    def send(self, path: str, *, token: str | None = None, origin: str = "", **fields: str) -> Reply:
        """Send a form; `token` replaces the one that our pages carry."""
        if token is None:
            token = re.findall(r'name="form_token" value="([0-9a-f]+)"', self.get("/").text)[0]
        body = urlencode({"form_token": token, **fields}).encode()
        headers = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}
        if origin:
            headers["Origin"] = origin
        return self._kept(self.client.send("POST", path, body, headers=headers))

    def log_in(self, secret: str = SECRET) -> Reply:
        token = re.findall(r'name="form_token" value="([0-9a-f]+)"', self.get("/login").text)[0]
        return self.send("/login", token=token, secret=secret, back="/console/clock")

    def said(self, path: str = "/") -> str:
        """What the page says about the form sent before."""
        found = re.search(r'<p class="said[^"]*" role="[a-z]+">(.*?)</p>', self.get(path).text)
        return html.unescape(found.group(1)) if found else ""

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def _kept(self, reply: Reply) -> Reply:
        cookie = reply.headers.get("set-cookie", "")
        name, _, value = cookie.partition(";")[0].partition("=")
        if name:
            self.cookies[name] = value.strip('"')
        return reply


@pytest.fixture
def trainer(running: Running) -> Iterator[Visitor]:
    """A visitor of the shared sandbox who has logged in; no fault is left behind."""
    visitor = Visitor(running.client)
    assert visitor.log_in().status == 303
    yield visitor
    running.client.emu("DELETE", "/rules")


# --- who may see it --------------------------------------------------------------------------------------------------


def test_without_a_secret_there_is_no_console(start: Start) -> None:
    client = start(GPSANDBOX_SECRET="").client

    for path in ("/", "/login", "/console/transactions", "/console.css"):
        assert client.send("GET", path).status == 404


def test_stranger_must_show_the_secret_and_comes_back_where_he_wanted(running: Running) -> None:
    stranger = Visitor(running.client)

    sent_away = stranger.get("/console/journal?method=POST")
    wrong = stranger.log_in("not-the-secret")
    cookies_before = dict(stranger.cookies)
    right = stranger.log_in()

    assert (sent_away.status, sent_away.headers["location"]) == (303, "/login?back=/console/journal%3Fmethod%3DPOST")
    assert (wrong.status, "That is not the secret." in wrong.text, cookies_before) == (401, True, {})
    assert (right.status, right.headers["location"]) == (303, "/console/clock")
    assert stranger.get("/").status == 200


def test_cookie_is_named_apart_and_out_of_reach_of_scripts_and_other_sites(running: Running) -> None:
    cookie = Visitor(running.client).log_in().headers["set-cookie"]

    assert cookie.startswith("gpsandbox_console=")
    assert "HttpOnly" in cookie
    assert "SameSite=strict" in cookie
    assert SECRET not in cookie


def test_forged_and_tampered_cookies_open_nothing(trainer: Visitor) -> None:
    value = trainer.cookies["gpsandbox_console"]
    expires, nonce, signature = value.split(".")

    for forged in ("", "x", f"{int(expires) + 1}.{nonce}.{signature}", f"1.{nonce}.{signature}", value[:-1]):
        trainer.cookies["gpsandbox_console"] = forged
        assert trainer.get("/").status == 303


def test_logging_out_ends_it(trainer: Visitor) -> None:
    gone = trainer.send("/logout")

    assert (gone.status, gone.headers["location"]) == (303, "/login")
    assert trainer.get("/").status == 303


def test_form_that_is_not_ours_does_nothing(trainer: Visitor) -> None:
    other = f"http://127.0.0.1:{trainer.client.port + 1}"

    refused = [
        trainer.send("/console/dial", token="", setting="decline"),
        trainer.send("/console/dial", token="0" * 64, setting="decline"),
        trainer.send("/console/dial", origin=other, setting="decline"),
        trainer.send("/console/act/reset", token=""),
        Visitor(trainer.client).send("/console/dial", token="0" * 64, setting="decline"),
        Visitor(trainer.client).send("/login", token="0" * 64, secret=SECRET),
    ]

    assert [reply.status for reply in refused] == [403] * 6
    assert trainer.client.emu("GET", "/rules").json == {"rules": []}


def test_other_machines_see_nothing_even_with_the_secret(tmp_path: Path) -> None:
    settings = settings_read({"GPSANDBOX_DB": str(tmp_path / "x.sqlite3"), "GPSANDBOX_SECRET": SECRET})
    app = application(settings)

    def status_for(address: str, path: str) -> int:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            sent.append(message)

        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": b"",
            "headers": [(b"x-forwarded-for", b"127.0.0.1")],
            "client": (address, 5000),
        }
        asyncio.run(app(scope, receive, send))
        status: int = sent[0]["status"]
        return status

    assert [status_for("192.0.2.7", path) for path in ("/", "/login", "/console/journal")] == [403, 403, 403]
    assert status_for("127.0.0.1", "/login") == 200


def test_pages_allow_no_script_and_other_origins_may_not_read_them(trainer: Visitor) -> None:
    sold = trainer.client.with_token().sale().json
    pages = ["/", "/console/transactions", f"/console/transactions/{sold['id']}", "/console/faults", "/console/clock"]

    for path in pages:
        reply = trainer.get(path)
        assert reply.status == 200
        assert reply.headers["content-security-policy"] == (
            "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
        )
        assert reply.headers["cache-control"] == "no-store"
        assert not re.search(r"<script|<style| style=| on[a-z]+=", reply.text)
    strangers = {"Origin": "https://evil.example"}
    assert "access-control-allow-origin" not in trainer.client.send("GET", "/login", headers=strangers).headers
    assert "access-control-allow-origin" not in trainer.client.send("GET", "/_emu/rules", headers=strangers).headers
    assert trainer.client.send("GET", "/ucp/nowhere", headers=strangers).headers["access-control-allow-origin"] == "*"


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

    try:
        seen: int | None = shop.call("POST", "/transactions", body).status
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

    assert said == "Nothing was done. ms is a whole number of milliseconds."
    [kept] = trainer.client.emu("GET", "/rules").json["rules"]
    assert kept["match"] == {"endpoint": "/transactions", "amount": "4242"}
    assert (kept["action"], kept["nth"], kept["times"]) == ({"http": {"status": 503}}, 2, None)


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


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    find = "import('@sparticuz/chromium').then(async (m) => console.log(await m.default.executablePath()))"
    path = (
        os.environ.get("CHROMIUM")
        or subprocess.run(
            ["node", "-e", find], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


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
        page.evaluate(AXE.read_text())
        found = page.evaluate("axe.run()")["violations"]
        assert [(one["id"], [node["target"] for node in one["nodes"]]) for one in found] == [], path
    assert complaints == []
