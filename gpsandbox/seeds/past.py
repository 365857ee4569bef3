"""Payments made in the past, in a batch that closed at the cut-off of their day."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from gpsandbox import accounts, agenda, clock, ids, outcomes, timetable
from gpsandbox.agenda import Event
from gpsandbox.store import Store
from gpsandbox.timetable import Cutoff


@dataclass(frozen=True)
class Past:
    """One payment or refund. What is left empty is made up, the same every time."""

    amount: int
    reference: str
    brand: str = "VISA"
    """Empty means a bank account."""
    first6: str = "426397"
    last4: str = "5262"
    type: str = "SALE"
    name: str = "Ada Payer"
    authcode: str = ""
    brand_reference: str = ""
    arn: str = ""
    outcome: str = outcomes.APPROVED.name

    @property
    def method(self) -> str:
        return "CARD" if self.brand else "BANK_TRANSFER"


def trade(store: Store, app_id: str, *, at: datetime, payments: Sequence[Past], currency: str = "USD") -> list[str]:
    """Let `payments` of one method have happened at `at`, a minute apart; returns the ids of their transactions."""
    account = accounts.merchant_of(app_id).account(accounts.TRANSACTIONS)
    method = payments[0].method
    closes = Cutoff().next_after(at)
    pays = timetable.funded_at(closed=closes, zone="UTC", method=method)
    batch_id = ids.fixed("BAT", app_id, payments[0].reference)
    owner = {"app_id": app_id, "account_id": account.id, "account_name": account.name}
    store.insert(
        "batches",
        {
            **owner,
            "id": batch_id,
            "currency": currency,
            "method": method,
            "status": "CLOSED",
            "created_at": clock.stamp(at),
            "closed_at": clock.stamp(closes),
            "closes_at": clock.stamp(closes),
            "pays_at": clock.stamp(pays),
        },
    )
    agenda.plan(store, Event.PAYDAY, at=pays)
    made = []
    for place, payment in enumerate(payments):
        made.append(ids.fixed("TRN", app_id, payment.reference))
        created = clock.stamp(at + timedelta(minutes=place))
        row = {**owner, "id": made[-1], "batch_id": batch_id, "currency": currency, "created_at": created}
        store.insert("transactions", {**row, "updated_at": created, **_columns(made[-1], payment)})
        store.insert(
            "settlement_lines",
            {
                "app_id": app_id,
                "transaction_id": made[-1],
                "deposit_id": "",
                "batch_id": batch_id,
                "status": "CAPTURED",
                "amount": payment.amount,
                "created_at": created,
            },
        )
    return made


def _columns(transaction_id: str, payment: Past) -> dict[str, object]:
    outcome = outcomes.BY_NAME[payment.outcome]
    card = payment.method == "CARD"
    digits = str(int(hashlib.sha256(transaction_id.encode()).hexdigest(), 16))
    bank = {"account_type": "CHECKING", "account_holder_type": "BUSINESS", "sec_code": "CCD", "name": "First Union"}
    return {
        "type": payment.type,
        "status": "CAPTURED",
        "channel": "CNP",
        "capture_mode": "AUTO",
        "country": "US",
        "amount": payment.amount,
        "authorized": payment.amount,
        "captured": payment.amount,
        "refunded": 0,
        "reference": payment.reference,
        "order_reference": "",
        "description": "",
        "parent_id": "",
        "held": 0,
        "method": payment.method,
        "entry_mode": "ECOM",
        "name": payment.name,
        "token_id": "",
        "brand": payment.brand,
        "first6": payment.first6 if card else "",
        "last4": payment.last4,
        "fingerprint": "",
        "authcode": payment.authcode or (digits[:6] if card else ""),
        "brand_reference": payment.brand_reference or (digits[6:20] if card else ""),
        "arn": payment.arn or (ids.acquirer_reference(transaction_id) if card else ""),
        "outcome": outcome.name,
        "result": outcome.result,
        "message": outcome.message,
        "risk": "",
        "action_id": ids.fixed("ACT", transaction_id),
        "detail": json.dumps({} if card else {"bank": bank}),
    }
