"""Buyers: they pay, twice or two at once, and go through what their bank asks, or leave it.

Nobody here waits for an answer: people look at rows, as the pages do.
"""

import random
import uuid
from functools import partial

from django.utils import timezone

from commerce.models import Customer, User
from oropay.engine import authentication_leave
from oropay.models import CardCheck, MoneyState, Payment, PaymentTransaction
from oropay.services import (
    NewBank,
    NewCard,
    PartAsked,
    PaymentAsked,
    SavedInstrument,
    card_validate_start,
    payment_start,
)
from oropay.threeds import NextStep, browser_step
from plumbing.services.hints import hint_now
from tests.faults.storm.clicks import at_once, standing_up_again, told, until_it_answers
from tests.faults.storm.stories import BANKS, TWO_AT_ONCE, Story
from tests.faults.storm.town import Deal, Town
from tests.oropay import threeds
from tests.oropay.house import bank
from tests.trade import TOTAL

COMES_BACK_TOO_SOON = 0.3
"""Share of buyers whose browser is sent back before they have answered the bank."""


def buy(town: Town, deal: Deal) -> None:
    """Try to pay an order, or invoices together; with a card that is saved first, if that is the story."""
    deal.tries += 1
    if deal.story == Story.CARD_SAVED and not _saved(town, deal):
        return
    key, other = uuid.UUID(int=deal.dice.getrandbits(128)), uuid.UUID(int=deal.dice.getrandbits(128))
    first, second = deal.buyers
    if deal.story == Story.DOUBLE_CLICK:
        at_once(partial(_pay, town, deal, key, first), partial(_pay, town, deal, key, first))
    elif deal.story in TWO_AT_ONCE:
        at_once(partial(_pay, town, deal, key, first), partial(_pay, town, deal, other, second))
    else:
        _pay(town, deal, key, first)
    if deal.story == Story.REPEATED:
        until_it_answers(partial(_deliver_again, key))


def go_on(town: Town, deal: Deal, payment: Payment) -> None:
    """Do what the page of a payment under way asks for: let the bank look at the browser, or answer its question."""
    step = browser_step(payment_id=payment.pk).step
    if step == NextStep.METHOD:
        at_once(*[partial(told, town, partial(threeds.told, payment))] * 2)
    elif step == NextStep.CHALLENGE and payment.pk not in deal.left:
        if deal.story == Story.CHALLENGE_LEFT and not deal.left:
            _leave(town, deal, payment)
        else:
            _answer(town, deal, payment)


def _pay(town: Town, deal: Deal, key: uuid.UUID, by: User) -> None:
    asked = PaymentAsked(
        parts=[PartAsked(payable_id=pk, amount=TOTAL) for pk in deal.payable_ids],
        integration_id=town.way_of(deal.story).pk,
        source=_source(deal),
        attempt_key=key,
    )
    told(town, lambda: payment_start(asked=asked, by=by, website=town.seller.website, now=timezone.now()), of=deal)


def _source(deal: Deal) -> NewBank | SavedInstrument:
    if deal.story in BANKS:
        return bank(keep=deal.story == Story.BANK_CREDIT)
    if deal.story == Story.ADDRESS_REFUSED and _was_turned_away(deal):
        return SavedInstrument(instrument_id=deal.other_instrument_id)
    return SavedInstrument(instrument_id=deal.instrument_id)


def _was_turned_away(deal: Deal) -> bool:
    """Whether the buyer has read that the address is not the bank's."""
    with standing_up_again():
        return CardCheck.objects.filter(transaction__payment__parts__payable=deal.name).exists()
    return False


def _saved(town: Town, deal: Deal) -> bool:
    """Whether the card of this deal is saved by now; until then it is checked, and again if nobody answers."""
    with standing_up_again():
        check = Payment.objects.filter(pk=deal.check_id).first()
        if check is not None and check.money_state == MoneyState.VALIDATED:
            deal.instrument_id = check.instrument_id or deal.instrument_id
            return True
        if check is None or check.money_state in {MoneyState.DECLINED, MoneyState.FAILED}:
            number = _number(deal.dice)
            card = NewCard(token=town.sandbox.card_token(number), brand="visa", last4=number[-4:])
            click = partial(_check, town, deal, card, uuid.UUID(int=deal.dice.getrandbits(128)))
            at_once(*[partial(told, town, click)] * 2)
    return False


def _check(town: Town, deal: Deal, card: NewCard, key: uuid.UUID) -> None:
    buyer, _colleague = deal.buyers
    deal.check_id = card_validate_start(
        customer=Customer.objects.get(pk=deal.customer_id),
        owner=buyer,
        integration_id=town.way_of(deal.story).pk,
        card=card,
        attempt_key=key,
        by=buyer,
        website=town.seller.website,
        now=timezone.now(),
    ).pk


def _number(dice: random.Random) -> str:
    """A card that nobody else has: the last digit makes the number check (Luhn)."""
    digits = [4, 2, 6, 3, 9, 7, *(dice.randrange(10) for _ in range(9))]
    doubled = [sum(divmod(2 * digit, 10)) for digit in digits[::2]]
    return "".join(map(str, [*digits, -(sum(doubled) + sum(digits[1::2])) % 10]))


def _answer(town: Town, deal: Deal, payment: Payment) -> None:
    """Say yes to the bank, and be sent back by its page in two tabs at once; some come back before they say it."""
    too_soon = payment.pk not in deal.confirmed and deal.dice.random() < COMES_BACK_TOO_SOON
    if payment.pk not in deal.confirmed and not too_soon:
        threeds.answer(threeds.fresh(payment), town.sandbox, "confirm")
        deal.confirmed.add(payment.pk)
    at_once(*[partial(told, town, partial(threeds.returned, payment))] * 2)


def _leave(town: Town, deal: Deal, payment: Payment) -> None:
    """Give up: by the button, by closing the browser, or by closing it just after having said yes to the bank."""
    way = deal.dice.choice(["button", "closed", "closed after yes"])
    if way == "closed after yes":
        threeds.answer(threeds.fresh(payment), town.sandbox, "confirm")
    if way != "button" or told(
        town, lambda: authentication_leave(payment=payment, by=deal.buyers[0], now=timezone.now())
    ):
        deal.left.add(payment.pk)


def _deliver_again(key: uuid.UUID) -> None:
    """The queue's message about a payment, four times more."""
    for row in [*PaymentTransaction.objects.filter(payment__attempt_key=key)] * 4:
        hint_now("oropay.tasks.execute", row.pk, queue="gateway-interactive")
