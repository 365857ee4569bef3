"""The payment module against gpsandbox over real HTTP: a seller, a buyer, an order, an integration."""

import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from commerce.models import Order, User
from ledger.models import AccountName
from ledger.selectors import balance
from oropay import engine
from oropay.engine.drift import drift_check
from oropay.models import (
    DriftFinding,
    FailureReason,
    Initiator,
    Instrument,
    InstrumentState,
    Integration,
    IntegrationLabel,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ProviderAccount,
    RiskMode,
    TransactionState,
)
from oropay.services import (
    NewCard,
    PartAsked,
    PaymentAsked,
    approval_agree,
    card_validate_start,
    integration_save,
    payable_open,
    payment_start,
    verdict_propose,
)
from tests.accounts import sandbox_account
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)
from tests.contract.sandbox import SUSPECT, VISA, Sandbox
from tests.factories import CustomerUserFactory, OrderFactory, OrderLineFactory, StaffFactory
from tests.oropay.house import bank, prove_absent, reread
from tests.oropay.wallet import void

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def order(db: None) -> Order:
    """An order of 100.00 USD that awaits its payment."""
    order: Order = OrderFactory.create()
    OrderLineFactory.create(order=order)
    return order


@pytest.fixture
def buyer(order: Order) -> User:
    return order.placed_by


@pytest.fixture
def payable(order: Order) -> Payable:
    return payable_open(
        kind=PayableKind.ORDER,
        organization=order.organization,
        customer=order.customer,
        currency=order.currency,
        number=order.number,
        total=order.total,
        order=order,
    )


@pytest.fixture
def account(order: Order, sandbox: Sandbox) -> ProviderAccount:  # noqa: F811
    return sandbox_account(organization=order.organization, url=sandbox.url)


@pytest.fixture
def integration(account: ProviderAccount) -> Integration:
    """Automatic, with eCheck."""
    made = integration_save(
        integration=Integration(
            organization=account.organization,
            name="OroPay",
            provider_account=account,
            payment_action=PaymentAction.AUTOMATIC,
            echeck=True,
            currencies=["USD"],
        )
    )
    IntegrationLabel.objects.create(integration=made, label="Card or bank account", short_label="OroPay")
    return made


@pytest.fixture
def start(payable: Payable, integration: Integration, buyer: User, sandbox: Sandbox) -> Callable[..., Payment]:  # noqa: F811
    """Start a payment of the order; say what differs."""

    def start(
        *,
        card: str = VISA,
        amount: str = "100.00",
        attempt_key: uuid.UUID | None = None,
        source: Any = None,
        initiator: Initiator = Initiator.BUYER,
        **more: Any,
    ) -> Payment:
        return payment_start(
            asked=PaymentAsked(
                parts=[PartAsked(payable_id=payable.pk, amount=Decimal(amount))],
                integration_id=integration.pk,
                source=source or NewCard(token=sandbox.card_token(card), last4=card[-4:], **more),
                attempt_key=attempt_key or uuid.uuid4(),
                initiator=initiator,
            ),
            by=buyer,
            website=payable.order.website if payable.order else None,  # type: ignore[arg-type]
            now=timezone.now(),
        )

    return start


@pytest.fixture
def check(order: Order, integration: Integration, sandbox: Sandbox) -> Callable[..., Payment]:  # noqa: F811
    """Start saving a card for the whole company; say what differs."""

    def check(*, card: str = VISA, key: uuid.UUID | None = None, mine: bool = False, nickname: str = "") -> Payment:
        return card_validate_start(
            customer=order.customer,
            owner=order.placed_by if mine else None,
            integration_id=integration.pk,
            card=NewCard(token=sandbox.card_token(card), last4=card[-4:]),
            nickname=nickname,
            attempt_key=key or uuid.uuid4(),
            by=order.placed_by,
            website=order.website,
            now=timezone.now(),
        )

    return check


@pytest.fixture
def run() -> Callable[[Payment | PaymentTransaction], PaymentTransaction]:
    """Let a worker send the newest transaction of a payment, or the one given."""

    def run(what: Payment | PaymentTransaction) -> PaymentTransaction:
        row = what if isinstance(what, PaymentTransaction) else what.transactions.order_by("-pk")[0]
        engine.execute(transaction_id=row.pk, now=timezone.now())
        return PaymentTransaction.objects.get(pk=row.pk)

    return run


@pytest.fixture
def books(order: Order) -> Callable[[AccountName], Decimal]:
    """The balance of one account of the seller, debit positive."""

    def books(name: AccountName) -> Decimal:
        return balance(organization_id=order.organization_id, name=name, currency="USD")

    return books


@pytest.fixture
def held(
    start: Callable[..., Payment],
    run: Callable[[Payment], PaymentTransaction],
    integration: Integration,
) -> PaymentTransaction:
    """A hold of 100.00."""
    Integration.objects.filter(pk=integration.pk).update(payment_action=PaymentAction.MANUAL, echeck=False)
    return run(start())


@pytest.fixture
def several(
    start: Callable[..., Payment],
    run: Callable[[Payment], PaymentTransaction],
    integration: Integration,
    account: ProviderAccount,
) -> PaymentTransaction:
    """A hold of 100.00 that may be captured in parts."""
    ProviderAccount.objects.filter(pk=account.pk).update(multi_capture=True)
    Integration.objects.filter(pk=integration.pk).update(
        payment_action=PaymentAction.MANUAL, echeck=False, several_captures=True
    )
    return run(start())


@pytest.fixture
def debit(start: Callable[..., Payment], run: Callable[[Payment], PaymentTransaction]) -> PaymentTransaction:
    """A bank debit under way."""
    row = run(start(source=bank()))
    assert row.state == TransactionState.PENDING
    return row


@pytest.fixture
def saved(start: Callable[..., Payment], run: Callable[[Payment], PaymentTransaction]) -> Instrument:
    """A card the buyer saved while paying; that payment is undone, so that the order can be paid again."""
    void(run(start(keep=True)))
    return Instrument.objects.get(state=InstrumentState.ACTIVE)


@pytest.fixture
def bank_account(
    start: Callable[..., Payment], run: Callable[[Payment], PaymentTransaction], order: Order, buyer: User
) -> Instrument:
    """A bank account the buyer saved with a debit that was undone, so that the order can be paid again."""
    CustomerUserFactory.create(user=buyer, customer=order.customer)
    void(run(start(source=bank(keep=True))))
    return Instrument.objects.select_related("customer__organization").get(state=InstrumentState.ACTIVE)


@pytest.fixture
def empty_gateway(sandbox: Sandbox) -> None:  # noqa: F811
    """The gateway has nothing of other tests."""
    sandbox.control("/reset", {})


@pytest.fixture
def charge(start: Callable[..., Payment], run: Callable[[Payment], PaymentTransaction]) -> PaymentTransaction:
    row = run(start())
    assert row.state == TransactionState.APPROVED
    return row


@pytest.fixture
def compare(account: ProviderAccount) -> Callable[[], list[tuple[str, bool]]]:
    """Compare; returns kind and whether it was repaired, of every finding there is."""

    def compare() -> list[tuple[str, bool]]:
        drift_check(account=account, now=timezone.now())
        return [(one.kind, bool(one.repaired)) for one in DriftFinding.objects.order_by("pk")]

    return compare


@pytest.fixture
def later(sandbox: Sandbox) -> Iterator[Callable[..., None]]:  # noqa: F811
    """Move the gateway's clock; it is put right again afterwards."""
    yield lambda **wait: sandbox.control("/clock", {"advance": wait}) and None
    sandbox.control("/reset", {})
    sandbox.control("/clock", {"real": True})


@pytest.fixture
def settled(
    start: Callable[..., Payment],
    run: Callable[[Payment], PaymentTransaction],
    later: Callable[..., None],
) -> Callable[..., PaymentTransaction]:
    """A bank debit of 100.00 that was funded; say from which account."""

    def settled(number: str = "1357902468", **more: object) -> PaymentTransaction:
        row = run(start(source=bank(number, **more)))  # type: ignore[arg-type]
        later(days=7)
        return reread(row)

    return settled


@pytest.fixture
def clerk(order: Order) -> User:
    clerk: User = StaffFactory.create(organization=order.organization)
    return clerk


@pytest.fixture
def maker(order: Order) -> User:
    person: User = StaffFactory.create(organization=order.organization, is_superuser=True)
    return person


@pytest.fixture
def second(order: Order) -> User:
    person: User = StaffFactory.create(organization=order.organization, is_superuser=True)
    return person


@pytest.fixture
def lose(
    run: Callable[[PaymentTransaction], PaymentTransaction],
    sandbox: Sandbox,  # noqa: F811
) -> Callable[..., PaymentTransaction]:
    """Send a transaction and lose its answer, a day ago."""

    def lose(row: PaymentTransaction, endpoint: str, when: str = "before") -> PaymentTransaction:
        match = {"endpoint": endpoint, "method": "POST"}
        sandbox.control("/rules", {"match": match, "action": {"drop": {"when": when}}})
        assert run(row).state == TransactionState.UNKNOWN
        PaymentTransaction.objects.filter(pk=row.pk).update(unknown_since=timezone.now() - timedelta(days=2))
        row.refresh_from_db()
        return row

    return lose


@pytest.fixture
def decide(maker: User, second: User) -> Callable[..., PaymentTransaction]:
    """Two persons agree."""

    def decide(row: PaymentTransaction, *, taken: bool, gateway_id: str = "") -> PaymentTransaction:
        asked = verdict_propose(
            row=row,
            taken=taken,
            gateway_id=gateway_id,
            evidence="the gateway's support says so",
            by=maker,
            now=timezone.now(),
        )
        approval_agree(approval=asked, by=second, now=timezone.now())
        return PaymentTransaction.objects.get(pk=row.pk)

    return decide


@pytest.fixture
def filtered(integration: Integration) -> Integration:
    """Its gateway holds suspicious buyers for fraud."""
    Integration.objects.filter(pk=integration.pk).update(risk_mode=RiskMode.ACTIVE)
    return integration


@pytest.fixture
def in_review(
    filtered: Integration,
    start: Callable[..., Payment],
    run: Callable[[Payment], PaymentTransaction],
) -> PaymentTransaction:
    """A charge of 100.00 that the gateway holds for fraud."""
    return run(start(holder_name=SUSPECT))


@pytest.fixture
def swallow(
    start: Callable[..., Payment],
    run: Callable[[Payment | PaymentTransaction], PaymentTransaction],
    sandbox: Sandbox,  # noqa: F811
) -> Callable[..., PaymentTransaction]:
    """A charge whose request was swallowed on the way: absent twice, nothing to reverse, failed."""

    def swallow(card: str = VISA, **more: Any) -> PaymentTransaction:
        payment = start(card=card, **more)
        row = payment.transactions.get()
        sandbox.control("/rules", {"match": {"reference": row.reference}, "action": {"drop": {"when": "before"}}})
        run(payment)
        prove_absent(row)
        assert row.failure_reason == FailureReason.NEVER_ARRIVED
        return row

    return swallow
