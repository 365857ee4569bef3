"""Buyers: they pay, twice or two at once, and go through what their bank asks, or leave it.

Nobody here waits for an answer: people look at rows, as the pages do.
"""

import uuid
from decimal import Decimal
from functools import partial

from django.utils import timezone

from commerce.models import User
from oropay.engine import authentication_leave
from oropay.models import Payment, PaymentTransaction
from oropay.services import PartAsked, PaymentAsked, SavedInstrument, payment_start
from oropay.threeds import NextStep, browser_step
from plumbing.services.hints import hint_now
from tests.faults.storm.clicks import at_once, told, until_it_answers
from tests.faults.storm.town import BANKS, Deal, Story, Town
from tests.oropay import threeds
from tests.oropay.house import bank

COMES_BACK_TOO_SOON = 0.3
"""Share of buyers whose browser is sent back before they have answered the bank."""


def buy(town: Town, deal: Deal) -> None:
    """Try to pay an order."""
    deal.tries += 1
    key, other = uuid.UUID(int=deal.dice.getrandbits(128)), uuid.UUID(int=deal.dice.getrandbits(128))
    first, second = deal.buyers
    if deal.story == Story.DOUBLE_CLICK:
        at_once(partial(_pay, town, deal, key, first), partial(_pay, town, deal, key, first))
    elif deal.story == Story.TWO_PEOPLE:
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
    keep = deal.story == Story.BANK_CREDIT
    source = bank(keep=keep) if deal.story in BANKS else SavedInstrument(instrument_id=deal.instrument_id)
    asked = PaymentAsked(
        parts=[PartAsked(payable_id=deal.payable_id, amount=Decimal("100.00"))],
        integration_id=town.way_of(deal).pk,
        source=source,
        attempt_key=key,
    )
    told(town, lambda: payment_start(asked=asked, by=by, website=town.seller.website, now=timezone.now()))


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
