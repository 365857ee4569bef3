import pytest

from oropay.gateway.globalpayments.verdicts import Method, Step, first_resource, verdict_of, verdict_of_error
from oropay.gateway.port import Verdict as V


@pytest.mark.parametrize(
    ("method", "status", "result", "verdict"),
    [
        (Method.CARD, "CAPTURED", "SUCCESS", V.APPROVED),
        (Method.CARD, "PREAUTHORIZED", "SUCCESS", V.APPROVED),
        (Method.CARD, "FUNDED", "SUCCESS", V.APPROVED),
        (Method.CARD, "DECLINED", "DECLINED", V.DECLINED),
        (Method.CARD, "PENDING", "SUCCESS", V.UNKNOWN),
        (Method.CARD, "INITIATED", "SUCCESS", V.UNKNOWN),
        (Method.CARD, "FOR_REVIEW", "SUCCESS", V.REVIEW),
        (Method.CARD, "FAILED", "ERROR", V.FAILED),
        (Method.CARD, "REJECTED", "SUCCESS", V.UNKNOWN),
        (Method.CARD, "SOMETHING_NEW", "SUCCESS", V.UNKNOWN),
        (Method.CARD, "CAPTURED", "", V.UNKNOWN),
        (Method.CARD, "CAPTURED", "PENDING", V.UNKNOWN),
        (Method.CARD, "CAPTURED", "DECLINED", V.UNKNOWN),
        (Method.CARD, "CAPTURED", "ERROR", V.UNKNOWN),
        (Method.ACH, "CAPTURED", "SUCCESS", V.PENDING),
        (Method.ACH, "PENDING", "PENDING", V.PENDING),
        (Method.ACH, "FUNDED", "SUCCESS", V.APPROVED),
        (Method.ACH, "DECLINED", "DECLINED", V.DECLINED),
        (Method.ACH, "REJECTED", "SUCCESS", V.FAILED),
        (Method.ACH, "FOR_REVIEW", "SUCCESS", V.REVIEW),
        (Method.ACH, "PREAUTHORIZED", "SUCCESS", V.UNKNOWN),
        (Method.ACH, "CAPTURED", "ERROR", V.UNKNOWN),
        (Method.UNSEEN, "CAPTURED", "SUCCESS", V.UNKNOWN),
        (Method.UNSEEN, "DECLINED", "DECLINED", V.DECLINED),
    ],
)
def test_a_fresh_answer_to_a_sale(method, status, result, verdict):
    assert verdict_of(step=Step.SALE, method=method, status=status, result=result) is verdict


@pytest.mark.parametrize(
    ("method", "status", "funded", "verdict"),
    [
        (Method.CARD, "CAPTURED", False, V.APPROVED),
        (Method.CARD, "REVERSED", False, V.CANCELED),
        (Method.CARD, "PENDING", False, V.UNKNOWN),
        (Method.ACH, "CAPTURED", False, V.PENDING),
        (Method.ACH, "FUNDED", True, V.APPROVED),
        (Method.ACH, "REVERSED", False, V.CANCELED),
        (Method.ACH, "REVERSED", True, V.RETURNED),
        (Method.ACH, "REJECTED", False, V.FAILED),
        (Method.ACH, "REJECTED", True, V.RETURNED),
        (Method.UNSEEN, "REVERSED", False, V.CANCELED),
        (Method.UNSEEN, "CAPTURED", False, V.UNKNOWN),
    ],
)
def test_a_look_up_counts_without_a_fresh_result(method, status, funded, verdict):
    assert verdict_of(step=Step.LOOK_UP, method=method, status=status, funded=funded) is verdict


@pytest.mark.parametrize(
    ("step", "status", "result", "verdict"),
    [
        (Step.CAPTURE, "CAPTURED", "SUCCESS", V.APPROVED),
        (Step.CAPTURE, "PREAUTHORIZED", "SUCCESS", V.UNKNOWN),
        (Step.CAPTURE, "PREAUTHORIZED", "DECLINED", V.DECLINED),
        (Step.CAPTURE, "CAPTURED", "DECLINED", V.DECLINED),
        (Step.REVERSAL, "REVERSED", "SUCCESS", V.APPROVED),
        (Step.REVERSAL, "REVERSED", "DECLINED", V.UNKNOWN),
        (Step.REVERSAL, "CAPTURED", "DECLINED", V.DECLINED),
        (Step.REVERSAL, "CAPTURED", "SUCCESS", V.UNKNOWN),
        (Step.REVERSAL, "PENDING", "PENDING", V.UNKNOWN),
        (Step.REFUND, "CAPTURED", "SUCCESS", V.APPROVED),
        (Step.REFUND, "DECLINED", "DECLINED", V.DECLINED),
    ],
)
def test_a_fresh_answer_to_a_follow_up(step, status, result, verdict):
    assert verdict_of(step=step, method=Method.CARD, status=status, result=result) is verdict


def test_an_ach_refund_is_pending_like_every_ach_money():
    assert verdict_of(step=Step.REFUND, method=Method.ACH, status="CAPTURED", result="SUCCESS") is V.PENDING


@pytest.mark.parametrize("step", [Step.SALE, Step.LOOK_UP])
@pytest.mark.parametrize(
    ("risk", "verdict"),
    [("PENDING_REVIEW", V.REVIEW), ("HOLD_SUCCESSFUL", V.REVIEW), ("ACCEPTED", V.APPROVED), ("", V.APPROVED)],
)
def test_a_payment_the_fraud_filter_holds_is_in_review(step, risk, verdict):
    got = verdict_of(step=step, method=Method.CARD, status="PREAUTHORIZED", result="SUCCESS", risk=risk)

    assert got is verdict


def test_a_declined_payment_stays_declined_whatever_the_fraud_filter_says():
    got = verdict_of(step=Step.SALE, method=Method.CARD, status="DECLINED", result="DECLINED", risk="PENDING_REVIEW")

    assert got is V.DECLINED


@pytest.mark.parametrize(
    ("http_status", "detailed_code", "duplicate_of", "verdict"),
    [
        (400, "40005", "", V.FAILED),
        (400, "40087", "", V.FAILED),
        (401, "40001", "", V.REFUSED),
        (403, "40003", "", V.REFUSED),
        (403, "", "", V.REFUSED),
        (404, "40008", "", V.NOT_FOUND),
        (404, "", "", V.UNKNOWN),
        (400, "", "", V.UNKNOWN),
        (408, "40000", "", V.UNKNOWN),
        (409, "40039", "TRN_1", V.DUPLICATE),
        (409, "40039", "", V.UNKNOWN),
        (409, "40100", "TRN_1", V.UNKNOWN),
        (429, "", "", V.REFUSED),
        (302, "", "", V.UNKNOWN),
        (500, "50011", "", V.UNKNOWN),
        (501, "50012", "", V.UNKNOWN),
        (502, "50013", "", V.UNKNOWN),
        (504, "50008", "", V.UNKNOWN),
    ],
)
def test_an_answer_that_is_no_success(http_status, detailed_code, duplicate_of, verdict):
    got = verdict_of_error(
        http_status=http_status,
        speaks_gateway=bool(detailed_code),
        detailed_code=detailed_code,
        duplicate_of=duplicate_of,
    )

    assert got is verdict


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Idempotency Key seen before: id=TRN_ab-1_c", "TRN_ab-1_c"),
        ("Idempotency Key seen before: id=AUT_9, status=CHALLENGE_REQUIRED", "AUT_9"),
        ("Idempotency Key seen before", ""),
    ],
)
def test_the_first_resource_is_read_from_the_text_of_a_duplicate(text, name):
    assert first_resource(text) == name
