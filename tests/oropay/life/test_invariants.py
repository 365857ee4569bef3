"""What excuses money that came when nobody waited for it: it goes back, or a person is told that it did not; and that
the gateway's news of reviews and returns is found to be what it is.
"""

from collections.abc import Callable

import pytest
from django.utils import timezone

from commerce.models import Order, User
from oropay import engine
from oropay.models import Alert, Payment, PaymentTransaction
from oropay.services import alert_resolve
from tests.contract.sandbox import Sandbox
from tests.oropay.books import disguised
from tests.oropay.house import arrive, prove_absent, refuse_each_try, reread, returned_of, send_back
from tests.oropay.life.invariants import every_review_is_somebody_s, hold, no_money_moved_twice, returns_are_counted
from tests.oropay.life.world import World, world_read

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


@pytest.fixture
def read(order: Order, sandbox: Sandbox) -> Callable[[], World]:
    """Both sides' books as they are now."""
    return lambda: world_read(seller=order.organization, sandbox=sandbox)


@pytest.fixture
def late(empty_gateway: None, start: Start, run: Run, sandbox: Sandbox) -> PaymentTransaction:
    """A charge of an order that was paid when it turned up; its reversal is queued."""
    lost = start().transactions.get()
    sandbox.control("/rules", {"match": {"reference": lost.reference}, "action": {"drop": {"when": "before"}}})
    run(lost)
    prove_absent(lost)
    run(start())
    arrive(lost)
    engine.watch(transaction_id=lost.pk, now=timezone.now())
    return PaymentTransaction.objects.get(late=True)


def test_money_that_is_being_given_back_was_not_taken_twice(
    late: PaymentTransaction, run: Run, read: Callable[[], World]
) -> None:
    no_money_moved_twice(read())
    run(late.children.get())

    no_money_moved_twice(read())


def test_money_that_could_not_be_given_back_is_excused_only_while_a_person_is_told(
    late: PaymentTransaction, sandbox: Sandbox, clerk: User, read: Callable[[], World]
) -> None:
    refuse_each_try(late, sandbox)
    no_money_moved_twice(read())

    for alert in Alert.objects.filter(transaction__parent=late):
        alert_resolve(alert=alert, remark="seen", by=clerk, now=timezone.now())

    with pytest.raises(AssertionError, match=r"200.* taken for 100"):
        no_money_moved_twice(read())


def test_a_debit_that_came_back_is_news_until_it_is_read_again(
    empty_gateway: None, settled: Callable[..., PaymentTransaction], sandbox: Sandbox, read: Callable[[], World]
) -> None:
    charge = settled()
    send_back(sandbox, charge)
    untold = read()
    hold(world=untold, lapsed=frozenset())

    reread(charge)

    told = read()
    hold(world=told, lapsed=frozenset())
    assert [world.is_news(world.rows[0]) for world in (untold, told)] == [True, False]


def test_a_return_of_less_than_its_debit_is_found(
    empty_gateway: None, settled: Callable[..., PaymentTransaction], sandbox: Sandbox, read: Callable[[], World]
) -> None:
    charge = settled()
    send_back(sandbox, charge)
    reread(charge)
    disguised(returned_of(charge), amount="40.00")

    with pytest.raises(AssertionError, match=r"Return \$40\.00"):
        returns_are_counted(read())


def test_a_review_that_the_gateway_has_and_nobody_here_waits_for_is_found(
    empty_gateway: None, in_review: PaymentTransaction, read: Callable[[], World]
) -> None:
    hold(world=read(), lapsed=frozenset())
    disguised(in_review, state="canceled")

    with pytest.raises(AssertionError, match="is in review"):
        every_review_is_somebody_s(read())
