"""A corrected number is checked before anything is locked, and what changed meanwhile is seen."""

import logging

import pytest
from pytest_django.fixtures import Settings

from commerce.models import User
from oropay.exceptions import ChangeFileRefused, ChangeRefused
from oropay.models import ChangeNotice, CheckState, Instrument, InstrumentRequest
from oropay.services.ach import checked
from plumbing.models import Mail
from tests.oropay.accountchecks import Unhurried
from tests.oropay.changes import OTHER_BANK, RIGHT, TYPED, apply, notice, number_in, upload

CLOSED = "97531240000"


@pytest.fixture
def asked(settings: Settings, bank_account: Instrument) -> list[object]:
    """What the plugged-in check is asked from now on."""
    settings.OROPAY_ACCOUNT_CHECK = "tests.oropay.accountchecks.Unhurried"
    Unhurried.asked.clear()
    return Unhurried.asked  # type: ignore[return-value]


def test_a_corrected_number_is_checked_with_no_transaction_open_and_once(
    asked: list[object], bank_account: Instrument, clerk: User
) -> None:
    apply(bank_account, clerk, notice(account_number=RIGHT))

    bank_account.refresh_from_db()
    assert (number_in(bank_account), len(asked)) == (RIGHT, 1)
    assert (bank_account.check_state, bank_account.check_words) == (CheckState.VERIFIED, "Open since 2012.")
    assert (ChangeNotice.objects.count(), InstrumentRequest.objects.count()) == (1, 1)
    assert Mail.objects.filter(subject__startswith="Your bank has corrected").count() == 1


def test_what_the_check_refuses_changes_nothing(asked: list[object], bank_account: Instrument, clerk: User) -> None:
    with pytest.raises(ChangeRefused, match="This account is closed"):
        apply(bank_account, clerk, notice(account_number=CLOSED))

    bank_account.refresh_from_db()
    assert (number_in(bank_account), ChangeNotice.objects.count()) == (TYPED, 0)
    assert not InstrumentRequest.objects.exists()


def test_a_notice_that_does_not_fit_is_refused_and_nobody_is_asked(
    asked: list[object], bank_account: Instrument, clerk: User
) -> None:
    apply(bank_account, clerk, notice("C05", day="2026-01-14", account_type="SAVING"))

    with pytest.raises(ChangeRefused, match="A newer notice"):
        apply(bank_account, clerk, notice(account_number=RIGHT))

    assert asked == []


def test_an_account_that_changed_while_its_check_was_asked_is_asked_about_anew(
    asked: list[object], bank_account: Instrument, clerk: User, settings: Settings
) -> None:
    settings.OROPAY_ACCOUNT_CHECK = "tests.oropay.accountchecks.Meanwhile"

    apply(bank_account, clerk, notice(account_number=RIGHT))

    assert [one.account_type for one in Unhurried.asked] == ["CHECKING", "SAVING"]
    bank_account.refresh_from_db()
    assert (number_in(bank_account), bank_account.account_type) == (RIGHT, "SAVING")
    assert ChangeNotice.objects.count() == 1


def test_a_check_that_is_down_loses_no_notice_and_tells_no_number(
    bank_account: Instrument, clerk: User, settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    settings.OROPAY_ACCOUNT_CHECK = "tests.oropay.accountchecks.Down"

    with caplog.at_level(logging.ERROR):
        apply(bank_account, clerk, notice(account_number=RIGHT))

    bank_account.refresh_from_db()
    assert (number_in(bank_account), bank_account.check_state) == (RIGHT, CheckState.FORM)
    assert "an account check broke: ConnectionError" in caplog.text
    assert RIGHT not in caplog.text


def test_the_lines_of_a_file_are_checked_with_no_transaction_open_each_as_those_before_it_left_the_account(
    asked: list[object], bank_account: Instrument, clerk: User
) -> None:
    done = upload(
        "date,code,instrument,account_number,routing_number,account_type\n"
        f"2026-01-12,C02,{bank_account.pk},,{OTHER_BANK},\n"
        f"2026-01-13,C01,{bank_account.pk},{RIGHT},,\n"
        f"2026-01-14,C06,{bank_account.pk},{RIGHT}1,,SAVING\n",
        clerk,
    )

    assert done == (3, 0)
    assert [(one.routing_number, one.account_number, one.account_type) for one in Unhurried.asked] == [
        (OTHER_BANK, RIGHT, "CHECKING"),
        (OTHER_BANK, f"{RIGHT}1", "SAVING"),
    ]
    bank_account.refresh_from_db()
    assert number_in(bank_account) == f"{RIGHT}1"


def test_every_line_that_a_check_refuses_is_named_and_no_line_is_applied(
    asked: list[object], bank_account: Instrument, clerk: User
) -> None:
    with pytest.raises(ChangeFileRefused) as refused:
        upload(
            "date,code,instrument,account_number,account_type\n"
            f"2026-01-12,C01,{bank_account.pk},{CLOSED},\n"
            f"2026-01-14,C05,{bank_account.pk},,SAVING\n"
            f"2026-01-14,C01,{bank_account.pk},1{CLOSED},\n",
            clerk,
        )

    assert refused.value.lines == ["Line 2: This account is closed.", "Line 4: This account is closed."]
    bank_account.refresh_from_db()
    assert (number_in(bank_account), bank_account.account_type, ChangeNotice.objects.count()) == (TYPED, "CHECKING", 0)


def test_a_file_whose_accounts_cannot_all_be_checked_while_a_browser_waits_is_refused_whole(
    asked: list[object], bank_account: Instrument, clerk: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checked, "monotonic", lambda: 30.0 * len(asked))  # each check takes half a minute
    lines = "".join(f"2026-01-1{day},C01,{bank_account.pk},{RIGHT}{day}\n" for day in range(5))

    with pytest.raises(ChangeFileRefused) as refused:
        upload(f"date,code,instrument,account_number\n{lines}", clerk)

    assert len(asked) == 2
    assert refused.value.lines == [
        "The account check had answered about 2 accounts after 40 seconds, and more are to be asked about. "
        "Please apply fewer notices at once."
    ]
    bank_account.refresh_from_db()
    assert (number_in(bank_account), ChangeNotice.objects.count()) == (TYPED, 0)
