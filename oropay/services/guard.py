"""The door to every try to pay: who asks is counted, told to wait, or locked out. See `oropay.velocity`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import F
from django.db.transaction import atomic
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override

from commerce.models import Customer, Organization, User, Website
from oropay import velocity
from oropay.declines import Suspicion, refusal_of
from oropay.exceptions import LiftRefused, LockedOut, NoteRequired
from oropay.gateway.port import Answer
from oropay.limits import Act
from oropay.models import Initiator, Instrument, Integration, Lockout, Method, Payment, PaymentTransaction, Subject
from oropay.services.instrument import BankDetails, NewCard
from oropay.velocity import NO_BIN, Exceeded, Stance, Subjects, subjects_of
from plumbing.services import mail_queue

if TYPE_CHECKING:
    from oropay.services.start import Client, PaymentAsked

GUARDED = frozenset({Initiator.BUYER, Initiator.LINK, Initiator.STAFF})
"""People. What we start ourselves follows plans of our own."""

WEIGHTS = {Suspicion.NONE: 0, Suspicion.SOME: 1, Suspicion.STRONG: 3}
"""Points of a decline."""


@dataclass(frozen=True)
class Known:
    """What was read of a try to pay before it is counted."""

    customer_id: int | None
    """The company whose documents are paid."""
    currency: str
    """Of what is paid."""
    fingerprint: str
    """Of the saved way to pay; empty where there is none."""


def charge_guard(*, asked: "PaymentAsked", known: Known, by: User, website: Website, now: datetime) -> "PaymentAsked":
    """Count a try to pay; what comes back says whether more proof is wanted, and who tried.

    Raises:
        LockedOut, SlowDown, CountersUnavailable: nothing may be started.
    """
    if asked.initiator not in GUARDED:
        return asked
    values = {
        **_person(by),
        Subject.COMPANY: str(known.customer_id or ""),
        Subject.SESSION: asked.client.session_key,
        Subject.ADDRESS: asked.client.ip_address or "",
        **_instrument(asked, fingerprint=known.fingerprint),
    }
    subjects = subjects_of(values)
    besides = [Act.CARDS, *_without_bin(asked.source)]
    if velocity.is_small(amount=sum((part.amount for part in asked.parts), Decimal(0)), currency=known.currency):
        besides.append(Act.SMALL)
    stance, exceeded = velocity.ask(
        act=Act.CHARGE,
        organization_id=website.organization_id,
        subjects=subjects,
        now=now,
        besides=besides,
        key=str(asked.attempt_key),
    )
    if exceeded:
        refuse_exceeded(organization=website.organization, exceeded=exceeded, values=values, now=now)
    return replace(
        asked,
        step_up=stance == Stance.STEP_UP,
        subjects={subject.value: value for subject, value in subjects.items()},
    )


def validation_guard(
    *,
    organization: Organization,
    by: User,
    company: str,
    client: "Client",
    card: NewCard | Instrument,
    key: str,
    now: datetime,
) -> dict[str, str]:
    """Count asking a bank about a card without paying, a new or a saved one; returns who asked, as keyed hashes.

    A new one is also one more of the different cards tried; a saved one its bank has answered for before.
    Raises as `charge_guard`.
    """
    values = {
        **_person(by),
        Subject.COMPANY: company,
        Subject.SESSION: client.session_key,
        Subject.ADDRESS: client.ip_address or "",
        **_card_named(card),
    }
    subjects = subjects_of(values)
    _stance, exceeded = velocity.ask(
        act=Act.VERIFICATION,
        organization_id=organization.pk,
        subjects=subjects,
        now=now,
        besides=[Act.CARDS, *_without_bin(card)] if isinstance(card, NewCard) else (),
        key=key,
    )
    refuse_exceeded(organization=organization, exceeded=exceeded, values=values, now=now)
    return {subject.value: value for subject, value in subjects.items()}


def account_guard(
    *,
    organization: Organization,
    by: User,
    company: str,
    client: "Client",
    account: BankDetails,
    paying: bool,
    now: datetime,
) -> None:
    """Count asking whether a bank account may be debited, before it is asked: a service outside may answer.

    Counted like the check of a card. `paying` says that the debit follows at once: who must wait waits for that.
    Raises as `charge_guard`.
    """
    values = {
        **_person(by),
        Subject.COMPANY: company,
        Subject.SESSION: client.session_key,
        Subject.ADDRESS: client.ip_address or "",
        **_account_named(account),
    }
    _stance, exceeded = velocity.ask(
        act=Act.VERIFICATION,
        organization_id=organization.pk,
        subjects=subjects_of(values),
        now=now,
        pauses=not paying,
    )
    refuse_exceeded(organization=organization, exceeded=exceeded, values=values, now=now)


def card_form_guard(
    *, organization: Organization, by: User | None, company: str, session_key: str, ip_address: str, now: datetime
) -> None:
    """Count opening a card form: whoever may not pay gets no token for one. Raises as `charge_guard`.

    `company` is the key of the customer that the person acts for; empty where there is none.
    """
    values = {
        **_person(by),
        Subject.COMPANY: company,
        Subject.SESSION: session_key,
        Subject.ADDRESS: ip_address,
    }
    _stance, exceeded = velocity.ask(
        act=Act.CARD_FORM, organization_id=organization.pk, subjects=subjects_of(values), now=now
    )
    refuse_exceeded(organization=organization, exceeded=exceeded, values=values, now=now)


def answer_count(*, row: PaymentTransaction, answer: Answer, now: datetime) -> None:
    """Count what an answer to a payment or check says of the try: which card it was, and that it was refused.

    Each once, against whoever tried, under what the browser said of the card and under what the gateway knows it by: so
    many cards that a browser gives one name are many, and a card's declines follow it when it is saved, or said to be
    another one. A refusal by our own card-check policy counts like a bank's. Who tried too many is locked out.
    """
    payment = row.payment
    if not payment.subjects or now - row.created_at > velocity.REMEMBERED:
        return
    said = {Subject(name): value for name, value in payment.subjects.items()}
    really = _learned(payment=payment, answer=answer, said=said)
    exceeded: list[Exceeded] = []
    if really:
        exceeded += velocity.learned(
            organization_id=payment.organization_id,
            subjects=said,
            act=Act.VERIFICATION if payment.is_check else Act.CHARGE,
            really=really,
            key=f"{row.pk}",
        )
    refusal = refusal_of(row)
    if refusal is not None:
        tried = {f"{row.pk}": said, **{f"{row.pk}:{one.value}": {one: really[one]} for one in really}}
        for key, subjects in tried.items():
            exceeded += velocity.declined(
                organization_id=payment.organization_id,
                subjects=subjects,
                key=key,
                weight=WEIGHTS[refusal.suspicion],
            )
    if exceeded:
        values = {
            Subject.USER: str(payment.created_by_id or ""),
            Subject.COMPANY: str(payment.customer_id),
            Subject.ADDRESS: payment.ip_address or "",
            Subject.INSTRUMENT: str(payment.instrument or ""),
            Subject.BIN: answer.bin,
        }
        lockouts_add(organization=payment.organization, exceeded=exceeded, values=values, payment=payment, now=now)


def _learned(*, payment: Payment, answer: Answer, said: Subjects) -> dict[Subject, str]:
    """The card, and its first digits, as the gateway names them, where other ones were counted at the door.

    A gateway that gives no fingerprint tells brand, last digits and expiry at least: more than a browser's word. First
    digits are those of a card that was typed: of a saved one none were counted.
    """
    if payment.method != Method.CARD:
        return {}
    card = answer.fingerprint or (payment.instrument.fingerprint if payment.instrument else "")
    if not card and answer.last4:
        card = ":".join((answer.brand, answer.last4, str(answer.expiry_month), str(answer.expiry_year)))
    told = subjects_of({Subject.INSTRUMENT: card, Subject.BIN: answer.bin})
    return {subject: value for subject, value in told.items() if said.get(subject, value) != value}


def refuse_exceeded(
    *, organization: Organization, exceeded: Sequence[Exceeded], values: Mapping[Subject, str], now: datetime
) -> None:
    """Lock out who reached a limit, commit that, and say so."""
    if exceeded:
        found = lockouts_add(organization=organization, exceeded=exceeded, values=values, payment=None, now=now)
        raise LockedOut(until=max(one.until for one in found))


@atomic
def lockouts_add(
    *,
    organization: Organization,
    exceeded: Sequence[Exceeded],
    values: Mapping[Subject, str],
    payment: Payment | None,
    now: datetime,
) -> list[Lockout]:
    """Write down who may not try for a while, and tell the integration's owner once about each.

    One that is in force lasts longer. One that has ended by itself stays as it was: who comes back is a new case.
    """
    found = []
    for one in exceeded:
        this: dict[str, Any] = {
            "organization": organization,
            "subject": one.subject,
            "value_hash": one.value_hash,
            "lifted_at": None,
        }
        ended = Lockout.objects.filter(**this, until__lte=now)
        ended.update(lifted_at=F("until"), note=_("It ended by itself."))
        row, new = Lockout.objects.update_or_create(
            **this,
            defaults={"until": now + settings.OROPAY_VELOCITY_LOCK_FOR},
            create_defaults={
                "until": now + settings.OROPAY_VELOCITY_LOCK_FOR,
                "raised_at": now,
                "reason": _("{act}: more than {most} in {minutes} minutes").format(
                    act=ACTS[one.limit.act], most=one.limit.lock_after, minutes=max(1, one.limit.window // 60)
                ),
                "hint": _hint(one.subject, values.get(one.subject, "")),
                "payment": payment,
            },
        )
        found.append(row)
        if new:
            _tell(row, payment=payment, now=now)
    return found


@atomic
def lockout_lift(*, lockout: Lockout, note: str, by: User, now: datetime) -> Lockout:
    """Let somebody try again before the time.

    Raises:
        NoteRequired: `note` is blank.
        LiftRefused: it has ended already.
    """
    if not note.strip():
        raise NoteRequired
    open_now = Lockout.objects.filter(pk=lockout.pk, lifted_at=None, until__gt=now)
    if not open_now.update(lifted_at=now, lifted_by=by, note=note.strip()):
        raise LiftRefused
    lockout.refresh_from_db()
    velocity.forget(organization_id=lockout.organization_id, subject=Subject(lockout.subject), value=lockout.value_hash)
    return lockout


ACTS = {
    Act.CHARGE: gettext_lazy("Payments"),
    Act.VERIFICATION: gettext_lazy("Checks of cards and accounts"),
    Act.CARD_FORM: gettext_lazy("Card forms"),
    Act.DECLINE: gettext_lazy("Declines (points)"),
    Act.CARDS: gettext_lazy("Different cards"),
    Act.SMALL: gettext_lazy("Small payments"),
    Act.NO_BIN: gettext_lazy("Cards without first digits"),
}


def _person(by: User | None) -> dict[Subject, str]:
    return {} if by is None or by.pk is None else {Subject.USER: f"{by.pk}"}


def _instrument(asked: "PaymentAsked", *, fingerprint: str) -> dict[Subject, str]:
    """What is known of a card or account before it is charged: of a saved one its print, of a new card what the browser
    says, of a new account what was typed.
    """
    source = asked.source
    instrument_id = getattr(source, "instrument_id", None)
    if instrument_id is not None:
        return {Subject.INSTRUMENT: fingerprint or f"saved:{instrument_id}"}
    if isinstance(source, NewCard):
        return _card_named(source)
    details = getattr(source, "details", None)
    return _account_named(details) if isinstance(details, BankDetails) else {}


def _card_named(card: NewCard | Instrument) -> dict[Subject, str]:
    """A saved card has its print, and no number whose first digits we knew; a new one what the browser says."""
    if isinstance(card, Instrument):
        return {Subject.INSTRUMENT: card.fingerprint or f"saved:{card.pk}"}
    return {Subject.INSTRUMENT: _identity(card), Subject.BIN: card.bin[:6] or NO_BIN}


def _without_bin(source: object) -> list[Act]:
    """Whether a browser left out the first digits of a card that was just typed: ours never does."""
    return [Act.NO_BIN] if isinstance(source, NewCard) and not source.bin else []


def _account_named(account: BankDetails) -> dict[Subject, str]:
    """An account just typed, by its bank and last digits: its number is not for counters."""
    last4 = account.account_number.strip()[-4:]
    name = ("bank", account.routing_number.strip(), last4, account.account_type, account.holder_type)
    return {Subject.INSTRUMENT: ":".join(name)}


def _identity(card: NewCard) -> str:
    parts = (card.bin, card.brand, card.last4, card.expiry_month, card.expiry_year)
    return ":".join(str(part or "") for part in parts)


def _hint(subject: Subject, value: str) -> str:
    """What staff may read of a value without being able to use it."""
    if subject == Subject.ADDRESS:
        return value.rsplit("." if "." in value else ":", 1)[0] + ".…"
    if subject == Subject.USER and value.isdigit():
        return str(User.objects.filter(pk=int(value)).first() or "")
    if subject == Subject.COMPANY and value.isdigit():
        return str(Customer.objects.filter(pk=int(value)).first() or "")
    if subject == Subject.SESSION:
        return ""
    if subject == Subject.BIN:
        return _("Not told") if value == NO_BIN else value
    if subject == Subject.INSTRUMENT:
        return f"···· {value.split(':')[2]}" if value.count(":") >= 4 else value[-12:]
    return value[:120]


def _tell(lockout: Lockout, *, payment: Payment | None, now: datetime) -> None:
    """Mail the owner of the integration that was used, or the seller."""
    integration = payment.integration if payment is not None else None
    if integration is None:
        integration = (
            Integration.objects.filter(organization=lockout.organization, is_active=True, owner__isnull=False)
            .select_related("owner")
            .first()
        )
    owner = integration.owner if integration is not None else None
    to = owner.email if owner is not None else lockout.organization.email
    if not to:
        return
    with override("en-us"):
        until = date_format(timezone.localtime(lockout.until), "j M Y, H:i T")
    mail_queue(
        to=to,
        template="oropay/mail/lockout.txt",
        context={"lockout": lockout, "until": until, "payment": payment},
        language="en-us",
        now=now,
    )
