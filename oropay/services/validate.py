"""Asking a card's bank whether it answers for the card, without moving money: before it is saved, or later."""

import uuid
from datetime import datetime

from django.conf import settings
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import Customer, User, Website
from oropay import locks
from oropay.exceptions import InstrumentUnusable, MethodUnavailable
from oropay.models import (
    RUNNING,
    Action,
    Initiator,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Integration,
    IntegrationType,
    Method,
    Payment,
    PaymentTransaction,
)
from oropay.services.guard import validation_guard
from oropay.services.instrument import NewCard, card_add
from oropay.services.start import Client, reference_new
from plumbing.services import hint


def card_validate_start(
    *,
    customer: Customer,
    owner: User | None,
    integration_id: int,
    card: NewCard,
    attempt_key: uuid.UUID,
    by: User,
    website: Website,
    now: datetime,
    nickname: str = "",
    client: Client | None = None,
) -> Payment:
    """Queue the check that saves a new card; the worker sends it, the Paying page (or any other) watches the payment.

    The payment has the amount 0 and no parts. Once its `money_state` is VALIDATED its `instrument` is ACTIVE and
    offered for the next payment; DECLINED or FAILED leave it unsaved, and the card must be entered anew: its single-use
    token is spent. `owner=None` saves it for the whole company, a user for that person alone; whether `by` may do that
    is the face's question (`commerce.selectors.customers_visible_to`, permission MANAGE_PAYMENT_METHODS). The same
    `attempt_key` again returns the payment already made.

    Raises:
        TriedTooOften: this person or session checked too many cards lately, or the counters cannot be asked.
        MethodUnavailable: the integration is switched off, of another seller, or takes no cards.
    Source: GP-API POST /verifications; card schemes want a zero-amount check when a card is stored without a payment.
    """
    client = client or Client()
    subjects = validation_guard(
        organization=customer.organization,
        by=by,
        company=str(customer.pk),
        client=client,
        card=card,
        key=str(attempt_key),
        now=now,
    )
    return _card_validate(
        customer=customer,
        owner=owner,
        integration_id=integration_id,
        card=card,
        attempt_key=attempt_key,
        by=by,
        website=website,
        now=now,
        nickname=nickname,
        client=client,
        subjects=subjects,
    )


@atomic(durable=True)
def _card_validate(
    *,
    customer: Customer,
    owner: User | None,
    integration_id: int,
    card: NewCard,
    attempt_key: uuid.UUID,
    by: User,
    website: Website,
    now: datetime,
    nickname: str,
    client: Client,
    subjects: dict[str, str],
) -> Payment:
    locks.customer_account(pk=customer.pk)
    earlier = Payment.objects.filter(attempt_key=attempt_key).first()
    if earlier is not None:
        return earlier
    integration = _integration(pk=integration_id, customer=customer)
    instrument = card_add(customer_id=customer.pk, owner=owner, integration=integration, card=card, nickname=nickname)
    return _queue(
        customer=customer,
        instrument=instrument,
        integration=integration,
        website=website,
        attempt_key=attempt_key,
        client=client,
        subjects=subjects,
        by=by,
        now=now,
    )


def instrument_validate_start(*, instrument: Instrument, by: User, now: datetime) -> Payment:
    """Queue asking whether the bank still answers for a saved card; a check already running is the one returned.

    It counts like the check of a new card: who has a card's bank asked again and again is up to something.

    Raises:
        InstrumentUnusable: it is no card, or not saved.
        TriedTooOften: this person, company or card was checked too often lately, or the counters cannot be asked.
    """
    running = _running(instrument)
    if running is not None:
        return running
    key = uuid.uuid4()
    subjects = validation_guard(
        organization=instrument.customer.organization,
        by=by,
        company=str(instrument.customer_id),
        client=Client(),
        card=instrument,
        key=str(key),
        now=now,
    )
    return _instrument_validate(instrument=instrument, attempt_key=key, subjects=subjects, by=by, now=now)


def _running(instrument: Instrument) -> Payment | None:
    return Payment.objects.filter(
        instrument=instrument, transactions__action=Action.VALIDATE, transactions__state__in=sorted(RUNNING)
    ).first()


@atomic(durable=True)
def _instrument_validate(
    *, instrument: Instrument, attempt_key: uuid.UUID, subjects: dict[str, str], by: User, now: datetime
) -> Payment:
    locks.customer_account(pk=instrument.customer_id)
    instrument = Instrument.objects.select_related("customer", "provider_account").get(pk=instrument.pk)
    if instrument.kind != InstrumentKind.CARD or instrument.state not in {
        InstrumentState.ACTIVE,
        InstrumentState.FROZEN,
    }:
        raise InstrumentUnusable(why=_("Only a saved card can be checked."))
    running = _running(instrument)
    if running is not None:
        return running
    return _queue(
        customer=instrument.customer,
        instrument=instrument,
        integration=None,
        website=None,
        attempt_key=attempt_key,
        client=Client(),
        subjects=subjects,
        by=by,
        now=now,
    )


def _integration(*, pk: int, customer: Customer) -> Integration:
    integration = (
        Integration.objects.select_related("provider_account")
        .filter(pk=pk, organization_id=customer.organization_id, type=IntegrationType.OROPAY)
        .first()
    )
    if integration is None or not integration.is_active or not integration.provider.is_active:
        raise MethodUnavailable(why=_("it was switched off."))
    return integration


def _queue(
    *,
    customer: Customer,
    instrument: Instrument,
    integration: Integration | None,
    website: Website | None,
    attempt_key: uuid.UUID,
    client: Client,
    subjects: dict[str, str],
    by: User,
    now: datetime,
) -> Payment:
    account = instrument.provider_account
    payment = Payment.objects.create(
        organization_id=customer.organization_id,
        website=website,
        customer=customer,
        integration=integration,
        provider_account=account,
        instrument=instrument,
        method=Method.CARD,
        amount=0,
        currency=account.settlement_currency,
        initiator=Initiator.STAFF if by.is_staff else Initiator.BUYER,
        attempt_key=attempt_key,
        keep_instrument=True,
        ip_address=client.ip_address,
        subjects=subjects,
        created_by=by,
        created_at=now,
    )
    check = PaymentTransaction.objects.create(
        payment=payment,
        action=Action.VALIDATE,
        amount=0,
        currency=payment.currency,
        reference=reference_new(),
        created_by=by,
        created_at=now,
        next_at=now + settings.OROPAY_RESEND_AFTER,
    )
    hint("oropay.tasks.execute", check.pk, queue="gateway-interactive")
    return payment
