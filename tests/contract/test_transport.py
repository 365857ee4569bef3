"""What is proven when the line fails: nothing was sent, or nobody knows."""

import socket
import time
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from moneyed import Money
from pytest_django import Settings

from oropay.gateway.globalpayments import adapter
from oropay.gateway.port import Capture, Credentials, Verdict
from tests.contract.samples import ACCOUNT, GatewayAt, follow_up, sale
from tests.contract.wire import SILENCE, Received, Say, Serve, reply, transaction


def test_a_refused_connection_sent_nothing(gateway_at: GatewayAt) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]

    answer = gateway_at(f"http://127.0.0.1:{port}/ucp").charge(sale())

    assert answer.verdict is Verdict.NOT_SENT
    assert "No connection was made. NewConnectionError" in answer.error_text


def test_a_gateway_that_vanishes_after_the_log_in_got_nothing(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))
    gateway = gateway_at(server.url)
    assert gateway.charge(sale()).verdict is Verdict.APPROVED
    server.stop()

    answer = gateway.charge(sale())

    assert answer.verdict is Verdict.NOT_SENT


def test_an_unknown_host_sent_nothing(gateway_at: GatewayAt) -> None:
    answer = gateway_at("https://gateway.invalid/ucp", connect_timeout=3.0).charge(sale())

    assert answer.verdict is Verdict.NOT_SENT


def test_a_connection_that_is_not_accepted_in_time_sent_nothing(gateway_at: GatewayAt) -> None:
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = [socket.socket() for _ in range(3)]
        for line in waiting:
            line.setblocking(False)
            line.connect_ex(full.getsockname())

        started = time.monotonic()
        answer = gateway_at(f"http://127.0.0.1:{full.getsockname()[1]}/ucp", connect_timeout=0.5).charge(sale())

        for line in waiting:
            line.close()
    assert answer.verdict is Verdict.NOT_SENT
    assert "ConnectTimeoutError" in answer.error_text
    assert time.monotonic() - started < 2


def test_a_tls_handshake_that_never_ends_sent_nothing(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(SILENCE, deaf=True)

    answer = gateway_at(f"https://127.0.0.1:{server.port}/ucp", connect_timeout=0.5).charge(sale())

    assert answer.verdict is Verdict.NOT_SENT
    assert server.connections == 1


def test_a_certificate_nobody_vouches_for_sent_nothing(serve: Serve, gateway_at: GatewayAt, certificate: Path) -> None:
    server = serve(reply(200, transaction()), tls=certificate)

    answer = gateway_at(f"https://127.0.0.1:{server.port}/ucp").charge(sale())

    assert answer.verdict is Verdict.NOT_SENT
    assert server.received == []


def test_a_certificate_of_our_own_authority_is_trusted_when_named(serve: Serve, certificate: Path) -> None:
    server = serve(reply(200, transaction()), tls=certificate)
    credentials = Credentials(app_id="tls", app_key="k", service_url=f"https://127.0.0.1:{server.port}/ucp")

    answer = adapter.GlobalPaymentsGateway(credentials, ca_file=str(certificate)).charge(sale())

    assert answer.verdict is Verdict.APPROVED


def test_a_silent_server_is_left_after_the_time_out_as_unknown(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(SILENCE)
    started = time.monotonic()

    answer = gateway_at(server.url, read_timeout=0.6).charge(sale())

    assert answer.verdict is Verdict.UNKNOWN
    assert 0.5 < time.monotonic() - started < 2
    assert len(server.sales) == 1


def test_a_server_that_drips_bytes_is_left_at_the_same_moment(serve: Serve, gateway_at: GatewayAt) -> None:
    good = reply(200, transaction())
    server = serve(Say(good.raw, drip=0.05))
    started = time.monotonic()

    answer = gateway_at(server.url, read_timeout=0.6).charge(sale())

    assert answer.verdict is Verdict.UNKNOWN
    assert time.monotonic() - started < 2


def test_a_server_that_drips_bytes_over_tls_is_left_at_the_same_moment(serve: Serve, certificate: Path) -> None:
    server = serve(Say(reply(200, transaction()).raw, drip=0.05), tls=certificate)
    url = f"https://127.0.0.1:{server.port}/ucp"
    credentials = Credentials(app_id="tls drip", app_key="k", service_url=url, read_timeout=0.6)
    started = time.monotonic()

    answer = adapter.GlobalPaymentsGateway(credentials, ca_file=str(certificate)).charge(sale())

    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.sales) == 1
    assert time.monotonic() - started < 2


GOOD = reply(200, transaction()).raw
HEAD, BODY = GOOD.split(b"\r\n\r\n")


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(Say(b""), id="closed without an answer"),
        pytest.param(Say(b"", reset=True), id="reset without an answer"),
        pytest.param(Say(GOOD[:-20]), id="closed in the middle of the body"),
        pytest.param(Say(GOOD[:-20], reset=True), id="reset in the middle of the body"),
        pytest.param(Say(GOOD[:30]), id="closed in the middle of the headers"),
        pytest.param(Say(b"SSH-2.0-OpenSSH_9.7\r\n"), id="not HTTP at all"),
        pytest.param(Say(b"HTTP/1.1 200 OK\r\nContent-Length: abc, 5\r\n\r\n{}"), id="nonsense length"),
        pytest.param(Say(b"HTTP/1.1 200 OK\r\nX: " + b"a" * 70_000 + b"\r\n\r\n"), id="endless header"),
        pytest.param(
            Say(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope"), id="nonsense gzip"
        ),
        pytest.param(reply(502, "<html>Bad Gateway</html>", content_type="text/html"), id="HTML 502"),
        pytest.param(reply(504, {"error_code": "TIMEOUT_DOWNSTREAM", "detailed_error_code": "50008"}), id="504"),
        pytest.param(reply(200, "<html>Welcome</html>", content_type="text/html"), id="HTML 200"),
        pytest.param(reply(200, "<html>Welcome</html>"), id="HTML 200 that claims to be JSON"),
        pytest.param(reply(200, ""), id="empty 200"),
        pytest.param(Say(b"HTTP/1.1 204 No Content\r\n\r\n"), id="204"),
        pytest.param(reply(200, "[1, 2]"), id="a list"),
        pytest.param(reply(200, "[" * 100_000), id="endless nesting"),
        pytest.param(reply(200, "9" * 10_000), id="endless number"),
        pytest.param(reply(200, b"\xff\xfe\x00"), id="not text"),
        pytest.param(reply(200, transaction(id=None)), id="no id"),
        pytest.param(reply(200, transaction(status=["CAPTURED"])), id="status of the wrong type"),
        pytest.param(reply(200, transaction(amount="19.99")), id="amount with a decimal point"),
        pytest.param(reply(200, transaction(amount=19.99)), id="amount as a float"),
        pytest.param(reply(200, transaction(currency="???")), id="no currency"),
        pytest.param(reply(200, transaction(action="SUCCESS")), id="action of the wrong type"),
        pytest.param(reply(200, transaction(payment_method=7, action=None)), id="method of the wrong type"),
        pytest.param(reply(404, "<html>nginx</html>", content_type="text/html"), id="404 of a proxy"),
        pytest.param(reply(400, "bad request"), id="400 of a proxy"),
    ],
)
def test_an_answer_nobody_can_trust_is_unknown(serve: Serve, gateway_at: GatewayAt, say: Say) -> None:
    server = serve(say)

    answer = gateway_at(server.url).charge(sale())

    assert answer.verdict is Verdict.UNKNOWN
    assert len(server.sales) == 1


def test_json_under_a_wrong_content_type_still_counts(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction(), content_type="text/html"))

    assert gateway_at(server.url).charge(sale()).verdict is Verdict.APPROVED


def test_an_endless_answer_is_cut(serve: Serve, gateway_at: GatewayAt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oropay.gateway.globalpayments.transport.LARGEST_ANSWER", 100_000)
    server = serve(reply(200, "x" * 200_000))

    assert gateway_at(server.url).charge(sale()).verdict is Verdict.UNKNOWN


def test_a_payment_whose_time_has_passed_is_not_sent(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))

    answer = gateway_at(server.url).charge(sale(send_before=time.monotonic() - 0.01))

    assert answer.verdict is Verdict.NOT_SENT
    assert server.received == []


def test_a_log_in_that_eats_the_time_to_send_leaves_the_payment_unsent(serve: Serve, gateway_at: GatewayAt) -> None:
    def slow_log_in(_: Received) -> Say:
        time.sleep(0.4)
        return reply(200, {"token": "t", "seconds_to_expire": 3600})

    server = serve(reply(200, transaction()), log_in=slow_log_in)

    answer = gateway_at(server.url).charge(sale(send_before=time.monotonic() + 0.2))

    assert answer.verdict is Verdict.NOT_SENT
    assert len(server.log_ins) == 1
    assert server.sales == []


def test_a_handshake_that_eats_the_time_to_send_is_left(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(SILENCE, deaf=True)
    gateway = gateway_at(f"https://127.0.0.1:{server.port}/ucp", connect_timeout=5.0)
    started = time.monotonic()

    answer = gateway.charge(sale(send_before=time.monotonic() + 0.4))

    assert answer.verdict is Verdict.NOT_SENT
    assert time.monotonic() - started < 2


def test_every_call_has_a_connection_of_its_own(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))
    gateway = gateway_at(server.url)

    gateway.charge(sale())
    gateway.charge(sale())

    assert server.connections == 3
    assert {request.headers["connection"] for request in server.received} == {"close"}


def test_look_ups_are_left_sooner_than_payments(serve: Serve, gateway_at: GatewayAt, settings: Settings) -> None:
    settings.OROPAY_LOOKUP_READ_TIMEOUT = timedelta(seconds=0.3)
    server = serve(SILENCE)
    gateway = gateway_at(server.url, read_timeout=20.0)
    started = time.monotonic()

    answer = gateway.look_up(gateway_id="TRN_1")
    listing = gateway.find_by_reference(reference="payment-0001")

    assert answer.verdict is Verdict.UNKNOWN
    assert listing.complete is False
    assert time.monotonic() - started < 3


def test_stored_requests_and_answers_hold_no_bank_account_number(serve: Serve, gateway_at: GatewayAt) -> None:
    error = {
        "error_code": "INVALID_REQUEST_DATA",
        "detailed_error_code": "40213",
        "detailed_error_description": "account_number: 1357902468 contains unexpected data",
    }
    server = serve(reply(400, error))

    answer = gateway_at(server.url).charge(sale(source=ACCOUNT, idempotency_key="key-1", reference="payment-0001"))

    assert server.sales[0].json["payment_method"]["bank_transfer"]["account_number"] == "1357902468"
    assert "1357902468" not in repr(answer)
    assert answer.error_text == "account_number: •••2468 contains unexpected data"
    assert answer.request["idempotency_key"] == "key-1"
    assert answer.request["path"] == "/transactions"
    assert answer.request["body"]["reference"] == "payment-0001"
    assert answer.request["body"]["payment_method"]["bank_transfer"]["account_number"] == "•••2468"


def test_an_unsent_request_is_shown_without_its_secrets_too(gateway_at: GatewayAt) -> None:
    answer = gateway_at("http://127.0.0.1:1/ucp").charge(sale(source=ACCOUNT))

    assert answer.verdict is Verdict.NOT_SENT
    assert "1357902468" not in repr(answer)


@pytest.mark.parametrize("act", ["capture", "cancel", "refund"])
def test_follow_ups_tell_sent_from_unsent_as_well(serve: Serve, gateway_at: GatewayAt, act: str) -> None:
    server = serve(SILENCE)
    gateway = gateway_at(server.url, read_timeout=0.3)
    request = follow_up("TRN_1", "5.00", reference="refund-0001")

    lost = getattr(gateway, act)(request)
    server.stop()
    unsent = getattr(gateway, act)(request)

    assert lost.verdict is Verdict.UNKNOWN
    assert unsent.verdict is Verdict.NOT_SENT


@pytest.mark.parametrize(
    "broken",
    [
        {"reference": "short"},
        {"amount": Money("19.999", "USD")},
        {"amount": Money("0.00", "USD")},
        {"idempotency_key": "two words"},
        {"capture": Capture.LATER},
    ],
)
def test_a_request_that_cannot_be_built_failed_for_certain(
    serve: Serve, gateway_at: GatewayAt, broken: dict[str, Any]
) -> None:
    server = serve(reply(200, transaction()))

    answer = gateway_at(server.url).charge(replace(sale(), **broken))

    assert answer.verdict is Verdict.FAILED
    assert answer.error_text
    assert server.received == []


def test_a_refused_look_up_proves_nothing_about_the_payment(serve: Serve, gateway_at: GatewayAt) -> None:
    refusal = {"error_code": "INVALID_REQUEST_DATA", "detailed_error_code": "40213"}
    server = serve(reply(400, refusal))

    assert gateway_at(server.url).look_up(gateway_id="TRN_1").verdict is Verdict.UNKNOWN


def test_a_look_up_of_what_the_gateway_does_not_know_is_not_found(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(404, {"error_code": "RESOURCE_NOT_FOUND", "detailed_error_code": "40118"}))

    assert gateway_at(server.url).look_up(gateway_id="TRN_1").verdict is Verdict.NOT_FOUND
