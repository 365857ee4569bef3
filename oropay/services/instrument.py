"""Cards and bank accounts: adding them sealed, agreeing to a debit, taking them away."""

import hashlib
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone

from commerce.models import User
from oropay.accountcheck import AccountAsked, AccountFound, account_check
from oropay.exceptions import InstrumentUnusable
from oropay.models import (
    Instrument,
    InstrumentKind,
    InstrumentState,
    Integration,
    Mandate,
    MandateKind,
    SecCode,
)
from oropay.vault import seal
from oropay.vault.contexts import vault_context


@dataclass(frozen=True)
class NewCard:
    """A card the buyer just entered in the gateway's own fields. Only the token is trusted; the rest is for display."""

    token: str
    brand: str = ""
    last4: str = ""
    expiry_month: int | None = None
    expiry_year: int | None = None
    holder_name: str = ""
    keep: bool = False
    bin: str = ""
    """Its first six digits as the browser tells them: only counted, never believed."""


@dataclass(frozen=True)
class BankDetails:
    """A bank account as a person typed it. Lives inside one request."""

    account_number: str = field(repr=False)
    routing_number: str
    account_type: str
    """CHECKING or SAVING."""
    holder_type: str
    """BUSINESS or PERSONAL."""
    holder_name: str
    bank_name: str = ""
    check: AccountFound | None = None
    """What `bank_check` said of it already; None: it is still to be asked."""


@dataclass(frozen=True)
class MandateGiven:
    """The words a person ticked, and from where."""

    text: str
    text_version: str
    amount_rule: str
    ip_address: str | None = None
    user_agent: str = ""
    kind: MandateKind = MandateKind.SINGLE
    channel: str = "web"


def destination_of(instrument: Instrument | None) -> list[str]:
    """Which card or account this is, so that an approval can tell whether it is another one by now. No secret in it.

    A bank account's box is sealed anew when keys change; its fingerprint stays.
    """
    if instrument is None:
        return []
    name = instrument.fingerprint if instrument.kind == InstrumentKind.BANK else instrument.token
    return [str(instrument.pk), instrument.last4, hashlib.sha256(name.encode()).hexdigest()]


def card_add(
    *, customer_id: int, owner: User | None, integration: Integration, card: NewCard, nickname: str = ""
) -> Instrument:
    """Note the single-use token of a card just entered. It becomes lasting only if its payment or check keeps it.

    `owner=None`: the whole company's.
    """
    return Instrument.objects.create(
        kind=InstrumentKind.CARD,
        state=InstrumentState.ONCE,
        customer_id=customer_id,
        owner=owner,
        provider_account=integration.provider,
        token=card.token,
        brand=card.brand[:20],
        last4=card.last4[-4:],
        expiry_month=card.expiry_month,
        expiry_year=card.expiry_year,
        holder_name=card.holder_name[:100],
        nickname=nickname.strip()[:60],
    )


def bank_check(*, details: BankDetails) -> AccountFound:
    """Whether a bank account may be debited, as `oropay.accountcheck` says; a form asks before it is sent on."""
    return account_check(
        AccountAsked(
            account_number=details.account_number.strip(),
            routing_number=details.routing_number,
            account_type=details.account_type,
            holder_type=details.holder_type,
            holder_name=details.holder_name,
        )
    )


def bank_add(
    *, customer_id: int, owner: User | None, integration: Integration, details: BankDetails, nickname: str = ""
) -> Instrument:
    """Seal a bank account; from here on only the worker can read its number. It is saved once a debit is accepted.

    `owner=None`: the whole company's.

    Raises:
        InstrumentUnusable: the account check (`oropay.accountcheck`) refuses it, with its reason.
    """
    number = details.account_number.strip()
    found = details.check or bank_check(details=details)
    if found.refusal:
        raise InstrumentUnusable(why=found.refusal)
    instrument = Instrument(
        kind=InstrumentKind.BANK,
        state=InstrumentState.ONCE,
        customer_id=customer_id,
        owner=owner,
        provider_account=integration.provider,
        last4=number[-4:],
        holder_name=details.holder_name[:100],
        routing_number=details.routing_number,
        account_type=details.account_type,
        holder_type=details.holder_type,
        bank_name=details.bank_name[:100],
        nickname=nickname.strip()[:60],
        check_state=found.state,
        check_words=found.words[:200],
        checked_at=timezone.now(),
    )
    sealed = seal(secret=number, context=vault_context(instrument))
    instrument.sealed, instrument.key_id = sealed.blob, sealed.key_id
    instrument.save(force_insert=True)
    return instrument


def sec_code(*, holder_type: str, channel: str) -> SecCode:
    """Nacha's code for this debit: business accounts are CCD in every channel, personal ones follow the channel."""
    if holder_type == "BUSINESS":
        return SecCode.CCD
    return {"phone": SecCode.TEL, "paper": SecCode.PPD}.get(channel, SecCode.WEB)


def mandate_add(*, instrument: Instrument, given: MandateGiven, by: User, now: datetime) -> Mandate:
    """Keep the exact words a person agreed to; every ACH debit points at one."""
    return Mandate.objects.create(
        instrument=instrument,
        kind=given.kind,
        sec_code=sec_code(holder_type=instrument.holder_type, channel=given.channel),
        text_version=given.text_version,
        text=given.text,
        text_hash=hashlib.sha256(given.text.encode()).hexdigest(),
        amount_rule=given.amount_rule,
        given_by=by,
        channel=given.channel,
        ip_address=given.ip_address,
        user_agent=given.user_agent[:250],
        given_at=now,
    )
