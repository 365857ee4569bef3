"""The gateway's lists, page by page: complete or an error, never a part that looks like the whole."""

from collections.abc import Callable, Iterator, Mapping
from datetime import date
from decimal import Decimal
from typing import Any

from oropay.gateway.globalpayments.answers import read_json, read_time
from oropay.gateway.globalpayments.exceptions import AmountDoesNotFit
from oropay.gateway.globalpayments.minor_units import from_minor
from oropay.gateway.port import DepositAdvice, SettledTransaction

PAGE_SIZE = 500
MOST_PAGES = 2000

_METHOD = {"CARD": "card", "BANK_TRANSFER": "ach"}

Fetch = Callable[[Mapping[str, str]], str]
"""Query in, body of a successful answer out."""


class Unreadable(Exception):
    """A page or a row of a list makes no sense. Nothing of it may be taken for the truth."""


def rows(
    fetch: Fetch, *, query: Mapping[str, str], plural: str, page_size: int = PAGE_SIZE
) -> Iterator[Mapping[str, Any]]:
    """Every row of a list, oldest first, so that new ones appear at the end and shift nothing.

    Raises:
        Unreadable: a page is no list, or fewer rows came than the gateway counts.
    """
    seen = 0
    for page in range(1, MOST_PAGES + 1):
        body = read_json(
            fetch({**query, "page": str(page), "page_size": str(page_size), "order": "ASC", "order_by": "TIME_CREATED"})
        )
        found = body.get(plural) if body is not None else None
        total = body.get("total_record_count") if body is not None else None
        if not isinstance(found, list) or not isinstance(total, int) or not all(isinstance(row, dict) for row in found):
            raise Unreadable(f"Page {page} of {plural} is not a list.")
        yield from found
        seen += len(found)
        if seen >= total:
            return
        if not found:
            break
    raise Unreadable(f"The gateway counts {total} {plural} and sent {seen}.")


def settled_transaction(row: Mapping[str, Any]) -> SettledTransaction:
    """One line of /settlement/transactions; refunds get their sign here.

    Raises:
        Unreadable: a field that decides about money makes no sense.
    """
    created = read_time(_text(row, "time_created"))
    if created is None:
        raise Unreadable(f"Settlement line {_text(row, 'id')!r} has no time.")
    kind = _text(row, "type")
    amount = _money(row, row.get("amount"))
    paid_with = row.get("payment_method")
    bank = isinstance(paid_with, Mapping) and bool(paid_with.get("bank_transfer"))
    return SettledTransaction(
        gateway_id=_required(row, "id"),
        type=kind,
        status=_required(row, "status"),
        amount=-abs(amount) if kind == "REFUND" else amount,
        deposit_id=_text(row, "deposit_id"),
        deposit_date=_day(row, "deposit_time_created"),
        batch_id=_text(row, "batch_id"),
        reference=_text(row, "reference"),
        method="ach" if bank else "card",
        time_created=created,
    )


def settled_dispute(row: Mapping[str, Any]) -> SettledTransaction | None:
    """One row of /settlement/disputes: an amount that a dispute took (DEBIT) or gave back; None before its deposit.

    Raises:
        Unreadable: a field that decides about money makes no sense.
    """
    if not _text(row, "deposit_id"):
        return None
    moved = read_time(_text(row, "last_adjustment_time_created")) or read_time(_text(row, "stage_time_created"))
    funding = _text(row, "last_adjustment_funding") or _text(row, "funding_type")
    if moved is None or funding not in ("DEBIT", "CREDIT"):
        raise Unreadable(f"Settled dispute {_text(row, 'id')!r} has no time or no direction.")
    amount = abs(_money(row, row.get("last_adjustment_amount") or row.get("amount")))
    sold = row.get("transaction")
    paid_with = sold.get("payment_method") if isinstance(sold, Mapping) else None
    card = paid_with.get("card") if isinstance(paid_with, Mapping) else None
    return SettledTransaction(
        gateway_id=_required(row, "id"),
        type="CHARGEBACK" if funding == "DEBIT" else "REVERSAL",
        status=_required(row, "status"),
        amount=-amount if funding == "DEBIT" else amount,
        deposit_id=_text(row, "deposit_id"),
        deposit_date=_day(row, "deposit_time_created"),
        batch_id="",
        reference=_text(card, "arn") if isinstance(card, Mapping) else "",
        method="card",
        time_created=moved,
    )


def deposit_advice(row: Mapping[str, Any]) -> DepositAdvice:
    """One row of /settlement/deposits; money the gateway takes back from the bank account is negative.

    Raises:
        Unreadable: a field that decides about money makes no sense.
    """
    paid_on = _day(row, "time_created")
    if paid_on is None:
        raise Unreadable(f"Deposit {_text(row, 'id')!r} has no day.")
    amount = _money(row, row.get("amount"))
    given = row.get("disputes")
    disputes = given if isinstance(given, Mapping) else {}
    return DepositAdvice(
        gateway_id=_required(row, "id"),
        paid_on=paid_on,
        status=_required(row, "status"),
        amount=-abs(amount) if _text(row, "funding_type") == "DEBIT" else amount,
        sales=_part(row, row.get("sales")),
        refunds=_part(row, row.get("refunds")),
        fees=_part(row, row.get("fees")),
        chargebacks=_part(row, disputes.get("chargebacks")) - _part(row, disputes.get("reversals")),
        method=_METHOD.get(_text(row, "payment_method"), ""),
    )


def _part(row: Mapping[str, Any], part: object) -> Decimal:
    """A part of a deposit as a positive number; the gateway signs some of them."""
    amount = part.get("amount") if isinstance(part, Mapping) else None
    return Decimal(0) if amount in (None, "") else abs(_money(row, amount).amount)


def _money(row: Mapping[str, Any], amount: object) -> Any:
    try:
        return from_minor(amount, row.get("currency"))
    except AmountDoesNotFit as error:
        raise Unreadable(f"{_text(row, 'id')!r}: {error}") from error


def _day(row: Mapping[str, Any], name: str) -> date | None:
    moment = read_time(_text(row, name))
    return moment.date() if moment else None


def _required(row: Mapping[str, Any], name: str) -> str:
    text = _text(row, name)
    if not text:
        raise Unreadable(f"A row has no {name}.")
    return text


def _text(row: Mapping[str, Any], name: str) -> str:
    value = row.get(name)
    return value if isinstance(value, str) else ""
