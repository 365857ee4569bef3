"""The posting table and the lines of each event."""

from collections.abc import Callable
from decimal import Decimal

import pytest

from ledger import postings
from ledger.models import ACCOUNT_TYPES, CONTROL_ACCOUNTS, AccountName, AccountType, EntryKind
from ledger.postings import SIDES
from ledger.services import Line, credit, debit

A, K = AccountName, EntryKind
HUNDRED, SIXTY, FORTY = Decimal(100), Decimal(60), Decimal(40)

EVENTS: list[tuple[EntryKind, Callable[[], list[Line]], list[Line]]] = [
    (
        K.INVOICE_POSTED,
        lambda: postings.invoice_posted(revenue=HUNDRED, tax=Decimal("8.88")),
        [debit(A.RECEIVABLE, Decimal("108.88")), credit(A.REVENUE, HUNDRED), credit(A.TAX_PAYABLE, Decimal("8.88"))],
    ),
    (
        K.CAPTURED,
        lambda: postings.captured(given=[(A.RECEIVABLE, SIXTY), (A.CUSTOMER_CREDIT, FORTY)]),
        [debit(A.GATEWAY_CLEARING, HUNDRED), credit(A.RECEIVABLE, SIXTY), credit(A.CUSTOMER_CREDIT, FORTY)],
    ),
    (
        K.SETTLED,
        lambda: postings.captured(given=[(A.CUSTOMER_DEPOSIT, HUNDRED)]),
        [debit(A.GATEWAY_CLEARING, HUNDRED), credit(A.CUSTOMER_DEPOSIT, HUNDRED)],
    ),
    (
        K.VOIDED,
        lambda: postings.voided(given=[(A.RECEIVABLE, SIXTY), (A.CUSTOMER_CREDIT, FORTY)]),
        [credit(A.GATEWAY_CLEARING, HUNDRED), debit(A.RECEIVABLE, SIXTY), debit(A.CUSTOMER_CREDIT, FORTY)],
    ),
    (
        K.REFUNDED,
        lambda: postings.refunded(taken=[(A.CUSTOMER_DEPOSIT, FORTY)]),
        [credit(A.GATEWAY_CLEARING, FORTY), debit(A.CUSTOMER_DEPOSIT, FORTY)],
    ),
    (
        K.OFFLINE_RECEIPT,
        lambda: postings.offline_receipt(given=[(A.RECEIVABLE, FORTY)]),
        [debit(A.UNDEPOSITED_FUNDS, FORTY), credit(A.RECEIVABLE, FORTY)],
    ),
    (
        K.DEPOSIT_APPLIED,
        lambda: postings.deposit_applied(amount=FORTY),
        [debit(A.CUSTOMER_DEPOSIT, FORTY), credit(A.RECEIVABLE, FORTY)],
    ),
    (
        K.DEPOSIT_ADVICE,
        lambda: postings.deposit_advice(paid_out=Decimal("97.10"), fees=Decimal("2.90")),
        [
            debit(A.CASH_IN_TRANSIT, Decimal("97.10")),
            debit(A.GATEWAY_FEES, Decimal("2.90")),
            credit(A.GATEWAY_CLEARING, HUNDRED),
        ],
    ),
    (
        K.BANK_DEPOSIT,
        lambda: postings.bank_deposit(amount=FORTY),
        [debit(A.BANK, FORTY), credit(A.CASH_IN_TRANSIT, FORTY)],
    ),
    (
        K.ORDER_CANCELED,
        lambda: postings.order_canceled(amount=FORTY),
        [debit(A.CUSTOMER_DEPOSIT, FORTY), credit(A.CUSTOMER_CREDIT, FORTY)],
    ),
]


@pytest.mark.parametrize(("kind", "make", "lines"), EVENTS)
def test_an_event_posts_its_lines(kind: EntryKind, make: Callable[[], list[Line]], lines: list[Line]) -> None:
    made = make()

    assert made == lines
    assert sum((line.amount for line in made), Decimal(0)) == 0
    assert {line.account for line in made if line.amount > 0} <= SIDES[kind].debit
    assert {line.account for line in made if line.amount < 0} <= SIDES[kind].credit


def test_every_kind_of_entry_has_a_row_in_the_posting_table() -> None:
    assert set(SIDES) == set(EntryKind)


def test_every_account_is_used_and_only_bank_lines_touch_the_bank() -> None:
    by_rule = {kind: sides for kind, sides in SIDES.items() if kind != K.ADJUSTED}

    used = frozenset().union(*(sides.debit | sides.credit for sides in by_rule.values()))

    assert used == set(AccountName)
    assert {kind for kind, sides in by_rule.items() if A.BANK in sides.debit | sides.credit} == {
        K.BANK_DEPOSIT,
        K.OFFLINE_BANKED,
    }


def test_every_account_has_a_type_and_control_accounts_are_balance_sheet_accounts() -> None:
    assert set(ACCOUNT_TYPES) == set(AccountName)
    assert {ACCOUNT_TYPES[name] for name in CONTROL_ACCOUNTS} == {AccountType.ASSET, AccountType.LIABILITY}


def test_a_return_also_takes_back_what_was_forgiven_with_the_payment() -> None:
    assert SIDES[K.RETURNED].credit == {A.GATEWAY_CLEARING, A.DISCOUNTS_GIVEN, A.SMALL_DIFFERENCES}
    assert SIDES[K.RETURNED].debit == SIDES[K.SETTLED].credit
