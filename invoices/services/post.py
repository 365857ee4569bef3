"""Posting an invoice: from here on the company owes it. And withdrawing one that nobody paid."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from django.db.models import Sum
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import NumberKind, OrderState, User
from commerce.money import format_money
from commerce.services import number_next, order_bill, order_unbill
from commerce.terms import due_date
from invoices import locks
from invoices.exceptions import InvoiceEmpty, NotADraft, NoteRequired, OrderNotBillable, PostRefused, VoidRefused
from invoices.models import CreditSource, Invoice, InvoiceState
from invoices.services.allocation import Split, allocated_to, allocation_apply, allocation_expect
from invoices.services.receipt import receipt_note
from ledger import postings
from ledger.models import AccountName, Entry, EntryKind
from ledger.selectors import entries_of
from ledger.services import Line, entry_mirror, entry_post, period_hold
from oropay import locks as money_locks
from oropay.models import (
    FINAL,
    Action,
    Payable,
    PayableKind,
    PaymentPayable,
    PaymentTransaction,
    RefundLine,
    TransactionState,
)
from oropay.ports import DebtKind
from oropay.services import Share, own_sums, payable_open, payable_recompute, payable_running, payable_take_over
from plumbing.audit import because
from plumbing.services import job_add, note_add

ZERO = Decimal(0)
DOCUMENT_JOB = "invoices.document"
POSTINGS = [EntryKind.INVOICE_POSTED, EntryKind.FEE_PASSED_ON, EntryKind.DEBIT_MEMO_POSTED]
"""What voiding mirrors."""
MONEY_GONE = frozenset({DebtKind.RETURNED, DebtKind.DISPUTE_LOST, DebtKind.OVERREFUNDED})
"""Why nobody voids a debit memo by hand: the customer does have the money. Only a fee may be waived."""
TAKING = frozenset({Action.CHARGE, Action.CAPTURE, Action.OFFLINE_RECEIPT})


@dataclass(frozen=True)
class Taking:
    """Money of one transaction that lies as a deposit on an order, or a bank debit on its way there."""

    transaction: PaymentTransaction
    amount: Decimal

    @property
    def arrived_on(self) -> date | None:
        """The day the books have for it."""
        entry = entries_of(f"transaction:{self.transaction.pk}").first()
        return entry.occurred_on if entry is not None else None


@atomic(durable=True)
def invoice_post(*, invoice: Invoice, by: User | None, now: datetime, mail: bool = True) -> Invoice:
    """Lock, number and book an invoice. Money captured for its order pays it at once, an open hold becomes its own.

    The due date follows from the payment term, the date is the seller's today. The PDF is drawn afterwards by a job;
    so is the receipt of what the deposit paid. `mail` says whether the customer is sent it then.

    Raises:
        NotADraft: it is posted already.
        InvoiceEmpty: it has no lines.
        OrderNotBillable: its order was canceled.
        PostRefused: a payment, capture or void of its order has no outcome yet. A refund may be under way: what it
            takes, it takes from what the deposit left as credit, then from the invoice.
    """
    with because(by=by, why="post invoice"):
        return _post(invoice_id=invoice.pk, by=by, now=now, mail=mail)


@atomic(durable=True)
def invoice_void(*, invoice: Invoice, note: str, by: User, now: datetime) -> Invoice:
    """Withdraw a posted invoice on which nothing is paid: nobody owes it, its order can be billed anew.

    Raises:
        NoteRequired: `note` is blank.
        VoidRefused: it is not posted, an attempt to pay it has no outcome, or money is attached to it.
    """
    if not note.strip():
        raise NoteRequired
    with because(by=by, why=note):
        return _void(invoice_id=invoice.pk, note=note, by=by, now=now)


def _post(*, invoice_id: int, by: User | None, now: datetime, mail: bool) -> Invoice:
    draft = Invoice.objects.select_related("organization").get(pk=invoice_id)
    today = draft.organization.today(now)
    period_hold(organization_id=draft.organization_id, day=today)
    deposit = _order_payable(order_id=draft.order_id)
    if draft.order is not None:
        order = order_bill(order=draft.order, now=now)
        if order.state not in {OrderState.OPEN, OrderState.CLOSED}:
            raise OrderNotBillable(number=order.number, why=_("it was canceled."))
    invoice = locks.invoice(pk=invoice_id)
    if invoice.state != InvoiceState.DRAFT:
        raise NotADraft(number=invoice.number)
    if not invoice.lines.exists():
        raise InvoiceEmpty
    if deposit is not None and payable_running(payable=deposit, besides=[Action.REFUND]):
        raise PostRefused(why=_("A payment of its order has no outcome yet; try again when it has ended."))

    payable = payable_open(
        kind=PayableKind.INVOICE,
        organization=invoice.organization,
        customer=invoice.customer,
        currency=invoice.currency,
        number="",
        total=invoice.total,
    )
    invoice.payable = payable
    invoice.save(update_fields=["payable"])
    _book(invoice=invoice, today=today, now=now)
    applied: list[tuple[Taking, Split]] = []
    if deposit is None:
        payable_recompute(payable=payable)
    else:
        applied = _deposit_apply(invoice=invoice, deposit=deposit, today=today, now=now)
        _refunds_note(invoice=invoice, deposit=deposit, now=now)
        payable_take_over(old=deposit, new=payable)
    job_add(kind=DOCUMENT_JOB, key=str(invoice.pk), payload={"invoice": invoice.pk, "mail": mail}, now=now)

    invoice.state = InvoiceState.POSTED
    invoice.issued_on = today
    invoice.due_on = due_date(invoice.payment_term, today)
    invoice.posted_by, invoice.posted_at = by, now
    # Last, because everybody who posts waits for it: the number, and our own rows that carry it.
    invoice.number = number_next(
        organization=invoice.organization, kind=NumberKind.INVOICE, period=invoice.organization.period(now)
    )
    invoice.save(update_fields=["state", "issued_on", "due_on", "posted_by", "posted_at", "number"])
    Payable.objects.filter(pk=payable.pk).update(number=invoice.number)
    for taking, split in applied:
        receipt_note(
            invoice=invoice,
            payment=taking.transaction.payment,
            transaction=taking.transaction,
            split=split,
            received_on=taking.arrived_on or today,
            now=now,
        )
    invoice.payable.refresh_from_db()
    return invoice


def _book(*, invoice: Invoice, today: date, now: datetime) -> None:
    """Receivable against revenue and tax; a free invoice moves nothing in the books."""
    if invoice.total == 0:
        return
    entry_post(
        organization_id=invoice.organization_id,
        currency=invoice.currency,
        kind=EntryKind.INVOICE_POSTED,
        lines=postings.invoice_posted(revenue=invoice.total - invoice.tax, tax=invoice.tax),
        occurred_on=today,
        source=_source(invoice),
        customer_id=invoice.customer_id,
        now=now,
    )


def _deposit_apply(*, invoice: Invoice, deposit: Payable, today: date, now: datetime) -> list[tuple[Taking, Split]]:
    """Money captured for the order pays the invoice; what is more becomes customer credit; what settles is noted."""
    allocated = credited = ZERO
    applied = []
    for taking in _takings(deposit=deposit, pending=False):
        split = allocation_apply(
            invoice=invoice,
            payment=taking.transaction.payment,
            transaction=taking.transaction,
            amount=taking.amount,
            occurred_on=today,
            now=now,
            source=CreditSource.DEPOSIT,
        )
        allocated += split.allocated
        credited += split.credited
        applied.append((taking, split))
    for taking in _takings(deposit=deposit, pending=True):
        allocation_expect(
            invoice=invoice,
            payment=taking.transaction.payment,
            transaction=taking.transaction,
            amount=taking.amount,
            occurred_on=today,
            now=now,
        )
    if allocated + credited > 0:
        entry_post(
            organization_id=invoice.organization_id,
            currency=invoice.currency,
            kind=EntryKind.DEPOSIT_APPLIED,
            lines=[
                Line.debit(AccountName.CUSTOMER_DEPOSIT, allocated + credited),
                Line.credit(AccountName.RECEIVABLE, allocated),
                Line.credit(AccountName.CUSTOMER_CREDIT, credited),
            ],
            occurred_on=today,
            source=_source(invoice),
            customer_id=invoice.customer_id,
            now=now,
        )
    return applied


def _refunds_note(*, invoice: Invoice, deposit: Payable, now: datetime) -> None:
    """Say on the invoice that a refund of the deposit is still under way: nobody else sees that it may be due again."""
    lines = RefundLine.objects.filter(payable=deposit).exclude(refund__state__in=FINAL)
    under_way = lines.aggregate(sum=Sum("amount", default=ZERO))["sum"]
    if under_way > 0:
        text = _(
            "A refund of {amount} of its order is under way. Once it is sure, it is taken from what is left of the "
            "deposit as credit, then from this invoice, which is due again by as much."
        )
        note_add(on=invoice, text=text.format(amount=format_money(under_way, invoice.currency)), by=None, now=now)


def _takings(*, deposit: Payable, pending: bool) -> list[Taking]:
    """What each charge, capture or recorded receipt left on the order, net of all that went back since.

    What went back of one beyond what it was worth lowers the others of its payment.
    """
    found = []
    for part in PaymentPayable.objects.filter(payable=deposit).select_related("payment").order_by("payment_id"):
        family = list(part.payment.transactions.order_by("pk"))
        state = TransactionState.PENDING if pending else TransactionState.APPROVED
        all_of_it = own_sums(payable=deposit, rows=[_share(part=part, own=family)])
        left = all_of_it.settling if pending else all_of_it.net
        for row in family:
            if row.action not in TAKING or row.state != state:
                continue
            row.payment = part.payment
            sums = own_sums(payable=deposit, rows=[_share(part=part, own=_with_what_followed(row, family=family))])
            amount = min(left, sums.settling if pending else sums.net)
            if amount > 0:
                found.append(Taking(transaction=row, amount=amount))
                left -= amount
    return found


def _with_what_followed(row: PaymentTransaction, *, family: Sequence[PaymentTransaction]) -> list[PaymentTransaction]:
    """One charge, capture or receipt with everything that followed from it."""
    own = [row]
    for other in family:  # oldest first: what follows is newer than what it follows from
        if other.parent_id in {known.pk for known in own}:
            own.append(other)
    return own


def _share(*, part: PaymentPayable, own: list[PaymentTransaction]) -> Share:
    return Share(
        payment_id=part.payment_id,
        method=part.payment.method,
        part=part.amount,
        whole=part.payment.amount,
        transactions=own,
    )


def _void(*, invoice_id: int, note: str, by: User, now: datetime) -> Invoice:
    posted = Invoice.objects.select_related("organization").get(pk=invoice_id)
    today = posted.organization.today(now)
    if posted.payable_id is None:
        raise _void_refused(posted, _("it is not posted; delete the draft instead."))
    period_hold(organization_id=posted.organization_id, day=today)
    deposit = _order_payable(order_id=posted.order_id)
    payable = money_locks.payables(ids=[posted.payable_id])[0]
    if posted.order is not None:
        order_unbill(order=posted.order)
    invoice = locks.invoice(pk=invoice_id)
    invoice.payable = payable
    if why := void_refusal(invoice=invoice):
        raise _void_refused(invoice, why)
    void_write(invoice=invoice, payable=payable, note=note, by=by, now=now)
    if deposit is not None:
        payable_recompute(payable=deposit)
    return invoice


def void_refusal(*, invoice: Invoice) -> str:
    """Why nobody may void this one whatever is on it; empty when it may be, as long as no money is attached to it."""
    return _("this money did go back to the customer, so it stays owed.") if invoice.cause_kind in MONEY_GONE else ""


def _void_refused(invoice: Invoice, why: str) -> VoidRefused:
    return VoidRefused(kind=invoice.get_kind_display(), number=str(invoice), why=why)


def void_write(*, invoice: Invoice, payable: Payable, note: str, by: User, now: datetime) -> None:
    """Withdraw an invoice or memo and what it posted, in the caller's transaction, which has locked both.

    Raises:
        VoidRefused: it is void already, an attempt to pay it has no outcome, or money is attached to it.
    """
    _voidable_check(invoice=invoice, payable=payable)
    entry = Entry.objects.filter(
        organization_id=invoice.organization_id, source=_source(invoice), kind__in=POSTINGS
    ).first()
    if entry is not None:
        today = invoice.organization.today(now)
        entry_mirror(entry=entry, occurred_on=today, source=_source(invoice), memo=note[:250], now=now)
    invoice.state = InvoiceState.VOID
    invoice.voided_by, invoice.voided_at = by, now
    invoice.save(update_fields=["state", "voided_by", "voided_at"])
    payable_recompute(payable=payable)
    note_add(on=invoice, text=note, by=by, now=now)


def _voidable_check(*, invoice: Invoice, payable: Payable) -> None:
    if invoice.state != InvoiceState.POSTED:
        raise _void_refused(invoice, _("it is void already."))
    if payable_running(payable=payable):
        raise _void_refused(invoice, _("somebody is paying it; wait for the outcome."))
    stands = allocated_to(invoice=invoice)
    if stands.settling > 0:
        raise _void_refused(invoice, _("a bank debit for it is settling; wait for it."))
    if stands.paid + stands.cleared > 0:
        raise _void_refused(invoice, _("something is paid on it; refund that first."))
    if payable.held > 0:
        raise _void_refused(invoice, _("money is held for it; cancel that authorization first."))


def _order_payable(*, order_id: int | None) -> Payable | None:
    """The order's payable, locked; an order on terms written elsewhere may have none."""
    if order_id is None:
        return None
    ids = list(Payable.objects.filter(order_id=order_id).values_list("pk", flat=True))
    return next(iter(money_locks.payables(ids=ids)), None)


def _source(invoice: Invoice) -> str:
    return f"invoice:{invoice.pk}"
