"""From the list to a placed order: addresses, shipping, payment, review. Each step is a page of its own."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from checkout.exceptions import CheckoutBeingPaid, CheckoutEnded, CheckoutError
from checkout.models import Checkout, CheckoutState
from checkout.selectors import (
    FLAT_RATE,
    STEPS,
    PricedList,
    addresses_of,
    checkout_of,
    first_open_step,
    list_of,
    list_priced,
    terms_offers,
)
from checkout.services import (
    AddressGiven,
    checkout_abandon,
    checkout_address_add,
    checkout_addresses_set,
    checkout_payment_set,
    checkout_shipping_set,
    checkout_start,
    order_place,
)
from commerce.exceptions import CommerceError
from commerce.models import Order, OrderState
from oropay.exceptions import PaymentError
from oropay.models import PaymentPayable
from oropay.selectors import integrations_active
from oropay.services import PartAsked
from storefront.forms.checkout import AddressesForm, AddressForm, PaymentStepForm, PlaceForm, ShippingForm
from storefront.forms.pay import FREE, TERMS, PayOption
from storefront.middleware import ShopRequest, seat_now
from storefront.pay import account_guard_of, debit_terms, earlier_attempt, order_stub, pay_options, pay_start, pay_view
from storefront.views.home import no_company


@login_required
@require_POST
def start(request: ShopRequest) -> HttpResponse:
    """Create order: begin a checkout of the list, or go on with the one under way."""
    seat = seat_now(request)
    if seat is None:
        return no_company(request)
    found = list_of(user=request.user, customer=seat.customer, website=request.website)
    if found is None:
        return redirect("storefront:list")
    try:
        begun = checkout_start(shopping_list=found, by=request.user, now=timezone.now())
    except CheckoutError as error:
        messages.error(request, str(error))
        return redirect("storefront:list")
    return redirect("storefront:checkout_resume", uuid=begun.uuid)


@login_required
@never_cache
def resume(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Wherever this checkout is now: its next step, its running payment, or its order."""
    return _onward(_own(request, uuid), step=None)


@login_required
@require_POST
def leave(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Order nothing: the list stays; an order that an earlier try wrote is canceled."""
    row = _own(request, uuid)
    try:
        checkout_abandon(checkout=row, by=request.user, now=timezone.now())
    except CheckoutError as error:
        messages.error(request, str(error))
        return redirect("storefront:checkout_resume", uuid=uuid)
    messages.success(request, _("You left the checkout. Nothing was ordered or charged; your list is as it was."))
    return redirect("storefront:list")


@login_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def checkout(request: ShopRequest, uuid: UUID, step: str) -> HttpResponse:
    """One of the first three steps."""
    if step not in STEPS:
        raise Http404(step)
    row = _own(request, uuid)
    if not _open(row) or STEPS.index(step) > STEPS.index(first_open_step(checkout=row)):
        return _onward(row, step=step)
    priced = _priced(row)
    if not priced.orderable:
        messages.error(request, " ".join(priced.problems) or _("Your list is empty."))
        return redirect("storefront:list")
    page = {"addresses": _addresses, "shipping": _shipping, "payment": _payment}[step]
    try:
        return page(request, row, priced)
    except (CheckoutBeingPaid, CheckoutEnded) as error:
        messages.info(request, str(error))
        return redirect("storefront:checkout_resume", uuid=uuid)


def _addresses(request: ShopRequest, row: Checkout, priced: PricedList) -> HttpResponse:
    book = addresses_of(customer=row.customer)
    if request.method == "POST" and "add" in request.POST:
        new = AddressForm(request.POST)
        if new.is_valid():
            added = checkout_address_add(checkout=row, given=AddressGiven(**new.cleaned_data))
            checkout_addresses_set(checkout=row, billing=row.billing_address or added, shipping=added)
            return redirect("storefront:checkout", uuid=row.uuid, step="addresses")
    else:
        new = AddressForm(initial={"company": row.customer.name, "name": request.user.get_full_name()})
    chosen = AddressesForm(
        request.POST if request.method == "POST" and "add" not in request.POST else None,
        book=book,
        initial={
            "billing": row.billing_address_id or (book[0].pk if book else None),
            "shipping": row.shipping_address_id or (book[0].pk if book else None),
        },
    )
    if chosen.is_bound and chosen.is_valid():
        billing, shipping = chosen.chosen
        checkout_addresses_set(checkout=row, billing=billing, shipping=shipping)
        return redirect("storefront:checkout", uuid=row.uuid, step="shipping")
    return _page(request, row, priced, step="addresses", chosen=chosen, new=new, book=book)


def _shipping(request: ShopRequest, row: Checkout, priced: PricedList) -> HttpResponse:
    form = ShippingForm(request.POST or None, initial={"method": row.shipping_method or FLAT_RATE})
    if form.is_bound and form.is_valid():
        checkout_shipping_set(checkout=row, method=form.cleaned_data["method"])
        return redirect("storefront:checkout", uuid=row.uuid, step="payment")
    return _page(request, row, priced, step="shipping", form=form)


def _payment(request: ShopRequest, row: Checkout, priced: PricedList) -> HttpResponse:
    options = _options(request, row, priced)
    form = PaymentStepForm(
        request.POST or None,
        options=options,
        initial={"choice": row.payment_choice, "po_number": row.po_number, "notes": row.notes},
    )
    if form.is_bound and form.is_valid():
        checkout_payment_set(
            checkout=row,
            choice=form.cleaned_data["choice"],
            po_number=form.cleaned_data["po_number"],
            notes=form.cleaned_data["notes"],
        )
        return redirect("storefront:checkout", uuid=row.uuid, step="review")
    return _page(request, row, priced, step="payment", form=form)


@pay_view
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """The last look, and Place order."""
    row = _own(request, uuid)
    if request.method == "POST" and (earlier := _joined(request)) is not None:
        return earlier
    if not _open(row) or first_open_step(checkout=row) != "review":
        return _onward(row, step="review")
    priced = _priced(row)
    if not priced.orderable:
        messages.error(request, " ".join(priced.problems) or _("Your list is empty."))
        return redirect("storefront:list")
    option = next(
        (item for item in _options(request, row, priced) if item.value == row.payment_choice and not item.why_not), None
    )
    if option is None:
        messages.info(request, _("Nothing was charged. The way to pay you chose is not offered any more."))
        return redirect("storefront:checkout", uuid=uuid, step="payment")
    form = _place_form(request, row, priced, option)
    if form.is_bound and form.is_valid():
        try:
            return _place(request, row, form)
        except CheckoutBeingPaid as error:
            messages.info(request, str(error))
            return redirect("storefront:checkout_resume", uuid=uuid)
        except CheckoutEnded:
            return redirect("storefront:checkout_resume", uuid=uuid)
        except (CheckoutError, CommerceError, PaymentError) as error:
            messages.error(request, str(error))
            return redirect("storefront:checkout", uuid=uuid, step="review")
    status = 422 if form.is_bound else 200
    return _page(
        request, row, priced, step="review", status=status, form=form, option=option, only=True,
        button=_("Place order"),
    )  # fmt: skip


def _place(request: ShopRequest, row: Checkout, form: PlaceForm) -> HttpResponse:
    """The order first, then the money; on terms, or for nothing, no money at all."""
    option = form.option
    order = order_place(
        checkout=row,
        expected_total=form.cleaned_data["total"],
        by=request.user,
        now=timezone.now(),
        terms_integration_id=option.integration_id if option.kind == TERMS else None,
    )
    if order.state == OrderState.OPEN:
        return redirect("storefront:thanks", number=order.number)
    payment = pay_start(request, form=form, parts=[PartAsked(payable_id=order.payable.pk, amount=order.total)])
    return redirect("storefront:paying", uuid=payment.uuid)


def _joined(request: ShopRequest) -> HttpResponse | None:
    """A second click with the same form goes where the first one went."""
    earlier = earlier_attempt(request)
    return redirect("storefront:paying", uuid=earlier.uuid) if earlier else None


def _place_form(request: ShopRequest, row: Checkout, priced: PricedList, option: PayOption) -> PlaceForm:
    return PlaceForm(
        request.POST or None,
        options=[option],
        debit=debit_terms(
            seller=row.website.organization,
            company=row.customer,
            purpose=_("this order"),
            amount=priced.totals.total,
            currency=priced.currency,
            now=timezone.now(),
        ),
        guard=account_guard_of(request, seller=row.website.organization, company=row.customer),
        initial={"total": priced.totals.total},
    )


def _options(request: ShopRequest, row: Checkout, priced: PricedList) -> list[PayOption]:
    """Every way to pay this checkout; for nothing there is one."""
    total = priced.totals.total
    if total == 0:
        return [PayOption(value=FREE, kind=FREE, integration_id=0, title=_("Nothing to pay"))]
    integrations = integrations_active(organization_id=row.website.organization_id, currency=row.website.currency)
    return pay_options(
        user=request.user,
        payable=order_stub(website=row.website, customer=row.customer),
        amount=total,
        integrations=integrations,
        terms=terms_offers(
            customer=row.customer,
            website=row.website,
            total=total,
            language=get_language() or "en-us",
            integrations=integrations,
        ),
    )


def _own(request: ShopRequest, uuid: UUID) -> Checkout:
    row = checkout_of(uuid=uuid, user=request.user, website=request.website)
    seat = seat_now(request)
    if row is None or seat is None or seat.customer_id != row.customer_id:
        raise Http404("no such checkout")
    return row


def _open(row: Checkout) -> bool:
    """Whether its buyer may still choose; not after its order was canceled."""
    return row.state == CheckoutState.OPEN and (row.order is None or row.order.state == OrderState.AWAITING_PAYMENT)


def _priced(row: Checkout) -> PricedList:
    return list_priced(shopping_list=row.shopping_list, website=row.website, customer=row.customer, now=timezone.now())


def _onward(row: Checkout, *, step: str | None) -> HttpResponse:
    """Where a checkout that is not at this step is."""
    order: Order | None = row.order
    if row.state == CheckoutState.PLACED and order is not None:
        return redirect("storefront:thanks", number=order.number)
    if row.state == CheckoutState.PAYING and order is not None:
        part = (
            PaymentPayable.objects.filter(payable__order=order)
            .select_related("payment")
            .order_by("-payment_id")
            .first()
        )
        if part is not None:
            return redirect("storefront:paying", uuid=part.payment.uuid)
    if not _open(row):
        return redirect("storefront:list")
    return redirect("storefront:checkout", uuid=row.uuid, step=first_open_step(checkout=row))


def _page(
    request: ShopRequest, row: Checkout, priced: PricedList, *, step: str, status: int = 200, **context: Any
) -> HttpResponse:
    request.list_count = len(priced.lines)
    here = STEPS.index(step)
    titles = {"addresses": _("Addresses"), "shipping": _("Shipping"), "payment": _("Payment"), "review": _("Review")}
    steps = [
        {"name": name, "title": titles[name], "done": index < here, "here": index == here}
        for index, name in enumerate(STEPS)
    ]
    return render(
        request,
        f"storefront/checkout/{step}.html",
        {"section": "list", "checkout": row, "priced": priced, "steps": steps, "step": step, **context},
        status=status,
    )
