"""What workers do for this room after a commit: documents, receipts, invoices at placement."""

from datetime import datetime

from commerce.models import Order
from commerce.ports import OrderListener
from commerce.settings_registry import define, setting_get
from invoices.models import Invoice, InvoiceState
from invoices.services import invoice_document_make, invoice_draft_from_order, invoice_post, receipt_issue
from plumbing.models import Job
from plumbing.services import job_add

ORDER_JOB = "invoices.of_order"
AT_PLACEMENT = "placement"
BY_STAFF = "staff"

CREATE_AT = define(
    key="invoices.create_at",
    default=BY_STAFF,
    label="Invoice orders on payment terms",
    help=(
        "“staff”: a person drafts and posts every invoice. “placement”: an order on payment terms is invoiced as soon "
        "as it is placed; orders that are paid or held at checkout are still invoiced by staff."
    ),
    type=str,
)


class DrawDocument:
    """Runs `invoices.document`: the PDF of a posted invoice, and the mail that brings it."""

    def run(self, *, job: Job, now: datetime) -> None:
        invoice_document_make(invoice_id=job.payload["invoice"], mail=job.payload.get("mail", False), now=now)


class IssueReceipt:
    """Runs `invoices.receipt`: number, PDF and mail of a receipt."""

    def run(self, *, job: Job, now: datetime) -> None:
        receipt_issue(receipt_id=job.payload["receipt"], now=now)


class InvoiceOrder:
    """Runs `invoices.of_order`: drafts and posts the invoice of an order placed on terms."""

    def run(self, *, job: Job, now: datetime) -> None:
        order = Order.objects.get(pk=job.payload["order"])
        invoice = Invoice.objects.filter(order=order).exclude(state=InvoiceState.VOID).first()
        if invoice is None:
            invoice = invoice_draft_from_order(order=order, by=None, now=now)
        if invoice.state == InvoiceState.DRAFT:
            invoice_post(invoice=invoice, by=None, now=now)


class PlacedOrders(OrderListener):
    """Asks for the invoice of an order on terms when it is placed, if the website wants that."""

    def on_placed(self, *, order: Order, now: datetime) -> None:
        if order.payment_term_id is None or setting_get(CREATE_AT, order.website) != AT_PLACEMENT:
            return
        job_add(kind=ORDER_JOB, key=str(order.pk), payload={"order": order.pk}, now=now)
