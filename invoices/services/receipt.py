"""Receipts: noted together with the money, numbered and drawn right afterwards by a job, mailed to who paid."""

from datetime import date, datetime
from decimal import Decimal

from django.db.transaction import atomic
from django.utils.translation import gettext as _
from django.utils.translation import override

from commerce.models import NumberKind
from commerce.money import format_money, locale_of, rounded
from commerce.services import number_next
from invoices import locks, pdf
from invoices.models import Invoice, Receipt
from invoices.services.allocation import Split
from oropay.models import Instrument, Method, Payment, PaymentTransaction
from oropay.services import instrument_words
from plumbing.models import Document, DocumentKind
from plumbing.services import document_add, job_add, mail_queue

RECEIPT_JOB = "invoices.receipt"


def receipt_note(
    *,
    invoice: Invoice,
    payment: Payment,
    transaction: PaymentTransaction,
    split: Split,
    received_on: date,
    now: datetime,
) -> Receipt:
    """Write down what a charge, capture or recorded receipt paid, in the transaction that records it, or that posts an
    invoice over it.

    Called once per invoice of the payment; the parts of one transaction share one receipt until it has its number.
    """
    receipt = locks.receipt_of(transaction_id=transaction.pk) or Receipt(
        organization_id=payment.organization_id,
        customer_id=payment.customer_id,
        payment=payment,
        transaction=transaction,
        currency=payment.currency,
        amount=Decimal(0),
        method=_method_words(payment=payment, transaction=transaction),
        received_on=received_on,
        created_at=now,
    )
    for number, amount in ((invoice.number, split.allocated), ("", split.credited)):
        if amount > 0:
            receipt.paid.append({"number": number, "amount": str(rounded(amount, payment.currency))})
            receipt.amount += amount
    receipt.save()
    job_add(kind=RECEIPT_JOB, key=str(receipt.pk), payload={"receipt": receipt.pk}, now=now)
    return receipt


def receipt_issue(*, receipt_id: int, now: datetime) -> Receipt:
    """Give a receipt its number, its document and its mail. Safe to repeat: what is there is not made again."""
    _number(receipt_id=receipt_id, now=now)
    receipt = Receipt.objects.select_related("organization", "customer", "payment__created_by", "payment__website").get(
        pk=receipt_id
    )
    if receipt.document_id is not None:
        return receipt
    language = language_of(receipt.payment)
    return _publish(receipt_id=receipt_id, content=pdf.receipt_pdf(receipt, language=language), now=now)


def language_of(payment: Payment) -> str:
    """The language of the website where it was paid."""
    return payment.website.language if payment.website is not None else "en-us"


@atomic(durable=True)
def _number(*, receipt_id: int, now: datetime) -> None:
    receipt = locks.receipt(pk=receipt_id)
    if receipt.number:
        return
    receipt.issued_at = now
    receipt.number = number_next(
        organization=receipt.organization, kind=NumberKind.RECEIPT, period=receipt.organization.period(now)
    )
    receipt.save(update_fields=["number", "issued_at"])


@atomic(durable=True)
def _publish(*, receipt_id: int, content: bytes, now: datetime) -> Receipt:
    receipt = locks.receipt(pk=receipt_id)
    if receipt.document_id is not None:
        return receipt
    document = document_add(
        kind=DocumentKind.RECEIPT,
        name=f"{receipt.number}.pdf",
        content_type="application/pdf",
        content=content,
        now=now,
    )
    receipt.document = document
    receipt.save(update_fields=["document"])
    _mail(receipt=receipt, document=document, now=now)
    return receipt


def _mail(*, receipt: Receipt, document: Document, now: datetime) -> None:
    """To the person who paid; a payment recorded by staff goes to the company's address, if it has one."""
    payer = receipt.payment.created_by
    to = payer.email if payer is not None and not payer.is_staff else receipt.customer.email
    if not to:
        return
    language = language_of(receipt.payment)
    website = receipt.payment.website
    mail_queue(
        to=to,
        template="invoices/mail/receipt.txt",
        context={
            "receipt": receipt,
            "seller": receipt.organization,
            "payer": payer if payer is not None and not payer.is_staff else None,
            "amount": format_money(receipt.amount, receipt.currency, locale_of(language)),
            "rows": [
                (row["number"], format_money(Decimal(row["amount"]), receipt.currency, locale_of(language)))
                for row in receipt.paid
            ],
            "link": website.url("storefront:receipt", uuid=receipt.payment.uuid) if website is not None else "",
        },
        language=language,
        documents=[document],
        now=now,
    )


def _method_words(*, payment: Payment, transaction: PaymentTransaction) -> str:
    """How it was paid, in the words of the language of the receipt."""
    with override(language_of(payment)):
        if payment.method == Method.OFFLINE:
            return _("Check or wire {document}").format(document=transaction.gateway_reference).strip()[:120]
        # What the answer taught about the card is already in its row, not yet in the payment we hold.
        return instrument_words(Instrument.objects.get(payments=payment))[:120]
