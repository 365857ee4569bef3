"""What tests of saved cards and accounts do again and again."""

from datetime import timedelta

from django.utils import timezone

from commerce.models import User
from oropay import engine
from oropay.models import (
    Instrument,
    InstrumentRequest,
    PaymentTransaction,
    RefundReason,
)
from oropay.services import (
    cancel_start,
    instrument_delete,
)
from tests.contract.sandbox import Sandbox

LATER = timedelta(days=1)


def void(charge: PaymentTransaction) -> None:
    by = charge.payment.created_by
    assert by is not None
    cancel = cancel_start(transaction=charge, reason=RefundReason.OTHER, note="try again", by=by, now=timezone.now())
    engine.execute(transaction_id=cancel.pk, now=timezone.now())


def work(request: InstrumentRequest, *, after: timedelta = LATER) -> InstrumentRequest:
    """Let a worker do it when it is due."""
    engine.instrument_request(request_id=request.pk, now=timezone.now() + after)
    return InstrumentRequest.objects.get(pk=request.pk)


def removed(instrument: Instrument, buyer: User) -> InstrumentRequest:
    return instrument_delete(instrument=instrument, by=buyer, now=timezone.now())


def at_gateway(sandbox: Sandbox, token: str) -> str:
    """Status of a token, or the gateway's error."""
    answer = sandbox.gateway().update_card(token=token, expiry_month=12, expiry_year=2031)
    return answer.verdict


def fault(sandbox: Sandbox, method: str, action: dict[str, object], times: int = 1) -> None:
    match = {"endpoint": "/payment-methods/{id}", "method": method}
    sandbox.control("/rules", {"match": match, "action": action, "times": times})
