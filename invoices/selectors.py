"""Reads of this room, starting from what a person may see. Buyers never see drafts."""

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Value, When
from django.utils.translation import gettext_lazy as _

from commerce.models import Permission, User
from commerce.selectors import orders_visible_to, rows_visible_to
from invoices.models import Allocation, AllocationKind, AllocationState, Invoice, InvoiceState, Receipt
from oropay.models import Payable, PayableKind, Payment, PaymentPayable
from oropay.selectors import least_online, payments_visible_to


class Tab(StrEnum):
    """How the list of invoices is divided."""

    OPEN = "open"
    """Something is left to pay, overdue or not."""
    OVERDUE = "overdue"
    """Something is left to pay and the day has passed."""
    PAID = "paid"
    """Nothing is left to pay."""
    ALL = "all"
    """Everything, void ones too."""


TAB_LABELS = {
    Tab.OPEN: _("Open"),
    Tab.OVERDUE: _("Overdue"),
    Tab.PAID: _("Paid"),
    Tab.ALL: _("All"),
}


def invoices_visible_to(
    *, user: User | AnonymousUser, permission: Permission = Permission.VIEW_INVOICE
) -> QuerySet[Invoice]:
    """Invoices this person may see (or, with another permission, do that to). Own level: of orders they placed."""
    rows = Invoice.objects.filter(rows_visible_to(user=user, permission=permission, owner_field="order__placed_by"))
    return rows if user.is_active and user.is_staff else rows.exclude(state=InvoiceState.DRAFT)


def tab_condition(tab: Tab, *, today: date) -> Q:
    """Which invoices a tab shows, by the payable's own columns."""
    left = Q(state=InvoiceState.POSTED, payable__total__gt=F("payable__paid") + F("payable__cleared"))
    return {
        Tab.OPEN: left,
        Tab.OVERDUE: left & Q(due_on__lt=today),
        Tab.PAID: Q(state=InvoiceState.POSTED, payable__total__lte=F("payable__paid") + F("payable__cleared")),
        Tab.ALL: Q(),
    }[tab]


def search_condition(words: str) -> Q:
    """Invoices whose number, PO number or order number has these words in it."""
    return (
        Q(number__icontains=words) | Q(po_number__icontains=words) | Q(order__number__icontains=words) if words else Q()
    )


def tab_counts(*, rows: QuerySet[Invoice], today: date) -> dict[Tab, int]:
    """How many invoices each tab has, in one query."""
    found = rows.aggregate(
        **{
            tab.value: Count("pk", filter=tab_condition(tab, today=today)) if tab != Tab.ALL else Count("pk")
            for tab in Tab
        }
    )
    return {tab: found[tab.value] for tab in Tab}


def invoice_rows(*, rows: QuerySet[Invoice], user: User) -> QuerySet[Invoice]:
    """The list's rows with everything it shows: `may_pay`, `being_paid` and `least` (what can be paid
    online at all) are read along.
    """
    return rows.select_related("payable", "customer", "order").annotate(
        may_pay=Case(
            When(
                rows_visible_to(user=user, permission=Permission.PAY_INVOICE, owner_field="order__placed_by"),
                then=Value(True),
            ),
            default=Value(False),
        ),
        least=least_online(),
        being_paid=Exists(PaymentPayable.objects.filter(payable=OuterRef("payable"), live=True)),
    )


@dataclass(frozen=True)
class PaymentOfInvoice:
    """One payment as an invoice page shows it."""

    payment: Payment
    amount: Decimal
    """How much of it was meant for this invoice."""
    counted: Decimal
    """How much of it counts as paid now."""
    receipts: tuple[Receipt, ...]
    visible: bool
    """Whether this person may open the payment's own page."""


def payments_of(*, invoice: Invoice, user: User) -> list[PaymentOfInvoice]:
    """Every payment that names this invoice, newest first, in four queries."""
    if invoice.payable_id is None:
        return []
    parts = list(
        PaymentPayable.objects.filter(payable_id=invoice.payable_id)
        .select_related("payment__instrument", "payment__created_by")
        .prefetch_related(
            Prefetch("payment__receipts", Receipt.objects.exclude(number="").order_by("pk")),
            Prefetch(
                "payment__allocations",
                Allocation.objects.filter(
                    invoice=invoice, kind=AllocationKind.PAYMENT, state=AllocationState.LIVE
                ).order_by("pk"),
                to_attr="counting",
            ),
        )
        .order_by("-payment_id")
    )
    ids = [part.payment_id for part in parts]
    visible = set(payments_visible_to(user=user).filter(pk__in=ids).values_list("pk", flat=True)) if ids else set()
    return [
        PaymentOfInvoice(
            payment=part.payment,
            amount=part.amount,
            counted=sum((row.amount for row in part.payment.counting), Decimal(0)),  # type: ignore[attr-defined]
            receipts=tuple(part.payment.receipts.all()),
            visible=part.payment_id in visible,
        )
        for part in parts
    ]


def receipt_payment_visible_to(*, user: User) -> QuerySet[Payment]:
    """Payments whose receipt this person may see: their own, and those of which they see every invoice and order."""
    hidden = PaymentPayable.objects.filter(payment=OuterRef("pk")).exclude(
        Q(payable__in=Payable.objects.filter(invoice__in=invoices_visible_to(user=user)))
        | Q(payable__in=Payable.objects.filter(order__in=orders_visible_to(user=user)))
    )
    of_documents = PaymentPayable.objects.filter(
        payment=OuterRef("pk"), payable__kind__in=[PayableKind.INVOICE, PayableKind.ORDER]
    )
    return Payment.objects.filter(Exists(of_documents), Q(created_by=user) | ~Exists(hidden))


def receipts_of(*, payment: Payment) -> list[Receipt]:
    """A payment's receipts, oldest first; one without a number is still being issued."""
    return list(payment.receipts.select_related("organization", "customer").order_by("pk"))
