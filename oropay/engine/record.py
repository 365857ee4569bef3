"""Write down what the gateway or the bank said: one database transaction, whoever brings the news.

`record` always commits: facts are never refused. It moves the transaction, posts the ledger entry, tells the owners of
the payables and the listeners for expected money, and queues what must follow.
"""

from datetime import datetime

from django.conf import settings
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from ledger.services import period_hold
from oropay import locks, vault
from oropay.engine.evidence import SILENT, TYPE_AT_GATEWAY
from oropay.engine.follow import (
    Recording,
    came_back,
    code_came_later,
    code_learn,
    follow,
    is_reversed_for_its_amount,
    return_add,
)
from oropay.engine.follow.checks import being_reversed, checked
from oropay.engine.follow.unwanted import gives_back_again, is_unwanted
from oropay.engine.follow.watched import BY_PARENT, is_watchable, watch_begin
from oropay.engine.health import gateway_answers, good_is_news, health_note
from oropay.engine.judge import Move, judge
from oropay.engine.ladder import next_reread
from oropay.engine.learn import instrument_learn
from oropay.engine.looking import difference_left, difference_reversed
from oropay.engine.problems import problem_log
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    HOLDS,
    INITIATING,
    REREAD,
    Action,
    AlertKind,
    Exchange,
    FailureReason,
    Method,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.ports import payable_handlers
from oropay.services.alert import alert_raise
from oropay.services.guard import answer_count
from oropay.services.payable import MoneyColumns
from oropay.services.review_mail import is_told_by_what_follows, review_mail, review_passed_mail
from oropay.status import WITHOUT_MONEY
from plumbing.rows import row_write, rows_add

S = TransactionState

TELLING = INITIATING | {Action.VALIDATE}
"""Actions whose answer says something about the card or account."""


def record(
    *,
    transaction_id: int,
    answer: Answer,
    kind: str,
    now: datetime | None = None,
    seen: Payment | None = None,
    asked: bool = True,
) -> PaymentTransaction:
    """Record one answer about one transaction; `kind` is `send` for our own request's answer, `look` for a look-up.

    `asked` is False when the gateway was not spoken to, or nobody knows whether it was: then nothing is learned of its
    health, and neither is from an answer of our own making.
    `seen` is the payment as the caller has just read it, with its seller: then that is not read again.
    Idempotent: an answer that changes nothing only leaves its exchange behind.
    """
    now = now or timezone.now()
    row = _record(transaction_id=transaction_id, answer=answer, kind=kind, now=now, seen=seen)
    answers = gateway_answers(answer) if asked else None
    if answers is not None:
        health_note(
            provider_account_id=row.payment.provider_account_id,
            answers=answers,
            now=now,
            is_news=seen is None or good_is_news(account=seen.provider_account, now=now),
        )
    if row.action in TELLING:
        answer_count(row=row, answer=answer, now=now)
    return row


@atomic(durable=True)
def _record(
    *, transaction_id: int, answer: Answer, kind: str, now: datetime, seen: Payment | None
) -> PaymentTransaction:
    news = recording_lock(transaction_id=transaction_id, answer=answer, now=now, seen=seen)
    row = news.row
    exchange_add(news=news, kind=kind)
    if came_back(news=news):
        return_add(news=news)
        payment_refresh(news=news)
    elif (told := code_came_later(news=news)) is not None:
        code_learn(news=news, told=told)
    if being_reversed(news):
        return row
    move = judge(row=row, answer=answer, now=now, last_try=_last_try(row=row, now=now))
    if move is None:
        return row
    move = checked(news=news, move=move)
    if move.state == row.state:
        if move.alert is not None:
            alert_raise(row=row, kind=move.alert, text=_why(news=news, alert=move.alert), now=now)
        return row
    outcome_write(news=news, move=move)
    return row


def outcome_write(*, news: Recording, move: Move) -> None:
    """Move a locked transaction and do everything that follows from it, in the caller's transaction."""
    was_unknown = news.row.state == S.UNKNOWN
    reviewed = [row for row in news.family if row.state == S.REVIEW and row.action in INITIATING]
    untold = [row for row in reviewed if not is_told_by_what_follows(row=row, payables=news.payables)]
    _apply(news=news, move=move)
    if was_unknown:
        _reversals_withdraw(news=news)
    follow(news=news, move=move)
    for row in reviewed:
        if row.state in WITHOUT_MONEY:
            review_mail(row=row, now=news.now)
        elif row.state == S.APPROVED and row in untold:
            review_passed_mail(row=row, now=news.now)
    payment_refresh(news=news)
    if _may_turn_up(news.row, was_unknown=was_unknown):
        watch_begin(row=news.row, now=news.now)


def _may_turn_up(row: PaymentTransaction, *, was_unknown: bool) -> bool:
    """Whether it failed after it had left us: whoever answered 401, 403 or 429 may have passed it on all the same, and
    what acts on another row is ruled out by how that looked, which is no proof that it will stay so.
    """
    if row.state != S.FAILED or not is_watchable(row):
        return False
    if was_unknown and row.action in BY_PARENT:
        return True
    return Exchange.objects.filter(transaction=row, kind="send", verdict=Verdict.REFUSED).exists()


def _reversals_withdraw(*, news: Recording) -> None:
    """What was unknown is known now: its own reversal, if still unsent, must not undo it."""
    for child in news.family:
        if child.parent_id == news.row.pk and child.action == Action.CANCEL and child.state == S.QUEUED:
            child.state, child.next_at, child.ended_at = S.CANCELED, None, news.now
            child.save()


def recording_lock(*, transaction_id: int, answer: Answer, now: datetime, seen: Payment | None = None) -> Recording:
    """Lock everything that news about a transaction may touch, in the order of `oropay.locks`."""
    seen = seen or Payment.objects.select_related("organization").get(transactions=transaction_id)
    day = seen.organization.today(now)
    if answer.verdict not in SILENT:  # else there is no news to post
        period_hold(organization_id=seen.organization_id, day=day)
    if answer.type == TYPE_AT_GATEWAY[Action.REFUND]:
        # What is given may be credit, and another payment's refund of it may be recorded at this moment.
        locks.customer_account(pk=seen.customer_id)
    paid = locks.payables_of(payment_id=seen.pk)
    for handled in sorted({payable.kind for payable in paid.payables}):
        payable_handlers.get(handled).lock(payables=[p for p in paid.payables if p.kind == handled])
    payment = locks.payment(pk=seen.pk, seen=seen)
    family = locks.transactions_of(payment_id=payment.pk)
    for member in family:
        member.payment = payment
    return Recording(
        payment=payment,
        row=next(item for item in family if item.pk == transaction_id),
        family=family,
        payables=paid.payables,
        parts=[part for part in paid.parts if part.payment_id == payment.pk],
        everybodys_parts=paid.parts,
        answer=answer,
        now=now,
        day=day,
    )


def _last_try(*, row: PaymentTransaction, now: datetime) -> bool:
    return row.tries >= settings.OROPAY_SEND_TRIES or now > row.give_up_at


def exchange_add(*, news: Recording, kind: str) -> None:
    """Keep what the gateway said, redacted and boxed."""
    answer = news.answer
    sealed = vault.payload_close(
        {"request": answer.request, "response": answer.response, "error": answer.error_text, "status": answer.status}
    )
    exchange = Exchange(
        transaction=news.row,
        kind=kind,
        verdict=answer.verdict,
        http_status=answer.http_status,
        error_code=answer.error_code[:20],
        gateway_id=answer.gateway_id,
        payload=sealed.blob,
        key_id=sealed.key_id,
        at=news.now,
    )
    rows_add([exchange])


# -- the transaction itself ---------------------------------------------------------------------------------------


def _apply(*, news: Recording, move: Move) -> None:
    """Move the row and keep what the gateway said about it."""
    row, answer, now = news.row, news.answer, news.now
    row.state = move.state
    row.failure_reason = move.failure or ""
    ours = move.alert != AlertKind.IDENTITY_MISMATCH  # a stranger's id must never be reversed in our name
    if ours and answer.gateway_id and row.action not in {Action.CAPTURE, Action.CANCEL, Action.REVIEW_RELEASE}:
        row.gateway_id = answer.gateway_id
    row.gateway_status = answer.status or row.gateway_status
    row.result_code = answer.result_code[:20] or row.result_code
    row.message = (answer.message or answer.error_text)[:250] or row.message
    row.error_code = answer.error_code[:20] or row.error_code
    for name in ("auth_code", "avs_address", "avs_postal_code", "cvv", "risk"):
        setattr(row, name, getattr(answer, name)[:20] or getattr(row, name))
    row.batch_id = row.batch_id or answer.batch_id
    row.next_at = None
    row.lease_until = None
    if move.state == S.QUEUED:
        row.next_at = now + settings.OROPAY_RESEND_AFTER
    elif move.state == S.UNKNOWN:
        row.unknown_since = row.unknown_since or now
        row.next_at = now + settings.OROPAY_LOOKUP_STEPS[0]
    elif move.state in REREAD:
        row.next_at = now + next_reread(move.state)
    elif row.is_final:
        row.ended_at = now
        if move.state == S.APPROVED and news.payment.method == Method.BANK and row.action == Action.CHARGE:
            row.settled_at = now
    row_write(row)
    if move.alert is not None:
        goes_back = is_reversed_for_its_amount(news=news, move=move)
        text = difference_reversed(row, answer) if goes_back else _why(news=news, alert=move.alert)
        is_new = alert_raise(row=row, kind=move.alert, text=text, now=now)
        if is_new and move.alert == AlertKind.GATEWAY_REFUSES_US:
            _refusal_log(news)
    if row.is_final and move.state != S.APPROVED and (_nobody_waits_for(news) or _was_ruled_out(news)):
        alert_raise(row=row, kind=AlertKind.NOT_DONE, text=_by_hand(news), now=now)
    if row.action in TELLING:
        instrument_learn(news=news, state=move.state)


def _refusal_log(news: Recording) -> None:
    """By number and code: the gateway's own words stay with the alert, a log is read by more people."""
    code = news.answer.error_code or f"HTTP {news.answer.http_status}"
    text = f"The gateway refuses us ({code}): transaction {news.row.pk}."
    problem_log(integration=news.payment.integration, text=text)


def _nobody_waits_for(news: Recording) -> bool:
    """A follow-up that no person pressed a button for, of money that stands: if it ends badly, a person must know.

    A void that came too late says itself what takes its place; nothing takes that of a hold's release. A charge
    or hold that turned up late stands beside what was lost, and follows nothing.
    """
    row, parent = news.row, news.parent()
    if row.action in INITIATING or row.created_by_id is not None or parent is None:
        return False
    if gives_back_again(news):
        return False
    if row.failure_reason == FailureReason.BATCH_CLOSED and parent.action not in HOLDS:
        return False
    return parent.state in {S.APPROVED, S.REVIEW} or is_unwanted(parent, news.family)


def _was_ruled_out(news: Recording) -> bool:
    """What was asked for long ago did not happen: whoever asked has gone on to other things."""
    return news.row.failure_reason == FailureReason.NOT_DONE and not gives_back_again(news)


def _by_hand(news: Recording) -> str:
    """What people read of what did not happen by itself: our pages reverse only what stands, or may yet stand."""
    row, parent = news.row, news.parent()
    in_reach = {S.APPROVED, S.PENDING, S.REVIEW}
    if row.action == Action.CANCEL and parent is not None and parent.state not in in_reach:
        text = _("{row}; it cannot be done here any more: reverse or refund it in the gateway's portal.")
    else:
        text = _("{row}; do it again by hand, if it is still wanted.")
    return text.format(row=row)


def _why(*, news: Recording, alert: AlertKind) -> str:
    """What people read: of a stranger its name at the gateway, so that they find it."""
    answer = news.answer
    if alert == AlertKind.AMOUNT_DIFFERS:
        return difference_left(news.row, answer)
    shown = _("the gateway shows {id} {status} {amount} as {reference}").format(
        id=answer.gateway_id, status=answer.status, amount=answer.amount, reference=answer.reference or "-"
    )
    if alert == AlertKind.IDENTITY_MISMATCH and answer.gateway_id:
        return shown
    return answer.error_text or answer.message or answer.status or shown


def payment_refresh(*, news: Recording) -> None:
    """Write the payment's money state, whether it keeps its payables to itself, and the payables' own columns."""
    MoneyColumns(payables=news.payables, payment=news.payment, family=news.family, parts=news.everybodys_parts).write()
