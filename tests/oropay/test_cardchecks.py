"""Billing address and security code: what the bank says of them, and what an integration does about it."""

import itertools
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from commerce.models import Order, OrderState, User
from ledger.models import AccountName
from oropay import engine, velocity
from oropay.cardchecks import Finding, Results, findings, ruling
from oropay.exceptions import CaptureRefused, LockedOut, NoteRequired, ReviewRefused
from oropay.limits import limits_read
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    CardCheck,
    CheckPolicy,
    Integration,
    Lockout,
    MoneyState,
    Payable,
    Payment,
    PaymentAction,
    PaymentTransaction,
    RefundReason,
    Ruling,
    TransactionState,
)
from oropay.selectors import paying_view
from oropay.services import cancel_start, capture_start, check_accept
from plumbing.models import Mail
from tests.contract.sandbox import ADDRESS_WRONG, Sandbox
from tests.factories import StaffFactory
from tests.oropay.house import charges_at_gateway, refuse_each_try, refuse_reversals, reload
from tests.oropay.wallet import void

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]

NOTHING_MATCHES = "5167308304373025"
POSTAL_CODE_WRONG = "5167305286858551"
UNCHECKED = "5167308114614170"
CODE_WRONG = "5167300747736579"
EVERYTHING_MATCHES = "5167308372298823"
"""Test cards of the gateway: cvv, postal code, address are NNN, MNM, MUU, NNM, MMM; of ADDRESS_WRONG MNN."""

M, N, U = "MATCHED", "NOT_MATCHED", "NOT_CHECKED"


@pytest.fixture
def clerk(order: Order) -> User:
    person: User = StaffFactory.create(organization=order.organization)
    return person


@pytest.fixture
def policy(integration: Integration) -> Callable[..., None]:
    def policy(**fields: str) -> None:
        Integration.objects.filter(pk=integration.pk).update(**fields)

    return policy


@pytest.mark.parametrize(
    ("address", "postal_code", "cvv", "found"),
    [
        (M, M, M, []),
        (N, N, M, [Finding.AVS_NOT_MATCHED]),
        (U, N, M, [Finding.AVS_NOT_MATCHED]),
        (M, N, M, [Finding.AVS_PARTIAL]),
        (U, M, M, [Finding.AVS_PARTIAL]),
        (U, U, M, [Finding.AVS_NOT_CHECKED]),
        (M, M, N, [Finding.CVV_NOT_MATCHED]),
        (M, M, U, [Finding.CVV_NOT_CHECKED]),
        (N, N, N, [Finding.AVS_NOT_MATCHED, Finding.CVV_NOT_MATCHED]),
        ("", "", "", [Finding.AVS_NOT_CHECKED, Finding.CVV_NOT_CHECKED]),
    ],
)
def test_what_each_result_means(address: str, postal_code: str, cvv: str, found: list[Finding]) -> None:
    results = Results(address=address, postal_code=postal_code, cvv=cvv)

    assert findings(results, new_card=True) == found
    saved = [one for one in found if not one.value.startswith("cvv")]
    assert findings(results, new_card=False) == saved


def test_the_strictest_word_of_the_policy_rules() -> None:
    results = Results(address=N, postal_code=N, cvv=N)
    for avs, cvv in itertools.product(CheckPolicy, repeat=2):
        policy = dict.fromkeys(Finding, CheckPolicy.ACCEPT)
        policy[Finding.AVS_NOT_MATCHED], policy[Finding.CVV_NOT_MATCHED] = avs, cvv

        ruled, _found = ruling(results=results, new_card=True, policy=policy)

        if CheckPolicy.REFUSE in {avs, cvv}:
            assert ruled == Ruling.REFUSED
        elif CheckPolicy.REVIEW in {avs, cvv}:
            assert ruled == Ruling.REVIEW
        else:
            assert ruled is None


def test_nobody_is_refused_by_results_that_never_reached_us() -> None:
    policy = dict.fromkeys(Finding, CheckPolicy.REFUSE)

    assert ruling(results=Results(), new_card=True, policy=policy)[0] == Ruling.REVIEW


def test_accepting_everything_changes_nothing(start: Start, run: Run) -> None:
    row = run(start(card=NOTHING_MATCHES))

    assert (row.state, row.cvv, row.avs_address) == (TransactionState.APPROVED, N, N)
    assert not CardCheck.objects.exists()
    assert not Alert.objects.exists()


def test_a_refused_charge_is_taken_back_before_anything_is_booked_or_told(
    start: Start,
    run: Run,
    policy: Callable[..., None],
    books: Books,
    payable: Payable,
    order: Order,
    sandbox: Sandbox,
) -> None:
    policy(cvv_not_matched=CheckPolicy.REFUSE)

    held = run(start(card=CODE_WRONG))

    cancel = PaymentTransaction.objects.get(parent=held)
    assert (held.state, cancel.action, cancel.state) == (TransactionState.REVIEW, Action.CANCEL, "queued")
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert Order.objects.get(pk=order.pk).state == OrderState.AWAITING_PAYMENT
    run(cancel)
    held.refresh_from_db()
    assert held.state == TransactionState.CANCELED
    assert charges_at_gateway(sandbox, held) == ["REVERSED"]
    assert (books(AccountName.GATEWAY_CLEARING), Mail.objects.count()) == (Decimal(0), 0)
    assert reload(payable).payable_now == 100
    view = paying_view(payment=Payment.objects.get(pk=held.payment_id), now=timezone.now())
    assert view.state == MoneyState.CANCELED
    assert view.sentence.startswith("Nothing was charged.")
    assert view.decline == (
        "The billing address or the security code is not the one your bank has. Please check both, or use another card."
    )


def test_guessed_security_codes_count_as_declines_once_for_each_charge(
    start: Start, run: Run, policy: Callable[..., None], settings: Settings
) -> None:
    velocity._store().flushdb()
    settings.OROPAY_VELOCITY = limits_read("decline/user/600=0:2")
    policy(cvv_not_matched=CheckPolicy.REFUSE)
    for _guess in range(2):
        held = run(start(card=CODE_WRONG))
        engine.reread(transaction_id=held.pk, now=timezone.now())
        run(PaymentTransaction.objects.get(parent=held))
    assert not Lockout.objects.exists()

    last = run(start(card=CODE_WRONG))

    run(PaymentTransaction.objects.get(parent=last))
    assert Lockout.objects.get().reason == "Declines (points): more than 2 in 10 minutes"
    with pytest.raises(LockedOut):
        start(card=EVERYTHING_MATCHES)


def test_what_staff_are_to_look_at_is_no_decline(
    start: Start, run: Run, policy: Callable[..., None], settings: Settings
) -> None:
    velocity._store().flushdb()
    settings.OROPAY_VELOCITY = limits_read("decline/user/600=0:1, decline/instrument/600=0:1")
    policy(cvv_not_matched=CheckPolicy.REVIEW)

    for _guess in range(2):
        void(run(start(card=CODE_WRONG)))

    assert not Lockout.objects.exists()


def test_a_refused_charge_can_be_paid_with_another_card(
    start: Start, run: Run, policy: Callable[..., None], payable: Payable
) -> None:
    policy(avs_not_matched=CheckPolicy.REFUSE)
    held = run(start(card=ADDRESS_WRONG))
    run(PaymentTransaction.objects.get(parent=held))

    row = run(start(card=EVERYTHING_MATCHES))

    assert row.state == TransactionState.APPROVED
    assert reload(payable).paid == 100


def test_a_look_does_not_approve_what_is_being_taken_back(
    start: Start, run: Run, policy: Callable[..., None], books: Books
) -> None:
    policy(avs_partial=CheckPolicy.REFUSE)
    held = run(start(card=POSTAL_CODE_WRONG))

    engine.reread(transaction_id=held.pk, now=timezone.now())

    held.refresh_from_db()
    assert held.state == TransactionState.REVIEW
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_refused_charge_whose_reversal_failed_is_reversed_again_and_its_buyer_hears_of_it(
    start: Start, run: Run, policy: Callable[..., None], sandbox: Sandbox, books: Books, buyer: User
) -> None:
    policy(cvv_not_matched=CheckPolicy.REFUSE)
    held = run(start(card=CODE_WRONG))
    refuse_reversals(sandbox, 1)

    run(held.children.get())
    again = run(held.children.get(state=TransactionState.QUEUED))

    held.refresh_from_db()
    assert (again.state, held.state) == (TransactionState.APPROVED, TransactionState.CANCELED)
    assert charges_at_gateway(sandbox, held) == ["REVERSED"]
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert not Alert.objects.filter(kind=AlertKind.NOT_DONE).exists()
    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (buyer.email, "Your payment of $100.00 was not accepted")
    assert "The billing address or the security code is not the one your bank has." in mail.text


def test_a_refused_hold_that_could_not_be_released_is_never_captured_and_a_person_lets_it_go(
    start: Start, run: Run, policy: Callable[..., None], order: Order, clerk: User, sandbox: Sandbox
) -> None:
    policy(avs_not_matched=CheckPolicy.REFUSE, payment_action=PaymentAction.MANUAL, echeck=False)
    hold = run(start(card=ADDRESS_WRONG))
    refuse_each_try(hold, sandbox)

    engine.reread(transaction_id=hold.pk, now=timezone.now())

    hold.refresh_from_db()
    assert hold.state == TransactionState.REVIEW
    assert Order.objects.get(pk=order.pk).state == OrderState.AWAITING_PAYMENT
    told = Alert.objects.get(kind=AlertKind.NOT_DONE)
    assert told.transaction.parent == hold
    assert "do it again by hand, if it is still wanted" in told.text
    with pytest.raises(CaptureRefused):
        capture_start(hold=hold, amount=Decimal(100), by=clerk, now=timezone.now())
    run(
        cancel_start(
            transaction=hold, reason=RefundReason.FRAUD, note="its address is wrong", by=clerk, now=timezone.now()
        )
    )
    hold.refresh_from_db()
    assert hold.state == TransactionState.CANCELED
    assert charges_at_gateway(sandbox, hold) == ["REVERSED"]


def test_a_batch_that_closed_first_leaves_the_money_booked_and_a_person_told(
    start: Start, run: Run, policy: Callable[..., None], books: Books, sandbox: Sandbox
) -> None:
    policy(avs_not_checked=CheckPolicy.REFUSE)
    held = run(start(card=UNCHECKED))
    sandbox.control("/batches/close", {})

    cancel = run(PaymentTransaction.objects.get(parent=held))
    engine.reread(transaction_id=held.pk, now=timezone.now())

    held.refresh_from_db()
    assert (cancel.state, held.state) == (TransactionState.FAILED, TransactionState.APPROVED)
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert Alert.objects.filter(transaction=cancel, kind=AlertKind.NOT_DONE).exists()


def test_a_hold_to_be_looked_at_is_captured_only_once_a_person_accepts_it(
    start: Start, run: Run, policy: Callable[..., None], clerk: User
) -> None:
    policy(avs_not_matched=CheckPolicy.REVIEW, payment_action=PaymentAction.MANUAL, echeck=False)
    hold = run(start(card=ADDRESS_WRONG))
    assert hold.state == TransactionState.APPROVED

    with pytest.raises(CaptureRefused, match="Its address or security code did not match"):
        capture_start(hold=hold, amount=Decimal(100), by=clerk, now=timezone.now())

    alert = Alert.objects.get()
    assert (alert.kind, alert.text) == (
        AlertKind.CARD_CHECK,
        "$100.00 was approved, but the billing address is not the bank's.",
    )
    check_accept(check=CardCheck.objects.get(), note="a branch office", by=clerk, now=timezone.now())
    capture = run(capture_start(hold=hold, amount=Decimal(100), by=clerk, now=timezone.now()))
    assert capture.state == TransactionState.APPROVED
    alert.refresh_from_db()
    assert (alert.remark, alert.resolved_at is not None) == ("a branch office", True)


def test_a_hold_to_be_looked_at_can_be_released(
    start: Start, run: Run, policy: Callable[..., None], clerk: User
) -> None:
    policy(avs_not_matched=CheckPolicy.REVIEW, payment_action=PaymentAction.MANUAL, echeck=False)
    hold = run(start(card=ADDRESS_WRONG))

    cancel = run(
        cancel_start(transaction=hold, reason=RefundReason.OTHER, note="not them", by=clerk, now=timezone.now())
    )

    assert cancel.state == TransactionState.APPROVED


def test_a_charge_to_be_looked_at_stands_and_raises_an_alert(
    start: Start, run: Run, policy: Callable[..., None], books: Books
) -> None:
    policy(cvv_not_matched=CheckPolicy.REVIEW)

    row = run(start(card=CODE_WRONG))

    assert row.state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100
    assert Alert.objects.get().kind == AlertKind.CARD_CHECK


def test_an_acceptance_needs_a_note_and_happens_once(
    start: Start, run: Run, policy: Callable[..., None], clerk: User
) -> None:
    policy(cvv_not_matched=CheckPolicy.REVIEW)
    run(start(card=CODE_WRONG))
    check = CardCheck.objects.get()

    with pytest.raises(NoteRequired):
        check_accept(check=check, note=" ", by=clerk, now=timezone.now())
    check_accept(check=check, note="known", by=clerk, now=timezone.now())
    with pytest.raises(ReviewRefused):
        check_accept(check=check, note="again", by=clerk, now=timezone.now())

    assert CardCheck.objects.get().note == "known"
