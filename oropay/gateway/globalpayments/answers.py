"""From what came back over HTTP to an `Answer`. Pure; a body can never make it raise.

A field that is missing or of the wrong type reads as empty. What decides about money (id, status, amount) decides
nothing when it is unreadable: the verdict is then UNKNOWN.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from moneyed import Money

from oropay.gateway.globalpayments.exceptions import AmountDoesNotFit
from oropay.gateway.globalpayments.minor_units import from_minor
from oropay.gateway.globalpayments.redaction import last_four, redact, redact_text, storable
from oropay.gateway.globalpayments.verdicts import (
    PROOF_VERDICTS,
    Method,
    Step,
    first_resource,
    proof_of,
    verdict_of,
    verdict_of_error,
)
from oropay.gateway.port import Answer, Authenticated, Proof, Verdict

Body = Mapping[str, Any]

_WEB_ADDRESS = re.compile(r"https?://[^\s\"'<>\\]+")
_RETURN_CODE = re.compile(r"R[0-9]{2}")
_TOKEN = re.compile(r"PMT_[A-Za-z0-9_-]{1,46}")
_KEEPS = (Verdict.APPROVED, Verdict.REVIEW)
CARD_UNKNOWN = "40116"
"""`detailed_error_code` of a token that the gateway does not know (any more)."""
LONGEST_MESSAGE = 20_000
"""Characters of a challenge or method message; EMV 3-D Secure's are far shorter."""
_HELD = ("PENDING_REVIEW", "HOLD_SUCCESSFUL")


def read_json(text: str) -> Body | None:
    """The JSON object in `text`, or None. Numbers with a decimal point stay text: no float comes near money."""
    try:
        value = json.loads(text, parse_float=str, parse_constant=str)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def answer_of(
    text: str,
    *,
    http_status: int,
    step: Step,
    method: Method,
    request: Body,
    secrets: Iterable[str] = (),
    keeping: str = "",
) -> Answer:
    """A successful HTTP answer. `method` is what we asked with; the answer's own word wins.

    `keeping` is the single-use token whose card the gateway was asked to keep.
    """
    body = read_json(text)
    if body is None:
        return Answer(
            verdict=Verdict.UNKNOWN,
            http_status=http_status,
            error_text="The gateway's answer is not JSON.",
            request=request,
            response=redact({"text": text}, secrets=secrets),
        )
    answer = answer_of_body(body, step=step, method=method, secrets=secrets)
    kept = _kept_token(body, sent=keeping) if keeping and answer.verdict in _KEEPS else ""
    return replace(answer, http_status=http_status, request=request, kept_token=kept)


def answer_of_body(body: Body, *, step: Step, method: Method = Method.UNSEEN, secrets: Iterable[str] = ()) -> Answer:
    """One transaction, from an answer of its own or an entry of a list."""
    gateway_id, status, risk = _name(body, "id"), _name(body, "status", longest=20), _risk(body)
    amount, trouble = _amount(body)
    if not gateway_id or not status:
        trouble = "The gateway's answer names no transaction or no status."
    verdict = Verdict.UNKNOWN
    if not trouble:
        verdict = verdict_of(
            step=step,
            method=_method(body) or method,
            status=status,
            result=_text(body, "action", "result_code"),
            risk=risk,
            funded=_was_funded(body),
        )
    card = ("payment_method", "card")
    return Answer(
        verdict=verdict,
        gateway_id=gateway_id,
        status=status,
        type=_text(body, "type"),
        reference=_text(body, "reference"),
        parent_gateway_id=_text(body, "parent_resource_id"),
        account_name=_text(body, "account_name"),
        amount=amount,
        result_code=_text(body, "payment_method", "result"),
        message=redact_text(_text(body, "payment_method", "message"), secrets=secrets),
        auth_code=_text(body, *card, "authcode"),
        brand=_text(body, *card, "brand"),
        last4=_last4(body),
        bin=_bin(body),
        expiry_month=expiry_month(_at(body, *card)),
        expiry_year=expiry_year(_at(body, *card)),
        avs_address=_text(body, *card, "avs_address_result"),
        avs_postal_code=_text(body, *card, "avs_postal_code_result"),
        cvv=_text(body, *card, "cvv_result"),
        brand_reference=_name(body, *card, "brand_reference"),
        fingerprint=_name(body, "payment_method", "fingerprint", longest=80),
        batch_id=_name(body, "batch_id"),
        risk=risk,
        time_created=read_time(_text(body, "time_created")),
        error_text=trouble,
        response=redact(body, secrets=secrets),
    )


def answer_of_stored_card(text: str, *, http_status: int, request: Body, **_: Any) -> Answer:
    """A kept card was changed or deleted. HTTP 200 with a body and 204 without one both mean that it was done."""
    body = read_json(text) or {}
    return Answer(
        verdict=Verdict.APPROVED,
        gateway_id=_name(body, "id"),
        status=_name(body, "status", longest=20),
        expiry_month=expiry_month(_at(body, "card")),
        expiry_year=expiry_year(_at(body, "card")),
        http_status=http_status,
        request=request,
        response=redact(body),
    )


def answer_of_authentication(
    text: str,
    *,
    http_status: int,
    step: Step,
    method: Method,
    request: Body,
    secrets: Iterable[str] = (),
    keeping: str = "",
) -> Answer:
    """A successful HTTP answer to one of the calls above; the cryptogram in it is hidden from what is kept."""
    body = read_json(text)
    if body is None:
        return Answer(
            verdict=Verdict.UNKNOWN,
            http_status=http_status,
            error_text="The gateway's answer is not JSON.",
            request=request,
            response=redact({"text": text}),
        )
    return replace(authentication_of_body(body), http_status=http_status, request=request)


def authentication_of_body(body: Body) -> Answer:
    """One authentication, from an answer of its own or an entry of a list. What makes no sense proves nothing."""
    gateway_id, status = _name(body, "id"), _name(body, "status", longest=40)
    amount, trouble = _amount(body)
    proof = proof_of(status=status, bank_status=_text(body, "three_ds", "status"))
    if not gateway_id or proof is None:
        trouble = trouble or f"The gateway's answer names no authentication, or an unknown status {status!r}."
    return Answer(
        verdict=PROOF_VERDICTS[proof] if proof is not None and not trouble else Verdict.UNKNOWN,
        gateway_id=gateway_id,
        status=status,
        reference=_text(body, "reference"),
        account_name=_text(body, "account_name"),
        amount=amount,
        message=_text(body, "three_ds", "status_reason"),
        error_text=trouble,
        authentication=None if proof is None or trouble else _authenticated(body, proof=proof),
        response=redact(body),
    )


def _authenticated(body: Body, *, proof: Proof) -> Authenticated:
    three_ds = "three_ds"

    def short(name: str) -> str:
        return _name(body, three_ds, name)

    def long(*path: str) -> str:
        return _name(body, three_ds, *path, longest=LONGEST_MESSAGE)

    return Authenticated(
        proof=proof,
        message_version=short("message_version"),
        eci=short("eci"),
        server_trans_ref=short("server_trans_ref"),
        ds_trans_ref=short("ds_trans_ref"),
        acs_trans_ref=short("acs_trans_ref"),
        liability_shift=short("liability_shift") == "YES",
        status=short("status") or _name(body, "status"),
        status_reason=short("status_reason"),
        exemption=short("exempt_status"),
        method_url=web_address(long("method_url")),
        method_data=long("method_data", "encoded_method_data"),
        challenge_url=web_address(long("acs_challenge_request_url")),
        challenge_value=long("challenge_value"),
    )


def web_address(text: str) -> str:
    """An address that a browser may be sent to; empty for anything else, such as a script in an address's clothes."""
    return text if _WEB_ADDRESS.fullmatch(text) else ""


def answer_of_error(text: str, *, http_status: int, step: Step, request: Body, secrets: Iterable[str] = ()) -> Answer:
    """An HTTP answer that is no success: an error, a redirect, a proxy's page."""
    body = read_json(text)
    detailed_code, description = "", ""
    if body is not None:
        detailed_code, description = _text(body, "detailed_error_code"), _text(body, "detailed_error_description")
    duplicate_of = first_resource(description) if http_status == 409 else ""
    return Answer(
        verdict=verdict_of_error(
            step=step,
            http_status=http_status,
            speaks_gateway=bool(detailed_code),
            detailed_code=detailed_code,
            duplicate_of=duplicate_of,
        ),
        duplicate_of=duplicate_of,
        http_status=http_status,
        error_code=detailed_code,
        error_text=redact_text(description, secrets=secrets) or f"HTTP {http_status}",
        batch_closed=step is Step.REVERSAL and "batch" in description.lower(),
        card_gone=detailed_code == CARD_UNKNOWN,
        raw_status_code=_text(body, "error_code") if body is not None else "",
        request=request,
        response=redact(body if body is not None else {"text": text}, secrets=secrets),
    )


def _kept_token(body: Body, *, sent: str) -> str:
    """The lasting name the gateway gave a card we asked it to keep; empty if it kept none."""
    token = _text(body, "payment_method", "id")
    return token if token != sent and _TOKEN.fullmatch(token) else ""


def expiry_month(card: object) -> int | None:
    """1 to 12 from a card block, or None."""
    number = _number(card, "expiry_month")
    return number if number is not None and 1 <= number <= 12 else None


def expiry_year(card: object) -> int | None:
    """Four digits from a card block that holds two, or None."""
    number = _number(card, "expiry_year")
    if number is None:
        return None
    return 2000 + number if number < 100 else number


def read_time(text: str) -> datetime | None:
    """An ISO 8601 moment; without a zone it is UTC, as the gateway writes it."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _amount(body: Body) -> tuple[Money | None, str]:
    amount = body.get("amount")
    if amount in (None, ""):
        return None, ""
    try:
        return from_minor(amount, body.get("currency")), ""
    except AmountDoesNotFit as error:
        return None, str(error)


def _method(body: Body) -> Method:
    paid_with = _at(body, "payment_method")
    if isinstance(paid_with, Mapping) and paid_with.get("bank_transfer"):
        return Method.ACH
    if isinstance(paid_with, Mapping) and paid_with.get("card"):
        return Method.CARD
    return Method.UNSEEN


def _was_funded(body: Body) -> bool:
    """Whether the bank's money had been on its way to us: it names a deposit, or carries an ACH return code."""
    return bool(
        _text(body, "deposit_id")
        or _text(body, "deposit_status") == "FUNDED"
        or _RETURN_CODE.fullmatch(_text(body, "payment_method", "result"))
    )


def _risk(body: Body) -> str:
    """The fraud filter's word that counts: a release ends a hold, a hold outweighs an acceptance."""
    entries = body.get("risk_assessment")
    entries = entries if isinstance(entries, list) else [entries]
    words = [_text(entry, "result") for entry in entries if isinstance(entry, Mapping)]
    if "RELEASE_SUCCESSFUL" in words:
        return "RELEASE_SUCCESSFUL"
    return next((word for word in words if word in _HELD), words[-1] if words else "")


def _last4(body: Body) -> str:
    method = "payment_method"
    for path in ((method, "card", "masked_number_last4"), (method, "card", "number_last4")):
        if text := _text(body, *path):
            return last_four(text)
    return last_four(_text(body, method, "bank_transfer", "masked_account_number_last4"))


def _bin(body: Body) -> str:
    shown = _text(body, "payment_method", "card", "masked_number_first6last4")[:6]
    return shown if len(shown) == 6 and shown.isascii() and shown.isdigit() else ""


def _at(body: object, *path: str) -> object:
    value = body
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return value


def _text(body: object, *path: str) -> str:
    value = _at(body, *path)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return storable(value) if isinstance(value, str) else ""


def _name(body: object, *path: str, longest: int = 60) -> str:
    """A name we keep whole or not at all: cut short it would name something else."""
    name = _text(body, *path)
    return name if len(name) <= longest else ""


def _number(block: object, name: str) -> int | None:
    text = _text(block, name)
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 4 else None
