"""Saved cards and bank accounts, starting from whose they are."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.db.models.functions import Now
from django.utils.translation import gettext as _

from commerce.models import Permission, User
from commerce.selectors import customers_visible_to, people_with, seats_of
from oropay.models import (
    ACCOUNT_IS_FROZEN,
    ACCOUNT_IS_WRONG,
    INSTRUMENT_REQUEST_LIVE,
    SAVED,
    AchReturn,
    Instrument,
    InstrumentDefault,
    InstrumentKind,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
    Integration,
    Mandate,
    MandateKind,
    Purpose,
)
from oropay.services.ach.freeze import freeze_of, frozen_sentence


def instruments_for(
    *, user: User, customer_id: int, integration: Integration, purpose: Purpose = Purpose.INVOICES
) -> QuerySet[Instrument]:
    """Saved cards and bank accounts of this person: the company's and their own. What cannot pay any more (frozen, or
    to be entered again) is shown with its reason, not used.

    The person's first choice for this purpose comes first, then the company's, then the newest.
    """
    chosen = InstrumentDefault.objects.filter(instrument=OuterRef("pk"), purpose=purpose)
    return (
        Instrument.objects.filter(
            Q(owner=None) | Q(owner=user),
            customer_id=customer_id,
            provider_account_id=integration.provider_account_id,
            state__in=SAVED,
        )
        .annotate(mine_first=Exists(chosen.filter(user=user)), company_first=Exists(chosen.filter(user=None)))
        .order_by("-mine_first", "-company_first", "-created_at")
    )


ENTERED_AGAIN_SHOWN = timedelta(minutes=15)
"""For so long a page says that what was just entered had been saved before."""


def instruments_of(*, user: User) -> QuerySet[Instrument]:
    """This person's own saved cards and bank accounts, and their companies' shared ones they may manage."""
    return _instruments_managed(user=user).filter(state__in=SAVED)


def wallet_of(*, user: User, customer_id: int) -> QuerySet[Instrument]:
    """What a person's page of payment methods shows in one company: the own ones and all of the company's.

    Also bank accounts that were added a moment ago and that a worker has not looked at yet.
    """
    looked_at = InstrumentRequest.objects.filter(
        instrument=OuterRef("pk"), kind=InstrumentRequestKind.IDENTIFY, state__in=INSTRUMENT_REQUEST_LIVE
    )
    return (
        Instrument.objects.filter(Q(owner=user) | Q(owner=None), customer_id=customer_id)
        .filter(Q(state__in=SAVED) | Q(Exists(looked_at), state=InstrumentState.ONCE))
        .select_related("customer__organization", "provider_account")
        .annotate(
            entered_again=Exists(
                Instrument.objects.filter(same_as=OuterRef("pk"), created_at__gte=Now() - ENTERED_AGAIN_SHOWN)
            )
        )
        .prefetch_related(
            Prefetch("defaults", InstrumentDefault.objects.filter(Q(user=user) | Q(user=None))),
            Prefetch("mandates", Mandate.objects.filter(revoked_at=None).exclude(kind=MandateKind.SINGLE)),
            Prefetch("requests", InstrumentRequest.objects.filter(kind=InstrumentRequestKind.UPDATE).order_by("-pk")),
        )
        .order_by("-created_at")
    )


@dataclass(frozen=True)
class Added:
    """What became of a bank account that a person wants to save."""

    done: bool
    """A worker has looked at it."""
    refusal: str = ""
    """Why it was not added, in words for the person; empty if it was."""


def account_added(*, instrument_id: int) -> Added:
    """How far a worker is with an account that was typed a moment ago: a row read by key, as it is asked repeatedly."""
    request = (
        InstrumentRequest.objects.filter(instrument=instrument_id, kind=InstrumentRequestKind.IDENTIFY)
        .select_related("instrument__customer")
        .order_by("-pk")
        .first()
    )
    if request is None or request.state in INSTRUMENT_REQUEST_LIVE:
        return Added(done=request is None)
    return Added(done=True, refusal=_refusal(request))


def accounts_refused(*, user: User, customer_id: int) -> list[tuple[Instrument, str]]:
    """Bank accounts this person has just tried to add and that were turned down, each with the reason."""
    refused = InstrumentRequest.objects.filter(
        kind=InstrumentRequestKind.IDENTIFY,
        error__in=[ACCOUNT_IS_FROZEN, ACCOUNT_IS_WRONG],
        created_by=user,
        created_at__gte=Now() - ENTERED_AGAIN_SHOWN,
        instrument__customer=customer_id,
    ).select_related("instrument__customer")
    return [(row.instrument, _refusal(row)) for row in refused.order_by("pk")]


def _refusal(request: InstrumentRequest) -> str:
    """Why an account was turned down, in words for who typed it; empty if it was not."""
    if request.error == ACCOUNT_IS_WRONG:
        return _("Your bank says that details of this account are wrong or have changed. Please enter them anew.")
    if request.error != ACCOUNT_IS_FROZEN:
        return ""
    instrument = request.instrument
    organization_id = instrument.customer.organization_id
    return frozen_sentence(freeze_of(organization_id=organization_id, fingerprint=instrument.fingerprint))


def instruments_removed(*, user: User) -> QuerySet[Instrument]:
    """What this person may still bring back: nobody has asked the gateway to forget it yet."""
    waiting = InstrumentRequest.objects.filter(
        instrument=OuterRef("pk"), kind=InstrumentRequestKind.DELETE, state=InstrumentRequestState.QUEUED, tries=0
    ).exclude(restores_to="")
    return _instruments_managed(user=user).filter(Exists(waiting), state=InstrumentState.DELETED)


def undoable(*, instrument: Instrument) -> bool:
    """Whether its removal can still be taken back."""
    return (
        instrument.requests.filter(kind=InstrumentRequestKind.DELETE, state=InstrumentRequestState.QUEUED, tries=0)
        .exclude(restores_to="")
        .exists()
    )


def same_instruments(*, user: User, instrument: Instrument) -> QuerySet[Instrument]:
    """The same card or bank account elsewhere with the same seller, newest first; never another organization's."""
    if not instrument.fingerprint:
        return Instrument.objects.none()
    rows = Instrument.objects.filter(
        kind=instrument.kind,
        fingerprint=instrument.fingerprint,
        customer__organization=instrument.customer.organization_id,
    ).exclude(pk=instrument.pk)
    if not user.is_superuser:
        rows = rows.filter(customer__organization=user.organization_id)
    return rows.select_related("customer", "owner").order_by("-created_at")


RETURN_SHOWN = timedelta(days=60)
"""For so long a saved account says that one of its debits came back."""


def returns_of(*, instruments: Sequence[Instrument], now: datetime) -> dict[int, AchReturn]:
    """By bank account, the newest debit of it that came back lately; one query, none where there are only cards."""
    ids = [one.pk for one in instruments if one.kind == InstrumentKind.BANK]
    if not ids:
        return {}
    debited = "transaction__payment__instrument"
    rows = AchReturn.objects.filter(
        Q(**{f"{debited}__in": ids}) | Q(**{f"{debited}__same_as__in": ids}), created_at__gt=now - RETURN_SHOWN
    ).select_related(debited)
    found: dict[int, AchReturn] = {}
    for told in rows.order_by("created_at", "pk"):
        account = told.transaction.payment.instrument
        if account is not None:
            found[account.same_as_id or account.pk] = told
    return found


def instrument_people(*, instrument: Instrument) -> list[User]:
    """Who minds a saved card or account: the owner of an own one, those who may manage it for the company's."""
    if instrument.owner is not None:
        return [instrument.owner] if seats_of(user=instrument.owner).filter(customer=instrument.customer_id) else []
    return people_with(permission=Permission.MANAGE_PAYMENT_METHODS, customer=instrument.customer)


def _instruments_managed(*, user: User) -> QuerySet[Instrument]:
    managed = customers_visible_to(user=user, permission=Permission.MANAGE_PAYMENT_METHODS)
    return Instrument.objects.filter(Q(owner=user) | Q(owner=None, customer__in=managed)).select_related(
        "customer__organization", "provider_account"
    )
