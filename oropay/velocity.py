"""How often somebody may try to pay: against cards being tested, and failing closed.

Somebody with a list of stolen numbers tries many cards, many small amounts, or one card range from one end to the
other. So tries are counted by session, person, company, address, card and card range: charges, verifications, card
forms, and, more heavily, declines and different cards. What a browser says of a card is only counted, never believed:
once the gateway has answered, the card counts by the fingerprint and first digits it tells, and a browser that leaves
them out shares one tight limit with all others that do. A limit has two steps. From the first on more proof is wanted
(`Stance.STEP_UP`: a 3-D Secure challenge, and a pause before the next try); from the second on the subject is locked
out until a time, or until staff lift it.

Counters live in Valkey and may be lost; lock-outs are rows. If the counters cannot be asked, nothing is started.
"""

import logging
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache

import redis
from django.conf import settings
from django.db.models import QuerySet
from django.utils.crypto import salted_hmac

from commerce.money import exponent
from oropay.exceptions import CountersUnavailable, LockedOut, SlowDown
from oropay.limits import Act, Limit
from oropay.models import Lockout, Subject
from plumbing.compiled import compiled

logger = logging.getLogger(__name__)


class Stance(StrEnum):
    """What the check asks of whoever wants to pay."""

    CLEAR = "clear"
    STEP_UP = "step_up"
    """Let the card holder's bank ask who it is: a 3-D Secure challenge."""


@dataclass(frozen=True)
class Exceeded:
    """A subject that reached the second step of a limit."""

    subject: Subject
    value_hash: str
    limit: Limit


Subjects = Mapping[Subject, str]
"""Whose try it is: the keyed hash of each value that is known."""


REMEMBERED = timedelta(days=1)
"""How long it is known that an answer was counted; what is told later of a try is no news of card testing."""
NO_BIN = "none"
"""The value of `Subject.BIN` where the browser left it out: all such cards are one range."""


@lru_cache(maxsize=1)
def _store() -> "redis.Redis":
    # Who finds all connections taken waits for one: many tries at once are no outage, however slow the machine.
    connections = redis.BlockingConnectionPool.from_url(
        settings.REDIS_URL,
        max_connections=32,
        timeout=10,
        socket_timeout=1,
        socket_connect_timeout=1,
        decode_responses=True,
    )
    return redis.Redis(connection_pool=connections)


def subjects_of(values: Mapping[Subject, str]) -> dict[Subject, str]:
    """Keyed hashes of the values that are known: recognised again, not read. Web and worker share the key."""
    return {
        subject: salted_hmac(f"oropay.velocity.{subject.value}", value, algorithm="sha256").hexdigest()
        for subject, value in values.items()
        if value
    }


def ask(
    *,
    act: Act,
    organization_id: int,
    subjects: Subjects,
    now: datetime,
    besides: Collection[Act] = (),
    key: str = "",
    pauses: bool = True,
) -> tuple[Stance, list[Exceeded]]:
    """Refuse who is locked out or must wait; count this try and say what it amounts to.

    `besides` says what else it counts as: a small charge (see `is_small`), one more card, a card without first digits.
    The same `key` again is the same try, such as a second click: it is not counted. `pauses` is False where another
    count follows at once: that one makes wait.

    Raises:
        LockedOut: with the time until which.
        SlowDown: more proof is wanted, and the last try was a moment ago.
        CountersUnavailable: the counters cannot be asked; nothing may be started.
    """
    refuse_locked(organization_id=organization_id, subjects=subjects, now=now)
    tries = dict.fromkeys((act, *besides), 1)
    try:
        _refuse_pause(organization_id=organization_id, subjects=subjects)
        same = _store().get(f"oropay:velocity:try:{key}") if key else None
        if same:
            return Stance(str(same)), []
        seen = _count(organization_id=organization_id, subjects=subjects, tries=tries)
        stance, exceeded = _judge(seen, subjects=subjects)
        if key:
            _store().set(f"oropay:velocity:try:{key}", stance.value, ex=3600)
        if stance == Stance.STEP_UP and pauses:
            _pause(organization_id=organization_id, subjects=subjects)
    except redis.RedisError as error:
        logger.exception("the counters of payment tries cannot be asked")
        raise CountersUnavailable from error
    return stance, exceeded


def is_small(*, amount: Decimal, currency: str) -> bool:
    """Whether a charge is of the kind that tries cards out: less than OROPAY_VELOCITY_SMALL_AMOUNT hundreds of the
    currency's smallest unit, so that 5 means $5, ¥500 and KD 0.500. `amount` in major units.
    """
    return amount.scaleb(exponent(currency) - 2) < settings.OROPAY_VELOCITY_SMALL_AMOUNT


def learned(*, organization_id: int, subjects: Subjects, act: Act, really: Subjects, key: str) -> list[Exceeded]:
    """Count what the gateway has told of a try's card, each once per `key`. What cannot be counted is let go.

    `really` are the names of the card, and of its range, where the browser had given others. The card counts as one of
    the different ones of `subjects` in place of what the browser had said.
    """
    exceeded: list[Exceeded] = []
    try:
        for subject, value in really.items():
            if not _store().set(f"oropay:velocity:told:{key}:{subject.value}", 1, nx=True, ex=REMEMBERED):
                continue
            seen = _count(organization_id=organization_id, subjects={subject: value}, tries={act: 1})
            exceeded += _judge(seen, subjects={subject: value})[1]
            if subject == Subject.INSTRUMENT:
                seen = _count(organization_id=organization_id, subjects=subjects, tries={Act.CARDS: 1}, card=value)
                exceeded += _judge(seen, subjects=subjects)[1]
    except redis.RedisError:
        logger.exception("a card that the gateway has named was not counted")
    return exceeded


def declined(*, organization_id: int, subjects: Subjects, key: str, weight: int) -> list[Exceeded]:
    """Count a decline against whoever tried, once per `key`. A decline that cannot be counted is let go."""
    if not weight or not subjects:
        return []
    try:
        if not _store().set(f"oropay:velocity:counted:{key}", 1, nx=True, ex=REMEMBERED):
            return []
        seen = _count(organization_id=organization_id, subjects=subjects, tries={Act.DECLINE: weight})
    except redis.RedisError:
        logger.exception("a decline was not counted")
        return []
    return _judge(seen, subjects=subjects)[1]


def refuse_locked(*, organization_id: int, subjects: Subjects, now: datetime) -> None:
    """Raises LockedOut when one of the subjects is locked out now."""
    found = _lockouts(organization_id=organization_id, hashes=subjects.values(), now=now)
    if found:
        raise LockedOut(until=found[0].until)


@compiled
def _lockouts(*, organization_id: int, hashes: Collection[str], now: datetime) -> QuerySet[Lockout]:
    return Lockout.objects.filter(
        organization_id=organization_id, value_hash__in=hashes, until__gt=now, lifted_at=None
    ).order_by("-until")


def forget(*, organization_id: int, subject: Subject, value: str) -> None:
    """Start every counter of one subject anew, because staff let it try again."""
    keys = [
        _key(organization_id=organization_id, limit=limit, value=value)
        for limit in settings.OROPAY_VELOCITY
        if limit.subject == subject.value
    ]
    try:
        _store().delete(f"oropay:velocity:pause:{organization_id}:{value}", *keys)
    except redis.RedisError:
        logger.exception("the counters of a lifted lock-out could not be cleared; they end by themselves")


# --- counting ----------------------------------------------------------------------------------------------------


def _key(*, organization_id: int, limit: Limit, value: str) -> str:
    """Where a counter lives. Different cards are a table of the names each was given, the others are numbers."""
    kind = "card-names" if limit.act == Act.CARDS else limit.act.value
    return f"oropay:velocity:{organization_id}:{kind}:{limit.subject}:{limit.window}:{value}"


def _count(
    *, organization_id: int, subjects: Subjects, tries: Mapping[Act, int], card: str = ""
) -> list[tuple[Subject, Limit, int]]:
    """Add these tries to every counter of the table and read them, in one round trip. A window begins with its first.

    A charge also reads what declines have left behind. One of different cards stands under the name that the browser
    gave it, and means itself, until `card` says which it really is: then both names mean that one, so that a browser
    that gives many cards one name hides none, and a card that is typed again is none more.
    """
    said = subjects.get(Subject.INSTRUMENT, "")
    counted: list[tuple[Subject, Limit, int]] = []
    with _store().pipeline(transaction=False) as pipe:
        for limit in settings.OROPAY_VELOCITY:
            subject = Subject(limit.subject)
            if subject not in subjects:
                continue
            key = _key(organization_id=organization_id, limit=limit, value=subjects[subject])
            if limit.act == Act.CARDS:
                if limit.act not in tries or not (said or card):
                    continue
                if card:
                    pipe.hset(key, mapping={said or card: card, card: card})
                else:
                    pipe.hsetnx(key, said, said)
                pipe.hvals(key)
            elif limit.act in tries:
                pipe.incrby(key, tries[limit.act])
            elif limit.act == Act.DECLINE and Act.CHARGE in tries:
                pipe.get(key)
            else:
                continue
            counted.append((subject, limit, len(pipe) - 1))
            pipe.expire(key, limit.window, nx=True)
        answers = pipe.execute()
    return [(subject, limit, _number(answers[at])) for subject, limit, at in counted]


def _number(answer: object) -> int:
    """What a counter stands at; of a table of names how many cards they mean."""
    return len(set(answer)) if isinstance(answer, list) else int(str(answer or 0))


def _judge(seen: Iterable[tuple[Subject, Limit, int]], *, subjects: Subjects) -> tuple[Stance, list[Exceeded]]:
    stance, exceeded = Stance.CLEAR, []
    for subject, limit, number in seen:
        if number > limit.lock_after:
            exceeded.append(Exceeded(subject=subject, value_hash=subjects[subject], limit=limit))
        elif limit.step_up_after and number > limit.step_up_after:
            stance = Stance.STEP_UP
    return stance, exceeded


PAUSED = (Subject.SESSION, Subject.USER, Subject.INSTRUMENT)
"""Who must wait after more proof was wanted. Not a company or an address: colleagues did nothing."""


def _pause_keys(*, organization_id: int, subjects: Subjects) -> Sequence[str]:
    return [f"oropay:velocity:pause:{organization_id}:{subjects[one]}" for one in PAUSED if one in subjects]


def _pause(*, organization_id: int, subjects: Subjects) -> None:
    seconds = int(settings.OROPAY_VELOCITY_PAUSE.total_seconds())
    if seconds <= 0:
        return
    with _store().pipeline(transaction=False) as pipe:
        for key in _pause_keys(organization_id=organization_id, subjects=subjects):
            pipe.set(key, 1, ex=seconds)
        pipe.execute()


def _refuse_pause(*, organization_id: int, subjects: Subjects) -> None:
    keys = _pause_keys(organization_id=organization_id, subjects=subjects)
    if not keys:
        return
    with _store().pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.ttl(key)
        left = max(int(one) for one in pipe.execute())
    if left > 0:
        raise SlowDown(wait=timedelta(seconds=left))
