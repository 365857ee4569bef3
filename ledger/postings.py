"""The posting table of the domain, as data, and the lines of the events posted today, as pure functions.

All amounts are in major units of the entry's currency and positive when the event goes its usual way.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from ledger.models import MIRRORS, AccountName, EntryKind
from ledger.services.lines import Line, credit, debit

A = AccountName
K = EntryKind

Share = tuple[AccountName, Decimal]
"""Part of an amount of money and the account it is for."""


@dataclass(frozen=True)
class Sides:
    """Which accounts an event may debit and which it may credit."""

    debit: frozenset[AccountName]
    credit: frozenset[AccountName]

    def mirrored(self) -> "Sides":
        return Sides(debit=self.credit, credit=self.debit)


def _row(debited: Iterable[AccountName], credited: Iterable[AccountName]) -> Sides:
    return Sides(debit=frozenset(debited), credit=frozenset(credited))


_CUSTOMERS_MONEY = [A.RECEIVABLE, A.CUSTOMER_DEPOSIT, A.CUSTOMER_CREDIT]

_TABLE: dict[EntryKind, Sides] = {
    K.INVOICE_POSTED: _row([A.RECEIVABLE], [A.REVENUE, A.TAX_PAYABLE]),
    K.DEBIT_MEMO_POSTED: _row([A.RECEIVABLE], [A.GATEWAY_CLEARING]),
    K.CAPTURED: _row([A.GATEWAY_CLEARING], _CUSTOMERS_MONEY),
    K.SETTLED: _row([A.GATEWAY_CLEARING], _CUSTOMERS_MONEY),
    K.DEPOSIT_APPLIED: _row([A.CUSTOMER_DEPOSIT], [A.RECEIVABLE]),
    K.DEPOSIT_ADVICE: _row([A.CASH_IN_TRANSIT, A.GATEWAY_FEES], [A.GATEWAY_CLEARING]),
    K.RESERVE_HELD: _row([A.GATEWAY_RESERVE], [A.GATEWAY_CLEARING]),
    K.RESERVE_RELEASED: _row([A.GATEWAY_CLEARING], [A.GATEWAY_RESERVE]),
    K.BANK_DEPOSIT: _row([A.BANK], [A.CASH_IN_TRANSIT]),
    K.OFFLINE_RECEIPT: _row([A.UNDEPOSITED_FUNDS], _CUSTOMERS_MONEY),
    K.OFFLINE_BANKED: _row([A.BANK], [A.UNDEPOSITED_FUNDS]),
    K.REFUNDED: _row(_CUSTOMERS_MONEY, [A.GATEWAY_CLEARING]),
    K.STANDALONE_CREDIT: _row([A.ALLOWANCES], [A.GATEWAY_CLEARING]),
    K.ORDER_CANCELED: _row([A.CUSTOMER_DEPOSIT], [A.CUSTOMER_CREDIT]),
    K.FEE_CHARGED: _row([A.GATEWAY_FEES], [A.GATEWAY_CLEARING]),
    K.FEE_PASSED_ON: _row([A.RECEIVABLE], [A.FEE_INCOME]),
    K.DISPUTE_OPENED: _row([A.DISPUTES_RECEIVABLE], [A.GATEWAY_CLEARING]),
    K.DISPUTE_WON: _row([A.GATEWAY_CLEARING], [A.DISPUTES_RECEIVABLE, A.BAD_DEBT, *_CUSTOMERS_MONEY]),
    K.DISPUTE_LOST: _row(_CUSTOMERS_MONEY, [A.DISPUTES_RECEIVABLE, A.BAD_DEBT, *_CUSTOMERS_MONEY]),
    K.CREDIT_MEMO_POSTED: _row([A.ALLOWANCES, A.TAX_PAYABLE], [A.CUSTOMER_CREDIT]),
    K.CREDIT_APPLIED: _row([A.CUSTOMER_CREDIT], [A.RECEIVABLE]),
    K.WRITTEN_OFF: _row([A.BAD_DEBT], [A.RECEIVABLE]),
    K.SMALL_DIFFERENCE: _row([A.SMALL_DIFFERENCES], [A.RECEIVABLE]),
    K.DISCOUNT_TAKEN: _row([A.DISCOUNTS_GIVEN], [A.RECEIVABLE]),
    K.SURCHARGED: _row([A.GATEWAY_CLEARING], [A.SURCHARGE_INCOME]),
    K.ADJUSTED: _row(AccountName, AccountName),
}

_RETURN_EXTRAS = frozenset({A.DISCOUNTS_GIVEN, A.SMALL_DIFFERENCES})
"""An ACH return also takes back what was forgiven together with the payment."""

SIDES: dict[EntryKind, Sides] = _TABLE | {mirror: _TABLE[event].mirrored() for event, mirror in MIRRORS.items()}
SIDES[K.RETURNED] = Sides(debit=SIDES[K.RETURNED].debit, credit=SIDES[K.RETURNED].credit | _RETURN_EXTRAS)
"""Event → accounts. Every kind of entry has a row."""


def invoice_posted(*, revenue: Decimal, tax: Decimal) -> list[Line]:
    """`revenue` is goods and shipping after discount, without tax."""
    return [debit(A.RECEIVABLE, revenue + tax), credit(A.REVENUE, revenue), credit(A.TAX_PAYABLE, tax)]


def captured(*, given: Iterable[Share]) -> list[Line]:
    """A card capture or a settled ACH debit; `given` says what the money is for: invoices, an order, or credit."""
    return _from_customer(into=A.GATEWAY_CLEARING, given=given)


def voided(*, given: Iterable[Share]) -> list[Line]:
    """The mirror of `captured` with the same shares."""
    return [Line(account=line.account, amount=-line.amount) for line in captured(given=given)]


def refunded(*, taken: Iterable[Share]) -> list[Line]:
    """`taken` says where the money going back is taken from: credit, a deposit, or invoices owed again."""
    return voided(given=taken)


def offline_receipt(*, given: Iterable[Share]) -> list[Line]:
    """A cheque or a wire we recorded; it reaches the bank account by its own bank line."""
    return _from_customer(into=A.UNDEPOSITED_FUNDS, given=given)


def deposit_applied(*, amount: Decimal) -> list[Line]:
    """An invoice takes over what was captured for its order, in the transaction that posts it."""
    return [debit(A.CUSTOMER_DEPOSIT, amount), credit(A.RECEIVABLE, amount)]


def deposit_advice(*, paid_out: Decimal, fees: Decimal) -> list[Line]:
    """What the gateway says it paid out, and what it kept; a day of refunds has a negative `paid_out`."""
    return [
        debit(A.CASH_IN_TRANSIT, paid_out),
        debit(A.GATEWAY_FEES, fees),
        credit(A.GATEWAY_CLEARING, paid_out + fees),
    ]


def bank_deposit(*, amount: Decimal) -> list[Line]:
    """A bank line shows a payout of the gateway."""
    return [debit(A.BANK, amount), credit(A.CASH_IN_TRANSIT, amount)]


def order_canceled(*, amount: Decimal) -> list[Line]:
    """Money captured for an order that will not be delivered is the customer's credit."""
    return [debit(A.CUSTOMER_DEPOSIT, amount), credit(A.CUSTOMER_CREDIT, amount)]


def dispute_opened(*, amount: Decimal) -> list[Line]:
    """A card issuer took money back for now."""
    return [debit(A.DISPUTES_RECEIVABLE, amount), credit(A.GATEWAY_CLEARING, amount)]


def dispute_won(*, amount: Decimal) -> list[Line]:
    """The mirror of `dispute_opened`."""
    return [Line(account=line.account, amount=-line.amount) for line in dispute_opened(amount=amount)]


def dispute_recovered(*, given: Iterable[Share]) -> list[Line]:
    """Money of a dispute that had been lost came back; `given` says what it is for now, or that it is no bad debt."""
    return captured(given=given)


def dispute_lost(*, taken: Iterable[Share]) -> list[Line]:
    """`taken` says what the money had been for: invoices owed again, a deposit, or credit."""
    lines = [debit(account, amount) for account, amount in taken]
    return [*lines, credit(A.DISPUTES_RECEIVABLE, sum((line.amount for line in lines), Decimal(0)))]


def dispute_moved(*, taken: Iterable[Share], given: Iterable[Share]) -> list[Line]:
    """Finance changed what a lost dispute is taken from; both sides come to the same amount."""
    return [
        *(debit(account, amount) for account, amount in taken),
        *(credit(account, amount) for account, amount in given),
    ]


def written_off(*, amount: Decimal) -> list[Line]:
    """Owed by a customer and given up."""
    return [debit(A.BAD_DEBT, amount), credit(A.RECEIVABLE, amount)]


def _from_customer(*, into: AccountName, given: Iterable[Share]) -> list[Line]:
    lines = [credit(account, amount) for account, amount in given]
    return [debit(into, -sum((line.amount for line in lines), Decimal(0))), *lines]
