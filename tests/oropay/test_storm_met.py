"""What a storm counts as met: a click that came too late, and money that came after its reversal had found nothing."""

import random
from collections.abc import Callable
from functools import partial

import pytest

from commerce.models import User
from oropay.models import Payable, Payment, PaymentTransaction
from tests.contract.sandbox import Sandbox
from tests.faults.storm.clicks import told
from tests.faults.storm.endings import late_after_reversal, races
from tests.faults.storm.stories import Story
from tests.faults.storm.town import Deal, Town
from tests.oropay.house import arrive, watch
from tests.trade import seller_open

Start = Callable[..., Payment]


@pytest.fixture
def deal(payable: Payable, buyer: User) -> Deal:
    """An order that two people pay at once."""
    return Deal(
        payable_ids=(payable.pk,),
        story=Story.TWO_PEOPLE,
        dice=random.Random(1),
        buyers=(buyer, buyer),
        instrument_id=0,
        other_instrument_id=0,
        customer_id=payable.customer_id,
    )


@pytest.fixture
def town(sandbox: Sandbox, deal: Deal, clerk: User) -> Town:
    return Town(sandbox=sandbox, seller=seller_open(sandbox), ways={}, clerks=(clerk, clerk), deals=[deal])


def test_whoever_is_told_that_a_colleague_is_paying_was_too_slow(town: Town, deal: Deal, start: Start) -> None:
    told(town, start, of=deal)
    before = races(town)[Story.TWO_PEOPLE]

    told(town, start, of=deal)

    assert (before, races(town)[Story.TWO_PEOPLE], town.refused) == (0, 1, 1)


def test_a_click_that_is_refused_for_another_reason_was_no_race(town: Town, deal: Deal, start: Start) -> None:
    told(town, partial(start, amount="200.00"), of=deal)

    assert (races(town), town.refused) == (dict.fromkeys((Story.TWO_PEOPLE, Story.INVOICES, Story.RIVALS), 0), 1)


def test_a_charge_that_comes_after_its_reversal_had_found_nothing_is_counted(
    swallow: Callable[..., PaymentTransaction],
) -> None:
    lost = swallow()
    before = late_after_reversal()
    arrive(lost)

    watch(lost)

    assert (before, late_after_reversal()) == (0, 1)
