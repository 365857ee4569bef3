"""What the books say. Amounts are debit positive, in major units."""

from decimal import Decimal

from django.db.models import QuerySet, Sum

from ledger.models import AccountName, Entry, Posting


def balance(*, organization_id: int, name: AccountName, currency: str, customer_id: int | None = None) -> Decimal:
    """What an account holds, debit positive; with `customer_id`, what of it entries of that customer put there."""
    postings = Posting.objects.filter(
        account__organization_id=organization_id, account__name=name, account__currency=currency
    )
    if customer_id is not None:
        postings = postings.filter(entry__customer_id=customer_id)
    total: Decimal | None = postings.aggregate(total=Sum("amount"))["total"]
    return total or Decimal(0)


def balances() -> dict[tuple[int, str, str], Decimal]:
    """Every account that was ever posted to, by (organization id, currency, name)."""
    rows = Posting.objects.values_list("account__organization_id", "account__currency", "account__name")
    return {(org, currency, name): total for org, currency, name, total in rows.annotate(total=Sum("amount"))}


def entries_of(source: str) -> QuerySet[Entry]:
    """What one cause, for example "transaction:12", wrote into the books, in order, with its lines."""
    return Entry.objects.filter(source=source).prefetch_related("postings__account").order_by("pk")


def unsealed_count() -> int:
    """How many entries no seal covers yet: the tail that the chain cannot vouch for."""
    return Entry.objects.filter(seal__isnull=True).count()
