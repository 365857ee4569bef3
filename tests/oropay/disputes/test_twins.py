"""A dispute that several accounts of one merchant are told of: one of them sees to it."""

from dataclasses import replace
from datetime import timedelta

import pytest
from django.utils import timezone

from commerce.models import User
from oropay.engine import disputes
from oropay.exceptions import DisputeNotAnswerable, LinkRefused
from oropay.models import (
    Dispute,
    DisputeRequest,
    PaymentTransaction,
    RequestState,
)
from oropay.services.dispute import answerable, deadlines_watch
from tests.invoices.house import House
from tests.oropay.disputes.conftest import Bank, accept, challenge, mails, moves, send
from tests.oropay.disputes.told import recorded, yen_beside


def test_an_account_that_shares_its_merchant_keeps_no_case_about_a_sale_of_the_other(
    charge: PaymentTransaction, bank: Bank
) -> None:
    ours, unknown = bank.open(charge), bank.open_elsewhere()
    other = yen_beside(bank.account)

    replace(bank, account=other).pull()
    bank.pull()

    assert Dispute.objects.get(gateway_id=ours).provider_account == bank.account
    assert Dispute.objects.filter(gateway_id=unknown, provider_account=other, transaction=None).exists()


@pytest.fixture
def twins(bank: Bank) -> tuple[Dispute, Dispute]:
    """A dispute of no payment that we know, as each of two accounts keeps it."""
    name = bank.open_elsewhere()
    return bank.tell(name), replace(bank, account=yen_beside(bank.account)).tell(name)


def test_a_dispute_that_one_account_has_linked_is_dealt_with_there_alone(
    house: House, charge: PaymentTransaction, twins: tuple[Dispute, Dispute], finance: User, clerk: User
) -> None:
    ours, twin = twins
    until = twin.respond_by
    assert until is not None
    disputes.dispute_link(dispute=ours, transaction=charge, note="this one", by=clerk, now=timezone.now())
    before = moves(charge.payment)

    with pytest.raises(LinkRefused, match="“Sandbox” keeps this dispute too and has linked it"):
        disputes.dispute_link(dispute=twin, transaction=charge, note="this?", by=clerk, now=timezone.now())
    for answer in (accept, challenge):
        with pytest.raises(DisputeNotAnswerable, match="“Sandbox” keeps this dispute too"):
            answer(twin, clerk)
    told = deadlines_watch(now=until - timedelta(days=1))

    assert (told, list(Dispute.objects.filter(notices__kind="near"))) == (1, [ours])
    assert moves(charge.payment) == before == [("chargeback", "80.00")]
    assert not DisputeRequest.objects.exists()
    assert answerable(dispute=ours, now=timezone.now()).now


def test_what_becomes_of_a_dispute_is_told_only_by_the_account_that_has_linked_it(
    charge: PaymentTransaction, twins: tuple[Dispute, Dispute], bank: Bank, finance: User, clerk: User
) -> None:
    ours, twin = twins
    disputes.dispute_link(dispute=ours, transaction=charge, note="this one", by=clerk, now=timezone.now())
    bank.advance(ours.gateway_id, result="LOST")

    for account in (bank.account, twin.provider_account):
        replace(bank, account=account).tell(ours.gateway_id)

    twin.refresh_from_db()
    assert twin.result == "LOST"
    assert list(Dispute.objects.filter(notices__kind="lost")) == [ours]


def test_a_dispute_that_another_account_hears_of_later_is_not_announced_again(
    charge: PaymentTransaction, bank: Bank, finance: User, clerk: User
) -> None:
    name = bank.open_elsewhere()
    ours = bank.tell(name)
    disputes.dispute_link(dispute=ours, transaction=charge, note="this one", by=clerk, now=timezone.now())
    before = mails()

    twin = replace(bank, account=yen_beside(bank.account)).tell(name)

    assert (twin.transaction, twin.notices.count()) == (None, 0)
    assert mails() == before != []


def test_a_dispute_finds_its_payment_by_itself_only_once_the_link_of_its_twin_is_undone(
    charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)
    twin = recorded(yen_beside(bank.account), None, name=name)
    Dispute.objects.filter(pk=twin.pk).update(transaction=charge)

    before = (bank.tell(name).transaction, moves(charge.payment))
    Dispute.objects.filter(pk=twin.pk).update(transaction=None)
    linked = bank.tell(name)

    assert before == (None, [])
    assert linked.transaction == charge
    assert moves(charge.payment) == [("chargeback", "100.00")]


def test_a_dispute_that_one_account_answers_is_not_answered_by_the_other_and_its_deadline_is_watched(
    twins: tuple[Dispute, Dispute], bank: Bank, finance: User, clerk: User
) -> None:
    ours, twin = twins
    until = twin.respond_by
    assert until is not None
    request = challenge(twin, clerk)

    with pytest.raises(DisputeNotAnswerable, match="“Yen” keeps this dispute too"):
        accept(ours, clerk)
    stuck = deadlines_watch(now=until - timedelta(days=1))
    send(request)
    Dispute.objects.update(status="WITH_MERCHANT")  # as long as nobody has read it again
    delivered = deadlines_watch(now=until + timedelta(days=1))

    assert request.state == RequestState.DONE
    assert (stuck, delivered) == (2, 0)
    assert not answerable(dispute=ours, now=timezone.now()).now
