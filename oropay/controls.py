"""What this room says its control account should hold; `ledger_check` compares."""

from collections.abc import Mapping
from decimal import Decimal

from django.db.models import F, Q, Sum

from ledger.models import AccountName
from oropay.models import Action, PaymentTransaction, TransactionState

ZERO = Decimal(0)


class DisputesReceivable:
    """Σ chargebacks that are neither lost nor given back."""

    name = "open chargebacks"
    account = AccountName.DISPUTES_RECEIVABLE

    def totals(self) -> Mapping[tuple[int, str], Decimal]:
        lowers = Q(action=Action.CHARGEBACK_LOST) | Q(
            action=Action.CHARGEBACK_REVERSAL, parent__action=Action.CHARGEBACK
        )
        rows = (
            PaymentTransaction.objects.filter(state=TransactionState.APPROVED)
            .filter(Q(action=Action.CHARGEBACK) | lowers)
            .order_by()
            .values_list(F("payment__organization_id"), "currency")
            .annotate(
                taken=Sum("amount", filter=Q(action=Action.CHARGEBACK), default=ZERO),
                ended=Sum("amount", filter=lowers, default=ZERO),
            )
        )
        return {(organization_id, currency): taken - ended for organization_id, currency, taken, ended in rows}
