"""When to ask the gateway again. Pure: all steps are settings."""

from datetime import datetime, timedelta

from django.conf import settings

from oropay.models import TransactionState

HOURLY_UNTIL = timedelta(hours=24)
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def next_look(*, looks: int, unknown_for: timedelta) -> timedelta:
    """How long an unknown transaction waits after its look-up number `looks`: the ladder, hourly to a day, daily."""
    return _rung(steps=settings.OROPAY_LOOKUP_STEPS, taken=looks) or (HOUR if unknown_for < HOURLY_UNTIL else DAY)


def next_watch(*, looks: int) -> timedelta:
    """How long until the next look for a transaction that never arrived: young ones turn up, if at all, soon."""
    return _rung(steps=settings.OROPAY_WATCH_STEPS, taken=looks) or DAY


def next_reread(state: TransactionState) -> timedelta:
    """How often the gateway is asked about what it has not decided: a fraud review, a bank debit under way."""
    every: timedelta = (
        settings.OROPAY_REREAD_REVIEW if state == TransactionState.REVIEW else settings.OROPAY_REREAD_PENDING
    )
    return every


def next_answer(*, tries: int, at_least_until: datetime, respond_by: datetime | None, now: datetime) -> datetime | None:
    """When an answer to a dispute that could not be sent is tried again; None when its time is over.

    That is shortly before the dispute must be answered, or `at_least_until` where that is later or nobody says.
    """
    until = at_least_until
    if respond_by is not None:
        until = max(until, respond_by - settings.OROPAY_DISPUTE_GIVE_UP_BEFORE)
    pauses = settings.OROPAY_DISPUTE_STEPS
    return min(now + pauses[min(tries, len(pauses)) - 1], until) if now < until else None


def _rung(*, steps: list[timedelta], taken: int) -> timedelta | None:
    """The way from the step taken last to the one after it; None above the ladder."""
    if taken >= len(steps):
        return None
    return max(steps[taken] - steps[taken - 1], steps[0]) if taken else steps[0]
