"""From what is owed to where the money is: order, invoice → payment → transactions → settlement → deposit → journal."""

from collections.abc import Sequence
from typing import Any

from django.utils.translation import gettext as _

from backoffice.display import link
from backoffice.records import Trail
from backoffice.timeline import name_of
from backoffice.worth import worth_of
from invoices.models import Invoice
from ledger.models import Entry
from oropay.models import Payable, Payment, PaymentTransaction
from reconciliation.models import MatchPart


def trail_of(payment: Payment) -> Trail:
    """The linked steps of one payment, in four queries."""
    transactions = list(payment.transactions.all())
    parts = list(payment.parts.all())
    lines = settlement_lines(transactions)
    deposits = {line.deposit_id: line.deposit for line in lines}
    return Trail(
        title=_("Where the money came from and went"),
        steps=[
            (_("Owed for"), owed(parts)),
            (_("Payment"), [worth_of(payment)]),
            (_("Transactions"), [link(row, name_of(row)) for row in transactions]),
            (_("Settled in"), [link(line) for line in lines]),
            (_("Deposits"), [link(deposit) for deposit in deposits.values()]),
            (_("Journal"), [link(entry, name_of_entry(entry)) for entry in entries_of(transactions)]),
        ],
    )


def owed(parts: Sequence[Any]) -> list[Any]:
    """Links to the orders and invoices that these parts of payments name."""
    payables = [part.payable for part in parts]
    invoices = {row.payable_id: row for row in Invoice.objects.filter(payable__in=[row.pk for row in payables])}
    found: list[Any] = []
    for payable in payables:
        document = document_of(payable, invoices)
        found.append(link(document, str(payable)) if document else str(payable))
        invoice = invoices.get(payable.pk)
        if invoice is not None and invoice.order_id:
            found.append(link(invoice.order, _("Order {number}").format(number=invoice.order)))
    return found


def document_of(payable: Payable, invoices: dict[int | None, Invoice]) -> Any:
    return invoices.get(payable.pk) or (payable.order if payable.order_id else payable.account)


def settlement_lines(transactions: Sequence[PaymentTransaction]) -> list[Any]:
    """Lines of the gateway's report that were matched to these transactions' expectations."""
    ids = [row.pk for row in transactions]
    parts = (
        MatchPart.objects.filter(live=True, settlement_line__isnull=False, match__parts__live=True)
        .filter(match__parts__expectation__transaction__in=ids)
        .select_related("settlement_line__deposit")
        .order_by("settlement_line_id")
        .distinct()
    )
    lines = {part.settlement_line_id: part.settlement_line for part in parts}
    return list(lines.values())


def entries_of(transactions: Sequence[PaymentTransaction]) -> list[Entry]:
    return list(Entry.objects.filter(source__in=[f"transaction:{row.pk}" for row in transactions]).order_by("pk"))


def entries_of_source(source: str) -> list[Entry]:
    return list(Entry.objects.filter(source=source).order_by("pk"))


def name_of_entry(entry: Entry) -> str:
    return f"{entry.get_kind_display()} #{entry.pk}"
