"""What every look-up of an unknown transaction has in common: how it asks, and when silence proves anything."""

from datetime import datetime

from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from oropay.engine.health import health_note
from oropay.gateway.port import Answer, Listing, PaymentGateway
from oropay.models import PaymentTransaction, TransactionState
from plumbing.clock import by_the_database


def note_health(*, row: PaymentTransaction, answers: bool) -> None:
    health_note(provider_account_id=row.payment.provider_account_id, answers=answers, now=timezone.now())


def listed(*, row: PaymentTransaction, gateway: PaymentGateway, reference: str) -> Listing:
    listing = gateway.find_by_reference(reference=reference)
    note_health(row=row, answers=listing.complete)
    return listing


def absent_twice(*, row: PaymentTransaction, asked_at: datetime) -> bool:
    """Two complete, empty look-ups begun far enough apart, both after the last moment an answer could have come."""
    if not answer_is_overdue(row=row, at=asked_at):
        return False
    if row.absent_since is None:
        PaymentTransaction.objects.filter(pk=row.pk, state=TransactionState.UNKNOWN, absent_since=None).update(
            absent_since=asked_at, next_at=timezone.now() + settings.OROPAY_ABSENT_GAP
        )
        return False
    return asked_at - row.absent_since >= settings.OROPAY_ABSENT_GAP


def answer_is_overdue(*, row: PaymentTransaction, at: datetime) -> bool:
    return row.answer_by is not None and by_the_database(at) >= row.answer_by + settings.OROPAY_ABSENT_GAP


def difference(row: PaymentTransaction, answer: Answer) -> str:
    """What we asked for beside what the gateway shows, for the person who must look."""
    return _("asked {action} {asked} as {reference}; the gateway shows {id} {type} {amount} as {other}").format(
        action=row.action,
        asked=f"{row.currency} {row.amount}",
        reference=row.reference,
        id=answer.gateway_id,
        type=answer.type,
        amount=answer.amount,
        other=answer.reference or "-",
    )


def difference_reversed(row: PaymentTransaction, answer: Answer) -> str:
    """As `difference`, of what is reversed by itself: whoever gives it back by hand as well gives it back twice."""
    return _(
        "{difference}. All of it is reversed by itself, and that is tried again if it fails: do nothing until this "
        "closes or Not done appears."
    ).format(difference=difference(row, answer))


def difference_left(row: PaymentTransaction, answer: Answer) -> str:
    """As `difference`, of what nobody reverses by itself."""
    return _(
        "{difference}. Nothing is done about it by itself: compare it with the gateway's portal and settle the "
        "difference there."
    ).format(difference=difference(row, answer))
