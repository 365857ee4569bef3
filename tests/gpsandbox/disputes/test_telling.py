"""A merchant is told of disputes where the sandbox is set to, and otherwise not."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gpsandbox.client import Client
from tests.gpsandbox.conftest import Start
from tests.gpsandbox.disputes.conftest import advance, challenge, dispute, seen
from tests.gpsandbox.receiver import Receiver, receiving, until


@pytest.fixture
def shop() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


def sold(client: Client, shop: Receiver) -> dict[str, Any]:
    made: dict[str, Any] = client.sale(notifications={"status_url": f"{shop.url}/status"}).json
    return made


def words(told: dict[str, Any]) -> tuple[str, ...]:
    return tuple(told[name] for name in ("id", "stage", "status", "result"))


def told(shop: Receiver) -> list[tuple[str, ...]]:
    """Of disputes; that a sale was funded is told as well."""
    return [words(heard.body) for heard in shop.heard if "stage" in heard.body]


def test_what_the_bank_does_is_told_as_it_can_be_read(start: Start, shop: Receiver) -> None:
    client = start(GPSANDBOX_NOTIFY_DISPUTES="1").client.with_token(seconds_to_expire=604800)
    name = dispute(client, sold(client, shop))
    [opened] = shop.wait(1)
    challenge(client, name)

    advance(client, name, result="WON")

    won = shop.wait(2)[1]
    assert opened.genuine
    assert won.genuine
    assert words(opened.body) == (name, "CHARGEBACK", "WITH_MERCHANT", "PENDING")
    assert words(won.body) == words(seen(client, name)) == (name, "CHARGEBACK", "CLOSED", "WON")
    assert won.body["action"]["type"] == "STATUS_NOTIFICATION"


def test_a_deadline_that_passes_is_told(start: Start, shop: Receiver) -> None:
    client = start(GPSANDBOX_NOTIFY_DISPUTES="1").client.with_token(seconds_to_expire=604800)
    name = dispute(client, sold(client, shop), days=1)
    shop.wait(1)

    client.emu("POST", "/clock", {"advance": {"days": 2}})

    until(lambda: (name, "CHARGEBACK", "CLOSED", "LOST") in told(shop), "the loss to be told")
    assert told(shop).count((name, "CHARGEBACK", "CLOSED", "LOST")) == 1


def test_nobody_is_told_of_disputes_unless_the_sandbox_is_set_to(start: Start, shop: Receiver) -> None:
    client = start().client.with_token()

    name = dispute(client, sold(client, shop))

    assert seen(client, name)["status"] == "WITH_MERCHANT"
    assert client.emu("GET", "/notifications").json["notifications"] == []
