"""The words a person agrees to before a bank account is debited. The same words are in docs/ach-authorisation-*.md."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from commerce.money import format_money
from oropay.models import MandateKind

VERSION = "ach-authorisation-v1"

TEXT = (
    "I authorise {seller} to debit {amount} once, by an electronic (ACH) entry on {day} or the next banking day, from "
    "the bank account ending in {last4} that I have named on this page, to pay {purpose} for {company}. I confirm that "
    "I may authorise debits from this account and that the transaction complies with United States law. This "
    "authorisation covers this one debit and ends with it. I may withdraw it until the debit is sent to the bank, by "
    "telling {seller} at {contact}. If the bank returns the debit, the amount is due again."
)
"""A text that changes gets a new version; a stored mandate keeps the words it was given with."""

STANDING_VERSION = "ach-authorisation-standing-v1"

STANDING_TEXT = (
    "I authorise {seller} to debit the bank account ending in {last4} that I have named on this page, by electronic "
    "(ACH) entries, for payments of {company} that a person entitled to pay for {company} starts and confirms one by "
    "one, each for the amount and on the day shown when it is confirmed. I confirm that I may authorise debits from "
    "this account and that the transactions comply with United States law. This authorisation stays in force until I "
    "withdraw it by removing the account under Payment methods or by telling {seller} at {contact}; a debit that has "
    "been sent to the bank is not affected. If the bank returns a debit, the amount is due again."
)
"""For an account that is saved without being debited."""

NOT_TYPED_YET = "····"


@dataclass(frozen=True)
class DebitTerms:
    """What the placeholders of the text stand for. `amount` is in major units of `currency`."""

    seller: str
    contact: str
    company: str
    purpose: str
    amount: Decimal
    currency: str
    day: date
    locale: str = "en_US"

    version = VERSION
    kind = MandateKind.SINGLE

    @property
    def amount_text(self) -> str:
        return format_money(self.amount, self.currency, self.locale)

    def text(self, *, last4: str) -> str:
        """The words as they are stored with the mandate."""
        return TEXT.format(last4=last4, amount=self.amount_text, **self._rest)

    def shown(self, *, last4: str = NOT_TYPED_YET) -> SafeString:
        """The same words for the page; amount and last four digits follow what is typed."""
        return format_html(
            TEXT,
            last4=format_html('<strong class="money" data-ach-last4>{}</strong>', last4),
            amount=format_html('<strong class="money" data-ach-amount>{}</strong>', self.amount_text),
            **self._rest,
        )

    @property
    def amount_rule(self) -> str:
        return f"exactly {self.amount_text}, once"

    @property
    def _rest(self) -> dict[str, str]:
        return {
            "seller": self.seller,
            "contact": _before_a_stop(self.contact),
            "company": _before_a_stop(self.company),
            "purpose": self.purpose,
            "day": f"{self.day:%B} {self.day.day}, {self.day.year}",
        }


@dataclass(frozen=True)
class StandingTerms:
    """What the placeholders of the standing text stand for."""

    seller: str
    contact: str
    company: str
    day: date

    version = STANDING_VERSION
    kind = MandateKind.STANDING
    amount_rule = "as shown and confirmed for each debit"

    def text(self, *, last4: str) -> str:
        """The words as they are stored with the mandate."""
        return STANDING_TEXT.format(
            last4=last4, seller=self.seller, contact=self.contact, company=_before_a_stop(self.company)
        )

    def shown(self, *, last4: str = NOT_TYPED_YET) -> SafeString:
        """The same words for the page; the last four digits follow what is typed."""
        return format_html(
            STANDING_TEXT,
            last4=format_html('<strong class="money" data-ach-last4>{}</strong>', last4),
            seller=self.seller,
            contact=self.contact,
            company=_before_a_stop(self.company),
        )


Terms = DebitTerms | StandingTerms
"""What a form needs of either: the words, their version and what they cover."""


def _before_a_stop(name: str) -> str:
    """ "Acme Inc." without its point, where the sentence ends with one."""
    return name.removesuffix(".")
