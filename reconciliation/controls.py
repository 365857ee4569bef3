"""What four control accounts should hold, from rows that are not the ledger. Read by `ledger_check`."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import connection

from ledger.models import AccountName

Totals = Mapping[tuple[int, str], Decimal]
"""(organization id, currency) → debit positive."""

GATEWAY_CLEARING = """
SELECT organization_id, currency, sum(amount)
FROM (
    SELECT payment.organization_id, money.currency,
        CASE WHEN money.action IN ('refund', 'credit', 'return', 'chargeback') THEN -money.amount ELSE money.amount END
            AS amount
    FROM oropay_paymenttransaction money
    JOIN oropay_payment payment ON payment.id = money.payment_id
    WHERE money.state = 'approved'
        AND money.action IN ('charge', 'capture', 'refund', 'credit', 'return', 'chargeback',
            'chargeback_reversal')
        AND payment.provider_account_id IS NOT NULL
    UNION ALL
    SELECT payment.organization_id, void.currency, -void.amount
    FROM oropay_paymenttransaction void
    JOIN oropay_paymenttransaction charge ON charge.id = void.parent_id
    JOIN oropay_payment payment ON payment.id = void.payment_id
    WHERE void.state = 'approved' AND void.action = 'cancel' AND charge.state = 'approved'
        AND charge.action IN ('charge', 'capture')
        AND payment.provider_account_id IS NOT NULL
    UNION ALL
    SELECT account.organization_id, version.currency, -(version.net + version.fees)
    FROM reconciliation_depositbooking booking
    JOIN reconciliation_depositversion version ON version.id = booking.version_id
    JOIN reconciliation_deposit deposit ON deposit.id = booking.deposit_id
    JOIN oropay_provideraccount account ON account.id = deposit.provider_account_id
) AS moved
GROUP BY organization_id, currency
"""
"""Taken through a gateway, less given back, returned, voided and taken by disputes, less what its booked deposits
carried (gross = net + fees).
"""

BOOKED_DEPOSITS = """
SELECT account.organization_id, version.currency, sum(version.net), sum(version.fees)
FROM reconciliation_depositbooking booking
JOIN reconciliation_depositversion version ON version.id = booking.version_id
JOIN reconciliation_deposit deposit ON deposit.id = booking.deposit_id
JOIN oropay_provideraccount account ON account.id = deposit.provider_account_id
GROUP BY account.organization_id, version.currency
"""

OFFLINE_RECEIPTS = """
SELECT payment.organization_id, receipt.currency, sum(receipt.amount)
FROM oropay_paymenttransaction receipt
JOIN oropay_payment payment ON payment.id = receipt.payment_id
WHERE receipt.state = 'approved' AND receipt.action = 'offline_receipt'
GROUP BY payment.organization_id, receipt.currency
"""


class GatewayClearing:
    """Captured by a gateway and not yet in one of its deposits. Negative while a deposit is known before its sales."""

    name = "gateway clearing = transactions less booked deposits"
    account = AccountName.GATEWAY_CLEARING

    def totals(self) -> Totals:
        return _totals(GATEWAY_CLEARING)


class CashInTransit:
    """Paid out by a gateway. No bank statement is read yet, so nothing has left it."""

    name = "cash in transit = net of booked deposits"
    account = AccountName.CASH_IN_TRANSIT

    def totals(self) -> Totals:
        return _totals(BOOKED_DEPOSITS, column=2)


class GatewayFees:
    """Kept by a gateway from its deposits."""

    name = "gateway fees = fees of booked deposits"
    account = AccountName.GATEWAY_FEES

    def totals(self) -> Totals:
        return _totals(BOOKED_DEPOSITS, column=3)


class UndepositedFunds:
    """Checks and wires that staff recorded. No bank statement is read yet, so nothing has left it."""

    name = "undeposited funds = offline receipts"
    account = AccountName.UNDEPOSITED_FUNDS

    def totals(self) -> Totals:
        return _totals(OFFLINE_RECEIPTS)


def _totals(statement: str, *, column: int = 2) -> Totals:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        rows: Sequence[Sequence[object]] = cursor.fetchall()
    return {(int(str(row[0])), str(row[1])): Decimal(str(row[column])) for row in rows}
