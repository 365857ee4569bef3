"""Why a payment was refused, in words: one table for the buyer's page, staff, lists and the guard against card testing.

A buyer reads what helps to pay: another card, another way, a call to the bank. What would help a thief is not said: a
stolen card, a wrong security code and a fraud filter all read as a plain decline. Staff read what the gateway meant.

Sources: result codes 101, 102, 103, 108 and 111 are GP-API's own (its test cards); two-digit codes are those of ISO
8583, which some of its processors pass on; five-digit ones are error codes of its error catalogue.
"""

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from oropay.models import Action, CardCheck, FailureReason, PaymentTransaction, Ruling, TransactionState

HELD_BY_GATEWAY = frozenset({"PENDING_REVIEW", "HOLD_SUCCESSFUL"})
"""The fraud filter's words for a payment it holds (GP-API `risk_assessment.result`)."""


class Suspicion(StrEnum):
    """How much a refusal looks like somebody trying cards that are not theirs."""

    NONE = "none"
    """Our fault, the bank's, or a matter of money."""
    SOME = "some"
    """A typing mistake, or a guess."""
    STRONG = "strong"
    """Known to be stolen, invented or blocked."""


@dataclass(frozen=True)
class Decline:
    """One reason. `buyer` continues the sentence "Nothing was charged."; `staff` may name everything."""

    code: str
    buyer: str | Promise
    staff: str | Promise
    same_card: bool = False
    """Whether the very same card may work the next time."""
    suspicion: Suspicion = Suspicion.SOME


_PLAIN = _("Your bank declined the card. Please use another card or ask your bank.")
_CALL = _("Your bank wants to be called before it approves. Please call it or use another card.")
_CONFIRM = _("Your bank asks for a confirmation this payment did not have. Please use another card.")
_LATER = _("Your bank could not answer just now. Please try again in a few minutes or use another card.")
_FUNDS = _("Your bank declined the amount. Please use another card, or ask your bank about its limit.")
_EXPIRED = _("The card has expired, or its expiry date is not right. Please check it or use another card.")
_TYPED = _("The card's details are not right. Please check them or use another card.")
_ELSEWHERE = _("This card cannot be used for this payment. Please use another card or another way to pay.")
_ADDRESS = _(
    "The billing address or the security code is not the one your bank has. Please check both, or use another card."
)
_SERVICE = _("The payment service refused what we sent, which is our mistake. Please pay another way, or tell us.")

OTHERWISE = Decline(
    "", _("Please use another card or bank account."), _("Declined; the gateway gives no known reason.")
)
"""A code that is not in the table."""

DECLINES: dict[str, Decline] = {
    one.code: one
    for one in (
        Decline("101", _PLAIN, _("The bank declined without a reason.")),
        Decline("102", _CALL, _("Referral: the bank wants the card holder to call it."), same_card=True),
        Decline("103", _PLAIN, _("Reported lost or stolen. Do not tell the buyer."), suspicion=Suspicion.STRONG),
        Decline(
            "107",
            _PLAIN,
            _("Refused by the gateway's fraud filter. Do not tell the buyer."),
            suspicion=Suspicion.STRONG,
        ),
        Decline("108", _PLAIN, _("The bank declined the wallet's card.")),
        Decline("111", _CONFIRM, _("The bank wants 3-D Secure for it."), same_card=True, suspicion=Suspicion.NONE),
        Decline("200", _LATER, _("The processor could not reach the bank."), same_card=True, suspicion=Suspicion.NONE),
        Decline("205", _LATER, _("The processor timed out."), same_card=True, suspicion=Suspicion.NONE),
        # ISO 8583
        Decline("01", _CALL, _("Referral: the bank wants the card holder to call it."), same_card=True),
        Decline("02", _CALL, _("Referral, special conditions."), same_card=True),
        Decline(
            "03",
            _SERVICE,
            _("Our merchant number is not valid: ask the gateway."),
            same_card=True,
            suspicion=Suspicion.NONE,
        ),
        Decline("04", _PLAIN, _("The bank wants the card kept. Do not tell the buyer."), suspicion=Suspicion.STRONG),
        Decline("05", _PLAIN, _("Do not honor: the bank gives no reason.")),
        Decline(
            "07",
            _PLAIN,
            _("The bank wants the card kept, special conditions. Do not tell the buyer."),
            suspicion=Suspicion.STRONG,
        ),
        Decline("12", _ELSEWHERE, _("The bank does not allow this kind of payment."), suspicion=Suspicion.NONE),
        Decline("13", _FUNDS, _("The bank does not take this amount."), suspicion=Suspicion.NONE),
        Decline("14", _TYPED, _("No such card number."), suspicion=Suspicion.STRONG),
        Decline("15", _TYPED, _("No such bank."), suspicion=Suspicion.STRONG),
        Decline("19", _LATER, _("The bank asks to try again."), same_card=True, suspicion=Suspicion.NONE),
        Decline("41", _PLAIN, _("Reported lost. Do not tell the buyer."), suspicion=Suspicion.STRONG),
        Decline("43", _PLAIN, _("Reported stolen. Do not tell the buyer."), suspicion=Suspicion.STRONG),
        Decline("51", _FUNDS, _("Not enough money or credit."), same_card=True, suspicion=Suspicion.NONE),
        Decline("54", _EXPIRED, _("Expired, or a wrong expiry date.")),
        Decline("55", _PLAIN, _("Wrong PIN.")),
        Decline("57", _ELSEWHERE, _("The card is not meant for this kind of payment."), suspicion=Suspicion.NONE),
        Decline(
            "58", _ELSEWHERE, _("We may not take this kind of payment: ask the gateway."), suspicion=Suspicion.NONE
        ),
        Decline("59", _PLAIN, _("The bank suspects fraud. Do not tell the buyer."), suspicion=Suspicion.STRONG),
        Decline("61", _FUNDS, _("Above the card's limit."), same_card=True, suspicion=Suspicion.NONE),
        Decline("62", _ELSEWHERE, _("A restricted card, for example of another country.")),
        Decline("65", _FUNDS, _("Used too often in its period."), same_card=True),
        Decline("75", _PLAIN, _("Too many wrong PINs.")),
        Decline("78", _PLAIN, _("A new card that is not activated, or blocked."), suspicion=Suspicion.STRONG),
        Decline("82", _ADDRESS, _("Wrong security code. The buyer reads of address and code together.")),
        Decline("91", _LATER, _("The bank does not answer."), same_card=True, suspicion=Suspicion.NONE),
        Decline("96", _LATER, _("A fault at the bank."), same_card=True, suspicion=Suspicion.NONE),
        Decline("N7", _ADDRESS, _("Wrong security code. The buyer reads of address and code together.")),
        Decline("R0", _PLAIN, _("The card holder stopped this payment at the bank."), suspicion=Suspicion.NONE),
        Decline("R1", _PLAIN, _("The card holder stopped all payments to us at the bank."), suspicion=Suspicion.NONE),
        # GP-API's error catalogue
        Decline("40085", _EXPIRED, _("The gateway says the expiry date or the security code is not valid.")),
        Decline("40090", _TYPED, _("The gateway says a value is not valid; its text says which.")),
        Decline("40116", _TYPED, _("The gateway does not know the card's token any more. Ask for the card again.")),
        Decline(
            "50024",
            _ELSEWHERE,
            _("The gateway does not take this kind of card in this currency."),
            suspicion=Suspicion.NONE,
        ),
        # ours
        Decline("checks", _ADDRESS, _("Address or security code did not match, and the integration refuses that.")),
        Decline(
            "checks_saving",
            _("Your bank did not confirm the card's details. Please check them and enter it again, or use another."),
            _("Approved, but address or security code did not match; the integration keeps no such card."),
        ),
        Decline(
            "risk",
            _PLAIN,
            _("Refused by the gateway's fraud filter. Do not tell the buyer."),
            suspicion=Suspicion.STRONG,
        ),
        Decline(
            "review_canceled",
            _("It was not accepted after a review. Please use another way to pay, or ask us."),
            _("Canceled by staff, or by time, while it was in review."),
        ),
    )
}
"""By code. A test walks it: every buyer's sentence is safe, every staff sentence is there."""

NEVER_SAID = ("stolen", "lost", "fraud", "suspect", "blocked")
"""Words that no buyer reads about a card."""


def decline_of(row: PaymentTransaction) -> Decline | None:
    """Why this transaction took nothing; None if it did not end that way, or for another reason."""
    if row.state == TransactionState.DECLINED:
        if row.risk == "REJECTED":
            return DECLINES["risk"]
        if row.action == Action.VALIDATE and CardCheck.objects.filter(transaction=row).exists():
            return DECLINES["checks_saving"]
        return DECLINES.get(row.result_code, OTHERWISE)
    if row.state == TransactionState.FAILED and row.failure_reason == FailureReason.REFUSED:
        return DECLINES.get(row.error_code)
    return None


def refused_by_checks(row: PaymentTransaction) -> bool:
    """Whether our card-check policy turned down what its bank approved."""
    return CardCheck.objects.filter(transaction=row, ruling=Ruling.REFUSED).exists()


def refusal_of(row: PaymentTransaction) -> Decline | None:
    """Why it counts against whoever tried: it was declined, or our card-check policy turns down what its bank approved.

    The latter is known at once, while it is still held; that it is canceled afterwards says nothing new.
    """
    if row.state != TransactionState.REVIEW:
        return decline_of(row)
    return DECLINES["checks"] if refused_by_checks(row) else None


def canceled_of(row: PaymentTransaction) -> Decline | None:
    """Why a payment was taken back before it was booked: by the card-check policy, or out of a fraud review."""
    if row.state != TransactionState.CANCELED:
        return None
    check = CardCheck.objects.filter(transaction=row).first()
    if check is not None and check.ruling == Ruling.REFUSED:
        return DECLINES["checks"]
    return DECLINES["review_canceled"] if row.risk in HELD_BY_GATEWAY else None


def reason_shown(row: PaymentTransaction) -> str:
    """The reason as staff read it in lists, with its code; empty if nothing was refused."""
    found = decline_of(row)
    if found is None:
        return ""
    code = row.error_code if row.state == TransactionState.FAILED else row.result_code
    return f"{found.staff} ({code})" if code else str(found.staff)
