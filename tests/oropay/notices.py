"""Messages as the gateway sends them, and a worker that reads them."""

import hashlib
import json
from typing import Any

import urllib3
from django.utils import timezone

from oropay import engine
from oropay.models import Integration, Notification, PaymentTransaction
from oropay.services import notification_receive
from tests.contract.sandbox import Sandbox

KEY = "contract-key"


def signature(body: bytes, key: str = KEY) -> str:
    return hashlib.sha512(body + key.encode()).hexdigest()


def body_of(content: Any) -> bytes:
    return content if isinstance(content, bytes) else json.dumps(content, separators=(",", ":")).encode()


def tell(integration: Integration, content: Any, *, key: str = KEY) -> Notification:
    """A message arrives; signed with the account's key unless told."""
    body = body_of(content)
    headers = {"Content-Type": "application/json", "X-GP-Signature": signature(body, key)}
    notification_receive(
        key=integration.webhook_key, body=body, headers=headers, address="127.0.0.1", now=timezone.now()
    )
    return Notification.objects.latest("pk")


def tell_of(integration: Integration, row: PaymentTransaction, status: str = "CAPTURED", **more: Any) -> Notification:
    """The gateway tells how a transaction of ours stands."""
    return tell(integration, {"id": row.gateway_id, "status": status, "reference": row.reference, **more})


def drain(integration: Integration) -> int:
    """A worker reads the inbox until nothing is due."""
    taken = 0
    while found := engine.inbox_drain(integration_id=integration.pk, now=timezone.now()):
        taken += found
    return taken


def put(sandbox: Sandbox, gateway_id: str, status: str) -> None:
    """Somebody changes the transaction at the gateway."""
    sandbox.control(f"/transactions/{gateway_id}/status", {"status": status})


def asked(sandbox: Sandbox) -> int:
    """How often anybody has read a single transaction at the gateway."""
    answer = urllib3.request(
        "GET", f"{sandbox.root}/_emu/requests", headers={"Authorization": f"Bearer {sandbox.secret}"}
    )
    return sum(
        call["method"] == "GET" and call["endpoint"].startswith("/transactions/") for call in answer.json()["requests"]
    )
