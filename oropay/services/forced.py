"""A payment status that a person says instead of the rules; see `oropay.models.ForcedStatus`."""

from datetime import datetime

from django.db.models import QuerySet
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay import locks
from oropay.exceptions import ExpiryPassed, NoteRequired, StatusNotForced
from oropay.models import ForcedStatus, Payable, PaymentStatus
from plumbing.apart import sum_apart
from plumbing.audit import because
from plumbing.services import note_add


@atomic(durable=True)
def status_force(
    *,
    payable: Payable,
    status: PaymentStatus,
    reason: str,
    by: User,
    now: datetime,
    expires_at: datetime | None = None,
) -> ForcedStatus:
    """Show another payment status than the rules say, until `expires_at` or until somebody ends it.

    No money moves and `payable_now` stays what it is. One already in force is ended by this one.

    Raises:
        NoteRequired: `reason` is blank.
        ExpiryPassed: `expires_at` is not in the future.
    """
    reason = reason.strip()
    if not reason:
        raise NoteRequired
    if expires_at is not None and expires_at <= now:
        raise ExpiryPassed
    [held] = locks.payables(ids=[payable.pk])
    with because(by=by, why=reason):
        _open_ones(held).update(ended_at=now, ended_by=by)
        forced = ForcedStatus.objects.create(
            payable=held, status=status, reason=reason, by=by, at=now, expires_at=expires_at
        )
    held.status, held.is_forced = status, True
    held.save(update_fields=["status", "is_forced"])
    text = _("Payment status forced to “{status}”: {reason}").format(status=held.get_status_display(), reason=reason)
    note_add(on=held, text=text, by=by, now=now)
    return forced


@atomic(durable=True)
def status_unforce(*, payable: Payable, by: User, now: datetime) -> Payable:
    """End the forced status: the payment status follows the money again, at once.

    Raises:
        StatusNotForced: none is in force; perhaps its time was over.
    """
    [held] = locks.payables(ids=[payable.pk])
    with because(by=by, why=_("Forced payment status ended")):
        if not _open_ones(held).update(ended_at=now, ended_by=by):
            raise StatusNotForced(number=held.number)
    _follow_the_money(held, by=by, now=now)
    return held


def forced_statuses_expire(*, now: datetime) -> int:
    """End every forced status whose time is over, each in a transaction of its own; returns how many.

    Raises:
        SomeNotDone: some could not be ended; all others were.
    """
    due = ForcedStatus.objects.filter(ended_at=None, expires_at__lte=now)
    return sum_apart(due.values_list("payable_id", flat=True), lambda pk: _expire(payable_id=pk, now=now))


@atomic(durable=True)
def _expire(*, payable_id: int, now: datetime) -> int:
    [held] = locks.payables(ids=[payable_id])
    with because(by=None, why=_("The time of the forced payment status was over")):
        ended = _open_ones(held).filter(expires_at__lte=now).update(ended_at=now)
    if ended:
        _follow_the_money(held, by=None, now=now)
    return ended


def _follow_the_money(held: Payable, *, by: User | None, now: datetime) -> None:
    held.status, held.is_forced = held.derived_status, False
    held.save(update_fields=["status", "is_forced"])
    text = _("Forced payment status ended; by the money it is “{status}”.").format(status=held.get_status_display())
    note_add(on=held, text=text, by=by, now=now)


def _open_ones(held: Payable) -> QuerySet[ForcedStatus]:
    return ForcedStatus.objects.filter(payable=held, ended_at=None)
