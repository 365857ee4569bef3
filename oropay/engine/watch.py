"""Looking for 90 days whether what ended as not taken was done after all."""

from datetime import datetime

from django.db.transaction import atomic
from django.utils import timezone

from oropay import locks
from oropay.engine.drift import drift_note
from oropay.engine.evidence import owner_at_gateway
from oropay.engine.gateways import gateway_of
from oropay.engine.ladder import next_watch
from oropay.engine.late import NOTHING_CAME, another_amount_reverse, turned_up
from oropay.engine.shown import taken_in
from oropay.engine.unknown import TOOK, for_another_amount_of, ours
from oropay.gateway.port import PaymentGateway, Verdict
from oropay.models import NAMED, PaymentTransaction, Watch


def watch(*, transaction_id: int, now: datetime, only_due: bool = False) -> None:
    """Look once more for a transaction that was not taken; write down what came of it.

    `only_due`: not before its time, so that a message that comes twice is harmless.
    """
    lost = _reserve(transaction_id=transaction_id, now=now, only_due=only_due)
    if lost is None:
        return
    gateway = gateway_of(account=lost.payment.provider_account)
    if lost.action in NAMED:
        _by_its_name(lost=lost, gateway=gateway)
    elif lost.parent is not None:
        _by_what_it_acted_on(lost=lost, owner=owner_at_gateway(lost.parent), gateway=gateway)


@atomic(durable=True)
def _reserve(*, transaction_id: int, now: datetime, only_due: bool) -> PaymentTransaction | None:
    """Count the look and plan the next one before making this one, so that a crash loses nothing."""
    seen = locks.watch(pk=transaction_id, due=now if only_due else None)
    if seen is None:
        return None
    later = now + next_watch(looks=seen.looks + 1)
    seen.looks, seen.next_at = seen.looks + 1, later if later <= seen.until else None
    seen.save(update_fields=["looks", "next_at"])
    return PaymentTransaction.objects.select_related("payment__provider_account", "parent__parent").get(
        pk=transaction_id
    )


def _by_its_name(*, lost: PaymentTransaction, gateway: PaymentGateway) -> None:
    listing = gateway.find_by_reference(reference=lost.reference)
    if not listing.found:
        return
    if (other := for_another_amount_of(row=lost, gateway=gateway, found=listing.found)) is not None:
        if other.verdict in TOOK:
            another_amount_reverse(lost=lost, answer=other, now=timezone.now())
        elif other.verdict in NOTHING_CAME:
            Watch.objects.filter(pk=lost.pk).update(next_at=None)
        return
    answer = ours(row=lost, gateway=gateway, found=listing.found)
    if answer is not None:
        turned_up(lost=lost, answer=answer, now=timezone.now())


def _by_what_it_acted_on(*, lost: PaymentTransaction, owner: PaymentTransaction, gateway: PaymentGateway) -> None:
    """Captures and cancels carry no reference: done after all, they show as a difference of what they acted on."""
    account = lost.payment.provider_account
    answer = gateway.look_up(gateway_id=owner.gateway_id)
    if account is None or answer.verdict == Verdict.NOT_FOUND:
        return
    seen = taken_in(account=account, answer=answer, now=timezone.now())
    drift_note(account=account, gateway_id=owner.gateway_id, seen=seen)
    if seen.repaired:  # else another action's outcome was learned, and this one may still come
        Watch.objects.filter(pk=lost.pk).update(next_at=None)
