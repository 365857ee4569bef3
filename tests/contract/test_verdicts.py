from typing import Any

import pytest

from oropay.gateway.globalpayments.answers import answer_of_body
from oropay.gateway.globalpayments.verdicts import Method, Step, first_resource, verdict_of, verdict_of_error
from oropay.gateway.port import Verdict


@pytest.mark.parametrize(
    ("method", "status", "result", "verdict"),
    [
        (Method.CARD, "CAPTURED", "SUCCESS", Verdict.APPROVED),
        (Method.CARD, "PREAUTHORIZED", "SUCCESS", Verdict.APPROVED),
        (Method.CARD, "FUNDED", "SUCCESS", Verdict.APPROVED),
        (Method.CARD, "DECLINED", "DECLINED", Verdict.DECLINED),
        (Method.CARD, "PENDING", "SUCCESS", Verdict.UNKNOWN),
        (Method.CARD, "INITIATED", "SUCCESS", Verdict.UNKNOWN),
        (Method.CARD, "FOR_REVIEW", "SUCCESS", Verdict.REVIEW),
        (Method.CARD, "FAILED", "ERROR", Verdict.FAILED),
        (Method.CARD, "REJECTED", "SUCCESS", Verdict.UNKNOWN),
        (Method.CARD, "SOMETHING_NEW", "SUCCESS", Verdict.UNKNOWN),
        (Method.CARD, "CAPTURED", "", Verdict.UNKNOWN),
        (Method.CARD, "CAPTURED", "PENDING", Verdict.UNKNOWN),
        (Method.CARD, "CAPTURED", "DECLINED", Verdict.UNKNOWN),
        (Method.CARD, "CAPTURED", "ERROR", Verdict.UNKNOWN),
        (Method.ACH, "CAPTURED", "SUCCESS", Verdict.PENDING),
        (Method.ACH, "PENDING", "PENDING", Verdict.PENDING),
        (Method.ACH, "FUNDED", "SUCCESS", Verdict.APPROVED),
        (Method.ACH, "DECLINED", "DECLINED", Verdict.DECLINED),
        (Method.ACH, "REJECTED", "SUCCESS", Verdict.FAILED),
        (Method.ACH, "FOR_REVIEW", "SUCCESS", Verdict.REVIEW),
        (Method.ACH, "PREAUTHORIZED", "SUCCESS", Verdict.UNKNOWN),
        (Method.ACH, "CAPTURED", "ERROR", Verdict.UNKNOWN),
        (Method.UNSEEN, "CAPTURED", "SUCCESS", Verdict.UNKNOWN),
        (Method.UNSEEN, "DECLINED", "DECLINED", Verdict.DECLINED),
    ],
)
def test_a_fresh_answer_to_a_sale(method: Method, status: Any, result: str, verdict: Verdict) -> None:
    assert verdict_of(step=Step.SALE, method=method, status=status, result=result) is verdict


@pytest.mark.parametrize(
    ("method", "status", "funded", "verdict"),
    [
        (Method.CARD, "CAPTURED", False, Verdict.APPROVED),
        (Method.CARD, "REVERSED", False, Verdict.CANCELED),
        (Method.CARD, "PENDING", False, Verdict.UNKNOWN),
        (Method.ACH, "CAPTURED", False, Verdict.PENDING),
        (Method.ACH, "FUNDED", True, Verdict.APPROVED),
        (Method.ACH, "REVERSED", False, Verdict.CANCELED),
        (Method.ACH, "REVERSED", True, Verdict.RETURNED),
        (Method.ACH, "REJECTED", False, Verdict.FAILED),
        (Method.ACH, "REJECTED", True, Verdict.RETURNED),
        (Method.UNSEEN, "REVERSED", False, Verdict.CANCELED),
        (Method.UNSEEN, "CAPTURED", False, Verdict.UNKNOWN),
    ],
)
def test_a_look_up_counts_without_a_fresh_result(method: Method, status: Any, funded: bool, verdict: Verdict) -> None:
    assert verdict_of(step=Step.LOOK_UP, method=method, status=status, funded=funded) is verdict


@pytest.mark.parametrize(
    ("step", "status", "result", "verdict"),
    [
        (Step.CAPTURE, "CAPTURED", "SUCCESS", Verdict.APPROVED),
        (Step.CAPTURE, "PREAUTHORIZED", "SUCCESS", Verdict.UNKNOWN),
        (Step.CAPTURE, "PREAUTHORIZED", "DECLINED", Verdict.DECLINED),
        (Step.CAPTURE, "CAPTURED", "DECLINED", Verdict.DECLINED),
        (Step.REVERSAL, "REVERSED", "SUCCESS", Verdict.APPROVED),
        (Step.REVERSAL, "REVERSED", "DECLINED", Verdict.UNKNOWN),
        (Step.REVERSAL, "CAPTURED", "DECLINED", Verdict.DECLINED),
        (Step.REVERSAL, "CAPTURED", "SUCCESS", Verdict.UNKNOWN),
        (Step.REVERSAL, "PENDING", "PENDING", Verdict.UNKNOWN),
        (Step.REFUND, "CAPTURED", "SUCCESS", Verdict.APPROVED),
        (Step.REFUND, "DECLINED", "DECLINED", Verdict.DECLINED),
    ],
)
def test_a_fresh_answer_to_a_follow_up(step: Step, status: Any, result: str, verdict: Verdict) -> None:
    assert verdict_of(step=step, method=Method.CARD, status=status, result=result) is verdict


def test_an_ach_refund_is_pending_like_every_ach_money() -> None:
    assert verdict_of(step=Step.REFUND, method=Method.ACH, status="CAPTURED", result="SUCCESS") is Verdict.PENDING


@pytest.mark.parametrize("step", [Step.SALE, Step.LOOK_UP])
@pytest.mark.parametrize(
    ("risk", "verdict"),
    [
        ("PENDING_REVIEW", Verdict.REVIEW),
        ("HOLD_SUCCESSFUL", Verdict.REVIEW),
        ("ACCEPTED", Verdict.APPROVED),
        ("", Verdict.APPROVED),
    ],
)
def test_a_payment_the_fraud_filter_holds_is_in_review(step: Step, risk: str, verdict: Verdict) -> None:
    got = verdict_of(step=step, method=Method.CARD, status="PREAUTHORIZED", result="SUCCESS", risk=risk)

    assert got is verdict


def test_a_declined_payment_stays_declined_whatever_the_fraud_filter_says() -> None:
    got = verdict_of(step=Step.SALE, method=Method.CARD, status="DECLINED", result="DECLINED", risk="PENDING_REVIEW")

    assert got is Verdict.DECLINED


@pytest.mark.parametrize(
    ("http_status", "detailed_code", "duplicate_of", "verdict"),
    [
        (400, "40005", "", Verdict.FAILED),
        (400, "40087", "", Verdict.FAILED),
        (401, "40001", "", Verdict.REFUSED),
        (403, "40003", "", Verdict.REFUSED),
        (403, "", "", Verdict.REFUSED),
        (404, "40008", "", Verdict.NOT_FOUND),
        (404, "", "", Verdict.UNKNOWN),
        (400, "", "", Verdict.UNKNOWN),
        (408, "40000", "", Verdict.UNKNOWN),
        (409, "40039", "TRN_1", Verdict.DUPLICATE),
        (409, "40039", "", Verdict.UNKNOWN),
        (409, "40100", "TRN_1", Verdict.UNKNOWN),
        (429, "", "", Verdict.REFUSED),
        (302, "", "", Verdict.UNKNOWN),
        (500, "50011", "", Verdict.UNKNOWN),
        (501, "50012", "", Verdict.UNKNOWN),
        (502, "50013", "", Verdict.UNKNOWN),
        (504, "50008", "", Verdict.UNKNOWN),
    ],
)
def test_an_answer_that_is_no_success(
    http_status: int, detailed_code: str, duplicate_of: str, verdict: Verdict
) -> None:
    got = verdict_of_error(
        step=Step.SALE,
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
def test_the_first_resource_is_read_from_the_text_of_a_duplicate(text: str, name: str) -> None:
    assert first_resource(text) == name


@pytest.mark.parametrize(
    ("http_status", "verdict"),
    [
        (400, Verdict.UNKNOWN),
        (404, Verdict.NOT_FOUND),
        (409, Verdict.UNKNOWN),
        (403, Verdict.REFUSED),
        (500, Verdict.UNKNOWN),
    ],
)
def test_a_look_up_that_is_refused_is_no_evidence(http_status: int, verdict: Verdict) -> None:
    got = verdict_of_error(
        step=Step.LOOK_UP, http_status=http_status, speaks_gateway=True, detailed_code="40039", duplicate_of="TRN_1"
    )

    assert got is verdict


def test_names_and_texts_that_could_not_be_stored_never_reach_the_record() -> None:
    body = {"id": "TRN_1", "status": "CAPTURED", "batch_id": "B" * 61, "payment_method": {"message": "O\0K"}}

    answer = answer_of_body(body, step=Step.LOOK_UP, method=Method.CARD)
    nameless = answer_of_body({**body, "id": "T" * 61}, step=Step.LOOK_UP, method=Method.CARD)

    assert (answer.verdict, answer.batch_id, answer.message) == (Verdict.APPROVED, "", "OK")
    assert (nameless.verdict, nameless.gateway_id) == (Verdict.UNKNOWN, "")
