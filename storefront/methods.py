"""What the payment methods page says of each saved card and bank account."""

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _

from commerce.models import Customer, CustomerUser, Permission, User, Website
from commerce.selectors import customers_visible_to
from oropay.models import (
    AchReturn,
    Instrument,
    InstrumentKind,
    InstrumentRequestState,
    InstrumentState,
    Mandate,
    Payable,
    PayableKind,
)
from oropay.selectors import methods_for
from oropay.services import frozen_words
from oropay.services.expiry import days_left
from oropay.services.wallet import dead_sentence
from oropay.words import return_words
from storefront.forms.pay import BANK, CARD, PayOption
from storefront.mandate import StandingTerms
from storefront.pay import instrument_name

WARNED = 60
"""Days before its end from which a card's expiry is a warning."""


@dataclass(frozen=True)
class MethodRow:
    """One line of the page."""

    instrument: Instrument
    name: str
    facts: str
    badges: list[tuple[str, str]]
    """Words and tone."""
    trouble: str
    """Why it cannot pay, or what went wrong with it."""
    again: bool
    """Whether entering it again is what helps."""
    managed: bool
    """Whether this person may rename, renew and remove it."""
    choosable: bool
    """Whether they may say that it is offered first."""
    waiting: bool
    """Added a moment ago; not usable yet."""
    mandates: list[Mandate]
    """Standing and recurring authorisations that still cover debits."""
    joined: str
    """That what was just entered had been saved before."""


def may_manage(*, user: User, customer: Customer) -> bool:
    """Whether a person may manage the company's shared payment methods."""
    return customers_visible_to(user=user, permission=Permission.MANAGE_PAYMENT_METHODS).filter(pk=customer.pk).exists()


def method_row(
    *, instrument: Instrument, user: User, managed: bool, today: date, returned: AchReturn | None = None
) -> MethodRow:
    """`managed` says whether the person manages the company's methods; the own ones they always do.

    `returned` is the newest debit of a bank account that came back lately.
    """
    shared = instrument.owner_id is None
    left = days_left(instrument=instrument, today=today)
    badges = [(_("company"), "azure")] if shared else []
    if left is not None and left < 0:
        badges.append((_("expired"), "red"))
    elif left is not None and left <= WARNED:
        badges.append((ends_in(left), "orange"))
    badges += [(words, "green") for words in _firsts(instrument, user)]
    waiting = instrument.state == InstrumentState.ONCE
    return MethodRow(
        instrument=instrument,
        name=instrument_name(instrument),
        facts=" · ".join(_facts(instrument)),
        badges=badges,
        trouble=_trouble(instrument, returned),
        again=instrument.state == InstrumentState.DEAD,
        managed=(managed if shared else True) and not waiting,
        choosable=instrument.state == InstrumentState.ACTIVE,
        waiting=waiting,
        mandates=list(instrument.mandates.all()),  # `wallet_of` brings those that still cover debits
        joined=_("You entered it again just now. It was saved already, so there is one.")
        if getattr(instrument, "entered_again", False)
        else "",
    )


def ends_in(days: int) -> str:
    """How long a card still pays, in the largest unit that is true: "expires in 3 weeks"."""
    if days < 1:
        return _("expires today")
    if days < 14:
        return ngettext("expires in {n} day", "expires in {n} days", days).format(n=days)
    weeks = days // 7
    return ngettext("expires in {n} week", "expires in {n} weeks", weeks).format(n=weeks)


def _facts(instrument: Instrument) -> list[str]:
    facts = [instrument.nickname, instrument.holder_name]
    if instrument.kind == InstrumentKind.CARD and instrument.expiry_month and instrument.expiry_year:
        facts.append(_("expires {month:02d}/{year}").format(month=instrument.expiry_month, year=instrument.expiry_year))
    return [fact for fact in facts if fact]


def _firsts(instrument: Instrument, user: User) -> list[str]:
    found = []
    for row in instrument.defaults.all():
        purpose = row.get_purpose_display().lower()
        words = _("your first choice for {purpose}") if row.user_id else _("the company's first choice for {purpose}")
        found.append(words.format(purpose=purpose))
    return sorted(found)


def _trouble(instrument: Instrument, returned: AchReturn | None) -> str:
    if instrument.state == InstrumentState.DEAD:
        return dead_sentence(instrument)
    if instrument.state == InstrumentState.FROZEN:
        return frozen_words(instrument=instrument, organization_id=instrument.customer.organization_id)
    if returned is not None:
        return _("A debit of this account came back. {why}").format(why=return_words(returned))
    newest = next(iter(instrument.requests.all()), None)
    if newest is None or newest.state in {InstrumentRequestState.DONE, InstrumentRequestState.CANCELED}:
        return ""
    asked = f"{newest.expiry_month:02d}/{newest.expiry_year}"
    if newest.state == InstrumentRequestState.FAILED:
        return _("The new expiry date {date} was refused. Please check it, or enter the card again.").format(date=asked)
    return _("The new expiry date {date} is on its way to the payment service.").format(date=asked)


def save_options(*, website: Website, customer: Customer) -> list[PayOption]:
    """The kinds of payment method that can be saved here: once per provider account, named where there are several."""
    stub = Payable(
        kind=PayableKind.ACCOUNT, organization_id=customer.organization_id, customer=customer, currency=website.currency
    )
    offers = methods_for(payable=stub, amount=Decimal(1), language=get_language() or "en-us")
    words = {
        CARD: (_("Card"), _("Checked with its bank. Nothing is charged.")),
        BANK: (
            _("Bank account (ACH)"),
            _("Checking or savings account in the United States. Nothing is debited."),
        ),
    }
    found: dict[str, dict[int | None, PayOption]] = {CARD: {}, BANK: {}}
    for offer in offers:
        for kind in [kind for kind, there in ((CARD, offer.card), (BANK, offer.bank)) if there]:
            title, detail = words[kind]
            option = PayOption(
                value=f"{kind}:{offer.integration.pk}",
                kind=kind,
                integration_id=offer.integration.pk,
                title=title,
                detail=detail,
                short_label=offer.short_label,
            )
            found[kind].setdefault(offer.integration.provider_account_id, option)
    return [*_named(list(found[CARD].values())), *_named(list(found[BANK].values()))]


def _named(options: list[PayOption]) -> list[PayOption]:
    if len(options) < 2:
        return options
    return [replace(option, title=f"{option.title} · {option.short_label}") for option in options]


def standing_terms(*, seat: CustomerUser, today: date) -> StandingTerms:
    seller = seat.customer.organization
    return StandingTerms(
        seller=seller.legal_name or seller.name,
        contact=seller.email or seller.phone or seller.name,
        company=seat.customer.name,
        day=today,
    )
