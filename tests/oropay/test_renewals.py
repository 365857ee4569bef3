"""Holds near their end: renewed in place of the old one, kept when that fails, and written down when they are gone."""

import logging
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone
from moneyed import Money

from backoffice.groups import groups_ensure
from commerce.models import Order, User
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay import engine
from oropay.engine.gateways import gateway_of
from oropay.engine.holds import holds_expire, holds_renew
from oropay.exceptions import CancelRefused, RenewalRefused
from oropay.gateway.port import Capture, CardToken
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    CardCheck,
    DriftFinding,
    DriftKind,
    FailureReason,
    Integration,
    MoneyState,
    Payable,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    Ruling,
    TransactionState,
)
from oropay.services import cancel_start, capture_start, reauthorize_start
from plumbing.models import Mail
from plumbing.selectors import notes_on
from tests.contract.samples import sale
from tests.contract.sandbox import Sandbox
from tests.factories import StaffFactory
from tests.oropay.books import aged as made_earlier
from tests.oropay.house import charges_at_gateway, overdue, prove_absent, refuse_each_try, reload, renewed_in_place
from tests.oropay.test_lost_follow_ups import follow_up

S = TransactionState
Run = Callable[..., PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def owner(integration: Integration, order: Order) -> User:
    """Whom questions about the integration go to."""
    person: User = StaffFactory.create(organization=order.organization, email="owner@seller.example")
    Integration.objects.filter(pk=integration.pk).update(owner=person)
    return person


@pytest.fixture
def lapsed(held: PaymentTransaction, sandbox: Sandbox) -> PaymentTransaction:
    """A hold of 100.00, more than seven days old, that the gateway let go."""
    sandbox.gateway().cancel(follow_up(held.gateway_id))
    return aged(held, timedelta(days=7, hours=2))


def aged(hold: PaymentTransaction, age: timedelta) -> PaymentTransaction:
    """As if it had been made so long ago. A final row never changes, so the clock of the test is moved instead."""
    hold.__dict__["later"] = hold.created_at + age
    return hold


def renew(hold: PaymentTransaction) -> PaymentTransaction:
    return reauthorize_start(hold=hold, by=None, now=hold.__dict__["later"])


def test_a_lapsed_hold_is_held_anew_and_counts_once(
    lapsed: PaymentTransaction, run: Run, payable: Payable, sandbox: Sandbox, order: Order, books: Books
) -> None:
    row = renew(lapsed)
    PaymentTransaction.objects.filter(pk=row.pk).update(created_at=timezone.now())
    row = run(row)

    payable = reload(payable)
    assert (row.action, row.state) == (Action.REAUTHORIZE, S.APPROVED)
    assert (payable.held, payable.payable_now) == (Decimal(100), Decimal(0))
    assert charges_at_gateway(sandbox, row) == ["PREAUTHORIZED"]
    assert not row.parent.children.filter(action=Action.CANCEL).exists()  # type: ignore[union-attr]
    capture = run(capture_start(hold=row, amount=Decimal(100), by=order.placed_by, now=timezone.now()))
    assert capture.state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100


@pytest.mark.usefixtures("empty_gateway")
def test_a_renewal_that_the_gateway_no_longer_knows_is_missing(
    lapsed: PaymentTransaction, run: Run, sandbox: Sandbox, compare: Callable[[], list[tuple[str, bool]]]
) -> None:
    row = renew(lapsed)
    PaymentTransaction.objects.filter(pk=row.pk).update(created_at=timezone.now())
    row = run(row)
    assert compare() == []
    made_earlier(row, timedelta(hours=1))
    sandbox.control("/reset", {})

    assert compare() == [(DriftKind.MISSING, False)]
    assert DriftFinding.objects.get().transaction_id == row.pk


def test_a_live_hold_is_renewed_only_where_the_gateway_does_so(held: PaymentTransaction, order: Order) -> None:
    with pytest.raises(RenewalRefused, match="only once it has lapsed"):
        reauthorize_start(hold=held, by=order.placed_by, now=timezone.now())

    assert not held.children.exists()


def test_a_live_hold_that_was_renewed_is_released_and_counts_once(
    held: PaymentTransaction,
    run: Run,
    account: ProviderAccount,
    payable: Payable,
    order: Order,
    sandbox: Sandbox,
) -> None:
    renewed_in_place(held, by=order.placed_by)
    held_while_both = reload(payable).held
    release = run(held.children.get(action=Action.CANCEL))

    held.payment.refresh_from_db()
    assert (held_while_both, reload(payable).held) == (Decimal(100), Decimal(100))
    assert (release.state, charges_at_gateway(sandbox, held)) == (S.APPROVED, ["REVERSED"])
    assert held.payment.money_state == MoneyState.AUTHORIZED
    assert not Alert.objects.exists()


def test_a_hold_that_was_renewed_and_not_let_go_is_released_by_hand(
    held: PaymentTransaction, run: Run, account: ProviderAccount, payable: Payable, order: Order, sandbox: Sandbox
) -> None:
    renewed_in_place(held, by=order.placed_by)
    refuse_each_try(held, sandbox)
    assert Alert.objects.filter(kind=AlertKind.NOT_DONE).count() == 1

    release = run(
        cancel_start(
            transaction=held, reason=RefundReason.OTHER, note="it is held twice", by=order.placed_by, now=timezone.now()
        )
    )

    assert (release.state, charges_at_gateway(sandbox, held)) == (S.APPROVED, ["REVERSED"])
    assert reload(payable).held == 100
    held.payment.refresh_from_db()
    assert held.payment.money_state == MoneyState.AUTHORIZED
    with pytest.raises(CancelRefused, match="It was renewed"):
        cancel_start(
            transaction=held, reason=RefundReason.OTHER, note="once more", by=order.placed_by, now=timezone.now()
        )


def test_a_renewed_hold_that_was_captured_at_the_gateway_is_told(
    held: PaymentTransaction, run: Run, account: ProviderAccount, order: Order, sandbox: Sandbox
) -> None:
    renewed_in_place(held, by=order.placed_by)
    sandbox.gateway().capture(follow_up(held.gateway_id, amount=Money(100, "USD")))
    sandbox.control("/batches/close", {})

    release = run(held.children.get(action=Action.CANCEL))

    assert (release.state, release.failure_reason) == (S.FAILED, FailureReason.BATCH_CLOSED)
    assert not held.children.filter(state=S.QUEUED).exists()
    assert Alert.objects.get(transaction=release).kind == AlertKind.NOT_DONE


def test_a_renewal_the_gateway_refuses_leaves_the_hold_and_tells_its_owner(
    held: PaymentTransaction, run: Run, account: ProviderAccount, owner: User, payable: Payable, order: Order
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)

    row = run(reauthorize_start(hold=held, by=order.placed_by, now=timezone.now()))

    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.REFUSED)
    assert reload(payable).held == 100
    mail = Mail.objects.get(to=owner.email)
    assert "was not renewed" in mail.subject
    assert "stands until it expires" in mail.text
    capture = run(capture_start(hold=held, amount=Decimal(100), by=order.placed_by, now=timezone.now()))
    assert capture.state == S.APPROVED


def test_a_renewal_that_failed_is_told_to_finance_once_each_and_to_no_other_seller(
    held: PaymentTransaction, run: Run, account: ProviderAccount, owner: User, order: Order
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    clerk = StaffFactory.create(organization=order.organization, email="finance@north.test")
    stranger = StaffFactory.create(email="finance@other.test")
    for person in (clerk, stranger):
        person.groups.add(groups_ensure()["Finance clerk"])

    run(reauthorize_start(hold=held, by=order.placed_by, now=timezone.now()))

    mails = Mail.objects.order_by("to")
    assert sorted(mail.to for mail in mails) == sorted(["finance@north.test", owner.email])
    assert {mail.subject for mail in mails} == {f"The hold of $100.00 for {order.number} was not renewed"}
    assert all(mail.text.startswith("Nothing was taken. The old hold of $100.00") for mail in mails)


def test_a_declined_renewal_of_a_lapsed_hold_writes_down_that_it_is_gone(
    lapsed: PaymentTransaction, run: Run, payable: Payable, owner: User, sandbox: Sandbox
) -> None:
    row = renew(lapsed)
    PaymentTransaction.objects.filter(pk=row.pk).update(created_at=timezone.now())
    sandbox.control("/rules", {"match": {"endpoint": "/transactions/{id}/reauthorization"}, "action": {"decline": {}}})

    row = run(row)

    lapsed.payment.refresh_from_db()
    assert row.state == S.DECLINED
    assert lapsed.payment.money_state == MoneyState.EXPIRED
    assert (reload(payable).held, reload(payable).payable_now) == (Decimal(0), Decimal(100))
    assert "is gone" in Mail.objects.get(to=owner.email).subject


@pytest.mark.parametrize("gone", [False, True])
def test_a_renewal_that_comes_late_is_given_back_and_the_old_hold_counts_as_before(
    held: PaymentTransaction,
    run: Run,
    account: ProviderAccount,
    payable: Payable,
    order: Order,
    sandbox: Sandbox,
    books: Books,
    gone: bool,
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    row = reauthorize_start(hold=held, by=order.placed_by, now=timezone.now())
    if gone:
        sandbox.gateway().cancel(follow_up(held.gateway_id))
    match = {"endpoint": "/transactions/{id}/reauthorization", "method": "POST"}
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": "before"}}})
    run(row)
    prove_absent(row)
    after_absence = reload(payable).held
    token = CardToken(token=sandbox.card_token())
    gateway_of(account=account).authorize(
        sale(amount="100.00", source=token, reference=row.reference, capture=Capture.LATER)
    )

    engine.watch(transaction_id=row.pk, now=timezone.now())
    late = PaymentTransaction.objects.get(late=True)
    reversal = run(late.children.get())

    assert (reversal.action, reversal.state) == (Action.CANCEL, S.APPROVED)
    assert charges_at_gateway(sandbox, row) == ["REVERSED"]
    assert charges_at_gateway(sandbox, held) == ["REVERSED" if gone else "PREAUTHORIZED"]
    left = Decimal(0 if gone else 100)
    now = reload(payable)
    assert (after_absence, now.held, now.payable_now) == (left, left, 100 - left)
    held.payment.refresh_from_db()
    assert held.payment.money_state == (MoneyState.EXPIRED if gone else MoneyState.AUTHORIZED)
    if not gone:
        assert run(capture_start(hold=held, amount=left, by=order.placed_by, now=timezone.now())).state == S.APPROVED
        assert (reload(payable).paid, reload(payable).payable_now) == (Decimal(100), Decimal(0))
        assert books(AccountName.GATEWAY_CLEARING) == 100
    assert ledger_check() == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_renewal_whose_answer_was_lost_ends_by_evidence(
    lapsed: PaymentTransaction, run: Run, payable: Payable, sandbox: Sandbox, when: str
) -> None:
    row = renew(lapsed)
    PaymentTransaction.objects.filter(pk=row.pk).update(created_at=timezone.now())
    match = {"endpoint": "/transactions/{id}/reauthorization", "method": "POST"}
    sandbox.control("/rules", {"match": match, "action": {"drop": {"when": when}}})
    assert run(row).state == S.UNKNOWN
    row.refresh_from_db()

    if when == "after":
        overdue(row)
        engine.look(transaction_id=row.pk, now=timezone.now())
        row.refresh_from_db()
        assert (row.state, reload(payable).held) == (S.APPROVED, Decimal(100))
    else:
        prove_absent(row)
        assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.NEVER_ARRIVED)
        assert reload(payable).held == 0
    assert len(charges_at_gateway(sandbox, row)) == (1 if when == "after" else 0)


def test_the_hourly_job_renews_a_hold_once_when_its_time_has_come(lapsed: PaymentTransaction) -> None:
    week = settings.OROPAY_HOLD_LASTS
    counts = [
        holds_renew(now=lapsed.created_at + week - timedelta(minutes=1)),
        holds_renew(now=lapsed.created_at + week + timedelta(minutes=1)),
        holds_renew(now=lapsed.created_at + week + timedelta(hours=1)),
    ]

    assert counts == [0, 1, 0]
    assert PaymentTransaction.objects.filter(action=Action.REAUTHORIZE).count() == 1


def test_the_hourly_job_renews_live_holds_in_their_last_hours_where_the_account_does_so(
    held: PaymentTransaction, account: ProviderAccount
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    edge = held.created_at + settings.OROPAY_HOLD_LASTS - settings.OROPAY_RENEW_BEFORE

    counts = [holds_renew(now=edge - timedelta(minutes=1)), holds_renew(now=edge + timedelta(minutes=1))]

    assert counts == [0, 1]


def test_a_hold_that_may_not_be_renewed_is_told_to_finance_once_for_each_reason(
    held: PaymentTransaction, account: ProviderAccount, owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    monkeypatch.setattr(settings, "OROPAY_RENEWALS", 0)
    edge = held.created_at + settings.OROPAY_HOLD_LASTS - settings.OROPAY_RENEW_BEFORE
    hours = [edge + timedelta(hours=hour, minutes=1) for hour in range(3)]

    counts = [holds_renew(now=now) for now in hours[:2]]
    used_up = list(Mail.objects.filter(to=owner.email))
    CardCheck.objects.create(transaction=held, ruling=Ruling.REVIEW, raised_at=hours[1])
    counts += [holds_renew(now=now) for now in hours[1:]]
    unchecked = list(Mail.objects.filter(to=owner.email).exclude(pk=used_up[0].pk))

    assert counts == [0] * 4
    assert [mail.subject for mail in used_up + unchecked] == [
        f"The hold of $100.00 for {held.payment.parts.get().payable.number} was not renewed"
    ] * 2
    assert "It was renewed as often as is allowed." in used_up[0].text
    assert "Its address or security code did not match: accept or release it first." in unchecked[0].text
    assert [note.text.partition(": ")[0] for note in notes_on(held.payment)] == [held.gateway_id] * 2


def test_a_hold_that_is_busy_at_this_hour_is_told_to_nobody(
    held: PaymentTransaction, account: ProviderAccount, owner: User, order: Order, caplog: pytest.LogCaptureFixture
) -> None:
    ProviderAccount.objects.filter(pk=account.pk).update(renews_live_holds=True)
    capture_start(hold=held, amount=Decimal(40), by=order.placed_by, now=timezone.now())
    edge = held.created_at + settings.OROPAY_HOLD_LASTS - settings.OROPAY_RENEW_BEFORE

    with caplog.at_level(logging.INFO):
        count = holds_renew(now=edge + timedelta(minutes=1))

    assert count == 0
    assert "is not renewed, the next hour tries again" in caplog.text
    assert not Mail.objects.exists()


def test_an_integration_that_does_not_renew_lets_its_holds_expire(
    lapsed: PaymentTransaction, integration: Integration, payable: Payable, owner: User
) -> None:
    Integration.objects.filter(pk=integration.pk).update(renew_holds=False)
    now = lapsed.__dict__["later"]

    renewed, gone, again = holds_renew(now=now), holds_expire(now=now), holds_expire(now=now)

    lapsed.payment.refresh_from_db()
    assert (renewed, gone, again) == (0, 1, 0)
    assert lapsed.payment.money_state == MoneyState.EXPIRED
    assert PaymentTransaction.objects.get(action=Action.RELEASE).amount == 100
    assert reload(payable).payable_now == 100
    assert Mail.objects.filter(to=owner.email).count() == 1


def test_a_hold_the_gateway_still_has_is_not_written_off_by_the_clock(
    held: PaymentTransaction, integration: Integration, payable: Payable
) -> None:
    Integration.objects.filter(pk=integration.pk).update(renew_holds=False)

    gone = holds_expire(now=held.created_at + timedelta(days=8))

    assert gone == 0
    assert reload(payable).held == 100
