"""The number of a bank account is in the vault as long as something needs it, and no longer."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone

from commerce.models import User
from oropay.exceptions import InstrumentNotChanged, RetryRefused
from oropay.models import (
    AchReturn,
    Instrument,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import debit_retry, instrument_restore, request_again
from oropay.services.ach.numbers import number_words, numbers_forget
from tests.contract.sandbox import Sandbox
from tests.factories import UserFactory
from tests.oropay.house import bank, reread, send_back
from tests.oropay.wallet import removed, void, work

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Settled = Callable[..., PaymentTransaction]
S = TransactionState


def sealed() -> list[int]:
    """The accounts whose number is in the vault."""
    return list(Instrument.objects.filter(sealed__isnull=False).order_by("pk").values_list("pk", flat=True))


def saved_account() -> Instrument:
    return Instrument.objects.get(state=InstrumentState.ACTIVE)


def forget(**later: int) -> int:
    return numbers_forget(now=timezone.now() + timedelta(**later))


def words(account: Instrument, **later: int) -> str:
    account.refresh_from_db()
    return str(number_words(account=account, now=timezone.now() + timedelta(**later)))


def test_removing_an_account_empties_every_box_of_it(start: Start, run: Run, buyer: User) -> None:
    """Paid with once, then saved, then typed again: three rows, one account."""
    for keep in (False, True, True):
        run(start(source=bank(keep=keep), amount="30.00"))
    assert len(sealed()) == 3

    work(removed(saved_account(), buyer))

    assert sealed() == []
    assert set(Instrument.objects.values_list("state", "key_id", "last4")) == {(InstrumentState.DELETED, "", "2468")}


def test_removing_an_account_leaves_other_accounts_and_other_people_s_alone(
    start: Start, run: Run, buyer: User
) -> None:
    run(start(source=bank("5550001112"), amount="30.00"))
    run(start(source=bank(), amount="30.00"))
    theirs = Instrument.objects.latest("pk")
    Instrument.objects.filter(pk=theirs.pk).update(owner=UserFactory.create())
    run(start(source=bank(keep=True), amount="30.00"))
    mine = saved_account()

    work(removed(mine, buyer))

    assert len(sealed()) == 2
    assert mine.pk not in sealed()
    assert theirs.pk in sealed()


def test_removing_the_company_s_account_empties_what_its_people_typed(start: Start, run: Run, buyer: User) -> None:
    run(start(source=bank(), amount="30.00"))
    run(start(source=bank(keep=True), amount="30.00"))
    Instrument.objects.filter(state=InstrumentState.ACTIVE).update(owner=None)

    work(removed(saved_account(), buyer))

    assert sealed() == []


def test_a_debit_on_its_way_keeps_its_number_until_it_is_sent(start: Start, run: Run, buyer: User) -> None:
    run(start(source=bank(keep=True), amount="30.00"))
    payment = start(source=bank(), amount="30.00")
    typed = payment.instrument
    assert typed is not None
    Instrument.objects.filter(pk=typed.pk).update(fingerprint=saved_account().fingerprint)  # a worker has it in hand

    work(removed(saved_account(), buyer))

    assert sealed() == [typed.pk]
    assert words(typed) == "Sealed: a debit or credit with it is on its way."
    assert forget() == 0
    assert run(payment).state == S.PENDING
    assert forget() == 1
    assert sealed() == []
    assert words(typed) == "Forgotten: nothing needs it any more."


def test_a_removal_that_may_still_be_taken_back_keeps_the_number(start: Start, run: Run, buyer: User) -> None:
    run(start(source=bank(keep=True)))
    account = saved_account()
    removed(account, buyer)

    assert forget() == 0

    assert words(account) == "Sealed: it is being recognised, or its removal can still be taken back."
    instrument_restore(instrument=account, now=timezone.now())
    assert words(account) == "Sealed while the account is saved."


def test_a_saved_account_is_kept_however_long(start: Start, run: Run) -> None:
    run(start(source=bank(keep=True)))

    assert forget(days=2000) == 0


def test_an_account_used_once_is_forgotten_when_its_debit_cannot_come_back_any_more(
    debit: PaymentTransaction,
) -> None:
    account = debit.payment.instrument
    assert account is not None

    assert forget(days=74) == 0
    assert words(account, days=74) == "Sealed: a debit of it may still come back and be sent again."
    assert forget(days=76) == 1

    account.refresh_from_db()
    assert (account.state, account.sealed, account.last4) == (InstrumentState.DELETED, None, "2468")
    assert account.history.latest("pgh_id").pgh_context.metadata["why"] == (  # type: ignore[attr-defined]
        "nothing needs the account number any more"
    )


def test_a_forgotten_account_is_not_recognised_again(debit: PaymentTransaction, clerk: User) -> None:
    account = debit.payment.instrument
    assert account is not None
    failed = InstrumentRequest.objects.create(
        instrument=account,
        kind=InstrumentRequestKind.IDENTIFY,
        state=InstrumentRequestState.FAILED,
        next_at=timezone.now(),
        created_at=timezone.now(),
        ended_at=timezone.now(),
    )
    void(debit)
    forget()

    with pytest.raises(InstrumentNotChanged, match="it must be entered again"):
        request_again(request=failed, by=clerk, now=timezone.now())

    assert InstrumentRequest.objects.get() == failed


def test_an_account_whose_debit_was_undone_is_forgotten_the_same_day(debit: PaymentTransaction) -> None:
    void(debit)

    assert forget() == 1
    assert sealed() == []


def test_a_debit_that_came_back_for_want_of_money_keeps_its_number_as_long_as_it_may_be_sent_again(
    settled: Settled, sandbox: Sandbox, clerk: User, run: Run
) -> None:
    told = came_back(settled(), sandbox, "R01")
    account = told.charge.payment.instrument
    assert account is not None

    assert forget(days=100) == 0
    assert words(account, days=100) == "Sealed: a debit of it came back and may be sent again."
    again = debit_retry(told=told, by=clerk, now=timezone.now())
    assert run(again).state == S.PENDING
    assert forget(days=181) == 1


def test_a_debit_that_came_back_for_good_keeps_no_number(settled: Settled, sandbox: Sandbox) -> None:
    came_back(settled(), sandbox, "R02")

    assert forget() == 1
    assert sealed() == []


def test_a_debit_of_a_removed_account_is_not_sent_again(
    start: Start, run: Run, settled: Settled, sandbox: Sandbox, clerk: User, buyer: User
) -> None:
    told = came_back(settled(), sandbox, "R01")
    run(start(source=bank(keep=True)))
    work(removed(saved_account(), buyer))

    with pytest.raises(RetryRefused, match=r"Nothing was debited\. Its bank account was removed"):
        debit_retry(told=told, by=clerk, now=timezone.now())

    assert sealed() == []
    assert not InstrumentRequest.objects.filter(state="failed").exists()


def came_back(charge: PaymentTransaction, sandbox: Sandbox, code: str) -> AchReturn:
    send_back(sandbox, charge, code)
    reread(charge)
    return AchReturn.objects.latest("created_at")
