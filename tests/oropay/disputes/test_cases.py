"""How cases come to be: pulled or pushed, with a payment or without, and who hears of them."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from commerce.models import User
from invoices.models import Invoice
from ledger.models import AccountName
from oropay import engine
from oropay.engine import disputes
from oropay.exceptions import LinkRefused
from oropay.models import (
    Alert,
    AlertKind,
    Dispute,
    DisputeStep,
    MoneyState,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    StepSource,
)
from oropay.services import capture_start, reauthorize_start
from oropay.services.dispute import deadlines_watch, dispute_assign, finance_of
from oropay.vault.keys import payload_rows
from plumbing.exceptions import SomeNotDone
from plumbing.models import JobState, Mail
from tests.contract.samples import follow_up
from tests.factories import StaffFactory
from tests.invoices.house import House, posted_lines
from tests.oropay.disputes.conftest import Bank, Pay, mails, moves, stands
from tests.oropay.disputes.told import yen_beside
from tests.oropay.house import arrive, prove_absent
from tests.oropay.test_schedules import run_task


def test_a_pull_finds_a_dispute_that_nobody_told_us_of(
    invoice: Invoice, charge: PaymentTransaction, bank: Bank
) -> None:
    name = bank.open(charge)

    pulled, again = bank.pull(), bank.pull()

    assert (pulled, again) == (disputes.Pulled(read=1, new=1), disputes.Pulled(read=1, new=0))
    dispute = Dispute.objects.get(gateway_id=name)
    assert dispute.transaction == charge
    assert [step.source for step in dispute.steps.all()] == [StepSource.PULLED]


def test_the_regular_pull_finds_a_dispute_that_nobody_told_us_of(charge: PaymentTransaction, bank: Bank) -> None:
    name = bank.open(charge)

    job = run_task("oropay.disputes-pull", now=timezone.now())

    assert (job.state, job.error) == (JobState.DONE, "")
    dispute = Dispute.objects.get()
    assert (dispute.gateway_id, dispute.transaction) == (name, charge)
    assert moves(charge.payment) == [("chargeback", "100.00")]


def test_a_silent_gateway_keeps_no_other_account_from_the_regular_pull_which_is_tried_again(bank: Bank) -> None:
    name = bank.open_elsewhere()
    other = yen_beside(bank.account)
    ProviderAccount.objects.filter(pk=bank.account.pk).update(service_url="http://127.0.0.1:9/ucp")

    job = run_task("oropay.disputes-pull", now=timezone.now())

    assert [(row.gateway_id, row.provider_account) for row in Dispute.objects.all()] == [(name, other)]
    assert (job.state, "GatewayUnavailable" in job.error, other.name in job.error) == (JobState.QUEUED, True, False)


def test_the_records_of_a_dispute_need_their_payload_key(charge: PaymentTransaction, bank: Bank) -> None:
    before = sum(payload_rows().values())
    bank.open(charge)

    bank.pull()

    assert DisputeStep.objects.count() == 1
    assert sum(payload_rows().values()) == before + 1


def test_a_dispute_that_cannot_be_kept_hides_no_other(house: House, pay: Pay, bank: Bank) -> None:
    broken, sound = (bank.open(pay({house.posted("100.00"): "100.00"})) for _ in range(2))
    with connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE oropay_dispute ADD CONSTRAINT broken CHECK (gateway_id <> '{broken}')")

    with pytest.raises(SomeNotDone, match=f"dispute {broken}: IntegrityError"):
        bank.pull()

    assert [row.gateway_id for row in Dispute.objects.all()] == [sound]


def test_a_dispute_pushed_before_it_is_pulled_is_one_case(charge: PaymentTransaction, bank: Bank) -> None:
    bank.tell(bank.open(charge))

    pulled = bank.pull()

    assert pulled == disputes.Pulled(read=1, new=0)
    assert Dispute.objects.count() == 1
    assert moves(charge.payment) == [("chargeback", "100.00")]


def test_a_push_about_a_dispute_the_gateway_does_not_know_makes_no_case(bank: Bank) -> None:
    found = disputes.dispute_reread(provider_account=bank.account, gateway_id="DIS_nobody_knows_it", now=timezone.now())

    assert found is None
    assert Dispute.objects.count() == 0


def test_an_open_dispute_is_read_however_old_it_is(charge: PaymentTransaction, invoice: Invoice, bank: Bank) -> None:
    name = bank.open(charge, days=365)
    bank.tell(name)
    Dispute.objects.update(stage_at=timezone.now() - timedelta(days=200))
    bank.advance(name, result="LOST")

    disputes.disputes_pull(provider_account=bank.account, days=1, now=timezone.now())

    assert stands(invoice) == ("0.00", "0.00", "100.00")


def test_a_reading_asked_for_earlier_that_comes_later_is_dropped(
    charge: PaymentTransaction, invoice: Invoice, bank: Bank
) -> None:
    name = bank.open(charge)
    old = bank.sandbox.gateway().dispute(gateway_id=name)
    asked = timezone.now()
    assert old is not None
    bank.advance(name, result="WON")
    bank.tell(name)

    disputes.dispute_record(
        provider_account=bank.account, told=old, source=StepSource.TOLD, asked_at=asked, now=timezone.now()
    )

    assert Dispute.objects.get().result == "WON"
    assert moves(charge.payment) == []


def test_a_dispute_of_a_sale_made_past_us_is_a_case_without_payment_until_finance_links_it(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    name = bank.open_elsewhere()
    dispute = bank.tell(name)
    unlinked = (dispute.transaction_id is None, len(moves(charge.payment)), house.book(AccountName.DISPUTES_RECEIVABLE))

    linked = disputes.dispute_link(
        dispute=dispute, transaction=charge, note="the customer says it is this one", by=clerk, now=timezone.now()
    )

    assert unlinked == (True, 0, Decimal(0))
    assert linked.transaction == charge
    assert moves(charge.payment) == [("chargeback", "80.00")]
    assert stands(invoice) == ("100.00", "80.00", "0.00")
    with pytest.raises(LinkRefused, match="It has a payment already"):
        disputes.dispute_link(dispute=dispute, transaction=charge, note="again", by=clerk, now=timezone.now())


def test_a_lost_dispute_that_is_linked_later_is_booked_whole(
    house: House, invoice: Invoice, charge: PaymentTransaction, bank: Bank, clerk: User
) -> None:
    name = bank.open_elsewhere()
    bank.advance(name, result="LOST")
    dispute = bank.tell(name)

    disputes.dispute_link(dispute=dispute, transaction=charge, note="found it", by=clerk, now=timezone.now())

    assert moves(charge.payment) == [("chargeback", "80.00"), ("chargeback_lost", "80.00")]
    assert stands(invoice) == ("20.00", "0.00", "80.00")


def test_a_charge_worth_less_than_the_dispute_cannot_be_the_one(
    house: House, pay: Pay, bank: Bank, clerk: User
) -> None:
    small = house.posted("10.00")
    charge = pay({small: "10.00"})
    dispute = bank.tell(bank.open_elsewhere())

    with pytest.raises(LinkRefused, match=r"a payment that took at least \$80.00"):
        disputes.dispute_link(dispute=dispute, transaction=charge, note="this?", by=clerk, now=timezone.now())

    assert moves(charge.payment) == []


def test_finance_is_told_once_of_each_turn(
    charge: PaymentTransaction, invoice: Invoice, bank: Bank, finance: User
) -> None:
    name = bank.open(charge)
    bank.tell(name)
    bank.pull()
    bank.advance(name, result="LOST")
    bank.tell(name)
    bank.pull()

    assert mails() == [
        ("finance@north.test", "Chargeback: $100.00"),
        ("finance@north.test", "Dispute over $100.00: lost"),
    ]
    opened, lost = Mail.objects.filter(to="finance@north.test").order_by("pk")
    assert f"Paid: {invoice.number}" in opened.text
    assert "(20 days left)" in opened.text
    assert f"/admin/oropay/dispute/{Dispute.objects.get().pk}/change/" in opened.text
    assert f"is due again: {invoice.number}" in lost.text


def test_a_deadline_that_nears_and_passes_unanswered_is_told_once_each(
    charge: PaymentTransaction, bank: Bank, finance: User
) -> None:
    dispute = bank.tell(bank.open(charge))
    assert dispute.respond_by is not None
    before, near, over = (dispute.respond_by + timedelta(days=days) for days in (-6, -4, 1))

    told = [deadlines_watch(now=at) for at in (before, near, near, over, over)]

    assert told == [0, 1, 0, 1, 0]
    assert [subject for _to, subject in mails()] == [
        "Chargeback: $100.00",
        "Dispute over $100.00: the deadline is near",
        "Dispute over $100.00: the deadline has passed",
    ]
    alert = Alert.objects.get(kind=AlertKind.DISPUTE_UNANSWERED)
    assert alert.transaction == charge


def test_whoever_owns_the_case_or_the_integration_is_told_too(
    house: House, charge: PaymentTransaction, bank: Bank, finance: User
) -> None:
    owner, keeper = (StaffFactory.create(organization=house.seller) for _ in range(2))
    house.integration.owner = keeper
    house.integration.save()
    dispute = bank.tell(bank.open(charge))

    dispute_assign(dispute=dispute, owner=owner, by=house.clerk)

    dispute.refresh_from_db()
    assert finance_of(dispute=dispute) == sorted([finance, owner, keeper], key=lambda one: one.pk)


def test_two_captures_of_one_hold_dispute_the_one_that_is_large_enough(
    house: House, bank: Bank, pay: Pay, clerk: User
) -> None:
    house.hold_at_checkout()
    order = house.order("100.00")
    hold = pay({order.payable: "100.00"})
    capture = capture_start(hold=hold, amount=Decimal("70.00"), by=clerk, now=timezone.now())
    engine.execute(transaction_id=capture.pk, now=timezone.now())
    name = bank.open(hold, amount=7000)

    dispute = bank.tell(name)

    assert dispute.transaction == capture
    assert Payment.objects.get(pk=hold.payment_id).money_state == MoneyState.DISPUTED
    row = hold.payment.transactions.get(action="chargeback")
    assert posted_lines(f"transaction:{row.pk}") == [{"disputes_receivable": "70.00", "gateway_clearing": "-70.00"}]


def test_a_dispute_of_a_charge_that_came_late_finds_it_by_the_reference_it_was_sent_with(
    house: House, bank: Bank, pay: Pay
) -> None:
    bank.sandbox.control(
        "/rules", {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"drop": {"when": "before"}}}
    )
    row = pay({house.order("100.00").payable: "100.00"})
    prove_absent(row)
    arrive(row)
    engine.watch(transaction_id=row.pk, now=timezone.now())
    late = PaymentTransaction.objects.get(late=True)
    name = bank.open(late)

    dispute = bank.tell(name)

    assert dispute.transaction == late
    assert moves(late.payment) == [("chargeback", "100.00")]
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 100


def test_a_dispute_of_a_capture_of_a_renewed_hold_is_linked_to_it(
    house: House, bank: Bank, pay: Pay, clerk: User
) -> None:
    house.hold_at_checkout()
    hold = pay({house.order("100.00").payable: "100.00"})
    bank.sandbox.gateway().cancel(follow_up(hold.gateway_id))
    renewal = reauthorize_start(hold=hold, by=None, now=hold.created_at + timedelta(days=7, hours=2))
    PaymentTransaction.objects.filter(pk=renewal.pk).update(created_at=timezone.now())
    engine.execute(transaction_id=renewal.pk, now=timezone.now())
    renewal.refresh_from_db()
    capture = capture_start(hold=renewal, amount=Decimal("100.00"), by=clerk, now=timezone.now())
    engine.execute(transaction_id=capture.pk, now=timezone.now())

    dispute = bank.tell(bank.open(renewal))

    assert dispute.transaction == capture
    assert moves(hold.payment) == [("chargeback", "100.00")]
    assert house.book(AccountName.DISPUTES_RECEIVABLE) == 100
