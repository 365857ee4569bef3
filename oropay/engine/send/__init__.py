"""Speak to the gateway about one claimed transaction. Only here does money move; one file a kind of request."""

from collections.abc import Callable, Mapping
from dataclasses import replace

from oropay.engine.evidence import SILENT, same_transaction
from oropay.engine.send.authenticate import check, initiate, result
from oropay.engine.send.claim import Claim
from oropay.engine.send.credit import credit
from oropay.engine.send.follow_up import cancel, capture, reauthorize, refund, release
from oropay.engine.send.sale import authorize, charge
from oropay.engine.send.validation import validate
from oropay.gateway.port import Answer, PaymentGateway, Verdict
from oropay.models import AUTHENTICATING, Action, PaymentTransaction

__all__ = ["Claim", "send"]

SENDERS: Mapping[Action, Callable[[Claim, PaymentGateway], Answer]] = {
    Action.AUTHENTICATE_CHECK: check,
    Action.AUTHENTICATE_INITIATE: initiate,
    Action.AUTHENTICATE_RESULT: result,
    Action.CHARGE: charge,
    Action.AUTHORIZE: authorize,
    Action.VALIDATE: validate,
    Action.REAUTHORIZE: reauthorize,
    Action.CAPTURE: capture,
    Action.CANCEL: cancel,
    Action.REFUND: refund,
    Action.CREDIT: credit,
    Action.REVIEW_RELEASE: release,
}
"""What each action asks of the gateway."""

ON_THE_PARENT = frozenset({Action.CAPTURE, Action.CANCEL, Action.REVIEW_RELEASE})
"""A reused key names the parent: whether our follow-up happened is judged by the look-ups, as with 3-D Secure."""


def send(*, claim: Claim, gateway: PaymentGateway) -> Answer:
    """Make the one request of a claimed transaction; a reused idempotency key is an answer."""
    answer = SENDERS[Action(claim.transaction.action)](claim, gateway)
    if answer.verdict == Verdict.DUPLICATE:
        return _adopt_named(row=claim.transaction, gateway=gateway, answer=answer)
    return answer


def _adopt_named(*, row: PaymentTransaction, gateway: PaymentGateway, answer: Answer) -> Answer:
    """A reused key names the earlier transaction. Fetch it; it is ours only if it is the same."""
    if not answer.duplicate_of or row.action in ON_THE_PARENT | AUTHENTICATING:
        return replace(answer, verdict=Verdict.UNKNOWN)
    found = gateway.look_up(gateway_id=answer.duplicate_of)
    if found.verdict in SILENT or found.verdict == Verdict.NOT_FOUND:
        return replace(answer, verdict=Verdict.UNKNOWN)
    if not same_transaction(row=row, answer=found):
        return replace(found, verdict=Verdict.UNKNOWN, foreign=True)
    return found
