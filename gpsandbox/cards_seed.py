"""What the third-party suite expects to find: a month of payments and stored cards, for every app.

Only in conformance mode. The suite looks some of them up by names of its own; `own_id` says which of ours is meant.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gpsandbox import accounts, cards, clock, ids
from gpsandbox.call import Call
from gpsandbox.settings import Settings
from gpsandbox.store import Store

CARD = "4263970000005262"
NAME = "James Mason"
AGE = timedelta(days=30)
COPIES = 12
"""The suite asks for pages of ten."""


@dataclass(frozen=True)
class Kind:
    """One sort of seeded payment."""

    name: str
    type: str
    method: str
    amount: int
    detail: dict[str, Any]


KINDS = (
    Kind("sale", "SALE", "CARD", 6900, {"cvv_given": True}),
    Kind("refund", "REFUND", "CARD", 1500, {}),
    Kind("wallet", "SALE", "DIGITAL_WALLET", 1000, {"wallet": "APPLEPAY"}),
)


def seed(store: Store, settings: Settings) -> None:
    """Write what is missing; safe to call from several processes and again after a restart."""
    first = clock.now(store).replace(hour=12, minute=0, second=0, microsecond=0) - AGE
    known = cards.fingerprint(CARD, settings=settings)
    with store.atomic():
        for app_id in settings.apps:
            for row in _payment_methods(app_id, settings, first, known):
                _keep(store, "payment_methods", row)
            for row in _transactions(app_id, settings, first, known):
                _keep(store, "transactions", row)


def own_id(call: Call, asked: str) -> str:
    """The seeded resource behind a name of the suite's; any other name is itself."""
    if asked not in call.settings.seed_ids:
        return asked
    return _payment_method_id(call.app_id, asked) if asked.startswith("PMT_") else ids.fixed("TRN", call.app_id, asked)


def _payment_method_id(app_id: str, name: str) -> str:
    text = ids.fixed("PMT", app_id, name).removeprefix("PMT_")
    return f"PMT_{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"


def _names(settings: Settings, prefix: str) -> list[str]:
    return [str(number) for number in range(COPIES)] + [each for each in settings.seed_ids if each.startswith(prefix)]


def _payment_methods(app_id: str, settings: Settings, first: datetime, known: str) -> Iterator[dict[str, Any]]:
    account = accounts.merchant_of(app_id).account(accounts.TOKENIZATION)
    for number, name in enumerate(_names(settings, "PMT_")):
        stamp = clock.stamp(first + timedelta(minutes=number))
        yield {
            "id": _payment_method_id(app_id, name),
            "app_id": app_id,
            "account_id": account.id,
            "account_name": account.name,
            "reference": f"seed-card-{number:03}",
            "usage_mode": "MULTIPLE",
            "status": "ACTIVE",
            "name": NAME,
            "brand": "VISA",
            "first6": CARD[:6],
            "last4": CARD[-4:],
            "expiry_month": "12",
            "expiry_year": f"{first.year + 5}"[2:],
            "cvv_given": 0,
            "fingerprint": known,
            "brand_reference": "",
            "outcome": "approved",
            "created_at": stamp,
            "updated_at": stamp,
            "expires_at": "9999-12-31T23:59:59.999Z",
        }


def _transactions(app_id: str, settings: Settings, first: datetime, known: str) -> Iterator[dict[str, Any]]:
    account = accounts.merchant_of(app_id).account(accounts.TRANSACTIONS)
    for number, name in enumerate(_names(settings, "TRN_")):
        kind = KINDS[number % len(KINDS)] if name.isdecimal() else KINDS[0]
        stamp = clock.stamp(first + timedelta(days=number + 1))
        transaction_id = ids.fixed("TRN", app_id, name)
        yield {
            "id": transaction_id,
            "app_id": app_id,
            "account_id": account.id,
            "account_name": account.name,
            "created_at": stamp,
            "updated_at": stamp,
            "type": kind.type,
            "status": "CAPTURED",
            "channel": "CNP",
            "capture_mode": "AUTO",
            "currency": "USD",
            "country": "US",
            "amount": kind.amount,
            "authorized": kind.amount,
            "captured": kind.amount,
            "refunded": 0,
            "reference": f"seed-{kind.name}-{number:03}",
            "order_reference": "",
            "description": "",
            "parent_id": "",
            "batch_id": ids.fixed("BAT", app_id, "seed"),
            "held": 0,
            "method": kind.method,
            "entry_mode": "ECOM",
            "name": NAME,
            "token_id": "",
            "brand": "VISA",
            "first6": CARD[:6],
            "last4": CARD[-4:],
            "fingerprint": known,
            "authcode": f"{100000 + number}",
            "brand_reference": f"SEED{number:010}",
            "arn": ids.acquirer_reference(transaction_id),
            "outcome": "approved",
            "result": "00",
            "message": "[ test system ] AUTHORISED",
            "risk": "",
            "action_id": ids.fixed("ACT", app_id, name),
            "detail": json.dumps(kind.detail),
        }


def _keep(store: Store, table: str, row: dict[str, Any]) -> None:
    if store.value(f"SELECT 1 FROM {table} WHERE id = ?", (row["id"],)) is None:  # noqa: S608 - our tables
        store.insert(table, row)
