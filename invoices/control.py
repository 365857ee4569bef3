"""What this room says its control accounts should hold; `ledger_check` compares."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Sum

from invoices.models import Allocation, AllocationState, CustomerCredit, Invoice, InvoiceState
from ledger.models import AccountName

ZERO = Decimal(0)


class ReceivableTotal:
    """Σ balances of posted invoices: totals less every live allocation."""

    name = "posted invoices less what cleared them"
    account = AccountName.RECEIVABLE

    def totals(self) -> Mapping[tuple[int, str], Decimal]:
        found: dict[tuple[int, str], Decimal] = {}
        posted = (
            Invoice.objects.filter(state=InvoiceState.POSTED)
            .order_by()
            .values_list("organization_id", "currency")
            .annotate(sum=Sum("total"))
        )
        for organization_id, currency, owed in posted:
            found[organization_id, currency] = owed
        cleared = (
            Allocation.objects.filter(state=AllocationState.LIVE)
            .order_by()
            .values_list("invoice__organization_id", "invoice__currency")
            .annotate(sum=Sum("amount"))
        )
        for organization_id, currency, amount in cleared:
            found[organization_id, currency] = found.get((organization_id, currency), ZERO) - amount
        return found


class CreditTotal:
    """Σ of what is left of customer credits: a liability, so negative."""

    name = "customer credits that are left"
    account = AccountName.CUSTOMER_CREDIT

    def totals(self) -> Mapping[tuple[int, str], Decimal]:
        left = (
            CustomerCredit.objects.order_by().values_list("organization_id", "currency").annotate(sum=Sum("remaining"))
        )
        return {(organization_id, currency): -amount for organization_id, currency, amount in left}
