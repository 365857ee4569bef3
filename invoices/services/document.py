"""The invoice on paper: drawn once, from rows that no longer change."""

from datetime import datetime

from django.db.transaction import atomic

from invoices import locks, pdf
from invoices.exceptions import PostRefused
from invoices.models import Invoice, InvoiceState
from plumbing.models import DocumentKind
from plumbing.services import document_add


def invoice_document_make(*, invoice_id: int, now: datetime) -> Invoice:
    """Draw a posted invoice and freeze the file. Safe to repeat: a document that is there stays.

    Raises:
        PostRefused: it is still a draft; nothing final can be printed.
    """
    invoice = Invoice.objects.select_related("organization", "website", "customer", "order", "payment_term").get(
        pk=invoice_id
    )
    if invoice.state == InvoiceState.DRAFT:
        raise PostRefused(why=f"Invoice #{invoice.pk} is a draft.")
    if invoice.document_id is not None:
        return invoice
    return _freeze(invoice_id=invoice_id, content=pdf.invoice_pdf(invoice), now=now)


@atomic(durable=True)
def _freeze(*, invoice_id: int, content: bytes, now: datetime) -> Invoice:
    invoice = locks.invoice(pk=invoice_id)
    if invoice.document_id is not None:
        return invoice
    invoice.document = document_add(
        kind=DocumentKind.INVOICE,
        name=f"{invoice.number}.pdf",
        content_type="application/pdf",
        content=content,
        now=now,
    )
    invoice.save(update_fields=["document"])
    return invoice
