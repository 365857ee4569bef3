"""What every part of the machine stands on: a seller of its own, one order, and how requests are sent and spoiled."""

import uuid
from collections.abc import Callable
from decimal import Decimal
from typing import Any, ClassVar

from django.utils import timezone
from hypothesis.stateful import RuleBasedStateMachine

from commerce.models import User
from commerce.services import setting_set
from invoices.exceptions import InvoiceError
from oropay import engine
from oropay.engine.gateways import gateway_of
from oropay.exceptions import ApprovalChanged, PaymentError
from oropay.models import (
    Environment,
    Integration,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
    RiskMode,
    ThreeDS,
    TransactionState,
)
from oropay.scoped import RETURN_FEE
from oropay.services import (
    NewBank,
    NewCard,
    PartAsked,
    PaymentAsked,
    integration_save,
    payable_open,
    payment_start,
    provider_provision,
)
from tests.contract.sandbox import Sandbox
from tests.factories import OrderFactory, OrderLineFactory, OrganizationFactory, StaffFactory
from tests.oropay.life.world import World, world_read

S = TransactionState
TOTAL = Decimal("100.00")
FAULTS: dict[str, dict[str, Any]] = {
    "cut after": {"drop": {"when": "after"}},
    "cut before": {"drop": {"when": "before"}},
    "error after": {"http": {"status": 500, "body": "{}", "when": "after"}},
    "page of a proxy": {"html_502": {"when": "before"}},
    "half an answer": {"malformed_json": {"when": "after"}},
    "too many": {"too_many": {"when": "before"}},
    "declined": {"decline": {"result": "101"}},
}
SOME_FAULT = [*[""] * 2 * len(FAULTS), *FAULTS]
SOME_AMOUNT = [Decimal("100.00"), Decimal("60.00"), Decimal("40.00"), Decimal("0.01")]


class Ground(RuleBasedStateMachine):
    """One order of a seller who has no other, and a gateway that remembers nothing else."""

    sandbox: ClassVar[Sandbox]
    world: World
    """As both sides' books were after the last event."""

    def open_shop(self) -> None:
        """What comes before anything can happen: a seller, people, an order and the ways to pay it."""
        self.sandbox.control("/reset", {})
        self.seller = OrganizationFactory.create()
        self.clerk: User = StaffFactory.create(organization=self.seller, is_superuser=True)
        self.second: User = StaffFactory.create(organization=self.seller, is_superuser=True)
        self.order = OrderFactory.create(customer__organization=self.seller, website__organization=self.seller)
        OrderLineFactory.create(order=self.order)
        self.payable = payable_open(
            kind=PayableKind.ORDER,
            organization=self.seller,
            customer=self.order.customer,
            currency="USD",
            number=self.order.number,
            total=self.order.total,
            order=self.order,
        )
        setting_set(key=RETURN_FEE.key, value=Decimal("25.00"), organization=self.seller)
        self.account = self._account()
        self.ways = {
            "charge": self._integration("Taken", echeck=True),
            "hold": self._integration("Held", payment_action=PaymentAction.MANUAL),
            "in parts": self._integration("In parts", payment_action=PaymentAction.MANUAL, several_captures=True),
            "ask": self._integration("Asked", threeds=ThreeDS.ALWAYS),
            "filtered charge": self._integration("Filtered", risk_mode=RiskMode.ACTIVE),
            "filtered hold": self._integration(
                "Filtered and held", risk_mode=RiskMode.ACTIVE, payment_action=PaymentAction.MANUAL
            ),
        }
        self.lapsed: set[str] = set()
        """Holds that the card's bank let go, by the gateway's id."""
        self.look()

    def _account(self) -> ProviderAccount:
        account = provider_provision(
            organization=self.seller,
            name="Sandbox",
            app_id="contract-app",
            app_key="contract-key",
            service_url=self.sandbox.url,
            environment=Environment.SANDBOX,
            settlement_currency="USD",
        )
        ProviderAccount.objects.filter(pk=account.pk).update(bank_credits=True, multi_capture=True)
        account.refresh_from_db()
        gateway_of(account=account).find_by_reference(reference="nobody-has-it")  # log in before any fault is set
        return account

    def _integration(self, name: str, **more: Any) -> Integration:
        return integration_save(
            integration=Integration(
                organization=self.seller,
                name=name,
                provider_account=self.account,
                currencies=["USD"],
                **{"payment_action": PaymentAction.AUTOMATIC, **more},
            )
        )

    def look(self) -> None:
        """Read both sides' books."""
        self.world = world_read(seller=self.seller, sandbox=self.sandbox)

    def is_payable(self) -> bool:
        """Whether all of it may be paid now."""
        return (
            Payable.objects.get(pk=self.payable.pk).payable_now == TOTAL and self.world.first(S.ACTION_REQUIRED) is None
        )

    # --- asking and sending

    def pay(self, *, way: str, source: NewCard | NewBank, amount: Decimal) -> Payment:
        return payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=self.payable.pk, amount=amount)],
                integration_id=self.ways[way].pk,
                source=source,
                attempt_key=uuid.uuid4(),
            ),
            by=self.order.placed_by,
            website=self.order.website,
            now=timezone.now(),
        )

    def follow(self, ask: Callable[[], PaymentTransaction | None], fault: str) -> PaymentTransaction | None:
        """Ask for something and let the worker send it at once; None if it was refused."""
        row: PaymentTransaction | None = self.asked(ask)
        if row is not None:
            self.send(row, fault)
        return row

    def asked(self, ask: Callable[[], Any]) -> Any:
        """A refusal is an answer, and changes nothing."""
        before = self._states()
        try:
            return ask()
        except ApprovalChanged:
            raise  # this answer voids what was asked for
        except (PaymentError, InvoiceError):
            assert self._states() == before
            return None

    def send(self, row: PaymentTransaction, fault: str) -> None:
        self.spoil("POST", fault)
        engine.execute(transaction_id=row.pk, now=timezone.now())
        self.sandbox.calm()

    def spoil(self, method: str, fault: str) -> None:
        """Let one fault, if any, happen to the next request."""
        if fault:
            self.sandbox.control("/rules", {"match": {"method": method}, "action": FAULTS[fault], "times": 1})

    def _states(self) -> list[tuple[int, str]]:
        return list(
            PaymentTransaction.objects.filter(payment__organization=self.seller)
            .order_by("pk")
            .values_list("pk", "state")
        )
