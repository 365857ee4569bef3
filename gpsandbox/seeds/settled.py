"""Seeds of settled money."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from gpsandbox import clock, life, outcomes
from gpsandbox.seeds import past
from gpsandbox.seeds.past import Past
from gpsandbox.store import Store

OF_DAY = 15
"""Hour, UTC, at which seeded trade begins."""

MASTERCARD = {"brand": "MASTERCARD", "first6": "543458", "last4": "7652"}
AMEX = {"brand": "AMEX", "first6": "374101", "last4": "0608"}
ACH_RETURNED = outcomes.of_account("0001").name


@dataclass(frozen=True)
class Paid:
    """A deposit the suite asks for by its id."""

    id: str
    days_ago: int
    """Of the trade; the deposit is two banking days younger."""
    payments: tuple[Past, ...]
    status: str = "FUNDED"


PAID = (
    Paid("DEP_2342423443", 27, (Past(12500, "seed-sale-0001"), Past(8900, "seed-sale-0002", **MASTERCARD))),
    Paid(
        "DEP_2342423429",
        20,
        (
            Past(4599, "50080513769", arn="24137550037630153798573", **MASTERCARD),
            Past(3100, "seed-sale-0003", authcode="028010", brand_reference="MCF1CZ5ME5405", **MASTERCARD),
            Past(1000, "seed-refund-01", type="REFUND", **MASTERCARD),
        ),
    ),
    Paid(
        "DEP_2342423440",
        13,
        (
            Past(22000, "seed-sale-0004", **AMEX),
            Past(7425, "seed-sale-0005", brand="DISCOVER", first6="601100", last4="0087"),
        ),
        status="SPLIT_FUNDING",
    ),
    Paid("DEP_2342423423", 9, (Past(6150, "seed-sale-0006"), Past(990, "seed-sale-0007")), status="DELAYED"),
)
"""What the suite finds by id, reference, ARN, card, authorization code and brand reference, and by status."""

RETURNED_DAYS_AGO = 24


def conformance(store: Store, app_id: str, now: datetime) -> None:
    """Deposits with the ids, and transactions with the fields, that the suite filters by; one bank payment returned."""
    if _is_there(store, PAID[0].payments[0].reference, app_id):
        return
    if store.value("SELECT 1 FROM deposits WHERE id = ?", (PAID[0].id,)):
        raise ValueError("Another app has this seed, and its ids exist once.")
    for paid in PAID:
        past.trade(store, app_id, at=_on(now, days_ago=paid.days_ago), payments=paid.payments)
    bank = Past(129, "seed-bank-0001", brand="", last4="0001", outcome=ACH_RETURNED)
    past.trade(store, app_id, at=_on(now, days_ago=RETURNED_DAYS_AGO), payments=[bank])
    life.happen(store, until=clock.stamp(now))
    for paid in PAID:
        _rename(store, app_id, paid)


def demo(store: Store, app_id: str, now: datetime) -> None:
    """Three weeks of trade up to yesterday: cards every day, a refund on some, bank payments, one of them returned."""
    if _is_there(store, "DEMO-CARD-21-1", app_id):
        return
    for days_ago in range(21, 0, -1):
        at = _on(now, days_ago=days_ago)
        past.trade(store, app_id, at=at, payments=_cards_of(days_ago))
        if days_ago % 3 == 0:
            returned = ACH_RETURNED if days_ago == 15 else outcomes.ACH_APPROVED.name
            bank = Past(
                125000 + days_ago * 1500,
                f"DEMO-BANK-{days_ago}",
                brand="",
                last4="0001" if days_ago == 15 else "7890",
                outcome=returned,
                name="Harbor Supplies",
            )
            past.trade(store, app_id, at=at, payments=[bank])
    life.happen(store, until=clock.stamp(now))


def _cards_of(days_ago: int) -> list[Past]:
    """Three sales, different every day, and now and then some money back."""
    kinds: tuple[dict[str, str], ...] = ({}, MASTERCARD, AMEX)
    sold = [
        Past(1999 + (days_ago * 731 + place * 4177) % 30000, f"DEMO-CARD-{days_ago}-{place + 1}", **kind)
        for place, kind in enumerate(kinds)
    ]
    return [*sold, Past(1500, f"DEMO-BACK-{days_ago}", type="REFUND")] if days_ago % 5 == 0 else sold


def _on(now: datetime, *, days_ago: int) -> datetime:
    return (now - timedelta(days=days_ago)).replace(hour=OF_DAY, minute=0, second=0, microsecond=0)


def _is_there(store: Store, reference: str, app_id: str) -> bool:
    found = store.value("SELECT 1 FROM transactions WHERE reference = ? AND app_id = ?", (reference, app_id))
    return found is not None


def _rename(store: Store, app_id: str, paid: Paid) -> None:
    """Give the deposit that carries these payments the id and status the suite knows."""
    made = store.value(
        "SELECT deposit_id FROM settlement_lines JOIN transactions ON transactions.id = transaction_id"
        " WHERE reference = ? AND transactions.app_id = ?",
        (paid.payments[0].reference, app_id),
    )
    store.write("UPDATE deposits SET id = ?, status = ? WHERE id = ?", (paid.id, paid.status, made))
    store.write("UPDATE settlement_lines SET deposit_id = ? WHERE deposit_id = ?", (paid.id, made))
