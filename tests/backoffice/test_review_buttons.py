"""Releasing and canceling what the gateway holds for fraud, and accepting a card check, through HTTP."""

import re
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from moneyed import Money

from commerce.models import User
from oropay import engine
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Alert,
    CardCheck,
    CheckPolicy,
    Integration,
    Payment,
    PaymentTransaction,
)
from plumbing.models import Note
from tests.backoffice.conftest import Opened, address, dialog, moves, newest, page
from tests.factories import NOON
from tests.invoices.house import House, payable_of


@dataclass(frozen=True)
class Said:
    """What an answer says of card and buyer."""

    verdict: Verdict = Verdict.APPROVED
    risk: str = "ACCEPTED"
    avs: str = "MATCHED"
    cvv: str = "MATCHED"


def answered(house: House, payment: Payment, said: Said) -> Payment:
    row = payment.transactions.get()
    answer = Answer(
        verdict=said.verdict,
        gateway_id=f"TRN_{row.pk}",
        amount=Money(row.amount, row.currency),
        risk=said.risk,
        avs_address=said.avs,
        avs_postal_code=said.avs,
        cvv=said.cvv,
    )
    engine.record(transaction_id=row.pk, answer=answer, kind="send", now=NOON)
    return Payment.objects.get(pk=payment.pk)


@pytest.fixture
def in_review(house: House) -> Payment:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    return answered(house, payment, Said(verdict=Verdict.REVIEW, risk="PENDING_REVIEW"))


@pytest.fixture
def turned_away(house: House) -> Payment:
    """What our own card-check policy refused: in review until it is given back."""
    Integration.objects.filter(pk=house.integration.pk).update(cvv_not_matched=CheckPolicy.REFUSE)
    house.integration.refresh_from_db()
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    return answered(house, payment, Said(cvv="NOT_MATCHED"))


@pytest.fixture
def to_look_at(house: House) -> Payment:
    Integration.objects.filter(pk=house.integration.pk).update(cvv_not_matched=CheckPolicy.REVIEW)
    house.integration.refresh_from_db()
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    return answered(house, payment, Said(cvv="NOT_MATCHED"))


def shown(client: Client, payment: Payment) -> str:
    return " ".join(client.get(page(payment)).content.decode().split())


def test_a_payment_in_review_offers_release_and_cancel_and_says_what_the_filter_said(
    in_review: Payment, administrator: User, opened: Opened
) -> None:
    content = shown(opened(administrator), in_review)

    assert "Release from review" in content
    assert "Cancel authorization" in content
    assert "Suspicious: held for review" in content
    assert "Held for a fraud review: nothing is booked." in content


def test_release_queues_one_row_with_the_note(in_review: Payment, clerk: User, opened: Opened) -> None:
    client = opened(clerk)
    sentence = client.get(address(in_review, "release")).content.decode()

    response = dialog(client, in_review, "release", note="called them", after=newest(in_review))

    assert "and booked; what it pays is paid." in sentence
    assert response.status_code == 302
    assert moves(in_review) == [("charge", "100.00", "review"), ("review_release", "100.00", "queued")]
    assert Note.objects.latest("pk").text == "called them"
    assert address(in_review, "release") not in shown(client, in_review)


def test_cancel_of_a_review_says_that_nothing_is_taken(in_review: Payment, administrator: User, opened: Opened) -> None:
    client = opened(administrator)
    sentence = client.get(address(in_review, "cancel")).content.decode()

    dialog(client, in_review, "cancel", reason="fraud", note="stolen card", after=newest(in_review))

    assert "is not accepted: what the gateway holds" in sentence
    assert moves(in_review) == [("charge", "100.00", "review"), ("cancel", "100.00", "queued")]


def test_who_may_not_release_queues_nothing(in_review: Payment, house: House, opened: Opened, stranger: User) -> None:
    outsider = dialog(opened(stranger), in_review, "release", note="mine", after=newest(in_review))

    assert outsider.status_code == 404
    assert moves(in_review) == [("charge", "100.00", "review")]


def test_a_card_check_is_shown_in_words_and_accepted_with_a_note(
    to_look_at: Payment, clerk: User, opened: Opened
) -> None:
    client = opened(clerk)
    before = shown(client, to_look_at)

    dialog(client, to_look_at, "accept_check", note="spoke to the bank", after=newest(to_look_at))

    assert "the security code is wrong" in before
    assert "Does not match" in before
    check = CardCheck.objects.get()
    assert (check.accepted_by, check.note) == (clerk, "spoke to the bank")
    assert Alert.objects.get().resolved_at is not None
    after = shown(client, to_look_at)
    assert "spoke to the bank" in after
    assert "Accept card check" not in after


def test_a_declined_payment_shows_its_reason_in_lists_and_on_its_page(
    house: House, administrator: User, opened: Opened
) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    row = payment.transactions.get()
    answer = Answer(verdict=Verdict.DECLINED, gateway_id="TRN_9", result_code="103", message="LOST OR STOLEN")
    engine.record(transaction_id=row.pk, answer=answer, kind="send", now=NOON)
    client = opened(administrator)

    listing = client.get("/admin/oropay/paymenttransaction/").content.decode()

    assert "Reported lost or stolen. Do not tell the buyer. (103)" in listing
    assert "Reported lost or stolen. Do not tell the buyer." in shown(client, payment)
    assert PaymentTransaction.objects.get().message == "LOST OR STOLEN"


def test_a_reversal_that_pauses_is_not_said_to_be_with_the_gateway(
    turned_away: Payment, administrator: User, opened: Opened
) -> None:
    client = opened(administrator)
    under_way = client.get(page(turned_away)).content.decode()
    again_at = timezone.now() + timedelta(minutes=50)
    turned_away.transactions.filter(action="cancel").update(queued_at=again_at, next_at=again_at)

    content = client.get(page(turned_away)).content.decode()

    assert "Cancel $100.00 is with the gateway now" in under_way
    assert 'hx-trigger="every 2s"' in under_way
    assert "is with the gateway now" not in content
    assert re.search(rf"Cancel \$100.00 was not done yet: .* again by itself at .*:{again_at:%M:%S}, or", content)
    assert 'hx-trigger="every 30s"' in content


def test_what_the_card_check_holds_is_not_said_to_be_releasable(
    turned_away: Payment, in_review: Payment, administrator: User, opened: Opened
) -> None:
    client = opened(administrator)
    turned_away.transactions.filter(action="cancel").update(state="sending")
    turned_away.transactions.filter(action="cancel").update(state="failed", failure_reason="refused", ended_at=NOON)

    ours, theirs = (client.get(page(payment)).content.decode() for payment in (turned_away, in_review))

    assert "it cannot be released here. Cancel it, and nothing is taken." in ours
    assert "Release it if it is good" not in ours
    assert address(turned_away, "release") not in ours
    assert "Release it if it is good" in theirs
