"""Whether a provider account answers. The first good answer after a silence wakes everything unknown there; a silence
that lasts opens a circuit: nothing is sent for a pause, then one transaction at a time is the probe, and the first good
answer closes it.

The state is a row, so that all workers agree. Look-ups are evidence and go on at their own pace, open or not.
"""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.db.models import Case, F, QuerySet, Value, When
from django.db.models.functions import Coalesce, Greatest, Least
from django.db.transaction import atomic

from oropay import locks
from oropay.engine.evidence import KEPT_BACK, SILENT
from oropay.gateway.port import Answer
from oropay.models import (
    GIVEN,
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


def health_note(*, provider_account_id: int | None, answers: bool, now: datetime, is_news: bool = True) -> None:
    """Note that the gateway answered, or that it did not. Its first good answer after a silence closes the circuit,
    restarts the look-up ladder of everything unknown at this account and sends what waits for it: answers to disputes
    and reversals of money that nobody wants.

    That is done once in `OROPAY_WAKE_PAUSE`, however often the gateway is silent: one that loses some answers all the
    time would be asked for everything all the time. What is owed then is done by the first good answer after the pause.

    `is_news` is False where the caller knows that a good answer changes nothing, by what `good_is_news` said when this
    was asked. A silence that began meanwhile is ended by the next answer.

    Outside any recording's transaction: it touches other payments' rows, so it takes only those that are free.
    """
    if provider_account_id is None or (answers and not is_news):
        return
    if answers:
        _answered(provider_account_id=provider_account_id, now=now)
    else:
        ProviderHealth.objects.get_or_create(provider_account_id=provider_account_id)
        _count(provider_account_id=provider_account_id, now=now)


def gateway_answers(answer: Answer) -> bool | None:
    """Whether an answer shows that the gateway speaks or that it is silent; None for one of our own making.

    What we kept back or refused ourselves never reached the network: it must neither open a circuit nor close one.
    """
    if answer.verdict in KEPT_BACK:
        return None
    if answer.verdict in SILENT:
        return False
    return True if answer.http_status is not None else None


def good_is_news(*, account: ProviderAccount | None, now: datetime) -> bool:
    """Whether a good answer of an account would change anything, as its row stood when it was read."""
    health = getattr(account, "health", None)
    if health is None:
        return False
    return health.silent_since is not None or (health.wake_from is not None and health.wake_from <= now)


def _count(*, provider_account_id: int, now: datetime) -> None:
    """Count one more failure, and open the circuit at the last one allowed."""
    health = ProviderHealth.objects.filter(provider_account_id=provider_account_id)
    goes_on = When(failing_since__gt=now - settings.OROPAY_CIRCUIT_WINDOW, then=F("failures") + 1)
    health.update(
        silent_since=Coalesce(F("silent_since"), Value(now)),
        wake_from=Coalesce(F("wake_from"), Greatest(F("woken_at") + settings.OROPAY_WAKE_PAUSE, Value(now))),
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


@atomic(durable=True)
def _answered(*, provider_account_id: int, now: datetime) -> None:
    """End a silence. With it, or not at all, everything is woken: a worker that dies between them leaves both to do."""
    health = ProviderHealth.objects.filter(provider_account_id=provider_account_id)
    if health.filter(wake_from__lte=now).update(wake_from=None, woken_at=now, **OVER):
        _wake_all(provider_account_id=provider_account_id, now=now)
    else:
        health.filter(silent_since__isnull=False).update(**OVER)


def _wake_all(*, provider_account_id: int, now: datetime) -> None:
    """Each asks anew as often as one that was lost just now; what no look can end, but only people, asks once."""
    rows = PaymentTransaction.objects.filter(payment__provider_account_id=provider_account_id)
    # What is due stays due since when it is: it has been hinted, and would be hinted anew under another moment.
    from_the_start = Case(When(action__in=GIVEN, then=F("looks")), default=0)
    _wake(rows.filter(state=TransactionState.UNKNOWN), next_at=Least(F("next_at"), Value(now)), looks=from_the_start)
    paused = rows.filter(state=TransactionState.QUEUED, action=Action.CANCEL, created_by=None, queued_at__gt=now)
    _wake(paused, queued_at=now, next_at=now)
    answers = DisputeRequest.objects.filter(dispute__provider_account_id=provider_account_id)
    _wake(answers.filter(state=RequestState.QUEUED, next_at__gt=now), next_at=now)


def _wake(waiting: QuerySet[Any], **changes: Any) -> None:
    rows = locks.due(waiting, limit=WAKE_AT_ONCE)
    waiting.model.objects.filter(pk__in=[row.pk for row in rows]).update(**changes)
