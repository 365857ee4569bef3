"""How these tests speak to a sandbox: plain HTTP, one connection per call, nothing hidden."""

import hashlib
import http.client
import itertools
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

from tests.gpsandbox import schemas

APP_ID, APP_KEY, SECRET = "test-app", "test-key", "test-secret"
OTHER_APP_ID, OTHER_APP_KEY = "other-app", "other-key"

VISA = {"number": "4263970000005262", "expiry_month": "05", "expiry_year": "35", "cvv": "123"}
BANK = {
    "account_number": "1234567890",
    "account_type": "CHECKING",
    "account_holder_type": "BUSINESS",
    "sec_code": "CCD",
    "bank": {"code": "122000030", "name": "First Union"},
}

_serial = itertools.count(1)


def reference() -> str:
    """A name no other call of this run has, and never the digits of a card number."""
    return f"ref-{next(_serial):06}-r{secrets.token_hex(4)}"


@dataclass(frozen=True)
class Reply:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def error(self) -> tuple[int, str, str, str]:
        """Status, short code, detailed code, text."""
        body = self.json
        return self.status, body["error_code"], body["detailed_error_code"], body["detailed_error_description"]


@dataclass
class Client:
    """One signed-in app. `port` is the sandbox's."""

    port: int
    host: str = "127.0.0.1"
    app_id: str = APP_ID
    app_key: str = APP_KEY
    token: str = field(default="", repr=False)
    spoiled: bool = False
    """Answers are broken on purpose: they are not checked against their schemas."""

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        headers: dict[str, str] | None = None,
        timeout: float = 10,
    ) -> Reply:
        """`body` is JSON unless it is bytes."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
            connection.request(method, path, raw, headers or {})
            response = connection.getresponse()
            return Reply(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read().decode())
        finally:
            connection.close()

    def sign_in(self, *, key: str | None = None, **more: Any) -> Reply:
        nonce = secrets.token_hex(8)
        proof = hashlib.sha512(f"{nonce}{key or self.app_key}".encode()).hexdigest()
        body = {
            "app_id": self.app_id,
            "nonce": nonce,
            "secret": proof,
            "grant_type": "client_credentials",
            **more,
        }
        return self.send("POST", "/ucp/accesstoken", body, headers={"X-GP-Version": "2021-03-22"})

    def with_token(self, **more: Any) -> "Client":
        """The same app, newly signed in, possibly with fewer permissions."""
        reply = self.sign_in(**more)
        assert reply.status == 200, reply.text
        return Client(self.port, self.host, self.app_id, self.app_key, reply.json["token"])

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "",
        timeout: float = 10,
        headers: dict[str, str] | None = None,
    ) -> Reply:
        """A call of the API proper. `key` is the idempotency key."""
        sent = {"X-GP-Version": "2021-03-22", "Authorization": f"Bearer {self.token}", **(headers or {})}
        if key:
            sent["X-GP-Idempotency"] = key
        reply = self.send(method, f"/ucp{path}", body, headers=sent, timeout=timeout)
        if not self.spoiled:
            assert schemas.wrong(method, path, reply.status, reply.json) == []
        return reply

    def sale(self, *, key: str = "", timeout: float = 10, **changes: Any) -> Reply:
        return self.call("POST", "/transactions", sale(**changes), key=key, timeout=timeout)

    def emu(self, method: str, path: str, body: Any = None, *, secret: str = SECRET) -> Reply:
        return self.send(method, f"/_emu{path}", body, headers={"Authorization": f"Bearer {secret}"})

    def rule(self, action: Any, *, times: int | None = 1, **match: Any) -> None:
        reply = self.emu("POST", "/rules", {"match": match, "action": action, "times": times})
        assert reply.status == 200, reply.text
        self.spoiled = True

    def found(self, wanted: str) -> list[dict[str, Any]]:
        """The transactions that carry a reference, oldest first."""
        reply = self.call("GET", f"/transactions?reference={wanted}&order=ASC&page_size=100")
        assert reply.status == 200, reply.text
        listed: list[dict[str, Any]] = reply.json["transactions"]
        return listed


def sale(**changes: Any) -> dict[str, Any]:
    """A card sale of 19.99 USD; `changes` replace top-level fields, None removes one."""
    body: dict[str, Any] = {
        "account_name": "transaction_processing",
        "channel": "CNP",
        "country": "US",
        "type": "SALE",
        "capture_mode": "AUTO",
        "amount": "1999",
        "currency": "USD",
        "reference": reference(),
        "payment_method": {"entry_mode": "ECOM", "card": VISA},
    }
    body.update(changes)
    return {name: value for name, value in body.items() if value is not None}


def card(number: str, **more: str) -> dict[str, Any]:
    cvv = "1234" if number.startswith(("34", "37")) else "123"
    return {"entry_mode": "ECOM", "card": {**VISA, "number": number, "cvv": cvv, **more}}


def bank(ending: str = "7890") -> dict[str, Any]:
    return {"name": "Ada Payer", "bank_transfer": {**BANK, "account_number": f"123456{ending}"}}
