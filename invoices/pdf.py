"""Documents of this room: typst templates fed with finished text, so that the same rows give the same bytes.

Source of looks and words: `templates/invoices/pdf/*.typ`. No system fonts, no network, no clock: the creation date in
the file is the moment the document was issued.
"""

import json
from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import typst
from babel import Locale
from babel.dates import format_date
from babel.numbers import format_decimal
from django.utils.translation import gettext as _
from django.utils.translation import override

from commerce.drafts import AddressSnapshot
from commerce.models import Organization
from commerce.money import format_money, locale_of, rounded
from invoices.models import Invoice, InvoiceKind, InvoiceLine, Receipt

TEMPLATES = Path(__file__).parent / "templates" / "invoices" / "pdf"


def invoice_pdf(invoice: Invoice) -> bytes:
    """A posted invoice on paper, in the language of its website. It shows what is owed, never what is paid."""
    language = invoice.website.language
    with override(language):
        data = _invoice_data(invoice, locale=locale_of(language))
    if invoice.posted_at is None:
        raise ValueError(f"invoice {invoice.pk} is not posted")
    return render("invoice.typ", data=data, issued_at=invoice.posted_at)


def receipt_pdf(receipt: Receipt, *, language: str) -> bytes:
    """A numbered receipt on paper."""
    if receipt.issued_at is None:
        raise ValueError(f"receipt {receipt.pk} has no number")
    with override(language):
        data = _receipt_data(receipt, locale=locale_of(language))
    return render("receipt.typ", data=data, issued_at=receipt.issued_at)


def render(template: str, *, data: Mapping[str, Any], issued_at: datetime) -> bytes:
    """Compile a template with `data` as JSON. Equal input gives equal bytes."""
    return typst.compile(
        str(TEMPLATES / template),
        root=str(TEMPLATES),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
        timestamp=int(issued_at.timestamp()),
    )


def _invoice_data(invoice: Invoice, *, locale: str) -> dict[str, Any]:
    def amount(value: Decimal) -> str:
        return format_money(value, invoice.currency, locale)

    lines = list(invoice.lines.order_by("position"))
    bill_to = AddressSnapshot.from_json(invoice.bill_to)
    ship_to = AddressSnapshot.from_json(invoice.ship_to)
    facts = [
        (
            _("Date") if invoice.kind == InvoiceKind.DEBIT_MEMO else _("Invoice date"),
            day_words(invoice.issued_on, locale),
        ),
        (_("Due date"), day_words(invoice.due_on, locale)),
        (_("Terms"), invoice.payment_term.name if invoice.payment_term else _("Due on receipt")),
        (_("PO number"), invoice.po_number),
        (_("Order"), invoice.order.number if invoice.order else ""),
        (_("Customer"), invoice.customer.number or invoice.customer.name),
    ]
    totals = [
        (_("Subtotal"), amount(invoice.subtotal)),
        (_("Discount"), amount(-invoice.discount) if invoice.discount else ""),
        (_("Shipping"), amount(invoice.shipping) if invoice.shipping else ""),
        (_("Tax"), amount(invoice.tax)),
    ]
    return {
        "language": locale[:2],
        "title": str(invoice.get_kind_display()),
        "number": invoice.number,
        "seller": _seller(invoice.organization, locale=locale),
        "brand": invoice.website.name,
        "facts": [list(fact) for fact in facts if fact[1]],
        "parties": [
            {"title": _("Bill to"), "lines": _address(bill_to, locale=locale)},
            {"title": _("Ship to"), "lines": _address(ship_to, locale=locale)},
        ],
        "columns": [_("Item"), _("Quantity"), _("Unit price"), _("Discount"), _("Tax"), _("Amount")],
        "has_discount": any(line.discount for line in lines),
        "lines": [
            {
                "name": line.name,
                "detail": line.sku,
                "quantity": _quantity(line, locale),
                "unit_price": _unit_price(line.list_price, currency=invoice.currency, locale=locale),
                "discount": amount(-line.discount) if line.discount else "",
                "tax": amount(line.tax),
                "total": amount(line.total),
            }
            for line in lines
        ],
        "totals": [list(total) for total in totals if total[1]],
        "total": [_("Total due"), amount(invoice.total)],
        "notes": invoice.notes,
        "notes_title": _("Notes"),
        "due": _("Please pay {amount} by {day}.").format(
            amount=amount(invoice.total), day=day_words(invoice.due_on, locale)
        ),
        "thanks": _("Please quote the invoice number with your payment."),
        "page": _("Page"),
        "of": _("of"),
    }


def _receipt_data(receipt: Receipt, *, locale: str) -> dict[str, Any]:
    def amount(value: Decimal) -> str:
        return format_money(value, receipt.currency, locale)

    return {
        "language": locale[:2],
        "title": _("Receipt"),
        "number": receipt.number,
        "seller": _seller(receipt.organization, locale=locale),
        "brand": receipt.payment.website.name if receipt.payment.website else receipt.organization.name,
        "facts": [
            [_("Date"), day_words(receipt.received_on, locale)],
            [_("Paid by"), receipt.customer.name],
            [_("Paid with"), receipt.method],
            [_("Payment"), str(receipt.payment.uuid)],
        ],
        "columns": [_("Paid"), _("Amount")],
        "lines": [
            {
                "name": _("Invoice {number}").format(number=row["number"])
                if row["number"]
                else _("Kept as your credit"),
                "total": amount(Decimal(row["amount"])),
            }
            for row in receipt.paid
        ],
        "total": [_("Received"), amount(receipt.amount)],
        "thanks": _("Thank you."),
        "page": _("Page"),
        "of": _("of"),
    }


def _seller(organization: Organization, *, locale: str) -> dict[str, Any]:
    address = AddressSnapshot(
        line_1=organization.line_1,
        line_2=organization.line_2,
        city=organization.city,
        region=organization.region,
        postal_code=organization.postal_code,
        country=organization.country,
    )
    contact = [organization.email, organization.phone]
    if organization.tax_id:
        contact.append(_("Tax ID {number}").format(number=organization.tax_id))
    return {
        "name": organization.legal_name or organization.name,
        "address": _address(address, locale=locale),
        "contact": [text for text in contact if text],
    }


def _address(address: AddressSnapshot, *, locale: str) -> list[str]:
    place = " ".join(part for part in (address.region, address.postal_code) if part)
    city = ", ".join(part for part in (address.city, place) if part)
    country = Locale.parse(locale).territories.get(address.country, address.country)
    return [
        text for text in (address.company, address.name, address.line_1, address.line_2, city, str(country)) if text
    ]


def day_words(day: date | None, locale: str) -> str:
    """A date as our papers write it: "26 Nov 2026"."""
    return "" if day is None else format_date(day, "d MMM y", locale=locale)


def _quantity(line: InvoiceLine, locale: str) -> str:
    return f"{format_decimal(line.quantity, format='#,##0.####', locale=locale)} {line.unit}".strip()


def _unit_price(price: Decimal, *, currency: str, locale: str) -> str:
    """A price may be finer than the currency; then all its digits are shown."""
    if rounded(price, currency) == price:
        return format_money(price, currency, locale)
    return f"{format_decimal(price, format='#,##0.00##', locale=locale)} {currency}"
