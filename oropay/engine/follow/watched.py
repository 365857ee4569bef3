"""What ended as not taken is not forgotten: for 90 days we look whether it was done after all."""

from datetime import datetime

from django.conf import settings

from oropay.engine.evidence import owner_at_gateway
from oropay.engine.ladder import next_watch
from oropay.models import NAMED, Action, PaymentTransaction, Watch

BY_PARENT = frozenset({Action.CAPTURE, Action.CANCEL, Action.REVIEW_RELEASE})
"""These have no name of their own at the gateway; what they acted on shows whether they were done."""


def is_watchable(row: PaymentTransaction) -> bool:
    """Whether there is a name at the gateway by which a look can find that it was done after all."""
    if row.action in NAMED:
        return True
    parent = row.parent
    return row.action in BY_PARENT and parent is not None and bool(owner_at_gateway(parent).gateway_id)


def watch_begin(*, row: PaymentTransaction, now: datetime) -> None:
    """Watch a transaction from now on, in the transaction that ends it; one that is watched already stays so."""
    Watch.objects.get_or_create(
        transaction=row,
        defaults={"next_at": now + next_watch(looks=0), "until": now + settings.OROPAY_WATCH_FOR},
    )
