"""An account comes back only when everything that its bank called wrong has been put right, whoever looks at it."""

from collections.abc import Callable
from typing import Any

import pytest
from django.utils import timezone

from commerce.models import User
from oropay.exceptions import InstrumentUnusable
from oropay.models import (
    ACCOUNT_IS_WRONG,
    ChangeNotice,
    FailureReason,
    Freeze,
    Instrument,
    InstrumentRequest,
    InstrumentRequestState,
    InstrumentState,
    Integration,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.selectors import account_added, paying_view
from oropay.services import bank_save, freeze_lift, instrument_restore
from oropay.services.ach import freeze_add
from plumbing.models import Mail
from tests.contract.sandbox import Sandbox
from tests.oropay.changes import OTHER_BANK, RIGHT, agreed, apply, notice, typed
from tests.oropay.wallet import removed, work

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
S = TransactionState


def state(account: Instrument) -> InstrumentState:
    account.refresh_from_db()
    return InstrumentState(account.state)


def kept_back(row: PaymentTransaction, sandbox: Sandbox) -> bool:
    """Because of what its bank says; and the gateway never heard of it."""
    return (row.state, row.failure_reason) == (
        S.FAILED,
        FailureReason.ACCOUNT_WRONG,
    ) and sandbox.gateway().find_by_reference(reference=row.reference).found == ()


def test_a_right_holder_brings_no_account_back_whose_kind_is_wrong(
    bank_account: Instrument, clerk: User, start: Start, run: Run, sandbox: Sandbox
) -> None:
    apply(bank_account, clerk, notice("C05", value_unknown=True))

    apply(bank_account, clerk, notice("C04", day="2026-01-14", holder_name="North Tools Incorporated"))

    assert state(bank_account) == InstrumentState.DEAD
    assert bank_account.holder_name == "North Tools Incorporated"
    with pytest.raises(InstrumentUnusable, match="enter it again"):
        start(source=agreed(bank_account))
    assert kept_back(run(start(source=typed())), sandbox)
    mail = Mail.objects.get(subject__startswith="Your bank has corrected")
    assert "still not debited" in mail.text
    assert "from now on" not in mail.text


def test_a_right_kind_brings_no_account_back_whose_number_is_wrong(
    bank_account: Instrument, clerk: User, start: Start, run: Run
) -> None:
    apply(bank_account, clerk, notice("C01", value_unknown=True))

    apply(bank_account, clerk, notice("C05", day="2026-01-14", account_type="SAVING"))
    assert state(bank_account) == InstrumentState.DEAD
    apply(bank_account, clerk, notice("C01", day="2026-01-16", account_number=RIGHT))

    assert state(bank_account) == InstrumentState.ACTIVE
    assert run(start(source=agreed(bank_account))).state == S.PENDING


def test_a_right_routing_number_brings_no_account_back_whose_number_is_wrong_too(
    bank_account: Instrument, clerk: User, start: Start, run: Run, sandbox: Sandbox
) -> None:
    apply(bank_account, clerk, notice("C03", value_unknown=True))

    apply(bank_account, clerk, notice("C02", day="2026-01-14", routing_number=OTHER_BANK))
    work(InstrumentRequest.objects.get())

    assert state(bank_account) == InstrumentState.DEAD
    assert kept_back(run(start(source=typed(routing_number=OTHER_BANK))), sandbox)


def test_the_same_notice_with_what_is_right_brings_it_back(bank_account: Instrument, clerk: User) -> None:
    apply(bank_account, clerk, notice("C06", value_unknown=True))

    apply(bank_account, clerk, notice("C06", day="2026-01-14", account_number=RIGHT, account_type="SAVING"))

    assert state(bank_account) == InstrumentState.ACTIVE


def test_another_holder_typed_brings_no_account_back_whose_kind_is_wrong(
    bank_account: Instrument, integration: Integration, clerk: User, buyer: User
) -> None:
    apply(bank_account, clerk, notice("C05", value_unknown=True))

    added = entered(bank_account, integration, buyer, holder_name="North Tools Incorporated")

    assert (added.state, added.error) == (InstrumentRequestState.FAILED, ACCOUNT_IS_WRONG)
    assert "Your bank says that details" in account_added(instrument_id=added.instrument_id).refusal
    assert Instrument.objects.get(pk=added.instrument_id).sealed is None
    assert state(bank_account) == InstrumentState.DEAD


def test_a_kind_typed_otherwise_is_added_and_brings_the_account_back(
    bank_account: Instrument, integration: Integration, clerk: User, buyer: User, start: Start, run: Run
) -> None:
    apply(bank_account, clerk, notice("C05", value_unknown=True))

    added = entered(bank_account, integration, buyer, account_type="SAVING")

    assert added.state == InstrumentRequestState.DONE
    assert state(bank_account) == InstrumentState.ACTIVE
    assert run(start(source=agreed(bank_account))).state == S.PENDING


def test_the_same_wrong_number_is_not_added_again(
    bank_account: Instrument, integration: Integration, clerk: User, buyer: User
) -> None:
    apply(bank_account, clerk, notice("C01", value_unknown=True))

    added = entered(bank_account, integration, buyer, account_type="SAVING")

    assert added.error == ACCOUNT_IS_WRONG
    assert state(bank_account) == InstrumentState.DEAD


def entered(account: Instrument, integration: Integration, buyer: User, **otherwise: Any) -> InstrumentRequest:
    """The account is typed again to save it, and a worker has looked at it."""
    source = typed(**otherwise)
    assert source.mandate is not None
    new = bank_save(
        customer=account.customer,
        owner=buyer,
        integration_id=integration.pk,
        details=source.details,
        mandate=source.mandate,
        by=buyer,
        now=timezone.now(),
    )
    return work(InstrumentRequest.objects.get(instrument=new))


def test_a_wrong_account_is_refused_with_its_own_reason(
    bank_account: Instrument, clerk: User, start: Start, run: Run
) -> None:
    apply(bank_account, clerk, notice(value_unknown=True))

    row = run(start(source=typed()))

    view = paying_view(payment=row.payment, now=timezone.now())
    assert view.sentence == (
        "Nothing was taken. Your bank says that details of this account are wrong or have changed. Please enter them "
        "as your bank has them, or use another account."
    )
    assert "came back" not in view.sentence


def test_an_account_that_pages_still_offer_is_offered_no_more_once_a_worker_has_looked(
    bank_account: Instrument, clerk: User, start: Start, run: Run, sandbox: Sandbox
) -> None:
    """As those were that another notice had brought back."""
    apply(bank_account, clerk, notice("C05", value_unknown=True))
    Instrument.objects.filter(pk=bank_account.pk).update(state=InstrumentState.ACTIVE)

    assert kept_back(run(start(source=agreed(bank_account))), sandbox)

    assert state(bank_account) == InstrumentState.DEAD


def test_a_number_that_was_forgotten_is_refused_when_it_is_typed_after_its_bank_called_it_wrong(
    bank_account: Instrument, buyer: User, clerk: User, start: Start, run: Run, sandbox: Sandbox
) -> None:
    work(removed(bank_account, buyer))
    bank_account.refresh_from_db()
    assert bank_account.sealed is None

    apply(bank_account, clerk, notice(value_unknown=True))

    assert state(bank_account) == InstrumentState.DELETED
    assert kept_back(run(start(source=typed())), sandbox)


def test_a_lifted_freeze_frees_no_account_that_its_bank_calls_wrong(bank_account: Instrument, clerk: User) -> None:
    freeze = frozen(bank_account)
    apply(bank_account, clerk, notice("C05", value_unknown=True))
    assert state(bank_account) == InstrumentState.FROZEN

    freeze_lift(freeze=freeze, note="a new authorisation", by=clerk, now=timezone.now())

    assert state(bank_account) == InstrumentState.DEAD


def test_a_correction_frees_no_account_that_is_frozen(bank_account: Instrument, clerk: User) -> None:
    apply(bank_account, clerk, notice("C05", value_unknown=True))
    frozen(bank_account)

    apply(bank_account, clerk, notice("C05", day="2026-01-14", account_type="SAVING"))

    assert state(bank_account) == InstrumentState.FROZEN


def test_a_frozen_account_whose_freeze_was_lifted_while_it_was_removed_comes_back_free(
    bank_account: Instrument, buyer: User, clerk: User, start: Start, run: Run
) -> None:
    freeze = frozen(bank_account)
    removed(Instrument.objects.get(pk=bank_account.pk), buyer)
    freeze_lift(freeze=freeze, note="a new authorisation", by=clerk, now=timezone.now())

    instrument_restore(instrument=bank_account, now=timezone.now())

    assert state(bank_account) == InstrumentState.ACTIVE
    assert run(start(source=agreed(bank_account))).state == S.PENDING


def test_an_account_that_was_frozen_or_called_wrong_while_it_was_removed_comes_back_so(
    bank_account: Instrument, buyer: User, clerk: User
) -> None:
    removed(bank_account, buyer)
    apply(bank_account, clerk, notice("C05", value_unknown=True))
    instrument_restore(instrument=bank_account, now=timezone.now())
    assert state(bank_account) == InstrumentState.DEAD

    removed(bank_account, buyer)
    frozen(bank_account)
    instrument_restore(instrument=bank_account, now=timezone.now())

    assert state(bank_account) == InstrumentState.FROZEN


def frozen(account: Instrument) -> Freeze:
    freeze = freeze_add(
        organization=account.customer.organization, instrument=account, cause=None, code="R10", now=timezone.now()
    )
    assert freeze is not None
    return freeze


def test_the_newest_notice_about_a_detail_decides_however_old_the_others_are(
    bank_account: Instrument, clerk: User
) -> None:
    apply(bank_account, clerk, notice("C05", account_type="SAVING"))
    apply(bank_account, clerk, notice("C05", day="2026-01-14", value_unknown=True))
    apply(bank_account, clerk, notice("C09", day="2026-01-16"))

    assert state(bank_account) == InstrumentState.DEAD
    assert ChangeNotice.objects.count() == 3
