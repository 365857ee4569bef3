"""What ended as not taken is not forgotten: for 90 days we look whether it was done after all."""

from datetime import datetime

from django.conf import settings

from oropay.engine.ladder import next_watch
from oropay.models import PaymentTransaction, Watch


def watch_begin(*, row: PaymentTransaction, now: datetime) -> None:
    """Watch a transaction from now on, in the transaction that ends it; one that is watched already stays so."""
    Watch.objects.get_or_create(
        transaction=row,
        defaults={"next_at": now + next_watch(looks=0), "until": now + settings.OROPAY_WATCH_FOR},
    )
