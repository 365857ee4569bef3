"""A card as it arrives, and the little of it that is kept."""

import hashlib
import hmac
import os
import re
import secrets
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from gpsandbox import errors, fields, outcomes
from gpsandbox.settings import Settings
from gpsandbox.store import Row

BRANDS = (
    ("AMEX", re.compile(r"^3[47]\d{13}$")),
    ("DINERS", re.compile(r"^3(?:0[0-5]|[68]\d)\d{11}$")),
    ("DISCOVER", re.compile(r"^6(?:011|4[4-9]\d|5\d\d)\d{12}$")),
    ("JCB", re.compile(r"^35(?:2[89]|[3-8]\d)\d{12}$")),
    ("MASTERCARD", re.compile(r"^(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}$")),
    ("UATP", re.compile(r"^1\d{14}$")),
    ("VISA", re.compile(r"^4\d{12}(?:\d{3}){0,2}$")),
)


@dataclass(frozen=True)
class Card:
    """What the sandbox keeps of a card: never the number, never the security code."""

    brand: str
    first6: str
    last4: str
    expiry_month: str
    expiry_year: str
    cvv_given: bool
    fingerprint: str
    outcome: str
    """A name in `outcomes.BY_NAME`."""
    brand_reference: str = ""
    funding: str = "CREDIT"

    @property
    def masked(self) -> str:
        """As the gateway writes it: XXXXXXXXXXXX5262."""
        return f"{'X' * (11 if self.brand == 'AMEX' else 12)}{self.last4}"


TRACK = re.compile(r"(?P<number>[0-9]{12,19})(?:=|\^[^^]*\^)(?P<year>[0-9]{2})(?P<month>[0-9]{2})")
"""What identifies the card in either track of a magnetic stripe (ISO/IEC 7813)."""


def read(body: dict[str, Any], *, settings: Settings, now: datetime, may_be_expired: bool = False) -> Card:
    """Check a `card` object as the gateway does and forget its number."""
    number = number_read(body)
    fields.require(body, "expiry_month", "expiry_year")
    month, year = expiry_read(body, now=None if may_be_expired else now)
    return _made(body, number, month, year, settings=settings)


def of_track(body: dict[str, Any], *, settings: Settings) -> Card:
    """The card whose stripe or chip a terminal has read. Its date is the terminal's business."""
    found = TRACK.search(fields.text(body, "track", most=2000))
    if found is None:
        raise errors.wrong_value("card.track")
    return _made(body, found["number"], found["month"], found["year"], settings=settings)


def number_read(body: dict[str, Any]) -> str:
    """A card number whose check digit is right."""
    if not body.get("number"):
        raise errors.missing("number", text="Request expects the following fields : {names}")
    number = fields.text(body, "number").replace(" ", "")
    if not looks_like_a_number(number):
        raise errors.wrong_value("card.number")
    return number


def looks_like_a_number(number: str) -> bool:
    return re.fullmatch(r"[0-9]{12,19}", number) is not None and luhn_holds(number)


def _made(body: dict[str, Any], number: str, month: str, year: str, *, settings: Settings) -> Card:
    brand = brand_of(number)
    if brand == "UATP":
        raise errors.rule_broken("Transaction not supported Please contact support ")
    return Card(
        brand=brand,
        first6=number[:6],
        last4=number[-4:],
        expiry_month=month,
        expiry_year=year,
        cvv_given=_cvv_read(body, brand=brand),
        fingerprint=fingerprint(number, settings=settings),
        outcome=outcomes.of_card(number).name,
        brand_reference=fields.text(body, "brand_reference", most=50),
        funding=fields.choice(body, "funding", ("CREDIT", "DEBIT", "PREPAID"), default="CREDIT"),
    )


def of_row(row: Row) -> Card:
    """The card a stored payment method stands for."""
    return Card(
        brand=row["brand"],
        first6=row["first6"],
        last4=row["last4"],
        expiry_month=row["expiry_month"],
        expiry_year=row["expiry_year"],
        cvv_given=bool(row["cvv_given"]),
        fingerprint=row["fingerprint"],
        outcome=row["outcome"],
        brand_reference=row["brand_reference"],
    )


def expiry_read(body: dict[str, Any], *, now: datetime | None) -> tuple[str, str]:
    """Month and year, two digits each. A card is good until the end of its month; without `now`, for ever."""
    month, year = fields.text(body, "expiry_month"), fields.text(body, "expiry_year")
    year = year[2:] if len(year) == 4 else year
    if not re.fullmatch(r"[0-9]{1,2}", month) or not re.fullmatch(r"[0-9]{2}", year):
        raise errors.invalid("40085", "Expiry date invalid")
    if not 1 <= int(month) <= 12 or (now and (2000 + int(year), int(month)) < (now.year, now.month)):
        raise errors.invalid("40085", "Expiry date invalid")
    return month.zfill(2), year


def luhn_holds(number: str) -> bool:
    """The check digit of every payment card (ISO/IEC 7812)."""
    total = 0
    for position, digit in enumerate(reversed(number)):
        value = int(digit) * (2 if position % 2 else 1)
        total += value - 9 if value > 9 else value
    return total % 10 == 0


def brand_of(number: str) -> str:
    return next((brand for brand, shape in BRANDS if shape.match(number)), "UNKNOWN")


def fingerprint(number: str, *, settings: Settings) -> str:
    """The same for the same card, useless without the key."""
    key = fingerprint_key(settings.secret, settings.database)
    return hmac.new(key, number.encode(), hashlib.sha256).hexdigest()


@cache
def fingerprint_key(secret: str, database: Path) -> bytes:
    """Made of the sandbox's secret or, without one, drawn by lot once and kept beside the database, for us alone."""
    if secret:
        return hashlib.sha256(f"fingerprint|{secret}".encode()).digest()
    path = database.with_name(f"{database.name}-key")
    if not path.exists():
        drawn = path.with_name(f"{path.name}-{os.getpid()}")
        drawn.touch(mode=0o600)
        drawn.write_bytes(secrets.token_bytes(32))
        with suppress(FileExistsError):  # another process was faster: its key counts
            os.link(drawn, path)
        drawn.unlink()
    return path.read_bytes()


def _cvv_read(body: dict[str, Any], *, brand: str) -> bool:
    fields.choice(body, "cvv_indicator", ("PRESENT", "NOT_PRESENT", "ILLEGIBLE", "NOT_ON_CARD"))
    cvv = fields.text(body, "cvv")
    if not cvv:
        return False
    if not re.fullmatch(r"[0-9]+", cvv):
        raise errors.downstream(
            "50018",
            "The line number 12 which contains '         [number] XXX [/number] ' does not conform to the schema",
        )
    wanted = 4 if brand == "AMEX" else 3
    if len(cvv) != wanted:
        raise errors.invalid("40085", f"Security Code/CVV2/CVC must be {wanted} digits")
    return True
