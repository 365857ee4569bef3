"""What bank debits need beside moving money: returns and their consequences, frozen accounts, dates."""

from oropay.services.ach.dates import expected_on, settles_on
from oropay.services.ach.freeze import freeze_add, freeze_lift, freeze_of, frozen_sentence
from oropay.services.ach.returns import ach_return_add, ach_return_code_enter

__all__ = [
    "ach_return_add",
    "ach_return_code_enter",
    "expected_on",
    "freeze_add",
    "freeze_lift",
    "freeze_of",
    "frozen_sentence",
    "settles_on",
]
