"""Saved cards and bank accounts: renewed, recognised, refused. Nothing here moves money."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from moneyed import Money

from commerce.models import User
from oropay import engine
from oropay.due import DueInstrumentRequests
from oropay.exceptions import InstrumentNotChanged, InstrumentUnusable
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    FailureReason,
    Instrument,
    InstrumentDefault,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
    Payment,
    PaymentTransaction,
    Purpose,
    TransactionState,
)
from oropay.services import (
    SavedInstrument,
    instrument_edit,
    instrument_prefer,
)
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank
from tests.oropay.wallet import LATER, at_gateway, fault, removed, void, work

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


def test_a_new_expiry_counts_when_the_gateway_agreed(saved: Instrument, buyer: User, sandbox: Sandbox) -> None:
    instrument_edit(instrument=saved, nickname="Travel", expiry=(3, 2033), by=buyer, now=timezone.now())

    saved.refresh_from_db()
    assert (saved.nickname, saved.expiry_month, saved.expiry_year) == ("Travel", 12, 2030)
    assert work(InstrumentRequest.objects.get()).state == InstrumentRequestState.DONE
    saved.refresh_from_db()
    assert (saved.expiry_month, saved.expiry_year) == (3, 2033)
    asked = [row for row in sandbox.asked("/payment-methods/{id}") if saved.token in row["path"]]
    assert next(row["sent"] for row in asked if row["method"] == "PATCH") == {
        "usage_mode": "MULTIPLE",
        "card": {"expiry_month": "03", "expiry_year": "33"},
    }


def test_a_second_new_expiry_before_the_first_was_sent_replaces_it(saved: Instrument, buyer: User) -> None:
    for month in (3, 4):
        instrument_edit(instrument=saved, nickname="", expiry=(month, 2033), by=buyer, now=timezone.now())

    request = InstrumentRequest.objects.get()
    assert (request.expiry_month, request.expiry_year) == (4, 2033)


def test_an_expiry_the_gateway_refuses_changes_nothing_here(saved: Instrument, buyer: User, sandbox: Sandbox) -> None:
    instrument_edit(instrument=saved, nickname="", expiry=(3, 2033), by=buyer, now=timezone.now())
    refusal = {
        "error_code": "INVALID_REQUEST_DATA",
        "detailed_error_code": "40085",
        "detailed_error_description": "No.",
    }
    fault(sandbox, "PATCH", {"http": {"status": 400, "body": refusal}})

    request = work(InstrumentRequest.objects.get())

    saved.refresh_from_db()
    assert (request.state, request.error) == (InstrumentRequestState.FAILED, "No.")
    assert (saved.expiry_month, saved.expiry_year, saved.state) == (12, 2030, InstrumentState.ACTIVE)


@pytest.mark.parametrize(
    ("expiry", "why"), [((1, 2020), "is over"), ((13, 2030), "is over"), ((1, 2099), "check the year")]
)
def test_an_impossible_expiry_is_refused(saved: Instrument, buyer: User, expiry: tuple[int, int], why: str) -> None:
    with pytest.raises(InstrumentNotChanged, match=why):
        instrument_edit(instrument=saved, nickname="New name", expiry=expiry, by=buyer, now=timezone.now())

    saved.refresh_from_db()
    assert saved.nickname == ""
    assert not InstrumentRequest.objects.exists()


def test_a_card_that_the_gateway_forgot_pays_nothing_and_must_be_entered_again(
    saved: Instrument, start: Start, run: Run, sandbox: Sandbox
) -> None:
    sandbox.gateway().delete_card(token=saved.token)

    row = run(start(source=SavedInstrument(instrument_id=saved.pk)))

    saved.refresh_from_db()
    assert (row.state, row.failure_reason) == (TransactionState.FAILED, FailureReason.CARD_GONE)
    assert saved.state == InstrumentState.DEAD
    assert not row.alerts.exists()
    with pytest.raises(InstrumentUnusable, match="Please enter it again"):
        start(source=SavedInstrument(instrument_id=saved.pk))


def test_a_dead_card_that_is_entered_again_lives_again(
    saved: Instrument, start: Start, run: Run, sandbox: Sandbox
) -> None:
    sandbox.gateway().delete_card(token=saved.token)
    run(start(source=SavedInstrument(instrument_id=saved.pk)))

    again = run(start(keep=True))

    saved.refresh_from_db()
    assert saved.state == InstrumentState.ACTIVE
    assert again.payment.instrument is not None
    assert again.payment.instrument.same_as == saved
    void(again)
    assert run(start(source=SavedInstrument(instrument_id=saved.pk))).state == TransactionState.APPROVED


def test_the_same_card_again_joins_the_saved_one_and_its_old_token_is_deleted(
    saved: Instrument, start: Start, run: Run, sandbox: Sandbox
) -> None:
    old = saved.token

    again = run(start(keep=True)).payment.instrument

    saved.refresh_from_db()
    assert again is not None
    assert (again.state, again.same_as) == (InstrumentState.ONCE, saved)
    assert Instrument.objects.filter(state=InstrumentState.ACTIVE).get() == saved
    assert saved.token != old
    request = InstrumentRequest.objects.get()
    assert (request.kind, request.token, request.restores_to) == (InstrumentRequestKind.DELETE, old, "")
    assert work(request).state == InstrumentRequestState.DONE
    assert (at_gateway(sandbox, old), at_gateway(sandbox, saved.token)) == (Verdict.NOT_FOUND, Verdict.APPROVED)
    saved.refresh_from_db()
    assert saved.state == InstrumentState.ACTIVE


def test_a_frozen_card_stays_frozen_when_it_is_entered_again(saved: Instrument, start: Start, run: Run) -> None:
    Instrument.objects.filter(pk=saved.pk).update(state=InstrumentState.FROZEN)

    run(start(keep=True))

    saved.refresh_from_db()
    assert saved.state == InstrumentState.FROZEN
    assert not Instrument.objects.filter(state=InstrumentState.ACTIVE).exists()


def test_a_colleague_s_card_is_not_joined(saved: Instrument, start: Start, run: Run, buyer: User) -> None:
    Instrument.objects.filter(pk=saved.pk).update(owner=None)

    run(start(keep=True))

    assert Instrument.objects.filter(state=InstrumentState.ACTIVE).count() == 2


def test_the_same_bank_account_again_joins_the_saved_one(start: Start, run: Run) -> None:
    first = run(start(source=bank(keep=True), amount="40.00"))
    again = run(start(source=bank(keep=True), amount="30.00"))
    other = run(start(source=bank("5550001112", keep=True), amount="30.00"))

    active = Instrument.objects.filter(state=InstrumentState.ACTIVE).order_by("pk")
    assert list(active) == [first.payment.instrument, other.payment.instrument]
    assert again.payment.instrument is not None
    assert again.payment.instrument.same_as == first.payment.instrument


def test_a_payment_s_answer_may_bring_a_new_expiry(saved: Instrument, start: Start, run: Run) -> None:
    payment = start(source=SavedInstrument(instrument_id=saved.pk))
    row = payment.transactions.get()
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.SENDING, tries=1)
    answer = Answer(
        verdict=Verdict.APPROVED,
        gateway_id="TRN_renewed",
        status="CAPTURED",
        type="SALE",
        reference=row.reference,
        amount=Money(payment.amount, payment.currency),
        expiry_month=8,
        expiry_year=2034,
    )

    engine.record(transaction_id=row.pk, answer=answer, kind="send")

    saved.refresh_from_db()
    assert (saved.expiry_month, saved.expiry_year) == (8, 2034)


def test_an_expired_card_pays_nothing(saved: Instrument, start: Start) -> None:
    Instrument.objects.filter(pk=saved.pk).update(expiry_year=2020)
    before = Payment.objects.count()

    with pytest.raises(InstrumentUnusable, match="This card has expired"):
        start(source=SavedInstrument(instrument_id=saved.pk))

    assert Payment.objects.count() == before


def test_a_first_choice_is_replaced_and_leaves_with_its_card(saved: Instrument, buyer: User) -> None:
    other = replace_card(saved)
    for row in (saved, other):
        instrument_prefer(instrument=row, purpose=Purpose.ORDERS, on=True, user=buyer, now=timezone.now())

    assert InstrumentDefault.objects.get().instrument == other
    removed(other, buyer)
    assert not InstrumentDefault.objects.exists()


def test_somebody_s_own_card_is_not_the_company_s_first_choice(saved: Instrument) -> None:
    with pytest.raises(InstrumentNotChanged, match="somebody's own"):
        instrument_prefer(instrument=saved, purpose=Purpose.ORDERS, on=True, user=None, now=timezone.now())

    assert not InstrumentDefault.objects.exists()


def replace_card(saved: Instrument) -> Instrument:
    return Instrument.objects.create(
        kind=saved.kind,
        state=InstrumentState.ACTIVE,
        customer=saved.customer,
        owner=saved.owner,
        provider_account=saved.provider_account,
        token="PMT_other",
        last4="1111",
    )


def test_the_sweep_publishes_what_is_due_once(saved: Instrument, buyer: User) -> None:
    removed(saved, buyer)
    due = DueInstrumentRequests()
    now = timezone.now()

    assert due.publish_due(now=now, limit=10) == 0
    assert due.publish_due(now=now + LATER, limit=10) == 1
    assert due.publish_due(now=now + LATER, limit=10) == 0
    assert due.publish_due(now=now + LATER + timedelta(minutes=1), limit=10) == 1


def test_a_box_copied_into_another_account_debits_nobody(start: Start, run: Run, sandbox: Sandbox) -> None:
    run(start(source=bank("5550001112", keep=True), amount="40.00"))
    theirs = Instrument.objects.get()
    payment = start(source=bank("9990001112"), amount="40.00")
    assert payment.instrument is not None
    Instrument.objects.filter(pk=payment.instrument.pk).update(sealed=theirs.sealed, key_id=theirs.key_id)

    row = run(payment)

    assert row.state == TransactionState.QUEUED
    assert "belongs to another row" in row.message
    assert sandbox.asked("/transactions", reference=row.reference) == []
