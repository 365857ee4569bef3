"""The town of a storm: one seller, its buyers, what they owe, and each debt's story, thrown with the seed."""

import random
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from commerce.models import User
from oropay.models import (
    CheckPolicy,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Integration,
    Payable,
    Payment,
    PaymentAction,
    ProviderAccount,
    RiskMode,
    ThreeDS,
    ThreeDSUnavailable,
)
from tests.contract.sandbox import ADDRESS_WRONG, SUSPECT, VISA, Sandbox
from tests.factories import StaffFactory
from tests.faults.storm.stories import ASKS, CHALLENGES, HOLDS, ODDS, OF_INVOICES, REVIEWS, Story
from tests.oropay.threeds import CHALLENGE
from tests.trade import (
    TOTAL,
    Company,
    Seller,
    account_open,
    company_open,
    invoices_open,
    orders_open,
    seller_open,
    way_open,
)

BUYERS = 20


@dataclass
class Deal:
    """One order to be paid, or invoices that are paid together, and what has been done about it."""

    payable_ids: tuple[int, ...]
    story: Story
    dice: random.Random
    buyers: tuple[User, User]
    instrument_id: int
    other_instrument_id: int
    """Another card, for whom the first does not do."""
    customer_id: int
    bills: list[int] = field(default_factory=list)
    """The payable of the invoice that took over from the order."""
    tries: int = 0
    too_slow: int = 0
    """How often somebody was told that another had been faster."""
    staff_steps: int = 0
    asked_back: int = 0
    """How often a clerk wanted money given back or a hold let go, by refund or void."""
    asked_captures: int = 0
    """How often a clerk wanted held money taken."""
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
    check_id: int = 0
    """The payment of nothing that saves a card."""
    sent_back: str = ""
    """The debit that the bank took back, by its name at the gateway."""

    @property
    def name(self) -> int:
        """The first of what it is about."""
        return self.payable_ids[0]

    @property
    def payables(self) -> Sequence[int]:
        """All that its payments may be for, by now."""
        return [*self.payable_ids, *self.bills]

    @property
    def owed(self) -> Decimal:
        """All together, in major units."""
        return TOTAL * len(self.payable_ids)

    @property
    def goodwill(self) -> str:
        """The note of its credit, by which clerks find it again."""
        return f"goodwill for order {self.name}"


@dataclass
class Town:
    """The seller, its buyers, their debts."""

    sandbox: Sandbox
    seller: Seller
    ways: Mapping[Story, Integration]
    """How a debt is paid that is not simply charged."""
    clerks: tuple[User, User]
    deals: list[Deal] = field(default_factory=list)
    called_off: set[str] = field(default_factory=set)
    """References of what clerks called off in the gateway's own portal."""
    refused: int = 0
    """Clicks that were told no, with a reason."""

    def deal_of(self, payment: Payment) -> Deal:
        """Whose payment it is."""
        paid = {part.payable_id for part in payment.parts.all()}
        return next(deal for deal in self.deals if paid.intersection(deal.payables))

    def way_of(self, story: Story) -> Integration:
        return self.ways.get(story, self.seller.automatic)

    @property
    def asked_credits(self) -> Counter[int]:
        """By customer: how often clerks wanted to give money."""
        given: Counter[int] = Counter()
        for deal in self.deals:
            given[deal.customer_id] += deal.asked_credits
        return given

    @property
    def left(self) -> Collection[int]:
        """Payments that their buyers did not want any more."""
        return {pk for deal in self.deals for pk in deal.left}


def town_open(*, sandbox: Sandbox, payments: int, seed: int) -> Town:
    """A seller with many ways to pay, companies with saved cards, and so many debts of 100.00 a document."""
    seller = seller_open(sandbox)
    seller.automatic.provider.renews_live_holds = seller.automatic.provider.bank_credits = True
    seller.automatic.provider.multi_capture = True
    seller.automatic.provider.save()
    clerks = [StaffFactory.create(organization=seller.website.organization, is_superuser=True) for _ in range(2)]
    town = Town(sandbox=sandbox, seller=seller, ways=_ways(sandbox, seller), clerks=(clerks[0], clerks[1]))
    dice = random.Random(seed)
    stories = _dealt(payments, dice)
    each = -(-payments // BUYERS)
    for number in range(0, payments, each):
        town.deals += _company(town, stories=stories[number : number + each], dice=dice)
    dice.shuffle(town.deals)
    return town


def _dealt(payments: int, dice: random.Random) -> list[Story]:
    """Each story once, as far as there is room, and the others as often as they are likely."""
    once = list(ODDS)
    dice.shuffle(once)
    stories = (once + dice.choices(list(ODDS), weights=list(ODDS.values()), k=payments))[:payments]
    dice.shuffle(stories)
    return stories


def _ways(sandbox: Sandbox, seller: Seller) -> Mapping[Story, Integration]:
    account = seller.automatic.provider
    asking = way_open(account, name="Asked", threeds=ThreeDS.ALWAYS, threeds_unavailable=ThreeDSUnavailable.REFUSE)
    several = way_open(account, name="In parts", payment_action=PaymentAction.MANUAL, several_captures=True)
    strict = way_open(account, name="Strict", avs_not_matched=CheckPolicy.REFUSE)
    filtered = way_open(account, name="Filtered", risk_mode=RiskMode.ACTIVE)
    yen = way_open(account_open(sandbox, website=seller.website, name="Yen", currency="JPY"), name="Yen")
    return {
        **dict.fromkeys(HOLDS, seller.manual),
        **dict.fromkeys(ASKS, asking),
        **dict.fromkeys(REVIEWS, filtered),
        Story.SEVERAL_CAPTURES: several,
        Story.ADDRESS_REFUSED: strict,
        Story.YEN: yen,
    }


def _company(town: Town, *, stories: Sequence[Story], dice: random.Random) -> Iterator[Deal]:
    company = company_open(town.seller)
    cards = _Wallet(town, customer_id=company.customer.pk)
    for story in stories:
        account = town.way_of(story).provider
        yield Deal(
            payable_ids=tuple(payable.pk for payable in _owed(town, company, story)),
            story=story,
            dice=random.Random(dice.random()),
            buyers=company.buyers,
            instrument_id=cards.card(account=account, **_CARDS.get(story, {})).pk,
            other_instrument_id=cards.card(account=account).pk,
            customer_id=company.customer.pk,
        )


def _owed(town: Town, company: Company, story: Story) -> list[Payable]:
    if story in OF_INVOICES:
        return invoices_open(town.seller, company, count=OF_INVOICES[story], by=town.clerks[0])
    return orders_open(town.seller, company, count=1, currency=town.way_of(story).currencies[0])


_CARDS: Mapping[Story, Mapping[str, str]] = {
    **{story: {"number": CHALLENGE} for story in CHALLENGES},
    **{story: {"holder": SUSPECT} for story in REVIEWS},
    Story.ADDRESS_REFUSED: {"number": ADDRESS_WRONG},
}
"""What a debt is paid with that is not a card like any other."""


class _Wallet:
    """The cards of one company, each saved when it is first needed."""

    def __init__(self, town: Town, *, customer_id: int) -> None:
        self._town, self._customer_id = town, customer_id
        self._cards: dict[tuple[int, str, str], Instrument] = {}

    def card(self, *, account: ProviderAccount, number: str = VISA, holder: str = "") -> Instrument:
        """A card the gateway keeps, as an earlier payment would have left it."""
        known = account.pk, number, holder
        if known not in self._cards:
            self._cards[known] = Instrument.objects.create(
                kind=InstrumentKind.CARD,
                state=InstrumentState.ACTIVE,
                customer_id=self._customer_id,
                provider_account=account,
                token=self._town.sandbox.kept_card(number),
                holder_name=holder,
                brand="VISA",
                last4=number[-4:],
                expiry_month=12,
                expiry_year=2030,
            )
        return self._cards[known]
