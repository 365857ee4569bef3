"""Telling people that a saved card ends soon, before a payment fails because of it."""

import calendar
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import Q
from django.db.transaction import atomic
from django.utils.translation import override

from commerce.models import Organization, User, Website
from commerce.settings_registry import define, setting_get
from oropay.models import ExpiryReminder, Instrument, InstrumentKind, InstrumentState
from oropay.selectors.instruments import instrument_people
from oropay.services.refund_mail import instrument_words
from plumbing.apart import sum_apart
from plumbing.services import mail_queue

REMIND_AT = define(
    key="oropay.expiry_reminders",
    default="60, 30, 7",
    label="Remind of cards that expire",
    help="Days before a saved card's last day, with commas; each is told once. Empty: nobody is reminded.",
    type=str,
)
FURTHEST = 365
"""Days. Nobody is reminded earlier, whatever the setting says."""


def last_day(*, month: int, year: int) -> date:
    """A card pays until the last day of its month."""
    return date(year, month, calendar.monthrange(year, month)[1])


def days_left(*, instrument: Instrument, today: date) -> int | None:
    """Days until a card's last day, negative once it is over; None where no expiry is known."""
    if instrument.kind != InstrumentKind.CARD or not instrument.expiry_month or not instrument.expiry_year:
        return None
    return (last_day(month=instrument.expiry_month, year=instrument.expiry_year) - today).days


def steps_of(text: str) -> list[int]:
    """The days of the setting, smallest first; what is no number in it is left out."""
    found = {int(part) for part in (part.strip() for part in text.split(",")) if part.isdecimal() and len(part) < 4}
    return sorted(days for days in found if 0 < days <= FURTHEST)


def expiry_remind(*, now: datetime) -> int:
    """Mail everybody whose saved cards have come to the next step before their end; returns how many cards.

    Each card, expiry date and step once, however often this runs. After a pause only the nearest step is told.

    Raises:
        SomeNotDone: a seller's buyers could not be told; those of all others were.
    """
    return sum_apart(Organization.objects.order_by("pk"), lambda organization: _remind(organization, now=now))


@dataclass(frozen=True)
class _Ending:
    """A card that has come to a step before its end."""

    card: Instrument
    month: int
    year: int
    left: int
    """Days."""
    step: int


def _remind(organization: Organization, *, now: datetime) -> int:
    steps = steps_of(setting_get(REMIND_AT, organization_id=organization.pk))
    if not steps:
        return 0
    today = organization.today(now)
    due: dict[int, list[_Ending]] = defaultdict(list)
    for card in _ending(organization=organization, within=steps[-1], today=today):
        left = days_left(instrument=card, today=today)
        step = next((days for days in steps if left is not None and left <= days), None)
        if left is not None and step is not None and card.expiry_month and card.expiry_year:
            due[card.customer_id].append(_Ending(card, card.expiry_month, card.expiry_year, left, step))
    website = Website.objects.filter(organization=organization).order_by("-is_default", "pk").first()
    if website is None:
        return 0
    return sum(_tell(cards=cards, website=website, now=now) for cards in due.values())


def _ending(*, organization: Organization, within: int, today: date) -> list[Instrument]:
    """Cards whose month is not over and near enough, those that could pay."""
    rows = Instrument.objects.filter(
        customer__organization=organization,
        customer__is_active=True,
        kind=InstrumentKind.CARD,
        state=InstrumentState.ACTIVE,
        expiry_year__lte=today.year + within // 365 + 1,
    ).filter(Q(expiry_year__gt=today.year) | Q(expiry_year=today.year, expiry_month__gte=today.month))
    return list(rows.select_related("customer", "owner").order_by("customer", "expiry_year", "expiry_month", "pk"))


@atomic(durable=True)
def _tell(*, cards: Sequence[_Ending], website: Website, now: datetime) -> int:
    """One mail a person about all of a company's cards that are due for one; a reminder row for each card."""
    mine: dict[User, list[_Ending]] = defaultdict(list)
    managers: dict[int, list[User]] = {}
    told = 0
    for one in cards:
        people = _people(card=one.card, managers=managers)
        _row, new = ExpiryReminder.objects.get_or_create(
            instrument=one.card,
            expiry_month=one.month,
            expiry_year=one.year,
            days=one.step,
            defaults={"told": len(people), "at": now},
        )
        if not new:
            continue
        told += 1
        for person in people:
            mine[person].append(one)
    for person, due in mine.items():
        _mail(person=person, due=due, website=website, now=now)
    return told


def _people(*, card: Instrument, managers: dict[int, list[User]]) -> list[User]:
    """Who minds a card; a company's people are looked up once for all its cards."""
    if card.owner is not None:
        return instrument_people(instrument=card)
    if card.customer_id not in managers:
        managers[card.customer_id] = instrument_people(instrument=card)
    return managers[card.customer_id]


def _mail(*, person: User, due: Sequence[_Ending], website: Website, now: datetime) -> None:
    with override(website.language):
        cards = [
            {
                "name": instrument_words(one.card),
                "nickname": one.card.nickname,
                "month": f"{one.month:02d}",
                "year": one.year,
                "days": one.left,
                "shared": one.card.owner_id is None,
            }
            for one in due
        ]
    mail_queue(
        to=person.email,
        template="oropay/mail/expiry.txt",
        context={
            "person": person,
            "cards": cards,
            "company": due[0].card.customer,
            "seller": website.organization,
            "link": website.url("storefront:payment_methods"),
        },
        language=website.language,
        now=now,
    )
