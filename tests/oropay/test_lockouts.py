"""Who is locked out: for how long, told to whom, lifted by whom, and without a card form meanwhile."""

from collections.abc import Callable
from datetime import timedelta

import pytest
import redis

from commerce.models import Organization, User
from oropay import velocity
from oropay.exceptions import CountersUnavailable, LiftRefused, LockedOut, NoteRequired
from oropay.limits import limits_read
from oropay.models import Integration, Lockout, Payable, Payment, Subject
from oropay.services import card_form_guard, lockout_lift
from oropay.services.guard import lockouts_add
from oropay.velocity import Exceeded, subjects_of
from plumbing.models import Mail
from tests.factories import StaffFactory, UserFactory
from tests.oropay.test_velocity import NOW, attempt, empty_store, limits  # noqa: F401  (fixtures)

Limits = Callable[[str], None]
Attempt = Callable[..., Payment]


def lock_out(limits: Limits, attempt: Attempt) -> None:  # noqa: F811
    """The second try of a session is one too many."""
    limits("charge/session/60=0:1")
    attempt()
    with pytest.raises(LockedOut):
        attempt()


def test_who_is_locked_out_stays_out_wherever_the_counters_went(
    limits: Limits,  # noqa: F811
    attempt: Attempt,  # noqa: F811
) -> None:
    lock_out(limits, attempt)

    velocity._store().flushdb()

    with pytest.raises(LockedOut):
        attempt()
    assert attempt(session="another")
    assert Lockout.objects.count() == 1


def test_a_lock_out_ends_by_itself(
    limits: Limits,  # noqa: F811
    attempt: Attempt,  # noqa: F811
) -> None:
    lock_out(limits, attempt)
    Lockout.objects.update(until=NOW() - timedelta(seconds=1))
    velocity._store().flushdb()

    assert attempt()


def test_who_comes_back_after_a_lock_out_that_ended_is_a_new_case(
    limits: Limits,  # noqa: F811
    attempt: Attempt,  # noqa: F811
    integration: Integration,
) -> None:
    Integration.objects.filter(pk=integration.pk).update(
        owner=StaffFactory.create(organization=integration.organization)
    )
    limits("charge/address/60=0:1")
    attempt()
    with pytest.raises(LockedOut):
        attempt()
    ended = NOW() - timedelta(minutes=30)
    Lockout.objects.update(raised_at=ended - timedelta(hours=1), until=ended)
    velocity._store().flushdb()
    limits("charge/address/600=0:2")
    for _ in range(2):
        attempt()

    with pytest.raises(LockedOut):
        attempt()

    old, new = Lockout.objects.order_by("pk")
    assert (old.until, old.lifted_at, old.lifted_by, old.note) == (ended, ended, None, "It ended by itself.")
    assert (old.reason, new.reason) == (
        "Payments: more than 1 in 1 minutes",
        "Payments: more than 2 in 10 minutes",
    )
    assert (new.lifted_at, new.raised_at > ended, new.until > NOW()) == (None, True, True)
    assert Mail.objects.filter(subject="Locked out from paying: IP address").count() == 2


def test_one_lock_out_in_force_stays_one_and_is_told_once(payable: Payable) -> None:
    Organization.objects.filter(pk=payable.organization_id).update(email="seller@example.test")
    payable.organization.refresh_from_db()
    values = {Subject.ADDRESS: "192.0.2.7"}
    limit = limits_read("charge/address/60=0:1")[0]
    exceeded = [Exceeded(subject, value, limit) for subject, value in subjects_of(values).items()]

    for _ in range(3):
        lockouts_add(organization=payable.organization, exceeded=exceeded, values=values, payment=None, now=NOW())

    assert (Lockout.objects.count(), Mail.objects.count()) == (1, 1)


def test_without_counters_no_card_form_opens(payable: Payable, buyer: User, monkeypatch: pytest.MonkeyPatch) -> None:
    nowhere = redis.Redis.from_url("redis://127.0.0.1:1/0", socket_connect_timeout=0.2)
    with monkeypatch.context() as patched:
        patched.setattr(velocity, "_store", lambda: nowhere)
        with pytest.raises(CountersUnavailable):
            open_card_form(payable, buyer)


def test_who_is_locked_out_gets_no_card_form(
    limits: Limits,  # noqa: F811
    attempt: Attempt,  # noqa: F811
    payable: Payable,
    buyer: User,
) -> None:
    lock_out(limits, attempt)

    with pytest.raises(LockedOut):
        open_card_form(payable, buyer)


def open_card_form(payable: Payable, by: User) -> None:
    card_form_guard(
        organization=payable.organization,
        by=by,
        company=str(payable.customer_id),
        session_key="one",
        ip_address="192.0.2.9",
        now=NOW(),
    )


def test_card_forms_are_counted_for_the_company_whoever_of_it_opens_them(
    limits: Limits,  # noqa: F811
    payable: Payable,
    buyer: User,
) -> None:
    limits("card_form/company/600=0:2")
    colleagues = UserFactory.create_batch(2)
    open_card_form(payable, buyer)
    open_card_form(payable, colleagues[0])

    with pytest.raises(LockedOut):
        open_card_form(payable, colleagues[1])

    lockout = Lockout.objects.get()
    assert (lockout.subject, lockout.hint) == (Subject.COMPANY, str(payable.customer))


def test_staff_lift_a_lock_out_with_a_note_and_counting_starts_anew(
    limits: Limits,  # noqa: F811
    attempt: Attempt,  # noqa: F811
    order: object,
    integration: Integration,
) -> None:
    limits("charge/user/60=0:1")
    clerk: User = StaffFactory.create(organization=integration.organization)
    attempt()
    with pytest.raises(LockedOut):
        attempt()
    lockout = Lockout.objects.get()

    with pytest.raises(NoteRequired):
        lockout_lift(lockout=lockout, note=" ", by=clerk, now=NOW())
    lockout_lift(lockout=lockout, note="spoke to them", by=clerk, now=NOW())

    assert attempt()
    with pytest.raises(LiftRefused):
        lockout_lift(lockout=lockout, note="again", by=clerk, now=NOW())
    assert (lockout.lifted_by, lockout.note) == (clerk, "spoke to them")
