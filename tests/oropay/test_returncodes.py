"""What a return does to the bank account: exactly the codes that were agreed on, no more and no fewer."""

from datetime import timedelta

from oropay import returncodes
from oropay.returncodes import CODES, WITHOUT, code_in, reason_of

FREEZING = {"R02", "R03", "R04", "R05", "R07", "R10", "R29"}
STOPPING = {"R08", "R11", "R16", "R20"}
RETRIED = {"R01", "R09"}
"""What each group of Nacha's codes does to an account: bar it everywhere, bar this debit, let it be tried again."""


def test_these_codes_freeze_the_account_in_the_whole_organization() -> None:
    assert {code for code, reason in CODES.items() if reason.freezes} == FREEZING


def test_these_codes_stop_autopay_and_so_does_every_freeze() -> None:
    assert {code for code, reason in CODES.items() if reason.stops_autopay} == STOPPING | FREEZING


def test_only_want_of_money_is_sent_again_twice_within_half_a_year() -> None:
    assert {code for code, reason in CODES.items() if reason.may_retry} == RETRIED
    assert returncodes.RETRIES == 2
    assert timedelta(days=180) == returncodes.RETRY_WITHIN


def test_a_return_without_a_code_or_with_one_nobody_knows_freezes_and_is_not_sent_again() -> None:
    assert reason_of("") is WITHOUT
    assert reason_of("R99") is WITHOUT
    assert (code_in("R99"), code_in("R01")) == ("", "R01")
    assert (WITHOUT.freezes, WITHOUT.stops_autopay, WITHOUT.may_retry) == (True, True, False)


def test_every_code_is_listed_under_itself() -> None:
    assert {code: reason.code for code, reason in CODES.items()} == {code: code for code in CODES}
