"""Saved cards and bank accounts: seeing them, taking them away."""

from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from oropay.models import Instrument, InstrumentKind
from oropay.selectors import instruments_of
from oropay.services import instrument_delete
from storefront.middleware import ShopRequest, seat_now
from storefront.pay import instrument_name
from storefront.views.home import no_company


@login_required
@never_cache
@require_safe
def payment_methods(request: ShopRequest) -> HttpResponse:
    seat = seat_now(request)
    if seat is None:
        return no_company(request)
    today = timezone.now().date()
    rows = [
        {
            "instrument": row,
            "name": instrument_name(row),
            "is_card": row.kind == InstrumentKind.CARD,
            "shared": row.owner_id is None,
            "expired": bool(
                row.expiry_year and row.expiry_month and (row.expiry_year, row.expiry_month) < (today.year, today.month)
            ),
        }
        for row in instruments_of(user=request.user).filter(customer=seat.customer_id)
    ]
    return render(request, "storefront/methods/methods.html", {"rows": rows})


@login_required
@require_POST
def remove(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Stop offering it. What was paid with it stays as it is."""
    seat = seat_now(request)
    row: Instrument | None = (
        instruments_of(user=request.user).filter(uuid=uuid, customer=seat.customer_id if seat else None).first()
    )
    if row is None:
        raise Http404("no such payment method")
    instrument_delete(instrument=row)
    messages.success(request, _("{name} was removed. Nothing was charged.").format(name=instrument_name(row)))
    return redirect("storefront:payment_methods")
