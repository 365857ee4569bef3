"""What a payment is headed and listed with: what was really taken and is still ours, and why nothing was."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from backoffice.nextsteps import NEXT
from backoffice.timeline import FAILURES, HEARD, NOT_SENT, SENTENCES
from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import Action, Alert, AlertKind, FailureReason, MoneyState, Payment, PaymentTransaction
from tests.backoffice.conftest import Opened, page
from tests.factories import NOON
from tests.invoices.house import House, payable_of


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


@pytest.fixture
def captured(house: House) -> Payment:
    """An order of 41.18, held, of which 30.00 were captured; the rest is released."""
    house.hold_at_checkout()
    payment = house.pay(house.order("41.18").payable, amounts=["41.18"])
    house.says(payment, Verdict.APPROVED)
    house.captured(payment, "30.00")
    payment.refresh_from_db()
    return payment


def heading(client: Client, row: Any) -> str:
    """The text of the page's only h1."""
    found = re.findall(r"<h1[^>]*>(.*?)</h1>", client.get(page(row)).content.decode(), re.DOTALL)
    assert len(found) == 1
    return " ".join(re.sub("<.*?>", "", found[0]).split())


def test_a_partial_capture_is_headed_with_what_was_taken(captured: Payment, client: Client) -> None:
    content = client.get(page(captured)).content.decode()

    assert heading(client, captured) == f"Payment #{captured.pk} · $30.00 captured of $41.18 held"
    assert "$11.18 of it was released" in content
    assert "Taken; on its way" not in content


def test_a_partial_refund_is_headed_with_what_is_left(house: House, client: Client) -> None:
    invoice = house.posted("224.93")
    payment = house.paid(payable_of(invoice), amounts=["224.93"])
    house.refunded(payment, "50.00", payable=payable_of(invoice))

    assert heading(client, payment) == f"Payment #{payment.pk} · $174.93 left of $224.93, $50.00 given back"


def test_money_that_the_bank_took_back_is_not_called_a_refund(house: House, client: Client) -> None:
    payment = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    charge = payment.transactions.get()
    PaymentTransaction.objects.create(
        payment=payment,
        parent=charge,
        action=Action.RETURN,
        amount=Decimal(100),
        currency="USD",
        state="approved",
        reference="RETURNED",
        created_at=NOON,
        ended_at=NOON,
    )

    assert heading(client, payment) == f"Payment #{payment.pk} · $0.00 left of $100.00, $100.00 taken back by the bank"


def test_lists_and_the_dashboard_have_a_column_of_what_is_ours(house: House, captured: Payment, client: Client) -> None:
    declined = house.pay(house.order("9.00").payable, amounts=["9.00"])
    house.says(declined, Verdict.DECLINED)

    dashboard = client.get(reverse("admin:index")).context["sections"][0]
    listing = client.get(reverse("admin:oropay_payment_changelist")).content.decode()

    amounts = [[re.sub("<.*?>", "", str(cell)) for cell in row[1:3]] for row in dashboard.rows]
    assert amounts == [["$9.00", "–"], ["$41.18", "$30.00"]]
    assert re.search(r'field-net[^>]*data-label="Net"><span class="office-money">\$30\.00<', listing)


@pytest.mark.parametrize(
    ("why", "words"),
    [
        (FailureReason.NOT_SENT, "it could not be sent to the gateway"),
        (FailureReason.NEVER_ARRIVED, "the gateway was asked twice and never got it"),
        (FailureReason.REFUSED, "the gateway refused the form of our request"),
        (FailureReason.REJECTED, "the bank rejected the debit before it was funded"),
        (FailureReason.CARD_GONE, "the gateway no longer knows this card"),
    ],
)
def test_a_failed_payment_says_why_by_its_reason(house: House, client: Client, why: FailureReason, words: str) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)
    payment.transactions.update(state="failed", failure_reason=why, ended_at=NOON)
    Payment.objects.filter(pk=payment.pk).update(money_state=MoneyState.FAILED)

    content = client.get(page(payment)).content.decode()

    assert f"Nothing was taken: {words}" in content
    assert [other for other in FailureReason if other != why and str(FAILURES[other]) in content] == []


def test_every_state_failure_and_alert_has_words() -> None:
    assert set(SENTENCES) == set(MoneyState)
    assert set(FAILURES) == set(FailureReason)
    assert set(NEXT) == set(AlertKind)
    assert set(HEARD) | set(NOT_SENT) == set(Verdict)


@pytest.mark.parametrize("kind", [AlertKind.NO_EVIDENCE, AlertKind.TAKEN_BACK, AlertKind.ARRIVED_LATE])
def test_an_alert_says_in_the_list_what_to_do_next(house: House, client: Client, kind: AlertKind) -> None:
    charge = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"]).transactions.get()
    Alert.objects.create(kind=kind, transaction=charge, text="Look here", raised_at=NOON)

    content = client.get(reverse("admin:oropay_alert_changelist")).content.decode()

    assert str(kind.label) in content
    assert "Look here" in content
    assert str(NEXT[kind]) in content


@pytest.mark.parametrize(
    ("kind", "never"),
    [
        (AlertKind.AMOUNT_DIFFERS, "settle the difference by hand"),
        (AlertKind.ARRIVED_LATE, "it pays what it was meant for"),
        (AlertKind.NOT_DONE, "do it by hand"),
    ],
)
def test_a_next_step_leaves_to_the_alert_what_differs_from_one_to_the_next(kind: AlertKind, never: str) -> None:
    assert "the alert says" in str(NEXT[kind]).lower()
    assert never not in str(NEXT[kind])


def test_a_transaction_that_came_late_says_so(house: House, client: Client) -> None:
    payment = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    late = late_row(payment, at=NOON)

    told = "turned up late at the gateway, after it had been proven absent"

    assert told in client.get(page(payment)).content.decode()
    assert told in client.get(page(late)).content.decode()
    assert told not in client.get(page(payment.transactions.earliest("pk"))).content.decode()


def late_row(payment: Payment, *, at: datetime) -> PaymentTransaction:
    return PaymentTransaction.objects.create(
        payment=payment,
        parent=payment.transactions.get(),
        action=Action.CHARGE,
        amount=Decimal(100),
        currency="USD",
        state="approved",
        late=True,
        reference="LATE",
        created_at=at,
        ended_at=at,
    )
