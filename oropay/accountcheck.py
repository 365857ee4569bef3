"""Is this a bank account that can be debited? Asked before it is sealed; another service may answer by a setting.

GP-API has no prenote and no account verification in its public material, so the default looks at the numbers alone.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Protocol

from django.conf import settings
from django.utils.module_loading import import_string
from django.utils.translation import gettext as _

from oropay.models import CheckState


@dataclass(frozen=True)
class AccountAsked:
    """A bank account in the clear. Lives inside one request: an implementation must not keep, log or queue it."""

    account_number: str = field(repr=False)
    routing_number: str
    account_type: str
    """CHECKING or SAVING."""
    holder_type: str
    """BUSINESS or PERSONAL."""
    holder_name: str


class RefusedAt(StrEnum):
    """What a refusal is about: the page says it at that field."""

    NUMBER = "number"
    """The account number, or the account as a whole."""
    ROUTING = "routing"
    HOLDER = "holder"
    """The account is not theirs."""


@dataclass(frozen=True)
class AccountFound:
    """What a check found. `refusal` is a sentence for the buyer; empty means that the account may be used."""

    state: CheckState
    words: str = ""
    """For staff and the page: how far the check went."""
    refusal: str = ""
    refused: RefusedAt = RefusedAt.NUMBER


class AccountCheck(Protocol):
    """What `OROPAY_ACCOUNT_CHECK` names: a class without arguments. It answers within the request, in a few seconds.

    An outage of a service behind it must not stop payments: it answers with what the numbers alone say then.
    """

    def check(self, asked: AccountAsked) -> AccountFound: ...


class FormCheck:
    """The numbers alone: ABA check digit, length and digits of the account number.

    Source: ABA routing check digit; Nacha account numbers have up to 17 characters.
    """

    def check(self, asked: AccountAsked) -> AccountFound:
        if not routing_is_valid(asked.routing_number):
            return AccountFound(
                CheckState.UNCHECKED,
                refusal=_("This routing number does not exist; please check its nine digits."),
                refused=RefusedAt.ROUTING,
            )
        number = asked.account_number
        if not (number.isascii() and number.isdigit() and 4 <= len(number) <= 17):
            return AccountFound(CheckState.UNCHECKED, refusal=_("An account number has 4 to 17 digits."))
        return AccountFound(CheckState.FORM, words=_("Routing number and form of the account number are right."))


def account_check(asked: AccountAsked) -> AccountFound:
    """Ask whatever the settings name."""
    checker: AccountCheck = import_string(settings.OROPAY_ACCOUNT_CHECK)()
    return checker.check(asked)


def routing_is_valid(number: str) -> bool:
    """ABA check digit: 3·(d1+d4+d7) + 7·(d2+d5+d8) + (d3+d6+d9) is a multiple of ten."""
    if len(number) != 9 or not (number.isascii() and number.isdigit()):
        return False
    digits = [int(digit) for digit in number]
    return sum(weight * digit for weight, digit in zip((3, 7, 1) * 3, digits, strict=True)) % 10 == 0 and any(digits)
