"""What the gateway kept for one transaction, though it names one fee for a whole deposit."""

from collections.abc import Collection
from decimal import Decimal

from django.db.models import Exists, OuterRef

from commerce.money import shares
from reconciliation.models import DepositVersion, MatchPart, SettlementLine


def fees_of(*, transaction_ids: Collection[int]) -> dict[int, Decimal]:
    """By transaction, its share of the fee of the deposit that paid it out, in major units; of what is matched only.

    Allocated by us, to the cent: by the size of the deposit's lines. Pages say so.
    """
    parts = MatchPart.objects.filter(
        live=True, settlement_line__isnull=False, expectation__transaction__in=transaction_ids
    )
    paid = {line: transaction for transaction, line in parts.values_list("expectation__transaction", "settlement_line")}
    newer = DepositVersion.objects.filter(deposit=OuterRef("deposit"), number__gt=OuterRef("number"))
    versions = DepositVersion.objects.filter(~Exists(newer), deposit__lines__in=paid).distinct()
    fees: dict[int, Decimal] = {}
    for version in versions:
        lines = SettlementLine.objects.filter(deposit=version.deposit_id).order_by("pk").values_list("pk", "amount")
        sizes = [abs(amount) for _pk, amount in lines]
        for (pk, _amount), fee in zip(lines, shares(version.fees, sizes, version.currency), strict=True):
            if pk in paid:
                fees[paid[pk]] = fee
    return fees
