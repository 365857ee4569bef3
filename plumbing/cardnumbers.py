"""Card numbers where none belongs: recognising one in a text, and forms that refuse it.

Nobody types a card number into a page of ours: the gateway's own frames take it. People do it all the same, into a
note, a name or a PO number, and from there it would be stored, shown and mailed. So every form of every face refuses
what looks like one, at the field, and does not write it back into the page.

What looks like one: 13 to 19 digits with the first digits and the length of a card brand and the right check digit
(Luhn, ISO/IEC 7812), in one piece or in groups that begin with four digits, however they are kept apart. What is not
taken for one, because people write it:

- a phone number after its "+" (E.164, at most 15 digits);
- a GTIN-13 by its own check digit: one begins as a Visa number of 13 digits does, and no bank gives those any more;
- UUIDs and the gateway's names, such as PMT_…: their digits mean nothing;
- account, routing and article numbers, in the fields made for them: `card_numbers_allowed` of a form names those.

Of other numbers of that length at most one in thirty looks like a card number; several numbers in a row are told apart
by commas or lines. Uploaded files are not read: a bank's statement is full of account numbers.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, ClassVar

from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django import forms

    Form = forms.BaseForm
else:
    Form = object  # this room holds no forms: the faces mix it into theirs

REFUSAL = _(
    "Nothing was saved or charged: this looks like a card number. Never write one here; card numbers belong only in "
    "the card fields of a payment page."
)

SHORTEST, LONGEST = 13, 19
LONGEST_PHONE = 15
"""Digits of a phone number with its country (ITU-T E.164)."""

BRANDS: tuple[tuple[int, int, frozenset[int]], ...] = (
    (4, 4, frozenset({13, 16, 19})),  # Visa
    (51, 55, frozenset({16})),  # Mastercard
    (2221, 2720, frozenset({16})),
    (34, 34, frozenset({15})),  # American Express
    (37, 37, frozenset({15})),
    (6011, 6011, frozenset(range(16, 20))),  # Discover
    (644, 659, frozenset(range(16, 20))),
    (300, 305, frozenset({14, *range(16, 20)})),  # Diners Club
    (3095, 3095, frozenset({14, *range(16, 20)})),
    (36, 36, frozenset({14, *range(16, 20)})),
    (38, 39, frozenset({14, *range(16, 20)})),
    (3528, 3589, frozenset(range(16, 20))),  # JCB
    (62, 62, frozenset(range(16, 20))),  # UnionPay
    (81, 81, frozenset(range(16, 20))),
    *((prefix, prefix, frozenset(range(13, 20))) for prefix in (5018, 5020, 5038, 5893, 6304, 6759)),  # Maestro
    (6761, 6763, frozenset(range(13, 20))),
)
"""First digits, from and to, and lengths. Source: ISO/IEC 7812 and what the brands publish of their ranges."""

_NO_NUMBER = re.compile(
    r"\b(?:[A-Z]{3}_[A-Za-z0-9_-]{1,46}|[0-9A-Fa-f]{8}(?:-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12})(?![A-Za-z0-9])"
)
_APART = re.compile(r"[ \t._/\-\u2010-\u2015\u2212]{1,3}")
"""What may stand between two groups of one number: blanks, dots, strokes and dashes; no comma and no line's end."""


def holds_card_number(text: str) -> bool:
    """Whether somebody has written what looks like a card number into this text. See above for what does."""
    if sum(letter.isdigit() for letter in text) < SHORTEST:
        return False
    plain = _NO_NUMBER.sub(";", "".join(_plain(letter) for letter in unicodedata.normalize("NFKC", text)))
    return any(is_card_number(digits) for digits in _candidates(plain))


def is_card_number(digits: str) -> bool:
    """Whether these digits alone could be the number of a card."""
    if not SHORTEST <= len(digits) <= LONGEST or not passes_luhn(digits) or _is_gtin(digits):
        return False
    return any(
        first <= int(digits[: len(str(first))]) <= last and len(digits) in lengths for first, last, lengths in BRANDS
    )


def passes_luhn(digits: str) -> bool:
    """Whether the last digit checks the others (ISO/IEC 7812-1, annex B)."""
    numbers = [int(digit) for digit in digits]
    doubled = [sum(divmod(2 * number, 10)) for number in numbers[-2::-2]]
    return (sum(numbers[-1::-2]) + sum(doubled)) % 10 == 0


def _plain(letter: str) -> str:
    """Digits of any script as ours; nothing for what cannot be seen."""
    if letter.isdecimal():
        return str(unicodedata.decimal(letter))
    return "" if unicodedata.category(letter) == "Cf" else letter


def _is_gtin(digits: str) -> bool:
    """Whether it is an article number of 13 digits (GS1 General Specifications, check digit)."""
    return len(digits) == 13 and sum(int(one) * (3 if at % 2 else 1) for at, one in enumerate(digits)) % 10 == 0


def _candidates(text: str) -> Iterator[str]:
    """Digits as people write card numbers: in one piece, or in groups that begin with four of them."""
    runs = list(re.finditer(r"[0-9]+", text))
    for at, first in enumerate(runs):
        digits, end = first[0], first.end()
        if len(digits) > LONGEST_PHONE or not text.endswith("+", 0, first.start()):
            yield digits
        if len(digits) != 4:
            continue
        for group in runs[at + 1 :]:
            if not _APART.fullmatch(text, end, group.start()) or len(digits + group[0]) > LONGEST:
                break
            digits, end = digits + group[0], group.end()
            yield digits


class CardNumbersRefused(Form):
    """Mixed into every form of the faces: a field that holds a card number is refused and shown empty.

    A test walks all forms and finds those without it.
    """

    card_numbers_allowed: ClassVar[frozenset[str]] = frozenset()
    """Fields whose numbers are something else: those of bank accounts, which are sealed, and of articles."""

    def _clean_fields(self) -> None:
        refused = [name for name in self.fields if name not in self.card_numbers_allowed and self._holds(name)]
        if refused:
            self._forget(refused)
        super()._clean_fields()  # type: ignore[misc]
        for name in refused:
            self.errors.pop(name, None)  # that it is missing: we have just taken it away
            self.add_error(None if self[name].is_hidden else name, REFUSAL)

    def _holds(self, name: str) -> bool:
        return any(holds_card_number(text) for text in _texts(self[name].data))

    def _forget(self, names: list[str]) -> None:
        """From here on nothing of the form knows the number: no page, no session, no report."""
        data: Any = self.data
        data = data.copy()
        for name in names:
            key = re.compile(rf"{re.escape(self[name].html_name)}(_[0-9]+)?")
            for one in [one for one in data if key.fullmatch(one)]:
                data[one] = ""
        self.data = data


def _texts(value: object) -> Iterator[str]:
    """Every text of a field's raw value; of an uploaded file its name."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, UploadedFile):
        yield value.name or ""
    elif isinstance(value, list | tuple):
        for one in value:
            yield from _texts(one)
