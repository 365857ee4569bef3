"""Work off an integration's inbox: who signed it, what is it about, and what does the gateway itself say of that?

Each step is a row's state, so that a worker that dies loses nothing: its lease ends and another begins again.
Source: ADR 4.
"""

import json
import logging
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import accumulate
from typing import Any

from django.conf import settings
from django.db import connection
from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from oropay import locks
from oropay.engine.disputes import dispute_reread
from oropay.engine.drift import drift_note
from oropay.engine.evidence import SILENT
from oropay.engine.health import health_note
from oropay.engine.problems import problem_log
from oropay.engine.shown import AS_SHOWN, Result, Seen, plainly_alike, taken_in
from oropay.engine.signers import Signer, signed
from oropay.exceptions import VaultError
from oropay.gateway.port import Answer, PaymentGateway, Subject, Verdict
from oropay.gateway.port.notifications import TEST_ID
from oropay.models import (
    NOTIFICATION_WAITING,
    DriftKind,
    Integration,
    Notification,
    NotificationState,
    PaymentTransaction,
    ProviderAccount,
)
from oropay.services.notification import webhook_check_end

logger = logging.getLogger(__name__)

N = NotificationState

BATCH = 100
"""Messages one hint works off before it gives the queue to others."""
MOST_BYTES = 1024 * 1024
"""Of their bodies together: each is read to its end before anybody knows who sent it."""
AT_ONCE = 8
"""Questions to the gateway under way at the same time: each waits for the network, not for us."""
LEASE = timedelta(minutes=2)
NOT_FOUND_TRIES = 3
"""A gateway may know something a moment after it has told us of it."""


def inbox_drain(*, integration_id: int, now: datetime) -> int:
    """Work off what waits in one inbox, at most `BATCH` messages of `MOST_BYTES`; returns how many were taken.

    Genuine messages about the same transaction are answered by one question. Safe to run any number of times at once.
    """
    rows = _claim(integration_id=integration_id, now=now)
    if not rows:
        return 0
    integration = Integration.objects.select_related("provider_account__organization").get(pk=integration_id)
    if integration.provider_account is None:
        _end(rows, N.DEAD, _("This integration has no provider account."))
        return len(rows)
    try:
        genuine = _verify(rows=rows, integration=integration)
    except VaultError as error:
        _again(rows, str(error), integration=integration)
        return len(rows)
    for signer, told in genuine:
        _work_off(rows=told, signer=signer, integration=integration)
    return len(rows)


def _work_off(*, rows: Sequence[Notification], signer: Signer, integration: Integration) -> None:
    """Follow up the genuine messages of one account."""
    account, gateway = signer.account, signer.gateway
    about, disputed = _by_subject(rows=_without_copies(rows=rows, integration=integration))
    answers = _ask(gateway=gateway, gateway_ids=list(about))
    if answers:
        answered = any(answer.verdict not in SILENT for answer in answers.values())
        health_note(provider_account_id=account.pk, answers=answered, now=timezone.now())
    alike = plainly_alike(account=account, answers=list(answers.values())) if answers else {}
    _end_alike(about=about, alike=alike)
    for gateway_id, answer in answers.items():
        if gateway_id in alike:
            continue
        _follow_up(rows=about[gateway_id], account=account, answer=answer, integration=integration)
    for gateway_id, told in disputed.items():
        _reread_dispute(rows=told, gateway_id=gateway_id, account=account, integration=integration)


@atomic(durable=True)
def _claim(*, integration_id: int, now: datetime) -> list[Notification]:
    rows = _portion(locks.notifications_due(integration_id=integration_id, now=now, limit=BATCH))
    Notification.objects.filter(pk__in=[row.pk for row in rows]).update(next_at=now + LEASE, tries=F("tries") + 1)
    for row in rows:
        row.tries += 1
    return rows


def _portion(rows: list[Notification]) -> list[Notification]:
    """The first of them that are not too much for one go, and never none."""
    sizes = accumulate(len(row.body) for row in rows)
    return [row for row, size in zip(rows, sizes, strict=True) if size <= MOST_BYTES] or rows[:1]


def _verify(*, rows: Sequence[Notification], integration: Integration) -> list[tuple[Signer, list[Notification]]]:
    """Check who signed; returns the genuine ones by account.

    Forged ones end here: they are never looked up and never count as copies of anything.
    Raises VaultError when the key of the account of today cannot be opened.
    """
    read = signed(rows=rows, integration=integration)
    genuine: dict[int, tuple[Signer, list[Notification]]] = {}
    turned_away: list[Notification] = []
    for message in read.messages:
        row, notice = message.row, message.notice
        row.shown = dict(notice.shown)
        if message.signer is None:
            turned_away.append(row)
            continue
        row.subject, row.gateway_id, row.gateway_status = notice.subject, notice.gateway_id, notice.status
        genuine.setdefault(message.signer.account.pk, (message.signer, []))[1].append(row)
    found = [row for _signer, told in genuine.values() for row in told]
    _write(
        VERIFIED,
        [row.pk for row in found],
        [row.subject for row in found],
        [row.gateway_id for row in found],
        [row.gateway_status for row in found],
        [json.dumps(row.shown) for row in found],
    )
    _turn_away(rows=turned_away, unsure=read.closed, integration=integration)
    return list(genuine.values())


def _turn_away(*, rows: Sequence[Notification], unsure: str, integration: Integration) -> None:
    """No key that could be opened fits them. While another cannot be, for the reason `unsure`, they are tried again; a
    message that nothing has ever proved genuine is rejected after the last try, so that strangers fill no inbox.
    """
    if unsure:
        unproved = [row for row in rows if row.state == N.RECEIVED and _is_last_try(row)]
        _again([row for row in rows if row not in unproved], unsure, integration=integration)
        Notification.objects.bulk_update(unproved, ["shown"])
        _end(unproved, N.REJECTED, _("Its signature fits no key that can be opened. {why}").format(why=unsure))
        if unproved:
            text = f"{len(unproved)} notifications were rejected: they fit no key that can be opened."
            problem_log(integration=integration, text=text)
        return
    Notification.objects.bulk_update(rows, ["shown"])
    known = [row for row in rows if row.state == N.VERIFIED]
    _end(known, N.DEAD, _("Its signature was the gateway's; no key of this integration fits it any more."))
    if known:
        text = f"{len(known)} notifications were given up: no key fits them any more."
        problem_log(integration=integration, text=text)
    forged = [row for row in rows if row.state == N.RECEIVED]
    _end(forged, N.REJECTED, _("Its signature is not the gateway's."))
    if forged:
        problem_log(integration=integration, text=f"{len(forged)} notifications were not signed by the gateway.")


VERIFIED = """
UPDATE oropay_notification AS row
SET state = 'verified', subject = read.subject, gateway_id = read.gateway_id, gateway_status = read.status,
    shown = read.shown::jsonb
FROM unnest(%s::bigint[], %s::text[], %s::text[], %s::text[], %s::text[]) AS
    read(id, subject, gateway_id, status, shown)
WHERE row.id = read.id AND row.state IN ('received', 'verified')
"""
ALIKE = """
UPDATE oropay_notification AS row
SET state = 'processed', outcome = %s, transaction_id = read.about, next_at = NULL, ended_at = %s
FROM unnest(%s::bigint[], %s::bigint[]) AS read(id, about)
WHERE row.id = read.id AND row.state = 'verified'
"""


def _write(statement: str, *values: Any) -> None:
    """One statement for many rows that each get values of their own."""
    with connection.cursor() as cursor:
        cursor.execute(statement, values)


def _end_alike(*, about: Mapping[str, Sequence[Notification]], alike: Mapping[str, PaymentTransaction]) -> None:
    """What the gateway shows is with us already."""
    told = [(row.pk, ours.pk) for gateway_id, ours in alike.items() for row in about[gateway_id]]
    _write(ALIKE, str(AS_SHOWN), timezone.now(), [pk for pk, _ours in told], [ours for _pk, ours in told])


def _without_copies(*, rows: Sequence[Notification], integration: Integration) -> list[Notification]:
    """Of equal messages that wait, the newest stands for all. What has ended is no copy: it may be told again."""
    newest = {row.sha256: row for row in sorted(rows, key=lambda row: row.pk)}
    waiting = Notification.objects.filter(integration=integration, state=N.VERIFIED, sha256__in=newest)
    kept = {row.pk for row in newest.values()}
    for copy in waiting.exclude(pk__in=kept).only("pk", "sha256"):
        if copy.pk < newest[copy.sha256].pk:
            _end([copy], N.IGNORED, _("A copy of #{number}.").format(number=newest[copy.sha256].pk))
    return list(newest.values())


ById = dict[str, list[Notification]]


def _by_subject(*, rows: Sequence[Notification]) -> tuple[ById, ById]:
    """What must be asked for, by its id at the gateway: transactions, and disputes; everything else ends here."""
    about: ById = {}
    disputed: ById = {}
    for row in rows:
        match row.subject:
            case Subject.TRANSACTION:
                about.setdefault(row.gateway_id, []).append(row)
            case Subject.TEST:
                came = webhook_check_end(name=row.gateway_id.removeprefix(TEST_ID), now=timezone.now())
                _end([row], N.IGNORED, _("Our own test came through.") if came else _("A test nobody asked for."))
            case Subject.DISPUTE:
                disputed.setdefault(row.gateway_id, []).append(row)
            case _:
                _end([row], N.IGNORED, _("It is signed, and names nothing that could be looked up."))
    return about, disputed


def _reread_dispute(
    *, rows: Sequence[Notification], gateway_id: str, account: ProviderAccount, integration: Integration
) -> None:
    """A message about a dispute is a hint like any other: the gateway's own word on it is what counts."""
    try:
        dispute = dispute_reread(provider_account=account, gateway_id=gateway_id, now=timezone.now())
    except Exception as error:
        # Silence, or a fault of ours about one dispute: kept on the row, tried again, and the others go on.
        logger.exception("dispute %s was not read", gateway_id)
        _again(rows, f"{type(error).__name__}: {error}", integration=integration)
        return
    if dispute is None:
        unknown = _("The gateway knows no such dispute.")
        _again([row for row in rows if row.tries < NOT_FOUND_TRIES], unknown, integration=integration)
        _end([row for row in rows if row.tries >= NOT_FOUND_TRIES], N.IGNORED, unknown)
        return
    words = _("{stage}: {state}").format(stage=dispute.get_stage_display(), state=dispute.get_status_display())
    _end(rows, N.PROCESSED, words)


def _ask(*, gateway: PaymentGateway, gateway_ids: Sequence[str]) -> Mapping[str, Answer]:
    """The gateway's own word on each, asked for after the message came."""
    if not gateway_ids:
        return {}
    with ThreadPoolExecutor(min(AT_ONCE, len(gateway_ids))) as pool:
        found = pool.map(lambda gateway_id: gateway.look_up(gateway_id=gateway_id), gateway_ids)
        return dict(zip(gateway_ids, found, strict=True))


def _follow_up(
    *, rows: Sequence[Notification], account: ProviderAccount, answer: Answer, integration: Integration
) -> None:
    if answer.verdict == Verdict.NOT_FOUND:
        unknown = _("The gateway knows no such transaction.")
        _again([row for row in rows if row.tries < NOT_FOUND_TRIES], unknown, integration=integration)
        _end([row for row in rows if row.tries >= NOT_FOUND_TRIES], N.IGNORED, unknown)
        return
    try:
        seen = taken_in(account=account, answer=answer, now=timezone.now())
    except Exception as error:
        # A fault of ours about one transaction: kept on the row, tried again, and the others go on.
        logger.exception("what the gateway shows of %s was not taken in", answer.gateway_id)
        _again(rows, f"{type(error).__name__}: {error}", integration=integration)
        return
    if seen.drift is not None and seen.drift != DriftKind.MISSED:  # to be told of news is no difference
        drift_note(account=account, gateway_id=answer.gateway_id, seen=seen)
    if seen.result == Result.LATER:
        _again(rows, seen.text, integration=integration)
    else:
        _end(rows, OUTCOMES[seen.result], seen.text, seen=seen)


OUTCOMES = {
    Result.AGREES: N.PROCESSED,
    Result.RECORDED: N.PROCESSED,
    Result.DIFFERS: N.PROCESSED,
    Result.UNKNOWN_TO_US: N.IGNORED,
    Result.FOREIGN: N.IGNORED,
}


def _end(rows: Sequence[Notification], state: NotificationState, text: str, *, seen: Seen | None = None) -> None:
    """Write down what became of messages; of one that another worker has ended meanwhile its word stands."""
    row = seen.row if seen is not None else None
    Notification.objects.filter(pk__in=[one.pk for one in rows], state__in=NOTIFICATION_WAITING).update(
        state=state, outcome=text, transaction=row, next_at=None, ended_at=timezone.now()
    )


def _again(rows: Sequence[Notification], text: str, *, integration: Integration) -> None:
    """Try again later; after the last step a person must look."""
    steps = settings.OROPAY_NOTIFICATION_STEPS
    for row in rows:
        if _is_last_try(row):
            _end([row], N.DEAD, text)
            problem_log(integration=integration, text=f"Notification {row.pk} was given up: {text}")
        else:
            Notification.objects.filter(pk=row.pk, state__in=NOTIFICATION_WAITING).update(
                next_at=timezone.now() + steps[row.tries - 1], outcome=text
            )


def _is_last_try(row: Notification) -> bool:
    return row.tries > len(settings.OROPAY_NOTIFICATION_STEPS)
