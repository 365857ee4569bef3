"""What the card holder's bank says in the end, however it came to it."""

import base64
import json
import secrets
from datetime import datetime
from enum import StrEnum

from gpsandbox import clock
from gpsandbox.store import Row, Store
from gpsandbox.threeds.scenarios import ENDINGS, SUCCESSFUL

WAITING = "CHALLENGE_REQUIRED"


class Decision(StrEnum):
    CONFIRM = "confirm"
    """The card holder typed the code: authenticated."""

    REFUSE = "refuse"
    """The card holder said no: not authenticated."""

    TIME_OUT = "time_out"
    """Nobody answered: the bank could not authenticate."""


LETTERS = {Decision.CONFIRM: "Y", Decision.REFUSE: "N", Decision.TIME_OUT: "U"}
REASONS = {Decision.TIME_OUT: "TRANSACTION_TIMED_OUT_AT_THE_ACS"}


def decide(store: Store, authentication_id: str, *, decision: Decision, now: datetime) -> None:
    """Answer a challenge. One that is answered already stays as it is."""
    if store.value("SELECT status FROM authentications WHERE id = ?", (authentication_id,)) == WAITING:
        end(store, authentication_id, letter=LETTERS[decision], now=now, reason=REASONS.get(decision, ""))


def end(
    store: Store, authentication_id: str, *, letter: str, now: datetime, reason: str = "", status: str = ""
) -> None:
    """Write down the bank's letter and what follows from it, or another `status`. Call inside `Store.atomic`."""
    ending = ENDINGS[letter]
    cryptogram = base64.b64encode(secrets.token_bytes(20)).decode() if letter in SUCCESSFUL else ""
    store.update(
        "authentications",
        authentication_id,
        letter=letter,
        status=status or ending.status,
        reason=reason or ending.reason,
        cryptogram=cryptogram,
        updated_at=clock.stamp(now),
    )


def request(found: Row) -> str:
    """The CReq that the shop's page posts to the bank's challenge page."""
    return encoded(
        {
            "threeDSServerTransID": found["id"],
            "acsTransID": found["acs_trans_ref"],
            "messageType": "CReq",
            "messageVersion": found["message_version"],
            "challengeWindowSize": "04",
        }
    )


def response(found: Row) -> str:
    """The CRes that the bank's page posts back to the shop. Only a hint: the result is asked from the gateway."""
    return encoded(
        {
            "threeDSServerTransID": found["id"],
            "acsTransID": found["acs_trans_ref"],
            "messageType": "CRes",
            "messageVersion": found["message_version"],
            "challengeCompletionInd": "Y",
            "transStatus": "Y" if found["letter"] == "Y" else "N",
        }
    )


def encoded(message: dict[str, str]) -> str:
    """Base64url without padding, as EMV 3-D Secure wants every message that passes through a browser."""
    return base64.urlsafe_b64encode(json.dumps(message).encode()).decode().rstrip("=")


def decoded(text: str) -> dict[str, object]:
    """The message in such a text; padding or not, and either alphabet. Anything else is an empty message."""
    try:
        plain = text.strip().replace("+", "-").replace("/", "_").rstrip("=")
        message = json.loads(base64.urlsafe_b64decode(plain + "=" * (-len(plain) % 4)))
    except (ValueError, RecursionError):
        return {}
    return message if isinstance(message, dict) else {}
