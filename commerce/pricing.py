"""What a product costs this customer, at any quantity. Reads only.

The nearest price list that has a price for the quantity wins: the customer's own, then its group's, then the
website's. Lists of the same kind are asked by position. Currency is the website's.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import F, Q

from commerce.exceptions import QuantityNotSold
from commerce.models import Customer, Price, PriceListAssignment, Product, Website


@dataclass(frozen=True)
class Tier:
    """From this quantity on, one unit costs this much (major units)."""

    min_quantity: Decimal
    amount: Decimal


@dataclass(frozen=True)
class PriceTag:
    """All a page or an order needs to price one product for one customer. Amounts are per unit, before tax."""

    product_id: int
    currency: str
    list_price: Decimal
    """What everybody pays for the smallest quantity; the discount is counted from here."""
    tiers: tuple[Tier, ...]
    """Ascending by quantity, at least one."""

    @property
    def unit_price(self) -> Decimal:
        """What the smallest sold quantity costs this customer, per unit."""
        return self.tiers[0].amount

    @property
    def min_quantity(self) -> Decimal:
        """The smallest quantity that has a price."""
        return self.tiers[0].min_quantity

    def price_for(self, quantity: Decimal) -> Decimal:
        """The unit price at this quantity.

        Raises:
            QuantityNotSold: no price list has a price for so few.
        """
        reached = [tier.amount for tier in self.tiers if tier.min_quantity <= quantity]
        if not reached:
            raise QuantityNotSold(quantity=quantity, least=self.min_quantity)
        return reached[-1]

    def list_price_for(self, quantity: Decimal) -> Decimal:
        """The price a discount is counted from: never below what the customer pays, so no discount is negative."""
        return max(self.list_price, self.price_for(quantity))


def price_tags(
    *, customer: Customer | None, website: Website, products: Iterable[Product], now: datetime
) -> dict[int, PriceTag]:
    """Price tags by product id, in two queries for any number of products; a product without a price is left out."""
    ranks = _list_ranks(customer=customer, website=website, now=now)
    prices = (
        Price.objects.filter(price_list__in=ranks, product__in=[product.pk for product in products])
        .filter(unit=F("product__unit"))
        .values_list("product_id", "price_list_id", "min_quantity", "amount")
    )
    by_product: dict[int, dict[int, list[Tier]]] = {}
    for product_id, list_id, min_quantity, amount in prices:
        by_product.setdefault(product_id, {}).setdefault(list_id, []).append(Tier(min_quantity, amount))
    return {
        product_id: _tag(product_id, website.currency, by_list, ranks) for product_id, by_list in by_product.items()
    }


CUSTOMER, GROUP, WEBSITE = range(3)
type_of_rank = tuple[int, int, int]


def _list_ranks(*, customer: Customer | None, website: Website, now: datetime) -> dict[int, type_of_rank]:
    """Price lists that serve this customer here and now, each with its best rank (lower wins)."""
    serves = Q(website=website)
    if customer is not None:
        serves |= Q(customer=customer)
        if customer.group_id is not None:
            serves |= Q(group=customer.group_id)
    valid = (Q(price_list__valid_from__isnull=True) | Q(price_list__valid_from__lte=now)) & (
        Q(price_list__valid_until__isnull=True) | Q(price_list__valid_until__gt=now)
    )
    assignments = PriceListAssignment.objects.filter(
        serves,
        valid,
        price_list__is_active=True,
        price_list__currency=website.currency,
        price_list__organization=website.organization_id,
    )
    ranks: dict[int, type_of_rank] = {}
    for assignment in assignments:
        nearness = CUSTOMER if assignment.customer_id else GROUP if assignment.group_id else WEBSITE
        rank = (nearness, assignment.position, assignment.price_list_id)
        ranks[assignment.price_list_id] = min(rank, ranks.get(assignment.price_list_id, rank))
    return ranks


def _tag(product_id: int, currency: str, by_list: dict[int, list[Tier]], ranks: dict[int, type_of_rank]) -> PriceTag:
    nearest_first = [sorted(by_list[key], key=_quantity) for key in sorted(by_list, key=lambda key: ranks[key])]
    steps = sorted({tier.min_quantity for tiers in nearest_first for tier in tiers})
    tiers = tuple(Tier(step, _amount_at(step, nearest_first)) for step in steps)
    for_everybody = [key for key in by_list if ranks[key][0] == WEBSITE]
    if for_everybody:
        base = min(by_list[min(for_everybody, key=lambda key: ranks[key])], key=_quantity).amount
    else:
        base = tiers[0].amount
    return PriceTag(product_id=product_id, currency=currency, list_price=base, tiers=tiers)


def _amount_at(quantity: Decimal, nearest_first: list[list[Tier]]) -> Decimal:
    for tiers in nearest_first:
        reached = [tier.amount for tier in tiers if tier.min_quantity <= quantity]
        if reached:
            return reached[-1]
    raise AssertionError("a step comes from one of the lists, so one of them has a price for it")


def _quantity(tier: Tier) -> Decimal:
    return tier.min_quantity
