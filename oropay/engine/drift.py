"""The nightly comparison: everything the gateway made for an account in the last days, beside what is with us.

The list only points: whatever differs is read again by its id, and that answer is taken in as after a notification.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from oropay.engine.evidence import SILENT
from oropay.engine.gateways import gateway_of
from oropay.engine.problems import problem_log
from oropay.engine.shown import Result, Seen, plainly_alike, taken_in
from oropay.exceptions import VaultError
from oropay.gateway.port import Answer, GatewayUnavailable, PaymentGateway, Verdict
from oropay.models import (
    Action,
    DriftKind,
    DriftRun,
    Integration,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.services.drift import finding_note
from plumbing.apart import apart
from plumbing.exceptions import SomeNotDone

S = TransactionState

CHUNK = 200
"""Transactions compared with two queries."""
LISTED = (Action.CHARGE, Action.AUTHORIZE, Action.REAUTHORIZE, Action.REFUND, Action.CREDIT)
"""Ours that must be on the gateway's list."""
SETTLED_DOWN = timedelta(minutes=15)
"""A younger transaction may not be on the list yet."""


def drift_check(
    *, account: ProviderAccount, now: datetime, after_chunk: Callable[[int], None] = lambda _count: None
) -> DriftRun:
    """Compare the last OROPAY_DRIFT_DAYS days of an account; record what the gateway's answers prove, note the rest.

    Safe to repeat and to run twice at once. `after_chunk` hears how many have been compared.

    Raises:
        GatewayUnavailable: the list could not be read to its end; what was compared before it stands.
        VaultError: this process may not open the account's credentials.
        SomeNotDone: some could not be compared; all others were.
    """
    until = now.astimezone(UTC).date()
    since = until - timedelta(days=settings.OROPAY_DRIFT_DAYS)
    run = DriftRun.objects.create(provider_account=account, since=since, until=until, started_at=now)
    try:
        _compare(run=run, account=account, after_chunk=after_chunk)
    except (GatewayUnavailable, SomeNotDone, VaultError) as error:
        run.error = str(error)
        raise
    finally:
        run.ended_at = timezone.now()
        run.save(update_fields=["ended_at", "compared", "found", "error"])
    return run


def _compare(*, run: DriftRun, account: ProviderAccount, after_chunk: Callable[[int], None]) -> None:
    gateway = gateway_of(account=account)
    listed: set[str] = set()
    with apart(stops=(GatewayUnavailable,)) as each:
        for chunk in _chunks(gateway.transactions(since=run.since, until=run.until)):
            listed.update(answer.gateway_id for answer in chunk)
            alike = plainly_alike(account=account, answers=chunk)
            for gateway_id in (answer.gateway_id for answer in chunk if answer.gateway_id not in alike):
                with each.one(gateway_id):
                    run.found += _look_closer(account=account, gateway=gateway, gateway_id=gateway_id)
            run.compared += len(chunk)
            after_chunk(run.compared)
        for row in _ours_not_listed(account=account, since=run.since, now=run.started_at, listed=listed):
            with each.one(row.gateway_id):
                run.found += _look_for(row=row, account=account, gateway=gateway)


def _chunks(answers: Iterator[Answer]) -> Iterator[list[Answer]]:
    while chunk := list(islice(answers, CHUNK)):
        yield chunk


def _look_closer(*, account: ProviderAccount, gateway: PaymentGateway, gateway_id: str) -> int:
    """Read one by its id and take in what it shows; 1 if that is a difference nobody has noted yet."""
    answer = _read(gateway=gateway, gateway_id=gateway_id)
    if answer.verdict == Verdict.NOT_FOUND:
        return 0  # listed and not there: the gateway's own business
    seen = taken_in(account=account, answer=answer, now=timezone.now())
    return drift_note(account=account, gateway_id=gateway_id, seen=seen)


def drift_note(*, account: ProviderAccount, gateway_id: str, seen: Seen) -> int:
    """Keep a difference for finance; 1 if it is new."""
    if seen.drift is None:
        return 0
    is_new = finding_note(
        account=account,
        gateway_id=gateway_id,
        kind=seen.drift,
        text=seen.text,
        transaction=seen.row,
        repaired=seen.repaired,
        now=timezone.now(),
    )
    if is_new:
        for integration in _concerned(account=account, row=seen.row):
            problem_log(integration=integration, text=f"A difference with the gateway ({seen.drift}): {gateway_id}.")
    return is_new


def _concerned(*, account: ProviderAccount, row: PaymentTransaction | None) -> Iterable[Integration]:
    """The integration that was paid with; all of the account where nothing of ours is concerned."""
    integration = row.payment.integration if row is not None else None
    return [integration] if integration is not None else Integration.objects.filter(provider_account=account)


def _ours_not_listed(
    *, account: ProviderAccount, since: date, now: datetime, listed: set[str]
) -> Iterable[PaymentTransaction]:
    """Approved with us in these days (less the first, which another time zone may cut), and not on the list."""
    rows = PaymentTransaction.objects.filter(
        payment__provider_account=account,
        action__in=LISTED,
        state=S.APPROVED,
        created_at__gte=datetime(since.year, since.month, since.day, tzinfo=UTC) + timedelta(days=1),
        created_at__lt=now - SETTLED_DOWN,
    ).exclude(gateway_id="")
    return [row for row in rows.order_by("pk") if row.gateway_id not in listed]


def _look_for(*, row: PaymentTransaction, account: ProviderAccount, gateway: PaymentGateway) -> int:
    """Read one of ours that is not on the list; 1 if that shows a difference nobody has noted yet."""
    answer = _read(gateway=gateway, gateway_id=row.gateway_id)
    if answer.verdict != Verdict.NOT_FOUND:
        seen = taken_in(account=account, answer=answer, now=timezone.now())
        return drift_note(account=account, gateway_id=row.gateway_id, seen=seen)
    text = _("It is {state} with us, and the gateway knows no such transaction.").format(state=row.get_state_display())
    seen = Seen(result=Result.DIFFERS, text=text, row=row, drift=DriftKind.MISSING)
    return drift_note(account=account, gateway_id=row.gateway_id, seen=seen)


def _read(*, gateway: PaymentGateway, gateway_id: str) -> Answer:
    answer = gateway.look_up(gateway_id=gateway_id)
    if answer.verdict in SILENT and not answer.status:
        raise GatewayUnavailable(f"{gateway_id} could not be read. {answer.error_text}")
    return answer
