"""What may happen to one debt of the town, how often, and what kind of story each is."""

from enum import StrEnum


class Story(StrEnum):
    """What happens to one order, or to invoices that are paid together."""

    CLICK = "click"
    DOUBLE_CLICK = "double click"
    """Twice with the same attempt, at the same moment."""
    TWO_PEOPLE = "two people"
    """Two colleagues, each with an attempt of their own, at the same moment."""
    HOLD = "hold"
    """Held, then captured in full or in part."""
    HOLD_RELEASED = "hold released"
    SEVERAL_CAPTURES = "several captures"
    """Held, then captured in parts, each by two clicks at once; the last lets go of the rest."""
    REFUND = "refund"
    """Charged, then given back in one or two parts."""
    RIVALS = "rivals"
    """Charged, then refunded and voided by two clerks at once."""
    REPEATED = "repeated"
    """The queue delivers the same message four times."""
    BANK = "bank"
    """A bank debit."""
    BANK_RETURNED = "bank returned"
    """A bank debit that is funded, and then taken back by the bank."""
    RENEWED = "renewed"
    """Held, held anew by a clerk, then captured or left as it is."""
    CREDIT = "credit"
    """Charged; then the saved card is given money without an earlier charge, as two clerks agree."""
    BANK_CREDIT = "bank credit"
    """The same, to the bank account that a debit has saved."""
    ASKED = "asked"
    """3-D Secure: the card holder's bank is asked, and says yes without questioning the buyer."""
    CHALLENGE = "challenge"
    """3-D Secure: the bank questions the buyer, who confirms."""
    CHALLENGE_LEFT = "challenge left"
    """3-D Secure: the buyer leaves the bank's question, and pays with another try."""
    DISPUTE_ACCEPTED = "dispute accepted"
    """Charged; the card holder's bank takes the money back, and a clerk gives it up."""
    DISPUTE_CHALLENGED = "dispute challenged"
    """The same, and a clerk sends evidence; the bank decides."""
    ADDRESS_REFUSED = "address refused"
    """Charged, though the address is not the bank's: taken back at once by our policy, and paid with another card."""
    REVIEW_RELEASED = "review released"
    """Held by the gateway's fraud filter, then released by two clicks at once."""
    REVIEW_CANCELED = "review canceled"
    """The same, and one clerk cancels it while another releases it."""
    CARD_SAVED = "card saved"
    """A card is checked with its bank for nothing and saved; then it pays."""
    YEN = "yen"
    """Charged in a currency without decimals, then given back in one or two parts."""
    INVOICE = "invoice"
    """An invoice is paid, then given back in one or two parts."""
    INVOICES = "invoices"
    """Three invoices are paid at once, by two colleagues at the same moment; then given back in one or two parts."""
    INVOICE_RETURNED = "invoice returned"
    """An invoice is paid by a bank debit that is funded, and then taken back by the bank."""
    BILLED = "billed"
    """Charged; one clerk bills the order while another gives part of it back."""
    HOLD_BILLED = "hold billed"
    """Held; one clerk bills the order while another captures it."""


ODDS = {
    Story.CLICK: 30,
    Story.DOUBLE_CLICK: 12,
    Story.TWO_PEOPLE: 12,
    Story.HOLD: 12,
    Story.HOLD_RELEASED: 4,
    Story.SEVERAL_CAPTURES: 4,
    Story.REFUND: 12,
    Story.RIVALS: 6,
    Story.REPEATED: 7,
    Story.BANK: 5,
    Story.BANK_RETURNED: 3,
    Story.RENEWED: 4,
    Story.CREDIT: 3,
    Story.BANK_CREDIT: 2,
    Story.ASKED: 3,
    Story.CHALLENGE: 3,
    Story.CHALLENGE_LEFT: 3,
    Story.DISPUTE_ACCEPTED: 3,
    Story.DISPUTE_CHALLENGED: 4,
    Story.ADDRESS_REFUSED: 3,
    Story.REVIEW_RELEASED: 3,
    Story.REVIEW_CANCELED: 3,
    Story.CARD_SAVED: 3,
    Story.YEN: 4,
    Story.INVOICE: 6,
    Story.INVOICES: 5,
    Story.INVOICE_RETURNED: 3,
    Story.BILLED: 4,
    Story.HOLD_BILLED: 4,
}
HOLDS = frozenset({Story.HOLD, Story.HOLD_RELEASED, Story.RENEWED, Story.HOLD_BILLED})
RETURNS = frozenset({Story.BANK_RETURNED, Story.INVOICE_RETURNED})
BANKS = RETURNS | {Story.BANK, Story.BANK_CREDIT}
CREDITS = frozenset({Story.CREDIT, Story.BANK_CREDIT})
CHALLENGES = frozenset({Story.CHALLENGE, Story.CHALLENGE_LEFT})
ASKS = CHALLENGES | {Story.ASKED}
DISPUTES = frozenset({Story.DISPUTE_ACCEPTED, Story.DISPUTE_CHALLENGED})
REVIEWS = frozenset({Story.REVIEW_RELEASED, Story.REVIEW_CANCELED})
TWO_AT_ONCE = frozenset({Story.TWO_PEOPLE, Story.INVOICES})
RACES = TWO_AT_ONCE | {Story.RIVALS}
"""Two act at once, and only one may have their way."""
OF_INVOICES = {Story.INVOICE: 1, Story.INVOICES: 3, Story.INVOICE_RETURNED: 1}
"""Stories of invoices, and how many there are in each; the others are of an order."""
