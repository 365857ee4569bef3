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


def same_merchant(*, account: ProviderAccount) -> QuerySet[ProviderAccount]:
    """The seller's other accounts that may be one merchant with this one at the gateway: each is then told of all its
    deposits.

    Of an account whose app is not known here it is assumed: enough to find again what both were told of, not to leave
    to one what only the other may have been told of.
    """
    others = ProviderAccount.objects.filter(
        organization=account.organization_id,
        kind=account.kind,
        service_url=account.service_url,
        settlement_account=account.settlement_account,
    ).exclude(pk=account.pk)
    if account.app_digest:
        others = others.filter(app_digest__in=["", account.app_digest])
    return others.order_by("pk")


def merchant_ids(*, account: ProviderAccount) -> list[int]:
    """This account's id and those of `same_merchant`, in order."""
    return sorted([account.pk, *same_merchant(account=account).values_list("pk", flat=True)])
