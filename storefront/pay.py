"""What every pay page shares: which ways to pay are offered, and turning the posted form into a payment.

A pay page does four things, in this order:

1. `options = pay_options(...)` and `form = PayForm(data, options=options, debit=debit_terms(...), guard=...)`
2. renders `storefront/pay/_method.html` inside its own `<form>` (and `storefront/pay/_scripts.html` in the head)
3. `pay_start(request, form=form, parts=[PartAsked(...)])`, which returns the payment or raises `PaymentError`
4. redirects to `storefront:paying` of that payment

Give such a view `pay_view`: policy with the gateway's origin, no-store, sensitive parameters.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import wraps
from typing import Any, TypeVar
from uuid import UUID

from allauth.account.adapter import get_adapter
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters

from checkout.selectors import TermsOffer
from commerce.models import Customer, Organization, Website
from oropay.exceptions import AlreadyBeingPaid
from oropay.models import (
    Initiator,
    Instrument,
    InstrumentKind,
    InstrumentState,
    Integration,
    Payable,
    PayableKind,
    Payment,
    PaymentAction,
    PaymentPayable,
    Purpose,
)
from oropay.selectors import MethodOffer, instruments_for, methods_for, payments_visible_to
from oropay.services import (
    BankDetails,
    Client,
    PartAsked,
    PaymentAsked,
    account_guard,
    frozen_words,
    instrument_refusal,
    payment_start,
)
from storefront.csp import Policy, csp
from storefront.forms.pay import BANK, CARD, SAVED, TERMS, PayForm, PayOption
from storefront.mandate import DebitTerms
from storefront.templatetags.shop import locale_now

View = TypeVar("View", bound=Callable[..., Any])

SENSITIVE = ("bank_account", "bank_account_again", "bank_routing", "card_token")


def pay_view(view: View) -> View:
    """Mark a view that shows or takes a pay form."""

    @csp(Policy.CARD)
    @never_cache
    @sensitive_post_parameters(*SENSITIVE)
    @login_required
    @wraps(view)
    def marked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return view(request, *args, **kwargs)

    return marked  # type: ignore[return-value]


def order_stub(*, website: Website, customer: Customer) -> Payable:
    """An unsaved payable, to ask which ways to pay an order would have before it is written."""
    return Payable(
        kind=PayableKind.ORDER,
        organization=website.organization,
        customer=customer,
        currency=website.currency,
    )


def pay_options(
    *,
    user: Any,
    payable: Payable,
    amount: Decimal,
    in_parts: bool = False,
    terms: Sequence[TermsOffer] = (),
    integrations: Sequence[Integration] | None = None,
) -> list[PayOption]:
    """Every way to pay this: saved cards and banks first, then a new card, a new bank account, payment terms.

    Each says whether it charges now or holds; two that would do the same with the same card are one. `in_parts`: the
    page lets the buyer choose to pay less; a way is off only where it takes no part at all, and says what it takes.
    """
    language = get_language() or "en-us"
    found = methods_for(payable=payable, amount=amount, language=language, in_parts=in_parts, integrations=integrations)
    offers = _offers_fitting(found, payable=payable)
    purpose = Purpose.ORDERS if payable.kind == PayableKind.ORDER else Purpose.INVOICES
    kept: dict[int | None, list[Instrument]] = {}
    saved: list[PayOption] = []
    new: list[PayOption] = []
    for offer in offers:
        account_id = offer.integration.provider_account_id
        if account_id not in kept:
            mine = instruments_for(
                user=user, customer_id=payable.customer_id, integration=offer.integration, purpose=purpose
            )
            kept[account_id] = list(mine)
        saved.extend(
            _saved_option(offer=offer, instrument=instrument, seller=payable.organization)
            for instrument in kept[account_id]
            if instrument.kind == InstrumentKind.CARD or offer.bank
        )
        if offer.card:
            new.append(_card_option(offer=offer, payable=payable))
        if offer.bank:
            new.append(
                PayOption(
                    value=f"{BANK}:{offer.integration.pk}",
                    kind=BANK,
                    integration_id=offer.integration.pk,
                    title=_("Bank transfer (ACH)"),
                    detail=_("From a checking or savings account in the United States. About three banking days."),
                    short_label=offer.short_label,
                    why_not=offer.why_not,
                    parts=offer.parts,
                )
            )
    on_terms = [
        PayOption(
            value=f"{TERMS}:{offer.integration.pk}",
            kind=TERMS,
            integration_id=offer.integration.pk,
            title=offer.label,
            detail=_("{term}: nothing is charged now, you pay the invoice.").format(term=offer.term.name),
            short_label=offer.label,
            why_not=offer.why_not,
        )
        for offer in terms
    ]
    return [*_each_once(saved), *_told_apart(new), *on_terms]


def _offers_fitting(offers: Sequence[MethodOffer], *, payable: Payable) -> list[MethodOffer]:
    """What is not an order is charged at once, whatever an integration says: one that is meant to hold is offered there
    only if no other takes the payment, or a part that it takes.
    """
    if payable.kind == PayableKind.ORDER:
        return list(offers)
    automatic = [offer for offer in offers if offer.integration.payment_action == PaymentAction.AUTOMATIC]
    working = [offer for offer in automatic if not offer.why_not]
    holding = [offer for offer in offers if offer.integration.payment_action != PaymentAction.AUTOMATIC]
    return [*automatic, *(offer for offer in holding if not any(_replaces(other, offer) for other in working))]


def _replaces(one: MethodOffer | PayOption, other: MethodOffer | PayOption) -> bool:
    """Whether one way takes whatever the other takes."""
    if one.why_not or other.why_not:
        return bool(other.why_not)
    return one.parts is None or other.parts is None or one.parts.include(other.parts)


def _card_option(*, offer: MethodOffer, payable: Payable) -> PayOption:
    """A new card. The label names it where it is about cards alone and says what happens here."""
    holder = offer.integration.payment_action == PaymentAction.MANUAL
    means_this = not offer.bank and (payable.kind == PayableKind.ORDER or not holder)
    return PayOption(
        value=f"{CARD}:{offer.integration.pk}",
        kind=CARD,
        integration_id=offer.integration.pk,
        title=offer.label if means_this else _("Card"),
        detail=_("Held now, charged when we ship.") if offer.holds else _("Charged now."),
        short_label=offer.short_label,
        holds=offer.holds,
        why_not=offer.why_not,
        parts=offer.parts,
    )


def _each_once(saved: Sequence[PayOption]) -> list[PayOption]:
    """A saved card or account once for each thing that may happen to it, where it can if it can; once more where that
    takes a part that the other does not.
    """
    found: dict[tuple[int | None, bool], list[PayOption]] = {}
    for option in saved:
        same = found.setdefault((option.instrument.pk if option.instrument else None, option.holds), [])
        if not any(_replaces(other, option) for other in same):
            same[:] = [*(other for other in same if not _replaces(option, other)), option]
    return [option for same in found.values() for option in same]


def _told_apart(new: Sequence[PayOption]) -> list[PayOption]:
    """Several integrations may take the same kind of payment: one that cannot gives way, the others add their names."""
    works = {(option.title, option.holds) for option in new if not option.why_not}
    new = [option for option in new if not option.why_not or (option.title, option.holds) not in works]
    seen = Counter((option.title, option.holds) for option in new)
    return [
        replace(option, title=f"{option.title} · {option.short_label}")
        if seen[option.title, option.holds] > 1
        else option
        for option in new
    ]


def _saved_option(*, offer: MethodOffer, instrument: Instrument, seller: Organization) -> PayOption:
    is_card = instrument.kind == InstrumentKind.CARD
    details = [instrument.nickname]
    why_not = offer.why_not
    if instrument.state == InstrumentState.FROZEN:
        why_not = frozen_words(instrument=instrument, organization_id=offer.integration.organization_id)
    if is_card and instrument.expiry_year and instrument.expiry_month:
        details.append(
            _("expires {month:02d}/{year}").format(month=instrument.expiry_month, year=instrument.expiry_year)
        )
    why_not = why_not or instrument_refusal(instrument=instrument, seller=seller, now=timezone.now())
    if is_card:
        details.append(_("held now, charged when we ship") if offer.holds else _("charged now"))
    return PayOption(
        value=f"{SAVED}:{offer.integration.pk}:{instrument.pk}",
        kind=SAVED,
        integration_id=offer.integration.pk,
        title=instrument_name(instrument),
        detail=" · ".join(detail for detail in details if detail),
        short_label=offer.short_label,
        holds=offer.holds and is_card,
        instrument=instrument,
        why_not=why_not,
        parts=offer.parts,
    )


def instrument_name(instrument: Instrument) -> str:
    """What people call it: "Visa ending in 5262"."""
    if instrument.kind == InstrumentKind.CARD:
        name = {"amex": "American Express", "mc": "Mastercard"}.get(instrument.brand.lower(), instrument.brand.title())
        return _("{brand} ending in {last4}").format(brand=name or _("Card"), last4=instrument.last4 or "····")
    kind = _("Savings account") if instrument.account_type == "SAVING" else _("Checking account")
    return _("{kind} ending in {last4}").format(kind=kind, last4=instrument.last4)


def debit_terms(
    *, seller: Organization, company: Customer, purpose: str, amount: Decimal, currency: str, now: datetime
) -> DebitTerms:
    """What the authorisation of a bank debit says. `purpose` names the document: "invoice INV-7"."""
    return DebitTerms(
        seller=seller.legal_name or seller.name,
        contact=seller.email or seller.phone or seller.name,
        company=company.name,
        purpose=purpose,
        amount=amount,
        currency=currency,
        day=seller.today(now),
        locale=locale_now(),
    )


def client_of(request: HttpRequest) -> Client:
    """Where a request came from, past the proxies the settings trust."""
    return Client(
        ip_address=client_ip(request),
        user_agent=request.headers.get("User-Agent", "")[:250],
        session_key=request.session.session_key or "",
    )


def client_ip(request: HttpRequest) -> str:
    return str(get_adapter(request).get_client_ip(request))


def account_guard_of(
    request: HttpRequest, *, seller: Organization, company: Customer, paying: bool = True
) -> Callable[[BankDetails], None]:
    """The guard of a pay form: who asks about a bank account here. `paying`: a payment with it follows at once."""

    def guard(account: BankDetails) -> None:
        account_guard(
            organization=seller,
            by=request.user,  # type: ignore[arg-type]
            company=str(company.pk),
            client=client_of(request),
            account=account,
            paying=paying,
            now=timezone.now(),
        )

    return guard


def pay_start(request: HttpRequest, *, form: PayForm, parts: Sequence[PartAsked]) -> Payment:
    """Start the payment a valid form asks for. A second click with the same form returns the payment of the first.

    Raises:
        PaymentError: with what happened to the money. `AlreadyBeingPaid` is turned into the running payment where this
            person may see it: its page tells the result, and hides a colleague's card.
    """
    client = client_of(request)
    asked = PaymentAsked(
        parts=parts,
        integration_id=form.option.integration_id,
        source=form.source(ip_address=client.ip_address, user_agent=client.user_agent),
        attempt_key=form.cleaned_data["attempt_key"],
        initiator=Initiator.BUYER,
        client=client,
    )
    try:
        return payment_start(asked=asked, by=request.user, website=request.website, now=timezone.now())  # type: ignore[arg-type, attr-defined]
    except AlreadyBeingPaid:
        running = running_payment(payable_ids=[part.payable_id for part in parts])
        if running is None or not payments_visible_to(user=request.user).filter(pk=running.pk).exists():  # type: ignore[arg-type]
            raise
        return running


def running_payment(*, payable_ids: Sequence[int]) -> Payment | None:
    """The attempt that keeps one of these payables to itself: its page shows the state, whoever started it."""
    part = PaymentPayable.objects.filter(payable__in=payable_ids, live=True).select_related("payment").first()
    return part.payment if part else None


def earlier_attempt(request: HttpRequest) -> Payment | None:
    """The payment that the posted form started before: a second click, or the page sent again after a reload."""
    try:
        key = UUID(request.POST.get("attempt_key", ""))
    except ValueError:
        return None
    return Payment.objects.filter(attempt_key=key, created_by_id=request.user.pk).first()
