"""Who must be questioned is: after a decline for want of a confirmation, after many tries, or by setting."""

from collections.abc import Callable

import pytest
from django.utils import timezone
from pytest_django.fixtures import Settings

from oropay import velocity
from oropay.limits import limits_read
from oropay.models import (
    Action,
    Authentication,
    AuthenticationOutcome,
    ChallengeReason,
    Initiator,
    Instrument,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentAction,
    PaymentTransaction,
    ThreeDS,
    ThreeDSExemption,
    TransactionState,
)
from oropay.selectors import PayingView, paying_view
from oropay.services import SavedInstrument
from tests.contract.sandbox import VISA, Sandbox
from tests.oropay.house import bank, charges_at_gateway, reload
from tests.oropay.threeds import CHALLENGE, actions, answer, exchange, fresh, returned, setting, told

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]

WANTS_IT, WANTS_IT_TOO = "4242420000000091", "5100000000000131"
"""The sandbox declines these with 111 unless the payment names an authentication that succeeded."""


def preferences(payment: Payment) -> list[str]:
    """What the bank was told, in the check and when it was let decide."""
    rows = payment.transactions.filter(action__in=[Action.AUTHENTICATE_CHECK, Action.AUTHENTICATE_INITIATE])
    bodies = [exchange(row)["request"]["body"] for row in rows.order_by("pk")]
    return [body.get("preference") or body["three_ds"]["preference"] for body in bodies]


def questioned(payment: Payment, run: Run, sandbox: Sandbox, decision: str = "confirm") -> Payment:
    """The bank questions the buyer, who answers; the worker does the rest."""
    run(payment)
    told(payment)
    assert run(payment).state == S.ACTION_REQUIRED
    answer(fresh(payment), sandbox, decision)
    returned(payment)
    run(payment)
    return fresh(payment)


def view_of(payment: Payment) -> PayingView:
    return paying_view(payment=Payment.objects.get(pk=payment.pk), now=timezone.now())


@pytest.mark.parametrize("card", [WANTS_IT, WANTS_IT_TOO])
def test_a_decline_for_want_of_a_confirmation_offers_one_more_try_which_asks_and_is_charged_once(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, card: str
) -> None:
    first = start(card=card)
    declined = run(first)
    assert (declined.state, declined.result_code) == (S.DECLINED, "111")
    view = view_of(first)
    assert (view.confirmable, view.sentence) == (True, "Nothing was charged. The payment was declined.")
    assert view.decline.startswith("Your bank wants you to confirm this payment")
    assert reload(payable).bank_asks

    second = start(card=card)
    second_asked = questioned(second, run, sandbox)
    charge = run(second)

    assert actions(second)[-1] == (Action.CHARGE, S.APPROVED)
    assert preferences(second) == ["CHALLENGE_MANDATED", "CHALLENGE_MANDATED"]
    assert second_asked.authentication.challenge_reason == ChallengeReason.BANK
    assert (second_asked.authentication.outcome, second_asked.authentication.eci) == (
        AuthenticationOutcome.AUTHENTICATED,
        "02" if card == WANTS_IT_TOO else "05",
    )
    assert (second_asked.authentication.liability_shift, second_asked.authentication.challenged) == (True, True)
    assert charge.reference != declined.reference
    assert charges_at_gateway(sandbox, declined) == ["DECLINED"]
    assert charges_at_gateway(sandbox, charge) == ["CAPTURED"]
    assert (reload(payable).paid, reload(payable).bank_asks) == (100, False)


def test_who_was_asked_and_is_declined_all_the_same_is_offered_no_third_try(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox
) -> None:
    run(start(card=WANTS_IT))
    rule = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"decline": {"result": "111"}}}

    second = start(card=CHALLENGE)
    questioned(second, run, sandbox)
    sandbox.control("/rules", rule)
    row = run(second)

    assert (row.action, row.state, row.result_code) == (Action.CHARGE, S.DECLINED, "111")
    view = paying_view(payment=fresh(second), now=timezone.now())
    assert not view.confirmable
    assert not view.repeatable
    assert view.decline == "Your bank declined the card. Please use another card or ask your bank."
    assert not reload(payable).bank_asks
    assert reload(payable).payable_now == 100


def test_a_refused_question_ends_it_and_charges_nothing(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox
) -> None:
    run(start(card=WANTS_IT))

    second = questioned(start(card=WANTS_IT), run, sandbox, "refuse")

    assert second.money_state == MoneyState.DECLINED
    assert not second.transactions.filter(action=Action.CHARGE).exists()
    assert not reload(payable).bank_asks
    assert reload(payable).payable_now == 100


def test_a_saved_card_is_questioned_after_its_bank_wanted_it(
    start: Start, run: Run, saved: Instrument, sandbox: Sandbox, payable: Payable
) -> None:
    rule = {"match": {"endpoint": "/transactions", "method": "POST"}, "action": {"decline": {"result": "111"}}}
    sandbox.control("/rules", rule)
    first = start(source=SavedInstrument(instrument_id=saved.pk))
    assert run(first).state == S.DECLINED

    second = start(source=SavedInstrument(instrument_id=saved.pk))

    assert second.transactions.get().action == Action.AUTHENTICATE_CHECK
    assert second.authentication.challenge_reason == ChallengeReason.BANK


def test_a_claimed_exemption_that_the_bank_refuses_is_followed_by_the_question(
    start: Start, run: Run, integration: Integration, payable: Payable
) -> None:
    setting(integration, threeds_exemption=ThreeDSExemption.LOW_VALUE)
    first = start(card=WANTS_IT)
    assert run(first).result_code == "111"
    assert fresh(first).authentication.outcome == AuthenticationOutcome.EXEMPT
    assert view_of(first).confirmable

    second = start(card=WANTS_IT)

    assert (second.authentication.exemption, second.authentication.challenge_reason) == ("", ChallengeReason.BANK)
    assert fresh(first).authentication.exemption == "LOW_VALUE"


def test_nobody_is_questioned_where_nobody_sits_before_a_browser(start: Start, run: Run, payable: Payable) -> None:
    first = start(card=WANTS_IT, initiator=Initiator.STAFF)
    run(first)
    assert not view_of(first).confirmable

    second = start(card=WANTS_IT, initiator=Initiator.STAFF)

    assert second.transactions.get().action == Action.CHARGE
    assert not Authentication.objects.filter(payment=second).exists()


def test_a_bank_account_is_debited_without_a_question_after_a_card_s_bank_wanted_one(
    start: Start, run: Run, payable: Payable
) -> None:
    run(start(card=WANTS_IT))

    debit = run(start(source=bank()))

    assert (debit.action, debit.state) == (Action.CHARGE, S.PENDING)
    assert not reload(payable).bank_asks


def test_another_decline_asks_nobody(start: Start, run: Run, payable: Payable) -> None:
    run(start(card="4000120000001154"))

    assert not reload(payable).bank_asks
    assert start().transactions.get().action == Action.CHARGE


def test_many_tries_make_the_bank_question_the_buyer(
    start: Start, run: Run, integration: Integration, settings: Settings
) -> None:
    velocity._store().flushdb()
    settings.OROPAY_VELOCITY = limits_read("charge/user/600=1:9")
    setting(integration, threeds=ThreeDS.NEW_CARDS)
    calm = start()
    run(calm)
    told(calm)
    run(calm)
    run(calm)
    assert preferences(calm) == ["NO_PREFERENCE", "NO_PREFERENCE"]
    Payable.objects.update(paid=0)

    hurried = start()
    run(hurried)
    told(hurried)
    run(hurried)

    assert fresh(hurried).authentication.challenge_reason == ChallengeReason.TRIES
    assert preferences(hurried) == ["CHALLENGE_MANDATED", "CHALLENGE_MANDATED"]
    velocity._store().flushdb()


@pytest.mark.parametrize(
    ("wished", "reason", "preference"),
    [(True, ChallengeReason.SETTING, "CHALLENGE_MANDATED"), (False, ChallengeReason.NONE, "NO_PREFERENCE")],
)
def test_an_integration_may_always_have_the_buyer_questioned(
    start: Start, run: Run, integration: Integration, wished: bool, reason: ChallengeReason, preference: str
) -> None:
    setting(integration, threeds=ThreeDS.ALWAYS, threeds_challenge=wished)

    payment = start(card=VISA)
    run(payment)
    told(payment)
    run(payment)

    assert payment.authentication.challenge_reason == reason
    assert preferences(payment) == [preference, preference]


def test_a_hold_of_several_captures_stays_one_when_its_buyer_is_asked(
    start: Start, run: Run, integration: Integration
) -> None:
    setting(
        integration,
        threeds=ThreeDS.ALWAYS,
        payment_action=PaymentAction.MANUAL,
        echeck=False,
        several_captures=True,
    )
    type(integration.provider).objects.update(multi_capture=True)
    payment = start()
    run(payment)
    told(payment)
    run(payment)

    hold = run(payment)

    assert (hold.action, hold.state, hold.capture_mode) == (Action.AUTHORIZE, S.APPROVED, "multiple")


def test_the_page_says_what_leaving_it_would_mean(start: Start, run: Run, integration: Integration) -> None:
    setting(integration, threeds=ThreeDS.ALWAYS)
    payment = start(card=CHALLENGE)
    now = timezone.now()
    waiting = paying_view(payment=fresh(payment), now=now)
    run(payment)
    told(payment)
    run(payment)
    asked = paying_view(payment=fresh(payment), now=now)
    by = f"{timezone.localtime(fresh(payment).authentication.expires_at):%H:%M}"

    assert waiting.sentence == "Nothing is charged yet. We are asking your bank whether it wants you to confirm."
    assert waiting.hint.startswith("Please stay on this page. If you leave, nothing is charged and nothing is held")
    assert asked.sentence == "Nothing is charged yet. Your bank asks you to confirm."
    assert asked.hint.startswith(f"Please answer your bank below, by {by} ")
    assert "close this page" not in asked.hint + asked.sentence + waiting.hint + waiting.sentence
    assert len({waiting.mark, asked.mark}) == 2


def test_a_payment_that_asks_nobody_may_be_left(start: Start) -> None:
    view = view_of(start())

    assert view.hint.startswith("You may wait here or close this page; nothing is charged twice.")
    assert view.mark == "processing"
