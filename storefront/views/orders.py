"""A company's orders: the list, one order, paying one that is due, and the page after placing it."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Self

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.db.models import Prefetch
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from checkout.exceptions import CheckoutError
from checkout.models import Checkout, CheckoutState
from checkout.selectors import list_priced
from checkout.services import checkout_abandon
from commerce.models import Order, OrderState, Permission
from commerce.selectors import orders_visible_to, rows_visible_to
from invoices.models import Invoice, InvoiceState, Receipt
from invoices.selectors import receipt_payment_visible_to
from oropay.exceptions import PaymentError
from oropay.models import Payable, Payment
from oropay.selectors import PayingView, failure_words, least_online, paying_view, too_small
from oropay.services import PartAsked
from storefront.forms.checkout import PlaceForm
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
from storefront.views.home import no_company

PER_PAGE = 25


@login_required
@never_cache
@require_safe
def orders(request: ShopRequest) -> HttpResponse:
    """Orders of the company this person acts for, and of companies below it where the role reaches them."""
    seat = seat_now(request)
    if seat is None:
        return no_company(request)
    rows = (
        orders_visible_to(user=request.user)
        .filter(organization=request.website.organization_id, customer__path__startswith=seat.customer.path)
        .select_related("customer", "placed_by", "payable")
        .order_by("-created_at", "-pk")
    )
    words, narrowing = request.GET.get("q", "").strip()[:60], Narrowing.of(request)
    rows = rows.filter(narrowing.condition())
    if words:
        rows = rows.filter(number__icontains=words) | rows.filter(po_number__icontains=words)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(
        request,
        "storefront/orders/orders.html",
        {
            "section": "orders",
            "page": page,
            "words": words,
            "narrowing": narrowing,
            "several": any(o.customer_id != seat.customer_id for o in page),
        },
    )


@login_required
@never_cache
@require_safe
def order(request: ShopRequest, number: str) -> HttpResponse:
    return _order_page(request, number, template="storefront/orders/order.html")


@login_required
@never_cache
@require_safe
def thanks(request: ShopRequest, number: str) -> HttpResponse:
    """After placing: the number, what happened to the money, what comes next."""
    return _order_page(request, number, template="storefront/orders/thanks.html")


def _order_page(request: ShopRequest, number: str, *, template: str) -> HttpResponse:
    row = _visible(request, number)
    payable = getattr(row, "payable", None)
    invoice = Invoice.objects.filter(order=row, state=InvoiceState.POSTED).select_related("payable").first()
    may_view_invoice = (
        invoice is not None
        and Invoice.objects.filter(
            rows_visible_to(user=request.user, permission=Permission.VIEW_INVOICE, owner_field="order__placed_by"),
            pk=invoice.pk,
        ).exists()
    )
    owed = [item for item in (payable, invoice.payable if invoice else None) if item is not None]
    payments = list(
        Payment.objects.filter(parts__payable__in=owed)
        .select_related("instrument", "created_by")
        .prefetch_related(Prefetch("receipts", Receipt.objects.exclude(number="").order_by("pk")))
        .order_by("-pk")
    )
    papers = receipt_payment_visible_to(user=request.user).filter(pk__in=[payment.pk for payment in payments])
    visible = set(papers.values_list("pk", flat=True)) if payments else set()
    unfinished = _unfinished(row)
    may_order = _may_pay(request, row)
    return render(
        request,
        template,
        {
            "section": "orders",
            "order": row,
            "lines": list(row.lines.select_related("product").order_by("position")),
            "payments": [
                ShownPayment.of(payment, user_id=request.user.pk, paper=payment.pk in visible) for payment in payments
            ],
            "payable": payable,
            "failure": failure_words(payable) if payable is not None and payable.payable_now > 0 else "",
            "invoice": invoice if may_view_invoice else None,
            "offer": _pay_offer(request, row, payable, unfinished) if may_order else PayOffer(),
            "may_cancel": may_order and unfinished is not None,
            "sentence": next((view.sentence for view in map(_view, payments) if view.succeeded), ""),
        },
    )


@dataclass(frozen=True)
class PayOffer:
    """Whether an order's page offers to pay it. An amount is what would be charged now; else `why_not` may say why."""

    amount: Decimal | None = None
    why_not: str = ""
    changed: bool = False
    """The buyer's list differs from the order: it is written anew when it is placed."""


def _pay_offer(request: ShopRequest, row: Order, payable: Payable | None, unfinished: Checkout | None) -> PayOffer:
    """An order that waits in its buyer's checkout is paid there, at what the list costs by then."""
    if payable is None or payable.payable_now <= 0:
        return PayOffer()
    if running_payment(payable_ids=[payable.pk]) is not None:
        return PayOffer(why_not=_("This order is being paid right now. The result is here in a few seconds."))
    if unfinished is None or unfinished.user_id != request.user.pk:
        why_not = too_small(payable=payable, least=row.least)  # type: ignore[attr-defined]
        return PayOffer(why_not=why_not) if why_not else PayOffer(amount=payable.payable_now)
    priced = list_priced(
        shopping_list=unfinished.shopping_list,
        website=unfinished.website,
        customer=unfinished.customer,
        now=timezone.now(),
    )
    if not priced.lines:
        return PayOffer(
            why_not=_("This order cannot go on: your shopping list is empty. Fill the list again, or cancel the order.")
        )
    if not priced.orderable:
        return PayOffer(why_not=_("This order cannot go on yet.") + " " + " ".join(priced.problems))
    return PayOffer(amount=priced.totals.total, changed=priced.totals.total != row.total)


def _unfinished(row: Order) -> Checkout | None:
    """The checkout in which an order that was not paid still waits."""
    if row.state != OrderState.AWAITING_PAYMENT:
        return None
    return (
        Checkout.objects.filter(order=row, state=CheckoutState.OPEN)
        .select_related("website", "customer__group", "shopping_list")
        .first()
    )


@login_required
@require_POST
def cancel(request: ShopRequest, number: str) -> HttpResponse:
    """Cancel an order that was never paid, and leave its checkout."""
    row = _visible(request, number)
    checkout = Checkout.objects.filter(order=row).first()
    if checkout is None or not _may_pay(request, row):
        raise Http404("may not cancel")
    try:
        checkout_abandon(checkout=checkout, by=request.user, now=timezone.now())
    except CheckoutError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Order {number} was canceled. Nothing was charged.").format(number=number))
    return redirect("storefront:order", number=number)


@dataclass(frozen=True)
class ShownPayment:
    """A payment as an order's page lists it; a colleague's card stays theirs."""

    payment: Payment
    instrument: str
    receipt: str
    """Number of its receipt, if this person may see it."""

    @classmethod
    def of(cls, payment: Payment, *, user_id: int, paper: bool) -> Self:
        receipt = next((row.number for row in payment.receipts.all()), "") if paper else ""
        own = payment.created_by_id == user_id and payment.instrument is not None
        name = instrument_name(payment.instrument) if own and payment.instrument else payment.get_method_display()
        return cls(payment=payment, instrument=name, receipt=receipt)


def _view(payment: Payment) -> PayingView:
    return paying_view(payment=payment, now=timezone.now())


@pay_view
@require_http_methods(["GET", "HEAD", "POST"])
def pay(request: ShopRequest, number: str) -> HttpResponse:
    """Pay an order that is placed and due: bought on terms, voided, or its bank debit was refused."""
    if request.method == "POST" and (earlier := earlier_attempt(request)) is not None:
        return redirect("storefront:paying", uuid=earlier.uuid)
    row = _visible(request, number)
    if not _may_pay(request, row):
        raise Http404("may not pay")
    unfinished = Checkout.objects.filter(order=row, user=request.user, state=CheckoutState.OPEN).first()
    if unfinished is not None:
        return redirect("storefront:checkout", uuid=unfinished.uuid, step="payment")
    payable: Payable | None = getattr(row, "payable", None)
    if payable is None or payable.payable_now <= 0:
        messages.info(request, _("Nothing was charged. Order {number} has nothing left to pay.").format(number=number))
        return redirect("storefront:order", number=number)
    amount = payable.payable_now
    form = PlaceForm(
        request.POST or None,
        options=pay_options(user=request.user, payable=payable, amount=amount),
        debit=debit_terms(
            seller=row.organization,
            company=row.customer,
            purpose=_("order {number}").format(number=row.number),
            amount=amount,
            currency=row.currency,
            now=timezone.now(),
        ),
        guard=account_guard_of(request, seller=row.organization, company=row.customer),
        initial={"total": amount},
    )
    if form.is_bound and form.is_valid():
        try:
            part = PartAsked(payable_id=payable.pk, amount=form.cleaned_data["total"])
            payment = pay_start(request, form=form, parts=[part])
        except PaymentError as error:
            messages.error(request, str(error))
            return redirect("storefront:order_pay", number=number)
        return redirect("storefront:paying", uuid=payment.uuid)
    return render(
        request,
        "storefront/orders/pay.html",
        {
            "section": "orders",
            "order": row,
            "payable": payable,
            "amount": amount,
            "form": form,
            "currency": row.currency,
            "button": _("Pay now"),
        },
        status=422 if form.is_bound else 200,
    )


def _may_pay(request: ShopRequest, row: Order) -> bool:
    return (
        row.state in {OrderState.AWAITING_PAYMENT, OrderState.OPEN}
        and orders_visible_to(user=request.user, permission=Permission.CREATE_ORDER).filter(pk=row.pk).exists()
    )


def _visible(request: ShopRequest, number: str) -> Order:
    row = (
        orders_visible_to(user=request.user)
        .filter(organization=request.website.organization_id, number=number)
        .select_related("customer", "placed_by", "payable", "organization", "payment_term")
        .annotate(least=least_online())
        .first()
    )
    if row is None:
        raise Http404("no such order")
    return row
