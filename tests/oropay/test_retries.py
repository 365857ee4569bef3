"""Sending a returned debit again, and the mandates that cover debits."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from hashlib import sha256

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from commerce.models import User
from oropay import engine
from oropay.exceptions import MandateEnded, MandateRefused, MandateRequired, PaymentError, RetryRefused
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    AchReturn,
    FailureReason,
    Initiator,
    Instrument,
    InstrumentState,
    Mandate,
    MandateKind,
    Payable,
    Payment,
    PaymentTransaction,
    RefundReason,
    SecCode,
    TransactionState,
)
from oropay.services import (
    PartAsked,
    PaymentAsked,
    Proof,
    SavedInstrument,
    cancel_start,
    debit_retry,
    mandate_covers,
    mandate_record,
    mandate_revoke,
    payment_start,
)
from oropay.services.ach.retry import retries_of
from oropay.services.instrument import sec_code
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank, reload, reread, send_back

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Later = Callable[..., None]
Settled = Callable[..., PaymentTransaction]
S = TransactionState
PAPER = Proof(name="signed.pdf", content_type="application/pdf", content=b"%PDF signed")


def returned(row: PaymentTransaction, sandbox: Sandbox, code: str = "R01") -> AchReturn:
    """The debit comes back, and we learn of it."""
    send_back(sandbox, row, code)
    reread(row)
    return AchReturn.objects.latest("created_at")


def again(told: AchReturn, clerk: User) -> Payment:
    return debit_retry(told=told, by=clerk, now=timezone.now())


def test_a_debit_returned_for_want_of_money_is_sent_again_under_its_own_mandate(
    settled: Settled, sandbox: Sandbox, clerk: User, run: Run, payable: Payable
) -> None:
    charge = settled()
    told = returned(charge, sandbox)

    payment = again(told, clerk)

    row = run(payment)
    assert (row.state, row.amount) == (S.PENDING, Decimal(100))
    assert payment.initiator == Initiator.STAFF
    assert (payment.retry_of, payment.mandate) == (charge.payment, charge.payment.mandate)
    assert reload(payable).settling == Decimal(100)


def test_a_returned_debit_is_sent_again_at_most_twice(
    settled: Settled, sandbox: Sandbox, clerk: User, run: Run
) -> None:
    told = returned(settled(), sandbox)
    told = returned(run(again(told, clerk)), sandbox)
    told = returned(run(again(told, clerk)), sandbox)

    with pytest.raises(RetryRefused, match=r"Nothing was debited\. It has been sent again 2 times"):
        again(told, clerk)

    assert Payment.objects.count() == 3


def test_a_retry_whose_void_was_refused_counts_all_the_same(
    settled: Settled, sandbox: Sandbox, clerk: User, run: Run
) -> None:
    told = returned(settled(), sandbox)
    second = run(again(told, clerk))
    void = cancel_start(transaction=second, reason=RefundReason.OTHER, note="stop it", by=clerk, now=timezone.now())
    PaymentTransaction.objects.filter(pk=void.pk).update(state=S.SENDING)
    refused = Answer(verdict=Verdict.FAILED, http_status=400, error_code="40213")
    engine.record(transaction_id=void.pk, answer=refused, kind="send")
    void.refresh_from_db()
    assert (void.state, void.failure_reason) == (S.FAILED, FailureReason.REFUSED)

    assert retries_of(first=told.charge.payment) == [second.payment]
    with pytest.raises(RetryRefused, match="sent again already"):
        again(told, clerk)


def test_each_return_is_answered_once(settled: Settled, sandbox: Sandbox, clerk: User, run: Run) -> None:
    told = returned(settled(), sandbox)
    run(again(told, clerk))

    with pytest.raises(RetryRefused, match="sent again already"):
        again(told, clerk)

    assert Payment.objects.count() == 2


def test_nothing_is_sent_again_after_180_days(settled: Settled, sandbox: Sandbox, clerk: User) -> None:
    told = returned(settled(), sandbox)

    with pytest.raises(RetryRefused, match="more than 180 days old"):
        debit_retry(told=told, by=clerk, now=timezone.now() + timedelta(days=181))

    assert Payment.objects.count() == 1


@pytest.mark.parametrize("code", ["R02", "R10", "R08", ""])
def test_other_returns_are_not_sent_again(settled: Settled, sandbox: Sandbox, clerk: User, code: str) -> None:
    told = returned(settled(), sandbox, code)

    with pytest.raises(RetryRefused, match="Only a debit that came back with R01 or R09"):
        again(told, clerk)

    assert Payment.objects.count() == 1


def test_a_debit_whose_order_was_paid_meanwhile_is_not_sent_again(
    settled: Settled, sandbox: Sandbox, clerk: User, start: Start, run: Run
) -> None:
    told = returned(settled(), sandbox)
    run(start(amount="60.00"))

    with pytest.raises(PaymentError, match="Nothing was charged"):
        again(told, clerk)

    assert Payment.objects.filter(retry_of__isnull=False).count() == 0


def test_a_revoked_mandate_covers_no_second_try(settled: Settled, sandbox: Sandbox, clerk: User, buyer: User) -> None:
    charge = settled()
    told = returned(charge, sandbox)
    mandate_revoke(mandate=Mandate.objects.get(), by=buyer, why="by the customer", now=timezone.now())

    with pytest.raises(RetryRefused, match="It was revoked"):
        again(told, clerk)

    assert Payment.objects.count() == 1


# -- mandates -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("holder", "channel", "code"),
    [
        ("BUSINESS", "web", SecCode.CCD),
        ("BUSINESS", "phone", SecCode.CCD),
        ("BUSINESS", "paper", SecCode.CCD),
        ("PERSONAL", "web", SecCode.WEB),
        ("PERSONAL", "phone", SecCode.TEL),
        ("PERSONAL", "paper", SecCode.PPD),
    ],
)
def test_the_sec_code_follows_holder_and_channel(holder: str, channel: str, code: SecCode) -> None:
    assert sec_code(holder_type=holder, channel=channel) == code


@pytest.fixture
def saved(start: Start, run: Run) -> Instrument:
    """A saved bank account with a debit of 10.00 behind it."""
    run(start(source=bank(keep=True), amount="10.00"))
    return Instrument.objects.get(state=InstrumentState.ACTIVE)


def recorded(
    saved: Instrument, clerk: User, *, kind: MandateKind = MandateKind.STANDING, limit: str | None = "50.00"
) -> Mandate:
    return mandate_record(
        instrument=saved,
        kind=kind,
        channel="paper",
        text="I authorise debits of what we owe.",
        limit=Decimal(limit) if limit else None,
        proof=PAPER,
        by=clerk,
        now=timezone.now(),
    )


@pytest.mark.parametrize(
    ("kind", "initiator", "amount", "why"),
    [
        (MandateKind.STANDING, Initiator.BUYER, "50.00", ""),
        (MandateKind.STANDING, Initiator.STAFF, "50.00", ""),
        (MandateKind.STANDING, Initiator.AUTOPAY, "50.00", "does not cover debits that are started this way"),
        (MandateKind.RECURRING, Initiator.AUTOPAY, "50.00", ""),
        (MandateKind.RECURRING, Initiator.SCHEDULE, "50.01", "covers debits up to $50.00"),
        (MandateKind.RECURRING, Initiator.BUYER, "50.00", "does not cover debits that are started this way"),
        (MandateKind.STANDING, Initiator.BUYER, "50.01", "covers debits up to $50.00"),
    ],
)
def test_a_mandate_covers_what_it_says(
    saved: Instrument, clerk: User, kind: MandateKind, initiator: Initiator, amount: str, why: str
) -> None:
    mandate = recorded(saved, clerk, kind=kind)

    found = mandate_covers(mandate=mandate, instrument_id=saved.pk, amount=Decimal(amount), initiator=initiator)

    assert why in found
    assert bool(found) == bool(why)


def test_a_debit_keeps_the_words_agreed_to_with_their_hash_and_the_moment(start: Start, run: Run, buyer: User) -> None:
    before = timezone.now()

    payment = run(start(source=bank())).payment

    after = timezone.now()
    mandate = payment.mandate
    assert mandate is not None
    assert mandate.text == "I authorise a debit of $100.00."
    assert mandate.text_hash == sha256(b"I authorise a debit of $100.00.").hexdigest()
    assert before <= mandate.given_at <= after
    assert mandate.given_at == payment.created_at
    assert (mandate.given_by, mandate.text_version, mandate.amount_rule) == (buyer, "1", "$100.00 once")


def test_a_single_mandate_covers_one_debit(saved: Instrument) -> None:
    used = Mandate.objects.get(instrument=saved)

    found = mandate_covers(mandate=used, instrument_id=saved.pk, amount=Decimal(10), initiator=Initiator.BUYER)

    assert "covered one debit" in found


def test_a_saved_account_is_debited_under_its_standing_mandate(
    saved: Instrument, clerk: User, start: Start, run: Run
) -> None:
    mandate = recorded(saved, clerk)

    payment = start(source=SavedInstrument(instrument_id=saved.pk), amount="50.00")

    assert payment.mandate == mandate
    assert run(payment).state == S.PENDING


@pytest.mark.parametrize("amount", ["50.01", "60.00"])
def test_more_than_the_mandate_covers_is_not_debited(saved: Instrument, clerk: User, start: Start, amount: str) -> None:
    recorded(saved, clerk)

    with pytest.raises(MandateRequired, match="Nothing was debited"):
        start(source=SavedInstrument(instrument_id=saved.pk), amount=amount)

    assert Payment.objects.count() == 1


def test_a_revoked_mandate_covers_nothing_and_is_revoked_once(saved: Instrument, clerk: User, start: Start) -> None:
    mandate = recorded(saved, clerk)
    mandate_revoke(mandate=mandate, by=clerk, why="by letter", now=timezone.now())

    with pytest.raises(MandateRequired):
        start(source=SavedInstrument(instrument_id=saved.pk), amount="20.00")
    with pytest.raises(MandateEnded):
        mandate_revoke(mandate=mandate, by=clerk, why="again", now=timezone.now())

    mandate.refresh_from_db()
    assert mandate.revoked_by == clerk


@pytest.mark.parametrize(
    "spoilt",
    [
        {"channel": "web"},
        {"text": "  "},
        {"proof": Proof(name="empty.pdf", content_type="application/pdf", content=b"")},
    ],
)
def test_a_mandate_by_phone_or_paper_needs_words_and_proof(
    saved: Instrument, clerk: User, spoilt: dict[str, object]
) -> None:
    given = {"channel": "phone", "text": "I authorise debits.", "proof": PAPER, **spoilt}

    with pytest.raises(MandateRefused, match="Nothing was written down"):
        mandate_record(
            instrument=saved,
            kind=MandateKind.STANDING,
            limit=None,
            by=clerk,
            now=timezone.now(),
            **given,  # type: ignore[arg-type]
        )

    assert Mandate.objects.count() == 1


def test_a_mandate_is_kept_for_two_years_after_its_end(saved: Instrument, clerk: User) -> None:
    mandate = recorded(saved, clerk)
    mandate_revoke(mandate=mandate, by=clerk, why="by letter", now=timezone.now() - timedelta(days=700))

    with pytest.raises(IntegrityError, match="kept for two years"), transaction.atomic():
        mandate.delete()
    Mandate.objects.filter(pk=mandate.pk).update(revoked_at=timezone.now() - timedelta(days=800))
    Mandate.objects.get(pk=mandate.pk).delete()

    assert Mandate.objects.count() == 1


def test_autopay_never_debits_an_account_whose_debit_was_stopped(
    saved: Instrument, clerk: User, payable: Payable, buyer: User
) -> None:
    recorded(saved, clerk, kind=MandateKind.RECURRING)
    Instrument.objects.update(autopay_stopped_at=timezone.now())
    assert payable.order is not None
    integration_id = Payment.objects.get().integration_id

    with pytest.raises(PaymentError, match="Autopay is off"):
        payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=Decimal(20))],
                integration_id=integration_id or 0,
                source=SavedInstrument(instrument_id=saved.pk),
                attempt_key=saved.uuid,
                initiator=Initiator.AUTOPAY,
            ),
            by=buyer,
            website=payable.order.website,
            now=timezone.now(),
        )

    assert Payment.objects.count() == 1
