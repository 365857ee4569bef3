"""3-D Secure against gpsandbox, where nobody is asked: every card of its table, what is kept, who is asked."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import User
from ledger.models import AccountName
from oropay.models import (
    Action,
    Authentication,
    AuthenticationOutcome,
    Initiator,
    Instrument,
    InstrumentState,
    Integration,
    MoneyState,
    Payable,
    Payment,
    PaymentAction,
    PaymentStatus,
    PaymentTransaction,
    ThreeDS,
    ThreeDSExemption,
    ThreeDSUnavailable,
    TransactionState,
)
from oropay.selectors import paying_view
from oropay.services import SavedInstrument
from tests.contract.sandbox import VISA, Sandbox
from tests.oropay.house import charges_at_gateway, reload
from tests.oropay.threeds import (
    ATTEMPTED,
    COULD_NOT,
    FAILED,
    MASTERCARD,
    NO_METHOD_PAGE,
    NOT_ENROLLED,
    REJECTED,
    actions,
    exchange,
    fresh,
    setting,
    told,
)

S = TransactionState
Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture(autouse=True)
def always(integration: Integration) -> Integration:
    """Every card payment asks who is paying."""
    return setting(integration, threeds=ThreeDS.ALWAYS)


@pytest.mark.parametrize(
    ("card", "outcome", "eci"),
    [
        (VISA, AuthenticationOutcome.AUTHENTICATED, "05"),
        (NO_METHOD_PAGE, AuthenticationOutcome.AUTHENTICATED, "05"),
        (ATTEMPTED, AuthenticationOutcome.ATTEMPTED, "06"),
        (MASTERCARD, AuthenticationOutcome.AUTHENTICATED, "02"),
    ],
)
def test_a_bank_that_says_yes_shifts_the_liability_and_the_charge_names_the_proof(
    start: Start, run: Run, payable: Payable, sandbox: Sandbox, card: str, outcome: AuthenticationOutcome, eci: str
) -> None:
    payment = start(card=card)
    assert actions(payment) == [(Action.AUTHENTICATE_CHECK, S.QUEUED)]

    assert run(payment).state == S.ACTION_REQUIRED
    told(payment)
    assert run(payment).state == S.APPROVED
    charge = run(payment)

    payment = fresh(payment)
    asked = payment.authentication
    assert (charge.action, charge.state) == (Action.CHARGE, S.APPROVED)
    assert (asked.outcome, asked.liability_shift, asked.eci, asked.challenged) == (outcome, True, eci, False)
    assert (asked.message_version, asked.gateway_id[:4], asked.for_browser) == ("2.2.0", "AUT_", None)
    assert asked.server_trans_ref
    assert asked.ds_trans_ref
    named = exchange(charge)["request"]["body"]["payment_method"]["authentication"]
    assert named == {
        "id": asked.gateway_id,
        "three_ds": {
            "message_version": "2.2.0",
            "eci": eci,
            "server_trans_ref": asked.server_trans_ref,
            "ds_trans_ref": asked.ds_trans_ref,
        },
    }
    shown = exchange(charge)["response"]["payment_method"]["authentication"]["three_ds"]
    assert (shown["cavv_result"], shown["liability_shift"]) == ("MATCHED", "YES")
    assert payment.money_state == MoneyState.CAPTURED
    assert reload(payable).paid == 100
    assert charges_at_gateway(sandbox, charge) == ["CAPTURED"]


def test_the_cryptogram_is_kept_nowhere(start: Start, run: Run) -> None:
    payment = start()
    run(payment)
    told(payment)
    row = run(payment)

    assert exchange(row)["response"]["three_ds"]["authentication_value"] == "•••"
    assert "authentication_value" not in {field.name for field in Authentication._meta.get_fields()}


def test_a_hold_is_authenticated_as_a_charge_is(start: Start, run: Run, integration: Integration) -> None:
    setting(integration, payment_action=PaymentAction.MANUAL, echeck=False)
    payment = start()
    run(payment)
    told(payment)
    run(payment)

    hold = run(payment)

    assert (hold.action, hold.state, hold.capture_mode) == (Action.AUTHORIZE, S.APPROVED, "later")
    assert fresh(payment).money_state == MoneyState.AUTHORIZED


@pytest.mark.parametrize(
    ("card", "outcome", "words"),
    [
        (FAILED, AuthenticationOutcome.FAILED, "Your bank could not confirm that it is you."),
        (REJECTED, AuthenticationOutcome.REJECTED, "Your bank did not allow this payment."),
    ],
)
def test_a_bank_that_says_no_ends_the_payment_and_the_buyer_reads_why(
    start: Start, run: Run, payable: Payable, card: str, outcome: AuthenticationOutcome, words: str
) -> None:
    payment = start(card=card)
    run(payment)
    told(payment)

    row = run(payment)

    payment = fresh(payment)
    assert (row.action, row.state) == (Action.AUTHENTICATE_INITIATE, S.DECLINED)
    assert not payment.transactions.filter(action=Action.CHARGE).exists()
    assert (payment.money_state, payment.authentication.outcome) == (MoneyState.DECLINED, outcome)
    assert not payment.authentication.liability_shift
    assert paying_view(payment=payment, now=timezone.now()).decline.startswith(words)
    assert reload(payable).status == PaymentStatus.DECLINED
    assert reload(payable).payable_now == 100
    assert not payment.parts.get().live
    start()


@pytest.mark.parametrize(
    ("card", "outcome", "questions"),
    [(COULD_NOT, AuthenticationOutcome.UNAVAILABLE, 2), (NOT_ENROLLED, AuthenticationOutcome.NOT_ENROLLED, 1)],
)
@pytest.mark.parametrize("policy", list(ThreeDSUnavailable))
def test_a_bank_that_cannot_be_asked_is_the_integration_s_decision(
    start: Start,
    run: Run,
    payable: Payable,
    integration: Integration,
    card: str,
    outcome: AuthenticationOutcome,
    questions: int,
    policy: ThreeDSUnavailable,
) -> None:
    setting(integration, threeds_unavailable=policy)
    payment = start(card=card)
    run(payment)
    if questions == 2:
        told(payment)
        run(payment)

    payment = fresh(payment)
    assert (payment.authentication.outcome, payment.authentication.liability_shift) == (outcome, False)
    if policy == ThreeDSUnavailable.REFUSE:
        assert actions(payment)[-1][1] == S.DECLINED
        assert payment.money_state == MoneyState.DECLINED
        assert "card" in paying_view(payment=payment, now=timezone.now()).decline
        assert reload(payable).payable_now == 100
    else:
        charge = run(payment)
        assert (charge.action, charge.state) == (Action.CHARGE, S.APPROVED)
        assert "authentication" not in exchange(charge)["request"]["body"]["payment_method"]
        assert reload(payable).paid == 100


@pytest.mark.parametrize("completion", ["NO", "UNAVAILABLE"])
def test_a_method_page_that_does_not_answer_leads_on(start: Start, run: Run, completion: str) -> None:
    payment = start()
    run(payment)

    told(payment, completion=completion)
    row = run(payment)

    assert row.state == S.APPROVED
    assert exchange(row)["request"]["body"]["method_url_completion_status"] == completion
    assert fresh(payment).authentication.method_completion == completion


@pytest.mark.parametrize(
    ("policy", "first_asked"),
    [
        (ThreeDS.NEW_CARDS, Action.AUTHENTICATE_CHECK),
        (ThreeDS.ALWAYS, Action.AUTHENTICATE_CHECK),
        (ThreeDS.NEVER, Action.CHARGE),
    ],
)
def test_who_is_asked_is_the_integration_s_setting(
    start: Start, integration: Integration, buyer: User, payable: Payable, policy: ThreeDS, first_asked: Action
) -> None:
    """Of a card that was saved while nobody was asked; `test_threeds_saved.py` has those that were asked about."""
    setting(integration, threeds=ThreeDS.NEVER)
    first = start()
    PaymentTransaction.objects.filter(payment=first).update(state=S.CANCELED)
    first.parts.update(live=False)
    Instrument.objects.filter(payments=first).update(state=InstrumentState.ACTIVE)
    setting(integration, threeds=policy)

    by_saved = start(source=SavedInstrument(instrument_id=first.instrument_id or 0))
    saved_action = by_saved.transactions.get().action
    PaymentTransaction.objects.filter(payment=by_saved).update(state=S.CANCELED)
    by_saved.parts.update(live=False)
    by_new = start()

    assert (saved_action, by_new.transactions.get().action) == (first_asked, first_asked)


@pytest.mark.parametrize("initiator", [Initiator.STAFF, Initiator.AUTOPAY, Initiator.SCHEDULE, Initiator.SYSTEM])
def test_nobody_is_asked_where_nobody_sits_before_a_browser(
    start: Start, integration: Integration, initiator: Initiator
) -> None:
    setting(integration, threeds_exemption=ThreeDSExemption.LOW_VALUE)

    payment = start(initiator=initiator)

    assert payment.transactions.get().action == Action.CHARGE
    assert not Authentication.objects.filter(payment=payment).exists()


def test_an_exemption_is_claimed_kept_and_sent_where_nobody_is_asked(
    start: Start, run: Run, integration: Integration
) -> None:
    setting(integration, threeds=ThreeDS.NEVER, threeds_exemption=ThreeDSExemption.SECURE_CORPORATE_PAYMENT)

    payment = start()
    charge = run(payment)

    asked = fresh(payment).authentication
    assert (charge.action, charge.state) == (Action.CHARGE, S.APPROVED)
    assert (asked.outcome, asked.exemption, asked.liability_shift) == (
        AuthenticationOutcome.EXEMPT,
        "SECURE_CORPORATE_PAYMENT",
        False,
    )
    assert exchange(charge)["request"]["body"]["payment_method"]["authentication"] == {
        "three_ds": {"exempt_status": "SECURE_CORPORATE_PAYMENT"}
    }
