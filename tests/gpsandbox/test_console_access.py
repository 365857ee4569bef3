"""Who may see the console, and whose forms it believes."""

import asyncio
import re
from pathlib import Path

from starlette.types import Message

from gpsandbox.app import application
from gpsandbox.settings import settings_read
from tests.gpsandbox.client import SECRET
from tests.gpsandbox.conftest import Running, Start
from tests.gpsandbox.visitor import Visitor


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
