"""What bank debits need beside moving money: returns and their consequences, frozen accounts, dates."""

from oropay.services.ach.change_file import ChangeFileDone, account_type_of, change_file_apply, digits
from oropay.services.ach.changes import ChangeAsked, change_notice_apply, change_refusal
from oropay.services.ach.dates import expected_on, returned_too_late, settles_on, unauthorised_until
from oropay.services.ach.fees import return_fee_charge
from oropay.services.ach.freeze import freeze_add, freeze_lift, freeze_of, frozen_sentence
from oropay.services.ach.rates import RATE_WORDS, ReturnRate, return_rates
from oropay.services.ach.returns import ach_return_add, ach_return_code_enter, ach_return_code_learn

__all__ = [
    "RATE_WORDS",
    "ChangeAsked",
    "ChangeFileDone",
    "ReturnRate",
    "account_type_of",
    "ach_return_add",
    "ach_return_code_enter",
    "ach_return_code_learn",
    "change_file_apply",
    "change_notice_apply",
    "change_refusal",
    "digits",
    "expected_on",
    "freeze_add",
    "freeze_lift",
    "freeze_of",
    "frozen_sentence",
    "return_fee_charge",
    "return_rates",
    "returned_too_late",
    "settles_on",
    "unauthorised_until",
]
