"""Answers that the gateway has not got: they wait while it is away, people are told, and may take them back."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone
from pytest_django import Settings

from commerce.models import User
from oropay.engine.health import health_note
from oropay.engine.ladder import next_answer
from oropay.exceptions import DisputeNotAnswerable, NoteRequired, WithdrawalRefused
from oropay.models import (
    Alert,
    AlertKind,
    Dispute,
    DisputeRequest,
    Integration,
    PaymentTransaction,
    ProviderAccount,
    ProviderHealth,
    RequestFailure,
    RequestState,
)
from oropay.selectors import answers_undelivered
from oropay.services.dispute import (
    answerable,
    deadlines_watch,
    dispute_answer_withdraw,
    evidence_offered,
)
from plumbing.models import Mail
from plumbing.selectors import notes_on
from tests.factories import NOON
from tests.oropay.disputes.conftest import Bank, accept, challenge, look_until_it_ends, mails, send, swallow
from tests.oropay.disputes.test_answers import proof

R = RequestState
NOT_DELIVERED = "Dispute over $100.00: our answer was not delivered"
NEAR = "Dispute over $100.00: the deadline is near"


def shut(bank: Bank, *, how: str) -> None:
    """Nobody listens at the gateway's address, or the gateway turns our answers away at the door."""
    if how == "no connection":
        ProviderAccount.objects.filter(pk=bank.account.pk).update(service_url="http://127.0.0.1:9/ucp")
    else:
        rule = {"match": {"method": "POST"}, "action": {"too_many": {"when": "before"}}, "times": None}
        bank.sandbox.control("/rules", rule)


def opened_again(bank: Bank) -> None:
    ProviderAccount.objects.filter(pk=bank.account.pk).update(service_url=bank.sandbox.url)
    bank.sandbox.calm()


def answer_by(dispute: Dispute, moment: datetime) -> None:
    """Let the deadline be another."""
    Dispute.objects.filter(pk=dispute.pk).update(respond_by=moment)
    dispute.refresh_from_db()


def withdraw(dispute: Dispute, by: User, note: str = "the letter names the wrong order") -> DisputeRequest:
    return dispute_answer_withdraw(dispute=dispute, note=note, by=by, now=timezone.now())


def subjects() -> list[str]:
    return [subject for _to, subject in mails()]


@pytest.mark.parametrize("how", ["no connection", "turned away"])
def test_an_answer_waits_with_growing_pauses_until_the_gateway_can_be_reached(
    dispute: Dispute, bank: Bank, clerk: User, settings: Settings, how: str
) -> None:
    settings.OROPAY_DISPUTE_STEPS = [timedelta(seconds=10), timedelta(minutes=5), timedelta(hours=2)]
    shut(bank, how=how)
    request = challenge(dispute, clerk)
    pauses = []
    for _try in range(5):
        began = timezone.now()
        send(request)
        assert request.next_at is not None
        pauses.append(round((request.next_at - began).total_seconds() / 60))
    waited = (request.state, request.tries, request.waits)
    listed = list(answers_undelivered(disputes=Dispute.objects.all()))
    opened_again(bank)

    send(request)

    assert pauses == [0, 5, 120, 120, 120]
    assert waited == (R.QUEUED, 5, True)
    assert listed == [dispute]
    assert (request.state, request.tries) == (R.DONE, 6)
    assert bank.seen(dispute.gateway_id) == ("CHARGEBACK", "UNDER_REVIEW", "PENDING")
    assert not answers_undelivered(disputes=Dispute.objects.all()).exists()


@pytest.mark.parametrize("how", ["turned away", "no key"])
def test_an_answer_that_the_gateway_turns_away_asks_people_to_repair_what_keeps_it(
    finance: User,
    dispute: Dispute,
    charge: PaymentTransaction,
    bank: Bank,
    clerk: User,
    how: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    Integration.objects.update(log_warnings=True)
    if how == "no key":
        ProviderAccount.objects.filter(pk=bank.account.pk).update(credentials=b"scrambled")
    else:
        shut(bank, how=how)
    until = dispute.respond_by
    assert until is not None

    request = send(challenge(dispute, clerk))
    deadlines_watch(now=until - timedelta(days=1))

    assert (request.waits, request.is_turned_away) == (True, True)
    alert = Alert.objects.get(kind=AlertKind.GATEWAY_REFUSES_US)
    assert (alert.transaction, alert.resolved_at) == (charge, None)
    assert f"The answer to dispute {dispute.gateway_id} is not sent: " in alert.text
    told = [record.message for record in caplog.records if record.name == "oropay.engine.problems"]
    assert [one.partition(": ")[2] for one in told] == [
        f"The answer to dispute {dispute.gateway_id} is not sent ({request.error_code})."
    ]
    assert "cannot be reached" not in Mail.objects.latest("pk").text
    assert "Our answer waits because the gateway refuses us" in Mail.objects.latest("pk").text


def test_only_an_outage_is_a_silence_that_ends(dispute: Dispute, bank: Bank, clerk: User) -> None:
    """An answer that is turned away would have itself sent anew by every good answer after it."""
    silent = ProviderHealth.objects.filter(provider_account=bank.account, silent_since__isnull=False)
    shut(bank, how="turned away")
    request = send(challenge(dispute, clerk))
    due = request.next_at
    health_note(provider_account_id=bank.account.pk, answers=True, now=timezone.now())
    request.refresh_from_db()
    assert (request.next_at, silent.exists()) == (due, False)
    shut(bank, how="no connection")

    send(request)

    assert silent.exists()


def test_an_outage_is_not_called_a_refusal(dispute: Dispute, bank: Bank, clerk: User) -> None:
    shut(bank, how="no connection")

    request = send(challenge(dispute, clerk))

    assert (request.waits, request.is_turned_away) == (True, False)
    assert not Alert.objects.filter(kind=AlertKind.GATEWAY_REFUSES_US).exists()


@pytest.mark.parametrize(
    ("became", "told"),
    [
        ({"state": "sending"}, ""),
        (
            {"state": "failed", "failure": "refused"},
            "Our last answer (Challenge) is not in effect: The gateway refused",
        ),
        ({"state": "withdrawn"}, "Our answer was withdrawn, and no other was given."),
    ],
)
def test_a_deadline_that_passed_after_an_answer_says_what_became_of_that(
    finance: User, dispute: Dispute, clerk: User, became: dict[str, str], told: str
) -> None:
    until = dispute.respond_by
    assert until is not None
    request = challenge(dispute, clerk)
    DisputeRequest.objects.filter(pk=request.pk).update(state="sending", tries=1, next_at=until + timedelta(hours=1))
    if became["state"] == "withdrawn":
        DisputeRequest.objects.filter(pk=request.pk).update(state="queued")
    if told:
        DisputeRequest.objects.filter(pk=request.pk).update(**became, ended_at=timezone.now())

    passed = deadlines_watch(now=until + timedelta(hours=1))

    assert passed == bool(told)
    assert "Nobody has answered" not in Mail.objects.latest("pk").text
    assert told in Mail.objects.latest("pk").text


def test_pauses_end_shortly_before_the_deadline(settings: Settings) -> None:
    settings.OROPAY_DISPUTE_STEPS = [timedelta(minutes=1), timedelta(hours=2)]
    settings.OROPAY_DISPUTE_GIVE_UP_BEFORE = timedelta(hours=4)
    minute = NOON + timedelta(minutes=1)

    def after(tries: int, *, left: timedelta | None) -> datetime | None:
        respond_by = None if left is None else NOON + left
        return next_answer(tries=tries, at_least_until=minute, respond_by=respond_by, now=NOON)

    assert after(1, left=timedelta(days=3)) == minute
    assert after(9, left=timedelta(days=3)) == NOON + timedelta(hours=2)
    assert after(9, left=timedelta(hours=5)) == NOON + timedelta(hours=1)
    assert after(9, left=timedelta(hours=1)) == minute
    assert after(9, left=None) == minute
    assert next_answer(tries=1, at_least_until=NOON, respond_by=NOON + timedelta(hours=4), now=NOON) is None


def test_an_answer_that_waited_until_its_deadline_was_near_is_given_up_and_told(
    finance: User, dispute: Dispute, charge: PaymentTransaction, bank: Bank, clerk: User, settings: Settings
) -> None:
    settings.OROPAY_DISPUTE_GIVE_UP_BEFORE = timedelta(hours=4)
    shut(bank, how="no connection")
    request = challenge(dispute, clerk)
    DisputeRequest.objects.filter(pk=request.pk).update(created_at=timezone.now() - timedelta(minutes=2))
    answer_by(dispute, timezone.now() + timedelta(hours=3))
    Dispute.objects.filter(pk=dispute.pk).update(stage_at=timezone.now() - timedelta(days=1))

    send(request)

    assert (request.state, request.failure, request.tries) == (R.FAILED, RequestFailure.NOT_SENT, 1)
    assert mails()[-1] == ("finance@north.test", NOT_DELIVERED)
    text = Mail.objects.latest("pk").text
    assert "Our answer (Challenge) is not in effect: It could not be sent." in text
    assert "Without another answer the bank decides against us." in text
    alert = Alert.objects.get(kind=AlertKind.DISPUTE_UNANSWERED, resolved_at=None)
    assert (alert.transaction, "was not delivered: It could not be sent" in alert.text) == (charge, True)
    assert list(answers_undelivered(disputes=Dispute.objects.all())) == [dispute]
    dispute.refresh_from_db()
    assert answerable(dispute=dispute, now=timezone.now()).now


def test_an_answer_that_never_arrived_is_told_once(finance: User, dispute: Dispute, bank: Bank, clerk: User) -> None:
    swallow(bank, "challenge", when="before")
    request = send(challenge(dispute, clerk))
    under_way = subjects()

    look_until_it_ends(request)
    look_until_it_ends(request)

    assert request.failure == RequestFailure.NEVER_ARRIVED
    assert under_way == ["Chargeback: $100.00"]
    assert subjects() == ["Chargeback: $100.00", NOT_DELIVERED]
    assert [notice.kind for notice in dispute.notices.order_by("pk")] == ["opened", "failed"]


def test_an_answer_that_the_gateway_refused_is_told(finance: User, dispute: Dispute, bank: Bank, clerk: User) -> None:
    request = accept(dispute, clerk)
    bank.later(days=21)

    send(request)

    assert request.failure == RequestFailure.REFUSED
    assert subjects()[-1] == NOT_DELIVERED


def test_a_deadline_that_nears_again_after_a_failed_answer_is_told_again(
    finance: User, dispute: Dispute, bank: Bank, clerk: User
) -> None:
    until = dispute.respond_by
    assert until is not None
    deadlines_watch(now=until - timedelta(days=5))
    swallow(bank, "challenge", when="before")
    request = send(challenge(dispute, clerk))
    look_until_it_ends(request)
    DisputeRequest.objects.filter(pk=request.pk).update(ended_at=until - timedelta(days=4))

    told = [deadlines_watch(now=until - timedelta(days=days)) for days in (3, 1, 1)]
    passed = deadlines_watch(now=until + timedelta(hours=1))

    assert (told, passed) == ([0, 1, 0], 1)
    assert subjects() == [
        "Chargeback: $100.00",
        NEAR,
        NOT_DELIVERED,
        NEAR,
        "Dispute over $100.00: the deadline has passed",
    ]


def test_an_answer_that_waits_does_not_hide_a_deadline(
    finance: User, dispute: Dispute, bank: Bank, clerk: User
) -> None:
    until = dispute.respond_by
    assert until is not None
    shut(bank, how="no connection")
    send(challenge(dispute, clerk))

    told = deadlines_watch(now=until - timedelta(days=1))

    assert (told, subjects()[-1]) == (1, NEAR)
    assert "Our answer waits because the gateway cannot be reached." in Mail.objects.latest("pk").text


def test_an_answer_that_is_being_sent_says_nothing_of_a_deadline(finance: User, dispute: Dispute, clerk: User) -> None:
    until = dispute.respond_by
    assert until is not None
    challenge(dispute, clerk)
    DisputeRequest.objects.update(next_at=until - timedelta(days=1))

    assert deadlines_watch(now=until - timedelta(days=1)) == 0


@pytest.mark.parametrize("state", [R.QUEUED, R.SENDING])
def test_an_answer_that_no_worker_takes_or_ends_does_not_hide_a_deadline(
    finance: User, dispute: Dispute, clerk: User, state: RequestState
) -> None:
    until = dispute.respond_by
    assert until is not None
    request = challenge(dispute, clerk)
    due = until - timedelta(days=1)
    DisputeRequest.objects.filter(pk=request.pk).update(state=state, next_at=due)

    told = [deadlines_watch(now=due + timedelta(minutes=minutes)) for minutes in (4, 6, 70)]
    passed = deadlines_watch(now=until + timedelta(hours=1))

    assert (told, passed) == ([0, 1, 0], 1)
    assert subjects()[-2:] == [NEAR, "Dispute over $100.00: the deadline has passed"]
    near, over = (mail.text for mail in Mail.objects.order_by("pk")[1:])
    unsent = ("Our answer has not been sent" in near, "Our answer was not sent in time" in over)
    assert unsent == (state == R.QUEUED, state == R.QUEUED)
    assert Alert.objects.filter(kind=AlertKind.DISPUTE_UNANSWERED, resolved_at=None).exists()


def test_the_first_good_answer_of_the_gateway_sends_what_waits(dispute: Dispute, bank: Bank, clerk: User) -> None:
    shut(bank, how="no connection")
    request = send(challenge(dispute, clerk))
    DisputeRequest.objects.update(next_at=timezone.now() + timedelta(hours=2))

    now = timezone.now()
    health_note(provider_account_id=bank.account.pk, answers=True, now=now)

    request.refresh_from_db()
    assert request.next_at == now


def test_an_answer_that_waited_while_the_dispute_went_on_is_not_sent(
    finance: User, dispute: Dispute, bank: Bank, clerk: User
) -> None:
    shut(bank, how="no connection")
    request = send(challenge(dispute, clerk))
    opened_again(bank)
    bank.advance(dispute.gateway_id, stage="REVERSAL")
    bank.tell(dispute.gateway_id)

    send(request)

    assert (request.state, request.failure, request.tries) == (R.FAILED, RequestFailure.DECIDED, 1)
    assert bank.sandbox.asked("/disputes/{id}/challenge") == []
    assert "no answer is asked for now" in Mail.objects.get(subject=NOT_DELIVERED).text
    assert not Alert.objects.filter(kind=AlertKind.DISPUTE_UNANSWERED).exists()


def test_an_answer_that_waits_can_be_taken_back_and_given_otherwise(dispute: Dispute, bank: Bank, clerk: User) -> None:
    kept = proof(dispute, clerk)
    shut(bank, how="no connection")
    request = send(challenge(dispute, clerk, evidence_ids=[kept.pk]))
    with pytest.raises(DisputeNotAnswerable, match="An answer waits until it can be sent; withdraw it"):
        accept(dispute, clerk)

    withdraw(dispute, clerk)
    opened_again(bank)
    send(request)

    assert (request.state, request.tries) == (R.WITHDRAWN, 1)
    assert request.ended_at is not None
    assert kept in evidence_offered(dispute=dispute)
    assert bank.seen(dispute.gateway_id)[1] == "WITH_MERCHANT"
    assert [note.text for note in notes_on(dispute)] == ["the letter names the wrong order"]
    assert send(accept(dispute, clerk)).state == R.DONE


def test_an_acceptance_that_was_taken_back_writes_nothing_off(dispute: Dispute, clerk: User) -> None:
    accept(dispute, clerk, not_pursued=True)

    withdraw(dispute, clerk)

    dispute.refresh_from_db()
    assert dispute.not_pursued is False


def test_what_is_sent_or_not_there_cannot_be_taken_back(dispute: Dispute, clerk: User) -> None:
    with pytest.raises(WithdrawalRefused, match="No answer waits to be sent"):
        withdraw(dispute, clerk)
    request = challenge(dispute, clerk)
    with pytest.raises(NoteRequired):
        withdraw(dispute, clerk, note=" ")
    DisputeRequest.objects.filter(pk=request.pk).update(state=R.SENDING, tries=1)

    with pytest.raises(WithdrawalRefused, match="No answer waits to be sent"):
        withdraw(dispute, clerk)

    request.refresh_from_db()
    assert request.state == R.SENDING
