"""Look-ups and reports: complete, or said to be not."""

from collections.abc import Callable
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from moneyed import Money

from oropay.gateway.globalpayments import payments
from oropay.gateway.port import DepositAdvice, GatewayUnavailable, SettledTransaction, Verdict
from tests.contract.samples import GatewayAt
from tests.contract.wire import SILENCE, Received, Say, Serve, reply, transaction

REFERENCE = "payment-0001"


def query_of(request: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(request.target).query).items()}


def pages_of(
    rows: list[dict[str, Any]], plural: str = "transactions", total: int | None = None
) -> Callable[[Received], Say]:
    """Serve rows page by page; the report of disputes beside another one is empty."""

    def behave(request: Received) -> Say:
        query = query_of(request)
        if "/settlement/disputes" in request.target and plural != "disputes":
            return reply(200, {"total_record_count": 0, "disputes": []})
        size, page = int(query["page_size"]), int(query["page"])
        found = rows[(page - 1) * size : page * size]
        return reply(200, {"total_record_count": len(rows) if total is None else total, plural: found})

    return behave


def test_everything_with_our_reference_is_found_and_nothing_else(serve: Serve, gateway_at: GatewayAt) -> None:
    rows = [
        transaction(id="TRN_1", reference=REFERENCE, action=None),
        transaction(id="TRN_2", reference="payment-00011", action=None),
        transaction(id="TRN_3", reference=REFERENCE, status="DECLINED", action=None),
    ]
    server = serve(pages_of(rows))

    listing = gateway_at(server.url).find_by_reference(reference=REFERENCE)

    assert listing.complete is True
    assert [(answer.gateway_id, answer.verdict) for answer in listing.found] == [
        ("TRN_1", Verdict.APPROVED),
        ("TRN_3", Verdict.DECLINED),
    ]
    assert query_of(server.sales[0])["reference"] == REFERENCE


def test_every_page_is_read(serve: Serve, gateway_at: GatewayAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(payments, "LIST_PAGE", 2)
    server = serve(pages_of([transaction(id=f"TRN_{n}", reference=REFERENCE) for n in range(5)]))

    listing = gateway_at(server.url).find_by_reference(reference=REFERENCE)

    assert listing.complete is True
    assert [answer.gateway_id for answer in listing.found] == ["TRN_0", "TRN_1", "TRN_2", "TRN_3", "TRN_4"]
    assert [query_of(request)["page"] for request in server.sales] == ["1", "2", "3"]


def test_nothing_found_is_complete_and_empty(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(pages_of([]))

    listing = gateway_at(server.url).find_by_reference(reference=REFERENCE)

    assert (listing.complete, listing.found) == (True, ())


@pytest.mark.parametrize(
    "behave",
    [
        pytest.param(reply(500, ""), id="500"),
        pytest.param(reply(404, {"error_code": "RESOURCE_NOT_FOUND", "detailed_error_code": "40118"}), id="404"),
        pytest.param(reply(403, ""), id="403"),
        pytest.param(reply(200, "<html>"), id="HTML"),
        pytest.param(reply(200, {}), id="no list"),
        pytest.param(reply(200, {"transactions": []}), id="no count"),
        pytest.param(reply(200, {"total_record_count": 0}), id="count without a list"),
        pytest.param(reply(200, {"total_record_count": 1, "transactions": []}), id="counted but not sent"),
        pytest.param(reply(200, {"total_record_count": 1, "transactions": ["TRN_1"]}), id="row of the wrong type"),
        pytest.param(SILENCE, id="silence"),
        pytest.param(reply(302, ""), id="redirect"),
    ],
)
def test_a_list_that_cannot_be_trusted_is_not_complete(serve: Serve, gateway_at: GatewayAt, behave: Say) -> None:
    server = serve(behave)

    listing = gateway_at(server.url, read_timeout=0.3).find_by_reference(reference=REFERENCE)

    assert listing.complete is False
    assert listing.found == ()


def test_a_second_page_that_fails_makes_the_list_incomplete(
    serve: Serve, gateway_at: GatewayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(payments, "LIST_PAGE", 1)
    page = pages_of([transaction(id=f"TRN_{n}", reference=REFERENCE) for n in range(2)])
    server = serve(lambda request: page(request) if query_of(request)["page"] == "1" else reply(502, ""))

    listing = gateway_at(server.url).find_by_reference(reference=REFERENCE)

    assert listing.complete is False


def test_a_row_without_an_id_makes_the_list_incomplete(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(pages_of([transaction(id=None, reference=REFERENCE)]))

    assert gateway_at(server.url).find_by_reference(reference=REFERENCE).complete is False


def test_a_look_up_reads_everything_the_gateway_tells(serve: Serve, gateway_at: GatewayAt) -> None:
    body = transaction(
        parent_resource_id="TRN_0",
        risk_assessment=[{"mode": "ACTIVE", "result": "ACCEPTED"}],
        payment_method={
            "result": "00",
            "message": "AUTHORISED",
            "fingerprint": "fp-1",
            "card": {
                "brand": "VISA",
                "masked_number_last4": "XXXXXXXXXXXX5262",
                "authcode": "123456",
                "brand_reference": "NET1",
                "expiry_month": "07",
                "expiry_year": "29",
                "cvv_result": "MATCHED",
                "avs_address_result": "MATCHED",
                "avs_postal_code_result": "NOT_MATCHED",
            },
        },
    )
    server = serve(reply(200, body))

    answer = gateway_at(server.url).look_up(gateway_id="TRN_1")

    assert server.sales[0].target == "/ucp/transactions/TRN_1"
    assert answer.verdict is Verdict.APPROVED
    assert answer.amount == Money("19.99", "USD")
    assert (answer.gateway_id, answer.parent_gateway_id, answer.batch_id) == ("TRN_1", "TRN_0", "BAT_1")
    assert (answer.status, answer.type, answer.reference) == ("CAPTURED", "SALE", "payment-0001")
    assert (answer.account_name, answer.risk) == ("transaction_processing", "ACCEPTED")
    assert (answer.result_code, answer.message, answer.auth_code) == ("00", "AUTHORISED", "123456")
    assert (answer.brand, answer.last4, answer.expiry_month, answer.expiry_year) == ("VISA", "5262", 7, 2029)
    assert (answer.avs_address, answer.avs_postal_code, answer.cvv) == ("MATCHED", "NOT_MATCHED", "MATCHED")
    assert (answer.brand_reference, answer.fingerprint) == ("NET1", "fp-1")
    assert answer.time_created == datetime(2026, 11, 23, 20, tzinfo=UTC)
    assert (answer.http_status, answer.kept_token, answer.error_text) == (200, "", "")


def test_a_look_up_that_answers_with_another_transaction_proves_nothing(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction(id="TRN_2")))

    answer = gateway_at(server.url).look_up(gateway_id="TRN_1")

    assert answer.verdict is Verdict.UNKNOWN
    assert (answer.gateway_id, answer.status) == ("", "")
    assert answer.error_text == "Asked for TRN_1, the gateway answered with TRN_2."


@pytest.mark.parametrize(
    ("result", "status", "verdict"),
    [
        ("R01", "REJECTED", Verdict.RETURNED),
        ("A0000", "REJECTED", Verdict.FAILED),
        ("R10", "REVERSED", Verdict.RETURNED),
    ],
)
def test_bank_money_that_came_back_is_told_from_money_never_taken(
    serve: Serve, gateway_at: GatewayAt, result: str, status: Any, verdict: Verdict
) -> None:
    bank = {"result": result, "bank_transfer": {"masked_account_number_last4": "XXXXXX2468"}}
    server = serve(reply(200, transaction(status=status, payment_method=bank)))

    answer = gateway_at(server.url).look_up(gateway_id="TRN_1")

    assert answer.verdict is verdict
    assert answer.last4 == "2468"


LINE = {
    "id": "TRN_1",
    "time_created": "2026-11-20T10:00:00.000Z",
    "type": "SALE",
    "status": "FUNDED",
    "amount": "1999",
    "currency": "USD",
    "deposit_id": "DEP_1",
    "deposit_time_created": "2026-11-22",
    "batch_id": "BAT_1",
    "reference": REFERENCE,
    "payment_method": {"card": {"brand": "VISA"}},
}
SINCE, UNTIL = date(2026, 11, 21), date(2026, 11, 22)


def test_settlement_lines_are_signed_and_dated(serve: Serve, gateway_at: GatewayAt) -> None:
    refund = {**LINE, "id": "TRN_2", "type": "REFUND", "amount": "500"}
    bank = {
        **LINE,
        "id": "TRN_3",
        "amount": "-1000",
        "status": "REJECTED",
        "payment_method": {"bank_transfer": {"x": 1}},
    }
    server = serve(pages_of([LINE, refund, bank]))

    lines = list(gateway_at(server.url).settled(since=SINCE, until=UNTIL))

    assert lines[0] == SettledTransaction(
        gateway_id="TRN_1",
        type="SALE",
        status="FUNDED",
        amount=Money("19.99", "USD"),
        deposit_id="DEP_1",
        deposit_date=date(2026, 11, 22),
        batch_id="BAT_1",
        reference=REFERENCE,
        method="card",
        time_created=datetime(2026, 11, 20, 10, tzinfo=UTC),
    )
    assert [(line.gateway_id, line.amount.amount, line.method) for line in lines[1:]] == [
        ("TRN_2", Decimal("-5.00"), "card"),
        ("TRN_3", Decimal("-10.00"), "ach"),
    ]
    query = query_of(server.sales[0])
    assert query["account_name"] == "settlement_reporting"
    assert query["from_deposit_time_created"] == "2026-11-21"
    assert query["to_deposit_time_created"] == "2026-11-22"


def test_lines_outside_the_asked_days_are_left_out(serve: Serve, gateway_at: GatewayAt) -> None:
    early = {**LINE, "id": "TRN_0", "deposit_time_created": "2026-11-20"}
    server = serve(pages_of([early, LINE]))

    lines = list(gateway_at(server.url).settled(since=SINCE, until=UNTIL))

    assert [line.gateway_id for line in lines] == ["TRN_1"]


DEPOSIT = {
    "id": "DEP_1",
    "time_created": "2026-11-22",
    "status": "FUNDED",
    "funding_type": "CREDIT",
    "amount": "9650",
    "currency": "USD",
    "payment_method": "CARD",
    "sales": {"count": 2, "amount": "11000"},
    "refunds": {"count": 1, "amount": "-1000"},
    "disputes": {"chargebacks": {"count": 0, "amount": "0"}},
    "fees": {"amount": "-350"},
}


def test_a_deposit_is_read_with_positive_parts(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(pages_of([DEPOSIT], plural="deposits"))

    deposits = list(gateway_at(server.url).deposits(since=SINCE, until=UNTIL))

    assert deposits == [
        DepositAdvice(
            gateway_id="DEP_1",
            paid_on=date(2026, 11, 22),
            status="FUNDED",
            amount=Money("96.50", "USD"),
            sales=Decimal("110.00"),
            refunds=Decimal("10.00"),
            fees=Decimal("3.50"),
            chargebacks=Decimal("0.00"),
            method="card",
        )
    ]


@pytest.mark.parametrize("amount", ["500", "-500"])
def test_a_deposit_the_gateway_takes_back_is_negative(serve: Serve, gateway_at: GatewayAt, amount: str) -> None:
    server = serve(pages_of([{**DEPOSIT, "funding_type": "DEBIT", "amount": amount}], plural="deposits"))

    [advice] = gateway_at(server.url).deposits(since=SINCE, until=UNTIL)

    assert advice.amount == Money("-5.00", "USD")


@pytest.mark.parametrize(
    "broken",
    [
        {"amount": "19.99"},
        {"amount": None},
        {"currency": ""},
        {"id": ""},
        {"status": None},
        {"time_created": "yesterday"},
    ],
)
def test_a_line_that_makes_no_sense_stops_the_report(
    serve: Serve, gateway_at: GatewayAt, broken: dict[str, Any]
) -> None:
    server = serve(pages_of([LINE, {**LINE, **broken}]))

    with pytest.raises(GatewayUnavailable, match="no money is involved"):
        list(gateway_at(server.url).settled(since=SINCE, until=UNTIL))


@pytest.mark.parametrize("behave", [reply(500, ""), reply(401, ""), SILENCE, reply(200, "[]")])
def test_a_report_that_cannot_be_fetched_says_so(serve: Serve, gateway_at: GatewayAt, behave: Say) -> None:
    server = serve(behave)

    with pytest.raises(GatewayUnavailable):
        list(gateway_at(server.url, read_timeout=0.3).deposits(since=SINCE, until=UNTIL))
