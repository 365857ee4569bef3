"""What a gateway tells of a dispute, made by hand, and recorded as a reading of it."""

from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils import timezone
from moneyed import Money

from oropay.engine import disputes
from oropay.engine.gateways import gateway_of
from oropay.gateway.port import DisputeTold, Funding
from oropay.models import Dispute, PaymentTransaction, ProviderAccount, StepSource
from tests.accounts import sandbox_account


def yen_beside(account: ProviderAccount) -> ProviderAccount:
    """A second account of the seller that shares its merchant: it is told of all the disputes of the first."""
    return sandbox_account(organization=account.organization, url=account.service_url, name="Yen", currency="JPY")


def told(charge: PaymentTransaction | None, *, now: datetime, name: str = "DIS_1", **changes: Any) -> DisputeTold:
    """A chargeback over 50.00 as the gateway tells it."""
    values: dict[str, Any] = {
        "gateway_id": name,
        "stage": "CHARGEBACK",
        "status": "WITH_MERCHANT",
        "result": "PENDING",
        "amount": Money(Decimal("50.00"), "USD"),
        "stage_at": now,
        "status_at": now,
        "respond_by": now + timedelta(days=5, hours=1),
        "opened_at": now,
        "reason_code": "131",
        "reason": "Merchandise/Services Not Received",
        "funding": Funding.TAKEN,
        "arn": "74500012345678901234567",
        "reference": charge.reference if charge is not None else "somebody-else",
        "brand": "VISA",
        "last4": "4242",
        **changes,
    }
    return DisputeTold(**values)


def recorded(account: ProviderAccount, charge: PaymentTransaction | None, **changes: Any) -> Dispute:
    """Record a reading that was asked for now."""
    now = timezone.now()
    return disputes.dispute_record(
        provider_account=account,
        told=told(charge, now=now, **changes),
        source=StepSource.PULLED,
        asked_at=now,
        now=now,
    )


def say(dispute: Dispute, *, stage: str = "", status: str, result: str = "PENDING") -> None:
    """The gateway says what the sandbox would not."""
    told = gateway_of(account=dispute.provider_account).dispute(gateway_id=dispute.gateway_id)
    assert told is not None
    now = timezone.now()
    later = (told.stage_at or now) + timedelta(seconds=bool(stage))
    disputes.dispute_record(
        provider_account=dispute.provider_account,
        told=replace(told, stage=stage or told.stage, status=status, result=result, stage_at=later, status_at=now),
        source=StepSource.TOLD,
        asked_at=now,
        now=now,
    )
