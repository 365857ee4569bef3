"""Four eyes: above a limit money is given back by two persons, and never by one person twice."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from commerce.models import Order, User
from ledger.models import AccountName
from oropay.exceptions import (
    ApprovalChanged,
    ApprovalNotYours,
    ApprovalOver,
    ApprovalTooLate,
    CancelRefused,
    NoteRequired,
    RefundTooLarge,
    RemarkRequired,
)
from oropay.models import (
    Action,
    Approval,
    ApprovalKind,
    ApprovalState,
    Instrument,
    Integration,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundLimit,
    RefundReason,
    TransactionState,
)
from oropay.services import (
    LimitsAsked,
    approval_agree,
    approval_refuse,
    cancel_start,
    refund_limits_propose,
    refund_lines_suggested,
    refund_start,
)
from oropay.services.approval import approvals_expire
from plumbing.models import Mail
from tests.contract.sandbox import Sandbox
from tests.factories import StaffFactory
from tests.oropay.books import portal
from tests.oropay.notices import drain, tell

S = TransactionState
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def maker(order: Order) -> User:
    person: User = StaffFactory.create(organization=order.organization)
    return person


@pytest.fixture
def second(order: Order) -> User:
    """Another person who may agree to everything."""
    person: User = StaffFactory.create(organization=order.organization, is_superuser=True)
    return person


@pytest.fixture
def limits(order: Order, account: ProviderAccount) -> RefundLimit:
    """30.00 of one charge, 60.00 to one customer, 60.00 a day."""
    row, _created = RefundLimit.objects.update_or_create(
        organization=order.organization, currency="USD", defaults={"per_charge": 30, "per_customer": 60, "per_day": 60}
    )
    return row


@pytest.fixture
def charge(start: Callable[..., Payment], run: Run) -> PaymentTransaction:
    return run(start())


@pytest.fixture
def refund(charge: PaymentTransaction, maker: User) -> Callable[..., PaymentTransaction]:
    def refund(amount: str, *, by: User | None = None) -> PaymentTransaction:
        return refund_start(
            charge=charge,
            lines=refund_lines_suggested(charge=charge, amount=Decimal(amount)),
            reason=RefundReason.DUPLICATE,
            note="sent twice",
            by=by or maker,
            now=timezone.now(),
        )

    return refund


@pytest.fixture
def waiting(limits: RefundLimit, refund: Callable[..., PaymentTransaction]) -> Approval:
    """A refund of 40.00 that waits for a second person."""
    return Approval.objects.get(transaction=refund("40.00"))


def agree(approval: Approval, by: User) -> Approval:
    return approval_agree(approval=approval, by=by, now=timezone.now())


def test_a_refund_within_its_makers_limit_is_sent_at_once(
    limits: RefundLimit, refund: Callable[..., PaymentTransaction]
) -> None:
    row = refund("30.00")

    assert row.state == S.QUEUED
    assert not Approval.objects.exists()


def test_a_refund_above_its_makers_limit_waits_and_is_not_sent(waiting: Approval, run: Run, books: Books) -> None:
    row = waiting.transaction
    assert row is not None

    after = run(row)

    assert (after.state, after.next_at, after.gateway_id) == (S.AWAITING_APPROVAL, None, "")
    assert waiting.why.endswith("may give back $30.00 of one charge alone, and gave $0.00 already.")
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_limits_count_what_this_person_gave_and_nobody_elses(
    limits: RefundLimit, refund: Callable[..., PaymentTransaction], run: Run, second: User
) -> None:
    run(refund("20.00", by=second))
    run(refund("20.00"))

    above = refund("20.00")

    assert above.state == S.AWAITING_APPROVAL


def test_the_rolling_day_counts_voids_and_refunds_of_other_charges(
    limits: RefundLimit, charge: PaymentTransaction, maker: User
) -> None:
    RefundLimit.objects.update(per_charge=None, per_customer=None)

    void = cancel_start(transaction=charge, reason=RefundReason.OTHER, note="wrong", by=maker, now=timezone.now())

    assert (void.state, void.action) == (S.AWAITING_APPROVAL, Action.CANCEL)
    assert Approval.objects.get(transaction=void).kind == ApprovalKind.VOID


def test_once_a_second_person_agrees_it_is_sent_and_booked(
    waiting: Approval, run: Run, second: User, books: Books
) -> None:
    agreed = agree(waiting, second)

    assert (agreed.state, agreed.decided_by) == (ApprovalState.AGREED, second)
    row = PaymentTransaction.objects.get(pk=waiting.transaction_id or 0)
    assert row.state == S.QUEUED
    assert run(row).state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 60


def test_what_waited_for_hours_still_has_its_minute_to_be_sent(waiting: Approval, run: Run, second: User) -> None:
    PaymentTransaction.objects.filter(pk=waiting.transaction_id or 0).update(
        created_at=timezone.now() - timedelta(hours=5)
    )

    agree(waiting, second)

    assert run(PaymentTransaction.objects.get(pk=waiting.transaction_id or 0)).state == S.APPROVED


def test_nobody_agrees_to_their_own(waiting: Approval, maker: User) -> None:
    User.objects.filter(pk=maker.pk).update(is_superuser=True)

    with pytest.raises(ApprovalNotYours, match="Nothing was done"):
        agree(waiting, User.objects.get(pk=maker.pk))

    waiting.refresh_from_db()
    assert waiting.state == ApprovalState.WAITING


def test_a_person_without_the_permission_or_of_another_seller_does_not_agree(waiting: Approval, order: Order) -> None:
    clerk = StaffFactory.create(organization=order.organization)

    for person in (clerk, StaffFactory.create()):
        with pytest.raises(ApprovalNotYours):
            agree(waiting, person)

    assert PaymentTransaction.objects.get(pk=waiting.transaction_id or 0).state == S.AWAITING_APPROVAL


def test_the_second_of_two_who_agree_at_once_is_told_so(waiting: Approval, second: User) -> None:
    agree(waiting, second)

    with pytest.raises(ApprovalOver, match="agreed"):
        agree(waiting, second)


def test_a_refusal_says_why_and_ends_the_refund(
    waiting: Approval, second: User, refund: Callable[..., PaymentTransaction]
) -> None:
    with pytest.raises(RemarkRequired):
        approval_refuse(approval=waiting, remark=" ", by=second, now=timezone.now())

    refused = approval_refuse(approval=waiting, remark="not our fault", by=second, now=timezone.now())

    assert (refused.state, refused.remark) == (ApprovalState.REFUSED, "not our fault")
    assert PaymentTransaction.objects.get(pk=waiting.transaction_id or 0).state == S.CANCELED
    assert refund("30.00").state == S.QUEUED


def test_who_asked_may_take_it_back(waiting: Approval, maker: User) -> None:
    ended = approval_refuse(approval=waiting, remark="typo", by=maker, now=timezone.now())

    assert ended.state == ApprovalState.WITHDRAWN


def test_what_nobody_agreed_to_in_time_expires(waiting: Approval, second: User) -> None:
    Approval.objects.update(expires_at=timezone.now())

    with pytest.raises(ApprovalTooLate):
        agree(waiting, second)

    waiting.refresh_from_db()
    assert waiting.state == ApprovalState.EXPIRED
    assert PaymentTransaction.objects.get(pk=waiting.transaction_id or 0).state == S.CANCELED


def test_the_sweep_of_approvals_ends_only_those_whose_time_is_over(waiting: Approval) -> None:
    counts = [approvals_expire(now=timezone.now()), approvals_expire(now=waiting.expires_at)]

    assert counts == [0, 1]
    assert PaymentTransaction.objects.get(pk=waiting.transaction_id or 0).state == S.CANCELED


def test_another_destination_voids_what_was_agreed_to(
    waiting: Approval, second: User, charge: PaymentTransaction
) -> None:
    Instrument.objects.filter(payments=charge.payment).update(token="PMT_somebody_elses_card")

    with pytest.raises(ApprovalChanged, match="void"):
        agree(waiting, second)

    waiting.refresh_from_db()
    assert waiting.state == ApprovalState.VOID
    assert PaymentTransaction.objects.get(pk=waiting.transaction_id or 0).state == S.CANCELED


def test_limits_are_looked_at_again_when_the_second_person_agrees(
    limits: RefundLimit, charge: PaymentTransaction, refund: Callable[..., PaymentTransaction], second: User
) -> None:
    approval = Approval.objects.get(transaction=refund("70.00"))
    PaymentTransaction.objects.create(
        payment=charge.payment,
        parent=charge,
        action=Action.REFUND,
        amount=40,
        currency="USD",
        reference="oro-found-at-the-gateway",
        state=S.APPROVED,
        late=True,
        created_at=timezone.now(),
    )

    with pytest.raises(RefundTooLarge, match=r"\$70.00 is more than the \$60.00"):
        agree(approval, second)

    approval.refresh_from_db()
    assert approval.state == ApprovalState.WAITING
    assert PaymentTransaction.objects.get(pk=approval.transaction_id or 0).state == S.AWAITING_APPROVAL


def test_a_void_that_waits_is_refused_once_the_charge_was_given_back_in_part(
    limits: RefundLimit,
    charge: PaymentTransaction,
    maker: User,
    second: User,
    sandbox: Sandbox,
    integration: Integration,
    books: Books,
) -> None:
    void = cancel_start(transaction=charge, reason=RefundReason.OTHER, note="wrong", by=maker, now=timezone.now())
    approval = Approval.objects.get(transaction=void)
    given = sandbox.gateway().refund(portal(charge.gateway_id, "40"))
    tell(integration, {"id": given.gateway_id, "status": "CAPTURED"})
    drain(integration)

    with pytest.raises(CancelRefused, match="Part of it was given back already"):
        agree(approval, second)

    approval.refresh_from_db()
    void.refresh_from_db()
    assert (approval.state, void.state) == (ApprovalState.WAITING, S.AWAITING_APPROVAL)
    assert books(AccountName.GATEWAY_CLEARING) == 60


def test_a_void_that_waits_is_refused_once_the_charge_has_settled(
    limits: RefundLimit, charge: PaymentTransaction, maker: User, second: User
) -> None:
    void = cancel_start(transaction=charge, reason=RefundReason.OTHER, note="wrong", by=maker, now=timezone.now())
    approval = Approval.objects.get(transaction=void)
    PaymentTransaction.objects.filter(pk=charge.pk).update(settled_at=timezone.now())

    with pytest.raises(CancelRefused, match="settled"):
        agree(approval, second)

    approval.refresh_from_db()
    void.refresh_from_db()
    assert (approval.state, void.state) == (ApprovalState.WAITING, S.AWAITING_APPROVAL)


# -- limits themselves --------------------------------------------------------------------------------------------


def test_limits_change_only_once_a_second_person_agrees(order: Order, maker: User, second: User) -> None:
    asked = refund_limits_propose(
        organization=order.organization,
        currency="USD",
        limits=LimitsAsked(per_charge=Decimal(500), per_customer=None, per_day=Decimal(2000)),
        note="new policy",
        by=maker,
        now=timezone.now(),
    )
    before = RefundLimit.objects.count()

    agree(asked, second)

    row = RefundLimit.objects.get()
    assert before == 0
    assert (row.per_charge, row.per_customer, row.per_day) == (Decimal(500), None, Decimal(2000))


def test_limits_that_changed_meanwhile_void_the_proposal(
    limits: RefundLimit, order: Order, maker: User, second: User
) -> None:
    asked = refund_limits_propose(
        organization=order.organization,
        currency="USD",
        limits=LimitsAsked(per_charge=Decimal(500), per_customer=None, per_day=None),
        note="new policy",
        by=maker,
        now=timezone.now(),
    )
    RefundLimit.objects.update(per_day=10)

    with pytest.raises(ApprovalChanged):
        agree(asked, second)

    assert RefundLimit.objects.get().per_charge == 30


def test_a_proposal_without_a_note_is_refused(order: Order, maker: User) -> None:
    with pytest.raises(NoteRequired):
        refund_limits_propose(
            organization=order.organization,
            currency="USD",
            limits=LimitsAsked(per_charge=None, per_customer=None, per_day=None),
            note="",
            by=maker,
            now=timezone.now(),
        )

    assert not Approval.objects.exists()


def test_whoever_may_agree_is_told_and_who_asked_hears_how_it_ended(
    limits: RefundLimit, refund: Callable[..., PaymentTransaction], second: User, maker: User
) -> None:
    may: User = StaffFactory.create(organization=maker.organization)
    may.user_permissions.add(Permission.objects.get(codename="approve_refund"))
    stranger: User = StaffFactory.create()
    stranger.user_permissions.add(Permission.objects.get(codename="approve_refund"))

    waiting = Approval.objects.get(transaction=refund("40.00"))

    [asked] = Mail.objects.all()
    assert (asked.to, asked.subject) == (may.email, "A second person is wanted: Refund above a limit")
    assert "Nothing has been done yet." in asked.text
    assert "$40.00 goes back to" in asked.text

    approval_refuse(approval=waiting, remark="not our fault", by=may, now=timezone.now())

    told = Mail.objects.get(to=maker.email)
    assert told.subject == "Refund above a limit: Refused"
    assert "Nothing was done" in told.text
    assert "not our fault" in told.text


def test_who_takes_it_back_is_not_told_so(waiting: Approval, maker: User) -> None:
    approval_refuse(approval=waiting, remark="typo", by=maker, now=timezone.now())

    assert not Mail.objects.filter(to=maker.email).exists()
