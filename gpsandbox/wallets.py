"""A digital wallet as it arrives: a device number in the clear, or a token that only the processor can open."""

import json
from datetime import datetime
from typing import Any

from gpsandbox import cards, errors, fields, outcomes
from gpsandbox.cards import Card
from gpsandbox.settings import Settings

PROVIDERS = ("APPLEPAY", "PAY_BY_GOOGLE", "CLICK_TO_PAY")

DEVICE_FIRST6 = {"VISA": "476173", "MASTERCARD": "520474", "": "000000"}
"""Stands for the first digits inside a sealed token, which the sandbox cannot open."""


def read(body: dict[str, Any], *, amount: int, settings: Settings, now: datetime) -> tuple[str, Card]:
    """The wallet's provider, and the card behind it as far as it may be kept; `amount` decides how it ends."""
    fields.require(body, "provider")
    provider = fields.choice(body, "provider", PROVIDERS)
    if body.get("token"):
        return provider, _open(body, amount=amount, settings=settings, now=now)
    if body.get("payment_token"):
        return provider, _sealed(body["payment_token"], amount=amount, settings=settings)
    raise errors.missing("digital_wallet.payment_token")


def _open(body: dict[str, Any], *, amount: int, settings: Settings, now: datetime) -> Card:
    """The merchant has opened the token himself and sends the device number."""
    number = fields.text(body, "token").replace(" ", "")
    if not cards.looks_like_a_number(number):
        raise errors.wrong_value("digital_wallet.token")
    brand = cards.brand_of(number)
    month, year = cards.expiry_read(body, now=now)
    return Card(
        brand=brand,
        first6=number[:6],
        last4=number[-4:],
        expiry_month=month,
        expiry_year=year,
        cvv_given=False,
        fingerprint=cards.fingerprint(number, settings=settings),
        outcome=outcomes.of_wallet(brand, amount).name,
    )


def _sealed(token: Any, *, amount: int, settings: Settings) -> Card:
    """The amount says which brand the test wallet holds."""
    brand = next((brand for brand, listed, _name in outcomes.WALLET_AMOUNTS if listed == amount), "")
    known = cards.fingerprint(json.dumps(token, sort_keys=True), settings=settings)
    return Card(
        brand=brand,
        first6=DEVICE_FIRST6[brand],
        last4=f"{int(known[:8], 16) % 10_000:04}",
        expiry_month="",
        expiry_year="",
        cvv_given=False,
        fingerprint=known,
        outcome=outcomes.of_wallet(brand, amount).name,
    )
