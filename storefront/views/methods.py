"""Saved cards and bank accounts: seeing, adding, changing, taking away and bringing back. Nothing here moves money."""

from datetime import date
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from commerce.models import CustomerUser
from oropay.exceptions import MandateEnded, PaymentError
from oropay.models import Instrument, Mandate, Purpose
from oropay.selectors import (
    account_added,
    accounts_refused,
    instruments_of,
    instruments_removed,
    returns_of,
    wallet_of,
)
from oropay.services import (
    NewBank,
    NewCard,
    bank_save,
    card_validate_start,
    instrument_delete,
    instrument_edit,
    instrument_prefer,
    instrument_restore,
    mandate_revoke,
)
from plumbing.waiting import look_until
from storefront.forms.methods import EditForm, SaveForm
from storefront.methods import MethodRow, may_manage, method_row, save_options, standing_terms
from storefront.middleware import ShopRequest, seat_now, seat_required
from storefront.pay import account_guard_of, client_of, instrument_name, pay_view
from storefront.views.home import no_company


@login_required
@never_cache
@require_safe
def payment_methods(request: ShopRequest) -> HttpResponse:
    seat = seat_now(request)
    if seat is None:
        return no_company(request)
    rows = _rows(request, seat)
    removed = instruments_removed(user=request.user).filter(customer=seat.customer_id)
    return render(
        request,
        "storefront/methods/methods.html",
        {
            "mine": [row for row in rows if row.instrument.owner_id is not None],
            "shared": [row for row in rows if row.instrument.owner_id is None],
            "removed": [(row, instrument_name(row)) for row in removed],
            "refused": [
                (instrument_name(row), why)
                for row, why in accounts_refused(user=request.user, customer_id=seat.customer_id)
            ],
            "waiting": any(row.waiting for row in rows),
        },
    )


@pay_view
def add(request: ShopRequest) -> HttpResponse:
    """Enter a card or a bank account, to have it ready. A bank account's number is sealed before this request ends."""
    seat = seat_required(request)
    managed = may_manage(user=request.user, customer=seat.customer)
    form = SaveForm(
        request.POST or None,
        options=save_options(website=request.website, customer=seat.customer),
        debit=standing_terms(seat=seat, today=_today(seat)),
        guard=account_guard_of(request, seller=seat.customer.organization, company=seat.customer, paying=False),
        may_share=managed,
    )
    if request.method == "POST" and form.is_valid():
        try:
            answer = _save(request, form=form, seat=seat)
        except PaymentError as error:
            form.add_error(None, str(error))
        else:
            if answer is not None:
                return answer
    return render(
        request, "storefront/methods/add.html", {"form": form}, status=422 if request.method == "POST" else 200
    )


def _save(request: ShopRequest, *, form: SaveForm, seat: CustomerUser) -> HttpResponse | None:
    """Where to go from here; None when a field of the form now says why nothing was saved."""
    client = client_of(request)
    source = form.source(ip_address=client.ip_address, user_agent=client.user_agent)
    owner = None if form.cleaned_data.get("shared") else request.user
    if isinstance(source, NewCard):
        payment = card_validate_start(
            customer=seat.customer,
            owner=owner,
            integration_id=form.option.integration_id,
            card=source,
            attempt_key=form.cleaned_data["attempt_key"],
            nickname=form.cleaned_data["nickname"],
            client=client,
            by=request.user,
            website=request.website,
            now=timezone.now(),
        )
        return redirect("storefront:paying", uuid=payment.uuid)
    if not isinstance(source, NewBank) or source.mandate is None:
        raise Http404("nothing to save")
    account = bank_save(
        customer=seat.customer,
        owner=owner,
        integration_id=form.option.integration_id,
        details=source.details,
        mandate=source.mandate,
        nickname=form.cleaned_data["nickname"],
        by=request.user,
        now=timezone.now(),
    )
    added = look_until(
        lambda: account_added(instrument_id=account.pk), done=lambda seen: seen.done, within=settings.OROPAY_ADDED_WAIT
    )
    if added.refusal:
        form.add_error("bank_account", added.refusal)
        return None
    messages.success(request, _("The bank account was added. Nothing was debited."))
    return redirect("storefront:payment_methods")


@login_required
@never_cache
def edit(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Name it, renew its expiry, share it, say when it is offered first: as far as this person may."""
    seat = seat_required(request)
    row = next((one for one in _rows(request, seat) if one.instrument.uuid == uuid and not one.waiting), None)
    if row is None:
        raise Http404("no such payment method")
    instrument = row.instrument
    managed = may_manage(user=request.user, customer=seat.customer)
    chosen = {(one.user_id is not None, one.purpose) for one in instrument.defaults.all()}
    form = EditForm(
        request.POST or None,
        instrument=instrument,
        managed=row.managed,
        may_share=managed,
        initial={
            "nickname": instrument.nickname,
            "expiry_month": instrument.expiry_month,
            "expiry_year": instrument.expiry_year,
            "mine": [purpose for mine, purpose in chosen if mine],
            "company": [purpose for mine, purpose in chosen if not mine],
        },
    )
    if request.method == "POST" and form.is_valid():
        try:
            _change(request, form=form, instrument=instrument)
        except PaymentError as error:
            form.add_error(None, str(error))
        else:
            messages.success(request, _("{name} was changed. Nothing was charged.").format(name=row.name))
            return redirect("storefront:payment_methods")
    return render(
        request,
        "storefront/methods/edit.html",
        {"form": form, "row": row},
        status=422 if request.method == "POST" else 200,
    )


def _change(request: ShopRequest, *, form: EditForm, instrument: Instrument) -> None:
    data, now = form.cleaned_data, timezone.now()
    if "nickname" in data:
        instrument_edit(
            instrument=instrument,
            nickname=data["nickname"],
            expiry=form.expiry,
            share=data.get("shared", False),
            by=request.user,
            now=now,
        )
    for field, user in (("mine", request.user), ("company", None)):
        before = set(form.initial[field])
        for purpose in Purpose.values if field in data else ():
            wanted = purpose in data[field]
            if wanted != (purpose in before):
                instrument_prefer(instrument=instrument, purpose=Purpose(purpose), on=wanted, user=user, now=now)


@login_required
@require_POST
def revoke(request: ShopRequest, uuid: UUID, mandate: int) -> HttpResponse:
    """End a standing authorisation. A debit that is under way stays."""
    seat = seat_required(request)
    instruments = instruments_of(user=request.user).filter(uuid=uuid, customer=seat.customer_id)
    row: Mandate | None = Mandate.objects.filter(pk=mandate, instrument__in=instruments).first()
    if row is None:
        raise Http404("no such authorisation")
    try:
        mandate_revoke(mandate=row, by=request.user, why=_("by the customer"), now=timezone.now())
    except MandateEnded:
        messages.info(request, _("The authorisation was withdrawn already. Nothing more is debited under it."))
    else:
        messages.success(request, _("The authorisation is withdrawn. Nothing more is debited under it."))
    return redirect("storefront:payment_methods")


@login_required
@require_POST
def remove(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Stop offering it; for a while it can be brought back. What was paid with it stays as it is."""
    seat = seat_required(request)
    row = instruments_of(user=request.user).filter(uuid=uuid, customer=seat.customer_id).first()
    if row is None:
        raise Http404("no such payment method")
    try:
        instrument_delete(instrument=row, by=request.user, now=timezone.now())
    except PaymentError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("{name} was removed. Nothing was charged.").format(name=instrument_name(row)))
    return redirect("storefront:payment_methods")


@login_required
@require_POST
def restore(request: ShopRequest, uuid: UUID) -> HttpResponse:
    """Bring back what was removed by mistake, while the gateway has not been asked to forget it."""
    seat = seat_required(request)
    row = instruments_removed(user=request.user).filter(uuid=uuid, customer=seat.customer_id).first()
    if row is None:
        messages.error(request, _("It is too late to bring it back; please enter it again. Nothing was charged."))
        return redirect("storefront:payment_methods")
    try:
        instrument_restore(instrument=row, now=timezone.now())
    except PaymentError as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("{name} is back.").format(name=instrument_name(row)))
    return redirect("storefront:payment_methods")


def _rows(request: ShopRequest, seat: CustomerUser) -> list[MethodRow]:
    managed = may_manage(user=request.user, customer=seat.customer)
    rows = list(wallet_of(user=request.user, customer_id=seat.customer_id))
    returned = returns_of(instruments=rows, now=timezone.now())
    return [
        method_row(
            instrument=row, user=request.user, managed=managed, today=_today(seat), returned=returned.get(row.pk)
        )
        for row in rows
    ]


def _today(seat: CustomerUser) -> date:
    return seat.customer.organization.today(timezone.now())
