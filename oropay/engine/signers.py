"""Whose key signed what came to an integration.

An admin may pick another provider account for an integration at any time. What was paid through the one before still
moves, and the gateway tells it here, signed with that account's key.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Exists, OuterRef

from oropay.engine.gateways import gateway_of
from oropay.exceptions import VaultError
from oropay.gateway.port import Notice, PaymentGateway
from oropay.models import Integration, Notification, Payment, PaymentTransaction, ProviderAccount


@dataclass(frozen=True)
class Signer:
    """An account whose key may have signed."""

    account: ProviderAccount
    gateway: PaymentGateway

    def read(self, row: Notification) -> Notice:
        return self.gateway.notice_read(body=bytes(row.body), headers=row.headers)


@dataclass(frozen=True)
class Message:
    """A notification as it was read, and whose key fits it."""

    row: Notification
    notice: Notice
    signer: Signer | None
    """None when no key that could be opened fits."""


@dataclass(frozen=True)
class Signed:
    """Messages with their signers."""

    messages: list[Message]
    closed: str = ""
    """Why the key of an earlier account cannot be opened: what fits no other may be signed with it."""


def signed(*, rows: Sequence[Notification], integration: Integration) -> Signed:
    """Find out whose key signed each message: that of the account of today or of an earlier one.

    Accounts may share a key; then it is the account's whose transaction the message names.
    Raises VaultError when the key of the account of today cannot be opened.
    """
    today = Signer(integration.provider, gateway_of(account=integration.provider))
    read = [(row, today.read(row)) for row in rows]
    owners = _owners(integration=integration, gateway_ids={notice.gateway_id for _row, notice in read})
    plain = not owners and all(notice.genuine for _row, notice in read)
    earlier, closed = ([], "") if plain else _earlier(integration=integration)
    messages = []
    for row, notice in read:
        owner = owners.get(notice.gateway_id)
        others = [one for one in earlier if one.account.pk == owner or not notice.genuine]
        others.sort(key=lambda one: one.account.pk != owner)
        mine = Message(row, notice, today if notice.genuine else None)
        theirs = (Message(row, one.read(row), one) for one in others)
        messages.append(next((each for each in theirs if each.notice.genuine), mine))
    return Signed(messages, closed)


def _owners(*, integration: Integration, gateway_ids: set[str]) -> dict[str, int]:
    """By its name at the gateway, the account of each transaction of these that is not of the account of today."""
    rows = PaymentTransaction.objects.filter(payment__integration=integration, gateway_id__in=gateway_ids - {""})
    others = rows.exclude(payment__provider_account=integration.provider)
    return dict(others.values_list("gateway_id", "payment__provider_account"))


def _earlier(*, integration: Integration) -> tuple[list[Signer], str]:
    """Every other account that took payments through this integration, the newest first; and why one stays closed."""
    paid = Payment.objects.filter(integration=integration, provider_account=OuterRef("pk"))
    others = ProviderAccount.objects.exclude(pk=integration.provider.pk).filter(
        Exists(paid), organization=integration.organization_id
    )
    signers, closed = [], ""
    for account in others.select_related("organization").order_by("-pk"):
        try:
            signers.append(Signer(account, gateway_of(account=account)))
        except VaultError as error:
            closed = str(error)
    return signers, closed
