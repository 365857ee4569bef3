"""What a card holder's bank said → what becomes of the conversation with it. Pure, tables only.

Source: EMV 3-D Secure `transStatus`.
"""

from collections.abc import Mapping
from enum import StrEnum

from oropay.gateway.port import Proof
from oropay.models import Action, ThreeDSUnavailable, TransactionState

S = TransactionState


class Consequence(StrEnum):
    """What a proof asks of us."""

    ASK = "ask"
    """The buyer, or the buyer's browser, must act."""
    GO_ON = "go_on"
    """Hold or charge, and name the proof."""
    DECLINE = "decline"
    """Charge nothing; another card may be tried."""
    BY_SETTING = "by_setting"
    """Nobody could be asked: the integration says whether to go on without."""


CONSEQUENCES: Mapping[Proof, Consequence] = {
    Proof.AVAILABLE: Consequence.ASK,
    Proof.CHALLENGE: Consequence.ASK,
    Proof.AUTHENTICATED: Consequence.GO_ON,
    Proof.ATTEMPTED: Consequence.GO_ON,
    Proof.FAILED: Consequence.DECLINE,
    Proof.REJECTED: Consequence.DECLINE,
    Proof.UNAVAILABLE: Consequence.BY_SETTING,
    Proof.NOT_ENROLLED: Consequence.BY_SETTING,
}
"""The policy. An attempt is as good as a proof: the card scheme takes the loss."""

DECIDED = frozenset(Proof) - {Proof.AVAILABLE, Proof.NOT_ENROLLED}
SENSIBLE: Mapping[Action, frozenset[Proof]] = {
    Action.AUTHENTICATE_CHECK: frozenset({Proof.AVAILABLE, Proof.NOT_ENROLLED, Proof.UNAVAILABLE}),
    Action.AUTHENTICATE_INITIATE: DECIDED,
    Action.AUTHENTICATE_RESULT: DECIDED,
}
"""What can be an answer to each question; anything else answers another one."""

STATES: Mapping[Consequence, TransactionState] = {
    Consequence.ASK: S.ACTION_REQUIRED,
    Consequence.GO_ON: S.APPROVED,
    Consequence.DECLINE: S.DECLINED,
}
UNAVAILABLE_STATES: Mapping[ThreeDSUnavailable, TransactionState] = {
    ThreeDSUnavailable.GO_ON: S.APPROVED,
    ThreeDSUnavailable.REFUSE: S.DECLINED,
}


def state_after(*, action: Action, proof: Proof, unavailable: ThreeDSUnavailable) -> TransactionState | None:
    """The state a proof moves the question to; None when it answers another question."""
    if proof not in SENSIBLE[action]:
        return None
    consequence = CONSEQUENCES[proof]
    return UNAVAILABLE_STATES[unavailable] if consequence == Consequence.BY_SETTING else STATES[consequence]
