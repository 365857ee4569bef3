"""Whether a message is the gateway's, and what may be read from it."""

import hashlib
import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oropay.gateway.globalpayments.adapter import GlobalPaymentsGateway
from oropay.gateway.globalpayments.notifications import _forms
from oropay.gateway.port import Subject

KEY = "key-of-the-app"
PRETTY = b'{\n  "id": "TRN_1",\n  "note": "a \\"b\\"  c / d",\n  "name": "Ann \xc3\x84",\n  "list": [ 1, 2 ]\n}\n'
MINIFIED = '{"id":"TRN_1","note":"a \\"b\\"  c / d","name":"Ann Ä","list":[1,2]}'.encode()
ESCAPED = b'{"id":"TRN_1","note":"a\\/b","name":"\\u00c4"}'
UNESCAPED = '{"id":"TRN_1","note":"a/b","name":"Ä"}'.encode()


@pytest.fixture
def gateway(gateway_at: Callable[..., GlobalPaymentsGateway]) -> GlobalPaymentsGateway:
    return gateway_at("http://127.0.0.1:1/ucp")


def signed(message: bytes, key: str = KEY) -> dict[str, str]:
    return {"X-GP-Signature": hashlib.sha512(message + key.encode()).hexdigest()}


@pytest.mark.parametrize(
    ("body", "signed_over"),
    [(PRETTY, PRETTY), (MINIFIED, MINIFIED), (PRETTY, MINIFIED), (ESCAPED, UNESCAPED), (b"<no json>", b"<no json>")],
)
def test_a_signature_over_the_bytes_or_their_minified_form_is_genuine(
    gateway: GlobalPaymentsGateway, body: bytes, signed_over: bytes
) -> None:
    assert gateway.notice_read(body=body, headers=signed(signed_over)).genuine


CONTENT = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


@given(content=CONTENT)
def test_the_minified_form_lacks_nothing_but_the_white_space_between_words(content: Any) -> None:
    pretty = json.dumps(content, indent=2).encode()

    assert list(_forms(pretty)) == [
        pretty,
        json.dumps(content, separators=(",", ":")).encode(),
        json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode(),
    ]


@pytest.mark.parametrize(
    "body",
    [b"<no json>", b'{"id": "TRN_1', rb'{"id": "TRN_1\"}', b'"' + rb"\"" * 32_000, b"\xff", b"[" * 60_000],
    ids=lambda body: str(body[:20]),
)
def test_only_json_has_a_minified_form_to_look_for(body: bytes) -> None:
    assert list(_forms(body)) == [body]


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-GP-Signature": ""},
        {"X-GP-Signature": "Ω"},
        {"X-GP-Signature": "0" * 128},
        signed(PRETTY, "another key"),
        signed(PRETTY + b" "),
        {"X-GP-Signature": signed(PRETTY)["X-GP-Signature"].upper()},
        {"X-GP-Signature": signed(PRETTY)["X-GP-Signature"][:64]},
        {"X-Signature": signed(PRETTY)["X-GP-Signature"]},
        {"X-GP-Signature": hashlib.sha512(KEY.encode() + PRETTY).hexdigest()},
    ],
)
def test_anything_else_is_forged(gateway: GlobalPaymentsGateway, headers: dict[str, str]) -> None:
    assert not gateway.notice_read(body=PRETTY, headers=headers).genuine


def test_the_name_of_the_header_may_be_written_in_any_case(gateway: GlobalPaymentsGateway) -> None:
    headers = {"x-gp-signature": f" {signed(PRETTY)['X-GP-Signature']} "}

    assert gateway.notice_read(body=PRETTY, headers=headers).genuine


def test_what_we_sign_ourselves_is_genuine(gateway: GlobalPaymentsGateway) -> None:
    assert gateway.notice_read(body=PRETTY, headers=gateway.notice_sign(body=PRETTY)).genuine


@pytest.mark.parametrize(
    ("content", "subject", "gateway_id", "status"),
    [
        ({"id": "TRN_aB-1_2", "status": "CAPTURED"}, Subject.TRANSACTION, "TRN_aB-1_2", "CAPTURED"),
        ({"id": "DIS_1", "status": "CLOSED"}, Subject.DISPUTE, "DIS_1", "CLOSED"),
        ({"id": "TEST_1"}, Subject.TEST, "TEST_1", ""),
        ({"id": "TRN_1/../x"}, Subject.UNREADABLE, "", ""),
        ({"id": 7}, Subject.UNREADABLE, "", ""),
        ({"id": "TRN_1", "status": ["x"]}, Subject.TRANSACTION, "TRN_1", ""),
        ({"id": "TRN_1", "status": "X" * 99}, Subject.TRANSACTION, "TRN_1", "X" * 20),
        ({"id": "TRN_1", "status": "a\x00b"}, Subject.TRANSACTION, "TRN_1", ""),
        ({}, Subject.UNREADABLE, "", ""),
    ],
)
def test_what_it_is_about(
    gateway: GlobalPaymentsGateway, content: Any, subject: Subject, gateway_id: str, status: str
) -> None:
    notice = gateway.notice_read(body=json.dumps(content).encode(), headers={})

    assert (notice.subject, notice.gateway_id, notice.status) == (subject, gateway_id, status)


def test_what_is_shown_carries_no_card_number(gateway: GlobalPaymentsGateway) -> None:
    body = b'{"id":"TRN_1","payment_method":{"card":{"number":"4263970000005262"}},"text":"4263 9700 0000 5262"}'

    shown = str(gateway.notice_read(body=body, headers={}).shown)
    text = str(gateway.notice_read(body=b"card 4263970000005262 \x00", headers={}).shown)

    assert "426397" not in shown.replace(" ", "")
    assert "426397" not in text
    assert "\x00" not in text
