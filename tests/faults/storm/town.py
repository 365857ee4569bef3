"""The town of a storm: one seller, its buyers, their orders, and each order's story, thrown with the seed."""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from commerce.models import User
from oropay.models import (
    Instrument,
    InstrumentKind,
    InstrumentState,
    Integration,
    IntegrationLabel,
    PaymentAction,
    ProviderAccount,
    ThreeDS,
    ThreeDSUnavailable,
)
from oropay.services import integration_save
from tests.contract.sandbox import VISA, Sandbox
from tests.factories import StaffFactory
from tests.oropay.threeds import CHALLENGE
from tests.trade import Seller, company_open, seller_open

BUYERS = 20


class Story(StrEnum):
    """What happens to one order."""

    CLICK = "click"
    DOUBLE_CLICK = "double click"
    """Twice with the same attempt, at the same moment."""
    TWO_PEOPLE = "two people"
    """Two colleagues, each with an attempt of their own, at the same moment."""
    HOLD = "hold"
    """Held, then captured in full or in part."""
    HOLD_RELEASED = "hold released"
    REFUND = "refund"
    """Charged, then given back in one or two parts."""
    RIVALS = "rivals"
    """Charged, then refunded and voided by two clerks at once."""
    REPEATED = "repeated"
    """The queue delivers the same message four times."""
    BANK = "bank"
    """A bank debit."""
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


ODDS = {
    Story.CLICK: 30,
    Story.DOUBLE_CLICK: 12,
    Story.TWO_PEOPLE: 12,
    Story.HOLD: 12,
    Story.HOLD_RELEASED: 4,
    Story.REFUND: 12,
    Story.RIVALS: 6,
    Story.REPEATED: 7,
    Story.BANK: 5,
    Story.RENEWED: 4,
    Story.CREDIT: 3,
    Story.BANK_CREDIT: 2,
    Story.ASKED: 3,
    Story.CHALLENGE: 3,
    Story.CHALLENGE_LEFT: 3,
    Story.DISPUTE_ACCEPTED: 3,
    Story.DISPUTE_CHALLENGED: 4,
}
HOLDS = frozenset({Story.HOLD, Story.HOLD_RELEASED, Story.RENEWED})
BANKS = frozenset({Story.BANK, Story.BANK_CREDIT})
CREDITS = frozenset({Story.CREDIT, Story.BANK_CREDIT})
CHALLENGES = frozenset({Story.CHALLENGE, Story.CHALLENGE_LEFT})
ASKS = CHALLENGES | {Story.ASKED}
DISPUTES = frozenset({Story.DISPUTE_ACCEPTED, Story.DISPUTE_CHALLENGED})


@dataclass
class Deal:
    """One order to be paid, and what has been done about it."""

    payable_id: int
    story: Story
    dice: random.Random
    buyers: tuple[User, User]
    instrument_id: int
    customer_id: int
    tries: int = 0
    staff_steps: int = 0
    asked_back: int = 0
    """How often a clerk wanted money given back, by refund or void."""
    asked_credits: int = 0
    """How often a clerk wanted money given without an earlier charge."""
    confirmed: set[int] = field(default_factory=set)
    """Payments of which the buyer has told the bank yes."""
    left: set[int] = field(default_factory=set)
    """Payments that the buyer did not want any more while the bank asked."""
    dispute: str = ""
    """Its name at the gateway, once the card holder's bank has opened one."""
    decided: set[str] = field(default_factory=set)
    """Stages of the dispute that the bank has decided."""
    disputed_again: bool = False
    """The bank has begun a dispute again that we had won."""

    @property
    def goodwill(self) -> str:
        """The note of its credit, by which clerks find it again."""
        return f"goodwill for order {self.payable_id}"


@dataclass(frozen=True)
class Asked:
    """What everybody wanted, to be held against what was done."""

    back: Mapping[int, int]
    """By payable: how often a clerk wanted money given back."""
    credits: Mapping[int, int]
    """By customer: how often clerks wanted to give money."""
    left: Collection[int]
    """Payments that their buyers did not want any more."""


@dataclass
class Town:
    """The seller, its buyers, their orders."""

    sandbox: Sandbox
    seller: Seller
    asking: Integration
    """A third way to pay: with 3-D Secure always."""
    clerks: tuple[User, User]
    deals: list[Deal] = field(default_factory=list)
    refused: int = 0
    """Clicks that were told no, with a reason."""

    def way_of(self, deal: Deal) -> Integration:
        """How an order is paid."""
        if deal.story in HOLDS:
            return self.seller.manual
        return self.asking if deal.story in ASKS else self.seller.automatic

    def asked(self) -> Asked:
        given: Counter[int] = Counter()
        for deal in self.deals:
            given[deal.customer_id] += deal.asked_credits
        return Asked(
            back={deal.payable_id: deal.asked_back for deal in self.deals},
            credits=given,
            left={pk for deal in self.deals for pk in deal.left},
        )


def town_open(*, sandbox: Sandbox, payments: int, seed: int) -> Town:
    """A seller with three ways to pay, companies with saved cards, and so many orders of 100.00 each."""
    seller = seller_open(sandbox)
    account = ProviderAccount.objects.filter(pk=seller.automatic.provider.pk)
    account.update(renews_live_holds=True, bank_credits=True)
    clerks = [StaffFactory.create(organization=seller.website.organization, is_superuser=True) for _ in range(2)]
    town = Town(sandbox=sandbox, seller=seller, asking=_asking(seller), clerks=(clerks[0], clerks[1]))
    dice = random.Random(seed)
    each = -(-payments // BUYERS)
    for number in range(BUYERS):
        town.deals += _company(town, orders=min(each, payments - number * each), dice=dice)
    dice.shuffle(town.deals)
    return town


def _asking(seller: Seller) -> Integration:
    way = integration_save(
        integration=Integration(
            organization=seller.website.organization,
            name="Confirmed by the bank",
            provider_account=seller.automatic.provider_account,
            payment_action=PaymentAction.AUTOMATIC,
            currencies=["USD"],
            threeds=ThreeDS.ALWAYS,
            threeds_unavailable=ThreeDSUnavailable.REFUSE,
        )
    )
    IntegrationLabel.objects.create(integration=way, label="Card, confirmed", short_label="Card")
    return way


def _company(town: Town, *, orders: int, dice: random.Random) -> Iterator[Deal]:
    if orders <= 0:
        return
    company = company_open(town.seller, orders=orders)
    card, questioned = (_saved_card(town, customer_id=company.customer.pk, number=one) for one in (VISA, CHALLENGE))
    for payable in company.payables:
        story = dice.choices(list(ODDS), weights=list(ODDS.values()))[0]
        yield Deal(
            payable_id=payable.pk,
            story=story,
            dice=random.Random(dice.random()),
            buyers=company.buyers,
            instrument_id=(questioned if story in CHALLENGES else card).pk,
            customer_id=company.customer.pk,
        )


def _saved_card(town: Town, *, customer_id: int, number: str) -> Instrument:
    """A card the gateway keeps, as an earlier payment would have left it."""
    return Instrument.objects.create(
        kind=InstrumentKind.CARD,
        state=InstrumentState.ACTIVE,
        customer_id=customer_id,
        provider_account=town.seller.automatic.provider,
        token=town.sandbox.kept_card(number),
        brand="VISA",
        last4=number[-4:],
        expiry_month=12,
        expiry_year=2030,
    )
