"""Saved cards and bank accounts: naming, sharing, renewing, choosing first, removing and bringing back."""

from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import Customer, Organization, User
from oropay import locks
from oropay.exceptions import InstrumentNotChanged, MethodUnavailable
from oropay.models import (
    ACCOUNT_IS_FROZEN,
    ACCOUNT_IS_WRONG,
    INSTRUMENT_REQUEST_LIVE,
    Instrument,
    InstrumentDefault,
    InstrumentKind,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
    Integration,
    Purpose,
)
from oropay.services.ach.freeze import account_state, freeze_of, frozen_sentence
from oropay.services.instrument import BankDetails, MandateGiven, bank_add, mandate_add
from oropay.services.join import company_twin_of, twin_of
from oropay.services.outbox import request_add

REMOVABLE = frozenset({InstrumentState.ACTIVE, InstrumentState.FROZEN, InstrumentState.DEAD})
LONGEST_CARD = 20
"""Years. No issuer prints a card that lives longer; a year further away is a typing mistake."""


def expired(*, month: int | None, year: int | None, today: date) -> bool:
    """Whether a card has ended: it pays until the last day of its month. Unknown expiry counts as not expired."""
    return bool(month and year and (year, month) < (today.year, today.month))


def instrument_refusal(*, instrument: Instrument, seller: Organization, now: datetime) -> str:
    """Why nothing can be paid with a saved instrument now, in words for its owner; empty if it can.

    A card ends with its month where its seller is, on every page and in every payment.
    """
    if instrument.state == InstrumentState.DEAD:
        return dead_sentence(instrument)
    if instrument.state != InstrumentState.ACTIVE:
        return _("This saved way to pay cannot be used any more.")
    if expired(month=instrument.expiry_month, year=instrument.expiry_year, today=seller.today(now)):
        return _("This card has expired.")
    return ""


def dead_sentence(instrument: Instrument) -> str:
    """Why a saved card or account must be entered again, for its owner."""
    if instrument.kind == InstrumentKind.BANK:
        return _("Your bank says that details of this account are wrong or have changed; please enter it again.")
    return _("The payment service no longer has this card: it pays nothing. Please enter it again.")


def frozen_words(*, instrument: Instrument, organization_id: int) -> str:
    """Why a frozen card or account pays nothing, in words for its owner."""
    if instrument.kind == InstrumentKind.CARD:
        return _("This card is frozen. Please use another one, or contact us.")
    return frozen_sentence(freeze_of(organization_id=organization_id, fingerprint=instrument.fingerprint))


@atomic(durable=True)
def instrument_edit(
    *,
    instrument: Instrument,
    nickname: str,
    by: User,
    now: datetime,
    share: bool = False,
    expiry: tuple[int, int] | None = None,
) -> Instrument:
    """Name a saved instrument, let the whole company use it, or tell us a renewed card's expiry. No money moves.

    A new `expiry` (month, year with four digits) counts here when the gateway has agreed to it, some seconds later.
    Sharing cannot be undone here: colleagues may have built on it. Whether `by` may do all this is the face's question.

    Raises:
        InstrumentNotChanged: it was removed meanwhile, the expiry is over or impossible, or the company has it already.
    """
    shared = company_twin_of(instrument=instrument) if share else None
    row = locks.instrument(pk=instrument.pk)
    if row.state not in REMOVABLE:
        raise InstrumentNotChanged(why=_("It was removed meanwhile."))
    if expiry is not None and expiry != (row.expiry_month, row.expiry_year):
        _expiry_ask(row=row, expiry=expiry, by=by, now=now)
    row.nickname = nickname.strip()[:60]
    if share and row.owner_id is not None:
        if shared is not None:
            raise InstrumentNotChanged(why=_("The company has it already; you may remove yours."))
        InstrumentDefault.objects.filter(instrument=row).exclude(user=row.owner_id).delete()
        row.owner = None
    row.save(update_fields=["nickname", "owner"])
    return row


def _expiry_ask(*, row: Instrument, expiry: tuple[int, int], by: User, now: datetime) -> None:
    month, year = expiry
    today = row.customer.organization.today(now)
    if row.kind != InstrumentKind.CARD:
        raise InstrumentNotChanged(why=_("A bank account does not expire."))
    if row.state == InstrumentState.DEAD:
        raise InstrumentNotChanged(why=_("This card must be entered again; a new date does not bring it back."))
    if not 1 <= month <= 12 or expired(month=month, year=year, today=today):
        raise InstrumentNotChanged(why=_("This date is over; please copy it from the new card."))
    if year > today.year + LONGEST_CARD:
        raise InstrumentNotChanged(why=_("No card is valid that long; please check the year."))
    waiting = InstrumentRequest.objects.filter(
        instrument=row, kind=InstrumentRequestKind.UPDATE, state=InstrumentRequestState.QUEUED
    )
    if not waiting.update(expiry_month=month, expiry_year=year, next_at=now, hinted_at=None):
        request_add(
            instrument=row, kind=InstrumentRequestKind.UPDATE, token=row.token, expiry=expiry, by=by, due=now, now=now
        )


@atomic(durable=True)
def bank_save(
    *,
    customer: Customer,
    owner: User | None,
    integration_id: int,
    details: BankDetails,
    mandate: MandateGiven,
    by: User,
    now: datetime,
    nickname: str = "",
) -> Instrument:
    """Save a bank account without debiting it. Its number is sealed in this request.

    A worker, which alone can tell, looks whether it is saved already or frozen; some seconds later it may be paid with,
    has joined the one that was there, or was refused (`selectors.account_added`). `owner=None` saves it for the whole
    company; whether `by` may do that is the face's question.

    Raises:
        MethodUnavailable: the integration is switched off, of another seller, or takes no bank transfers.
        InstrumentUnusable: routing or account number cannot be right.
    """
    integration = (
        Integration.objects.select_related("provider_account")
        .filter(pk=integration_id, organization_id=customer.organization_id, is_active=True, echeck=True)
        .first()
    )
    if integration is None or not integration.provider.is_active:
        raise MethodUnavailable(why=_("it takes no bank transfers."))
    account = bank_add(
        customer_id=customer.pk, owner=owner, integration=integration, details=details, nickname=nickname
    )
    mandate_add(instrument=account, given=mandate, by=by, now=now)
    request_add(instrument=account, kind=InstrumentRequestKind.IDENTIFY, by=by, due=now, now=now)
    return account


@atomic(durable=True)
def instrument_prefer(*, instrument: Instrument, purpose: Purpose, on: bool, user: User | None, now: datetime) -> None:
    """Offer an instrument first (or no longer) for orders or invoices in its account's currency.

    `user` None: for everybody in the company who has made no choice.

    Raises:
        InstrumentNotChanged: it cannot pay any more, or it is somebody's own and would be the company's first choice.
    """
    row = locks.instrument(pk=instrument.pk)
    place: dict[str, Any] = {
        "customer_id": row.customer_id,
        "user": user,
        "purpose": purpose,
        "currency": row.provider_account.settlement_currency,
    }
    if not on:
        InstrumentDefault.objects.filter(**place, instrument=row).delete()
        return
    if row.state != InstrumentState.ACTIVE or expired(
        month=row.expiry_month, year=row.expiry_year, today=row.customer.organization.today(now)
    ):
        raise InstrumentNotChanged(why=_("It cannot be used to pay."))
    if row.owner_id is not None and (user is None or row.owner_id != user.pk):
        raise InstrumentNotChanged(why=_("It is somebody's own."))
    InstrumentDefault.objects.update_or_create(**place, defaults={"instrument": row})


@atomic(durable=True)
def instrument_delete(*, instrument: Instrument, by: User, now: datetime) -> InstrumentRequest:
    """Stop offering a saved instrument at once; the gateway (for a bank account: our vault) forgets it a little later.

    Until then (OROPAY_INSTRUMENT_UNDO) `instrument_restore` brings it back. Payments that used it keep pointing at it.

    Raises:
        InstrumentNotChanged: it is removed already.
    """
    row = locks.instrument(pk=instrument.pk)
    if row.state not in REMOVABLE:
        raise InstrumentNotChanged(why=_("It is removed already."))
    request = request_add(
        instrument=row,
        kind=InstrumentRequestKind.DELETE,
        token=row.token,
        by=by,
        due=now + settings.OROPAY_INSTRUMENT_UNDO,
        now=now,
        restores_to=InstrumentState(row.state),
    )
    row.state = InstrumentState.DELETED
    row.save(update_fields=["state"])
    InstrumentDefault.objects.filter(instrument=row).delete()
    InstrumentRequest.objects.filter(
        instrument=row, kind=InstrumentRequestKind.UPDATE, state=InstrumentRequestState.QUEUED
    ).update(state=InstrumentRequestState.CANCELED, ended_at=now)
    return request


@atomic(durable=True)
def instrument_restore(*, instrument: Instrument, now: datetime) -> Instrument:
    """Bring back what was removed by mistake, as long as nothing was sent.

    A freeze that began or ended meanwhile, or a notice of its bank's, counts as if it had been there all the time.

    Raises:
        InstrumentNotChanged: the gateway was asked to forget it already, or it was entered again meanwhile.
    """
    again = twin_of(instrument=instrument, fingerprint=instrument.fingerprint)
    locks.freeze_standing(organization_id=instrument.customer.organization_id, fingerprint=instrument.fingerprint)
    row = locks.instrument(pk=instrument.pk)
    request = locks.undoable_deletion(instrument_id=row.pk)
    if request is None or row.state != InstrumentState.DELETED:
        raise InstrumentNotChanged(why=_("It is too late to bring it back; please enter it again."))
    if again is not None:
        raise InstrumentNotChanged(why=_("It was saved again meanwhile."))
    request.state, request.ended_at = InstrumentRequestState.CANCELED, now
    request.save(update_fields=["state", "ended_at"])
    lost = row.kind == InstrumentKind.CARD and request.restores_to == InstrumentState.DEAD
    row.state = InstrumentState.DEAD if lost else account_state(instrument=row)
    row.save(update_fields=["state"])
    return row


@atomic(durable=True)
def request_again(*, request: InstrumentRequest, by: User, now: datetime) -> InstrumentRequest:
    """Ask once more for what the gateway refused or never answered.

    Raises:
        InstrumentNotChanged: it did not fail, or it is asked for already.
    """
    if request.state != InstrumentRequestState.FAILED:
        raise InstrumentNotChanged(why=_("It did not fail."))
    if request.error == ACCOUNT_IS_FROZEN:
        raise InstrumentNotChanged(why=_("The account is frozen; once that is lifted it must be entered again."))
    if request.error == ACCOUNT_IS_WRONG:
        raise InstrumentNotChanged(why=_("Its bank calls the account wrong; it must be entered as the bank has it."))
    instrument = locks.instrument(pk=request.instrument_id)
    if request.kind == InstrumentRequestKind.IDENTIFY and instrument.sealed is None:
        raise InstrumentNotChanged(why=_("The number of the account is forgotten; it must be entered again."))
    if InstrumentRequest.objects.filter(
        Q(state__in=INSTRUMENT_REQUEST_LIVE), instrument=request.instrument_id, kind=request.kind, token=request.token
    ).exists():
        raise InstrumentNotChanged(why=_("It is being done already."))
    expiry = (request.expiry_month, request.expiry_year) if request.expiry_month and request.expiry_year else None
    return request_add(
        instrument=request.instrument,
        kind=InstrumentRequestKind(request.kind),
        token=request.token,
        expiry=expiry,
        by=by,
        due=now,
        now=now,
    )
