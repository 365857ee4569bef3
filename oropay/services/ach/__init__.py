"""What bank debits need beside moving money: returns and their consequences, frozen accounts, dates."""

from oropay.services.ach.dates import expected_on, settles_on
from oropay.services.ach.freeze import freeze_add, freeze_lift, freeze_of, frozen_sentence
from oropay.services.ach.rates import RATE_WORDS, ReturnRate, return_rates
from oropay.services.ach.returns import ach_return_add, ach_return_code_enter

__all__ = [
    "RATE_WORDS",
    "ReturnRate",
    "ach_return_add",
    "ach_return_code_enter",
    "expected_on",
    "freeze_add",
    "freeze_lift",
    "freeze_of",
    "frozen_sentence",
    "return_rates",
    "settles_on",
]
