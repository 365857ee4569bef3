"""Reading pages in tests as a browser would."""

import re
from html.parser import HTMLParser
from typing import Any

from django.test import Client

BANK = {
    "bank_holder_name": "Acme",
    "bank_routing": "122000030",
    "bank_account": "90817263544536",
    "bank_account_again": "90817263544536",
}
"""A bank account as somebody types it."""


class Fields(HTMLParser):
    """Names and values of a page's inputs."""

    def __init__(self) -> None:
        super().__init__()
        self.values: dict[str, str] = {}
        self.inputs: list[dict[str, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag != "input":
            return
        found = {name: value or "" for name, value in attrs}
        self.inputs.append(found)
        if found.get("type") in {"checkbox", "radio"} and "checked" not in found:
            return
        if found.get("name"):
            self.values[found["name"]] = found.get("value", "")


def fields(html: str) -> dict[str, str]:
    """What a form on this page would send."""
    reader = Fields()
    reader.feed(html)
    reader.values.pop("csrfmiddlewaretoken", None)
    reader.values.pop("q", None)
    return reader.values


def inputs(html: str) -> list[dict[str, str]]:
    """Every input with its attributes."""
    reader = Fields()
    reader.feed(html)
    return reader.inputs


def text(response: Any) -> str:
    """The visible words of a page, in one line."""
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def send(client: Client, url: str, **changes: str) -> Any:
    """Open a page, fill in its form and send it."""
    return client.post(url, fields(client.get(url).content.decode()) | changes)


def bank_form(client: Client, **changes: str) -> dict[str, str]:
    """What the page sends when somebody adds the bank account."""
    page = client.get("/payment-methods/add/").content.decode()
    method = next(one["value"] for one in inputs(page) if one.get("value", "").startswith("bank:"))
    return fields(page) | {"method": method, "authorised": method} | BANK | changes
