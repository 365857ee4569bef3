"""Our answers to disputes: accepted, challenged, too late, and every way their own answer can be lost."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone
from pytest_django import Settings

from commerce.models import User
from invoices.models import Invoice
from ledger.models import AccountName
from oropay import tasks
from oropay.due import DueDisputeAnswers
from oropay.engine import disputes
from oropay.exceptions import DisputeMoved, DisputeNotAnswerable, EvidenceRefused, NoteRequired
from oropay.models import (
    Dispute,
    DisputeEvidence,
    DisputeRequest,
    EvidenceType,
    PaymentTransaction,
    RequestFailure,
    RequestState,
)
from oropay.services.dispute import (
    EvidenceFile,
    answerable,
    evidence_add,
    evidence_offered,
    evidence_withdraw,
)
from tests.invoices.house import House
from tests.oropay.disputes.conftest import (
    Bank,
    accept,
    challenge,
    look_until_it_ends,
    moves,
    send,
    stands,
    swallow,
)

PDF = b"%PDF-1.7 proof of delivery"


def proof(dispute: Dispute, by: User, *, content: bytes = PDF, name: str = "proof.pdf") -> DisputeEvidence:
    """One document kept with the dispute."""
    [kept] = evidence_add(
        dispute=dispute,
        files=[EvidenceFile(name=name, content=content)],
        kind=EvidenceType.PROOF_OF_DELIVERY,
        description="signed by the dock",
        by=by,
        now=timezone.now(),
    )
    return kept


def test_an_accepted_dispute_is_lost_and_its_invoice_due_again(
    dispute: Dispute, invoice: Invoice, bank: Bank, clerk: User
) -> None:
    request = send(accept(dispute, clerk))

    assert (request.state, request.tries) == (RequestState.DONE, 1)
    assert bank.seen(dispute.gateway_id) == ("CHARGEBACK", "CLOSED", "ACCEPTED")
    dispute.refresh_from_db()
    assert dispute.result == "ACCEPTED"
    assert stands(invoice) == ("0.00", "0.00", "100.00")


def test_an_accepted_dispute_that_is_not_pursued_is_written_off(
    house: House, dispute: Dispute, invoice: Invoice, clerk: User
) -> None:
    send(accept(dispute, clerk, not_pursued=True))

    assert stands(invoice) == ("0.00", "0.00", "0.00")
    assert house.book(AccountName.BAD_DEBT) == 100
    assert house.book(AccountName.RECEIVABLE) == 0


def test_a_challenge_carries_documents_and_a_letter_and_can_be_won(
    house: House, dispute: Dispute, invoice: Invoice, bank: Bank, clerk: User
) -> None:
    kept = proof(dispute, clerk)

    request = send(challenge(dispute, clerk, evidence_ids=[kept.pk]))
    under_review = bank.seen(dispute.gateway_id)
    bank.advance(dispute.gateway_id, result="WON")
    bank.pull()

    assert request.state == RequestState.DONE
    assert under_review == ("CHARGEBACK", "UNDER_REVIEW", "PENDING")
    told = bank.sandbox.gateway().dispute(gateway_id=dispute.gateway_id)
    assert told is not None
    held = [
        bank.sandbox.gateway().dispute_document(gateway_id=dispute.gateway_id, document_id=name)
        for name in told.document_ids
    ]
    assert held[0] == PDF
    assert (held[1] or b"").startswith(b"%PDF-")
    assert [one.type for one in request.evidence.order_by("pk")] == ["PROOF_OF_DELIVERY", "LETTER"]
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 0


def test_a_challenge_can_be_lost(dispute: Dispute, invoice: Invoice, bank: Bank, clerk: User) -> None:
    send(challenge(dispute, clerk))
    bank.advance(dispute.gateway_id, result="LOST")

    bank.pull()

    assert stands(invoice) == ("0.00", "0.00", "100.00")


@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("act", ["acceptance", "challenge"])
def test_a_lost_answer_is_read_and_never_sent_again(
    dispute: Dispute, bank: Bank, clerk: User, act: str, when: str
) -> None:
    swallow(bank, act, when=when)
    request = send(accept(dispute, clerk) if act == "acceptance" else challenge(dispute, clerk))
    lost = request.state

    look_until_it_ends(request)

    assert lost == RequestState.UNKNOWN
    assert request.tries == 1
    if when == "after":
        assert (request.state, request.failure) == (RequestState.DONE, "")
    else:
        assert (request.state, request.failure) == (RequestState.FAILED, RequestFailure.NEVER_ARRIVED)
        assert bank.seen(dispute.gateway_id)[1] == "WITH_MERCHANT"
        assert answerable(dispute=dispute, now=timezone.now()).now


def test_a_loss_is_written_off_by_itself_only_if_its_acceptance_arrived(
    house: House, dispute: Dispute, invoice: Invoice, bank: Bank, clerk: User
) -> None:
    swallow(bank, "acceptance", when="before")
    request = send(accept(dispute, clerk, not_pursued=True))
    look_until_it_ends(request)
    assert (request.state, request.failure) == (RequestState.FAILED, RequestFailure.NEVER_ARRIVED)
    dispute.refresh_from_db()
    given_up = dispute.not_pursued
    bank.advance(dispute.gateway_id, result="LOST")

    bank.pull()

    assert given_up is False
    assert stands(invoice) == ("0.00", "0.00", "100.00")
    assert (house.book(AccountName.BAD_DEBT), house.book(AccountName.RECEIVABLE)) == (Decimal(0), Decimal(100))


def test_an_acceptance_whose_answer_was_lost_is_written_off_all_the_same(
    house: House, dispute: Dispute, invoice: Invoice, bank: Bank, clerk: User
) -> None:
    swallow(bank, "acceptance", when="after")
    request = send(accept(dispute, clerk, not_pursued=True))

    look_until_it_ends(request)

    assert request.state == RequestState.DONE
    assert stands(invoice) == ("0.00", "0.00", "0.00")
    assert house.book(AccountName.BAD_DEBT) == 100


def test_one_look_that_finds_nothing_proves_nothing(dispute: Dispute, bank: Bank, clerk: User) -> None:
    swallow(bank, "acceptance", when="before")
    request = send(accept(dispute, clerk))

    disputes.answer_look(request_id=request.pk, now=timezone.now())

    request.refresh_from_db()
    assert (request.state, request.absent_since) == (RequestState.UNKNOWN, None)
    assert not answerable(dispute=dispute, now=timezone.now()).now


def test_copies_of_a_hint_read_the_dispute_once(dispute: Dispute, bank: Bank, clerk: User, settings: Settings) -> None:
    settings.OROPAY_LOOKUP_STEPS = [timedelta(hours=1)]
    swallow(bank, "acceptance", when="before")
    request = send(accept(dispute, clerk))
    DisputeRequest.objects.filter(pk=request.pk).update(next_at=timezone.now() - timedelta(minutes=1))

    for _copy in range(2):
        tasks.dispute_look(request.pk)

    request.refresh_from_db()
    assert (request.state, request.looks) == (RequestState.UNKNOWN, 1)


def test_a_worker_that_vanished_leaves_its_answer_to_be_read(dispute: Dispute, bank: Bank, clerk: User) -> None:
    request = accept(dispute, clerk)
    past = timezone.now() - timedelta(minutes=1)
    DisputeRequest.objects.filter(pk=request.pk).update(state=RequestState.SENDING, tries=1, lease_until=past)

    disputes.answer_lease_expired(request_id=request.pk, now=timezone.now())
    disputes.answer_execute(request_id=request.pk, now=timezone.now())

    request.refresh_from_db()
    assert (request.state, request.tries) == (RequestState.UNKNOWN, 1)
    assert bank.seen(dispute.gateway_id)[1] == "WITH_MERCHANT"


def test_the_sweep_publishes_an_answer_whose_message_was_lost(dispute: Dispute, clerk: User) -> None:
    accept(dispute, clerk)
    later = timezone.now() + timedelta(minutes=1)

    published = DueDisputeAnswers().publish_due(now=later, limit=10)

    assert published == 1
    assert DueDisputeAnswers().publish_due(now=later, limit=10) == 0


def test_an_answer_that_comes_too_late_is_refused_and_the_loss_recorded(
    dispute: Dispute, invoice: Invoice, bank: Bank, clerk: User
) -> None:
    request = challenge(dispute, clerk)
    bank.later(days=21)

    send(request)
    bank.pull()

    assert (request.state, request.failure, request.error_code) == ("failed", RequestFailure.REFUSED, "40060")
    dispute.refresh_from_db()
    assert (dispute.status, dispute.result) == ("CLOSED", "LOST")
    assert stands(invoice) == ("0.00", "0.00", "100.00")


def test_a_deadline_that_passed_here_refuses_the_answer(dispute: Dispute, clerk: User) -> None:
    late = timezone.now() + timedelta(days=30)

    with pytest.raises(DisputeNotAnswerable, match=r"Nothing was sent; the money is where it was. The deadline"):
        accept(dispute, clerk, now=late)

    assert dispute.requests.count() == 0


def test_a_second_person_cannot_answer_what_is_on_its_way(dispute: Dispute, clerk: User) -> None:
    accept(dispute, clerk)

    with pytest.raises(DisputeNotAnswerable, match="An answer is on its way"):
        challenge(dispute, clerk)

    assert dispute.requests.count() == 1


def test_an_answer_to_a_page_that_is_old_is_refused(dispute: Dispute, bank: Bank, clerk: User) -> None:
    seen = dispute.steps.latest("pk").pk
    bank.advance(dispute.gateway_id, stage="REVERSAL")
    bank.tell(dispute.gateway_id)

    with pytest.raises(DisputeMoved):
        accept(dispute, clerk, after=seen)

    assert dispute.requests.count() == 0


def test_accepting_needs_a_note(dispute: Dispute, clerk: User) -> None:
    with pytest.raises(NoteRequired):
        accept(dispute, clerk, note="  ")

    assert dispute.requests.count() == 0


def test_a_challenge_without_evidence_sends_nothing(dispute: Dispute, clerk: User) -> None:
    with pytest.raises(EvidenceRefused, match="a challenge needs evidence"):
        challenge(dispute, clerk, letter=" ")

    assert dispute.requests.count() == 0


def test_a_retrieval_takes_one_document_only(charge: PaymentTransaction, bank: Bank, clerk: User) -> None:
    dispute = bank.tell(bank.open(charge, stage="RETRIEVAL"))
    kept = proof(dispute, clerk)

    with pytest.raises(EvidenceRefused, match="one single document"):
        challenge(dispute, clerk, evidence_ids=[kept.pk])
    request = send(challenge(dispute, clerk, evidence_ids=[kept.pk], letter=""))

    assert request.state == RequestState.DONE
    assert bank.seen(dispute.gateway_id) == ("RETRIEVAL", "CLOSED", "FULFILLED")
    assert moves(charge.payment) == []


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.pdf", b"", "empty.pdf is empty"),
        ("tool.pdf", b"MZ\x90\x00", "tool.pdf is no PDF, JPEG, PNG or TIFF file"),
        ("huge.pdf", b"%PDF-" + b"0" * (25 * 1024 * 1024), "huge.pdf has 25.0 MB; at most 25.0 MB are kept"),
    ],
)
def test_a_file_that_proves_nothing_is_not_kept(
    dispute: Dispute, clerk: User, name: str, content: bytes, words: str
) -> None:
    with pytest.raises(EvidenceRefused, match=words):
        proof(dispute, clerk, name=name, content=content)

    assert dispute.evidence.count() == 0


def test_a_document_larger_than_the_gateway_takes_stays_here(dispute: Dispute, clerk: User) -> None:
    kept = proof(dispute, clerk, content=b"%PDF-" + b"0" * settings.OROPAY_DISPUTE_DOCUMENT_BYTES)

    with pytest.raises(EvidenceRefused, match="too large for the gateway"):
        challenge(dispute, clerk, evidence_ids=[kept.pk])

    assert list(evidence_offered(dispute=dispute)) == []
    assert dispute.requests.count() == 0


def test_what_an_earlier_stage_carried_may_be_sent_again(dispute: Dispute, bank: Bank, clerk: User) -> None:
    kept = proof(dispute, clerk)
    first = send(challenge(dispute, clerk, evidence_ids=[kept.pk], letter=""))
    dispute.refresh_from_db()
    nothing = list(evidence_offered(dispute=dispute))
    bank.advance(dispute.gateway_id, stage="SECOND_CHARGEBACK")
    again = bank.tell(dispute.gateway_id)

    second = send(challenge(again, clerk, evidence_ids=[kept.pk], letter=""))

    assert nothing == []
    assert (first.state, second.state) == (RequestState.DONE, RequestState.DONE)
    assert list(first.evidence.all()) == list(second.evidence.all()) == [kept]
    assert bank.seen(dispute.gateway_id) == ("SECOND_CHARGEBACK", "UNDER_REVIEW", "PENDING")


@pytest.mark.parametrize("when", ["before", "after"])
def test_documents_of_an_earlier_stage_prove_no_later_answer(
    dispute: Dispute, bank: Bank, clerk: User, when: str
) -> None:
    send(challenge(dispute, clerk))
    bank.advance(dispute.gateway_id, stage="SECOND_CHARGEBACK")
    again = bank.tell(dispute.gateway_id)
    swallow(bank, "challenge", when=when)
    second = send(challenge(again, clerk))

    look_until_it_ends(second)

    if when == "after":
        assert (second.state, second.failure) == (RequestState.DONE, "")
    else:
        assert (second.state, second.failure) == (RequestState.FAILED, RequestFailure.NEVER_ARRIVED)
        assert answerable(dispute=again, now=timezone.now()).now


def test_withdrawn_evidence_is_kept_and_not_offered(dispute: Dispute, clerk: User) -> None:
    kept = proof(dispute, clerk)

    evidence_withdraw(evidence=kept, by=clerk, now=timezone.now())

    assert list(evidence_offered(dispute=dispute)) == []
    assert dispute.evidence.count() == 1


def test_evidence_that_was_sent_cannot_be_withdrawn(dispute: Dispute, clerk: User) -> None:
    kept = proof(dispute, clerk)
    send(challenge(dispute, clerk, evidence_ids=[kept.pk], letter=""))

    with pytest.raises(EvidenceRefused, match="sent to the gateway already"):
        evidence_withdraw(evidence=kept, by=clerk, now=timezone.now())
