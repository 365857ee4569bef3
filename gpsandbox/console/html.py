"""HTML from Python, escaped unless it is HTML already. Enough for the console, and nothing more."""

import html
from collections.abc import Iterable
from datetime import datetime

EXPONENTS = {"BHD": 3, "CLP": 0, "JOD": 3, "JPY": 0, "KRW": 0, "KWD": 3, "OMR": 3, "TND": 3, "VND": 0}
"""Digits after the point, where a currency has not two (ISO 4217)."""

EMPTY_ELEMENTS = frozenset({"input", "link", "meta"})


class Safe(str):
    """Text that is HTML already."""

    __slots__ = ()


Content = str | Iterable[str]


def element(tag: str, /, *content: Content, **attributes: str | int | bool | None) -> Safe:
    """`element("a", "Links", href="/links")`. `class_` is class, `aria_label` is aria-label; None and False are left
    out, True stands without a value."""
    written = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if tag in EMPTY_ELEMENTS:
        return Safe(f"<{tag}{written}>")
    return Safe(f"<{tag}{written}>{together(*content)}</{tag}>")


def together(*content: Content) -> Safe:
    """Pieces one after the other."""
    pieces: list[str] = []
    for piece in content:
        if isinstance(piece, Safe):
            pieces.append(piece)
        elif isinstance(piece, str):
            pieces.append(html.escape(piece))
        else:
            pieces.append(together(*piece))
    return Safe("".join(pieces))


def money(minor: int, currency: str) -> str:
    """`−1,234.50 USD`: a real minus sign, always with its currency."""
    digits = EXPONENTS.get(currency, 2)
    whole, rest = divmod(abs(minor), 10**digits)
    cents = f".{rest:0{digits}}" if digits else ""
    return f"{'−' if minor < 0 else ''}{whole:,}{cents} {currency}".rstrip()


def moment(stamp: str) -> Safe:
    """A time of the gateway's, as people read it; UTC like all of them."""
    try:
        read = datetime.fromisoformat(stamp)
    except ValueError:
        return together(stamp)
    text = f"{read.day} {read:%b %Y}" if len(stamp) == 10 else f"{read.day} {read:%b %Y, %H:%M:%S}"
    return element("time", text, datetime=stamp)


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{html.escape(str(value))}"'
