"""Who tries too often is told to wait, then locked out; without counters nothing starts."""

import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal

import pytest
import redis
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st
from pytest_django.fixtures import Settings

from commerce.models import User
from oropay import velocity
from oropay.exceptions import CountersUnavailable, LockedOut, SlowDown
from oropay.limits import LIMITS, Act, Limit, limits_read
from oropay.models import (
    Initiator,
    Integration,
    Lockout,
    Payable,
    Payment,
    PaymentTransaction,
    Subject,
    TransactionState,
)
from oropay.services import (
    Client,
    NewBank,
    PartAsked,
    PaymentAsked,
    payment_start,
)
from oropay.services.instrument import NewCard
from oropay.velocity import Stance, ask, is_small, subjects_of
from plumbing.models import Mail
from tests.contract.sandbox import DECLINED_VISA, Sandbox
from tests.factories import StaffFactory
from tests.oropay.house import bank

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
NOW = timezone.now
STOLEN = "4000160000004147"


@pytest.fixture(autouse=True)
def empty_store() -> Iterator[None]:
    velocity._store().flushdb()
    yield
    velocity._store().flushdb()


@pytest.fixture
def limits(settings: Settings) -> Callable[[str], None]:
    def limits(text: str) -> None:
        settings.OROPAY_VELOCITY = limits_read(text)

    settings.OROPAY_VELOCITY_PAUSE = timedelta(0)
    return limits


@pytest.fixture
def attempt(payable: Payable, integration: Integration, buyer: User) -> Callable[..., Payment]:
    """Try to pay 1.00 of the order with a card that the browser describes."""

    def attempt(
        *,
        last4: str = "5262",
        session: str = "one",
        address: str = "192.0.2.7",
        amount: str = "100.00",
        key: uuid.UUID | None = None,
        initiator: Initiator = Initiator.BUYER,
        source: NewBank | NewCard | None = None,
    ) -> Payment:
        Payment.objects.filter(parts__live=True).update(attempt_key=uuid.uuid4())
        PaymentTransaction.objects.filter(state=TransactionState.QUEUED).update(state=TransactionState.CANCELED)
        payable.parts.update(live=False)
        return payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=Decimal(amount))],
                integration_id=integration.pk,
                source=source or NewCard(token="PMT_once", brand="visa", last4=last4, bin="426397"),
                attempt_key=key or uuid.uuid4(),
                client=Client(ip_address=address, session_key=session),
                initiator=initiator,
            ),
            by=buyer,
            website=payable.order.website,  # type: ignore[union-attr]
            now=NOW(),
        )

    return attempt


def tries(act: Act, subject: Subject, value: str, times: int) -> list[tuple[Stance, bool]]:
    found = []
    for _ in range(times):
        stance, exceeded = ask(act=act, organization_id=1, subjects=subjects_of({subject: value}), now=NOW())
        found.append((stance, bool(exceeded)))
    return found


@pytest.mark.django_db
@pytest.mark.parametrize("act", [Act.CHARGE, Act.VERIFICATION, Act.CARD_FORM])
@pytest.mark.parametrize("subject", list(Subject))
def test_every_act_is_counted_for_every_subject(limits: Callable[[str], None], act: Act, subject: Subject) -> None:
    limits(f"{act.value}/{subject.value}/60=1:3")

    found = tries(act, subject, "somebody", 4)

    assert found == [
        (Stance.CLEAR, False),
        (Stance.STEP_UP, False),
        (Stance.STEP_UP, False),
        (Stance.CLEAR, True),
    ]
    assert tries(act, subject, "somebody else", 1) == [(Stance.CLEAR, False)]


def test_a_payment_past_the_first_step_wants_more_proof(
    limits: Callable[[str], None], attempt: Callable[..., Payment]
) -> None:
    limits("charge/session/60=1:9")

    first, second = attempt(), attempt()

    assert (first.step_up, second.step_up) == (False, True)


def test_past_the_second_step_nothing_starts_and_the_owner_is_told(
    limits: Callable[[str], None], attempt: Callable[..., Payment], integration: Integration
) -> None:
    owner = StaffFactory.create(organization=integration.organization)
    Integration.objects.filter(pk=integration.pk).update(owner=owner)
    limits("charge/address/60=0:2")
    attempt()
    attempt()

    with pytest.raises(LockedOut, match=r"Nothing was charged\. There were too many tries"):
        attempt()

    assert Payment.objects.count() == 2
    lockout = Lockout.objects.get()
    assert (lockout.subject, lockout.hint) == (Subject.ADDRESS, "192.0.2.…")
    assert lockout.reason == "Payments: more than 2 in 1 minutes"
    assert "192.0.2.7" not in lockout.value_hash
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (owner.email, "Locked out from paying: IP address")


def test_a_second_click_is_not_a_second_try(limits: Callable[[str], None], attempt: Callable[..., Payment]) -> None:
    limits("charge/session/60=0:1")
    key = uuid.uuid4()
    subjects = subjects_of({Subject.SESSION: "one"})

    for _ in range(3):
        assert ask(act=Act.CHARGE, organization_id=1, subjects=subjects, now=NOW(), key=str(key))[1] == []


def test_different_cards_of_one_session_count_more_than_one_card_again(
    limits: Callable[[str], None], attempt: Callable[..., Payment]
) -> None:
    limits("cards/session/60=1:3")
    for _ in range(5):
        assert not attempt(last4="5262").step_up

    assert [attempt(last4=f"000{number}").step_up for number in (1, 2)] == [True, True]
    with pytest.raises(LockedOut):
        attempt(last4="0003")


def test_cards_whose_first_digits_are_left_out_share_one_tight_limit(
    limits: Callable[[str], None], attempt: Callable[..., Payment]
) -> None:
    limits("no_bin/bin/600=1:2, charge/bin/600=0:100")
    bare = NewCard(token="PMT_once")

    asked = [attempt(source=bare, session=name, address=f"192.0.2.{name}").step_up for name in ("1", "2")]
    with pytest.raises(LockedOut):
        attempt(source=bare, session="3", address="192.0.2.3")

    assert asked == [False, True]
    lockout = Lockout.objects.get()
    assert (lockout.subject, lockout.hint) == (Subject.BIN, "Not told")
    assert lockout.reason == "Cards without first digits: more than 2 in 10 minutes"
    assert not attempt(session="4").step_up


def test_many_small_amounts_are_counted_apart(limits: Callable[[str], None], attempt: Callable[..., Payment]) -> None:
    limits("small/user/60=0:2")
    for _ in range(4):
        attempt(amount="50.00")
    attempt(amount="1.00")
    attempt(amount="1.01")

    with pytest.raises(LockedOut):
        attempt(amount="1.02")


def test_after_a_step_up_the_next_try_must_wait(
    limits: Callable[[str], None], attempt: Callable[..., Payment], settings: Settings
) -> None:
    limits("charge/session/60=1:9")
    settings.OROPAY_VELOCITY_PAUSE = timedelta(seconds=30)
    attempt()
    attempt()

    with pytest.raises(SlowDown, match=r"Nothing was charged\. There were several tries in a short time; please wait"):
        attempt()

    assert Payment.objects.count() == 2
    assert not Lockout.objects.exists()


def test_a_bank_account_that_is_typed_again_elsewhere_counts_as_the_same(
    limits: Callable[[str], None], attempt: Callable[..., Payment]
) -> None:
    limits("charge/instrument/60=0:1")
    attempt(source=bank(), session="one")
    attempt(source=bank("1357902469"), session="one")

    with pytest.raises(LockedOut):
        attempt(source=bank(), session="two")

    assert (Payment.objects.count(), Lockout.objects.get().hint) == (2, "···· 2468")


def test_what_we_start_ourselves_is_not_counted(limits: Callable[[str], None], attempt: Callable[..., Payment]) -> None:
    limits("charge/user/60=0:1")

    assert [attempt(initiator=Initiator.AUTOPAY).step_up for _ in range(3)] == [False, False, False]


def test_declines_count_by_how_much_they_look_like_stolen_cards(
    limits: Callable[[str], None], start: Start, run: Run, sandbox: Sandbox
) -> None:
    limits("decline/user/60=1:4")
    run(start(card=DECLINED_VISA))
    assert not start_again(start, run, sandbox).step_up

    run(start(card=STOLEN))

    assert not Lockout.objects.exists()
    assert start_again(start, run, sandbox).step_up
    run(start(card=STOLEN))
    assert Lockout.objects.get().reason == "Declines (points): more than 4 in 1 minutes"
    with pytest.raises(LockedOut):
        start()


def test_one_decline_is_counted_once_however_often_it_is_recorded(
    limits: Callable[[str], None],
) -> None:
    limits("decline/user/60=0:2")
    subjects = subjects_of({Subject.USER: "7"})

    found = [velocity.declined(organization_id=1, subjects=subjects, key="12", weight=1) for _ in range(5)]

    assert found == [[], [], [], [], []]


def start_again(start: Start, run: Run, sandbox: Sandbox) -> Payment:
    """A try that is declined without points (not enough money), so that the order stays open."""
    rule = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"decline": {"result": "51"}}}
    sandbox.control("/rules", rule)
    payment = start()
    run(payment)
    return payment


def test_without_counters_nothing_starts(
    attempt: Callable[..., Payment], monkeypatch: pytest.MonkeyPatch, order: object
) -> None:
    nowhere = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    with monkeypatch.context() as patched:
        patched.setattr(velocity, "_store", lambda: nowhere)
        with pytest.raises(CountersUnavailable, match=r"Nothing was charged\. Payments cannot be started just now"):
            attempt()

    assert not Payment.objects.exists()


def test_the_table_a_shop_starts_with_covers_every_act_and_subject() -> None:
    table = limits_read(LIMITS)

    assert {limit.act for limit in table} == set(Act)
    assert {limit.subject for limit in table} == {subject.value for subject in Subject}
    for act in (Act.CHARGE, Act.VERIFICATION, Act.DECLINE):
        assert {limit.subject for limit in table if limit.act == act} == {subject.value for subject in Subject}
    forms = {limit.subject: (limit.step_up_after, limit.lock_after) for limit in table if limit.act == Act.CARD_FORM}
    assert forms == {"session": (0, 30), "user": (0, 60), "company": (0, 300), "address": (0, 120)}


@given(
    st.builds(
        Limit,
        act=st.sampled_from(Act),
        subject=st.sampled_from([subject.value for subject in Subject]),
        window=st.integers(1, 10**6),
        step_up_after=st.integers(0, 1000),
        lock_after=st.integers(1001, 10**6),
    )
)
def test_a_limit_survives_being_written(limit: Limit) -> None:
    assert limits_read(str(limit)) == (limit,)


@pytest.mark.parametrize(
    "text", ["charge", "charge/nobody/60=1:2", "eat/session/60=1:2", "charge/session/0=1:2", "charge/session/60=2:2"]
)
def test_a_wrong_limit_is_named(text: str) -> None:
    with pytest.raises(ValueError, match=text):
        limits_read(text)


def test_no_raw_value_reaches_the_counters(
    limits: Callable[[str], None], attempt: Callable[..., Payment], sandbox: Sandbox
) -> None:
    limits("charge/session/60=1:9, charge/address/60=1:9, charge/instrument/60=1:9, cards/user/60=1:9")

    payment = attempt(session="very-secret-session")

    written = "".join(str(key) for key in velocity._store().scan_iter())
    assert written
    assert not any(raw in written for raw in ("very-secret-session", "192.0.2.7", "5262", "426397"))
    assert set(payment.subjects) == {"user", "company", "session", "address", "instrument", "bin"}


@pytest.mark.parametrize(
    ("amount", "currency", "small"),
    [
        ("4.99", "USD", True),
        ("5.00", "USD", False),
        ("499", "JPY", True),
        ("500", "JPY", False),
        ("0.499", "KWD", True),
        ("0.500", "KWD", False),
    ],
)
def test_small_means_the_same_in_every_currency(amount: str, currency: str, small: bool) -> None:
    assert is_small(amount=Decimal(amount), currency=currency) is small
