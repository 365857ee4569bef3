"""What tests of banks' notices of change do again and again."""

from dataclasses import replace
from datetime import date
from typing import Any

from django.utils import timezone

from commerce.models import User
from oropay import vault
from oropay.models import ChangeNotice, Instrument
from oropay.services import ChangeAsked, MandateGiven, NewBank, SavedInstrument, change_file_apply, change_notice_apply
from oropay.vault.contexts import vault_context
from tests.oropay.house import bank

TYPED = "1357902468"
RIGHT = "97531246800"
OTHER_BANK = "021000021"


def notice(code: str = "C01", day: str = "2026-01-12", **given: str | bool) -> ChangeAsked:
    return ChangeAsked(code=code, noticed_on=date.fromisoformat(day), **given)  # type: ignore[arg-type]


def apply(account: Instrument, clerk: User, asked: ChangeAsked) -> list[ChangeNotice]:
    return change_notice_apply(instrument=account, asked=asked, by=clerk, now=timezone.now())


def upload(text: str, by: User) -> tuple[int, int]:
    """How many notices a file left, and how many lines of it were known."""
    done = change_file_apply(content=text.encode(), name="nocs.csv", by=by, now=timezone.now())
    return len(done.notices), done.known


def number_in(account: Instrument) -> str:
    """What the worker would send."""
    return vault.unseal(
        sealed=vault.Sealed(key_id=account.key_id, blob=bytes(account.sealed or b"")), context=vault_context(account)
    )


def agreed(account: Instrument) -> SavedInstrument:
    word = MandateGiven(text="I authorise it.", text_version="1", amount_rule="once")
    return SavedInstrument(instrument_id=account.pk, mandate=word)


def typed(number: str = TYPED, *, keep: bool = False, **otherwise: Any) -> NewBank:
    """The account as `bank` types it, with other details."""
    entered = bank(number, keep=keep)
    return replace(entered, details=replace(entered.details, **otherwise))
