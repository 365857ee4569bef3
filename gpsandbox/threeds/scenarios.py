"""Which card the directory knows and how its bank answers. The only such table: `docs/sandbox-reference.md` shows it.

An authentication remembers its scenario by name and the card by its keyed fingerprint, never by the number.
"""

from dataclasses import dataclass

from gpsandbox import cards
from gpsandbox.settings import Settings

VERSION = "2.2.0"
MASTERCARD = "MASTERCARD"
"""The only brand here with electronic commerce indicators of its own; all others use Visa's."""


@dataclass(frozen=True)
class Ending:
    """What the letter the card holder's bank answers with (EMV 3-D Secure `transStatus`) means at the gateway."""

    status: str
    three_ds_status: str
    eci: str
    eci_mastercard: str
    liability_shift: str
    reason: str = ""


ENDINGS: dict[str, Ending] = {
    "Y": Ending("SUCCESS_AUTHENTICATED", "AUTHENTICATION_SUCCESSFUL", "05", "02", "YES"),
    "A": Ending("SUCCESS_ATTEMPT_MADE", "AUTHENTICATION_ATTEMPTED_BUT_NOT_SUCCESSFUL", "06", "01", "YES"),
    "N": Ending("NOT_AUTHENTICATED", "AUTHENTICATION_FAILED", "07", "00", "NO", "CARD_AUTHENTICATION_FAILED"),
    "R": Ending("NOT_AUTHENTICATED", "AUTHENTICATION_ISSUER_REJECTED", "07", "00", "NO", "SUSPECTED_FRAUD"),
    "U": Ending("FAILED", "AUTHENTICATION_COULD_NOT_BE_PERFORMED", "07", "00", "NO", "UNKNOWN_DEVICE"),
    "C": Ending("CHALLENGE_REQUIRED", "CHALLENGE_REQUIRED", "", "", "NO"),
}
CONFORMANCE_STATUS = {"R": "FAILED"}
"""Letter → the status that the third-party suite expects where the gateway's own table says otherwise."""

SUCCESSFUL = ("Y", "A")
"""The letters that come with a cryptogram and shift liability to the bank."""


@dataclass(frozen=True)
class Scenario:
    """How authenticating one kind of card goes."""

    name: str
    letter: str
    """A key of `ENDINGS`; empty: the card is not enrolled."""
    method_page: bool = True
    """The bank has a page that wants to look at the browser first."""


NOT_ENROLLED = Scenario("not_enrolled", "", method_page=False)

THREE_DS_CARDS: tuple[tuple[Scenario, str, str, str], ...] = (
    (Scenario("authenticated", "Y"), "4263970000005262", "4222000006285344", "5354560000000004"),
    (
        Scenario("authenticated_without_method_page", "Y", method_page=False),
        "4222000006724235",
        "4222000009719489",
        "5571596304025153",
    ),
    (Scenario("attempted", "A"), "4012001037167778", "4222000005218627", "5580364874958322"),
    (Scenario("failed", "N"), "4012001037461114", "4222000002144131", "5540010585397800"),
    (Scenario("rejected", "R"), "4012001038443335", "4222000007275799", "5588312194362669"),
    (Scenario("could_not", "U"), "4012001037484447", "4222000008880910", "5520680211891022"),
    (Scenario("challenge", "C"), "4012001038488884", "4222000001227408", "5506874496684651"),
    (NOT_ENROLLED, "4012001037141112", "", ""),
    (Scenario("wants_authentication", "C"), "", "4242420000000091", "5100000000000131"),
)
"""Scenario → the Visa card of message version 2.1, the Visa and the Mastercard card of 2.2."""

BY_NAME = {scenario.name: scenario for scenario, *_ in THREE_DS_CARDS}


def of_fingerprint(fingerprint: str, *, settings: Settings) -> tuple[Scenario, str]:
    """The scenario of a card and its message version. Any card that is not in the table is not enrolled."""
    for scenario, *numbers in THREE_DS_CARDS:
        for number, version in zip(numbers, (settings.three_ds_version, VERSION, VERSION), strict=True):
            if number and cards.fingerprint(number, settings=settings) == fingerprint:
                return scenario, version
    return NOT_ENROLLED, VERSION


def eci(letter: str, *, brand: str) -> str:
    """The electronic commerce indicator that goes with an ending; nothing while there is none."""
    ending = ENDINGS.get(letter)
    if ending is None:
        return ""
    return ending.eci_mastercard if brand == MASTERCARD else ending.eci
