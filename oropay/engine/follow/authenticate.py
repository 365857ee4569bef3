"""A card holder's bank was asked who is paying: what it said is kept, and the charge or hold it allows is queued."""

from django.conf import settings

from oropay import vault
from oropay.engine.follow.recording import Recording, tell_ended
from oropay.gateway.port import Authenticated, Capture, Proof
from oropay.models import Action, Authentication, AuthenticationOutcome, Payment, PaymentTransaction, TransactionState
from oropay.services.start import capture_mode_of, reference_new
from oropay.status import WITHOUT_MONEY
from plumbing.services import hint

S = TransactionState
KEPT = {
    "message_version": 10,
    "eci": 2,
    "server_trans_ref": 60,
    "ds_trans_ref": 60,
    "acs_trans_ref": 60,
    "status": 60,
    "status_reason": 60,
    "exemption": 40,
}
"""With the longest that we keep. What a later answer leaves out stays as an earlier one said it."""


def checked(news: Recording, state: TransactionState) -> None:
    """The bank knows the card: wait for the buyer's browser, go on to the charge, or end, as it said."""
    _learn(news)
    if state == S.ACTION_REQUIRED:
        _wait_for_the_buyer(news)
    elif state == S.APPROVED:
        _go_on(news)
    elif state in WITHOUT_MONEY:
        _end(news)


initiated = checked
"""Frictionless, or a challenge: what follows is the same as for a check."""


def resulted(news: Recording, state: TransactionState) -> None:
    """The challenge shares the fate of its result; while the bank still waits for its card holder it stays open."""
    _learn(news)
    if state not in WITHOUT_MONEY | {S.APPROVED}:
        return
    challenge = news.parent()
    if challenge is None or challenge.is_final:
        return  # it ended while we asked: too late to charge
    challenge.state = {S.APPROVED: S.APPROVED, S.DECLINED: S.DECLINED}.get(state, S.CANCELED)
    challenge.next_at, challenge.ended_at = None, news.now
    challenge.save()
    if state == S.APPROVED:
        _go_on(news)
    else:
        _end(news)


def close(authentication: Authentication, *, news: Recording, outcome: AuthenticationOutcome | None = None) -> None:
    """Nobody is asked any more: what the browser was given is of no use and is not kept."""
    if outcome is not None and authentication.outcome == AuthenticationOutcome.OPEN:
        authentication.outcome = outcome
    authentication.ended_at, authentication.for_browser, authentication.key_id = news.now, None, ""
    authentication.save()


def _learn(news: Recording) -> None:
    said = news.answer.authentication
    if said is None:
        return
    kept = news.payment.authentication
    for name, longest in KEPT.items():
        setattr(kept, name, getattr(said, name)[:longest] or getattr(kept, name))
    kept.gateway_id = kept.gateway_id or news.answer.gateway_id
    kept.liability_shift = said.liability_shift
    kept.challenged = kept.challenged or said.proof == Proof.CHALLENGE
    if said.proof not in {Proof.AVAILABLE, Proof.CHALLENGE}:
        kept.outcome = AuthenticationOutcome(said.proof.value)
    if said.method_url or said.challenge_url:
        box = vault.payload_close(_for_browser(said))
        kept.for_browser, kept.key_id = box.blob, box.key_id
    kept.save()


def _for_browser(said: Authenticated) -> dict[str, str]:
    return {
        "method_url": said.method_url,
        "method_data": said.method_data,
        "challenge_url": said.challenge_url,
        "challenge_value": said.challenge_value,
        "server_trans_ref": said.server_trans_ref,
    }


def _wait_for_the_buyer(news: Recording) -> None:
    news.row.next_at = news.payment.authentication.expires_at
    news.row.save(update_fields=["next_at"])


def _end(news: Recording) -> None:
    close(news.payment.authentication, news=news, outcome=AuthenticationOutcome.ABANDONED)
    tell_ended(news)


def _go_on(news: Recording) -> None:
    """Queue what the bank allows: at once, and never after the time is over. What is sent is compared once more."""
    payment, asked = news.payment, news.payment.authentication
    if news.now >= asked.expires_at:
        _end(news)
        return
    close(asked, news=news)
    row = PaymentTransaction.objects.create(
        payment=payment,
        action=asked.then,
        amount=payment.amount,
        currency=payment.currency,
        reference=reference_new(),
        capture_mode=_capture_mode(payment) if asked.then == Action.AUTHORIZE else "",
        created_by=payment.created_by,
        created_at=news.now,
        next_at=news.now + settings.OROPAY_RESEND_AFTER,
    )
    news.family.append(row)
    hint("oropay.tasks.execute", row.pk, queue="gateway-interactive")


def _capture_mode(payment: Payment) -> Capture:
    """As a hold that nobody is asked about would have it."""
    return capture_mode_of(payment.integration) if payment.integration is not None else Capture.LATER
