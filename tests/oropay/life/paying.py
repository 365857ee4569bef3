"""Buyers who pay, clerks who take, undo and give back, and the bill that takes an order over."""

from decimal import Decimal

from django.utils import timezone

from commerce.models import OrderState
from invoices.models import Invoice, InvoiceState
from invoices.services import invoice_draft_from_order, invoice_post
from oropay.models import HOLDS, Action, PaymentTransaction, RefundReason, TransactionState
from oropay.services import NewCard, cancel_start, capture_start, refund_lines_suggested, refund_start
from tests.contract.sandbox import VISA
from tests.invoices.house import payable_of
from tests.oropay.house import bank
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_AMOUNT, SOME_FAULT, Ground
from tests.oropay.life.world import ZERO

S = TransactionState
CANCELABLE = HOLDS | {Action.CHARGE, Action.CAPTURE}


class Paying(Ground):
    """Everything that people do to pay an order, and to what was paid."""

    @event(fault=SOME_FAULT, how=["charge", "hold", "in parts", "bank"], amount=SOME_AMOUNT, keep=(True, False))
    def buyer_pays(self, fault: str, how: str, amount: Decimal, keep: bool) -> None:
        by_bank = how == "bank"
        way, source = ("charge", bank(keep=keep)) if by_bank else (how, self._card(keep=keep))
        payment = self.asked(lambda: self.pay(way=way, source=source, amount=amount))
        if payment is not None:
            self.send(payment.transactions.get(), fault)

    @event(
        when=lambda self: self.world.newest(*HOLDS, state=S.APPROVED),
        fault=SOME_FAULT,
        amount=SOME_AMOUNT,
        last=(True, False),
    )
    def clerk_captures(self, fault: str, amount: Decimal, last: bool) -> None:
        """`last` of several; where only one is allowed it makes no difference."""
        hold = self._newest(*HOLDS)
        self.follow(
            lambda: capture_start(hold=hold, amount=amount, by=self.clerk, now=timezone.now(), last=last), fault
        )

    @event(when=lambda self: self.world.newest(*CANCELABLE, state=S.APPROVED), fault=SOME_FAULT)
    def clerk_cancels(self, fault: str) -> None:
        parent = self._newest(*CANCELABLE)
        self.follow(
            lambda: cancel_start(
                transaction=parent, reason=RefundReason.OTHER, note="wrong", by=self.clerk, now=timezone.now()
            ),
            fault,
        )

    @event(when=lambda self: self.world.first(S.PENDING), fault=SOME_FAULT)
    def clerk_stops_a_debit(self, fault: str) -> None:
        parent = self.world.first(S.PENDING)
        assert parent is not None
        self.follow(
            lambda: cancel_start(
                transaction=parent, reason=RefundReason.OTHER, note="wrong", by=self.clerk, now=timezone.now()
            ),
            fault,
        )

    @event(
        when=lambda self: self.world.newest(Action.CAPTURE, Action.CHARGE, state=S.APPROVED),
        fault=SOME_FAULT,
        amount=SOME_AMOUNT,
    )
    def clerk_refunds(self, fault: str, amount: Decimal) -> None:
        charge = self._newest(Action.CAPTURE, Action.CHARGE)
        refund = self.follow(
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
        if refund is not None:
            assert amount <= self._left_of(charge), f"{amount} given back of {charge}: {self.world.told()}"

    @event(when=lambda self: self.order.billed_at is None and self.world.refunds_under_way)
    def order_is_billed_while_money_goes_back(self) -> None:
        self.order_is_billed()

    @event(when=lambda self: self.order.billed_at is None and self.world.rows)
    def order_is_billed(self) -> None:
        self.order.refresh_from_db()
        if self.order.state == OrderState.AWAITING_PAYMENT:
            return
        draft = Invoice.objects.filter(order=self.order, state=InvoiceState.DRAFT).first()
        draft = draft or invoice_draft_from_order(order=self.order, by=self.clerk, now=timezone.now())
        invoice = self.asked(lambda: invoice_post(invoice=draft, by=self.clerk, now=timezone.now()))
        if invoice is not None:
            self.order.refresh_from_db()
            self.payable = payable_of(invoice)

    def _card(self, *, keep: bool) -> NewCard:
        return NewCard(token=self.sandbox.card_token(), last4=VISA[-4:], keep=keep)

    def _newest(self, *actions: Action) -> PaymentTransaction:
        found = self.world.newest(*actions, state=S.APPROVED)
        assert found is not None
        return found

    def _left_of(self, charge: PaymentTransaction) -> Decimal:
        """What the gateway had before this event of a sale as far as we knew, less what disputes took of it."""
        if self.world.return_of(charge) is not None:
            return ZERO
        owner = charge.parent if charge.action == Action.CAPTURE and charge.parent is not None else charge
        sale = self.world.sale(owner.gateway_id)
        assert sale is not None
        taken = (
            case.taken for case in self.world.cases if case.sale_id == sale.gateway_id and self.world.is_heard(case)
        )
        return sale.captured - sale.refunded + self.world.ruled_out(sale) - sum(taken, ZERO)
