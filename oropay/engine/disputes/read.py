"""Ask the gateway about disputes: all that moved lately, all that are open, or the one somebody told us about."""

import logging
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from django.db.models import Q

from oropay.engine.disputes.record import dispute_record
from oropay.engine.gateways import gateway_of
from oropay.gateway.port import DisputeTold, GatewayUnavailable
from oropay.models import Dispute, DisputeStatus, PaymentTransaction, ProviderAccount, StepSource
from plumbing.apart import apart

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pulled:
    """What a pull read and what of it was new."""

    read: int = 0
    new: int = 0


def dispute_reread(
    *, provider_account: ProviderAccount, gateway_id: str, now: datetime, source: StepSource = StepSource.TOLD
) -> Dispute | None:
    """Read one dispute and record it; None when the gateway knows none of that name. Nobody's word but this is booked.

    One about a sale of another account, that this one keeps no case of, is read and kept there.

    Raises:
        GatewayUnavailable: it could not be read; nothing was changed.
        VaultError: this process may not open the gateway's credentials.
    """
    told = gateway_of(account=provider_account).dispute(gateway_id=gateway_id)
    seller = _another_account(told, account=provider_account) if told is not None else None
    if seller is not None and not provider_account.disputes.filter(gateway_id=gateway_id).exists():
        provider_account, told = seller, gateway_of(account=seller).dispute(gateway_id=gateway_id)
    if told is None:
        return None
    return dispute_record(provider_account=provider_account, told=told, source=source, asked_at=now, now=now)


def dispute_reread_known(*, dispute_id: int, now: datetime) -> Dispute | None:
    """Read a dispute we know again, because somebody wants to see it fresh. Raises as `dispute_reread`."""
    known = Dispute.objects.select_related("provider_account__organization").get(pk=dispute_id)
    return dispute_reread(
        provider_account=known.provider_account, gateway_id=known.gateway_id, now=now, source=StepSource.PULLED
    )


def disputes_pull(*, provider_account: ProviderAccount, days: int, now: datetime) -> Pulled:
    """Read every dispute whose stage began in the last `days` days and that we do not know so, and all open ones.

    Safe to repeat and to run twice at once.

    Raises:
        GatewayUnavailable: the list or a dispute could not be read; what was read before is recorded.
        VaultError: this process may not open the gateway's credentials.
        SomeNotDone: a dispute could not be recorded; all others are.
    """
    gateway = gateway_of(account=provider_account)
    today = now.astimezone(UTC).date()
    listed = {told.gateway_id: told for told in gateway.disputes(since=today - timedelta(days=days), until=today)}
    looked_at = Q(gateway_id__in=listed) | ~Q(status=DisputeStatus.CLOSED)
    known = {row.gateway_id: row for row in Dispute.objects.filter(looked_at, provider_account=provider_account)}
    open_ones = [name for name, row in known.items() if row.status != DisputeStatus.CLOSED]
    stale = [name for name, told in listed.items() if name not in known or not _same(known[name], told)]
    read = new = 0
    with apart(stops=(GatewayUnavailable,)) as each:
        for name in dict.fromkeys([*open_ones, *stale]):
            with each.one(f"dispute {name}"):
                told = gateway.dispute(gateway_id=name)
                if told is None:
                    logger.warning("The gateway does not know dispute %s any more.", name)
                    continue
                if name not in known and _another_account(told, account=provider_account) is not None:
                    continue
                recorded = dispute_record(
                    provider_account=provider_account, told=told, source=StepSource.PULLED, asked_at=now, now=now
                )
                read += 1
                new += recorded.steps.filter(at=now).exists()
    return Pulled(read=read, new=new)


def _another_account(told: DisputeTold, *, account: ProviderAccount) -> ProviderAccount | None:
    """The account whose sale it is about, if not this one: those that share a merchant are told of each other's."""
    if not told.reference:
        return None
    sales = PaymentTransaction.objects.filter(reference=told.reference, payment__provider_account__isnull=False)
    sale = sales.select_related("payment__provider_account__organization").first()
    owner = sale.payment.provider_account if sale is not None else None
    return None if owner == account else owner


def _same(row: Dispute, told: DisputeTold) -> bool:
    return (row.stage, row.status, row.result, row.amount) == (told.stage, told.status, told.result, told.amount.amount)
