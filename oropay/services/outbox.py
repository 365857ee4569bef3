"""Requests about saved instruments: rows first, a worker after the commit."""

from datetime import datetime

from commerce.models import User
from oropay.models import INSTRUMENT_REQUEST_LIVE, Instrument, InstrumentRequest, InstrumentRequestKind, InstrumentState
from plumbing.services import hint

TASK = "oropay.tasks.instrument_request"


def queue_of(kind: str) -> str:
    """Somebody waits before a page to hear whether an account could be added; the rest has time."""
    return "gateway-interactive" if kind == InstrumentRequestKind.IDENTIFY else "gateway-batch"


def request_add(
    *,
    instrument: Instrument,
    kind: InstrumentRequestKind,
    by: User | None,
    due: datetime,
    now: datetime,
    token: str = "",
    expiry: tuple[int, int] | None = None,
    restores_to: InstrumentState | None = None,
) -> InstrumentRequest:
    """Ask a worker to do something about an instrument at `due`, in the caller's transaction.

    The same request that has not ended is the one returned. `expiry` is (month, year with four digits).
    """
    month, year = expiry or (None, None)
    request, made = InstrumentRequest.objects.get_or_create(
        instrument=instrument,
        kind=kind,
        token=token,
        state__in=INSTRUMENT_REQUEST_LIVE,
        defaults={
            "expiry_month": month,
            "expiry_year": year,
            "restores_to": restores_to or "",
            "next_at": due,
            "hinted_at": now if due <= now else None,
            "created_by": by,
            "created_at": now,
        },
    )
    if made and due <= now:
        hint(TASK, request.pk, queue=queue_of(kind))
    return request
