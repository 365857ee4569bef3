"""Whether a provider account answers; the end of a silence wakes everything unknown there."""

from datetime import datetime

from django.db.transaction import atomic

from oropay import locks
from oropay.models import PaymentTransaction, ProviderHealth, TransactionState

WAKE_AT_ONCE = 10_000
"""More unknown rows than this wake by their own ladder."""


def health_note(*, provider_account_id: int | None, answers: bool, now: datetime) -> None:
    """Note that the gateway answered, or that it did not; its first good answer after silence restarts the look-up
    ladder of everything unknown at this account.

    Outside any recording's transaction: it touches other payments' rows, so it takes only those that are free.
    """
    if provider_account_id is None:
        return
    health = ProviderHealth.objects.filter(provider_account_id=provider_account_id)
    if not answers:
        ProviderHealth.objects.get_or_create(provider_account_id=provider_account_id)
        health.filter(silent_since=None).update(silent_since=now)
    elif health.filter(silent_since__isnull=False).update(silent_since=None):
        _wake_the_unknown(provider_account_id=provider_account_id, now=now)


@atomic(durable=True)
def _wake_the_unknown(*, provider_account_id: int, now: datetime) -> None:
    rows = locks.due(
        PaymentTransaction.objects.filter(
            payment__provider_account_id=provider_account_id, state=TransactionState.UNKNOWN
        ),
        limit=WAKE_AT_ONCE,
    )
    PaymentTransaction.objects.filter(pk__in=[row.pk for row in rows]).update(next_at=now, looks=0)
