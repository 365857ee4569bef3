"""What every start of a payment reads; no lock is waited for. See `plumbing.compiled`."""

from collections.abc import Collection

from django.db.models import Exists, OuterRef, QuerySet, Subquery

from oropay.models import Instrument, Integration, IntegrationType, Payable, PaymentPayable
from plumbing.compiled import compiled


@compiled
def payables_glanced(
    *, ids: Collection[int], instrument_id: int
) -> QuerySet[Payable, tuple[str, int | None, str, bool, str | None]]:
    """Of each payable: number, customer, currency, whether another attempt is paying it (those first), and the
    fingerprint of the instrument that shall pay.
    """
    return (
        Payable.objects.filter(pk__in=ids)
        .annotate(
            running=Exists(PaymentPayable.objects.filter(payable=OuterRef("pk"), live=True)),
            fingerprint=Subquery(Instrument.objects.order_by().filter(pk=instrument_id).values("fingerprint")),
        )
        .order_by("-running", "pk")
        .values_list("number", "customer_id", "currency", "running", "fingerprint")
    )


@compiled
def integrations_named(*, pk: int, organization_id: int, currency: str) -> QuerySet[Integration]:
    """One seller's integration with its account, its account's health and its limits in this currency; or none."""
    return (
        Integration.objects.with_limits(currency=currency)
        .select_related("provider_account__health")
        .filter(pk=pk, organization_id=organization_id, type=IntegrationType.OROPAY)
    )


@compiled
def instruments_named(*, pk: int, customer_id: int, provider_account_id: int) -> QuerySet[Instrument]:
    """One company's saved instrument as this account knows it; or none."""
    return Instrument.objects.filter(pk=pk, customer_id=customer_id, provider_account_id=provider_account_id)
