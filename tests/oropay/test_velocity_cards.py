"""Declines follow the card itself, saved or not, and checks of cards are tries too."""

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from commerce.models import Order, User
from oropay import velocity
from oropay.engine.gateways import gateway_of
from oropay.engine.shown import taken_in
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
from oropay.services import Client, NewCard, SavedInstrument, card_validate_start, instrument_validate_start
from oropay.velocity import subjects_of
from tests.contract.sandbox import DECLINED_VISA, VISA, Sandbox
from tests.oropay.test_velocity import NOW, STOLEN, empty_store, limits  # noqa: F401  (fixtures)

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Limits = Callable[[str], None]
MASTERCARD = "5425230000004415"


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
    assert Lockout.objects.get().reason == "Checks of cards and accounts: more than 2 in 10 minutes"


@pytest.fixture
def unsent(order: Order, buyer: User, integration: Integration) -> Callable[[str], Payment]:
    """Start a check of a card that the browser always describes in the same words; no worker sends it."""

    def unsent(token: str) -> Payment:
        return card_validate_start(
            customer=order.customer,
            owner=buyer,
            integration_id=integration.pk,
            card=NewCard(token=token, brand="visa", last4="5262", bin="426397"),
            attempt_key=uuid.uuid4(),
            client=Client(ip_address="192.0.2.7", session_key="very-secret-session"),
            by=buyer,
            website=order.website,
            now=NOW(),
        )

    return unsent


@pytest.mark.parametrize("subject", list(Subject))
def test_checks_of_new_cards_are_counted_for_every_subject(
    limits: Limits,  # noqa: F811
    unsent: Callable[[str], Payment],
    subject: Subject,
) -> None:
    limits(f"verification/{subject.value}/600=0:1")
    payment = unsent("PMT_once")

    with pytest.raises(LockedOut):
        unsent("PMT_once")

    assert list(Payment.objects.all()) == [payment]
    assert [row.subject for row in Lockout.objects.all()] == [subject]


def test_no_raw_value_of_a_check_reaches_the_counters(
    limits: Limits,  # noqa: F811
    unsent: Callable[[str], Payment],
) -> None:
    limits(", ".join(f"verification/{subject.value}/600=0:9" for subject in Subject))

    payment = unsent("PMT_once")

    written = "".join(str(key) for key in velocity._store().scan_iter())
    assert written
    assert not any(raw in written for raw in ("very-secret-session", "192.0.2.7", "5262", "426397"))
    assert set(payment.subjects) == {"user", "company", "session", "address", "instrument", "bin"}


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


@pytest.fixture
def without_points(sandbox: Sandbox) -> Callable[[], None]:
    """The next charge is declined for want of money, which is no sign of a stolen card."""

    def without_points() -> None:
        rule = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"decline": {"result": "51"}}}
        sandbox.control("/rules", rule)

    return without_points


@pytest.fixture
def tried(start: Start, run: Run, sandbox: Sandbox, without_points: Callable[[], None]) -> Callable[..., Payment]:
    """Try a card that the browser always describes in the same words."""

    def tried(number: str, **more: Any) -> Payment:
        said: dict[str, Any] = {"brand": "visa", "last4": "5262", "bin": "426397", **more}
        payment = start(source=NewCard(token=sandbox.card_token(number), expiry_month=12, expiry_year=2030, **said))
        without_points()
        run(payment)
        return payment

    return tried


@pytest.fixture
def check(unsent: Callable[[str], Payment], sandbox: Sandbox, run: Run) -> Callable[[str], Payment]:
    """Have a card checked that the browser always describes in the same words."""

    def check(number: str) -> Payment:
        payment = unsent(sandbox.card_token(number))
        run(payment)
        return payment

    return check


def test_cards_that_a_browser_gives_one_name_are_told_apart_by_the_gateway(
    limits: Limits,  # noqa: F811
    tried: Callable[..., Payment],
) -> None:
    limits("cards/user/600=1:2")
    asked = [tried(number).step_up for number in (VISA, VISA, MASTERCARD, MASTERCARD)]
    assert not Lockout.objects.exists()

    asked.append(tried(DECLINED_VISA).step_up)

    assert asked == [False, False, False, True, True]
    locked = Lockout.objects.get()
    assert (locked.subject, locked.reason) == (Subject.USER, "Different cards: more than 2 in 10 minutes")
    with pytest.raises(LockedOut):
        tried(VISA)


def test_one_card_under_many_names_is_one_card(limits: Limits, tried: Callable[..., Payment]) -> None:  # noqa: F811
    limits("cards/user/600=0:2")

    for number in range(4):
        tried(VISA, last4=f"000{number}")

    assert not Lockout.objects.exists()


def test_cards_that_are_only_checked_are_different_cards_too(
    limits: Limits,  # noqa: F811
    check: Callable[[str], Payment],
) -> None:
    limits("cards/user/600=0:2")
    for number in (VISA, MASTERCARD, VISA):
        check(number)
    assert not Lockout.objects.exists()

    check(DECLINED_VISA)

    assert Lockout.objects.get().reason == "Different cards: more than 2 in 10 minutes"
    with pytest.raises(LockedOut):
        check(VISA)


def test_saved_cards_that_are_checked_again_are_not_tried_out(
    limits: Limits,  # noqa: F811
    saved: Instrument,
    buyer: User,
    run: Run,
) -> None:
    limits("cards/user/600=0:1")
    other = Instrument.objects.create(
        kind=saved.kind,
        state=saved.state,
        customer=saved.customer,
        owner=saved.owner,
        provider_account=saved.provider_account,
        token=saved.token,
        fingerprint="another",
    )

    run(instrument_validate_start(instrument=saved, by=buyer, now=NOW()))
    instrument_validate_start(instrument=other, by=buyer, now=NOW())

    assert not Lockout.objects.exists()


def test_first_digits_that_only_the_gateway_tells_are_counted(
    limits: Limits,  # noqa: F811
    tried: Callable[..., Payment],
) -> None:
    limits("charge/bin/600=0:1")
    tried(VISA, bin="")
    assert not Lockout.objects.exists()

    tried(VISA, bin="411111")

    locked = Lockout.objects.get()
    assert (locked.subject, locked.hint) == (Subject.BIN, VISA[:6])
    assert locked.value_hash == subjects_of({Subject.BIN: VISA[:6]})[Subject.BIN]


def test_first_digits_that_are_told_later_are_counted_once(
    limits: Limits,  # noqa: F811
    tried: Callable[..., Payment],
) -> None:
    first, second = [tried(VISA, bin=said) for said in ("", "411111")]
    velocity._store().flushdb()  # as if the answers had not told them yet
    limits("charge/bin/600=0:1")
    for payment in (first, first):
        look(payment)
    assert not Lockout.objects.exists()

    look(second)

    assert Lockout.objects.get().hint == VISA[:6]


def look(payment: Payment) -> None:
    """What a notification leads to: the payment is read at the gateway."""
    account = payment.provider_account
    assert account is not None
    shown = gateway_of(account=account).look_up(gateway_id=payment.transactions.get().gateway_id)
    taken_in(account=account, answer=shown, now=NOW())
