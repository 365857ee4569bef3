"""The invoice on paper: drawn once, from rows that no longer change, and mailed with its first drawing."""

from datetime import datetime

from django.db.transaction import atomic

from commerce.models import User
from commerce.money import format_money, locale_of
from invoices import locks, pdf
from invoices.exceptions import PostRefused
from invoices.models import Invoice, InvoiceKind, InvoiceState
from invoices.selectors import invoices_visible_to
from oropay.models import Payable
from plumbing.models import Document, DocumentKind
from plumbing.services import document_add, mail_queue


def invoice_document_make(*, invoice_id: int, now: datetime, mail: bool = False) -> Invoice:
    """Draw a posted invoice and freeze the file. Safe to repeat: a document that is there stays.

    With `mail` the customer gets it, once, together with the file.

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
    return _freeze(invoice_id=invoice_id, content=pdf.invoice_pdf(invoice), mail=mail, now=now)


@atomic(durable=True)
def _freeze(*, invoice_id: int, content: bytes, mail: bool, now: datetime) -> Invoice:
    invoice = locks.invoice(pk=invoice_id)
    if invoice.document_id is not None:
        return invoice
    document = document_add(
        kind=DocumentKind.DEBIT_MEMO if invoice.kind == InvoiceKind.DEBIT_MEMO else DocumentKind.INVOICE,
        name=f"{invoice.number}.pdf",
        content_type="application/pdf",
        content=content,
        now=now,
    )
    invoice.document = document
    invoice.save(update_fields=["document"])
    if mail and invoice.state == InvoiceState.POSTED:
        _mail(invoice=invoice, document=document, now=now)
    return invoice


def _mail(*, invoice: Invoice, document: Document, now: datetime) -> None:
    """To the company's address; without one, to who placed the order, if that person may see the invoice."""
    reader = None if invoice.customer.email else _reader(invoice)
    to = reader.email if reader is not None else invoice.customer.email
    payable = Payable.objects.get(invoice=invoice)
    if not to:
        return
    website = invoice.website
    locale = locale_of(website.language)
    mail_queue(
        to=to,
        template="invoices/mail/invoice.txt",
        context={
            "invoice": invoice,
            "seller": invoice.organization,
            "reader": reader,
            "total": format_money(invoice.total, invoice.currency, locale),
            "left": format_money(payable.payable_now, invoice.currency, locale) if payable.payable_now > 0 else "",
            "paid": payable.due <= 0,
            "day": pdf.day_words(invoice.due_on, locale),
            "link": website.url("storefront:invoice", number=invoice.number),
        },
        language=website.language,
        documents=[document],
        now=now,
    )


def _reader(invoice: Invoice) -> User | None:
    buyer = invoice.order.placed_by if invoice.order is not None else None
    if buyer is None or buyer.is_staff or not invoices_visible_to(user=buyer).filter(pk=invoice.pk).exists():
        return None
    return buyer
