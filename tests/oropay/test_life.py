"""The whole life of payments of one order, in any order of events, each answer lost or not: money stays where we say.

Hypothesis chooses what happens next. OROPAY_LIFE_RULES says how many events in all: a few hundred in every run of the
tests, always the same; 5,000 and more by night, others each time (docs/developer.md).
"""

import os
import random
import uuid
from collections.abc import Callable, Iterator
from datetime import timedelta
from decimal import Decimal
from typing import Any, ClassVar

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    get_state_machine_test,
    initialize,
    invariant,
    precondition,
    rule,
)

from ledger.models import AccountName
from ledger.selectors import balance
from oropay import engine, locks
from oropay.engine.unknown import lease_expired
from oropay.exceptions import PaymentError
from oropay.models import (
    Action,
    FailureReason,
    Integration,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentPayable,
    PaymentTransaction,
    RefundReason,
    TransactionState,
    Watch,
)
from oropay.services import (
    NewCard,
    PartAsked,
    PaymentAsked,
    cancel_start,
    capture_start,
    integration_save,
    payable_open,
    payable_recompute,
    payment_start,
    refund_lines_suggested,
    refund_start,
)
from oropay.status import sums_of
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.sandbox import Sandbox
from tests.factories import OrderFactory, OrderLineFactory, StaffFactory
from tests.oropay.house import arrive, bank, overdue

STEPS = 20
RULES = int(os.environ.get("OROPAY_LIFE_RULES", "300"))
SEED = int(os.environ.get("OROPAY_LIFE_SEED") or random.randrange(2**32))
"""Where the night's walk begins; every run of the tests walks the same way instead."""
BY_NIGHT = "OROPAY_LIFE_RULES" in os.environ
TOTAL = Decimal("100.00")
S = TransactionState

FAULTS: dict[str, dict[str, Any]] = {
    "cut after": {"drop": {"when": "after"}},
    "cut before": {"drop": {"when": "before"}},
    "error after": {"http": {"status": 500, "body": "{}", "when": "after"}},
    "page of a proxy": {"html_502": {"when": "before"}},
    "half an answer": {"malformed_json": {"when": "after"}},
    "too many": {"too_many": {"when": "before"}},
    "declined": {"decline": {"result": "101"}},
}
some_fault = st.sampled_from(["", "", "", *FAULTS])
some_amount = st.sampled_from([Decimal("100.00"), Decimal("60.00"), Decimal("40.00"), Decimal("0.01")])


class Life(RuleBasedStateMachine):
    """One order and everything that may happen to the money for it."""

    sandbox: ClassVar[Sandbox]
    automatic: ClassVar[Integration]
    manual: ClassVar[Integration]
    clerk: ClassVar[Any]
    happened: ClassVar[int] = 0
    """Events so far, in all lives."""

    @initialize()
    def order_written(self) -> None:
        Life.happened -= 1  # what is counted below, and is no event
        organization = self.automatic.organization
        self.order = OrderFactory.create(customer__organization=organization, website__organization=organization)
        OrderLineFactory.create(order=self.order)
        self.payable = payable_open(
            kind=PayableKind.ORDER,
            organization=organization,
            customer=self.order.customer,
            currency="USD",
            number=self.order.number,
            total=self.order.total,
            order=self.order,
        )

    # --- people

    @rule(fault=some_fault, how=st.sampled_from(["charge", "hold", "bank"]), amount=some_amount)
    def buyer_pays(self, fault: str, how: str, amount: Decimal) -> None:
        payment = self._told(lambda: self._start(how, amount))
        if payment is not None:
            self._send(payment.transactions.get(), fault)

    @rule(fault=some_fault, amount=some_amount)
    def clerk_captures(self, fault: str, amount: Decimal) -> None:
        hold = self._newest(Action.AUTHORIZE, S.APPROVED)
        if hold is not None:
            self._follow(lambda: capture_start(hold=hold, amount=amount, by=self.clerk, now=timezone.now()), fault)

    @rule(fault=some_fault, of=st.sampled_from([Action.AUTHORIZE, Action.CHARGE]))
    def clerk_cancels(self, fault: str, of: Action) -> None:
        parent = self._newest(of, S.APPROVED)
        if parent is not None:
            self._follow(
                lambda: cancel_start(transaction=parent, note="wrong", by=self.clerk, now=timezone.now()), fault
            )

    @rule(fault=some_fault, amount=some_amount, of=st.sampled_from([Action.CAPTURE, Action.CHARGE]))
    def clerk_refunds(self, fault: str, amount: Decimal, of: Action) -> None:
        charge = self._newest(of, S.APPROVED)
        if charge is None:
            return
        self._follow(
            lambda: refund_start(
                charge=charge,
                lines=refund_lines_suggested(charge=charge, amount=amount),
                reason=RefundReason.GOODS,
                note="broken",
                by=self.clerk,
                now=timezone.now(),
            ),
            fault,
        )

    # --- workers and time

    @rule(fault=some_fault)
    def worker_sends_what_waits(self, fault: str) -> None:
        row = self._any(S.QUEUED)
        if row is not None:
            self._send(row, fault)

    @precondition(lambda self: self._any(S.QUEUED) is not None)
    @rule(sent=st.booleans())
    def worker_dies(self, sent: bool) -> None:
        """After it took the lease; before or after the gateway had the request."""
        row = self._any(S.QUEUED)
        assert row is not None
        if sent and row.action in {Action.CHARGE, Action.AUTHORIZE}:
            PaymentTransaction.objects.filter(pk=row.pk).update(tries=0)
            arrive_as(row)
        locks.claim(pk=row.pk)
        PaymentTransaction.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        lease_expired(transaction_id=row.pk, now=timezone.now())

    @precondition(lambda self: self._any(S.UNKNOWN) is not None)
    @rule(silent=st.booleans())
    def unknown_is_looked_for(self, silent: bool) -> None:
        row = self._any(S.UNKNOWN)
        assert row is not None
        overdue(row)
        if silent:
            self._strike({"method": "GET"}, FAULTS["cut before"])
        engine.look(transaction_id=row.pk, now=timezone.now())
        self.sandbox.calm()
        PaymentTransaction.objects.filter(pk=row.pk, absent_since__isnull=False).update(
            absent_since=timezone.now() - timedelta(minutes=1)
        )

    @rule()
    def lost_charge_arrives_late(self) -> None:
        lost = self._rows().filter(
            state=S.FAILED, failure_reason=FailureReason.NEVER_ARRIVED, watch__next_at__isnull=False
        )
        row = lost.order_by("-pk").first()
        if row is not None:
            arrive(row)
            engine.watch(transaction_id=row.pk, now=timezone.now())

    @rule(funded=st.booleans())
    def bank_decides(self, funded: bool) -> None:
        row = self._any(S.PENDING)
        if row is not None:
            status = "FUNDED" if funded else "REJECTED"
            self.sandbox.control(f"/transactions/{row.gateway_id}/status", {"status": status})
            engine.reread(transaction_id=row.pk, now=timezone.now())

    # --- what holds whatever happened

    @invariant()
    def no_money_moved_twice(self) -> None:
        if hasattr(self, "payable"):
            taken = sum(self._at_gateway().values(), Decimal(0))
            assert taken <= TOTAL, f"{taken} taken for {TOTAL}: {self._told_rows()}"

    @invariant()
    def no_money_moved_unseen(self) -> None:
        """Once nothing is under way any more, the gateway holds for each payment exactly what we say."""
        if not hasattr(self, "payable"):
            return
        theirs = self._at_gateway()
        for payment in self._payments():
            rows = list(payment.transactions.all())
            if any(row.state in {S.QUEUED, S.SENDING, S.UNKNOWN} for row in rows):
                continue
            sums = sums_of(rows)
            seen = sums.net + sums.settling
            may_turn_up = Watch.objects.filter(transaction__payment=payment, next_at__isnull=False).exists()
            if not may_turn_up:
                assert theirs[payment.pk] == seen, f"{theirs[payment.pk]} there, {seen} here: {self._told_rows()}"

    @invariant()
    def the_books_agree(self) -> None:
        if not hasattr(self, "payable"):
            return
        net = sum((sums_of(payment.transactions.all()).net for payment in self._payments()), Decimal(0))
        assert -self._balance(AccountName.CUSTOMER_DEPOSIT) == net
        stored = Payable.objects.get(pk=self.payable.pk)
        again = Payable.objects.get(pk=self.payable.pk)
        payable_recompute(payable=again)
        names = ("paid", "settling", "held", "refunded", "status")
        assert [getattr(stored, name) for name in names] == [getattr(again, name) for name in names]

    @invariant()
    def every_event_counts(self) -> None:
        Life.happened += 1

    @invariant()
    def one_attempt_at_a_time(self) -> None:
        if hasattr(self, "payable"):
            assert PaymentPayable.objects.filter(payable=self.payable, live=True).count() <= 1

    # --- how

    def _start(self, how: str, amount: Decimal) -> Payment:
        source = bank() if how == "bank" else NewCard(token=self.sandbox.card_token(), last4="5262")
        return payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=self.payable.pk, amount=amount)],
                integration_id=(self.manual if how == "hold" else self.automatic).pk,
                source=source,
                attempt_key=uuid.uuid4(),
            ),
            by=self.order.placed_by,
            website=self.order.website,
            now=timezone.now(),
        )

    def _follow(self, ask: Callable[[], PaymentTransaction], fault: str) -> None:
        row = self._told(ask)
        if row is not None:
            self._send(row, fault)

    def _told(self, ask: Callable[[], Any]) -> Any:
        """A refusal is an answer, and changes nothing."""
        before = list(self._rows().values_list("pk", "state"))
        try:
            return ask()
        except PaymentError:
            assert list(self._rows().values_list("pk", "state")) == before
            return None

    def _send(self, row: PaymentTransaction, fault: str) -> None:
        if fault:
            self._strike({"method": "POST"}, FAULTS[fault])
        engine.execute(transaction_id=row.pk, now=timezone.now())
        self.sandbox.calm()

    def _strike(self, match: dict[str, str], action: dict[str, Any]) -> None:
        self.sandbox.control("/rules", {"match": match, "action": action, "times": 1})

    def _payments(self) -> list[Payment]:
        return list(Payment.objects.filter(parts__payable=self.payable).order_by("pk"))

    def _rows(self) -> Any:
        return PaymentTransaction.objects.filter(payment__parts__payable=self.payable).order_by("pk")

    def _any(self, state: TransactionState) -> PaymentTransaction | None:
        found: PaymentTransaction | None = (
            self._rows().filter(state=state).first() if hasattr(self, "payable") else None
        )
        return found

    def _newest(self, action: Action, state: TransactionState) -> PaymentTransaction | None:
        found: PaymentTransaction | None = self._rows().filter(action=action, state=state).last()
        return found

    def _at_gateway(self) -> dict[int, Decimal]:
        """What the gateway holds for each payment, by our references."""
        nets: dict[int, Decimal] = {payment.pk: Decimal(0) for payment in self._payments()}
        for row in self._rows().filter(action__in=[Action.CHARGE, Action.AUTHORIZE, Action.REFUND]).exclude(late=True):
            for found in self.sandbox.gateway().find_by_reference(reference=row.reference).found:
                if found.status in {"CAPTURED", "BATCHED", "FUNDED"} and found.amount is not None:
                    sign = -1 if row.action == Action.REFUND else 1
                    nets[row.payment_id] += sign * found.amount.amount
        return nets

    def _balance(self, name: AccountName) -> Decimal:
        return balance(
            organization_id=self.payable.organization_id,
            name=name,
            currency="USD",
            customer_id=self.order.customer_id,
        )

    def _told_rows(self) -> str:
        return "; ".join(f"{row.pk} {row} {row.failure_reason}" for row in self._rows())


def arrive_as(row: PaymentTransaction) -> None:
    """The gateway has the request, and nobody has its answer."""
    arrive(PaymentTransaction.objects.select_related("payment__instrument", "payment__mandate").get(pk=row.pk))


@pytest.fixture
def life(integration: Integration, sandbox: Sandbox) -> Iterator[type[Life]]:  # noqa: F811
    """The machine, with a seller who takes money at once and one who holds it first."""
    Life.sandbox, Life.automatic = sandbox, integration
    Life.manual = integration_save(
        integration=Integration(
            organization=integration.organization,
            name="Held",
            provider_account=integration.provider_account,
            payment_action=PaymentAction.MANUAL,
            currencies=["USD"],
        )
    )
    Life.clerk = StaffFactory.create(organization=integration.organization, is_superuser=True)
    yield Life
    sandbox.calm()


def test_money_is_where_we_say_whatever_happens(life: type[Life]) -> None:
    Life.happened = 0
    lives = get_state_machine_test(
        life,
        settings=settings(
            max_examples=RULES // STEPS + 2,  # the first may be cut short
            stateful_step_count=STEPS + 1,  # the order written counts
            derandomize=not BY_NIGHT,
            database=None,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
    if BY_NIGHT:
        print(f"OROPAY_LIFE_RULES={RULES} OROPAY_LIFE_SEED={SEED}")  # noqa: T201  (pytest shows it of what fails)
        lives = seed(SEED)(lives)

    lives()

    assert Life.happened >= RULES, f"only {Life.happened} of {RULES} events happened"
