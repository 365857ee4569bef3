"""Provider accounts that have something to tell."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Q, QuerySet

from oropay.models import Payment, ProviderAccount

HEARD_FOR = timedelta(days=180)
"""After the last payment: disputes come up to about 120 days later, bank returns up to 60."""


def accounts_heard(*, now: datetime) -> QuerySet[ProviderAccount]:
    """Accounts whose gateway is listened to: active ones, and switched-off ones whose money may still come back."""
    lately = Payment.objects.filter(provider_account=OuterRef("pk"), created_at__gt=now - HEARD_FOR)
    return ProviderAccount.objects.filter(Q(is_active=True) | Exists(lately)).order_by("pk")
