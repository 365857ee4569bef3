"""What a shop sends for 3-D Secure, and how these tests play its browser."""

import base64
import html
import json
import re
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

from tests.gpsandbox.client import VISA, Client, Reply, reference

CHALLENGED, CHALLENGED_MASTERCARD = "4222000001227408", "5506874496684651"
AUTHENTICATED, FAILED, ATTEMPTED = "4222000006285344", "4222000002144131", "4222000005218627"
RETURN = "http://shop.example/3ds/challenge"
METHOD_RETURN = "http://shop.example/3ds/method"
BROWSER_DATA = {
    "accept_header": "text/html",
    "color_depth": "TWENTY_FOUR_BITS",
    "ip": "203.0.113.7",
    "java_enabled": "false",
    "javascript_enabled": "true",
    "language": "en",
    "screen_height": "1080",
    "screen_width": "1920",
    "challenge_window_size": "WINDOWED_600X400",
    "timezone": "0",
    "user_agent": "Mozilla/5.0",
}


def raw(number: str) -> dict[str, Any]:
    """A card as it is sent for authentication: without its code."""
    return {"name": "Ada Payer", "card": {**{k: v for k, v in VISA.items() if k != "cvv"}, "number": number}}


def check_body(method: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "account_name": "transaction_processing",
        "channel": "CNP",
        "country": "US",
        "amount": "1999",
        "currency": "USD",
        "reference": reference(),
        "source": "BROWSER",
        "payment_method": method,
        "notifications": {"challenge_return_url": RETURN, "three_ds_method_return_url": METHOD_RETURN},
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def initiate_body(method: dict[str, Any], **changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "three_ds": {"source": "BROWSER", "message_version": "2.2.0", "message_category": "PAYMENT"},
        "method_url_completion_status": "YES",
        "order": {"time_created_reference": "2026-11-23T10:00:00.000Z", "amount": "1999", "currency": "USD"},
        "payment_method": method,
        "browser_data": BROWSER_DATA,
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def check(client: Client, method: dict[str, Any], **changes: Any) -> Any:
    reply = client.call("POST", "/authentications", check_body(method, **changes))
    assert reply.status == 200, reply.text
    return reply.json


def started(client: Client, number: str, **changes: Any) -> Any:
    """An authentication that the bank has been asked about."""
    method = raw(number)
    opened = check(client, method, **changes)
    reply = client.call("POST", f"/authentications/{opened['id']}/initiate", initiate_body(method))
    assert reply.status == 200, reply.text
    return reply.json


def result(client: Client, authentication_id: str) -> Any:
    return client.call("GET", f"/authentications/{authentication_id}/result").json


def post(client: Client, url: str, *, host: str = "", **fields: str) -> Reply:
    """What a browser posts to the bank. The bank's name is not in any DNS here, so it goes into the Host header."""
    parts = urlsplit(url)
    headers = {"Host": host or parts.netloc, "Content-Type": "application/x-www-form-urlencoded"}
    return client.send("POST", parts.path, urlencode(fields, quote_via=quote).encode(), headers=headers)


def sent_back(reply: Reply) -> tuple[str, dict[str, str]]:
    """Where the form on a page goes, and its fields."""
    action = re.search(r'<form name="\w+" action="([^"]*)" method="post"', reply.text)
    assert action, reply.text
    fields = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)">', reply.text)
    return html.unescape(action[1]), {name: html.unescape(value) for name, value in fields}


def message(text: str) -> Any:
    """What base64url without padding says."""
    return json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
