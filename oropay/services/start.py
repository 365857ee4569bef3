"""Starting a payment: the one door for buyers, staff, links, autopay and schedules."""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User, Website
from commerce.money import exponent
from oropay import locks
from oropay.exceptions import (
    AlreadyBeingPaid,
    AmountNotRepresentable,
    AmountTooLarge,
    InstrumentUnusable,
    MandateRequired,
    MethodUnavailable,
    NothingPayable,
    PayableChanged,
    PaymentError,
)
from oropay.gateway.port import Capture
from oropay.leveldata import assess, combined, store
from oropay.models import (
    AchReturn,
    Action,
    Initiator,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Integration,
    Method,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentPayable,
    PaymentTransaction,
)
from oropay.orderdata import freeze
from oropay.ports import MoneyEvent, payable_handlers
from oropay.selectors.owed import limit_refusal
from oropay.selectors.starting import instruments_named, integrations_named, payables_glanced
from oropay.services.ach.freeze import freeze_of
from oropay.services.ach.retry import Again, retry_check
from oropay.services.guard import Known, charge_guard
from oropay.services.instrument import BankDetails, MandateGiven, NewCard, bank_add, card_add, mandate_add
from oropay.services.mandate import mandate_for
from oropay.services.threeds import authentication_open, authentication_wanted, challenge_reason, exemption_claimed
from oropay.services.wallet import frozen_words, instrument_refusal
from plumbing.rows import rows_add
from plumbing.services import hint


@dataclass(frozen=True)
class PartAsked:
    """How much of which payable the person agreed to pay, in major units."""

    payable_id: int
    amount: Decimal


@dataclass(frozen=True)
class NewBank:
    """A bank account the buyer just entered; it is sealed before this request ends."""

    details: BankDetails
    mandate: MandateGiven | None
    keep: bool = False


@dataclass(frozen=True)
class SavedInstrument:
    """A card or account that is saved already."""

    instrument_id: int
    mandate: MandateGiven | None = None
    """The words a person has just agreed to; None where a standing or recurring mandate of the account covers it."""


@dataclass(frozen=True)
class RepeatedDebit:
    """A bank debit that came back for want of money, sent again: the account and the mandate of the first time."""

    told_id: int
    """The `AchReturn`."""


@dataclass(frozen=True)
class Client:
    """Where the request came from."""

    ip_address: str | None = None
    user_agent: str = ""
    session_key: str = field(default="", repr=False)


@dataclass(frozen=True)
class PaymentAsked:
    """Everything a person decided on a pay page."""

    parts: Sequence[PartAsked]
    integration_id: int
    source: NewCard | NewBank | SavedInstrument | RepeatedDebit
    attempt_key: uuid.UUID
    initiator: Initiator = Initiator.BUYER
    client: Client = field(default_factory=Client)
    step_up: bool = False
    """Filled in by the guard: the card holder's bank should ask who pays."""
    subjects: Mapping[str, str] = field(default_factory=dict)
    """Filled in by the guard: who tries, as keyed hashes."""


ONE_LIVE_PAYMENT = "one_live_payment_per_payable"
"""The index that lets one attempt keep a payable to itself, whoever else looked before it was written."""


def reference_new() -> str:
    """A name for one transaction at the gateway: 8 to 50 characters, unique (GP-API `reference`)."""
    return f"oro-{uuid.uuid4().hex}"


def payment_start(*, asked: PaymentAsked, by: User, website: Website, now: datetime) -> Payment:
    """Queue one payment for one or more payables; the worker sends it, the page watches it.

    Under the lock the payables are looked at a last time, so what is charged is what was shown. The same `attempt_key`
    again returns the payment already made: a second click joins, it never pays twice.

    Raises:
        AlreadyBeingPaid: another attempt on one of the payables has no outcome yet.
        AmountTooLarge, NothingPayable, PayableChanged: the document is not what the page showed.
        TriedTooOften: this person, card, address or session must wait, or the counters cannot be asked.
        AmountNotRepresentable, MethodUnavailable, InstrumentUnusable, MandateRequired: say why at the field.
        RetryRefused: a returned debit may not be sent again.
    """
    try:
        known = _glance(asked=asked)
        asked = charge_guard(asked=asked, known=known, by=by, website=website, now=now)
        return _start(asked=asked, by=by, website=website, now=now)
    except (PaymentError, IntegrityError) as refused:
        earlier = Payment.objects.filter(attempt_key=asked.attempt_key).first()
        if earlier is not None:
            return earlier
        if isinstance(refused, IntegrityError) and ONE_LIVE_PAYMENT in str(refused):
            _glance(asked=asked)
        raise


@atomic(durable=True)
def _start(*, asked: PaymentAsked, by: User, website: Website, now: datetime) -> Payment:
    wanted = {part.payable_id: part.amount for part in asked.parts}
    payables = locks.payables(ids=wanted)
    if len(payables) != len(wanted) or not payables:
        raise PayableChanged(number=_("What you wanted to pay"), detail=_("it no longer exists."))
    _last_look(payables=payables, wanted=wanted)
    first = payables[0]
    total = sum(wanted.values(), Decimal(0))
    integration = _integration(pk=asked.integration_id, payables=payables, total=total, source=asked.source, now=now)
    first_of_all: Payment | None = None
    if isinstance(asked.source, RepeatedDebit):
        again = _again(asked=asked, wanted=wanted, now=now)
        instrument, mandate, first_of_all = again.instrument, again.mandate, again.first
    else:
        instrument, mandate = _instrument(asked=asked, integration=integration, payables=payables, by=by, now=now)
    payment = Payment(
        organization=first.organization,
        website=website,
        customer_id=first.customer_id,
        integration=integration,
        provider_account=integration.provider_account,
        instrument=instrument,
        mandate=mandate,
        method=Method.CARD if instrument.kind == InstrumentKind.CARD else Method.BANK,
        amount=total,
        currency=first.currency,
        initiator=asked.initiator,
        retry_of=first_of_all,
        attempt_key=asked.attempt_key,
        **_goods(payables=payables, wanted=wanted, instrument=instrument),
        keep_instrument=isinstance(asked.source, NewCard | NewBank) and asked.source.keep,
        ip_address=asked.client.ip_address,
        step_up=asked.step_up,
        subjects=dict(asked.subjects),
        created_by=by,
        created_at=now,
    )
    rows_add([payment])
    rows_add([PaymentPayable(payment=payment, payable=payable, amount=wanted[payable.pk]) for payable in payables])
    then = _action(integration=integration, instrument=instrument, payables=payables)
    bank_asks = any(payable.bank_asks for payable in payables)
    action = _first(payment=payment, then=then, is_new=isinstance(asked.source, NewCard), bank_asks=bank_asks, now=now)
    transaction = PaymentTransaction(
        payment=payment,
        action=action,
        amount=total,
        currency=first.currency,
        reference=reference_new(),
        capture_mode=capture_mode_of(integration) if action == Action.AUTHORIZE else "",
        created_by=by,
        created_at=now,
        next_at=now + settings.OROPAY_RESEND_AFTER,
    )
    rows_add([transaction])
    local_day = first.organization.today(now)
    for payable in payables:
        payable_handlers.get(payable.kind).on_started(
            event=MoneyEvent(
                payment=payment,
                transaction=transaction,
                payable=payable,
                amount=wanted[payable.pk],
                occurred_on=local_day,
                now=now,
            )
        )
    hint("oropay.tasks.execute", transaction.pk, queue="gateway-interactive")
    return payment


def _glance(*, asked: PaymentAsked) -> Known:
    """Look at what is to be paid without waiting for any lock, and refuse what another attempt is paying."""
    saved = asked.source.instrument_id if isinstance(asked.source, SavedInstrument) else 0
    seen = payables_glanced(ids=[part.payable_id for part in asked.parts], instrument_id=saved)
    number, customer_id, currency, running, fingerprint = seen[0] if seen else ("", None, "USD", False, "")
    if running:
        raise AlreadyBeingPaid(number=number)
    return Known(customer_id=customer_id, currency=currency, fingerprint=fingerprint or "")


def _last_look(*, payables: Sequence[Payable], wanted: dict[int, Decimal]) -> None:
    for kind in sorted({payable.kind for payable in payables}):
        payable_handlers.get(kind).lock(payables=[payable for payable in payables if payable.kind == kind])
    for payable in payables:
        handler = payable_handlers.get(payable.kind)
        handler.last_look(payable=payable)
        amount = wanted[payable.pk]
        if amount != amount.quantize(Decimal(1).scaleb(-exponent(payable.currency))):
            raise AmountNotRepresentable(amount=amount, currency=payable.currency)
        if payable.kind != PayableKind.ACCOUNT and payable.payable_now <= 0:
            raise NothingPayable(number=payable.number)
        if amount <= 0:
            raise PayableChanged(number=payable.number, detail=_("the amount must be more than nothing."))
        if payable.kind != PayableKind.ACCOUNT and amount > payable.payable_now:
            raise AmountTooLarge(
                number=payable.number, asked=amount, limit=payable.payable_now, currency=payable.currency
            )


def _integration(*, pk: int, payables: Sequence[Payable], total: Decimal, source: object, now: datetime) -> Integration:
    first = payables[0]
    if any(
        (payable.organization_id, payable.currency) != (first.organization_id, first.currency) for payable in payables
    ):
        raise MethodUnavailable(why=_("one payment has one seller and one currency."))
    found = integrations_named(pk=pk, organization_id=first.organization_id, currency=first.currency)
    integration = next(iter(found), None)
    if integration is None or not integration.is_active or integration.provider_account is None:
        raise MethodUnavailable(why=_("it was switched off."))
    if not integration.provider_account.is_active:
        raise MethodUnavailable(why=_("its provider account is switched off."))
    health = getattr(integration.provider_account, "health", None)
    if health is not None and health.refuses(now):
        raise MethodUnavailable(why=_("the payment service does not answer. Please try again in a minute."))
    if first.currency not in integration.currencies:
        raise MethodUnavailable(why=_("it does not take this currency."))
    if first.currency != integration.provider_account.settlement_currency:
        raise MethodUnavailable(why=_("its provider settles in another currency."))
    if refusal := limit_refusal(integration=integration, amount=total, currency=first.currency):
        raise MethodUnavailable(why=refusal)
    if isinstance(source, NewBank) and not integration.echeck:
        raise MethodUnavailable(why=_("it takes no bank transfers."))
    return integration


def _again(*, asked: PaymentAsked, wanted: dict[int, Decimal], now: datetime) -> Again:
    """A returned debit as it was; the payables are locked, so nobody sends it again at the same time."""
    if not isinstance(asked.source, RepeatedDebit):
        raise TypeError(f"{asked.source!r} repeats no debit")
    told = AchReturn.objects.select_related("transaction__parent__payment", "transaction__payment").get(
        pk=asked.source.told_id
    )
    return retry_check(told=told, wanted=wanted, integration_id=asked.integration_id, now=now)


def _instrument(*, asked: PaymentAsked, integration: Integration, payables: Sequence[Payable], by: User, now: datetime):  # type: ignore[no-untyped-def]
    """The instrument to pay with and, for a bank account, the mandate that covers this debit."""
    source = asked.source
    customer_id = payables[0].customer_id
    mandate_given: MandateGiven | None = None
    if isinstance(source, NewCard):
        return card_add(customer_id=customer_id, owner=by, integration=integration, card=source), None
    if isinstance(source, NewBank):
        if source.mandate is None:
            raise MandateRequired
        instrument = bank_add(customer_id=customer_id, owner=by, integration=integration, details=source.details)
        mandate_given = source.mandate
    elif isinstance(source, SavedInstrument):
        account_id = integration.provider_account_id or 0
        saved = instruments_named(pk=source.instrument_id, customer_id=customer_id, provider_account_id=account_id)
        found = next(iter(saved), None)
        if found is None or found.owner_id not in {None, by.pk} or found.state == InstrumentState.DELETED:
            raise InstrumentUnusable(why=_("This saved way to pay no longer exists."))
        freeze = None
        if found.kind == InstrumentKind.BANK:
            freeze = freeze_of(organization_id=integration.organization_id, fingerprint=found.fingerprint)
        if freeze is not None or found.state == InstrumentState.FROZEN:
            raise InstrumentUnusable(why=frozen_words(instrument=found, organization_id=integration.organization_id))
        if found.autopay_stopped_at is not None and asked.initiator in {Initiator.AUTOPAY, Initiator.SCHEDULE}:
            raise InstrumentUnusable(why=_("Autopay is off for this bank account since one of its debits came back."))
        if why := instrument_refusal(instrument=found, seller=payables[0].organization, now=now):
            raise InstrumentUnusable(why=why)
        if found.kind == InstrumentKind.CARD:
            return found, None
        if not integration.echeck:
            raise MethodUnavailable(why=_("it takes no bank transfers."))
        if source.mandate is None:
            total = sum((part.amount for part in asked.parts), Decimal(0))
            standing = mandate_for(instrument=found, amount=total, initiator=asked.initiator)
            if standing is None:
                raise MandateRequired
            return found, standing
        instrument, mandate_given = found, source.mandate
    else:
        raise TypeError(f"{source!r} is no way to pay")
    return instrument, mandate_add(instrument=instrument, given=mandate_given, by=by, now=now)


def _goods(*, payables: Sequence[Payable], wanted: dict[int, Decimal], instrument: Instrument) -> dict[str, Any]:
    """What the gateway is told about everything this payment pays, and how much of it a card payment may carry."""
    order = combined([payable_handlers.get(row.kind).describe(payable=row, amount=wanted[row.pk]) for row in payables])
    if instrument.kind != InstrumentKind.CARD:
        return {"order_data": freeze(order)}
    found = assess(order=order, amount=sum(wanted.values(), Decimal(0)))
    return {"order_data": freeze(order), "data_level": found.level, "data_gaps": store(found.gaps)}


def _first(*, payment: Payment, then: Action, is_new: bool, bank_asks: bool, now: datetime) -> Action:
    """What is asked first: who is paying, where the integration wants that (3-D Secure), or the money itself."""
    integration, instrument, initiator = payment.integration, payment.instrument, Initiator(payment.initiator)
    if integration is None or instrument is None:
        return then
    is_new = is_new or payment.step_up  # tried often: a saved card is asked about as a new one is
    if authentication_wanted(
        integration=integration, instrument=instrument, is_new=is_new, initiator=initiator, bank_asks=bank_asks
    ):
        reason = challenge_reason(integration=integration, step_up=payment.step_up, bank_asks=bank_asks)
        authentication_open(payment=payment, instrument=instrument, then=then, now=now, challenge=reason)
        return Action.AUTHENTICATE_CHECK
    exemption = exemption_claimed(integration=integration, instrument=instrument, initiator=initiator)
    if exemption:
        authentication_open(payment=payment, instrument=instrument, then=then, now=now, exemption=exemption)
    return then


def _action(*, integration: Integration, instrument: Instrument, payables: Sequence[Payable]) -> Action:
    """Hold or take: holds exist for cards at checkout only; invoices are always charged."""
    if (
        integration.payment_action == PaymentAction.MANUAL
        and instrument.kind == InstrumentKind.CARD
        and all(payable.kind == PayableKind.ORDER for payable in payables)
    ):
        return Action.AUTHORIZE
    return Action.CHARGE


def capture_mode_of(integration: Integration) -> Capture:
    """Fixed with the hold: one capture, or several where the integration wants and its account allows it."""
    return Capture.MULTIPLE if integration.several_captures and integration.provider.multi_capture else Capture.LATER
