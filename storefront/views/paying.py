"""The Paying page: one page for every way to pay. It shows a row; the worker moves the money."""

from dataclasses import dataclass
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from checkout.models import Checkout, CheckoutState, ShoppingListItem
from oropay import pool
from oropay.engine import authentication_leave
from oropay.exceptions import CannotLeave, CardFormUnavailable, TriedTooOften
from oropay.models import Integration, IntegrationType, MoneyState, PayableKind, Payment
from oropay.selectors import PayingView, paying_view, payment_visible_to
from oropay.services import card_form_guard
from oropay.services.threeds_links import Page, token_of
from storefront.csp import Policy, csp
from storefront.middleware import ShopRequest, seat_now
from storefront.pay import client_ip, instrument_name

STOP_POLLING = 286
"""htmx stops asking on this status."""


@dataclass(frozen=True)
class Links:
    """Where to go from here, by what was paid."""

    back: str
    back_label: str
    retry: str = ""
    done: str = ""
    """Where a success leads, if not back."""
    done_label: str = ""
    """Says where that is."""


@csp(Policy.PAYING)
@login_required
@never_cache
@require_safe
def paying(request: ShopRequest, uuid: UUID) -> HttpResponse:
    context = _context(request, uuid)
    context["threeds"] = _threeds(context["payment"]) if context["own"] else None  # type: ignore[arg-type]
    return render(request, "storefront/paying/paying.html", context)


@csp(Policy.PAYING)
@login_required
@never_cache
@require_safe
def state(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """The live part. Nothing new is 204, so that nothing is read aloud twice; the end is 286."""
    context = _context(request, uuid)
    view: PayingView = context["view"]  # type: ignore[assignment]
    if request.GET.get("known") == view.mark and not view.final:
        return HttpResponse(status=204)
    context["polled"] = True  # what was bought left the list after the page was made
    return render(request, "storefront/paying/_state.html", context, status=STOP_POLLING if view.final else 200)


@login_required
@never_cache
@require_POST
def leave(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Give up confirming with the bank: nothing is charged, and it may be paid another way at once."""
    payment = payment_visible_to(user=request.user, uuid=uuid)
    if payment is None:
        raise Http404("no such payment")
    try:
        authentication_leave(payment=payment, by=request.user, now=timezone.now())
    except CannotLeave as refused:
        messages.warning(request, str(refused))
    return redirect("storefront:paying", uuid=payment.uuid)


def _threeds(payment: Payment) -> dict[str, str] | None:
    """Where the gateway's library asks, while the card holder's bank has not decided."""
    asked = getattr(payment, "authentication", None)
    if asked is None or asked.ended_at is not None:
        return None
    return {
        page.value: reverse(f"api:threeds_{page}", kwargs={"token": token_of(payment=payment, page=page)})
        for page in (Page.CHECK, Page.INITIATE)
    }


def _context(request: ShopRequest, uuid: UUID) -> dict[str, object]:
    payment = payment_visible_to(user=request.user, uuid=uuid)
    if payment is None:
        raise Http404("no such payment")
    own = payment.created_by_id == request.user.pk
    view = paying_view(payment=payment, now=timezone.now())
    return {
        "payment": payment,
        "view": view,
        "own": own,
        "instrument": instrument_name(payment.instrument) if own and payment.instrument else "",
        "links": _links(request, payment, view, own=own),
    }


def _order_retry(request: ShopRequest, *, order_id: int | None, number: str) -> str:
    """Where an order may be paid another way; nowhere if its buyer has emptied the list meanwhile."""
    checkout = Checkout.objects.filter(order=order_id, user=request.user, state=CheckoutState.OPEN).first()
    if checkout is None:
        return reverse("storefront:order_pay", kwargs={"number": number})
    if not ShoppingListItem.objects.filter(shopping_list=checkout.shopping_list_id).exists():
        return ""
    return reverse("storefront:checkout", kwargs={"uuid": checkout.uuid, "step": "payment"})


def _links(request: ShopRequest, payment: Payment, view: PayingView, *, own: bool) -> Links:
    payables = [part.payable for part in payment.parts.select_related("payable").order_by("pk")]
    if not payables:
        return Links(back=reverse("storefront:payment_methods"), back_label=_("Payment methods"))
    first = payables[0]
    again = own and view.state != MoneyState.DISPUTED  # what is disputed stays paid until the bank decides
    if first.kind == PayableKind.ORDER:
        retry = _order_retry(request, order_id=first.order_id, number=first.number) if again and view.final else ""
        return Links(
            back=reverse("storefront:order", kwargs={"number": first.number}),
            back_label=_("Order {number}").format(number=first.number),
            retry=retry,
            done=reverse("storefront:thanks", kwargs={"number": first.number}) if own else "",
            done_label=_("To your order {number}").format(number=first.number),
        )
    single = first.kind == PayableKind.INVOICE and len(payables) == 1
    receipted = view.state not in {MoneyState.SETTLING, MoneyState.AUTHORIZED}  # before that there is no receipt to see
    return Links(
        back=reverse("storefront:invoice", args=[first.number]) if single else reverse("storefront:invoices"),
        back_label=_("Invoice {number}").format(number=first.number) if single else _("Invoices"),
        retry=reverse("storefront:invoice_pay", args=[first.number]) if single and again else "",
        done=reverse("storefront:receipt", args=[payment.uuid]) if receipted else "",
        done_label=_("See the receipt"),
    )


@login_required
@never_cache
@require_POST
def card_token(request: ShopRequest) -> JsonResponse:
    """One token for one card form. It lets the form send one card to the gateway, and nothing else."""
    integration = (
        Integration.objects.filter(
            pk=_number(request.POST.get("integration", "")),
            organization=request.website.organization_id,
            type=IntegrationType.OROPAY,
            is_active=True,
            provider_account__is_active=True,
        )
        .select_related("provider_account")
        .first()
    )
    if integration is None or integration.provider_account is None:
        return JsonResponse({"error": _("This way to pay is not available any more.")}, status=404)
    account, seat, now = integration.provider_account, seat_now(request), timezone.now()
    try:
        pool.require_stock(provider_account_id=account.pk, now=now)
        card_form_guard(
            organization=request.website.organization,
            by=request.user,
            company=str(seat.customer_id) if seat is not None else "",
            session_key=request.session.session_key or "",
            ip_address=client_ip(request),
            now=now,
        )
        token = pool.take(provider_account_id=account.pk, now=now)
    except CardFormUnavailable as error:
        return JsonResponse({"error": str(error)}, status=503, headers={"Retry-After": "2"})
    except TriedTooOften as error:
        return JsonResponse({"error": str(error)}, status=429)
    return JsonResponse(
        {"token": token, "expires": int(pool.LEFT_TO_LIVE.total_seconds()), "environment": account.environment}
    )


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 10 else 0
