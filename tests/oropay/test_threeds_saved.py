"""3-D Secure "for new cards": a saved card is new until its bank has vouched once for its holder."""

from collections.abc import Callable

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from oropay.models import (
    Action,
    AuthenticationOutcome,
    Initiator,
    Instrument,
    InstrumentState,
    Integration,
    Payment,
    PaymentTransaction,
    ThreeDS,
    TransactionState,
)
from oropay.services import SavedInstrument
from tests.contract.sandbox import VISA
from tests.oropay.threeds import ATTEMPTED, COULD_NOT, FAILED, fresh, setting, told

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Pay = Callable[[], Payment]


@pytest.fixture
def pay(start: Start) -> Pay:
    """The buyer pays a part of the order with the card that is saved."""

    def pay() -> Payment:
        saved = Instrument.objects.get(state=InstrumentState.ACTIVE)
        return start(source=SavedInstrument(instrument_id=saved.pk), amount="10.00")

    return pay


@pytest.fixture
def new_cards(integration: Integration) -> Integration:
    return setting(integration, threeds=ThreeDS.NEW_CARDS)


def first(payment: Payment) -> Action:
    """What was done first: the bank asked, or the money taken."""
    return Action(payment.transactions.order_by("pk")[0].action)


def through(payment: Payment, run: Run) -> PaymentTransaction:
    """The bank is asked, and what follows of it."""
    run(payment)
    told(payment)
    run(payment)
    return run(payment)


@pytest.mark.parametrize(
    ("card", "outcome"),
    [
        (VISA, AuthenticationOutcome.AUTHENTICATED),
        (ATTEMPTED, AuthenticationOutcome.ATTEMPTED),
    ],
)
def test_a_card_saved_by_a_check_is_asked_about_at_its_first_payment_and_no_more_once_its_bank_vouched(
    check: Start, run: Run, pay: Pay, new_cards: Integration, card: str, outcome: AuthenticationOutcome
) -> None:
    run(check(card=card))

    one = pay()
    charge = through(one, run)
    two = pay()

    assert first(one) == Action.AUTHENTICATE_CHECK
    assert (charge.action, charge.state, fresh(one).authentication.outcome) == (Action.CHARGE, S.APPROVED, outcome)
    assert first(two) == Action.CHARGE


def test_a_card_saved_while_nobody_was_asked_is_asked_about_once_the_setting_wants_it(
    saved: Instrument, pay: Pay, run: Run, integration: Integration
) -> None:
    before = pay()
    run(before)
    setting(integration, threeds=ThreeDS.NEW_CARDS)

    assert (first(before), first(pay())) == (Action.CHARGE, Action.AUTHENTICATE_CHECK)


def test_a_card_whose_bank_vouched_when_it_was_saved_with_a_payment_is_not_asked_about_again(
    start: Start, run: Run, pay: Pay, new_cards: Integration
) -> None:
    through(start(keep=True, amount="10.00"), run)

    assert first(pay()) == Action.CHARGE


@pytest.mark.parametrize(
    ("card", "outcome", "state"),
    [
        (FAILED, AuthenticationOutcome.FAILED, S.DECLINED),
        (COULD_NOT, AuthenticationOutcome.UNAVAILABLE, S.APPROVED),
    ],
)
def test_a_card_whose_bank_did_not_vouch_is_asked_about_again(
    check: Start,
    run: Run,
    pay: Pay,
    new_cards: Integration,
    card: str,
    outcome: AuthenticationOutcome,
    state: TransactionState,
) -> None:
    run(check(card=card))
    one = pay()
    last = through(one, run)

    two = pay()

    assert (fresh(one).authentication.outcome, last.state) == (outcome, state)
    assert first(two) == Action.AUTHENTICATE_CHECK


def test_what_was_proven_of_a_card_entered_again_counts_for_the_saved_one_it_joined(
    saved: Instrument, start: Start, run: Run, pay: Pay, new_cards: Integration
) -> None:
    again = start(keep=True, amount="10.00")
    through(again, run)

    entered = Instrument.objects.get(payments=again)
    assert (entered.pk == saved.pk, entered.same_as) == (False, saved)
    assert first(pay()) == Action.CHARGE


def test_what_was_proven_stays_when_the_card_is_entered_again_and_checked(
    check: Start, start: Start, run: Run, pay: Pay, new_cards: Integration
) -> None:
    through(start(keep=True, amount="10.00"), run)

    run(check(mine=True))

    assert first(pay()) == Action.CHARGE


@pytest.mark.parametrize(
    ("policy", "initiator", "asked", "questions"),
    [
        (ThreeDS.NEW_CARDS, Initiator.BUYER, True, 1),
        (ThreeDS.NEW_CARDS, Initiator.LINK, True, 1),
        (ThreeDS.NEW_CARDS, Initiator.AUTOPAY, False, 0),
        (ThreeDS.NEW_CARDS, Initiator.STAFF, False, 0),
        (ThreeDS.ALWAYS, Initiator.BUYER, True, 0),
        (ThreeDS.NEVER, Initiator.BUYER, False, 0),
    ],
)
def test_whether_the_bank_vouched_is_looked_up_only_where_the_answer_counts(
    saved: Instrument,
    start: Start,
    integration: Integration,
    policy: ThreeDS,
    initiator: Initiator,
    asked: bool,
    questions: int,
) -> None:
    setting(integration, threeds=policy)

    with CaptureQueriesContext(connection) as seen:
        payment = start(source=SavedInstrument(instrument_id=saved.pk), initiator=initiator)

    looks = [
        query["sql"]
        for query in seen
        if query["sql"].startswith("SELECT") and 'FROM "oropay_authentication"' in query["sql"]
    ]
    assert (first(payment) == Action.AUTHENTICATE_CHECK, len(looks)) == (asked, questions)
