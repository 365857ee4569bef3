"""Removing saved cards and accounts: here at once, at the gateway a little later, whatever becomes of its answers."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.conf import settings
from django.utils import timezone

from commerce.models import User
from oropay.exceptions import InstrumentNotChanged
from oropay.gateway.port import Verdict
from oropay.models import (
    Instrument,
    InstrumentRequest,
    InstrumentRequestState,
    InstrumentState,
    Mandate,
    MandateKind,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import (
    SavedInstrument,
    instrument_restore,
    request_again,
)
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank
from tests.oropay.wallet import LATER, at_gateway, fault, removed, work

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


def test_a_removed_card_is_deleted_at_the_gateway_when_the_time_to_undo_is_over(
    saved: Instrument, buyer: User, sandbox: Sandbox
) -> None:
    request = removed(saved, buyer)

    assert work(request, after=timedelta(0)).state == InstrumentRequestState.QUEUED
    assert at_gateway(sandbox, saved.token) == Verdict.APPROVED
    assert work(request).state == InstrumentRequestState.DONE
    saved.refresh_from_db()
    assert saved.state == InstrumentState.DELETED
    assert at_gateway(sandbox, saved.token) == Verdict.NOT_FOUND


@pytest.mark.parametrize(
    "action",
    [
        {"http": {"status": 204, "body": ""}},
        {"timeout": {"ms": 4000, "when": "after"}},
        {"drop": {"when": "after"}},
        {"drop": {"when": "before"}},
        {"html_502": {"when": "after"}},
        {"http": {"status": 429, "body": {"error_code": "x", "detailed_error_code": "1"}}},
    ],
    ids=lambda action: "-".join(str(part) for part in next(iter(action.items()))),
)
def test_a_deletion_whose_answer_was_lost_or_odd_ends_deleted(
    saved: Instrument, buyer: User, sandbox: Sandbox, action: dict[str, object]
) -> None:
    request = removed(saved, buyer)
    fault(sandbox, "DELETE", action)

    first = work(request)
    second = work(request, after=2 * LATER)

    assert first.state in {InstrumentRequestState.QUEUED, InstrumentRequestState.DONE}
    assert (second.state, second.error) == (InstrumentRequestState.DONE, "")


def test_a_deletion_is_only_done_once_by_two_workers(saved: Instrument, buyer: User, sandbox: Sandbox) -> None:
    request = removed(saved, buyer)

    work(request)
    work(request)

    asked = [row["method"] for row in sandbox.asked("/payment-methods/{id}") if saved.token in row["path"]]
    assert asked.count("DELETE") == 1


def test_a_worker_that_died_while_deleting_is_followed_by_another(
    saved: Instrument, buyer: User, sandbox: Sandbox
) -> None:
    request = removed(saved, buyer)
    now = timezone.now()
    InstrumentRequest.objects.update(state=InstrumentRequestState.SENDING, tries=1, next_at=now)

    done = work(request)

    assert (done.state, done.tries) == (InstrumentRequestState.DONE, 2)


def test_a_gateway_that_never_answers_ends_in_a_failure_that_a_person_may_repeat(
    saved: Instrument, buyer: User, sandbox: Sandbox
) -> None:
    request = removed(saved, buyer)
    steps = len(settings.OROPAY_INSTRUMENT_STEPS)
    fault(sandbox, "DELETE", {"drop": {"when": "before"}}, times=steps + 1)

    for number in range(steps + 1):
        request = work(request, after=(number + 1) * timedelta(days=2))

    assert (request.state, request.tries) == (InstrumentRequestState.FAILED, steps + 1)
    assert request.error
    again = request_again(request=request, by=buyer, now=timezone.now())
    assert work(again).state == InstrumentRequestState.DONE


def test_what_the_gateway_never_had_counts_as_deleted(saved: Instrument, buyer: User, sandbox: Sandbox) -> None:
    sandbox.gateway().delete_card(token=saved.token)

    assert work(removed(saved, buyer)).state == InstrumentRequestState.DONE


def test_a_card_about_to_pay_is_deleted_after_its_payment(
    saved: Instrument, buyer: User, start: Start, run: Run, sandbox: Sandbox
) -> None:
    payment = start(source=SavedInstrument(instrument_id=saved.pk))
    request = removed(saved, buyer)

    assert work(request).state == InstrumentRequestState.QUEUED
    assert run(payment).state == TransactionState.APPROVED
    assert work(request, after=2 * LATER).state == InstrumentRequestState.DONE


def test_a_card_removed_by_mistake_comes_back(saved: Instrument, buyer: User, sandbox: Sandbox) -> None:
    request = removed(saved, buyer)

    instrument_restore(instrument=saved, now=timezone.now())

    saved.refresh_from_db()
    assert saved.state == InstrumentState.ACTIVE
    assert work(request).state == InstrumentRequestState.CANCELED
    assert at_gateway(sandbox, saved.token) == Verdict.APPROVED


def test_it_is_too_late_to_undo_once_a_worker_began(saved: Instrument, buyer: User) -> None:
    work(removed(saved, buyer))

    with pytest.raises(InstrumentNotChanged, match="too late to bring it back"):
        instrument_restore(instrument=saved, now=timezone.now())

    saved.refresh_from_db()
    assert saved.state == InstrumentState.DELETED


def test_removing_twice_is_refused_and_asks_once(saved: Instrument, buyer: User) -> None:
    removed(saved, buyer)

    with pytest.raises(InstrumentNotChanged, match="removed already"):
        removed(saved, buyer)

    assert InstrumentRequest.objects.count() == 1


def test_a_removed_bank_account_leaves_no_number_behind(start: Start, run: Run, buyer: User) -> None:
    run(start(source=bank(keep=True)))
    account = Instrument.objects.get(state=InstrumentState.ACTIVE)
    standing = Mandate.objects.get()
    Mandate.objects.update(kind=MandateKind.STANDING)

    request = work(removed(account, buyer))

    account.refresh_from_db()
    standing.refresh_from_db()
    assert request.state == InstrumentRequestState.DONE
    assert (account.sealed, account.key_id, account.last4) == (None, "", "2468")
    assert standing.revoked_at is not None
