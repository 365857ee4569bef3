"""What this room says its control account should hold; `ledger_check` compares."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import Sum

from ledger.models import AccountName
from oropay.models import Payable, PayableKind


class DepositTotal:
    """Σ net money on orders: a liability, so negative. Billing an order moves its payments to the invoice."""

    name = "money on orders that are not billed"
    account = AccountName.CUSTOMER_DEPOSIT

    def totals(self) -> Mapping[tuple[int, str], Decimal]:
        paid = (
            Payable.objects.filter(kind=PayableKind.ORDER, paid__gt=0)
            .order_by()
            .values_list("organization_id", "currency")
            .annotate(sum=Sum("paid"))
        )
        return {(organization_id, currency): -amount for organization_id, currency, amount in paid}
