"""Numbers as people type them: a point before the decimals, commas between thousands and nowhere else.

"1,50" is no number here: read either way it could charge a hundredfold. `static/storefront/pay.js` has the same rule.
"""

import re
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

NUMBER = re.compile(r"-?(?:(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]+)(?:\.[0-9]*)?|\.[0-9]+)")
COMMA_MISPLACED = _("A comma separates thousands only, as in 1,250. Write decimals with a point, as in 12.50.")


def number_typed(text: str) -> Decimal | None:
    """The number that was typed, or None if it is none."""
    plain = text.strip()
    return Decimal(plain.replace(",", "")) if NUMBER.fullmatch(plain) else None


def comma_misplaced(text: str) -> bool:
    """Whether what was typed would be a number if its commas were somewhere else."""
    plain = text.strip()
    return "," in plain and not NUMBER.fullmatch(plain) and NUMBER.fullmatch(plain.replace(",", "")) is not None
