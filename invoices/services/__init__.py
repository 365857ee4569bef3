"""Every write of this room, by subject."""

from invoices.services.allocation import (
    Allocated,
    Split,
    allocated_to,
    allocation_apply,
    allocation_expect,
    allocation_forget,
    allocation_take_back,
    balance,
    credit_add,
)
from invoices.services.document import invoice_document_make
from invoices.services.draft import (
    invoice_draft,
    invoice_draft_delete,
    invoice_draft_from_order,
    invoice_draft_update,
)
from invoices.services.post import invoice_post, invoice_void, void_refusal
from invoices.services.receipt import receipt_issue, receipt_note
from invoices.totals import LineAsked

__all__ = [
    "Allocated",
    "LineAsked",
    "Split",
    "allocated_to",
    "allocation_apply",
    "allocation_expect",
    "allocation_forget",
    "allocation_take_back",
    "balance",
    "credit_add",
    "invoice_document_make",
    "invoice_draft",
    "invoice_draft_delete",
    "invoice_draft_from_order",
    "invoice_draft_update",
    "invoice_post",
    "invoice_void",
    "receipt_issue",
    "receipt_note",
    "void_refusal",
]
