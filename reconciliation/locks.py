"""The locks of this room. Order: payment → match → the merchant's advisory locks → period (share) → pull or case row.

Nothing here is held while the gateway is asked, and no payment or transaction is locked for a change under the
merchant's locks. A case that names a transaction makes sure that it exists, as each foreign key does: should whoever
undoes a dispute's link hold it and wait for the merchant, PostgreSQL ends one of the two, and that one is done again.
"""

from datetime import datetime, timedelta

from django.db import connection
from django.db.models import Q

from oropay import locks as money_locks
from oropay.models import Payment, ProviderAccount
from oropay.selectors import merchant_ids
from reconciliation.models import ExceptionCase, Match, Pull
from reconciliation.models.pull import PULL_LIVE

HINT_AGAIN = timedelta(seconds=30)
"""A hint about a pull still due is repeated after this."""

ACCOUNT_LOCK = 0x5E771E
"""First key of the advisory locks of this room; the second is the provider account's id."""


def merchant(*, account: ProviderAccount) -> list[int]:
    """Let one transaction at a time write lines, matches, bookings and cases of accounts that are one merchant.

    Returns the ids of these accounts: whichever of them keeps a deposit, its lines may be about sales of each.
    """
    ids = merchant_ids(account=account)
    with connection.cursor() as cursor:
        for pk in ids:
            cursor.execute("SELECT pg_advisory_xact_lock(%s, %s)", [ACCOUNT_LOCK, pk])
    return ids


def due_pull(*, pk: int, now: datetime) -> Pull | None:
    """The pull if it is due, free and not over: another worker has it otherwise, or it has ended."""
    return (
        Pull.objects.select_for_update(of=("self",), skip_locked=True)
        .select_related("provider_account__organization")
        .filter(pk=pk, state__in=PULL_LIVE, next_at__lte=now)
        .first()
    )


def unhinted_pulls(*, now: datetime, limit: int) -> list[Pull]:
    """Pulls that are due and of which the queue was not told lately."""
    rows = Pull.objects.filter(
        Q(hinted_at__isnull=True) | Q(hinted_at__lte=now - HINT_AGAIN), state__in=PULL_LIVE, next_at__lte=now
    )
    return list(rows.select_for_update(skip_locked=True).order_by("next_at")[:limit])


def case(*, pk: int) -> ExceptionCase:
    return ExceptionCase.objects.select_for_update(of=("self",)).get(pk=pk)


def match(*, pk: int) -> Match:
    """Lock a match after the payments it is about: whoever records something of one may take its matches apart."""
    about = Payment.objects.filter(transactions__expectation__match_parts__match=pk)
    money_locks.payments(ids=about.values_list("pk", flat=True))
    return Match.objects.select_for_update(of=("self",)).get(pk=pk)
