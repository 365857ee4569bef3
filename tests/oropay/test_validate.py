"""A zero-amount check of a card: it saves a card, moves nothing, and a lost one is not worth a search."""

import uuid
from collections.abc import Callable

import pytest
from django.utils import timezone

from commerce.models import Order
from ledger.models import Entry
from oropay import engine
from oropay.exceptions import InstrumentUnusable, MethodUnavailable
from oropay.models import (
    Action,
    Alert,
    CardCheck,
    CheckPolicy,
    FailureReason,
    Instrument,
    InstrumentState,
    Integration,
    MoneyState,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.selectors import paying_view
from oropay.services import instrument_validate_start
from reconciliation.models import Expectation
from tests.contract.sandbox import DECLINED_VISA, Sandbox
from tests.oropay.house import bank
from tests.oropay.test_cardchecks import CODE_WRONG, EVERYTHING_MATCHES

S = TransactionState
Check = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


def test_a_card_its_bank_answers_for_is_saved_and_nothing_moves(check: Check, run: Run) -> None:
    payment = check(nickname=" Office card ")

    row = run(payment)

    payment.refresh_from_db()
    instrument = Instrument.objects.get(payments=payment)
    assert (row.action, row.amount, row.state, row.gateway_id[:4]) == (Action.VALIDATE, 0, S.APPROVED, "VER_")
    assert payment.money_state == MoneyState.VALIDATED
    assert (instrument.state, instrument.owner, instrument.nickname) == (InstrumentState.ACTIVE, None, "Office card")
    assert (instrument.brand, instrument.last4, instrument.expiry_year) == ("VISA", "5262", 2030)
    assert instrument.token.startswith("PMT_")
    assert instrument.brand_reference
    assert (Entry.objects.count(), Expectation.objects.count()) == (0, 0)


def test_a_checked_card_pays_the_next_order(check: Check, run: Run, start: Callable[..., Payment]) -> None:
    from oropay.services import SavedInstrument

    payment = check(mine=True)
    run(payment)

    row = run(start(source=SavedInstrument(instrument_id=payment.instrument_id or 0)))

    assert row.state == S.APPROVED


def test_a_card_its_bank_does_not_accept_is_not_saved(check: Check, run: Run) -> None:
    payment = check(card=DECLINED_VISA)

    row = run(payment)

    payment.refresh_from_db()
    assert (row.state, row.result_code) == (S.DECLINED, "101")
    assert Instrument.objects.get(payments=payment).state == InstrumentState.ONCE
    assert paying_view(payment=payment, now=timezone.now()).sentence == (
        "Nothing was charged, and the card is not saved: its bank did not accept it."
    )


@pytest.mark.parametrize("policy", [CheckPolicy.REFUSE, CheckPolicy.REVIEW])
def test_a_card_with_a_wrong_security_code_is_not_saved_where_a_payment_with_it_would_be_stopped(
    check: Check, run: Run, integration: Integration, policy: CheckPolicy
) -> None:
    Integration.objects.filter(pk=integration.pk).update(cvv_not_matched=policy, avs_not_checked=policy)

    wrong, right = check(card=CODE_WRONG), check(card=EVERYTHING_MATCHES)
    row, good = run(wrong), run(right)

    wrong.refresh_from_db()
    view = paying_view(payment=wrong, now=timezone.now())
    assert (row.state, row.cvv, good.state) == (S.DECLINED, "NOT_MATCHED", S.APPROVED)
    assert Instrument.objects.get(payments=wrong).state == InstrumentState.ONCE
    assert Instrument.objects.get(payments=right).state == InstrumentState.ACTIVE
    assert (view.state, view.card_not_kept) == (MoneyState.DECLINED, False)
    assert view.sentence == "Nothing was charged, and the card is not saved."
    assert view.decline == (
        "Your bank did not confirm the card's details. Please check them and enter it again, or use another."
    )
    assert CardCheck.objects.get().found == ["cvv_not_matched"]
    assert not Alert.objects.exists()


def test_a_card_with_a_wrong_security_code_is_saved_where_the_integration_accepts_it(check: Check, run: Run) -> None:
    payment = check(card=CODE_WRONG)

    run(payment)

    assert Instrument.objects.get(payments=payment).state == InstrumentState.ACTIVE


def test_the_same_click_again_joins_the_check_already_running(check: Check) -> None:
    key = uuid.uuid4()

    first, second = check(key=key), check(key=key)

    assert first.pk == second.pk
    assert Instrument.objects.count() == 1


def test_an_integration_that_is_switched_off_checks_nothing(check: Check, integration: Integration) -> None:
    Integration.objects.filter(pk=integration.pk).update(is_active=False)

    with pytest.raises(MethodUnavailable, match="switched off"):
        check()

    assert (Payment.objects.count(), Instrument.objects.count()) == (0, 0)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_check_whose_answer_was_lost_ends_by_itself_because_it_moves_no_money(
    check: Check, run: Run, sandbox: Sandbox, when: str
) -> None:
    payment = check()
    sandbox.control("/rules", {"match": {"endpoint": "/verifications"}, "action": {"drop": {"when": when}}})
    assert run(payment).state == S.UNKNOWN

    row = payment.transactions.get()
    engine.look(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    payment.refresh_from_db()
    assert (row.state, row.failure_reason) == (S.FAILED, FailureReason.UNANSWERED)
    assert payment.money_state == MoneyState.FAILED
    assert Instrument.objects.get(payments=payment).state == InstrumentState.ONCE
    assert not Alert.objects.exists()
    assert "enter the card again" in paying_view(payment=payment, now=timezone.now()).sentence


def test_a_saved_card_is_checked_again_and_stays_what_it_is(check: Check, run: Run, order: Order) -> None:
    saved = check()
    run(saved)
    instrument = Instrument.objects.get(payments=saved)

    first = instrument_validate_start(instrument=instrument, by=order.placed_by, now=timezone.now())
    again = instrument_validate_start(instrument=instrument, by=order.placed_by, now=timezone.now())
    row = run(first)

    assert first.pk == again.pk
    assert row.state == S.APPROVED
    token = instrument.token
    instrument.refresh_from_db()
    assert (instrument.state, instrument.token) == (InstrumentState.ACTIVE, token)


def test_a_bank_account_is_not_checked_as_a_card(start: Callable[..., Payment], run: Run, order: Order) -> None:
    payment = start(source=bank(keep=True))
    run(payment)

    with pytest.raises(InstrumentUnusable, match="Only a saved card"):
        instrument_validate_start(
            instrument=Instrument.objects.get(payments=payment), by=order.placed_by, now=timezone.now()
        )

    assert not PaymentTransaction.objects.filter(action=Action.VALIDATE).exists()
