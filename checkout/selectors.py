"""Reads of lists and checkouts: what lies on a list, what it costs now, what the order will be."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.utils.translation import gettext as _

from checkout.exceptions import CheckoutIncomplete, EmptyList, LinesInvalid
from checkout.models import Checkout, CheckoutState, ShoppingList, ShoppingListItem
from commerce.drafts import AddressSnapshot, LineDraft, OrderDraft
from commerce.models import Address, Customer, OrderState, PaymentTerm, User, Website
from commerce.pricing import PriceTag, price_tags
from commerce.selectors import payment_term_of
from commerce.totals import LineTotals, OrderTotals, line_totals, order_totals, tax_rate_for
from oropay.models import Integration, IntegrationType
from oropay.selectors import integrations_active, limit_refusal

FLAT_RATE = "flat_rate"
"""The one shipping method there is: the website's flat rate."""


@dataclass(frozen=True)
class PricedLine:
    """One item at this customer's price; `problem` says in words why it cannot be ordered as it is."""

    item: ShoppingListItem
    tag: PriceTag | None
    totals: LineTotals | None
    problem: str = ""

    @property
    def net(self) -> Decimal:
        """What the line costs before tax: lists and summaries show this, and tax as one sum."""
        return self.totals.subtotal - self.totals.discount if self.totals else Decimal(0)


@dataclass(frozen=True)
class PricedList:
    """A list with its prices of this moment. `totals` counts the lines that can be ordered."""

    lines: Sequence[PricedLine]
    totals: OrderTotals
    currency: str
    problems: Sequence[str] = field(default_factory=tuple)

    @property
    def orderable(self) -> bool:
        return bool(self.lines) and not self.problems


def list_of(*, user: User, customer: Customer, website: Website) -> ShoppingList | None:
    """A person's list for a company on a website; None until something was added."""
    return ShoppingList.objects.filter(user=user, customer=customer, website=website).first()


def list_priced(*, shopping_list: ShoppingList, website: Website, customer: Customer, now: datetime) -> PricedList:
    """Price a list in three queries. Shipping counts as soon as there is anything to ship."""
    items = list(shopping_list.items.select_related("product__unit", "product__category"))
    tags = price_tags(customer=customer, website=website, products=[item.product for item in items], now=now)
    rate = tax_rate_for(website=website, customer=customer)
    lines = [_line(item=item, tag=tags.get(item.product_id), tax_rate=rate) for item in items]
    good = [line.totals for line in lines if line.totals is not None]
    return PricedList(
        lines=lines,
        totals=order_totals(
            lines=good, shipping=website.shipping_flat_rate if good else Decimal(0), currency=website.currency
        ),
        currency=website.currency,
        problems=tuple(line.problem for line in lines if line.problem),
    )


def _line(*, item: ShoppingListItem, tag: PriceTag | None, tax_rate: Decimal) -> PricedLine:
    product, problem = item.product, ""
    if not product.is_active or tag is None:
        problem = _("{name} is no longer sold; take it off the list.").format(name=product.name)
    elif item.quantity < tag.min_quantity:
        problem = _("{name} is sold from {least} on.").format(
            name=product.name, least=f"{tag.min_quantity:f}".rstrip("0").rstrip(".")
        )
    if problem or tag is None:
        return PricedLine(item=item, tag=tag, totals=None, problem=problem)
    return PricedLine(item=item, tag=tag, totals=line_totals(price=tag, quantity=item.quantity, tax_rate=tax_rate))


def checkout_of(*, uuid: UUID, user: User, website: Website) -> Checkout | None:
    """A person's own checkout; anybody else's does not exist for them."""
    return (
        Checkout.objects.filter(uuid=uuid, user=user, website=website)
        .select_related(
            "website__organization",
            "customer__organization",
            "customer__payment_term",
            "customer__group__payment_term",
            "shopping_list",
            "order",
            "billing_address",
            "shipping_address",
            "user",
        )
        .first()
    )


def unfinished_of(*, shopping_list: ShoppingList) -> Checkout | None:
    """The checkout that is under way with this list; one whose order was canceled leads nowhere any more."""
    return (
        Checkout.objects.filter(shopping_list=shopping_list, state__in=[CheckoutState.OPEN, CheckoutState.PAYING])
        .exclude(order__state=OrderState.CANCELED)
        .select_related("order")
        .first()
    )


STEPS = ("addresses", "shipping", "payment", "review")


def first_open_step(*, checkout: Checkout) -> str:
    """The first step whose answers are missing; "review" when all are there."""
    if checkout.billing_address is None or checkout.shipping_address is None:
        return "addresses"
    if not checkout.shipping_method:
        return "shipping"
    return "review" if checkout.payment_choice else "payment"


def draft_of(*, checkout: Checkout, priced: PricedList, term: PaymentTerm | None = None) -> OrderDraft:
    """Everything the order will copy, as of now.

    Raises:
        EmptyList, LinesInvalid: the list cannot be ordered as it is.
        CheckoutIncomplete: an earlier step is missing.
    """
    if not priced.lines:
        raise EmptyList
    if priced.problems:
        raise LinesInvalid(why=" ".join(priced.problems))
    billing, shipping = checkout.billing_address, checkout.shipping_address
    if billing is None or shipping is None or not checkout.shipping_method:
        raise CheckoutIncomplete(step=first_open_step(checkout=checkout))
    rate = tax_rate_for(website=checkout.website, customer=checkout.customer)
    return OrderDraft(
        website=checkout.website,
        customer=checkout.customer,
        placed_by=checkout.user,
        lines=tuple(
            LineDraft(
                product=line.item.product,
                quantity=line.item.quantity,
                price=line.tag,
                tax_rate=rate,
            )
            for line in priced.lines
            if line.tag is not None
        ),
        billing_address=AddressSnapshot.of(billing),
        shipping_address=AddressSnapshot.of(shipping),
        shipping_method=_("Standard delivery"),
        shipping=checkout.website.shipping_flat_rate,
        po_number=checkout.po_number,
        notes=checkout.notes,
        payment_term=term,
    )


def addresses_of(*, customer: Customer) -> list[Address]:
    """The company's address book, default addresses first."""
    return list(Address.objects.filter(customer=customer).order_by("-is_default_billing", "-is_default_shipping", "pk"))


@dataclass(frozen=True)
class TermsOffer:
    """Buying on terms: nothing is charged now, the invoice says when it is due."""

    integration: Integration
    term: PaymentTerm
    label: str
    why_not: str = ""
    """Why it cannot be used for this amount."""


def terms_offers(
    *,
    customer: Customer,
    website: Website,
    total: Decimal,
    language: str,
    integrations: Sequence[Integration] | None = None,
) -> list[TermsOffer]:
    """The seller's active payment-terms integrations, if this company has a payment term.

    `integrations` are the seller's active ones, if they have been read already.
    """
    term = payment_term_of(customer=customer)
    if term is None:
        return []
    rows = integrations
    if rows is None:
        rows = integrations_active(organization_id=website.organization_id, currency=website.currency)
    offers = []
    for row in rows:
        if row.type != IntegrationType.PAYMENT_TERMS:
            continue
        if row.currencies and website.currency not in row.currencies:
            continue
        labels = {label.language: label.label for label in row.labels.all()}
        label = labels.get(language) or labels.get(language.split("-")[0]) or labels.get("") or row.name
        why_not = limit_refusal(integration=row, amount=total, currency=website.currency)
        offers.append(TermsOffer(integration=row, term=term, label=label, why_not=why_not))
    return offers
