"""One line of an entry, before it is written."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from ledger.exceptions import AmountNotExact
from ledger.models import AccountName

SMALLEST = Decimal("0.0001")
"""What NUMERIC(19,4) can hold; anything finer would be rounded silently by the database."""


@dataclass(frozen=True)
class Line:
    """An amount for an account in the entry's currency, in major units: debit positive, credit negative.

    Raises:
        AmountNotExact: not a Decimal, or finer than four decimals.
    """

    account: AccountName
    amount: Decimal

    def __post_init__(self) -> None:
        if not isinstance(self.amount, Decimal) or not self.amount.is_finite():
            raise AmountNotExact(amount=self.amount)
        if self.amount % SMALLEST:
            raise AmountNotExact(amount=self.amount)

    @classmethod
    def debit(cls, name: AccountName, amount: Decimal) -> Self:
        return cls(account=name, amount=amount)

    @classmethod
    def credit(cls, name: AccountName, amount: Decimal) -> Self:
        return cls(account=name, amount=-amount)


def debit(name: AccountName, amount: Decimal) -> Line:
    return Line.debit(name, amount)


def credit(name: AccountName, amount: Decimal) -> Line:
    return Line.credit(name, amount)
