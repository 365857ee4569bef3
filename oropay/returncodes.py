"""Why a bank took a debit back, in plain words. A table as data; pages, mails and consequences read from it.

Source: Nacha Operating Rules, Appendix Four (return reason codes), Subsection 2.12.4 (reinitiation) and the return rate
thresholds of Subsection 2.17.2. The words are ours.
"""

from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

Words = str | Promise


class Consequence(StrEnum):
    """What a return does to the bank account beside the money."""

    NONE = "none"
    """The account may be used again."""
    RETRY = "retry"
    """The same debit may be sent again, at most `RETRIES` times within `RETRY_WITHIN`."""
    STOP_AUTOPAY = "stop_autopay"
    """Nobody but a person may start a debit of it."""
    FREEZE = "freeze"
    """Nobody may debit it, in the whole organization, until a person with the permission says so."""


class Rate(StrEnum):
    """Which return rate a code counts towards, beside the overall one."""

    UNAUTHORIZED = "unauthorized"
    """The payer says that nobody was allowed to."""
    ADMINISTRATIVE = "administrative"
    """The account does not exist, is closed, or the number is wrong."""
    OTHER = "other"
    """Only the overall rate."""


RETRIES = 2
RETRY_WITHIN = timedelta(days=180)
"""A returned entry may be sent again so often, for the same amount, within so long of the first one."""

RETURNED_WITHIN = timedelta(days=75)
"""A bank debit may come back for so long after it was sent: 60 days from its settlement, and the way there."""

RATES_OVER = timedelta(days=60)
LIMITS: dict[Rate | None, Decimal] = {
    Rate.UNAUTHORIZED: Decimal("0.5"),
    Rate.ADMINISTRATIVE: Decimal(3),
    None: Decimal(15),
}
"""Percent of debits; None is the overall rate."""


@dataclass(frozen=True)
class ReturnCode:
    """One reason, for three readers: the buyer, staff, and the code that acts on it."""

    code: str
    title: Words
    buyer: Words
    """After "Your bank took the money back": why, and what to do. Accuses nobody."""
    staff: Words
    consequence: Consequence = Consequence.NONE
    rate: Rate = Rate.OTHER

    @property
    def may_retry(self) -> bool:
        return self.consequence == Consequence.RETRY

    @property
    def freezes(self) -> bool:
        return self.consequence == Consequence.FREEZE

    @property
    def stops_autopay(self) -> bool:
        return self.consequence in {Consequence.STOP_AUTOPAY, Consequence.FREEZE}


_OTHER_ACCOUNT = _("Please pay from another account or by card.")
_ASK_BANK = _("Please ask your bank, or pay another way.")
_CHECK_NUMBER = _("Please enter the account and routing numbers again, or pay another way.")
_OUR_SIDE = _("This is for us and our bank to sort out. You may pay another way meanwhile.")

_STAFF_NEW_ACCOUNT = _("Ask for another account. Debiting this one again is refused.")
_STAFF_UNAUTHORIZED = _(
    "The payer says that the debit was not authorised. Send the mandate to your bank if it asks; do not debit again "
    "without a new authorisation."
)
_STAFF_FORM = _("The entry was refused for its form. Nobody owes less for it; pass it to the developers.")
_STAFF_BANKS = _("An exchange between banks that this shop does not start. Ask your bank what it is about.")

NONE, RETRY, STOP, FREEZE = Consequence.NONE, Consequence.RETRY, Consequence.STOP_AUTOPAY, Consequence.FREEZE
UNAUTHORIZED, ADMINISTRATIVE, OTHER = Rate.UNAUTHORIZED, Rate.ADMINISTRATIVE, Rate.OTHER

_ROWS: tuple[tuple[str, Words, Words, Words, Consequence, Rate], ...] = (
    (
        "R01",
        _("Insufficient funds"),
        _("The account did not have enough money that day. Please pay again when it does, or another way."),
        _("May be sent again for the same amount, at most twice within 180 days, when the payer agrees."),
        RETRY,
        OTHER,
    ),
    ("R02", _("Account closed"), _OTHER_ACCOUNT, _STAFF_NEW_ACCOUNT, FREEZE, ADMINISTRATIVE),
    ("R03", _("No account, or another owner"), _CHECK_NUMBER, _STAFF_NEW_ACCOUNT, FREEZE, ADMINISTRATIVE),
    ("R04", _("Invalid account number"), _CHECK_NUMBER, _STAFF_NEW_ACCOUNT, FREEZE, ADMINISTRATIVE),
    (
        "R05",
        _("Personal account debited as a business account, not authorised"),
        _ASK_BANK,
        _STAFF_UNAUTHORIZED,
        FREEZE,
        UNAUTHORIZED,
    ),
    ("R06", _("Returned at our bank's request"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    (
        "R07",
        _("Authorisation revoked"),
        _("Your bank says that the authorisation was withdrawn. Please pay another way."),
        _STAFF_UNAUTHORIZED,
        FREEZE,
        UNAUTHORIZED,
    ),
    (
        "R08",
        _("Payment stopped"),
        _("A stop was placed on this debit at your bank. Please pay another way."),
        _("The payer stopped this one debit. Ask before you debit the account again; autopay is off for it."),
        STOP,
        OTHER,
    ),
    (
        "R09",
        _("Uncollected funds"),
        _("Money in the account was not available yet that day. Please pay again in a few days, or another way."),
        _("May be sent again for the same amount, at most twice within 180 days, when the payer agrees."),
        RETRY,
        OTHER,
    ),
    ("R10", _("Not authorised"), _ASK_BANK, _STAFF_UNAUTHORIZED, FREEZE, UNAUTHORIZED),
    (
        "R11",
        _("Not as authorised"),
        _("Your bank says that amount, date or account were not as agreed. Please tell us what was wrong."),
        _("Compare the debit with its mandate. A corrected entry needs the payer's word; autopay is off."),
        STOP,
        UNAUTHORIZED,
    ),
    ("R12", _("Branch sold to another bank"), _CHECK_NUMBER, _STAFF_NEW_ACCOUNT, NONE, OTHER),
    ("R13", _("Routing number does not exist"), _CHECK_NUMBER, _STAFF_NEW_ACCOUNT, NONE, OTHER),
    ("R14", _("Account holder's representative cannot continue"), _OTHER_ACCOUNT, _STAFF_NEW_ACCOUNT, NONE, OTHER),
    (
        "R15",
        _("Beneficiary or account holder deceased"),
        _("Your bank closed the account to debits. Please contact us."),
        _("Speak to the company before anything else."),
        NONE,
        OTHER,
    ),
    (
        "R16",
        _("Account frozen by the bank"),
        _("The account cannot be debited at the moment. Please ask your bank, or pay another way."),
        _("Frozen by the bank or by law. Ask for another account; autopay is off for this one."),
        STOP,
        OTHER,
    ),
    (
        "R17",
        _("Refused for odd details"),
        _CHECK_NUMBER,
        _("The bank could not process it or suspects a false entry. Check the account before you debit it again."),
        NONE,
        OTHER,
    ),
    ("R18", _("Improper effective date"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R19", _("Amount field error"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    (
        "R20",
        _("Account cannot be debited"),
        _("Your bank does not allow debits of this kind of account. Please pay from another account."),
        _("A savings or loan account without debits. Ask for another account; autopay is off for this one."),
        STOP,
        OTHER,
    ),
    ("R21", _("Invalid company identification"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R22", _("Invalid individual ID number"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R23", _("Receiver refused the credit"), _ASK_BANK, _("A refund was refused by the payer."), NONE, OTHER),
    ("R24", _("Duplicate entry"), _OUR_SIDE, _("The bank holds it for a second copy. Compare both."), NONE, OTHER),
    ("R25", _("Addenda error"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R26", _("Mandatory field missing"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R27", _("Trace number error"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R28", _("Routing number check digit wrong"), _CHECK_NUMBER, _STAFF_FORM, NONE, OTHER),
    (
        "R29",
        _("Company says it was not authorised"),
        _("Your bank blocks debits that your company has not allowed. Ask it to allow ours, or pay another way."),
        _("A business account with a debit block, or a debit nobody allowed. Give them our company id for the bank."),
        FREEZE,
        UNAUTHORIZED,
    ),
    ("R30", _("Bank does not take truncated checks"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R31", _("Permissible return of a business debit"), _ASK_BANK, _STAFF_BANKS, NONE, OTHER),
    ("R32", _("Bank cannot settle"), _ASK_BANK, _STAFF_BANKS, NONE, OTHER),
    ("R33", _("Return of a destroyed check entry"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R34", _("Bank's participation limited"), _OTHER_ACCOUNT, _STAFF_NEW_ACCOUNT, NONE, OTHER),
    ("R35", _("Improper debit entry"), _OTHER_ACCOUNT, _STAFF_FORM, NONE, OTHER),
    ("R36", _("Improper credit entry"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R37", _("Source document presented as well"), _OUR_SIDE, _("Paid twice: by check too. Compare."), NONE, OTHER),
    ("R38", _("Stop payment on the source document"), _ASK_BANK, _STAFF_BANKS, NONE, OTHER),
    ("R39", _("Improper source document"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R40", _("Government enrolment returned"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R41", _("Invalid transaction code"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R42", _("Routing number or check digit error"), _CHECK_NUMBER, _STAFF_FORM, NONE, OTHER),
    ("R43", _("Invalid account number in an enrolment"), _CHECK_NUMBER, _STAFF_FORM, NONE, OTHER),
    ("R44", _("Invalid ID number in an enrolment"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R45", _("Invalid name in an enrolment"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R46", _("Invalid representative indicator"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R47", _("Duplicate enrolment"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R50", _("State law affecting check entries"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R51", _("Check entry ineligible or improper"), _ASK_BANK, _STAFF_UNAUTHORIZED, NONE, UNAUTHORIZED),
    ("R52", _("Stop payment on a check entry"), _ASK_BANK, _STAFF_BANKS, NONE, OTHER),
    ("R53", _("Check and entry both presented"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R61", _("Misrouted return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R62", _("Return of an erroneous reversal"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R67", _("Duplicate return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R68", _("Untimely return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R69", _("Field error in a return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R70", _("Permissible return not accepted"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R71", _("Misrouted dishonoured return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R72", _("Untimely dishonoured return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R73", _("Timely original return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R74", _("Corrected return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R75", _("Return was not a duplicate"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R76", _("No errors found in the return"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R77", _("Dishonoured return not accepted"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R80", _("Cross-border coding error"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
    ("R81", _("Bank takes no cross-border entries"), _OTHER_ACCOUNT, _STAFF_NEW_ACCOUNT, NONE, OTHER),
    ("R82", _("Invalid foreign bank"), _OTHER_ACCOUNT, _STAFF_NEW_ACCOUNT, NONE, OTHER),
    ("R83", _("Foreign bank cannot settle"), _ASK_BANK, _STAFF_BANKS, NONE, OTHER),
    ("R84", _("Not processed by the gateway operator"), _OUR_SIDE, _STAFF_BANKS, NONE, OTHER),
    ("R85", _("Cross-border payment coded as domestic"), _OUR_SIDE, _STAFF_FORM, NONE, OTHER),
)

CODES: dict[str, ReturnCode] = {row[0]: ReturnCode(*row) for row in _ROWS}

WITHOUT = ReturnCode(
    "",
    _("Returned without a reason"),
    _("It did not say why. Please ask it, or pay another way."),
    _(
        "The gateway names no return code. The account is frozen and nothing is sent again until the reason is known: "
        "ask the bank or the gateway and enter the code."
    ),
    Consequence.FREEZE,
)
"""A return may come without a code: GP-API documents none."""


def reason_of(code: str) -> ReturnCode:
    """What a code means; one that nobody knows is treated like a return without a code."""
    return CODES.get(code, WITHOUT)


def code_in(text: str) -> str:
    """The return code that a gateway's result is, or nothing: every other result says nothing about a return."""
    return text if text in CODES else ""
