"""What a gateway answer proves, as tables and two pure functions."""

import re
from enum import StrEnum

from oropay.gateway.port import Proof, Verdict


class Step(StrEnum):
    """Which question the answer belongs to."""

    SALE = "sale"
    """A charge or a hold."""
    VALIDATION = "validation"
    """A check of a card."""
    CAPTURE = "capture"
    REFUND = "refund"
    REVERSAL = "reversal"
    DISPUTE = "dispute"
    """Our answer to a dispute."""
    STORED_CARD = "stored_card"
    """A kept card is changed or deleted; no money is involved."""
    AUTHENTICATION = "authentication"
    """One of the three 3-D Secure calls."""
    RELEASE = "release"
    """Of a fraud review."""
    LOOK_UP = "look_up"


class Method(StrEnum):
    """How the payer pays, as the answer shows it."""

    CARD = "card"
    ACH = "ach"
    UNSEEN = ""
    """The answer names neither a card nor a bank account."""


_CARD = {
    "PREAUTHORIZED": Verdict.APPROVED,
    "CAPTURED": Verdict.APPROVED,
    "BATCHED": Verdict.APPROVED,
    "FUNDED": Verdict.APPROVED,
    "DECLINED": Verdict.DECLINED,
    "PENDING": Verdict.UNKNOWN,
    "INITIATED": Verdict.UNKNOWN,
    "FOR_REVIEW": Verdict.REVIEW,
    "REVERSED": Verdict.CANCELED,
    "FAILED": Verdict.FAILED,
    # The payer was charged and the merchant was not paid: a person must look.
    "REJECTED": Verdict.UNKNOWN,
}
_ACH = {
    "CAPTURED": Verdict.PENDING,
    "BATCHED": Verdict.PENDING,
    "PENDING": Verdict.PENDING,
    "FUNDED": Verdict.APPROVED,
    "DECLINED": Verdict.DECLINED,
    "FOR_REVIEW": Verdict.REVIEW,
    "REVERSED": Verdict.CANCELED,
    "FAILED": Verdict.FAILED,
    "REJECTED": Verdict.FAILED,
}
_VALIDATION = {"VERIFIED": Verdict.APPROVED, "NOT_VERIFIED": Verdict.DECLINED}
_CAPTURE = {"CAPTURED": Verdict.APPROVED, "BATCHED": Verdict.APPROVED, "FUNDED": Verdict.APPROVED}
_REVERSAL = {"REVERSED": Verdict.APPROVED}
_ON_THE_PARENT = {Step.CAPTURE: _CAPTURE, Step.REVERSAL: _REVERSAL}
"""These answer with the transaction they act on: its status counts only if it says the act took place."""
_RELEASED = "RELEASE_SUCCESSFUL"
_STANDING = frozenset(("PREAUTHORIZED", "CAPTURED", "BATCHED", "FUNDED"))
"""A released transaction keeps one of these."""
_RETURNED = {"REVERSED": Verdict.RETURNED, "REJECTED": Verdict.RETURNED}

_PROOF = {
    Verdict.APPROVED: frozenset(("SUCCESS",)),
    Verdict.PENDING: frozenset(("SUCCESS", "PENDING")),
    Verdict.REVIEW: frozenset(("SUCCESS", "PENDING")),
}
"""A fresh answer counts as good only together with one of these `action.result_code`s."""

_HELD = frozenset(("PENDING_REVIEW", "HOLD_SUCCESSFUL"))


def verdict_of(
    *, step: Step, method: Method, status: str, result: str = "", risk: str = "", funded: bool = False
) -> Verdict:
    """What a well-formed answer with HTTP 200 proves.

    `status` is the transaction's, `result` the `action.result_code`, `risk` the word of the fraud filter that counts,
    `funded` whether the answer shows that the bank's money had already been paid out.
    """
    if method is Method.ACH and funded and status in _RETURNED:
        return _RETURNED[status]
    if step in _ON_THE_PARENT and "DECLINED" in (result, status) and status != "REVERSED":
        # The parent keeps its status; only the result tells that this act was refused.
        return Verdict.DECLINED
    if step is Step.RELEASE:
        done = risk == _RELEASED and result == "SUCCESS" and status in _STANDING
        return Verdict.APPROVED if done else Verdict.UNKNOWN
    verdict = _from_tables(step, method, status)
    if step is not Step.LOOK_UP and verdict in _PROOF and result not in _PROOF[verdict]:
        return Verdict.UNKNOWN
    if verdict in (Verdict.APPROVED, Verdict.PENDING) and step in (Step.SALE, Step.LOOK_UP) and risk in _HELD:
        return Verdict.REVIEW
    return verdict


def _from_tables(step: Step, method: Method, status: str) -> Verdict:
    if step in _ON_THE_PARENT:
        return _ON_THE_PARENT[step].get(status, Verdict.UNKNOWN)
    if step is Step.VALIDATION:
        return _VALIDATION.get(status, Verdict.UNKNOWN)
    if method is Method.CARD:
        return _CARD.get(status, Verdict.UNKNOWN)
    if method is Method.ACH:
        return _ACH.get(status, Verdict.UNKNOWN)
    as_card, as_ach = _CARD.get(status, Verdict.UNKNOWN), _ACH.get(status, Verdict.UNKNOWN)
    return as_card if as_card is as_ach else Verdict.UNKNOWN


def verdict_of_error(
    *, step: Step, http_status: int, speaks_gateway: bool, detailed_code: str, duplicate_of: str
) -> Verdict:
    """What an answer that is no success proves.

    `speaks_gateway` tells whether the body is the gateway's own error format. Only then can a 404 or a 400 count as
    evidence: a proxy's error page says nothing about what happened behind it. A look-up that is refused proves nothing
    about the transaction it asked for.
    """
    if http_status in (401, 403, 429):
        return Verdict.REFUSED
    if not 400 <= http_status < 500 or not speaks_gateway or http_status == 408:
        return Verdict.UNKNOWN
    if http_status == 404:
        return Verdict.NOT_FOUND
    if http_status == 409 and step is not Step.LOOK_UP:
        return Verdict.DUPLICATE if detailed_code == "40039" and duplicate_of else Verdict.UNKNOWN
    return Verdict.UNKNOWN if step is Step.LOOK_UP else Verdict.FAILED


PROOFS = {
    "AVAILABLE": Proof.AVAILABLE,
    "NOT_ENROLLED": Proof.NOT_ENROLLED,
    "NOT_AVAILABLE": Proof.UNAVAILABLE,
    "CHALLENGE_REQUIRED": Proof.CHALLENGE,
    "SUCCESS_AUTHENTICATED": Proof.AUTHENTICATED,
    "SUCCESS_ATTEMPT_MADE": Proof.ATTEMPTED,
    "NOT_AUTHENTICATED": Proof.FAILED,
    "FAILED": Proof.UNAVAILABLE,
}
"""Status of an authentication → what it proves. Source: GP-API, /authentications and its follow-ups."""
ISSUER_REJECTED = "AUTHENTICATION_ISSUER_REJECTED"
"""`three_ds.status` of an authentication that the bank refused outright; its `status` alone does not tell."""

PROOF_VERDICTS = {
    Proof.AVAILABLE: Verdict.ASKED,
    Proof.CHALLENGE: Verdict.ASKED,
    Proof.AUTHENTICATED: Verdict.APPROVED,
    Proof.ATTEMPTED: Verdict.APPROVED,
    Proof.FAILED: Verdict.DECLINED,
    Proof.REJECTED: Verdict.DECLINED,
    Proof.UNAVAILABLE: Verdict.UNAVAILABLE,
    Proof.NOT_ENROLLED: Verdict.UNAVAILABLE,
}


def proof_of(*, status: str, bank_status: str) -> Proof | None:
    """What an authentication's `status` and its `three_ds.status` prove; None for words nobody has told us of."""
    return Proof.REJECTED if bank_status == ISSUER_REJECTED else PROOFS.get(status)


_SEEN_BEFORE = re.compile(r"\bid=([A-Za-z0-9_-]{1,50})")


def first_resource(error_text: str) -> str:
    """The id in "Idempotency Key seen before: id=TRN_…"; empty if there is none."""
    found = _SEEN_BEFORE.search(error_text)
    return found[1] if found else ""
