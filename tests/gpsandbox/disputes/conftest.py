"""A merchant with a settled sale, and the bank that disputes it."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gpsandbox.client import Client, sale

RECEIPT = {"type": "SALES_RECEIPT", "b64_content": "R0lGODlhigPCAXAAACwAAAAAigPCAYf///8AQnv"}


@pytest.fixture
def merchant(empty: Client) -> Iterator[Client]:
    """Signed in for a week at a sandbox that remembers nothing; the clock goes back afterwards."""
    yield empty.with_token(seconds_to_expire=604800)
    empty.emu("POST", "/clock", {"real": True})


@pytest.fixture
def sold(merchant: Client) -> dict[str, Any]:
    """A card sale of 19.99, captured."""
    answer: dict[str, Any] = merchant.call("POST", "/transactions", sale(order={"reference": "INV-1"})).json
    return answer


def dispute(merchant: Client, sold: dict[str, Any], **wish: Any) -> str:
    """Open a dispute and return its id."""
    reply = merchant.emu("POST", "/disputes", {"transaction": sold["id"], **wish})
    assert reply.status == 200, reply.text
    return str(reply.json["id"])


def advance(merchant: Client, dispute_id: str, **wish: Any) -> dict[str, Any]:
    reply = merchant.emu("POST", f"/disputes/{dispute_id}/advance", wish)
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.json
    return answer


def challenge(merchant: Client, dispute_id: str, *documents: dict[str, Any]) -> dict[str, Any]:
    reply = merchant.call("POST", f"/disputes/{dispute_id}/challenge", {"documents": list(documents or [RECEIPT])})
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.json
    return answer


def seen(merchant: Client, dispute_id: str) -> dict[str, Any]:
    reply = merchant.call("GET", f"/disputes/{dispute_id}")
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.json
    return answer


def state(merchant: Client, dispute_id: str) -> tuple[str, str, str, str]:
    """Stage, status, result, and how much the merchant is out."""
    found = seen(merchant, dispute_id)
    return found["stage"], found["status"], found["result"], found["net_financial_amount"]


def money(merchant: Client, query: str = "") -> list[tuple[str, str, str, str]]:
    """What disputes moved, oldest first: stage, direction, amount, status."""
    reply = merchant.call("GET", f"/settlement/disputes?order=ASC&page_size=100{query}")
    assert reply.status == 200, reply.text
    return [
        (item["stage"], item["funding_type"], item["last_adjustment_amount"], item["status"])
        for item in reply.json["disputes"]
    ]
