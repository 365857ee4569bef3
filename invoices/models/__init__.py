"""Tables of this room, one file a subject."""

from invoices.models.allocation import MOVES as ALLOCATION_MOVES
from invoices.models.allocation import Allocation, AllocationKind, AllocationState
from invoices.models.credit import CreditSource, CustomerCredit
from invoices.models.invoice import MOVES as INVOICE_MOVES
from invoices.models.invoice import Invoice, InvoiceKind, InvoiceLine, InvoiceState
from invoices.models.receipt import Receipt

__all__ = [
    "ALLOCATION_MOVES",
    "INVOICE_MOVES",
    "Allocation",
    "AllocationKind",
    "AllocationState",
    "CreditSource",
    "CustomerCredit",
    "Invoice",
    "InvoiceKind",
    "InvoiceLine",
    "InvoiceState",
    "Receipt",
]
