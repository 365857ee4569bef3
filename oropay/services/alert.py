"""Asking people to look at something about money, and what they do about it."""

from datetime import datetime

from django.db.transaction import atomic

from commerce.models import User
from oropay.exceptions import RemarkRequired
from oropay.models import Alert, AlertKind, PaymentTransaction
from plumbing.services import note_add


def alert_raise(*, row: PaymentTransaction, kind: AlertKind, text: str, now: datetime) -> bool:
    """Ask a person to look: one open alert per transaction and kind, in its newest words. True when it is new.

    What was resolved stays so when the same is said again; other words are another trouble.
    """
    last = Alert.objects.filter(transaction=row, kind=kind).order_by("-pk").first()
    if last is None or last.resolved_at is None or last.text != text:
        return alert_again(row=row, kind=kind, text=text, now=now)
    return False


def alert_again(*, row: PaymentTransaction, kind: AlertKind, text: str, now: datetime) -> bool:
    """As `alert_raise`, also if the same had been resolved: the trouble is back."""
    _alert, is_new = Alert.objects.update_or_create(
        transaction=row,
        kind=kind,
        resolved_at=None,
        defaults={"text": text},
        create_defaults={"text": text, "raised_at": now},
    )
    return is_new


def alert_over(*, row: PaymentTransaction, kind: AlertKind, remark: str, now: datetime) -> None:
    """Close an alert whose trouble ended by itself; no one has to."""
    Alert.objects.filter(transaction=row, kind=kind, resolved_at=None).update(resolved_at=now, remark=remark)


@atomic
def alert_resolve(*, alert: Alert, remark: str, by: User, now: datetime) -> Alert:
    """Close an alert with what was found out; the remark stays on it, and who wrote it on its payment.

    The first word stands: an alert that is resolved already is returned as it is.

    Raises:
        RemarkRequired: `remark` is blank.
    """
    if not remark.strip():
        raise RemarkRequired
    if Alert.objects.filter(pk=alert.pk, resolved_at=None).update(resolved_at=now, remark=remark.strip()):
        note_add(on=alert.transaction.payment, text=f"{alert.get_kind_display()}: {remark.strip()}", by=by, now=now)
    alert.refresh_from_db()
    return alert
