"""Whether a provider account answers. The end of an outage wakes everything unknown there; a silence that lasts opens a
circuit: nothing is sent for a pause, then one transaction at a time is the probe, and the first good answer closes it.

The state is a row, so that all workers agree. Look-ups are evidence and go on at their own pace, open or not.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Coalesce
from django.db.transaction import atomic

from oropay import locks
from oropay.engine.evidence import KEPT_BACK, SILENT
from oropay.gateway.port import Answer
from oropay.models import (
    Action,
    DisputeRequest,
    PaymentTransaction,
    ProviderAccount,
    ProviderHealth,
    RequestState,
    TransactionState,
)

WAKE_AT_ONCE = 10_000
"""More unknown rows than this wake by their own ladder."""
OVER: dict[str, Any] = {"silent_since": None, "failures": 0, "failing_since": None, "open_until": None}
"""What a good answer makes of a silence."""


def health_note(*, provider_account_id: int | None, answers: bool, now: datetime, was_silent: bool = True) -> None:
    """Note that the gateway answered, or that it did not; its first good answer after silence closes the circuit. If
    the silence was an outage, it also restarts the look-up ladder of everything unknown at this account and sends what
    waits for it: answers to disputes and reversals of money that nobody wants.

    A silence shorter than the first step of that ladder is a single lost answer, no outage: what it left unknown is
    asked for as soon, and a gateway that loses some answers all the time would be asked for everything all the time.

    `was_silent` is False where the caller knows that the account answered when this was asked: then one more good
    answer is no news. A silence that began meanwhile is ended by the next answer.

    Outside any recording's transaction: it touches other payments' rows, so it takes only those that are free.
    """
    if provider_account_id is None or (answers and not was_silent):
        return
    health = ProviderHealth.objects.filter(provider_account_id=provider_account_id)
    if not answers:
        ProviderHealth.objects.get_or_create(provider_account_id=provider_account_id)
        _count(provider_account_id=provider_account_id, now=now)
        return
    outages = health.filter(silent_since__lte=now - settings.OROPAY_LOOKUP_STEPS[0])
    if outages.update(**OVER):
        _wake_all(provider_account_id=provider_account_id, now=now)
    else:
        health.filter(silent_since__isnull=False).update(**OVER)


def gateway_answers(answer: Answer) -> bool | None:
    """Whether an answer shows that the gateway speaks or that it is silent; None for one of our own making.

    What we kept back or refused ourselves never reached the network: it must neither open a circuit nor close one.
    """
    if answer.verdict in KEPT_BACK:
        return None
    if answer.verdict in SILENT:
        return False
    return True if answer.http_status is not None else None


def is_silent(*, account: ProviderAccount | None) -> bool:
    """Whether an account did not answer last, as its row stood when it was read."""
    health = getattr(account, "health", None)
    return health is not None and health.silent_since is not None


def _count(*, provider_account_id: int, now: datetime) -> None:
    """Count one more failure, and open the circuit at the last one allowed."""
    health = ProviderHealth.objects.filter(provider_account_id=provider_account_id)
    goes_on = When(failing_since__gt=now - settings.OROPAY_CIRCUIT_WINDOW, then=F("failures") + 1)
    health.update(
        silent_since=Coalesce(F("silent_since"), Value(now)),
        failures=Case(goes_on, default=Value(1)),
        failing_since=Case(
            When(failing_since__gt=now - settings.OROPAY_CIRCUIT_WINDOW, then=F("failing_since")), default=Value(now)
        ),
    )
    health.filter(open_until=None, failures__gte=settings.OROPAY_CIRCUIT_FAILURES).update(
        open_until=now + settings.OROPAY_CIRCUIT_PAUSE
    )


def probe_take(*, provider_account_id: int, now: datetime) -> bool:
    """Ask to be the one transaction that tries an open circuit after its pause; the next may try a pause later."""
    waiting = ProviderHealth.objects.filter(provider_account_id=provider_account_id, open_until__lte=now)
    return waiting.update(open_until=now + settings.OROPAY_CIRCUIT_PAUSE) == 1


def _wake_all(*, provider_account_id: int, now: datetime) -> None:
    rows = PaymentTransaction.objects.filter(payment__provider_account_id=provider_account_id)
    # What is due has been hinted, and would be hinted anew each time a gateway comes back: only those that would wait.
    _wake(rows.filter(state=TransactionState.UNKNOWN, next_at__gt=now), next_at=now, looks=0)
    paused = rows.filter(state=TransactionState.QUEUED, action=Action.CANCEL, created_by=None, queued_at__gt=now)
    _wake(paused, queued_at=now, next_at=now)
    answers = DisputeRequest.objects.filter(dispute__provider_account_id=provider_account_id)
    _wake(answers.filter(state=RequestState.QUEUED, next_at__gt=now), next_at=now)


@atomic(durable=True)
def _wake(waiting: QuerySet[Any], **changes: Any) -> None:
    rows = locks.due(waiting, limit=WAKE_AT_ONCE)
    waiting.model.objects.filter(pk__in=[row.pk for row in rows]).update(**changes)
