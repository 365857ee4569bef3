"""Writing an invoice before it counts: from an order, or by hand. Nothing is owed yet."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from decimal import Decimal

from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.drafts import AddressSnapshot
from commerce.models import Customer, Order, OrderState, PaymentTerm, User, Website
from invoices import locks
from invoices.exceptions import InvoiceEmpty, LineInvalid, NotADraft, OrderNotBillable, WrongSeller
from invoices.models import Invoice, InvoiceLine, InvoiceState
from invoices.totals import Line, LineAsked, line_from_asked, line_from_order, totals_of


@atomic
def invoice_draft_from_order(*, order: Order, by: User | None, now: datetime) -> Invoice:
    """Draft the invoice of a placed order: its lines, amounts, addresses and PO number as they were ordered.

    Raises:
        OrderNotBillable: the order is not placed, was canceled, or has an invoice already.
    """
    if order.state not in {OrderState.OPEN, OrderState.CLOSED}:
        raise OrderNotBillable(number=order.number, why=_("only a placed order can be billed."))
    earlier = Invoice.objects.filter(order=order).exclude(state=InvoiceState.VOID).first()
    if earlier is not None:
        raise _billed_already(order)
    lines = [line_from_order(line) for line in order.lines.order_by("position")]
    invoice = Invoice(
        organization_id=order.organization_id,
        website_id=order.website_id,
        customer_id=order.customer_id,
        order=order,
        currency=order.currency,
        po_number=order.po_number,
        bill_to=order.billing_address,
        ship_to=order.shipping_address,
        shipping_method=order.shipping_method,
        payment_term=order.payment_term,
        created_by=by,
        created_at=now,
    )
    try:
        with atomic():
            _write(invoice=invoice, lines=lines, shipping=order.shipping)
    except IntegrityError as error:
        if "invoice_one_standing_per_order" in str(error):
            raise _billed_already(order) from error
        raise
    return invoice


@atomic
def invoice_draft(
    *,
    website: Website,
    customer: Customer,
    lines: Sequence[LineAsked],
    by: User | None,
    now: datetime,
    bill_to: AddressSnapshot,
    ship_to: AddressSnapshot | None = None,
    payment_term: PaymentTerm | None = None,
    shipping: Decimal = Decimal(0),
    po_number: str = "",
    notes: str = "",
    external_id: str = "",
) -> Invoice:
    """Draft an invoice by hand, in the website's currency. `shipping` is in major units and is not taxed.

    Raises:
        WrongSeller: customer, website, term or a product belong to different sellers.
        InvoiceEmpty, LineInvalid: say what is wrong with the lines.
    """
    invoice = Invoice(
        organization_id=website.organization_id,
        website=website,
        customer=customer,
        currency=website.currency,
        po_number=po_number,
        notes=notes,
        external_id=external_id,
        bill_to=bill_to.as_json(),
        ship_to=(ship_to or bill_to).as_json(),
        payment_term=payment_term,
        created_by=by,
        created_at=now,
    )
    _check_seller(website=website, customer=customer, payment_term=payment_term, lines=lines)
    _write(invoice=invoice, lines=_priced(lines, currency=website.currency), shipping=shipping)
    return invoice


@atomic
def invoice_draft_update(
    *,
    invoice: Invoice,
    lines: Sequence[LineAsked] | None = None,
    bill_to: AddressSnapshot | None = None,
    ship_to: AddressSnapshot | None = None,
    payment_term: PaymentTerm | None = None,
    shipping: Decimal | None = None,
    po_number: str | None = None,
    notes: str | None = None,
    external_id: str | None = None,
) -> Invoice:
    """Change a draft; what is None stays. The lines of an order's invoice stay the order's.

    Raises:
        NotADraft: it was posted in the meantime.
        LineInvalid: lines were given for an invoice of an order.
        InvoiceEmpty, WrongSeller: as in `invoice_draft`.
    """
    invoice = locks.invoice(pk=invoice.pk)
    if invoice.state != InvoiceState.DRAFT:
        raise NotADraft(number=invoice.number)
    if lines is not None and invoice.order_id is not None:
        raise LineInvalid(name=str(invoice), why=_("the lines of an order's invoice are those of the order."))
    _check_seller(website=invoice.website, customer=invoice.customer, payment_term=payment_term, lines=lines or ())
    for name, value in (
        ("bill_to", bill_to.as_json() if bill_to else None),
        ("ship_to", ship_to.as_json() if ship_to else None),
        ("payment_term", payment_term),
        ("po_number", po_number),
        ("notes", notes),
        ("external_id", external_id),
    ):
        if value is not None:
            setattr(invoice, name, value)
    kept = [_kept(line) for line in invoice.lines.order_by("position")]
    _write(
        invoice=invoice,
        lines=kept if lines is None else _priced(lines, currency=invoice.currency),
        shipping=invoice.shipping if shipping is None else shipping,
    )
    return invoice


@atomic
def invoice_draft_delete(*, invoice: Invoice) -> None:
    """Throw a draft away; it had no number and owed nothing.

    Raises:
        NotADraft: it was posted; void it instead.
    """
    invoice = locks.invoice(pk=invoice.pk)
    if invoice.state != InvoiceState.DRAFT:
        raise NotADraft(number=invoice.number)
    invoice.delete()


def _write(*, invoice: Invoice, lines: Sequence[Line], shipping: Decimal) -> None:
    if not lines:
        raise InvoiceEmpty
    totals = totals_of(lines=lines, shipping=shipping, currency=invoice.currency)
    for name, value in asdict(totals).items():
        setattr(invoice, name, value)
    invoice.save()
    invoice.lines.all().delete()
    InvoiceLine.objects.bulk_create(
        InvoiceLine(
            invoice=invoice,
            position=position,
            **{name: value for name, value in asdict(line).items() if name != "subtotal"},
        )
        for position, line in enumerate(lines, start=1)
    )


def _priced(lines: Sequence[LineAsked], *, currency: str) -> list[Line]:
    for line in lines:
        if not line.name.strip():
            raise LineInvalid(name=line.sku or _("A line"), why=_("say what it is."))
        if line.quantity <= 0:
            raise LineInvalid(name=line.name, why=_("the quantity must be more than zero."))
        if line.unit_price < 0 or line.discount < 0:
            raise LineInvalid(name=line.name, why=_("price and discount cannot be negative."))
        if not 0 <= line.tax_rate < 1:
            raise LineInvalid(name=line.name, why=_("the tax rate is a fraction, such as 0.08."))
    priced = [line_from_asked(line, currency=currency) for line in lines]
    for billed in priced:
        if billed.discount > billed.subtotal:
            raise LineInvalid(name=billed.name, why=_("the discount is more than the line."))
    return priced


def _kept(line: InvoiceLine) -> Line:
    return Line(
        subtotal=line.total - line.tax + line.discount,
        **{name: getattr(line, name) for name in Line.__dataclass_fields__ if name != "subtotal"},
    )


def _check_seller(
    *, website: Website, customer: Customer, payment_term: PaymentTerm | None, lines: Sequence[LineAsked]
) -> None:
    theirs = [customer, payment_term, *(line.product for line in lines)]
    for other in theirs:
        if other is not None and other.organization_id != website.organization_id:
            raise WrongSeller(what=str(other), other=website.name)


def _billed_already(order: Order) -> OrderNotBillable:
    return OrderNotBillable(number=order.number, why=_("it has an invoice already."))
