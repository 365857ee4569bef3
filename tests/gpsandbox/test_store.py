"""One file, whoever wrote it and however many processes serve it."""

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from gpsandbox.store import SCHEMA, Store
from tests.gpsandbox.client import reference, sale
from tests.gpsandbox.conftest import Start


def test_an_older_file_gets_the_columns_it_lacks_and_keeps_its_rows(tmp_path: Path) -> None:
    path = tmp_path / "old.sqlite3"
    old = sqlite3.connect(path)
    older = SCHEMA.replace(",\n    sent TEXT NOT NULL DEFAULT '', answered TEXT NOT NULL DEFAULT ''", "")
    assert older != SCHEMA
    old.executescript(older)
    old.execute("INSERT INTO requests VALUES (1, '', '', 'GET', '/', '/', '', '', '', 200, '', '')")
    old.commit()
    old.close()

    store = Store(path)
    row = store.row("SELECT * FROM requests")
    store.close()

    assert row is not None
    assert (row["id"], row["sent"], row["answered"]) == (1, "", "")


def test_two_processes_share_one_file_and_one_key_works_once(start: Start) -> None:
    sandbox = start(GPSANDBOX_PROCESSES="2")
    clients = [sandbox.client.with_token() for _ in range(8)]
    body, key = sale(), reference()

    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda client: client.call("POST", "/transactions", body, key=key), clients))

    assert sorted(reply.status for reply in replies) == [200] + [409] * 7
    assert len(clients[0].found(body["reference"])) == 1
    assert sandbox.stop() == 0


def test_the_clock_moves_for_all_processes_at_once(start: Start) -> None:
    sandbox = start(GPSANDBOX_PROCESSES="2")
    client = sandbox.client.with_token(seconds_to_expire=604800)

    now = client.emu("POST", "/clock", {"set": "2030-01-02T10:00:00"}).json["now"]
    later = client.emu("POST", "/clock", {"advance": {"days": 3}}).json["now"]
    back = client.emu("POST", "/clock", {"real": True}).json["now"]
    wrong = client.emu("POST", "/clock", {"advance": {"moons": 1}})

    assert now.startswith("2030-01-02T10:00:0")
    assert later.startswith("2030-01-05T10:00:0")
    assert back < "2030"
    assert (wrong.status, "advance" in wrong.json["error"]) == (400, True)


def test_the_journal_keeps_bodies_without_their_secrets(start: Start) -> None:
    client = start().client.with_token()
    body = sale(description="Pay with 4263 9700 0000 5262")
    client.call("POST", "/transactions", body)

    [call] = client.emu("GET", f"/requests?reference={body['reference']}").json["requests"]

    assert '"number":"•••5262"' in call["sent"]
    assert '"cvv":"•••"' in call["sent"]
    assert "Pay with •••5262" in call["sent"]
    assert '"status":"CAPTURED"' in call["answered"]
