"""Declines follow the card itself, saved or not, and checks of cards are tries too."""

import uuid
from collections.abc import Callable

import pytest

from commerce.models import Order, User
from oropay.exceptions import LockedOut
from oropay.models import (
    Instrument,
    InstrumentState,
    Integration,
    Lockout,
    Payment,
    PaymentTransaction,
    Subject,
)
from oropay.services import NewCard, SavedInstrument, card_validate_start, instrument_validate_start
from oropay.velocity import subjects_of
from tests.contract.sandbox import DECLINED_VISA, Sandbox
from tests.oropay.test_velocity import NOW, STOLEN, empty_store, limits  # noqa: F401  (fixtures)

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Limits = Callable[[str], None]


def test_a_declined_card_is_known_by_its_fingerprint_though_it_was_not_saved(start: Start, run: Run) -> None:
    first = run(start(card=DECLINED_VISA))
    second = run(start(card=DECLINED_VISA))
    other = run(start(card=STOLEN))

    cards = [row.payment.instrument for row in (first, second, other)]
    prints = [Instrument.objects.get(pk=card.pk).fingerprint for card in cards if card is not None]
    assert [card.state for card in cards if card is not None] == [InstrumentState.ONCE] * 3
    assert prints[0] == prints[1] != ""
    assert prints[2] not in {"", prints[0]}


def test_declines_of_one_card_add_up_whatever_the_browser_says_of_it(
    limits: Limits,  # noqa: F811
    start: Start,
    run: Run,
) -> None:
    limits("decline/instrument/600=0:2")
    for year in (28, 29):
        run(start(card=DECLINED_VISA, brand="visa", expiry_year=2000 + year, bin=f"4000{year}"))
    assert not Lockout.objects.exists()

    run(start(card=DECLINED_VISA, brand="mc", expiry_year=2031, bin="510000"))

    locked = Lockout.objects.get()
    print_of = Instrument.objects.order_by("-pk")[0].fingerprint
    assert (locked.subject, locked.reason) == (Subject.INSTRUMENT, "Declines (points): more than 2 in 10 minutes")
    assert locked.value_hash == subjects_of({Subject.INSTRUMENT: print_of})[Subject.INSTRUMENT]


def test_a_saved_card_answers_for_the_declines_it_had_before_it_was_saved(
    limits: Limits,  # noqa: F811
    start: Start,
    run: Run,
    saved: Instrument,
    sandbox: Sandbox,
) -> None:
    limits("decline/instrument/600=0:2")
    rule = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"decline": {"result": "101"}}}
    for number in range(3):
        sandbox.control("/rules", rule)
        run(start(bin=f"42639{number}"))

    with pytest.raises(LockedOut):
        start(source=SavedInstrument(instrument_id=saved.pk))

    assert not Payment.objects.filter(instrument=saved, money_state="processing").exists()


def test_checks_of_a_saved_card_are_counted(
    limits: Limits,  # noqa: F811
    saved: Instrument,
    buyer: User,
    run: Run,
) -> None:
    limits("verification/instrument/600=0:2")
    for _ in range(2):
        checked = instrument_validate_start(instrument=saved, by=buyer, now=NOW())
        assert instrument_validate_start(instrument=saved, by=buyer, now=NOW()) == checked
        run(checked)
    before = Payment.objects.count()

    with pytest.raises(LockedOut):
        instrument_validate_start(instrument=saved, by=buyer, now=NOW())

    assert Payment.objects.count() == before
    assert Lockout.objects.get().reason == "Card checks: more than 2 in 10 minutes"


def test_declined_checks_count_against_the_card_and_whoever_asked(
    limits: Limits,  # noqa: F811
    buyer: User,
    integration: Integration,
    order: Order,
    sandbox: Sandbox,
    run: Run,
) -> None:
    limits("decline/user/600=0:2")
    for _ in range(3):
        payment = card_validate_start(
            customer=order.customer,
            owner=buyer,
            integration_id=integration.pk,
            card=NewCard(token=sandbox.card_token(DECLINED_VISA), last4="1154"),
            attempt_key=uuid.uuid4(),
            by=buyer,
            website=order.website,
            now=NOW(),
        )
        run(payment)

    assert Lockout.objects.get().subject == Subject.USER
    assert set(Instrument.objects.values_list("state", flat=True)) == {InstrumentState.ONCE}
    assert "" not in Instrument.objects.values_list("fingerprint", flat=True)
