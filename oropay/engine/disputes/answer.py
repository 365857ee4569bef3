"""Deliver what staff decided about a dispute: persisted before a byte leaves, sent once.

One that certainly did not leave is tried again until its deadline is near. The dispute itself is the evidence: whatever
came back, it is read again and recorded. A lost answer is never repeated, and one that failed is told.
"""

import logging
import time
from datetime import datetime

from django.conf import settings
from django.db.models.functions import Now
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.translation import gettext as _

from oropay import locks
from oropay.engine.disputes.read import dispute_reread
from oropay.engine.disputes.record import dispute_record
from oropay.engine.gateways import gateway_of
from oropay.engine.health import gateway_answers, health_note
from oropay.engine.ladder import next_answer, next_look
from oropay.engine.problems import problem_log
from oropay.exceptions import VaultError
from oropay.gateway.port import Answer, DisputeAct, DisputeDocument, DisputeTold, GatewayUnavailable, Verdict
from oropay.models import (
    AlertKind,
    DisputeAction,
    DisputeRequest,
    DisputeResult,
    DisputeStatus,
    RequestFailure,
    RequestState,
    StepSource,
)
from oropay.services.alert import alert_raise
from oropay.services.dispute.answer import acceptance_end
from oropay.services.dispute.notice import answer_failed_tell

logger = logging.getLogger(__name__)

R = RequestState
VAULT = "VAULT"
"""In place of a gateway's code: we cannot open its credentials."""

ANSWERED = (DisputeResult.FULFILLED, DisputeResult.WON)
"""Results that a challenge can have led to."""


def answer_execute(*, request_id: int, now: datetime) -> None:
    """Send one queued answer and record what came back. Safe to call any number of times, by any number of workers."""
    send_before = time.monotonic() + settings.OROPAY_SEND_WITHIN.total_seconds()
    request = _claim(request_id=request_id, now=now)
    if request is None:
        return
    answer = _send(request=request, send_before=send_before)
    now = timezone.now()
    _ended(request=request, answer=answer, now=now)
    answers = gateway_answers(answer) if answer.error_code != VAULT else None
    # A refusal is no silence that ends: noted as one, it would have itself sent anew by every good answer after it.
    if answers is not None and answer.verdict != Verdict.REFUSED:
        health_note(provider_account_id=request.dispute.provider_account_id, answers=answers, now=now)
    request.refresh_from_db()
    if request.state in {R.DONE, R.UNKNOWN}:
        _read_after(request=request)


def answer_lease_expired(*, request_id: int, now: datetime) -> None:
    """A worker that had an answer in hand vanished: it may have sent it. It is never sent again."""
    with atomic(durable=True):
        request = locks.dispute_request(pk=request_id, state=R.SENDING)
        if request is None or request.lease_until is None or request.lease_until > now:
            return
        _to_unknown(request=request, now=now)


def answer_look(*, request_id: int, now: datetime, only_due: bool = False) -> None:
    """Read the dispute of an unknown answer and end the answer if that proves what became of it.

    `only_due`: nothing is read before its time, so that a message that comes twice is harmless.
    """
    with atomic(durable=True):
        request = locks.dispute_request(pk=request_id, state=R.UNKNOWN, due=now if only_due else None)
        if request is None:
            return
        request.looks += 1
        unknown_for = now - (request.unknown_since or now)
        request.next_at = now + next_look(looks=request.looks, unknown_for=unknown_for)
        request.save(update_fields=["looks", "next_at"])
    dispute = request.dispute
    try:
        told = gateway_of(account=dispute.provider_account).dispute(gateway_id=dispute.gateway_id)
    except GatewayUnavailable:
        return  # the ladder asks again
    if told is None:
        return
    dispute_record(
        provider_account=dispute.provider_account, told=told, source=StepSource.ANSWERED, asked_at=now, now=now
    )
    _judge(request_id=request_id, told=told, now=now)


@atomic(durable=True)
def _judge(*, request_id: int, told: DisputeTold, now: datetime) -> None:
    request = locks.dispute_request(pk=request_id, state=R.UNKNOWN)
    if request is None:
        return
    proof = proof_of(request=request, told=told)
    if proof is not None:
        _end(request=request, state=R.DONE if proof == "" else R.FAILED, failure=proof, now=now)
        return
    # It still waits for us. Absent only if no answer could be under way any more, twice.
    safe_from = (request.answer_by or now) + settings.OROPAY_ABSENT_GAP
    if now < safe_from:
        return
    if request.absent_since is None:
        request.absent_since = now
        request.next_at = now + settings.OROPAY_ABSENT_GAP
        request.save(update_fields=["absent_since", "next_at"])
    elif now - request.absent_since >= settings.OROPAY_ABSENT_GAP:
        _end(request=request, state=R.FAILED, failure=RequestFailure.NEVER_ARRIVED, now=now)


def proof_of(*, request: DisputeRequest, told: DisputeTold) -> RequestFailure | str | None:
    """What a reading proves of our answer: "" it is in effect, a failure if it is not and cannot be, None nothing."""
    accepted = told.status == DisputeStatus.CLOSED and told.result == DisputeResult.ACCEPTED
    if request.action == DisputeAction.ACCEPT:
        if accepted:
            return ""
    else:
        carried = told.document_ids and not accepted and not _challenged_before(request)
        if carried or told.status == DisputeStatus.UNDER_REVIEW or told.result in ANSWERED:
            return ""
    if told.status == DisputeStatus.WITH_MERCHANT and told.stage == request.stage:
        return None
    return RequestFailure.DECIDED


def _challenged_before(request: DisputeRequest) -> bool:
    """Whether an earlier challenge arrived: its documents stay with the dispute and prove nothing of a later one."""
    earlier = request.dispute.requests.filter(action=DisputeAction.CHALLENGE, state=R.DONE)
    return earlier.exclude(pk=request.pk).exists()


# -- sending ----------------------------------------------------------------------------------------------------------


@atomic(durable=True)
def _claim(*, request_id: int, now: datetime) -> DisputeRequest | None:
    """Take the lease and commit it, so that a crash from here on leaves a row that says how far we got.

    An answer that waited while the dispute went on is not sent: it was meant for what the dispute was.
    """
    request = locks.dispute_request(pk=request_id, state=R.QUEUED)
    if request is None:
        return None
    if not request.dispute.is_ours_to_answer or request.dispute.stage != request.stage:
        _end(request=request, state=R.FAILED, failure=RequestFailure.DECIDED, now=now)
        return None
    answer_within = settings.OROPAY_SEND_WITHIN + settings.OROPAY_CONNECT_TIMEOUT + settings.OROPAY_READ_TIMEOUT
    lease = answer_within + settings.OROPAY_LEASE_MARGIN
    DisputeRequest.objects.filter(pk=request.pk).update(
        state=R.SENDING,
        tries=request.tries + 1,
        send_before=Now() + settings.OROPAY_SEND_WITHIN,
        answer_by=Now() + answer_within,
        lease_until=Now() + lease,
        next_at=Now() + lease,
    )
    return DisputeRequest.objects.select_related("dispute__provider_account").get(pk=request.pk)


def _send(*, request: DisputeRequest, send_before: float) -> Answer:
    dispute = request.dispute
    act = DisputeAct(
        gateway_id=dispute.gateway_id,
        idempotency_key=str(request.idempotency_key),
        send_before=send_before,
        documents=tuple(
            DisputeDocument(type=one.type, content=bytes(one.document.content))
            for one in request.evidence.select_related("document").order_by("pk")
        ),
    )
    try:
        gateway = gateway_of(account=dispute.provider_account)
    except VaultError as error:
        logger.exception("answer %s to a dispute was not sent: no gateway", request.pk)
        return Answer(verdict=Verdict.NOT_SENT, error_code=VAULT, error_text=str(error))
    try:
        if request.action == DisputeAction.ACCEPT:
            return gateway.dispute_accept(act)
        return gateway.dispute_challenge(act)
    except Exception:
        # A fault of ours somewhere around the call: nobody can say whether a byte left, so it must be looked up.
        logger.exception("answer %s to a dispute: the gateway call broke", request.pk)
        return Answer(verdict=Verdict.UNKNOWN, error_text="internal error around the gateway call")


@atomic(durable=True)
def _ended(*, request: DisputeRequest, answer: Answer, now: datetime) -> None:
    request_now = locks.dispute_request(pk=request.pk, state=R.SENDING)
    if request_now is None:
        return  # its lease ran out meanwhile: the look-ups decide
    request_now.error_code = _code_of(answer)[:20]
    request_now.message = answer.error_text[:250]
    if answer.verdict == Verdict.APPROVED:
        _end(request=request_now, state=R.DONE, failure="", now=now)
    elif answer.verdict in {Verdict.FAILED, Verdict.NOT_FOUND, Verdict.DECLINED}:
        _end(request=request_now, state=R.FAILED, failure=RequestFailure.REFUSED, now=now)
    elif answer.verdict in {Verdict.NOT_SENT, Verdict.REFUSED}:
        _wait(request=request_now, now=now)
        _say_refused(request=request_now, now=now)
    else:
        _to_unknown(request=request_now, now=now)


def _wait(*, request: DisputeRequest, now: datetime) -> None:
    """Nothing was sent: try again later, as long as the dispute can wait for it."""
    next_at = next_answer(
        tries=request.tries,
        at_least_until=request.created_at + settings.OROPAY_GIVE_UP_AFTER,
        respond_by=request.dispute.respond_by,
        now=now,
    )
    if next_at is None:
        _end(request=request, state=R.FAILED, failure=RequestFailure.NOT_SENT, now=now)
        return
    request.state, request.lease_until, request.next_at = R.QUEUED, None, next_at
    request.save()


def _code_of(answer: Answer) -> str:
    """What tells a refusal, which people must end, from an outage, which ends by itself: that one has no code."""
    if answer.verdict == Verdict.REFUSED:
        return answer.error_code or f"HTTP {answer.http_status}"
    if answer.verdict == Verdict.NOT_SENT:
        return VAULT if answer.error_code == VAULT else ""
    return answer.error_code


def _say_refused(*, request: DisputeRequest, now: datetime) -> None:
    """Ask people to repair what keeps an answer from being sent, as payments do."""
    charge = request.dispute.transaction
    if not request.is_turned_away or charge is None:
        return
    text = _("The answer to dispute {id} is not sent: {why}. It is tried again by itself until its deadline is near.")
    words = text.format(id=request.dispute.gateway_id, why=request.message.strip().rstrip(".") or request.error_code)
    if alert_raise(row=charge, kind=AlertKind.GATEWAY_REFUSES_US, text=words, now=now):
        told = f"The answer to dispute {request.dispute.gateway_id} is not sent ({request.error_code})."
        problem_log(integration=charge.payment.integration, text=told)


def _to_unknown(*, request: DisputeRequest, now: datetime) -> None:
    request.state, request.unknown_since, request.lease_until = R.UNKNOWN, now, None
    request.next_at = now + settings.OROPAY_LOOKUP_STEPS[0]
    request.save()


def _end(*, request: DisputeRequest, state: RequestState, failure: str, now: datetime) -> None:
    request.state, request.failure = state, failure
    request.next_at, request.lease_until, request.ended_at = None, None, now
    request.save()
    if state == R.FAILED:
        dispute = locks.dispute(pk=request.dispute_id)
        acceptance_end(request=request, dispute=dispute, by=None, why="the acceptance did not take effect")
        answer_failed_tell(request=request, dispute=dispute, now=now)


def _read_after(*, request: DisputeRequest) -> None:
    """See at once what our answer did. If the gateway does not say now, the next pull does."""
    dispute = request.dispute
    try:
        dispute_reread(
            provider_account=dispute.provider_account,
            gateway_id=dispute.gateway_id,
            now=timezone.now(),
            source=StepSource.ANSWERED,
        )
    except GatewayUnavailable:
        logger.warning("Dispute %s could not be read after our answer; the next pull reads it.", dispute.gateway_id)
