"""The sandbox's own books, read from its file, so that nothing of ours stands between. Amounts in major units."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, fields
from decimal import Decimal
from pathlib import Path
from typing import Any

ZERO, CENT = Decimal(0), Decimal("0.01")

SALES = """
SELECT sale.reference,
       CASE WHEN sale.status IN ('CAPTURED', 'BATCHED', 'FUNDED') THEN sale.captured ELSE 0 END,
       CASE WHEN sale.status = 'PREAUTHORIZED' THEN sale.amount ELSE 0 END,
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
SELECT reference, amount
  FROM transactions
 WHERE type = 'REFUND' AND parent_id = '' AND status IN ('CAPTURED', 'BATCHED', 'FUNDED')
"""
"""Money given without a sale."""

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
        for reference, taken, held, holds, back, parts, disputed, lost in self._rows(SALES):
            yield (
                reference,
                Moved(
                    taken=taken * CENT,
                    held=held * CENT,
                    holds=holds,
                    given_back=back * CENT,
                    parts=parts,
                    disputed=disputed * CENT,
                    lost=lost * CENT,
                ),
            )
        for reference, amount in self._rows(CREDITS):
            yield reference, Moved(given=amount * CENT, gifts=1)

    def disputes(self) -> dict[str, tuple[str, str, str]]:
        """Name of each dispute → its stage, status and result."""
        return {name: (stage, status, result) for name, stage, status, result in self._rows(DISPUTES)}

    def confirmed(self) -> set[str]:
        """References of authentications to which the card holder's bank said yes."""
        return {reference for (reference,) in self._rows(CONFIRMED)}

    def _rows(self, query: str) -> list[Any]:
        with closing(sqlite3.connect(f"file:{self.file}?mode=ro", uri=True)) as books:
            return books.execute(query).fetchall()
