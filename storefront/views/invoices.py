"""Invoices of a company: the list, one invoice, paying it, its PDF, and the receipt of a payment."""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from commerce.models import Customer, Permission
from commerce.selectors import people_with
from invoices.models import Invoice, Receipt
from invoices.selectors import (
    TAB_LABELS,
    Tab,
    invoice_rows,
    invoices_visible_to,
    payments_of,
    receipt_payment_visible_to,
    receipts_of,
    search_condition,
    tab_condition,
    tab_counts,
)
from invoices.words import LABELS, Standing, due_words, receipt_missing_words, standing_of
from oropay.exceptions import AlreadyBeingPaid, PaymentError
from oropay.models import MoneyState, PayableKind, Payment
from oropay.selectors import failure_words, payments_visible_to, too_small
from oropay.services import PartAsked
from oropay.words import debit_notes
from plumbing.models import Document
from storefront.context import seat_permissions
from storefront.forms.invoices import AmountForm
from storefront.forms.pay import PayForm, PayOption
from storefront.middleware import ShopRequest, seat_now
from storefront.narrowing import Narrowing
from storefront.pay import (
    account_guard_of,
    debit_terms,
    earlier_attempt,
    instrument_name,
    pay_options,
    pay_start,
    pay_view,
    running_payment,
)
from storefront.templatetags.shop import locale_now
from storefront.views.home import no_company

PER_PAGE = 25
EMPTY = {
    Tab.OPEN: gettext_lazy("Nothing is left to pay. Invoices appear here as soon as they are issued."),
    Tab.OVERDUE: gettext_lazy("Nothing is overdue."),
    Tab.PAID: gettext_lazy("Paid invoices are kept here."),
    Tab.ALL: gettext_lazy("Invoices appear here as soon as they are issued."),
}


@login_required
@never_cache
@require_safe
def invoices(request: ShopRequest) -> HttpResponse:
    """What the company owes, oldest due first; what it paid, newest first."""
    seat = seat_now(request)
    if seat is None:
        return no_company(request)
    if not seat_permissions(request)[Permission.VIEW_INVOICE]:
        return _may_not_see(request, customer=seat.customer)
    tab = Tab(request.GET["tab"]) if request.GET.get("tab") in set(Tab) else Tab.OPEN
    words, narrowing = request.GET.get("q", "").strip()[:60], Narrowing.of(request)
    today = request.website.organization.today(timezone.now())
    rows = (
        invoices_visible_to(user=request.user)
        .filter(organization=request.website.organization_id, customer__path__startswith=seat.customer.path)
        .filter(search_condition(words) & narrowing.condition())
    )
    counts = tab_counts(rows=rows, today=today)
    shown = invoice_rows(rows=rows.filter(tab_condition(tab, today=today)), user=request.user).order_by(
        *(("due_on", "pk") if tab in {Tab.OPEN, Tab.OVERDUE} else ("-issued_on", "-pk"))
    )
    paginator = Paginator(shown, PER_PAGE)
    paginator.count = counts[tab]  # counted along with the other tabs
    page = paginator.get_page(request.GET.get("page"))
    for row in page:
        _describe(row, today=today)
    return render(
        request,
        "storefront/invoices/invoices.html",
        {
            "section": "invoices",
            "page": page,
            "tab": tab,
            "tabs": [(each.value, TAB_LABELS[each], counts[each]) for each in Tab],
            "words": words,
            "narrowing": narrowing,
            "empty": EMPTY[tab],
            "several": any(row.customer_id != seat.customer_id for row in page),
        },
    )


def _may_not_see(request: ShopRequest, *, customer: Customer) -> HttpResponse:
    """Nothing to see is not the same as nothing to pay."""
    administrators = people_with(permission=Permission.MANAGE_USERS, customer=customer)
    context = {"section": "invoices", "company": customer, "administrators": administrators}
    return render(request, "storefront/invoices/forbidden.html", context, status=403)


@login_required
@never_cache
@require_safe
def invoice(request: ShopRequest, number: str) -> HttpResponse:
    row = _visible(request, number)
    today = row.organization.today(timezone.now())
    _describe(row, today=today)
    payments = payments_of(invoice=row, user=request.user)
    notes = debit_notes(payments=[shown.payment for shown in payments])
    for shown in payments:
        # Why a bank sent a debit back is for those who may open the payment; the day is for all who see the invoice.
        tell = shown.visible or shown.payment.money_state == MoneyState.SETTLING
        shown.payment.debit_note = notes.get(shown.payment.pk, "") if tell else ""  # type: ignore[attr-defined]
        own = shown.payment.created_by_id == request.user.pk and shown.payment.instrument is not None
        shown.payment.shown_as = (  # type: ignore[attr-defined]
            instrument_name(shown.payment.instrument)
            if own and shown.payment.instrument
            else shown.payment.get_method_display()
        )
    return render(
        request,
        "storefront/invoices/invoice.html",
        {
            "section": "invoices",
            "invoice": row,
            "payable": row.payable,
            "lines": list(row.lines.select_related("product").order_by("position")),
            "payments": payments,
        },
    )


@pay_view
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: ShopRequest, number: str) -> HttpResponse:
    """Pay all that is left of an invoice, or a part of it."""
    if request.method == "POST" and (earlier := earlier_attempt(request)) is not None:
        return redirect("storefront:paying", uuid=earlier.uuid)
    row = _visible(request, number)
    payable = row.payable
    if payable is None or not row.may_pay:  # type: ignore[attr-defined]
        raise Http404("may not pay")
    running = running_payment(payable_ids=[payable.pk])
    if running is not None:
        return _busy(request, row, running)
    if payable.payable_now <= 0:
        messages.info(request, _("Nothing was charged. {number} has nothing left to pay.").format(number=number))
        return redirect("storefront:invoice", number=number)
    why_not = too_small(payable=payable, least=row.least)  # type: ignore[attr-defined]
    if why_not:
        messages.info(request, _("Nothing was charged.") + " " + why_not)
        return redirect("storefront:invoice", number=number)
    options = pay_options(user=request.user, payable=payable, amount=payable.payable_now, in_parts=True)
    amounts = AmountForm(request.POST or None, left=payable.payable_now, currency=row.currency, options=options)
    form = _pay_form(request, row, amounts, options)
    if request.method == "POST" and amounts.is_valid() & form.is_valid():
        try:
            payment = pay_start(request, form=form, parts=[PartAsked(payable_id=payable.pk, amount=amounts.amount)])
        except AlreadyBeingPaid:
            return _busy(request, row, running_payment(payable_ids=[payable.pk]))
        except PaymentError as error:
            messages.error(request, str(error))
            return redirect("storefront:invoice_pay", number=number)
        if payment.attempt_key != form.cleaned_data["attempt_key"]:
            return _busy(request, row, payment)
        return redirect("storefront:paying", uuid=payment.uuid)
    return render(
        request,
        "storefront/invoices/pay.html",
        {
            "section": "invoices",
            "invoice": row,
            "payable": payable,
            "amounts": amounts,
            "form": form,
            "currency": row.currency,
            "button": _("Pay now"),
        },
        status=422 if request.method == "POST" else 200,
    )


@login_required
@never_cache
@require_safe
def invoice_pdf(request: ShopRequest, number: str) -> HttpResponse:
    row = _visible(request, number)
    if row.document_id is None:
        messages.info(request, _("The PDF is being prepared; it is here in a few seconds."))
        return redirect("storefront:invoice", number=number)
    return _download(row.document_id)


@login_required
@never_cache
@require_safe
def receipt(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Which invoices a payment paid. A bank debit has its receipt once it has settled, money for an order once there
    is an invoice; until then the page says so.
    """
    payment = _receipt_payment(request, uuid)
    parts = list(payment.parts.select_related("payable").order_by("payable_id"))
    own = payment.created_by_id == request.user.pk and payment.instrument is not None
    return render(
        request,
        "storefront/invoices/receipt.html",
        {
            "section": "orders" if parts[0].payable.kind == PayableKind.ORDER else "invoices",
            "payment": payment,
            "parts": parts,
            "receipts": receipts_of(payment=payment),
            "shown_as": instrument_name(payment.instrument)
            if own and payment.instrument
            else payment.get_method_display(),
            "missing": receipt_missing_words(
                payment=payment,
                for_order=any(part.payable.kind == PayableKind.ORDER for part in parts),
                locale=locale_now(),
            ),
            "payment_visible": payments_visible_to(user=request.user).filter(pk=payment.pk).exists(),
        },
    )


@login_required
@never_cache
@require_safe
def receipt_pdf(request: ShopRequest, uuid: UUID, number: str) -> HttpResponse:
    payment = _receipt_payment(request, uuid)
    found: Receipt | None = payment.receipts.filter(number=number).first()
    if found is None or found.document_id is None:
        raise Http404("no such receipt")
    return _download(found.document_id)


def _visible(request: ShopRequest, number: str) -> Invoice:
    rows = invoices_visible_to(user=request.user).filter(organization=request.website.organization_id, number=number)
    row = (
        invoice_rows(rows=rows.exclude(number=""), user=request.user)
        .select_related("payable", "customer", "order", "organization", "payment_term")
        .first()
    )
    if row is None:
        raise Http404("no such invoice")
    return row


def _receipt_payment(request: ShopRequest, uuid: UUID) -> Payment:
    payment = (
        receipt_payment_visible_to(user=request.user)
        .filter(uuid=uuid, organization=request.website.organization_id)
        .select_related("instrument", "created_by", "customer")
        .first()
    )
    if payment is None:
        raise Http404("no such payment")
    return payment


def _describe(row: Invoice, *, today: date) -> None:
    """Words the templates show beside a row's own columns."""
    standing = standing_of(invoice=row, payable=row.payable, today=today)
    row.standing = standing.value  # type: ignore[attr-defined]
    row.standing_label = LABELS[standing]  # type: ignore[attr-defined]
    unpaid = standing not in {Standing.PAID, Standing.VOID, Standing.DRAFT}
    row.due_words = due_words(row.due_on, today=today) if unpaid and row.due_on else ""  # type: ignore[attr-defined]
    may_pay_now = (
        row.payable is not None
        and row.may_pay  # type: ignore[attr-defined]
        and not row.being_paid  # type: ignore[attr-defined]
        and row.payable.payable_now > 0
    )
    row.why_not = too_small(payable=row.payable, least=row.least) if may_pay_now and row.payable else ""  # type: ignore[attr-defined]
    row.pay_now = may_pay_now and not row.why_not  # type: ignore[attr-defined]
    row.failure = failure_words(row.payable) if unpaid and row.payable else ""  # type: ignore[attr-defined]


def _pay_form(request: ShopRequest, row: Invoice, amounts: AmountForm, options: Sequence[PayOption]) -> PayForm:
    """The ways to pay, ticked one that takes this amount; what a bank debit's authorisation says follows from it."""
    return PayForm(
        request.POST or None,
        options=options,
        chosen=next((option.value for option in options if option.takes(amounts.amount)), ""),
        amount_stands=amounts.is_valid(),
        debit=debit_terms(
            seller=row.organization,
            company=row.customer,
            purpose=_("invoice {number}").format(number=row.number),
            amount=amounts.amount,
            currency=row.currency,
            now=timezone.now(),
        ),
        guard=account_guard_of(request, seller=row.organization, company=row.customer),
    )


def _busy(request: ShopRequest, row: Invoice, running: Payment | None) -> HttpResponse:
    """A colleague, or this person in another window, is paying: nothing is charged here."""
    visible = running is not None and payments_visible_to(user=request.user).filter(pk=running.pk).exists()
    own = running is not None and running.created_by_id == request.user.pk
    return render(
        request,
        "storefront/invoices/busy.html",
        {
            "section": "invoices",
            "invoice": row,
            "own": own,
            "running": running if visible else None,
        },
        status=409,
    )


def _download(document_id: int) -> HttpResponse:
    """The file as an attachment; what it is, is said and never guessed."""
    document = Document.objects.get(pk=document_id)
    return HttpResponse(
        bytes(document.content),
        content_type=document.content_type,
        headers={
            "Content-Disposition": f'attachment; filename="{document.name}"',
            "X-Content-Type-Options": "nosniff",
        },
    )
