"""Debit memos: what a customer owes beside invoices, because money went back or we ask a fee for it.

A debit memo is a document like an invoice with a number sequence of its own: it is posted, locked, paid and drawn the
same way.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from commerce.drafts import AddressSnapshot
from commerce.models import NumberKind, User, Website
from commerce.services import number_next
from invoices import locks
from invoices.exceptions import VoidRefused
from invoices.models import CreditSource, Invoice, InvoiceKind, InvoiceLine, InvoiceState
from invoices.services.allocation import credit_add, credit_spend
from invoices.services.post import DOCUMENT_JOB, void_write
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post
from oropay.exceptions import UnlinkRefused
from oropay.models import Payable, PayableKind, Payment, PaymentTransaction
from oropay.ports import Credit, Debt, DebtKind
from oropay.services import payable_open
from plumbing.audit import because
from plumbing.services import job_add


@dataclass(frozen=True)
class MemoKind:
    """What a memo says, and what it does in the books against receivable."""

    line: Any
    entry: EntryKind
    against: AccountName


KINDS: Mapping[DebtKind, MemoKind] = {
    DebtKind.RETURNED: MemoKind(
        gettext_lazy("Bank debit of {day} returned after part of it had been given back"),
        EntryKind.DEBIT_MEMO_POSTED,
        AccountName.GATEWAY_CLEARING,
    ),
    DebtKind.RETURN_FEE: MemoKind(
        gettext_lazy("Fee for the returned bank debit of {day}"), EntryKind.FEE_PASSED_ON, AccountName.FEE_INCOME
    ),
    DebtKind.DISPUTE_LOST: MemoKind(
        gettext_lazy("Card payment of {day}: what its bank took back, and we gave back as well"),
        EntryKind.DEBIT_MEMO_POSTED,
        AccountName.DISPUTES_RECEIVABLE,
    ),
    DebtKind.DISPUTE_FEE: MemoKind(
        gettext_lazy("Fee for the disputed card payment of {day}"), EntryKind.FEE_PASSED_ON, AccountName.FEE_INCOME
    ),
    DebtKind.OVERREFUNDED: MemoKind(
        gettext_lazy("Payment of {day}: more was given back than was left of it"),
        EntryKind.DEBIT_MEMO_POSTED,
        AccountName.GATEWAY_CLEARING,
    ),
}
"""Source: the posting table of the domain. What a dispute took left the gateway's account when it was opened."""


class DebitMemos:
    """Registered on `oropay.ports.debts`."""

    def owe(
        self, *, transaction: PaymentTransaction, kind: DebtKind, amount: Decimal, occurred_on: date, now: datetime
    ) -> Payable:
        memo = Invoice.objects.filter(cause=transaction, cause_kind=kind).select_related("payable").first()
        if memo is None:
            memo = debit_memo_post(transaction=transaction, kind=kind, amount=amount, occurred_on=occurred_on, now=now)
        return Payable.objects.get(invoice=memo)

    def keep(self, *, transaction: PaymentTransaction, amount: Decimal, now: datetime) -> Credit:
        credit_add(
            payment=transaction.payment,
            transaction=transaction,
            amount=amount,
            source=CreditSource.OVERPAYMENT,
            note=_("recovered from a dispute"),
            now=now,
        )
        return Credit(account=AccountName.CUSTOMER_CREDIT, amount=amount)

    def spend(self, *, transaction: PaymentTransaction, amount: Decimal, now: datetime) -> Credit:
        spent = credit_spend(payment=transaction.payment, transaction=transaction, amount=amount, now=now)
        return Credit(account=AccountName.CUSTOMER_CREDIT, amount=spent)

    def standing(self, *, payment: Payment) -> Sequence[Debt]:
        memos = Invoice.objects.filter(cause__payment=payment, state=InvoiceState.POSTED).select_related("payable")
        return [
            Debt(payable=memo.payable, kind=DebtKind(memo.cause_kind), amount=memo.total, cause_id=memo.cause_id)
            for memo in memos.order_by("pk")
            if memo.payable is not None and memo.cause_id is not None
        ]

    def withdraw(self, *, debt: Debt, note: str, by: User, now: datetime) -> None:
        memo = locks.invoice(pk=Invoice.objects.values_list("pk", flat=True).get(payable=debt.payable))
        try:
            with because(by=by, why=note):
                void_write(invoice=memo, payable=debt.payable, note=note, by=by, now=now)
        except VoidRefused as refused:
            words = _("Debit memo {number} was made because of it and cannot be voided: {why}")
            raise UnlinkRefused(why=words.format(number=refused.number, why=refused.why)) from refused


def debit_memo_post(
    *, transaction: PaymentTransaction, kind: DebtKind, amount: Decimal, occurred_on: date, now: datetime
) -> Invoice:
    """Write, number and book one debit memo in the caller's transaction, which holds the period. Due at once."""
    payment = transaction.payment
    website = _website(payment)
    with override(website.language):
        line = _(str(KINDS[kind].line)).format(day=payment.organization.today(payment.created_at).isoformat())
    address = _bill_to(payment)
    memo = Invoice(
        kind=InvoiceKind.DEBIT_MEMO,
        cause=transaction,
        cause_kind=kind,
        organization_id=payment.organization_id,
        website=website,
        customer_id=payment.customer_id,
        currency=payment.currency,
        subtotal=amount,
        total=amount,
        bill_to=address,
        ship_to=address,
        created_at=now,
    )
    with because(by=None, why=f"{kind.value} of transaction {transaction.pk}"):
        memo.save()
        InvoiceLine.objects.create(
            invoice=memo, position=1, name=line[:200], quantity=1, list_price=amount, unit_price=amount, total=amount
        )
        return _post(memo=memo, payment=payment, kind=kind, occurred_on=occurred_on, now=now)


def _post(*, memo: Invoice, payment: Payment, kind: DebtKind, occurred_on: date, now: datetime) -> Invoice:
    memo.payable = payable_open(
        kind=PayableKind.INVOICE,
        organization=payment.organization,
        customer=payment.customer,
        currency=payment.currency,
        number="",
        total=memo.total,
    )
    entry_post(
        organization_id=payment.organization_id,
        currency=payment.currency,
        kind=KINDS[kind].entry,
        lines=[
            Line(account=AccountName.RECEIVABLE, amount=memo.total),
            Line(account=KINDS[kind].against, amount=-memo.total),
        ],
        occurred_on=occurred_on,
        source=f"invoice:{memo.pk}",
        customer_id=payment.customer_id,
        now=now,
    )
    job_add(kind=DOCUMENT_JOB, key=str(memo.pk), payload={"invoice": memo.pk, "mail": True}, now=now)
    memo.state = InvoiceState.POSTED
    memo.issued_on = memo.due_on = occurred_on
    memo.posted_at = now
    memo.number = number_next(
        organization=payment.organization, kind=NumberKind.DEBIT_MEMO, period=payment.organization.period(now)
    )
    memo.save()
    Payable.objects.filter(pk=memo.payable.pk).update(number=memo.number)
    return memo


def _website(payment: Payment) -> Website:
    """Where it was paid; a seller has at least one website."""
    return payment.website or Website.objects.filter(organization_id=payment.organization_id).order_by("pk")[0]


def _bill_to(payment: Payment) -> dict[str, str]:
    """The address of what was paid: of its invoice, else of its order."""
    for part in payment.parts.select_related("payable__invoice", "payable__order").order_by("payable_id"):
        invoice: Invoice | None = getattr(part.payable, "invoice", None)
        if invoice is not None:
            return dict(invoice.bill_to)
        if part.payable.order is not None:
            return dict(part.payable.order.billing_address)
    return AddressSnapshot(company=payment.customer.name).as_json()
