"""The town of a storm: one seller, its buyers, their orders, and each order's story, thrown with the seed."""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum

from commerce.models import User
from oropay.models import Instrument, InstrumentKind, InstrumentState
from tests.contract.sandbox import Sandbox
from tests.factories import StaffFactory
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
}
HOLDS = frozenset({Story.HOLD, Story.HOLD_RELEASED})


@dataclass
class Deal:
    """One order to be paid, and what has been done about it."""

    payable_id: int
    story: Story
    dice: random.Random
    buyers: tuple[User, User]
    instrument_id: int
    tries: int = 0
    staff_steps: int = 0
    asked_back: int = 0
    """How often a clerk wanted money given back, by refund or void."""


@dataclass
class Town:
    """The seller, its buyers, their orders."""

    sandbox: Sandbox
    seller: Seller
    clerks: tuple[User, User]
    deals: list[Deal] = field(default_factory=list)
    refused: int = 0
    """Clicks that were told no, with a reason."""


def town_open(*, sandbox: Sandbox, payments: int, seed: int) -> Town:
    """A seller with two ways to pay, companies with a saved card each, and so many orders of 100.00 each."""
    seller = seller_open(sandbox)
    clerks = [StaffFactory.create(organization=seller.website.organization, is_superuser=True) for _ in range(2)]
    town = Town(sandbox=sandbox, seller=seller, clerks=(clerks[0], clerks[1]))
    dice = random.Random(seed)
    each = -(-payments // BUYERS)
    for number in range(BUYERS):
        town.deals += _company(town, orders=min(each, payments - number * each), dice=dice)
    dice.shuffle(town.deals)
    return town


def _company(town: Town, *, orders: int, dice: random.Random) -> Iterator[Deal]:
    if orders <= 0:
        return
    company = company_open(town.seller, orders=orders)
    card = _saved_card(town, customer_id=company.customer.pk)
    for payable in company.payables:
        story = dice.choices(list(ODDS), weights=list(ODDS.values()))[0]
        yield Deal(
            payable_id=payable.pk,
            story=story,
            dice=random.Random(dice.random()),
            buyers=company.buyers,
            instrument_id=card.pk,
        )


def _saved_card(town: Town, *, customer_id: int) -> Instrument:
    """A card the gateway keeps, as an earlier payment would have left it."""
    kept = town.sandbox.kept_card()
    return Instrument.objects.create(
        kind=InstrumentKind.CARD,
        state=InstrumentState.ACTIVE,
        customer_id=customer_id,
        provider_account=town.seller.automatic.provider,
        token=kept,
        brand="VISA",
        last4="5262",
        expiry_month=12,
        expiry_year=2030,
    )
