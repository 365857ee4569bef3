"""What waits for a second person, through HTTP: asked for by one, decided by another, seen by nobody else."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from backoffice.display import list_of
from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import (
    Approval,
    ApprovalState,
    Instrument,
    InstrumentState,
    Payment,
    PaymentTransaction,
    RefundLimit,
)
from tests.backoffice.conftest import Opened, address, dialog, member, moves, newest, page
from tests.invoices.house import House, payable_of


@pytest.fixture
def second(house: House) -> User:
    """Another administrator."""
    return member(house, "Administrator")


@pytest.fixture
def waiting(house: House, charged: Payment, administrator: User, opened: Opened) -> Approval:
    """A refund of 40.00 above the limit of 10.00 a charge."""
    RefundLimit.objects.update_or_create(organization=house.seller, currency="USD", defaults={"per_charge": 10})
    part = charged.parts.get()
    dialog(
        opened(administrator),
        charged,
        "refund",
        **{f"from_{part.payable_id}": "40.00", "reason": "other", "note": "goodwill", "after": newest(charged)},
    )
    return Approval.objects.get()


def test_a_refund_above_the_limit_waits_and_its_page_offers_only_to_take_it_back(
    waiting: Approval, charged: Payment, administrator: User, opened: Opened
) -> None:
    shown = opened(administrator).get(page(waiting)).content.decode()

    assert moves(charged)[-1] == ("refund", "40.00", "awaiting_approval")
    assert address(waiting, "withdraw") in shown
    assert address(waiting, "agree") not in shown


def test_a_second_administrator_agrees_and_the_refund_is_queued(
    waiting: Approval, charged: Payment, second: User, opened: Opened
) -> None:
    response = dialog(opened(second), waiting, "agree")

    assert response.headers["Location"] == page(waiting)
    assert moves(charged)[-1] == ("refund", "40.00", "queued")
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by) == (ApprovalState.AGREED, second)


def test_posting_ones_own_agreement_is_refused_in_the_dialog(
    waiting: Approval, charged: Payment, administrator: User, opened: Opened
) -> None:
    response = dialog(opened(administrator), waiting, "agree")

    assert "Another person of this seller" in response.content.decode()
    assert moves(charged)[-1] == ("refund", "40.00", "awaiting_approval")


def test_a_clerk_sees_approvals_and_may_not_agree(
    waiting: Approval, charged: Payment, clerk: User, opened: Opened
) -> None:
    client = opened(clerk)

    listed = client.get(list_of(Approval, state__exact="waiting")).content.decode()
    dialog(client, waiting, "agree")

    assert "$40.00 goes back to" in listed
    assert moves(charged)[-1] == ("refund", "40.00", "awaiting_approval")


def test_a_stranger_sees_no_approval(waiting: Approval, stranger: User, opened: Opened) -> None:
    client = opened(stranger)

    assert client.get(page(waiting)).status_code == 404
    assert "goes back to" not in client.get(list_of(Approval)).content.decode()


def test_a_refusal_needs_a_remark_and_ends_the_refund(
    waiting: Approval, charged: Payment, second: User, opened: Opened
) -> None:
    client = opened(second)
    without = dialog(client, waiting, "refuse", remark="")
    dialog(client, waiting, "refuse", remark="not agreed")

    assert without.status_code == 200
    assert moves(charged)[-1] == ("refund", "40.00", "canceled")


def test_limits_are_proposed_by_one_and_take_hold_once_another_agrees(
    house: House, administrator: User, second: User, opened: Opened
) -> None:
    limits = RefundLimit.objects.get(organization=house.seller)
    dialog(opened(administrator), limits, "propose", per_charge="250", per_customer="", per_day="1000", note="policy")
    before = RefundLimit.objects.get().per_charge

    dialog(opened(second), Approval.objects.get(), "agree")

    after = RefundLimit.objects.get()
    assert before is None
    assert (after.per_charge, after.per_customer, after.per_day) == (Decimal(250), None, Decimal(1000))


def test_a_credit_is_asked_for_on_the_card_and_given_once_another_agrees(
    charged: Payment, administrator: User, second: User, opened: Opened
) -> None:
    Instrument.objects.update(state=InstrumentState.ACTIVE)
    card = Instrument.objects.get(payments=charged)
    asked = dialog(opened(administrator), card, "credit", amount="15.00", reason="other", note="goodwill")
    credit = Payment.objects.latest("pk")
    waits = moves(credit)

    dialog(opened(second), Approval.objects.get(), "agree")

    assert asked.headers["Location"] == page(credit)
    assert waits == [("credit", "15.00", "awaiting_approval")]
    assert moves(credit) == [("credit", "15.00", "queued")]


# -- verdicts -----------------------------------------------------------------------------------------------------


@pytest.fixture
def lost(house: House) -> Payment:
    """A payment of an invoice whose answer was lost two days ago."""
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    house.says(payment, Verdict.UNKNOWN)
    PaymentTransaction.objects.filter(payment=payment).update(unknown_since=timezone.now() - timedelta(days=2))
    return payment


def decide(client: Client, payment: Payment, **fields: object) -> object:
    return dialog(client, payment, "decide", **{"evidence": "support said so", "gateway_id": "", **fields})


def test_an_unknown_payment_is_listed_after_a_day_and_decided_by_two(
    lost: Payment, administrator: User, second: User, opened: Opened
) -> None:
    client = opened(administrator)
    listed = client.get(list_of(PaymentTransaction, undecided="yes")).content.decode()
    proof = SimpleUploadedFile("letter.pdf", b"%PDF-1", content_type="application/pdf")
    decide(client, lost, verdict="taken", gateway_id="TRN_support", document=proof)
    asked = Approval.objects.get()
    other = opened(second)
    file = other.get(reverse("admin:oropay_approval_evidence", args=[asked.pk]))

    dialog(other, asked, "agree")

    assert f"#{lost.transactions.get().pk}" in listed
    assert (file.content, file.headers["Content-Type"]) == (b"%PDF-1", "application/pdf")
    assert moves(lost) == [("charge", "100.00", "approved")]


def test_a_verdict_without_the_gateways_id_stays_in_the_dialog(
    lost: Payment, administrator: User, opened: Opened
) -> None:
    response = decide(opened(administrator), lost, verdict="taken")

    assert "id at the gateway" in response.content.decode()  # type: ignore[attr-defined]
    assert not Approval.objects.exists()


def test_a_young_unknown_offers_no_verdict(house: House, administrator: User, opened: Opened) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    house.says(payment, Verdict.UNKNOWN)
    PaymentTransaction.objects.filter(payment=payment).update(unknown_since=timezone.now())

    shown = opened(administrator).get(page(payment)).content.decode()

    assert address(payment, "decide") not in shown
