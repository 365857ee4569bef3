"""Access tokens: fetched once, renewed early, fetched again when they die, and what a failed log-in proves."""

import hashlib
import time
from typing import Any

import pytest

from oropay.gateway.globalpayments import connector
from oropay.gateway.port import GatewayUnavailable, Verdict
from tests.contract.samples import GatewayAt, sale
from tests.contract.wire import SILENCE, Received, Say, Serve, reply, token, transaction

DEAD = {"error_code": "NOT_AUTHENTICATED", "detailed_error_code": "40001"}


def test_a_log_in_proves_the_key_without_sending_it(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))

    gateway_at(server.url).charge(sale())

    body = server.log_ins[0].json
    assert set(body) == {"app_id", "nonce", "secret", "grant_type", "seconds_to_expire"}
    assert body["secret"] == hashlib.sha512(f"{body['nonce']}key-of-the-app".encode()).hexdigest()
    assert body["grant_type"] == "client_credentials"
    assert body["seconds_to_expire"] == 3600


def test_one_token_serves_many_payments(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))
    gateway = gateway_at(server.url)

    for _ in range(3):
        gateway.charge(sale())

    assert len(server.log_ins) == 1


def test_a_dead_token_is_replaced_once_and_the_payment_goes_through(serve: Serve, gateway_at: GatewayAt) -> None:
    tokens = iter([token("token-1"), token("token-2")])

    def only_token_2(request: Received) -> Say:
        alive = request.headers["authorization"] == "Bearer token-2"
        return reply(200, transaction()) if alive else reply(401, DEAD)

    server = serve(only_token_2, log_in=lambda _: next(tokens))
    gateway = gateway_at(server.url)

    answer = gateway.charge(sale(idempotency_key="key-1"))

    assert answer.verdict is Verdict.APPROVED
    assert [request.headers["x-gp-idempotency"] for request in server.sales] == ["key-1", "key-1"]
    assert gateway.charge(sale()).verdict is Verdict.APPROVED
    assert len(server.log_ins) == 2


def test_a_second_401_means_the_gateway_refuses_us(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(401, DEAD))

    answer = gateway_at(server.url).charge(sale())

    assert answer.verdict is Verdict.REFUSED
    assert answer.http_status == 401
    assert answer.error_code == "40001"
    assert len(server.log_ins) == 2
    assert len(server.sales) == 2


@pytest.mark.parametrize(
    ("status", "body"),
    [(403, {"error_code": "ACTION_NOT_AUTHORIZED", "detailed_error_code": "40212"}), (429, ""), (401, "no json")],
)
def test_a_refusal_without_a_look_is_told_apart(serve: Serve, gateway_at: GatewayAt, status: Any, body: Any) -> None:
    server = serve(reply(status, body))

    answer = gateway_at(server.url).charge(sale())

    assert answer.verdict is Verdict.REFUSED
    assert len(server.log_ins) == 1


def test_a_token_is_renewed_at_four_fifths_of_its_life(
    serve: Serve, gateway_at: GatewayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    tokens = iter([token("token-1", seconds=100), token("token-2", seconds=100)])
    server = serve(reply(200, transaction()), log_in=lambda _: next(tokens))
    gateway = gateway_at(server.url)
    clock = _Clock(monkeypatch)

    gateway.charge(sale())
    clock.forward(79)
    gateway.charge(sale(send_before=time.monotonic() + 1000))
    clock.forward(2)
    gateway.charge(sale(send_before=time.monotonic() + 1000))

    assert [request.headers["authorization"] for request in server.sales] == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
    ]


def test_a_failed_early_renewal_leaves_the_living_token_in_use(
    serve: Serve, gateway_at: GatewayAt, monkeypatch: pytest.MonkeyPatch
) -> None:
    answers = iter([token("token-1", seconds=100), reply(500, ""), token("token-2", seconds=100)])
    server = serve(reply(200, transaction()), log_in=lambda _: next(answers))
    gateway = gateway_at(server.url)
    clock = _Clock(monkeypatch)

    gateway.charge(sale())
    clock.forward(85)
    during_outage = gateway.charge(sale(send_before=time.monotonic() + 1000))
    again = gateway.charge(sale(send_before=time.monotonic() + 1000))
    clock.forward(31)
    after = gateway.charge(sale(send_before=time.monotonic() + 1000))

    assert [answer.verdict for answer in (during_outage, again, after)] == [Verdict.APPROVED] * 3
    assert [request.headers["authorization"] for request in server.sales] == [
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-1",
        "Bearer token-2",
    ]
    assert len(server.log_ins) == 3


@pytest.mark.parametrize(
    "say",
    [
        pytest.param(reply(500, {"error_code": "SYSTEM_ERROR"}), id="500"),
        pytest.param(reply(503, "<html>"), id="503"),
        pytest.param(reply(302, ""), id="redirect"),
        pytest.param(SILENCE, id="silence"),
        pytest.param(Say(b"", reset=True), id="reset"),
        pytest.param(reply(200, "<html>"), id="HTML 200"),
        pytest.param(reply(200, "null"), id="null"),
        pytest.param(reply(200, {"type": "Bearer"}), id="no token"),
        pytest.param(reply(200, {"token": "bad\r\nX-Other: 1"}), id="token with a line break"),
        pytest.param(reply(200, {"token": 7}), id="token of the wrong type"),
        pytest.param(reply(200, {"token": "t", "scope": {"accounts": ["x"]}}), id="nonsense accounts"),
    ],
)
def test_a_log_in_that_fails_leaves_the_payment_unsent(serve: Serve, gateway_at: GatewayAt, say: Say) -> None:
    server = serve(reply(200, transaction()), log_in=say)

    answer = gateway_at(server.url, read_timeout=0.5).charge(sale())

    assert answer.verdict is Verdict.NOT_SENT
    assert server.sales == []


@pytest.mark.parametrize("status", [400, 401, 403, 429])
def test_a_log_in_that_is_refused_means_the_gateway_refuses_us(
    serve: Serve, gateway_at: GatewayAt, status: Any
) -> None:
    refusal = {
        "error_code": "ACTION_NOT_AUTHORIZED",
        "detailed_error_code": "40004",
        "detailed_error_description": "App credentials not recognized",
    }
    server = serve(reply(200, transaction()), log_in=reply(status, refusal))

    answer = gateway_at(server.url).charge(sale())

    assert answer.verdict is Verdict.REFUSED
    assert answer.http_status == status
    assert answer.error_code == "40004"
    assert "App credentials not recognized" in answer.error_text
    assert server.sales == []


def test_a_card_form_token_is_restricted_single_purpose_and_short_lived(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()), log_in=token("form-token", seconds=600))
    gateway = gateway_at(server.url)

    minted = gateway.mint_hosted_token()

    body = server.log_ins[0].json
    assert body["permissions"] == ["PMT_POST_Create_Single"]
    assert body["restricted_token"] == "YES"
    assert body["seconds_to_expire"] == 600
    assert minted.token == "form-token"
    assert "form-token" not in repr(minted)


def test_every_card_form_gets_a_token_of_its_own_and_none_pays(serve: Serve, gateway_at: GatewayAt) -> None:
    names = iter(["form-1", "form-2", "for-paying"])
    server = serve(reply(200, transaction()), log_in=lambda _: token(next(names)))
    gateway = gateway_at(server.url)

    minted = [gateway.mint_hosted_token().token, gateway.mint_hosted_token().token]
    gateway.charge(sale())

    assert minted == ["form-1", "form-2"]
    assert server.sales[0].headers["authorization"] == "Bearer for-paying"
    assert "permissions" not in server.log_ins[2].json


@pytest.mark.parametrize("say", [reply(403, ""), reply(500, ""), SILENCE, reply(200, "{}")])
def test_a_card_form_token_that_cannot_be_had_says_so(serve: Serve, gateway_at: GatewayAt, say: Say) -> None:
    server = serve(reply(200, transaction()), log_in=say)

    with pytest.raises(GatewayUnavailable, match="no money is involved"):
        gateway_at(server.url, read_timeout=0.3).mint_hosted_token()


class _Clock:
    """Moves the connector's idea of now; everything else keeps its own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._ahead = 0.0
        real = time.monotonic
        monkeypatch.setattr(connector, "time", self)
        self._real = real

    def monotonic(self) -> float:
        return self._real() + self._ahead

    def forward(self, seconds: float) -> None:
        self._ahead += seconds
