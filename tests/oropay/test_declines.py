"""Why a payment was refused: what buyers read, what staff read, and what never reaches a buyer."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from oropay.declines import DECLINES, NEVER_SAID, OTHERWISE, Suspicion, decline_of, reason_shown
from oropay.models import FailureReason, MoneyState, Payment, PaymentTransaction, TransactionState
from oropay.selectors import paying_view
from tests.contract.sandbox import DECLINED_VISA

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


@pytest.mark.parametrize("code", sorted(DECLINES))
def test_no_buyer_reads_that_a_card_is_stolen_or_a_payment_suspect(code: str) -> None:
    decline = DECLINES[code]

    assert str(decline.staff)
    assert str(decline.buyer).endswith(".")
    assert [word for word in NEVER_SAID if word in str(decline.buyer).lower()] == []
    assert not (decline.suspicion == Suspicion.STRONG and decline.same_card)


@pytest.mark.parametrize(
    ("card", "code", "told", "kept", "repeatable"),
    [
        (
            DECLINED_VISA,
            "101",
            "Your bank declined the card. Please use another card or ask your bank.",
            "The bank declined without a reason. (101)",
            False,
        ),
        (
            "4000130000001724",
            "102",
            "Your bank wants to be called before it approves. Please call it or use another card.",
            "Referral: the bank wants the card holder to call it. (102)",
            True,
        ),
        (
            "4000160000004147",
            "103",
            "Your bank declined the card. Please use another card or ask your bank.",
            "Reported lost or stolen. Do not tell the buyer. (103)",
            False,
        ),
        (
            "4242420000000091",
            "111",
            "Your bank wants you to confirm this payment first. Please try once more: it will ask you before anything "
            "is charged.",
            "The bank wants 3-D Secure for it. (111)",
            True,
        ),
    ],
)
def test_each_test_card_says_its_reason_to_buyer_and_staff(
    start: Start, run: Run, card: str, code: str, told: str, kept: str, repeatable: bool
) -> None:
    row = run(start(card=card))

    view = paying_view(payment=Payment.objects.get(pk=row.payment_id), now=timezone.now())
    assert (row.state, row.result_code, view.state) == (TransactionState.DECLINED, code, MoneyState.DECLINED)
    assert (view.decline, view.repeatable) == (told, repeatable)
    assert reason_shown(row) == kept


def test_an_unknown_code_still_tells_the_buyer_what_to_do() -> None:
    row = PaymentTransaction(state=TransactionState.DECLINED, result_code="ZZ")

    assert decline_of(row) == OTHERWISE
    assert str(OTHERWISE.buyer) == "Please use another card or bank account."


def test_a_payment_that_the_fraud_filter_rejected_reads_like_any_decline() -> None:
    row = PaymentTransaction(state=TransactionState.DECLINED, result_code="101", risk="REJECTED")

    assert decline_of(row) == DECLINES["risk"]
    assert DECLINES["risk"].buyer == DECLINES["101"].buyer


def test_an_expired_card_is_the_buyers_to_correct_not_our_mistake() -> None:
    row = PaymentTransaction(state=TransactionState.FAILED, failure_reason=FailureReason.REFUSED, error_code="40085")

    assert decline_of(row) == DECLINES["40085"]
    assert "expired" in str(DECLINES["40085"].buyer)


@pytest.mark.parametrize("state", [TransactionState.APPROVED, TransactionState.UNKNOWN, TransactionState.QUEUED])
def test_what_was_not_refused_has_no_reason(state: TransactionState) -> None:
    row = PaymentTransaction(state=state, result_code="101")

    assert (decline_of(row), reason_shown(row)) == (None, "")
