"""Invoices as the payment module sees them: what is owed on one, what it contains, what money does to it."""

from collections.abc import Collection, Mapping, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _

from commerce.drafts import AddressSnapshot
from commerce.money import format_money
from invoices import locks
from invoices.models import Invoice, InvoiceLine, InvoiceState
from invoices.services.allocation import (
    Split,
    allocated_to,
    allocation_apply,
    allocation_expect,
    allocation_forget,
    allocation_reach,
    allocation_take_back,
    allocation_undo,
    allocation_write_off,
    allocation_write_off_end,
)
from invoices.services.receipt import receipt_note
from ledger.models import AccountName
from oropay.exceptions import PayableChanged
from oropay.gateway.port import OrderData, OrderItem, Payer, PostalAddress
from oropay.models import Action, AlertKind, Payable, PaymentTransaction, RefundSource
from oropay.orderdata import ships_from
from oropay.ports import Credit, DisputeTurn, Figures, MoneyEvent
from oropay.services import alert_raise

ZERO = Decimal(0)


class InvoicePayable:
    """Handler of `PayableKind.INVOICE`, always in the payment module's transaction. Facts are never refused."""

    def lock(self, *, payables: Sequence[Payable]) -> None:
        locks.invoices_of(payables=payables)
        locks.credits_of_payers(payables=payables)

    def last_look(self, *, payable: Payable) -> None:
        invoice = _invoice(payable)
        if invoice.state != InvoiceState.POSTED:
            raise PayableChanged(
                number=str(invoice), detail=_("it is {state}.").format(state=invoice.get_state_display().lower())
            )

    def describe(self, *, payable: Payable, amount: Decimal) -> OrderData:
        """The whole invoice, even if `amount` pays part of it: the goods are what they are."""
        invoice = Invoice.objects.select_related("customer", "order__placed_by").get(payable=payable)
        lines = list(invoice.lines.select_related("product__unit").order_by("position"))
        billing = AddressSnapshot.from_json(invoice.bill_to)
        buyer = invoice.order.placed_by if invoice.order is not None else None
        first, _space, last = billing.name.partition(" ")
        return OrderData(
            reference=invoice.number,
            description=_("Invoice {number}").format(number=invoice.number),
            currency=invoice.currency,
            total=invoice.total,
            tax=invoice.tax,
            shipping=invoice.shipping,
            discount=invoice.discount,
            po_number=invoice.po_number,
            tax_exempt=invoice.tax == 0 and bool(invoice.customer.tax_exemption),
            items=tuple(_item(line) for line in lines),
            billing_address=_address(billing),
            shipping_address=_address(AddressSnapshot.from_json(invoice.ship_to)),
            ship_from=ships_from(payable.organization),
            payer=Payer(
                reference=invoice.customer.number or str(invoice.customer_id),
                first_name=buyer.first_name if buyer is not None else first,
                last_name=buyer.last_name if buyer is not None else last,
                company=invoice.customer.name,
                email=buyer.email if buyer is not None else invoice.customer.email,
                phone=billing.phone,
            ),
        )

    def figures(self, *, payable: Payable) -> Figures:
        invoice = _invoice(payable)
        stands = allocated_to(invoice=invoice)
        return Figures(
            total=invoice.total,
            paid=stands.paid,
            settling=stands.settling,
            cleared=stands.cleared,
            is_closed=invoice.state == InvoiceState.VOID,
        )

    def took_over(self, *, old: Collection[int], among: Collection[int]) -> Mapping[int, int]:
        posted = Invoice.objects.filter(payable__in=among, order__payable__in=old)
        return dict(posted.values_list("order__payable", "payable"))

    def on_started(self, *, event: MoneyEvent) -> None:
        """Nothing is allocated before there is money; that somebody pays is in the payment's own rows."""

    def tells_payer(self, *, payable: Payable, action: Action) -> bool:
        """A charge has its receipt; a hold pays nothing yet."""
        return action == Action.CHARGE

    def on_authorized(self, *, event: MoneyEvent) -> None:
        """A hold pays nothing; it lowers what may be asked for by itself."""

    def on_pending(self, *, event: MoneyEvent) -> None:
        allocation_expect(
            invoice=_invoice(event.payable),
            payment=event.payment,
            transaction=event.transaction,
            amount=event.amount,
            occurred_on=event.occurred_on,
            now=event.now,
        )

    def on_captured(self, *, event: MoneyEvent) -> Sequence[Credit]:
        invoice = _invoice(event.payable)
        split = allocation_apply(
            invoice=invoice,
            payment=event.payment,
            transaction=event.transaction,
            amount=event.amount,
            occurred_on=event.occurred_on,
            now=event.now,
        )
        if event.kept:
            self._tell(event, split)
        return _credits(split)

    def _tell(self, event: MoneyEvent, split: Split) -> None:
        """A receipt for who paid; what was too much is told to finance."""
        invoice = _invoice(event.payable)
        receipt_note(
            invoice=invoice,
            payment=event.payment,
            transaction=event.transaction,
            split=split,
            received_on=event.occurred_on,
            now=event.now,
        )
        if split.credited > 0:
            alert_raise(
                row=event.transaction,
                kind=AlertKind.CREDIT_CREATED,
                text=_("{amount} was more than invoice {number} still owed and is customer credit now.").format(
                    amount=format_money(split.credited, event.payment.currency), number=invoice.number
                ),
                now=event.now,
            )

    def on_settled(self, *, event: MoneyEvent) -> Sequence[Credit]:
        return self.on_captured(event=event)

    def on_ended(self, *, event: MoneyEvent) -> None:
        allocation_forget(invoice=_invoice(event.payable), payment=event.payment)

    def on_voided(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """The mirror of the capture: what it paid is owed again, credit it left is gone."""
        return _credits(
            allocation_take_back(
                invoice=_invoice(event.payable),
                payment=event.payment,
                transaction=event.transaction.subject,
                amount=event.amount,
                now=event.now,
            )
        )

    def on_refunded(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """From what the payment still pays. A deposit that was billed since gives first what billing left as credit."""
        return _credits(
            allocation_reach(
                invoice=_invoice(event.payable),
                payment=event.payment,
                transaction=event.transaction.subject,
                amount=event.amount,
                credit_first=any(line.source == RefundSource.DEPOSIT for line in event.lines),
                now=event.now,
            )
        )

    def on_disputed(self, *, event: MoneyEvent, turn: DisputeTurn) -> Sequence[Credit]:
        """What the money paid stands while it is disputed; once lost it is owed again, unless it is written off.

        What comes back after that pays the invoice again, and is bad debt no more as far as it was written off.
        """
        invoice, row = _invoice(event.payable), event.transaction
        if turn == DisputeTurn.LOST:
            return _credits(
                allocation_reach(
                    invoice=invoice,
                    payment=event.payment,
                    transaction=_money_of(row),
                    amount=event.amount,
                    now=event.now,
                )
            )
        if turn in {DisputeTurn.RECOVERED, DisputeTurn.TAKEN_ELSEWHERE}:
            return self._recover(event)
        if turn == DisputeTurn.WRITTEN_OFF:
            given_up = allocation_write_off(
                invoice=invoice,
                payment=event.payment,
                transaction=row,
                amount=event.amount,
                occurred_on=event.occurred_on,
                now=event.now,
            )
            return _credits(Split(allocated=given_up, credited=ZERO))
        if turn == DisputeTurn.PURSUED:
            ended = allocation_write_off_end(
                invoice=invoice, payment=event.payment, transaction=row, amount=event.amount, now=event.now
            )
            return _credits(Split(allocated=ended, credited=ZERO))
        return []

    def on_returned(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """What the debit paid is owed again, with what was forgiven for it; what it no longer covers is not ours."""
        if event.transaction.parent is None:
            raise ValueError(f"return {event.transaction.pk} has no debit")
        undone = allocation_undo(
            invoice=_invoice(event.payable),
            payment=event.payment,
            transaction=event.transaction.parent,
            amount=event.amount,
            now=event.now,
        )
        owed_again = undone.allocated + undone.discounts + undone.differences
        sides = [
            Credit(account=AccountName.RECEIVABLE, amount=owed_again),
            Credit(account=AccountName.CUSTOMER_CREDIT, amount=undone.credited),
            Credit(account=AccountName.DISCOUNTS_GIVEN, amount=-undone.discounts),
            Credit(account=AccountName.SMALL_DIFFERENCES, amount=-undone.differences),
        ]
        return [side for side in sides if side.amount]

    def _recover(self, event: MoneyEvent) -> Sequence[Credit]:
        invoice, row = _invoice(event.payable), event.transaction
        not_bad = allocation_write_off_end(
            invoice=invoice, payment=event.payment, transaction=row, amount=event.amount, now=event.now
        )
        split = allocation_apply(
            invoice=invoice,
            payment=event.payment,
            transaction=_money_of(row) or row,
            amount=event.amount,
            occurred_on=event.occurred_on,
            now=event.now,
        )
        sides = [
            Credit(account=AccountName.BAD_DEBT, amount=not_bad),
            *_credits(Split(allocated=split.allocated - not_bad, credited=split.credited)),
        ]
        return [side for side in sides if side.amount]


def _credits(split: Split) -> list[Credit]:
    sides = [
        Credit(account=AccountName.RECEIVABLE, amount=split.allocated),
        Credit(account=AccountName.CUSTOMER_CREDIT, amount=split.credited),
    ]
    return [side for side in sides if side.amount > 0]


def _money_of(row: PaymentTransaction) -> PaymentTransaction | None:
    """The charge or capture that a dispute's row goes back to."""
    found: PaymentTransaction | None = row
    while found is not None and found.action not in {Action.CHARGE, Action.CAPTURE}:
        found = found.parent
    return found


def _invoice(payable: Payable) -> Invoice:
    return Invoice.objects.get(payable=payable)


def _item(line: InvoiceLine) -> OrderItem:
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
