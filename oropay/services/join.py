"""The same card or account entered again joins the one that is saved already: one line on the page, not two."""

from datetime import datetime

from oropay import locks
from oropay.models import (
    SAVED,
    Instrument,
    InstrumentDefault,
    InstrumentKind,
    InstrumentRequestKind,
    InstrumentState,
    Mandate,
    MandateKind,
)
from oropay.services.ach.freeze import account_state, freeze_of
from oropay.services.outbox import request_add

UNSAVED = (InstrumentState.ONCE, InstrumentState.WAITING)
"""May become a saved one."""


def twin_of(*, instrument: Instrument, fingerprint: str) -> Instrument | None:
    """The saved instrument that is the same card or account, of the same owner at the same provider account.

    A colleague's own card is never joined, even if it is the same plastic: that would tell one about the other.
    Takes the lock that lets one at a time decide.
    """
    return _saved_by(owner_id=instrument.owner_id, instrument=instrument, fingerprint=fingerprint)


def company_twin_of(*, instrument: Instrument) -> Instrument | None:
    """The same card or account as the whole company's. Takes the lock that lets one at a time decide."""
    return _saved_by(owner_id=None, instrument=instrument, fingerprint=instrument.fingerprint)


def _saved_by(*, owner_id: int | None, instrument: Instrument, fingerprint: str) -> Instrument | None:
    if not fingerprint:
        return None
    locks.saved_name(customer_id=instrument.customer_id, owner_id=owner_id, fingerprint=fingerprint)
    return (
        Instrument.objects.filter(
            kind=instrument.kind,
            customer_id=instrument.customer_id,
            owner_id=owner_id,
            provider_account_id=instrument.provider_account_id,
            fingerprint=fingerprint,
            state__in=SAVED,
        )
        .exclude(pk=instrument.pk)
        .order_by("pk")
        .first()
    )


def instrument_keep(*, instrument: Instrument, fingerprint: str, token: str = "", now: datetime) -> Instrument:
    """Make an instrument that was just accepted a saved one, or join the one that is saved already; returns that.

    A joined card gets the new token, because the new plastic may have a new expiry; the gateway is asked to forget the
    old one. A frozen twin stays frozen. What is frozen for the seller and saved nowhere here is not saved: the gateway
    is asked to forget it at once. Called in the transaction that records the acceptance.
    """
    twin = twin_of(instrument=instrument, fingerprint=fingerprint)
    if twin is None:
        if _is_frozen(instrument=instrument, fingerprint=fingerprint):
            if token:
                request_add(
                    instrument=instrument, kind=InstrumentRequestKind.DELETE, token=token, by=None, due=now, now=now
                )
            return instrument
        kept = {"state": InstrumentState.ACTIVE} | ({"token": token} if token else {})
        Instrument.objects.filter(pk=instrument.pk, state__in=UNSAVED).update(**kept)
        return instrument
    new, twin = _both(new=instrument, twin=twin)
    if new.same_as_id is not None or new.state not in UNSAVED:
        return twin
    new.same_as = twin
    new.save(update_fields=["same_as"])
    if twin.kind == InstrumentKind.CARD:
        _card_renewed(twin=twin, new=new, token=token, now=now)
    else:
        _account_corrected(twin=twin, new=new)
        _mandates_move(old=new, new=twin)
    return twin


def instrument_wait(*, instrument: Instrument, token: str) -> None:
    """Note the lasting name of a card whose payment is in review: only that first answer tells it."""
    held = Instrument.objects.filter(pk=instrument.pk, state=InstrumentState.ONCE)
    if held.update(state=InstrumentState.WAITING, token=token):
        instrument.state, instrument.token = InstrumentState.WAITING, token


def instrument_wait_end(*, instrument: Instrument | None, stands: bool, now: datetime) -> None:
    """The review of its payment is over: save a card that waited for that, or let the gateway forget it.

    Called in the transaction that records the end. Does nothing for an instrument that did not wait.
    """
    if instrument is None or instrument.state != InstrumentState.WAITING:
        return
    if stands:
        instrument_keep(instrument=instrument, fingerprint=instrument.fingerprint, token=instrument.token, now=now)
        return
    Instrument.objects.filter(pk=instrument.pk).update(state=InstrumentState.ONCE)
    request_add(
        instrument=instrument,
        kind=InstrumentRequestKind.DELETE,
        token=instrument.token,
        by=None,
        due=now,
        now=now,
    )


def _is_frozen(*, instrument: Instrument, fingerprint: str) -> bool:
    """Whether a return has frozen the account for any customer of the seller."""
    return freeze_of(organization_id=instrument.customer.organization_id, fingerprint=fingerprint) is not None


def account_corrected(*, instrument: Instrument, fingerprint: str) -> None:
    """Note which account a saved one is since its bank corrected it, in the caller's transaction.

    If its owner has that one saved already, there is one from now on: standing authorisations go on with it.
    """
    twin = twin_of(instrument=instrument, fingerprint=fingerprint) if instrument.state in SAVED else None
    instrument.fingerprint = fingerprint
    if twin is not None:
        instrument.state, instrument.same_as = InstrumentState.DELETED, twin
        _mandates_move(old=instrument, new=twin)
        InstrumentDefault.objects.filter(instrument=instrument).delete()
    instrument.save(update_fields=["fingerprint", "state", "same_as"])


def _mandates_move(*, old: Instrument, new: Instrument) -> None:
    Mandate.objects.filter(
        instrument=old, kind__in=[MandateKind.STANDING, MandateKind.RECURRING], revoked_at=None
    ).update(instrument=new)


def fingerprint_write(*, instrument: Instrument, fingerprint: str) -> None:
    """Note a fingerprint that is learned late, in the caller's transaction.

    A saved instrument that turns out to be another saved one keeps the name it has: both may pay, and recording what a
    gateway said is never refused.
    """
    if instrument.state in SAVED and twin_of(instrument=instrument, fingerprint=fingerprint) is not None:
        return
    instrument.fingerprint = fingerprint
    Instrument.objects.filter(pk=instrument.pk).update(fingerprint=fingerprint)


def _both(*, new: Instrument, twin: Instrument) -> tuple[Instrument, Instrument]:
    held = {row.pk: row for row in locks.instruments(ids=[new.pk, twin.pk])}
    return held[new.pk], held[twin.pk]


def _account_corrected(*, twin: Instrument, new: Instrument) -> None:
    """An account that its bank called wrong in its kind or holder pays again once these were entered otherwise, if
    nothing else of it is wrong.
    """
    said = ("account_type", "holder_type", "holder_name")
    if twin.state == InstrumentState.DEAD and any(getattr(twin, name) != getattr(new, name) for name in said):
        for name in said:
            setattr(twin, name, getattr(new, name))
        twin.state = account_state(instrument=twin)
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
