"""A cancel ended: of a hold, of what was taken, or of a transaction whose answer was lost."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ledger.models import EntryKind
from oropay.engine.follow.capture import release_add
from oropay.engine.follow.recording import Recording, post, tell_ended, withdraw
from oropay.engine.follow.renewal import renewal_ended
from oropay.engine.follow.unwanted import give_back_again, gives_back_again
from oropay.engine.follow.watched import watch_begin
from oropay.models import Action, AlertKind, FailureReason, Method, PaymentTransaction, TransactionState
from oropay.services.alert import alert_over, alert_raise
from oropay.services.followup import refund_instead_of_void, refundable
from oropay.services.followup.cancel import TAKING
from oropay.services.followup.capture import rest_of
from oropay.services.join import instrument_wait_end
from oropay.status import is_nobodys_hold

S = TransactionState
IN_THE_PORTAL = gettext_lazy("It was taken for another amount than asked: refund it in the gateway's portal.")
TOO_LATE = {
    S.REVIEW: gettext_lazy("Release it from review, then refund it once it has settled."),
    S.FAILED: IN_THE_PORTAL,
    S.UNKNOWN: IN_THE_PORTAL,
}
"""What a person must do about money whose void came after its batch had closed, by its state."""


def canceled(news: Recording, state: TransactionState) -> None:
    """A parent that ended without money by itself has been told already: its reversal changes nothing more."""
    if not news.row.is_final:
        return
    parent = news.parent()
    if parent is None:
        raise ValueError(f"cancel {news.row.pk} has no parent")
    if gives_back_again(news):
        give_back_again(news)
        return
    if is_nobodys_hold(parent):
        return  # given back before it was anybody's hold: the old one counts as it did
    if any(
        row.parent_id == parent.pk and row.action == Action.REAUTHORIZE and row.state == S.APPROVED
        for row in news.family
    ):
        return  # a renewed hold lives on in its renewal
    if parent.state == S.UNKNOWN:
        _lost_one_ended(news=news, lost=parent, state=state)
    elif state == S.APPROVED and parent.state in {S.PENDING, S.REVIEW}:
        _never_taken(news=news, parent=parent)
    elif state == S.APPROVED and parent.state == S.APPROVED:
        _undone(news=news, parent=parent)
    elif state == S.APPROVED and parent.state == S.FAILED:
        _another_amount_is_back(news=news, row=parent)
    elif news.row.failure_reason == FailureReason.BATCH_CLOSED and parent.action in TAKING:
        _void_came_too_late(news=news, charge=parent)


def _another_amount_is_back(*, news: Recording, row: PaymentTransaction) -> None:
    """What was taken for another amount than asked was given back: nobody must look at it any more."""
    alert_over(row=row, kind=AlertKind.AMOUNT_DIFFERS, remark=_("It was given back."), now=news.now)


def _undone(*, news: Recording, parent: PaymentTransaction) -> None:
    """A hold was released, or taken money given back before it settled."""
    if parent.action in TAKING:
        post(news=news, kind=EntryKind.VOIDED, ask="on_voided")
        withdraw(parent, now=news.now)
        _rest_let_go(news=news, capture=parent)
    else:
        tell_ended(news)
    if news.row.created_by_id is None and not parent.late and not news.row.outside:
        text = _("Its answer came while its reversal was on its way: nothing is taken any more, and it is due again.")
        alert_raise(row=parent, kind=AlertKind.TAKEN_BACK, text=text, now=news.now)


def _rest_let_go(*, news: Recording, capture: PaymentTransaction) -> None:
    """The gateway reversed the whole hold: what it held besides its capture is free too."""
    hold = next((row for row in news.family if capture.action == Action.CAPTURE and row.pk == capture.parent_id), None)
    rest = rest_of(hold=hold, family=news.family) if hold is not None else Decimal(0)
    if hold is not None and rest > 0:
        release_add(parent=hold, amount=rest, news=news)


def _void_came_too_late(*, news: Recording, charge: PaymentTransaction) -> None:
    """What is left of card money is refunded instead. When a bank debit is sure enough for that, a person decides."""
    if charge.state == S.APPROVED and news.payment.method == Method.CARD:
        refund = refund_instead_of_void(charge=charge, family=news.family, reason=news.row.reason, now=news.now)
        if refund is not None:
            news.family.append(refund)
            return
        why = refundable(transaction=charge, family=news.family).reason
        text = _("Nothing was refunded in its place: {why}").format(why=why)
    else:
        text = str(TOO_LATE.get(S(charge.state), gettext_lazy("Refund it once it has settled.")))
    alert_raise(row=news.row, kind=AlertKind.NOT_DONE, text=text, now=news.now)


def _never_taken(*, news: Recording, parent: PaymentTransaction) -> None:
    """A reversal of money that was not sure yet: nothing was booked, so nothing is mirrored."""
    parent.state, parent.next_at, parent.ended_at = S.CANCELED, None, news.now
    parent.save()
    instrument_wait_end(instrument=news.payment.instrument, stands=False, now=news.now)
    withdraw(parent, now=news.now)
    tell_ended(news)


def _lost_one_ended(*, news: Recording, lost: PaymentTransaction, state: TransactionState) -> None:
    """The reversal of an unknown transaction: 200 proves it canceled, 404 proves it never arrived, the rest nothing."""
    if state == S.APPROVED:
        lost.state = S.CANCELED
        _another_amount_is_back(news=news, row=lost)
    elif news.row.failure_reason == FailureReason.NEVER_ARRIVED:
        lost.state, lost.failure_reason = S.FAILED, FailureReason.NEVER_ARRIVED
        watch_begin(row=lost, now=news.now)
    else:
        if news.row.failure_reason == FailureReason.BATCH_CLOSED and lost.gateway_id:
            _void_came_too_late(news=news, charge=lost)
        return
    lost.next_at, lost.ended_at = None, news.now
    lost.save()
    if lost.action == Action.REAUTHORIZE:
        renewal_ended(news=news, renewal=lost)
    else:
        tell_ended(news)
