"""Holds and charges: who is told, what is posted, what is expected."""

from ledger.models import EntryKind
from oropay.engine.follow.checks import turn_away
from oropay.engine.follow.recording import Recording, events, expect, expected_before, post, tell_ended, withdraw
from oropay.engine.follow.returned import rejected_before_funding
from oropay.engine.follow.unwanted import came_to_nothing, stays_after_all
from oropay.models import FailureReason, Method, TransactionState
from oropay.services.debit_mail import debit_mail
from oropay.status import WITHOUT_MONEY

S = TransactionState


def authorized(news: Recording, state: TransactionState) -> None:
    """A hold: approved, its owners hear of it and nothing is posted, because no money has moved."""
    if state == S.APPROVED:
        for event, handler in events(news):
            handler.on_authorized(event=event)
    elif state == S.REVIEW:
        turn_away(news)
    elif state in WITHOUT_MONEY:
        tell_ended(news)


def charged(news: Recording, state: TransactionState) -> None:
    """A charge. A bank debit is expected once it is accepted and posted when it has settled; a card is both at once."""
    if news.payment.method == Method.BANK:
        if state == S.PENDING or (state == S.APPROVED and not expected_before(news)):
            expect(row=news.row, gateway_id=news.row.gateway_id, amount=news.row.amount, now=news.now)
        if state == S.PENDING:
            for event, handler in events(news):
                handler.on_pending(event=event)
            if news.is_kept():
                debit_mail(row=news.row, now=news.now)
        elif state == S.APPROVED:
            post(news=news, kind=EntryKind.SETTLED, ask="on_settled")
            stays_after_all(news)
        elif state in WITHOUT_MONEY:
            if news.row.gateway_id:
                withdraw(news.row, now=news.now)
            tell_ended(news)
            came_to_nothing(news)
            if news.row.failure_reason == FailureReason.REJECTED:
                rejected_before_funding(news=news)
    elif state == S.APPROVED:
        post(news=news, kind=EntryKind.CAPTURED, ask="on_captured")
        expect(row=news.row, gateway_id=news.row.gateway_id, amount=news.row.amount, now=news.now)
    elif state == S.REVIEW:
        turn_away(news)
    elif state in WITHOUT_MONEY:
        tell_ended(news)
