"""Disputes through the adapter: what a reading must hold, what an answer proves, and what is never stored."""

import base64
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from moneyed import Money

from oropay.gateway.port import DisputeAct, DisputeDocument, Funding, GatewayUnavailable, Verdict
from tests.contract.samples import GatewayAt
from tests.contract.test_lists import pages_of, query_of
from tests.contract.wire import SILENCE, Serve, reply

SINGLE: dict[str, Any] = {
    "id": "DIS_1",
    "time_created": "2026-11-01T10:00:00.000Z",
    "status": "WITH_MERCHANT",
    "status_time_created": "2026-11-02T10:00:00.000Z",
    "stage": "CHARGEBACK",
    "stage_time_created": "2026-11-02T09:00:00.000Z",
    "amount": "1999",
    "currency": "USD",
    "reason_code": "104",
    "reason_description": "Other Fraud-Card Absent Environment",
    "time_to_respond_by": "2026-11-22T09:00:00.000Z",
    "result": "PENDING",
    "last_adjustment_amount": "1999",
    "last_adjustment_currency": "USD",
    "last_adjustment_funding": "DEBIT",
    "transaction": {
        "reference": "oro-1",
        "order": {"reference": "INV-1"},
        "payment_method": {"card": {"number": "426397XXXXXX5262", "arn": "74500012345678901234567", "brand": "VISA"}},
    },
    "documents": [{"id": "DOC_1", "type": "SALES_RECEIPT"}],
    "action": {"result_code": "SUCCESS"},
}


def act(*documents: bytes) -> DisputeAct:
    return DisputeAct(
        gateway_id="DIS_1",
        idempotency_key="key-of-the-answer",
        send_before=time.monotonic() + 10,
        documents=tuple(DisputeDocument(type="SALES_RECEIPT", content=one) for one in documents),
    )


def test_a_reading_holds_what_decides_about_money_and_deadline(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, SINGLE))

    told = gateway_at(server.url).dispute(gateway_id="DIS_1")

    assert told is not None
    assert (told.stage, told.status, told.result) == ("CHARGEBACK", "WITH_MERCHANT", "PENDING")
    assert (told.amount, told.funding) == (Money(Decimal("19.99"), "USD"), Funding.TAKEN)
    assert told.respond_by == datetime(2026, 11, 22, 9, tzinfo=UTC)
    assert (told.stage_at, told.status_at) == (
        datetime(2026, 11, 2, 9, tzinfo=UTC),
        datetime(2026, 11, 2, 10, tzinfo=UTC),
    )
    assert (told.reference, told.order_reference, told.last4) == ("oro-1", "INV-1", "5262")
    assert told.arn == "74500012345678901234567"
    assert told.document_ids == ("DOC_1",)
    assert "426397" not in str(told.response)


def test_an_entry_of_a_list_reads_like_a_single_one(serve: Serve, gateway_at: GatewayAt) -> None:
    listed = {
        **SINGLE,
        "transaction": {"reference": "oro-1"},
        "payment_method": SINGLE["transaction"]["payment_method"],
    }
    server = serve(pages_of([listed], plural="disputes"))

    [told] = gateway_at(server.url).disputes(since=date(2026, 11, 1), until=date(2026, 11, 3))

    assert (told.gateway_id, told.arn, told.last4) == ("DIS_1", "74500012345678901234567", "5262")
    asked = query_of(server.sales[0])
    assert asked["from_stage_time_created"] == "2026-11-01"
    assert asked["account_name"] == "dispute_management"


def test_a_dispute_whose_stage_began_on_another_day_is_not_listed(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(pages_of([SINGLE], plural="disputes"))

    assert list(gateway_at(server.url).disputes(since=date(2026, 11, 3), until=date(2026, 11, 9))) == []


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "19.99"},
        {"amount": None},
        {"currency": "XXX9"},
        {"stage": ""},
        {"last_adjustment_funding": "SIDEWAYS"},
    ],
)
def test_a_reading_that_makes_no_sense_is_an_error(
    serve: Serve, gateway_at: GatewayAt, changes: dict[str, Any]
) -> None:
    server = serve(reply(200, {**SINGLE, **changes}))

    with pytest.raises(GatewayUnavailable, match="made no sense"):
        gateway_at(server.url).dispute(gateway_id="DIS_1")


def test_another_dispute_than_asked_for_is_an_error(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, {**SINGLE, "id": "DIS_2"}))

    with pytest.raises(GatewayUnavailable, match="answered with DIS_2"):
        gateway_at(server.url).dispute(gateway_id="DIS_1")


def test_a_dispute_the_gateway_does_not_know_is_none(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(400, error("40073", "101,Unable to locate dispute record for that ID.")))

    assert gateway_at(server.url).dispute(gateway_id="DIS_1") is None


def test_a_confirmed_acceptance_is_approved_and_carries_its_key(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, {"id": "DIS_1", "status": "CLOSED", "action": {"result_code": "SUCCESS"}}))

    answer = gateway_at(server.url).dispute_accept(act())

    assert (answer.verdict, answer.status) == (Verdict.APPROVED, "CLOSED")
    assert server.sales[0].target.endswith("/disputes/DIS_1/acceptance")
    assert server.sales[0].headers["x-gp-idempotency"] == "key-of-the-answer"


def test_a_challenge_sends_documents_and_stores_none_of_them(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, {"id": "DIS_1", "status": "UNDER_REVIEW", "action": {"result_code": "SUCCESS"}}))

    answer = gateway_at(server.url).dispute_challenge(act(b"%PDF-secret"))

    content = base64.b64encode(b"%PDF-secret").decode()
    assert server.sales[0].json == {"documents": [{"type": "SALES_RECEIPT", "b64_content": content}]}
    assert answer.verdict == Verdict.APPROVED
    assert content not in str(answer.request)


@pytest.mark.parametrize(
    ("say", "verdict"),
    [
        (reply(400, {"error_code": "INVALID_DISPUTE_ACTION", "detailed_error_code": "40060"}), Verdict.FAILED),
        (reply(200, {"id": "DIS_2", "status": "CLOSED", "action": {"result_code": "SUCCESS"}}), Verdict.UNKNOWN),
        (reply(200, {"id": "DIS_1", "status": "CLOSED"}), Verdict.UNKNOWN),
        (reply(200, "<html>"), Verdict.UNKNOWN),
        (reply(502, "<html>"), Verdict.UNKNOWN),
        (reply(403, {"error_code": "ACTION_NOT_AUTHORIZED", "detailed_error_code": "40212"}), Verdict.REFUSED),
        (SILENCE, Verdict.UNKNOWN),
    ],
)
def test_what_an_answer_to_our_answer_proves(serve: Serve, gateway_at: GatewayAt, say: Any, verdict: Verdict) -> None:
    server = serve(say)

    assert gateway_at(server.url, read_timeout=0.3).dispute_accept(act()).verdict == verdict


def test_a_challenge_without_a_document_is_not_sent(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, {}))

    answer = gateway_at(server.url).dispute_challenge(act())

    assert answer.verdict == Verdict.FAILED
    assert server.sales == []


def test_a_document_comes_back_as_it_was_sent(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, {"id": "DOC_1", "b64_content": "JVBERi0"}))

    assert gateway_at(server.url).dispute_document(gateway_id="DIS_1", document_id="DOC_1") == b"%PDF-"


def test_what_disputes_took_and_gave_back_is_settled_with_its_sign(serve: Serve, gateway_at: GatewayAt) -> None:
    moved = {
        **SINGLE,
        "status": "FUNDED",
        "deposit_id": "DEP_1",
        "deposit_time_created": "2026-11-04",
        "last_adjustment_time_created": "2026-11-03T08:00:00.000Z",
    }
    rows = [
        moved,
        {**moved, "last_adjustment_funding": "CREDIT", "last_adjustment_amount": "500"},
        {**moved, "deposit_id": "", "status": "DELAYED"},
    ]
    disputes_of = pages_of(rows, plural="disputes")
    server = serve(
        lambda request: (
            disputes_of(request)
            if "/settlement/disputes" in request.target
            else reply(200, {"total_record_count": 0, "transactions": []})
        )
    )

    lines = list(gateway_at(server.url).settled(since=date(2026, 11, 4), until=date(2026, 11, 4)))

    assert [(line.type, line.amount.amount, line.gateway_id, line.reference) for line in lines] == [
        ("CHARGEBACK", Decimal("-19.99"), "DIS_1", "74500012345678901234567"),
        ("REVERSAL", Decimal("5.00"), "DIS_1", "74500012345678901234567"),
    ]


def error(code: str, text: str) -> dict[str, str]:
    return {"error_code": "INVALID_REQUEST_DATA", "detailed_error_code": code, "detailed_error_description": text}
