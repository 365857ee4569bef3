"""A bank says that an account's details have changed: the next debit goes out right, or does not go out."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic
from django.utils import timezone

from commerce.models import Order, User
from oropay import vault
from oropay.exceptions import ChangeFileRefused, ChangeKnown, ChangeRefused, InstrumentUnusable
from oropay.models import (
    ChangeNotice,
    ChangeOutcome,
    ChangeSource,
    FailureReason,
    Freeze,
    Instrument,
    InstrumentRequest,
    InstrumentState,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import ChangeAsked
from oropay.services.ach import freeze_add
from plumbing.models import Mail
from tests.contract.sandbox import Sandbox
from tests.factories import StaffFactory
from tests.oropay.changes import OTHER_BANK, RIGHT, TYPED, agreed, apply, notice, number_in, typed, upload
from tests.oropay.wallet import work

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
S = TransactionState


@pytest.fixture
def account(bank_account: Instrument) -> Instrument:
    return bank_account


def test_the_next_debit_carries_what_the_bank_says_is_right(
    account: Instrument, clerk: User, start: Start, run: Run, sandbox: Sandbox
) -> None:
    asked = notice("C07", account_number=RIGHT, routing_number=OTHER_BANK, account_type="SAVING")

    (told,) = apply(account, clerk, asked)

    assert (told.outcome, told.applied_by, told.source) == (ChangeOutcome.CORRECTED, clerk, ChangeSource.HAND)
    row = run(start(source=agreed(account)))
    assert row.state == S.PENDING
    sent = sandbox.asked("/transactions", reference=row.reference)[0]["sent"]["payment_method"]["bank_transfer"]
    assert (sent["bank"]["code"], sent["account_type"]) == (OTHER_BANK, "SAVING")
    account.refresh_from_db()
    assert (number_in(account), account.last4) == (RIGHT, RIGHT[-4:])


def test_the_corrected_number_is_in_no_column_and_no_mail(account: Instrument, clerk: User) -> None:
    apply(account, clerk, notice(account_number=RIGHT, note="by letter"))

    account.refresh_from_db()
    columns = [str(value) for row in (ChangeNotice.objects.get(), account) for value in vars(row).values()]
    assert not [text for text in columns if RIGHT in text]
    assert RIGHT.encode() not in bytes(account.sealed or b"")
    mail = Mail.objects.get(subject__startswith="Your bank has corrected")
    assert mail.to == account.owner.email  # type: ignore[union-attr]
    assert RIGHT not in mail.text
    assert f"until now ···· {TYPED[-4:]}" in mail.text


def test_a_corrected_account_is_recognised_anew(account: Instrument, clerk: User) -> None:
    before = account.fingerprint
    apply(account, clerk, notice(account_number=RIGHT))

    work(InstrumentRequest.objects.get())

    account.refresh_from_db()
    assert account.fingerprint == vault.fingerprint(text=f"{account.routing_number}:{RIGHT}") != before
    assert account.state == InstrumentState.ACTIVE


def test_a_freeze_follows_the_account_to_its_new_number(account: Instrument, clerk: User, order: Order) -> None:
    freeze_add(organization=order.organization, instrument=account, cause=None, code="R10", now=timezone.now())
    apply(account, clerk, notice(account_number=RIGHT))

    work(InstrumentRequest.objects.get())

    account.refresh_from_db()
    assert account.state == InstrumentState.FROZEN
    assert Freeze.objects.get(fingerprint=account.fingerprint).code == "R10"


def test_an_account_whose_right_number_nobody_knows_is_not_debited(
    account: Instrument, clerk: User, start: Start, run: Run, sandbox: Sandbox
) -> None:
    (told,) = apply(account, clerk, notice(value_unknown=True))

    account.refresh_from_db()
    assert (told.outcome, account.state) == (ChangeOutcome.ENTER_AGAIN, InstrumentState.DEAD)
    assert Mail.objects.filter(subject="Please enter your bank account again").count() == 1
    with pytest.raises(InstrumentUnusable, match="enter it again"):
        start(source=agreed(account))
    row = run(start(source=typed()))
    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.ACCOUNT_WRONG)
    assert sandbox.gateway().find_by_reference(reference=row.reference).found == ()


def test_the_right_number_that_comes_later_lets_the_account_pay_again(
    account: Instrument, clerk: User, start: Start, run: Run
) -> None:
    apply(account, clerk, notice(value_unknown=True))

    apply(account, clerk, notice(day="2026-01-14", account_number=RIGHT))

    account.refresh_from_db()
    assert account.state == InstrumentState.ACTIVE
    assert run(start(source=agreed(account))).state == S.PENDING


def test_every_customer_of_the_seller_with_this_account_is_corrected(account: Instrument, clerk: User) -> None:
    twin = Instrument.objects.get(pk=account.pk)
    twin.pk, twin.owner = None, None
    twin.uuid = type(twin.uuid)(int=1)
    twin.save()

    notices = apply(account, clerk, notice("C02", routing_number=OTHER_BANK))

    assert {one.instrument_id for one in notices} == {account.pk, twin.pk}
    twin.refresh_from_db()
    assert twin.routing_number == OTHER_BANK


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        (notice("C99"), "is not a change code that we know"),
        (notice("C01", day="2999-01-01", account_number=RIGHT), "lies in the future"),
        (notice("C01"), "C01 needs the right account number"),
        (notice("C03", account_number=RIGHT), "C03 needs the right routing number"),
        (notice("C02", routing_number="123456789"), "routing number does not exist"),
        (notice("C02", routing_number=OTHER_BANK, account_number=RIGHT), "does not correct the account number"),
        (notice("C05", account_type="LOAN"), "CHECKING or SAVING"),
        (notice("C01", account_number="12"), "4 to 17 digits"),
        (notice("C06", account_number=RIGHT, value_unknown=True), "Either the bank says"),
    ],
)
def test_a_notice_that_makes_no_sense_changes_nothing(
    account: Instrument, clerk: User, asked: ChangeAsked, why: str
) -> None:
    with pytest.raises(ChangeRefused, match=f"Nothing was changed.*{why}") as refused:
        apply(account, clerk, asked)

    assert RIGHT not in str(refused.value)
    account.refresh_from_db()
    assert (number_in(account), ChangeNotice.objects.count()) == (TYPED, 0)


def test_the_same_notice_twice_and_an_older_one_change_nothing(account: Instrument, clerk: User) -> None:
    apply(account, clerk, notice(account_number=RIGHT))

    with pytest.raises(ChangeKnown, match="recorded for this account already"):
        apply(account, clerk, notice(account_number=TYPED))
    with pytest.raises(ChangeRefused, match="A newer notice, C01 of 2026-01-12"):
        apply(account, clerk, notice(day="2026-01-11", account_number=TYPED))

    account.refresh_from_db()
    assert (number_in(account), ChangeNotice.objects.count()) == (RIGHT, 1)


def test_a_notice_about_something_we_do_not_send_is_only_noted(account: Instrument, clerk: User) -> None:
    (told,) = apply(account, clerk, notice("C09"))

    assert told.outcome == ChangeOutcome.NOTED
    assert not Mail.objects.filter(subject__contains="account").exists()
    assert not InstrumentRequest.objects.exists()


def test_a_notice_is_never_changed_or_removed(account: Instrument, clerk: User) -> None:
    (told,) = apply(account, clerk, notice("C09"))

    with pytest.raises(IntegrityError), atomic():
        ChangeNotice.objects.filter(pk=told.pk).update(note="else")
    with pytest.raises(IntegrityError), atomic():
        ChangeNotice.objects.filter(pk=told.pk).delete()


def test_a_file_corrects_accounts_by_reference_payment_and_instrument(account: Instrument, clerk: User) -> None:
    row = PaymentTransaction.objects.get(payment__instrument=account, action="charge")

    done = upload(
        "date;code;reference;payment;instrument;account_number;routing_number;account_type\n"
        f"2026-01-12;C01;{row.reference};;;{RIGHT[:4]} {RIGHT[4:]};;\n"
        f"2026-01-13;C02;;{row.payment_id};;;{OTHER_BANK};\n"
        f"2026-01-14;C05;;;{account.pk};;;savings\n\n",
        clerk,
    )

    assert done == (3, 0)
    account.refresh_from_db()
    assert (number_in(account), account.routing_number, account.account_type) == (RIGHT, OTHER_BANK, "SAVING")
    told = ChangeNotice.objects.get(code="C01")
    assert (told.payment_id, told.source, told.file_name) == (row.payment_id, ChangeSource.FILE, "nocs.csv")


def test_a_file_that_is_sent_twice_changes_nothing_the_second_time(account: Instrument, clerk: User) -> None:
    text = f"date,code,instrument,account_number\n2026-01-12,C01,{account.pk},{RIGHT}\n"
    upload(text, clerk)

    assert upload(text, clerk) == (0, 1)
    assert ChangeNotice.objects.count() == 1


def test_every_bad_line_is_named_and_no_line_is_applied(account: Instrument, clerk: User) -> None:
    with pytest.raises(ChangeFileRefused, match=r"Nothing was changed\. 4 lines") as refused:
        upload(
            "date,code,instrument,payment,account_number,routing_number\n"
            f"2026-01-12,C01,{account.pk},,{RIGHT},\n"
            f"12.1.2026,C01,{account.pk},,{RIGHT},\n"
            f"2026-01-12,C01,{account.pk},1,{RIGHT},\n"
            "2026-01-12,C02,999999,,,021000021\n"
            f"2026-01-12,C02,{account.pk},,,021000022\n",
            clerk,
        )

    assert [line.partition(":")[0] for line in refused.value.lines] == ["Line 3", "Line 4", "Line 5", "Line 6"]
    assert RIGHT not in " ".join(refused.value.lines)
    account.refresh_from_db()
    assert (number_in(account), ChangeNotice.objects.count()) == (TYPED, 0)


def test_a_line_that_does_not_fit_its_account_keeps_the_lines_before_it_from_counting(
    account: Instrument, clerk: User
) -> None:
    with pytest.raises(ChangeFileRefused) as refused:
        upload(
            "date,code,instrument,account_number,routing_number\n"
            f"2026-01-12,C02,{account.pk},,{OTHER_BANK}\n"
            f"2026-01-13,C01,{account.pk},12,\n",
            clerk,
        )

    assert refused.value.lines == ["Line 3: An account number has 4 to 17 digits."]
    assert ChangeNotice.objects.count() == 0
    account.refresh_from_db()
    assert account.routing_number != OTHER_BANK


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "Column date is missing"),
        ("date,code\n2026-01-12,C01\n", "One of the columns reference, payment, instrument is needed"),
        ("date,code,instrument,iban\n", "Column iban is not known"),
        ("date,code,instrument\n", "There is no notice in it"),
        ("date,code,instrument\n2026-01-12,C01,1,2,3\n", "more cells than columns"),
    ],
)
def test_a_file_of_another_form_says_what_is_missing(clerk: User, text: str, why: str) -> None:
    with pytest.raises(ChangeFileRefused) as refused:
        upload(text, clerk)

    assert why in " ".join(refused.value.lines)


def test_a_file_reaches_no_account_of_another_seller(account: Instrument) -> None:
    stranger: User = StaffFactory.create()

    with pytest.raises(ChangeFileRefused) as refused:
        upload(f"date,code,instrument,account_number\n2026-01-12,C01,{account.pk},{RIGHT}\n", stranger)

    assert refused.value.lines == [f"Line 2: There is no bank account of instrument {account.pk}."]
    account.refresh_from_db()
    assert number_in(account) == TYPED


def test_a_notice_of_a_removed_account_is_kept_and_changes_nothing(account: Instrument, clerk: User) -> None:
    Instrument.objects.filter(pk=account.pk).update(state=InstrumentState.DELETED, sealed=None, key_id="")
    account.refresh_from_db()

    (told,) = apply(account, clerk, notice(account_number=RIGHT))

    assert told.outcome == ChangeOutcome.NOTED
    account.refresh_from_db()
    assert (account.sealed, account.last4) == (None, TYPED[-4:])


def test_a_kind_of_account_entered_otherwise_pays_again(
    account: Instrument, clerk: User, start: Start, run: Run
) -> None:
    apply(account, clerk, notice("C05", value_unknown=True))

    row = run(start(source=typed(keep=True, account_type="SAVING")))

    assert row.state == S.PENDING
    account.refresh_from_db()
    assert (account.state, account.account_type) == (InstrumentState.ACTIVE, "SAVING")
    assert timezone.now() - account.created_at < timedelta(hours=1)
