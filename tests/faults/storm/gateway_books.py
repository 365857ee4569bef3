"""The sandbox's own books, read from its file, so that nothing of ours stands between. Amounts in major units."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

ZERO = Decimal(0)
UNITS = {"USD": Decimal("0.01"), "JPY": Decimal(1)}
"""What one of the sandbox's minor units is worth."""

SALES = """
SELECT sale.reference,
       sale.currency,
       CASE WHEN sale.status IN ('CAPTURED', 'BATCHED', 'FUNDED') THEN sale.captured ELSE 0 END,
       CASE WHEN sale.status = 'PREAUTHORIZED' THEN sale.amount
            WHEN sale.status IN ('CAPTURED', 'BATCHED', 'FUNDED') AND sale.capture_mode = 'MULTIPLE'
                 AND NOT coalesce(json_extract(sale.detail, '$.captured_last'), 0)
            THEN max(0, sale.authorized - sale.captured) ELSE 0 END,
       sale.status = 'PREAUTHORIZED',
       coalesce(sum(back.amount), 0),
       count(back.id),
       (SELECT coalesce(sum(taken), 0) FROM disputes
         WHERE transaction_id = sale.id AND result NOT IN ('LOST', 'ACCEPTED')),
       (SELECT coalesce(sum(taken), 0) FROM disputes
         WHERE transaction_id = sale.id AND result IN ('LOST', 'ACCEPTED'))
  FROM transactions sale
  LEFT JOIN transactions back
         ON back.parent_id = sale.id AND back.type = 'REFUND' AND back.status IN ('CAPTURED', 'BATCHED', 'FUNDED')
 WHERE sale.type = 'SALE'
 GROUP BY sale.id
"""
"""Of each sale: our reference, what was taken, what is held, by how many holds, what was given back, in how many parts,
what its disputes took that may still be won, and what they took for good.
"""

CREDITS = """
SELECT reference, currency, amount
  FROM transactions
 WHERE type = 'REFUND' AND parent_id = '' AND status IN ('CAPTURED', 'BATCHED', 'FUNDED')
"""
"""Money given without a sale."""

REFUNDS = """
SELECT reference
  FROM transactions
 WHERE type = 'REFUND' AND parent_id <> '' AND status IN ('CAPTURED', 'BATCHED', 'FUNDED')
"""
"""Our references of all that was given back."""

UNDONE = "SELECT reference FROM transactions WHERE type = 'SALE' AND status IN ('REVERSED', 'REJECTED')"
"""Our references of sales that were called off, or taken back by the payer's bank."""

OVERTAKEN = """
SELECT count(*)
  FROM notifications older
  JOIN notification_attempts there ON there.notification_id = older.id
  JOIN notifications newer ON newer.resource_id = older.resource_id AND newer.rowid > older.rowid
       AND newer.body <> older.body
  JOIN notification_attempts first ON first.notification_id = newer.id AND first.id < there.id
 WHERE there.http_status BETWEEN 200 AND 299 AND first.http_status BETWEEN 200 AND 299
"""
"""How often an older message about something arrived after a newer one."""

DISPUTES = "SELECT id, stage, status, result FROM disputes WHERE specimen = 0"

CONFIRMED = "SELECT reference FROM authentications WHERE status IN ('SUCCESS_AUTHENTICATED', 'SUCCESS_ATTEMPT_MADE')"


@dataclass
class Moved:
    """What the gateway did for one payment."""

    taken: Decimal = ZERO
    held: Decimal = ZERO
    holds: int = 0
    given_back: Decimal = ZERO
    parts: int = 0
    """Refunds, each of its own."""
    disputed: Decimal = ZERO
    """Taken by the card holder's bank; it may still be won."""
    lost: Decimal = ZERO
    """Taken by it for good."""
    given: Decimal = ZERO
    """Without an earlier charge."""
    gifts: int = 0

    @property
    def net(self) -> Decimal:
        return self.taken - self.given_back - self.lost

    @property
    def cleared(self) -> Decimal:
        """What all of it comes to for the merchant."""
        return self.net - self.disputed - self.given

    def add(self, other: "Moved") -> None:
        for one in fields(self):
            setattr(self, one.name, getattr(self, one.name) + getattr(other, one.name))


@dataclass(frozen=True)
class GatewayBooks:
    """The file of one sandbox; nothing is written."""

    file: Path

    def moved(self) -> Iterator[tuple[str, Moved]]:
        """Each sale and each credit under our reference."""
        for reference, currency, taken, held, holds, back, parts, disputed, lost in self._rows(SALES):
            unit = UNITS[currency]
            yield (
                reference,
                Moved(
                    taken=taken * unit,
                    held=held * unit,
                    holds=holds,
                    given_back=back * unit,
                    parts=parts,
                    disputed=disputed * unit,
                    lost=lost * unit,
                ),
            )
        for reference, currency, amount in self._rows(CREDITS):
            yield reference, Moved(given=amount * UNITS[currency], gifts=1)

    def refunds(self) -> list[str]:
        """The reference of each refund, as often as it is there."""
        return [reference for (reference,) in self._rows(REFUNDS)]

    def undone(self) -> set[str]:
        """References of sales that were reversed, or that came back from the bank."""
        return {reference for (reference,) in self._rows(UNDONE)}

    def overtaken(self) -> int:
        """How many messages came later than a newer one about the same."""
        [(count,)] = self._rows(OVERTAKEN)
        return int(count)

    def disputes(self) -> dict[str, tuple[str, str, str]]:
        """Name of each dispute → its stage, status and result."""
        return {name: (stage, status, result) for name, stage, status, result in self._rows(DISPUTES)}

    def confirmed(self) -> set[str]:
        """References of authentications to which the card holder's bank said yes."""
        return {reference for (reference,) in self._rows(CONFIRMED)}

    def _rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as books:
            return books.execute(query).fetchall()
