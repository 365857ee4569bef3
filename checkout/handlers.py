"""Orders as the payment module sees them: what is owed for one, what it contains, what money does to it."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.utils.translation import gettext as _

from checkout import locks
from checkout.models import CheckoutState
from checkout.services.confirm import OrderMoney
from checkout.services.place import checkout_placed
from commerce.drafts import AddressSnapshot
from commerce.models import Order, OrderLine, OrderState
from ledger.models import AccountName
from oropay.exceptions import PayableChanged
from oropay.gateway.port import OrderData, OrderItem, Payer, PostalAddress
from oropay.models import Action, Payable, RefundLine, TransactionState
from oropay.orderdata import ships_from
from oropay.ports import Credit, DisputeTurn, Figures, MoneyEvent
from oropay.services.share import net_at
from plumbing.compiled import compiled

ZERO = Decimal(0)


class OrderPayable:
    """Handler of `PayableKind.ORDER`. Everything runs in the payment module's transaction."""

    def lock(self, *, payables: Sequence[Payable]) -> None:
        held = locks.orders(ids=[payable.order_id for payable in payables if payable.order_id is not None])
        for payable in payables:
            payable.document = held.get(payable.order_id or 0)

    def last_look(self, *, payable: Payable) -> None:
        order = _order(payable)
        if order.billed_at is not None:
            raise PayableChanged(number=order.number, detail=_("it is billed; pay its invoice instead."))
        if order.state in {OrderState.CANCELED, OrderState.CLOSED}:
            raise PayableChanged(
                number=order.number, detail=_("it is {state}.").format(state=order.get_state_display().lower())
            )
        if order.total != payable.total:
            raise PayableChanged(number=order.number, detail=_("its total changed."))

    def describe(self, *, payable: Payable, amount: Decimal) -> OrderData:
        """Σ line totals + shipping = the order's total: discounts are on the lines, at list price less tier price."""
        order = _order(payable)
        lines = _lines(order_id=order.pk)
        billing = AddressSnapshot.from_json(order.billing_address)
        return OrderData(
            reference=order.number,
            description=_("Order {number}").format(number=order.number),
            currency=order.currency,
            total=order.total,
            tax=order.tax,
            shipping=order.shipping,
            discount=order.discount,
            po_number=order.po_number,
            tax_exempt=order.tax == 0 and bool(order.customer.tax_exemption),
            items=tuple(_item(line) for line in lines),
            billing_address=_address(billing),
            shipping_address=_address(AddressSnapshot.from_json(order.shipping_address)),
            ship_from=ships_from(payable.organization),
            payer=Payer(
                reference=order.customer.number or str(order.customer_id),
                first_name=order.placed_by.first_name,
                last_name=order.placed_by.last_name,
                company=order.customer.name,
                email=order.placed_by.email,
                phone=billing.phone,
            ),
        )

    def figures(self, *, payable: Payable) -> Figures:
        """A billed order's invoice is what is paid; a canceled or delivered one is not paid here either."""
        order = _order(payable)
        return Figures(
            total=order.total,
            is_closed=order.state in {OrderState.CANCELED, OrderState.CLOSED},
            is_billed=order.billed_at is not None,
        )

    def took_over(self, *, old: Collection[int], among: Collection[int]) -> Mapping[int, int]:
        return {}

    def on_started(self, *, event: MoneyEvent) -> None:
        _checkouts_move(event.payable, CheckoutState.OPEN, CheckoutState.PAYING)

    def tells_payer(self, *, payable: Payable, action: Action) -> bool:
        """Money that places an order is told of by the order's confirmation."""
        held = _held(payable)
        waiting = any(checkout.state in {CheckoutState.OPEN, CheckoutState.PAYING} for checkout in held.checkouts)
        return waiting and held.order.state == OrderState.AWAITING_PAYMENT

    def on_authorized(self, *, event: MoneyEvent) -> None:
        self._place(event, money=OrderMoney.HELD)

    def on_pending(self, *, event: MoneyEvent) -> None:
        self._place(event, money=OrderMoney.DEBIT)

    def on_captured(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """Money for an order that is not billed is a deposit of the customer."""
        self._place(event, money=OrderMoney.PAID)
        return [Credit(account=AccountName.CUSTOMER_DEPOSIT, amount=event.amount)]

    def on_settled(self, *, event: MoneyEvent) -> Sequence[Credit]:
        return self.on_captured(event=event)

    def on_ended(self, *, event: MoneyEvent) -> None:
        """The buyer may choose another way to pay. An order that is placed already stays placed, and due."""
        _checkouts_move(event.payable, CheckoutState.PAYING, CheckoutState.OPEN)

    def on_voided(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """The order stays as it is and is due again; canceling it is a person's decision."""
        return [Credit(account=AccountName.CUSTOMER_DEPOSIT, amount=event.amount)]

    def on_refunded(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """As far as the deposit reaches: a lost dispute, or a refund before this one, may have taken it."""
        given = min(event.amount, net_at(event=event, after=False))
        return [Credit(account=AccountName.CUSTOMER_DEPOSIT, amount=given)] if given > 0 else []

    def on_disputed(self, *, event: MoneyEvent, turn: DisputeTurn) -> Sequence[Credit]:
        """A deposit stands until the dispute is lost; then the order is owed again. A deposit is never written off.

        What comes back after that is deposit again as far as the loss had taken it from there.
        """
        moved = ZERO
        if turn == DisputeTurn.LOST:
            moved = min(event.amount, net_at(event=event, after=False))
        elif turn == DisputeTurn.RECOVERED:
            moved = min(event.amount, net_at(event=event, after=True) - net_at(event=event, after=False))
        elif turn == DisputeTurn.TAKEN_ELSEWHERE:
            moved = event.amount
        return [Credit(account=AccountName.CUSTOMER_DEPOSIT, amount=moved)] if moved > 0 else []

    def on_returned(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """What is left of this payment's deposit is gone; the order stays as it is and is due again."""
        refunded = RefundLine.objects.filter(
            refund__payment=event.payment, refund__state=TransactionState.APPROVED, payable=event.payable
        ).aggregate(sum=Sum("amount", default=Decimal(0)))["sum"]
        left = event.amount - min(event.amount, refunded)
        return [Credit(account=AccountName.CUSTOMER_DEPOSIT, amount=left)] if left > 0 else []

    def _place(self, event: MoneyEvent, *, money: OrderMoney) -> None:
        held = _held(event.payable)
        if event.kept and held.order.state == OrderState.AWAITING_PAYMENT:
            held.order = checkout_placed(
                order=held.order, checkouts=held.checkouts, money=money, amount=event.amount, now=event.now
            )


def _held(payable: Payable) -> locks.HeldOrder:
    """The order behind a payable; `lock` has read it."""
    if not isinstance(payable.document, locks.HeldOrder):
        raise TypeError(f"payable {payable.pk}: its order is not locked")
    return payable.document


def _order(payable: Payable) -> Order:
    if isinstance(payable.document, locks.HeldOrder):
        return payable.document.order
    return Order.objects.select_related("customer", "placed_by").get(payable=payable)


@compiled
def _lines(*, order_id: int) -> QuerySet[OrderLine]:
    return OrderLine.objects.select_related("product__unit").filter(order_id=order_id).order_by("position")


def _checkouts_move(payable: Payable, old: CheckoutState, new: CheckoutState) -> None:
    for checkout in _held(payable).checkouts:
        if checkout.state == old:
            checkout.state = new
            checkout.save(update_fields=["state"])


def _item(line: OrderLine) -> OrderItem:
    return OrderItem(
        reference=line.sku,
        label=line.name,
        quantity=line.quantity,
        unit=line.product.unit.uom_code if line.product is not None else line.unit,
        unit_amount=line.list_price,
        discount=line.discount,
        tax=line.tax,
        total=line.total,
        commodity_code=line.commodity_code or (line.product.commodity_code if line.product is not None else ""),
    )


def _address(snapshot: AddressSnapshot) -> PostalAddress:
    return PostalAddress(**snapshot.as_json())
