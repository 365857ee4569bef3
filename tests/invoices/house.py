"""A seller with one website, a company with a buyer, and money that moves by real recordings of hand-made answers."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from moneyed import Money

from commerce.drafts import AddressSnapshot
from commerce.models import Customer, Level, Order, OrderState, Organization, Permission, User, Website
from invoices.models import Allocation, Invoice
from invoices.services import LineAsked, invoice_draft, invoice_draft_from_order, invoice_post
from ledger.models import AccountName
from ledger.selectors import balance as book_balance
from ledger.selectors import entries_of
from oropay import engine
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Action,
    Environment,
    Integration,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentTransaction,
    RefundReason,
    RefundSource,
    TransactionState,
)
from oropay.services import (
    BankDetails,
    MandateGiven,
    NewBank,
    NewCard,
    PartAsked,
    PaymentAsked,
    RefundLineAsked,
    cancel_start,
    capture_start,
    integration_save,
    payable_open,
    payment_start,
    provider_provision,
    refund_start,
)
from tests.factories import (
    NOON,
    CustomerFactory,
    CustomerRoleFactory,
    CustomerUserFactory,
    OrderFactory,
    OrderLineFactory,
    OrganizationFactory,
    StaffFactory,
    UserFactory,
    WebsiteFactory,
)

ADDRESS = AddressSnapshot(
    company="Acme Manufacturing",
    name="Robin Person",
    line_1="1 Main Street",
    city="Springfield",
    region="IL",
    postal_code="62701",
    country="US",
    phone="+1 217 555 0100",
)


@dataclass(frozen=True)
class House:
    """Everything a test of money needs; methods say what happens in the world."""

    seller: Organization
    website: Website
    customer: Customer
    buyer: User
    clerk: User
    integration: Integration

    # -- documents

    def draft(self, total: str = "100.00", *, tax_rate: str = "0", **more: object) -> Invoice:
        """A draft of one line that comes to `total` before tax."""
        return invoice_draft(
            website=self.website,
            customer=self.customer,
            lines=[
                LineAsked(name="Hex bolts", quantity=Decimal(1), unit_price=Decimal(total), tax_rate=Decimal(tax_rate))
            ],
            by=self.clerk,
            now=NOON,
            bill_to=ADDRESS,
            **more,  # type: ignore[arg-type]
        )

    def posted(self, total: str = "100.00", *, now: datetime = NOON, **more: object) -> Invoice:
        return invoice_post(invoice=self.draft(total, **more), by=self.clerk, now=now)  # type: ignore[arg-type]

    def order(self, total: str = "100.00", **more: object) -> Order:
        """An order that awaits its payment, with its line and what is owed for it."""
        order: Order = OrderFactory.create(
            customer=self.customer,
            website=self.website,
            subtotal=Decimal(total),
            **{
                "placed_by": self.buyer,
                "po_number": "PO-4711",
                "billing_address": ADDRESS.as_json(),
                "shipping_address": ADDRESS.as_json(),
                **more,
            },
        )
        OrderLineFactory.create(order=order, list_price=Decimal(total))
        payable_open(
            kind=PayableKind.ORDER,
            organization=self.seller,
            customer=self.customer,
            currency=order.currency,
            number=order.number,
            total=order.total,
            order=order,
        )
        return order

    def billed(self, order: Order) -> Invoice:
        order.refresh_from_db()
        return invoice_post(
            invoice=invoice_draft_from_order(order=order, by=self.clerk, now=NOON), by=self.clerk, now=NOON
        )

    # -- money

    def pay(self, *payables: Payable, amounts: Sequence[str], bank: bool = False) -> Payment:
        """Start a payment; the worker has it, the gateway has not answered."""
        payment = payment_start(
            asked=PaymentAsked(
                parts=[
                    PartAsked(payable_id=payable.pk, amount=Decimal(amount))
                    for payable, amount in zip(payables, amounts, strict=True)
                ],
                integration_id=self.integration.pk,
                source=BANK if bank else NewCard(token="PMT_once", brand="visa", last4="4242"),
                attempt_key=uuid.uuid4(),
            ),
            by=self.buyer,
            website=self.website,
            now=NOON,
        )
        PaymentTransaction.objects.filter(payment=payment).update(state=TransactionState.SENDING)
        return payment

    def says(self, payment: Payment, verdict: Verdict, *, now: datetime = NOON) -> PaymentTransaction:
        """The gateway's answer about the newest transaction of a payment."""
        row = payment.transactions.order_by("-pk")[0]
        return engine.record(
            transaction_id=row.pk,
            answer=Answer(
                verdict=verdict,
                http_status=None if verdict == Verdict.UNKNOWN else 200,
                gateway_id=f"TRN_{row.pk}",
                amount=Money(row.amount, row.currency),
                brand="visa",
                last4="4242",
            ),
            kind="send",
            now=now,
        )

    def sent_back(self, payment: Payment, code: str) -> None:
        """The bank takes a debit back, or rejects it before it is funded."""
        charge = payment.transactions.get(action=Action.CHARGE)
        engine.record(
            transaction_id=charge.pk,
            answer=Answer(
                verdict=Verdict.RETURNED,
                gateway_id=charge.gateway_id,
                status="REJECTED",
                amount=Money(charge.amount, charge.currency),
                result_code=code,
            ),
            kind="look",
            now=NOON,
        )

    def paid(self, *payables: Payable, amounts: Sequence[str]) -> Payment:
        """A card payment the gateway approved."""
        payment = self.pay(*payables, amounts=amounts)
        self.says(payment, Verdict.APPROVED)
        payment.refresh_from_db()
        return payment

    def refund(
        self, payment: Payment, amount: str, *, payable: Payable | None, source: RefundSource = RefundSource.INVOICE
    ) -> PaymentTransaction:
        """Part of a card payment to be given back, not sent yet."""
        charge = payment.transactions.filter(
            action__in=[Action.CHARGE, Action.CAPTURE], state=TransactionState.APPROVED
        ).latest("pk")
        return refund_start(
            charge=charge,
            lines=[RefundLineAsked(source=source, amount=Decimal(amount), payable_id=payable.pk if payable else None)],
            reason=RefundReason.CUSTOMER_REQUEST,
            note="asked by phone",
            by=self.clerk,
            now=NOON,
        )

    def refunded(
        self, payment: Payment, amount: str, *, payable: Payable | None, source: RefundSource = RefundSource.INVOICE
    ) -> PaymentTransaction:
        """Part of a card payment given back, approved by the gateway."""
        refund = self.refund(payment, amount, payable=payable, source=source)
        PaymentTransaction.objects.filter(pk=refund.pk).update(state=TransactionState.SENDING)
        return self.says(payment, Verdict.APPROVED)

    def voided(self, payment: Payment) -> PaymentTransaction:
        """What a card payment took undone before it settled, by the gateway's word."""
        taken = payment.transactions.filter(
            action__in=[Action.CHARGE, Action.CAPTURE], state=TransactionState.APPROVED
        ).latest("pk")
        void = cancel_start(transaction=taken, reason=RefundReason.DUPLICATE, note="twice", by=self.clerk, now=NOON)
        PaymentTransaction.objects.filter(pk=void.pk).update(state=TransactionState.SENDING)
        return self.says(payment, Verdict.APPROVED)

    def captured(self, payment: Payment, amount: str) -> PaymentTransaction:
        """Part of a hold taken, approved by the gateway."""
        hold = payment.transactions.get(action=Action.AUTHORIZE)
        capture = capture_start(hold=hold, amount=Decimal(amount), by=self.clerk, now=NOON)
        PaymentTransaction.objects.filter(pk=capture.pk).update(state=TransactionState.SENDING)
        return self.says(payment, Verdict.APPROVED)

    def hold_at_checkout(self) -> None:
        """From now on cards are held at checkout and taken later."""
        self.integration.payment_action, self.integration.echeck = PaymentAction.MANUAL, False
        self.integration.save()

    # -- books

    def book(self, name: AccountName) -> Decimal:
        """What an account of the seller holds, debit positive."""
        return book_balance(organization_id=self.seller.pk, name=name, currency="USD")


BANK = NewBank(
    details=BankDetails(
        account_number="000123456789",
        routing_number="021000021",
        account_type="CHECKING",
        holder_type="BUSINESS",
        holder_name="Acme Manufacturing",
        bank_name="First Bank",
    ),
    mandate=MandateGiven(text="I authorise one debit.", text_version="test", amount_rule="once"),
)


def house_build() -> House:
    seller = OrganizationFactory.create(name="North Supply", legal_name="North Supply Inc.", email="ar@north.test")
    website = WebsiteFactory.create(organization=seller, name="North Shop", domain="testserver", is_default=True)
    customer = CustomerFactory.create(organization=seller, name="Acme Manufacturing", email="ap@acme.test")
    buyer = seat(customer, {Permission.VIEW_INVOICE: Level.DEPARTMENT, Permission.PAY_INVOICE: Level.DEPARTMENT})
    account = provider_provision(
        organization=seller,
        name="Sandbox",
        app_id="app",
        app_key="key",
        service_url="http://127.0.0.1:9",
        environment=Environment.SANDBOX,
        settlement_currency="USD",
    )
    integration = integration_save(
        integration=Integration(
            organization=seller,
            name="OroPay",
            provider_account=account,
            payment_action=PaymentAction.AUTOMATIC,
            echeck=True,
            currencies=["USD"],
        )
    )
    return House(
        seller=seller,
        website=website,
        customer=customer,
        buyer=buyer,
        clerk=StaffFactory.create(organization=seller),
        integration=integration,
    )


def seat(customer: Customer, levels: dict[Permission, Level], **user: object) -> User:
    """A person with one seat in a company, and the permissions of its role."""
    person: User = UserFactory.create(**user)
    CustomerUserFactory.create(
        user=person,
        customer=customer,
        role=CustomerRoleFactory.create(organization=customer.organization, levels=levels),
    )
    return person


def payable_of(invoice: Invoice) -> Payable:
    return Payable.objects.get(invoice=invoice)


def allocations(invoice: Invoice) -> list[tuple[str, str]]:
    """(state, amount) of every allocation, oldest first."""
    return [(row.state, f"{row.amount:.2f}") for row in Allocation.objects.filter(invoice=invoice).order_by("pk")]


def posted_lines(source: str) -> list[dict[str, str]]:
    """Account → amount of every entry of one cause, oldest first."""
    return [{line.account.name: f"{line.amount:.2f}" for line in entry.postings.all()} for entry in entries_of(source)]


def placed(order: Order) -> Order:
    """An order that was placed without any payment."""
    Order.objects.filter(pk=order.pk).update(state=OrderState.OPEN, placed_at=NOON)
    order.refresh_from_db()
    return order
