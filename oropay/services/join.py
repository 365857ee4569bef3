"""The same card or account entered again joins the one that is saved already: one line on the page, not two."""

from datetime import datetime

from oropay import locks
from oropay.models import (
    Instrument,
    InstrumentKind,
    InstrumentRequestKind,
    InstrumentState,
    Mandate,
    MandateKind,
)
from oropay.services.ach.freeze import freeze_of
from oropay.services.outbox import request_add

JOINABLE = [InstrumentState.ACTIVE, InstrumentState.FROZEN, InstrumentState.DEAD]


def twin_of(*, instrument: Instrument, fingerprint: str) -> Instrument | None:
    """The saved instrument that is the same card or account, of the same owner at the same provider account.

    A colleague's own card is never joined, even if it is the same plastic: that would tell one about the other.
    """
    if not fingerprint:
        return None
    return (
        Instrument.objects.filter(
            kind=instrument.kind,
            customer_id=instrument.customer_id,
            owner_id=instrument.owner_id,
            provider_account_id=instrument.provider_account_id,
            fingerprint=fingerprint,
            state__in=JOINABLE,
        )
        .exclude(pk=instrument.pk)
        .order_by("pk")
        .first()
    )


def instrument_keep(*, instrument: Instrument, fingerprint: str, token: str = "", now: datetime) -> Instrument:
    """Make an instrument that was just accepted a saved one, or join the one that is saved already; returns that.

    A joined card gets the new token, because the new plastic may have a new expiry; the gateway is asked to forget the
    old one. A frozen twin stays frozen. Called in the transaction that records the acceptance.
    """
    twin = twin_of(instrument=instrument, fingerprint=fingerprint)
    if twin is None:
        kept = {"state": _first_state(instrument=instrument, fingerprint=fingerprint)} | (
            {"token": token} if token else {}
        )
        Instrument.objects.filter(pk=instrument.pk, state=InstrumentState.ONCE).update(**kept)
        return instrument
    new, twin = _both(new=instrument, twin=twin)
    if new.same_as_id is not None or new.state != InstrumentState.ONCE:
        return twin
    new.same_as = twin
    new.save(update_fields=["same_as"])
    if twin.kind == InstrumentKind.CARD:
        _card_renewed(twin=twin, new=new, token=token, now=now)
    else:
        _account_corrected(twin=twin, new=new)
        Mandate.objects.filter(
            instrument=new, kind__in=[MandateKind.STANDING, MandateKind.RECURRING], revoked_at=None
        ).update(instrument=twin)
    return twin


def _first_state(*, instrument: Instrument, fingerprint: str) -> InstrumentState:
    """An account that a return has frozen for another customer of the seller is frozen from the start."""
    organization_id = instrument.customer.organization_id
    frozen = freeze_of(organization_id=organization_id, fingerprint=fingerprint) is not None
    return InstrumentState.FROZEN if frozen else InstrumentState.ACTIVE


def _both(*, new: Instrument, twin: Instrument) -> tuple[Instrument, Instrument]:
    held = {row.pk: row for row in locks.instruments(ids=[new.pk, twin.pk])}
    return held[new.pk], held[twin.pk]


def _account_corrected(*, twin: Instrument, new: Instrument) -> None:
    """An account that its bank called wrong in its kind or holder pays again once these were entered otherwise."""
    said = ("account_type", "holder_type", "holder_name")
    if twin.state == InstrumentState.DEAD and any(getattr(twin, name) != getattr(new, name) for name in said):
        for name in said:
            setattr(twin, name, getattr(new, name))
        twin.state = InstrumentState.ACTIVE
        twin.save(update_fields=[*said, "state"])


def _card_renewed(*, twin: Instrument, new: Instrument, token: str, now: datetime) -> None:
    old = twin.token
    if twin.state == InstrumentState.DEAD:
        twin.state, old = InstrumentState.ACTIVE, ""  # the gateway has forgotten it by itself
        twin.brand_reference = new.brand_reference
    twin.token = token or twin.token
    for name in ("expiry_month", "expiry_year", "brand", "last4", "holder_name"):
        setattr(twin, name, getattr(new, name) or getattr(twin, name))
    twin.brand_reference = twin.brand_reference or new.brand_reference
    twin.save()
    if old and old != twin.token:
        request_add(instrument=twin, kind=InstrumentRequestKind.DELETE, token=old, by=None, due=now, now=now)
