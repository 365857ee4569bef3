"""Dynamic currency conversion: what a foreign card holder would pay in the currency of the card.

The rates are ours and never change, so that a test knows them.
"""

from decimal import Decimal
from typing import Any

from gpsandbox import accounts, cards, errors, fields, ids, money, outcomes, sources
from gpsandbox.call import Call
from gpsandbox.cards import Card

PER_EURO = {
    "EUR": Decimal(1),
    "USD": Decimal("1.0850"),
    "GBP": Decimal("0.8560"),
    "CAD": Decimal("1.4810"),
    "AUD": Decimal("1.6420"),
    "CHF": Decimal("0.9480"),
    "JPY": Decimal("163.50"),
}
"""Units of a currency for one euro."""

MARGIN = Decimal("3.5")
"""Percent that the conversion costs the card holder; part of the rate."""


def create(call: Call) -> dict[str, Any]:
    """POST /currency-conversions. A single-use token is looked at, not used up."""
    call.allow("CNV_POST_Create")
    account = call.account(accounts.TRANSACTIONS)
    for name in ("amount", "currency", "country", "reference", "payment_method"):
        if call.body.get(name) in (None, ""):
            raise errors.missing(name, text="Request expects the following fields : {names}")
    call.reference = fields.reference(call.body)
    amount = fields.minor_units(call.body, "amount") or 0
    currency = fields.pattern(call.body, "currency", r"[A-Z]{3}")
    payer_currency = _payer_currency(_card(call), currency)
    available = payer_currency != "" and currency in PER_EURO
    values = {
        "id": ids.new("DCC"),
        "app_id": call.app_id,
        "created_at": call.stamp,
        "reference": call.reference,
        "status": "AVAILABLE" if available else "NOT_AVAILABLE",
        "amount": amount,
        "currency": currency,
        "payer_currency": payer_currency if available else currency,
        "rate": str(_rate(currency, payer_currency)) if available else "",
        "country": fields.pattern(call.body, "country", r"[A-Z]{2}"),
    }
    call.store.insert("conversions", values)
    call.resource_id = str(values["id"])
    return {
        "id": call.resource_id,
        "time_created": call.stamp,
        "status": values["status"],
        "reference": call.reference,
        "country": values["country"],
        **call.owner(account),
        "amount": str(amount),
        "currency": currency,
        **(_offer(values, amount) if available else {}),
        "action": call.action("RATE_LOOKUP"),
    }


def of_payment(call: Call) -> dict[str, Any]:
    """What a payment keeps of the conversion it names in `currency_conversion.id`; nothing when it names none."""
    conversion_id = fields.text(fields.section(call.body, "currency_conversion"), "id")
    if not conversion_id:
        return {}
    found = call.store.row("SELECT * FROM conversions WHERE id = ? AND app_id = ?", (conversion_id, call.app_id))
    if found is None:
        raise errors.resource_unknown(
            "Currency-conversions", conversion_id, f"/ucp/currency-conversions/{conversion_id}"
        )
    if found["currency"] != call.body.get("currency"):
        raise errors.rule_broken("The currency differs from the one of the currency conversion")
    kept = ("id", "created_at", "currency", "payer_currency", "rate")
    return {"currency_conversion": {name: found[name] for name in kept}}


def shown(kept: dict[str, Any], amount: int) -> dict[str, Any]:
    """The `currency_conversion` of a transaction over `amount`; without a rate the payer pays what the shop asks."""
    if kept["rate"]:
        return {"id": kept["id"], "amount": str(amount), "currency": kept["currency"], **_offer(kept, amount)}
    return {
        "id": kept["id"],
        "amount": str(amount),
        "currency": kept["currency"],
        "payer_amount": str(amount),
        "payer_currency": kept["currency"],
    }


def _offer(kept: dict[str, Any], amount: int) -> dict[str, Any]:
    payer_amount = money.converted(
        amount, currency=kept["currency"], into=kept["payer_currency"], rate=Decimal(kept["rate"])
    )
    return {
        "payer_amount": str(payer_amount),
        "payer_currency": kept["payer_currency"],
        "exchange_rate": kept["rate"],
        "margin_rate_percentage": str(MARGIN),
        "commission_percentage": "0",
        "exchange_rate_source": "GPSANDBOX",
        "exchange_rate_time_created": kept["created_at"],
    }


def _card(call: Call) -> Card:
    body = fields.section(call.body, "payment_method")
    if body.get("id"):
        return cards.of_row(sources.find_token(call, fields.text(body, "id")))
    return cards.read(fields.section(body, "card"), settings=call.settings, now=call.now)


def _payer_currency(card: Card, currency: str) -> str:
    """The card's own currency, if that is not the shop's."""
    return next((own for own in outcomes.FOREIGN_CARDS.get(card.first6, ()) if own != currency), "")


def _rate(currency: str, into: str) -> Decimal:
    rate = PER_EURO[into] / PER_EURO[currency] * (1 + MARGIN / 100)
    return rate.quantize(Decimal("0.000001"))
