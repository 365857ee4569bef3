"""Invoices paid by card through gpsandbox, and the card holder's bank that disputes it."""

import uuid
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.conf import settings
from django.utils import timezone

from backoffice.groups import groups_ensure
from commerce.models import User
from invoices.models import Invoice
from ledger.services import ledger_check
from oropay import engine
from oropay.engine import disputes
from oropay.gateway.port import CardToken
from oropay.models import (
    Action,
    Dispute,
    DisputeRequest,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
)
from oropay.services import NewCard, PartAsked, PaymentAsked, payment_start
from oropay.services.dispute import dispute_accept, dispute_challenge
from plumbing.models import Mail
from tests.accounts import sandbox_account
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.samples import sale
from tests.contract.sandbox import VISA, Sandbox
from tests.factories import StaffFactory
from tests.invoices.house import House, house_build, payable_of
from tests.oropay.house import overdue, refund_of

Lose = Callable[..., PaymentTransaction]
"""Have the answer to a follow-up be lost."""


@dataclass(frozen=True)
class Bank:
    """The card holder's bank, the gateway behind it, and what we hear of them."""

    sandbox: Sandbox
    account: ProviderAccount

    def open(self, charge: PaymentTransaction, **wish: Any) -> str:
        """Dispute a charge; returns the dispute's id at the gateway."""
        return str(self.sandbox.control("/disputes", {"transaction": charge.gateway_id, **wish})["id"])

    def open_elsewhere(self, amount: str = "80.00") -> str:
        """Dispute a sale that was made past us: nobody can tell which payment of ours it is about."""
        source = CardToken(token=self.sandbox.card_token())
        foreign = self.sandbox.gateway().charge(sale(amount=amount, source=source))
        return str(self.sandbox.control("/disputes", {"transaction": foreign.gateway_id})["id"])

    def advance(self, name: str, **wish: Any) -> None:
        self.sandbox.control(f"/disputes/{name}/advance", wish)

    def tell(self, name: str) -> Dispute:
        """A notification made us look."""
        found = disputes.dispute_reread(provider_account=self.account, gateway_id=name, now=timezone.now())
        assert found is not None
        return found

    def pull(self) -> disputes.Pulled:
        return disputes.disputes_pull(provider_account=self.account, days=14, now=timezone.now())

    def later(self, **by: float) -> None:
        """Let the gateway's clock run ahead."""
        self.sandbox.control("/clock", {"advance": by})

    def seen(self, name: str) -> tuple[str, str, str]:
        """Stage, status and result as the gateway shows them."""
        told = self.sandbox.gateway().dispute(gateway_id=name)
        assert told is not None
        return told.stage, told.status, told.result


@pytest.fixture
def house(db: None) -> House:
    return house_build()


@pytest.fixture
def clerk(house: House) -> User:
    return house.clerk


@pytest.fixture
def finance(house: House) -> User:
    """Somebody who may answer disputes."""
    person: User = StaffFactory.create(organization=house.seller, email="finance@north.test")
    person.groups.add(groups_ensure()["Finance clerk"])
    return person


@pytest.fixture
def bank(house: House, sandbox: Sandbox) -> Iterator[Bank]:  # noqa: F811
    """The seller's account leads to a gateway that remembers nothing; its clock goes back afterwards."""
    sandbox.control("/reset", {})
    account = sandbox_account(organization=house.seller, url=sandbox.url)
    yield Bank(sandbox=sandbox, account=account)
    sandbox.control("/clock", {"real": True})


Pay = Callable[..., PaymentTransaction]


@pytest.fixture
def pay(house: House, bank: Bank) -> Pay:
    """Pay these payables by card with one charge and let the worker send it."""

    def pay(parts: Mapping[Invoice | Payable, str]) -> PaymentTransaction:
        payment = payment_start(
            asked=PaymentAsked(
                parts=[
                    PartAsked(
                        payable_id=(payable_of(one) if isinstance(one, Invoice) else one).pk, amount=Decimal(amount)
                    )
                    for one, amount in parts.items()
                ],
                integration_id=house.integration.pk,
                source=NewCard(token=bank.sandbox.card_token(), brand="visa", last4=VISA[-4:]),
                attempt_key=uuid.uuid4(),
            ),
            by=house.buyer,
            website=house.website,
            now=timezone.now(),
        )
        row = payment.transactions.get()
        engine.execute(transaction_id=row.pk, now=timezone.now())
        row.refresh_from_db()
        return row

    return pay


@pytest.fixture
def invoice(house: House) -> Invoice:
    """An invoice over 100.00."""
    return house.posted("100.00")


@pytest.fixture
def charge(invoice: Invoice, pay: Pay) -> PaymentTransaction:
    """It is paid by card."""
    return pay({invoice: "100.00"})


@pytest.fixture
def dispute(charge: PaymentTransaction, bank: Bank) -> Dispute:
    """A chargeback over 100.00 that waits for our answer."""
    return bank.tell(bank.open(charge))


def accept(dispute: Dispute, by: User, **more: Any) -> DisputeRequest:
    return dispute_accept(
        dispute=dispute, **{"not_pursued": False, "note": "not worth it", "by": by, "now": timezone.now(), **more}
    )


def challenge(dispute: Dispute, by: User, **more: Any) -> DisputeRequest:
    return dispute_challenge(
        dispute=dispute,
        **{"evidence_ids": [], "letter": "The goods were delivered.", "by": by, "now": timezone.now(), **more},
    )


def send(request: DisputeRequest) -> DisputeRequest:
    """Let a worker deliver an answer."""
    disputes.answer_execute(request_id=request.pk, now=timezone.now())
    request.refresh_from_db()
    return request


def look_until_it_ends(request: DisputeRequest) -> None:
    """No answer can come any more, and looking twice is enough."""
    DisputeRequest.objects.filter(pk=request.pk).update(answer_by=timezone.now() - timedelta(minutes=5))
    for _look in range(3):
        disputes.answer_look(request_id=request.pk, now=timezone.now())
        DisputeRequest.objects.filter(pk=request.pk, absent_since__isnull=False).update(
            absent_since=timezone.now() - settings.OROPAY_ABSENT_GAP
        )
    request.refresh_from_db()


def swallow(bank: Bank, act: str, *, when: str) -> None:
    """The line breaks before or after the gateway does what our answer asks."""
    rule = {"match": {"endpoint": "/disputes/{id}/" + act, "method": "POST"}, "action": {"drop": {"when": when}}}
    bank.sandbox.control("/rules", rule)


def mails() -> list[tuple[str, str]]:
    """(to, subject) of everything about disputes, oldest first."""
    found = Mail.objects.filter(subject__iregex="dispute|chargeback|retrieval").order_by("pk")
    return list(found.values_list("to", "subject"))


def found(row: PaymentTransaction) -> None:
    """Look up what became of a transaction whose answer was lost."""
    overdue(row)
    engine.look(transaction_id=row.pk, now=timezone.now())


@pytest.fixture
def refunded_too_late(house: House, charge: PaymentTransaction, bank: Bank, lose: Lose) -> PaymentTransaction:
    """60.00 of the charge given back while its dispute was lost: the answer came after the loss."""
    refund = refund_of(charge, "60.00", by=house.clerk)
    lose(refund, "/transactions/{id}/refund", when="after")
    name = bank.open(charge)
    bank.advance(name, result="LOST")
    bank.tell(name)
    found(refund)
    refund.refresh_from_db()
    return refund


def moves(payment: Payment) -> list[tuple[str, str]]:
    """(action, amount) of everything a dispute did to a payment, oldest first."""
    ours = [Action.CHARGEBACK, Action.CHARGEBACK_LOST, Action.CHARGEBACK_REVERSAL]
    return [(row.action, f"{row.amount:.2f}") for row in payment.transactions.filter(action__in=ours).order_by("pk")]


def stands(invoice: Invoice) -> tuple[str, str, str]:
    """Paid, disputed and still owed of an invoice."""
    row = payable_of(invoice)
    return f"{row.paid:.2f}", f"{row.disputed:.2f}", f"{row.due:.2f}"


@pytest.fixture(autouse=True)
def _books_are_right(db: None) -> Iterator[None]:
    """Whatever a test did, the books agree with the rows."""
    yield
    assert ledger_check() == []
