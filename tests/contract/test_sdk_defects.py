"""Each defect of the SDK, shown closed: over real HTTP where it has to do with the wire."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import globalpayments.api.gateways as sdk_gateways
import pytest
import urllib3
from django.conf import settings
from django.utils.module_loading import import_string
from globalpayments.api.builders.request_builder.GpApi.GpApiAuthorizationRequestBuilder import (
    GpApiAuthorizationRequestBuilder,
)
from globalpayments.api.entities.exceptions import GatewayException
from globalpayments.api.payment_methods.credit import CreditCardData
from globalpayments.api.utils import StringUtils
from globalpayments.api.utils.sensitive_data_utils import ProtectSensitiveData
from globalpayments.api.utils.serializer import object_serialize

from oropay.gateway.globalpayments.adapter import GlobalPaymentsGateway
from oropay.gateway.globalpayments.connector import GatewayError, HardenedConnector
from oropay.gateway.globalpayments.exceptions import UnusableCredentials
from oropay.gateway.globalpayments.hardening import BuildersClosed
from oropay.gateway.port import Credentials, PaymentGateway, SaleRequest, Verdict
from tests.contract.samples import GatewayAt, follow_up, sale
from tests.contract.wire import Serve, reply, token, transaction


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("19.99", "USD", "1999"),
        ("0.29", "USD", "29"),
        ("4.35", "USD", "435"),
        ("8.20", "USD", "820"),
        ("1.15", "USD", "115"),
        ("64.10", "USD", "6410"),
        ("0.01", "USD", "1"),
        ("1234.56", "USD", "123456"),
        ("9999.99", "USD", "999999"),
        ("1000", "JPY", "1000"),
        ("1.234", "KWD", "1234"),
        ("0.001", "KWD", "1"),
    ],
)
def test_no_cent_is_lost_on_the_wire(
    serve: Serve, gateway_at: GatewayAt, amount: str, currency: str, minor: str
) -> None:
    server = serve(lambda request: reply(200, transaction(amount=request.json["amount"], currency=currency)))

    answer = gateway_at(server.url).charge(sale(amount, currency))

    assert server.sales[0].json["amount"] == minor
    assert answer.amount == sale(amount, currency).amount
    assert answer.verdict is Verdict.APPROVED


def test_captures_and_refunds_lose_no_cent_either(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))
    gateway = gateway_at(server.url)

    gateway.capture(follow_up("TRN_1", "19.99"))
    gateway.refund(follow_up("TRN_1", "0.29", reference="refund-0001"))

    assert [request.json["amount"] for request in server.sales] == ["1999", "29"]


def test_the_sdks_own_converter_refuses_to_guess() -> None:
    with pytest.raises(BuildersClosed, match=r"the amount '19\.99'"):
        StringUtils.to_numeric("19.99")


def test_the_sdks_builders_cannot_send_anything(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))
    connector = gateway_at(server.url).connector

    with pytest.raises(BuildersClosed):
        connector.process_authorization(CreditCardData().charge())
    with pytest.raises(BuildersClosed):
        connector.process_pass_through("{}")

    assert server.sales == []


def test_there_is_no_default_address(serve: Serve) -> None:
    for url in ("", "apis.globalpay.com/ucp", "ftp://apis.globalpay.com/ucp"):
        with pytest.raises(UnusableCredentials, match="no service URL"):
            GlobalPaymentsGateway(Credentials(app_id="a", app_key="k", service_url=url))


def test_money_does_not_travel_in_the_clear_unless_a_person_said_so() -> None:
    clear = Credentials(app_id="a", app_key="k", service_url="http://gpsandbox:8090/ucp")

    with pytest.raises(UnusableCredentials, match="must begin with https"):
        GlobalPaymentsGateway(clear)
    assert GlobalPaymentsGateway(clear, allow_http=True)
    assert GlobalPaymentsGateway(Credentials(app_id="a", app_key="k", service_url="http://127.0.0.1:1/ucp"))


@pytest.mark.parametrize("extra", ["https://user:pw@host/ucp", "https://host/ucp?x=1", "https://host/ucp#x"])
def test_an_address_with_more_than_a_place_is_refused(extra: str) -> None:
    with pytest.raises(UnusableCredentials):
        GlobalPaymentsGateway(Credentials(app_id="a", app_key="k", service_url=extra))


def hostile(command: str) -> dict[str, Any]:
    return {"error_code": "X", "py/reduce": [{"py/function": "os.system"}, {"py/tuple": [command]}]}


@pytest.mark.parametrize("status", [200, 400, 401, 500])
def test_a_hostile_body_runs_nothing(serve: Serve, gateway_at: GatewayAt, tmp_path: Path, status: int) -> None:
    touched = tmp_path / "touched"
    server = serve(reply(status, hostile(f"touch {touched}")))

    answer = gateway_at(server.url).charge(sale())

    assert not touched.exists()
    assert answer.verdict is (Verdict.REFUSED if status == 401 else Verdict.UNKNOWN)


def test_a_hostile_log_in_runs_nothing(serve: Serve, gateway_at: GatewayAt, tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    server = serve(reply(200, transaction()), log_in=reply(500, hostile(f"touch {touched}")))

    answer = gateway_at(server.url).charge(sale())

    assert not touched.exists()
    assert answer.verdict is Verdict.NOT_SENT


def test_the_sdks_own_error_path_runs_nothing_either(tmp_path: Path) -> None:
    touched = tmp_path / "touched"
    body = json.dumps(hostile(f"touch {touched}"))

    assert vars(sdk_gateways)["jsonpickle"].decode(body)["error_code"] == "X"
    assert not touched.exists()


def test_three_d_secure_references_get_the_names_the_api_knows() -> None:
    body = {"authentication": {"three_ds": {"server_trans_reference": "S", "ds_trans_reference": "D", "eci": "05"}}}

    assert json.loads(object_serialize(body)) == {
        "authentication": {"three_ds": {"server_trans_ref": "S", "ds_trans_ref": "D", "eci": "05"}}
    }


def test_no_part_of_a_card_number_is_kept_in_memory() -> None:
    assert ProtectSensitiveData.hide_value("card.number", "4263970000005262", 4, 6) == {}
    assert ProtectSensitiveData.hide_values({"card.cvv": "123"}) == {}
    assert GpApiAuthorizationRequestBuilder().masked_values == {}


def test_tls_of_the_process_is_left_alone() -> None:
    program = (
        "import ssl, urllib3.util, urllib3.util.ssl_\n"
        "import oropay.gateway.globalpayments.hardening\n"
        "assert urllib3.util.IS_PYOPENSSL is False\n"
        "assert urllib3.util.SSLContext is ssl.SSLContext\n"
        "assert urllib3.util.ssl_.SSLContext is ssl.SSLContext\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.stderr == ""
    assert ended.returncode == 0


def test_the_port_and_its_guard_load_no_sdk() -> None:
    program = (
        "import sys, oropay.gateway.port, oropay.gateway.guard, oropay.gateway.globalpayments\n"
        "assert not [name for name in sys.modules if name.startswith('globalpayments')]\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert ended.stderr == ""
    assert ended.returncode == 0


def test_the_sdks_own_pool_neither_retries_nor_follows(serve: Serve) -> None:
    elsewhere = serve(reply(200, {}))
    server = serve(reply(302, "", Location=f"http://127.0.0.1:{elsewhere.port}/stolen"))

    response = sdk_gateways.HTTP.request("POST", server.url, body=b"{}")

    assert response.status == 302
    assert elsewhere.received == []
    with pytest.raises(urllib3.exceptions.NewConnectionError):
        sdk_gateways.HTTP.request("GET", "http://127.0.0.1:1/")


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed_and_proves_nothing(serve: Serve, gateway_at: GatewayAt, status: int) -> None:
    elsewhere = serve(reply(200, transaction()))
    server = serve(reply(status, "", Location=f"http://127.0.0.1:{elsewhere.port}/ucp/transactions"))

    answer = gateway_at(server.url).charge(sale())

    assert answer.verdict is Verdict.UNKNOWN
    assert answer.http_status == status
    assert elsewhere.received == []


def test_requests_say_what_they_are(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))

    gateway_at(server.url).charge(sale(idempotency_key="key-1"))

    headers = server.sales[0].headers
    assert headers["content-type"] == "application/json"
    assert headers["accept"] == "application/json"
    assert headers["x-gp-version"] == "2021-03-22"
    assert headers["x-gp-idempotency"] == "key-1"
    assert headers["authorization"] == "Bearer token-1"


def test_a_challenge_does_not_change_the_headers_of_later_calls(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(200, transaction()))
    connector = gateway_at(server.url).connector
    before = dict(connector.headers)

    connector.do_transaction("POST", "/disputes/DIS_1/challenge", "{}", None, "key-1")

    assert connector.headers == before
    assert "Authorization" not in connector.headers


@pytest.mark.parametrize("status", [200, 201, 202])
def test_every_kind_of_success_is_one(serve: Serve, gateway_at: GatewayAt, status: int) -> None:
    server = serve(reply(status, transaction()))

    answer = gateway_at(server.url).charge(sale())

    assert answer.verdict is Verdict.APPROVED
    assert answer.http_status == status


def test_an_error_keeps_its_status_its_codes_and_its_text(serve: Serve, gateway_at: GatewayAt) -> None:
    error = {
        "error_code": "MANDATORY_DATA_MISSING",
        "detailed_error_code": "40005",
        "detailed_error_description": "Request expects the following fields number",
    }
    server = serve(reply(400, error))

    answer = gateway_at(server.url).charge(sale())

    assert answer.verdict is Verdict.FAILED
    assert answer.http_status == 400
    assert answer.raw_status_code == "MANDATORY_DATA_MISSING"
    assert answer.error_code == "40005"
    assert answer.error_text == "Request expects the following fields number"
    assert answer.response == error


def test_the_connector_raises_the_sdks_own_error_type_with_status_and_body(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(reply(502, "<html>bad</html>", content_type="text/html"))
    connector = gateway_at(server.url).connector

    with pytest.raises(GatewayError) as raised:
        connector.do_transaction("GET", "/transactions/TRN_1")

    assert isinstance(raised.value, GatewayException)
    assert raised.value.http_status == 502
    assert raised.value.raw_body == "<html>bad</html>"


def test_two_hundred_threads_never_swap_idempotency_keys(serve: Serve, gateway_at: GatewayAt) -> None:
    server = serve(lambda request: reply(200, transaction(reference=request.json["reference"])))
    gateway = gateway_at(server.url, connect_timeout=10.0, read_timeout=20.0)
    requests = [sale(reference=f"reference-{n:04}", idempotency_key=f"key-of-{n:04}") for n in range(200)]
    start = threading.Barrier(200)
    answers = {}

    def pay(request: SaleRequest) -> None:
        start.wait(20)
        answers[request.reference] = gateway.charge(request)

    threads = [threading.Thread(target=pay, args=(request,)) for request in requests]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    sent = {request.json["reference"]: request.headers["x-gp-idempotency"] for request in server.sales}
    assert sent == {f"reference-{n:04}": f"key-of-{n:04}" for n in range(200)}
    assert len(server.sales) == 200
    assert {answer.verdict for answer in answers.values()} == {Verdict.APPROVED}
    assert {reference: answer.reference for reference, answer in answers.items()} == {
        request.reference: request.reference for request in requests
    }
    assert len(server.log_ins) == 1


def test_a_log_in_carries_neither_token_nor_idempotency_key(serve: Serve, gateway_at: GatewayAt) -> None:
    answers = iter([reply(401, {"error_code": "NOT_AUTHENTICATED"}), reply(200, transaction())])
    tokens = iter([token("token-1"), token("token-2")])
    server = serve(lambda _: next(answers), log_in=lambda _: next(tokens))

    gateway_at(server.url).charge(sale(idempotency_key="key-1"))

    assert len(server.log_ins) == 2
    for request in server.log_ins:
        assert "authorization" not in request.headers
        assert "x-gp-idempotency" not in request.headers


def test_one_connector_serves_all_gateways_with_the_same_credentials(serve: Serve) -> None:
    server = serve(reply(200, transaction()))
    credentials = Credentials(app_id="shared", app_key="k", service_url=server.url)

    one, other = GlobalPaymentsGateway(credentials), GlobalPaymentsGateway(credentials)
    rotated = GlobalPaymentsGateway(Credentials(app_id="shared", app_key="k2", service_url=server.url))
    one.charge(sale())
    other.charge(sale())

    assert one.connector is other.connector
    assert rotated.connector is not one.connector
    assert len(server.log_ins) == 1


def test_keys_do_not_show_in_representations(serve: Serve) -> None:
    server = serve(reply(200, transaction()))
    credentials = Credentials(app_id="a", app_key="very-secret", service_url=server.url)

    assert "very-secret" not in repr(credentials)
    assert "very-secret" not in repr(HardenedConnector(credentials))


def test_the_adapter_the_settings_name_fulfils_the_port(serve: Serve) -> None:
    credentials = Credentials(app_id="a", app_key="k", service_url=serve(reply(200, transaction())).url)

    gateway: PaymentGateway = import_string(settings.GATEWAYS["globalpayments"])(credentials)
    as_port: PaymentGateway = GlobalPaymentsGateway(credentials)

    assert type(gateway) is type(as_port)
    assert gateway.charge(sale()).verdict is Verdict.APPROVED
