"""Disputes, asked raw: the SDK sends their filters under names that the API does not know."""

import base64
import binascii
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

from oropay.gateway.globalpayments import answers, bodies, reports
from oropay.gateway.globalpayments.calls import Call, Calls
from oropay.gateway.globalpayments.exceptions import AmountDoesNotFit, UnusableRequest
from oropay.gateway.globalpayments.minor_units import from_minor
from oropay.gateway.globalpayments.redaction import last_four, redact, redact_text, storable
from oropay.gateway.globalpayments.verdicts import Step
from oropay.gateway.port import Answer, DisputeAct, DisputeTold, Funding, GatewayUnavailable, Verdict

DISPUTES = "/disputes"
UNKNOWN_NAMES = ("40071", "40073", "40118")
"""Detailed codes for a dispute or document that the gateway does not know; it says so with HTTP 400 or 404."""

FUNDING = {"DEBIT": Funding.TAKEN, "CREDIT": Funding.RETURNED, "": Funding.NONE}


class Disputes(Calls):
    """Implements `port.disputes.Disputes`."""

    def disputes(self, *, since: date, until: date) -> Iterator[DisputeTold]:
        query = {
            "from_stage_time_created": since.isoformat(),
            "to_stage_time_created": (until + timedelta(days=1)).isoformat(),
        }
        for told in self.report(DISPUTES, query, "disputes", told_of, account_name=self.credentials.dispute_account):
            if told.stage_at is None or since <= told.stage_at.date() <= until:
                yield told

    def dispute(self, *, gateway_id: str) -> DisputeTold | None:
        body = self._body(f"{DISPUTES}/{bodies.in_path(gateway_id)}")
        if body is None:
            return None
        try:
            told = told_of(body)
        except reports.Unreadable as error:
            raise GatewayUnavailable(f"Dispute {gateway_id} made no sense; no money moved. {error}") from error
        if told.gateway_id != gateway_id:
            raise GatewayUnavailable(f"Asked for dispute {gateway_id}, the gateway answered with {told.gateway_id}.")
        return told

    def dispute_document(self, *, gateway_id: str, document_id: str) -> bytes | None:
        body = self._body(f"{DISPUTES}/{bodies.in_path(gateway_id)}/documents/{bodies.in_path(document_id)}")
        if body is None:
            return None
        text = body.get("b64_content")
        try:
            if not isinstance(text, str) or not text:
                raise ValueError("no content")
            return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
        except (binascii.Error, ValueError) as error:
            raise GatewayUnavailable(f"Document {document_id} of dispute {gateway_id} made no sense.") from error

    def dispute_accept(self, act: DisputeAct) -> Answer:
        return self._act(lambda: _call(act, "acceptance", {}), gateway_id=act.gateway_id)

    def dispute_challenge(self, act: DisputeAct) -> Answer:
        return self._act(lambda: _call(act, "challenge", {"documents": _documents(act)}), gateway_id=act.gateway_id)

    def _act(self, build: Callable[[], Call], *, gateway_id: str) -> Answer:
        """Send our answer. APPROVED only if the gateway confirms it for this very dispute."""
        try:
            call = build()
        except UnusableRequest as error:
            return Answer(verdict=Verdict.FAILED, error_text=redact_text(str(error)))
        text = self.send(call)
        if isinstance(text, Answer):
            return text
        body = answers.read_json(text) or {}
        shown = Answer(
            verdict=Verdict.UNKNOWN,
            http_status=text.http_status,
            gateway_id=_text(body, "id"),
            status=_text(body, "status")[:20],
            request=call.shown,
            response=redact(body),
        )
        if shown.gateway_id == gateway_id and shown.status and _text(body, "action", "result_code") == "SUCCESS":
            return replace(shown, verdict=Verdict.APPROVED)
        return replace(shown, error_text="The gateway's answer does not confirm the dispute we asked about.")

    def _body(self, path: str) -> Mapping[str, Any] | None:
        """A good answer's body; None when the gateway says that it knows no such thing.

        Raises GatewayUnavailable for everything else.
        """
        text = self.send(Call(step=Step.LOOK_UP, verb="GET", path=path, read_timeout=self.look_up_timeout))
        if isinstance(text, Answer):
            if text.error_code in UNKNOWN_NAMES:
                return None
            raise GatewayUnavailable(f"{path} could not be read; no money is involved. {text.error_text}")
        body = answers.read_json(text)
        if body is None:
            raise GatewayUnavailable(f"{path} made no sense; no money is involved.")
        return body


def told_of(row: Mapping[str, Any]) -> DisputeTold:
    """A dispute alone or in a list.

    Raises:
        Unreadable: a field that decides about money makes no sense.
    """
    gateway_id, stage, status = (_text(row, name) for name in ("id", "stage", "status"))
    if not gateway_id or not stage or not status:
        raise reports.Unreadable("A dispute has no id, no stage or no status.")
    funding = _text(row, "last_adjustment_funding")
    if funding not in FUNDING:
        raise reports.Unreadable(f"Dispute {gateway_id!r} moved money {funding!r}.")
    try:
        amount = from_minor(row.get("amount"), row.get("currency"))
    except AmountDoesNotFit as error:
        raise reports.Unreadable(f"Dispute {gateway_id!r}: {error}") from error
    single = ("transaction", "payment_method", "card")
    listed = ("payment_method", "card")

    def card(name: str) -> str:
        return _text(row, *single, name) or _text(row, *listed, name)

    documents = row.get("documents")
    return DisputeTold(
        gateway_id=gateway_id,
        stage=stage,
        status=status,
        result=_text(row, "result"),
        amount=amount,
        stage_at=answers.read_time(_text(row, "stage_time_created")),
        status_at=answers.read_time(_text(row, "status_time_created")),
        respond_by=answers.read_time(_text(row, "time_to_respond_by")),
        opened_at=answers.read_time(_text(row, "time_created")),
        reason_code=_text(row, "reason_code"),
        reason=redact_text(_text(row, "reason_description")),
        funding=FUNDING[funding],
        arn=card("arn"),
        reference=_text(row, "transaction", "reference"),
        order_reference=_text(row, "transaction", "order", "reference"),
        brand=card("brand"),
        last4=last_four(card("number")),
        document_ids=tuple(
            _text(document, "id") for document in (documents if isinstance(documents, list) else []) if document
        ),
        response=redact(row),
    )


def _call(act: DisputeAct, verb: str, body: Mapping[str, Any]) -> Call:
    return Call(
        step=Step.DISPUTE,
        verb="POST",
        path=f"{DISPUTES}/{bodies.in_path(act.gateway_id)}/{verb}",
        body=body,
        key=bodies.key(act.idempotency_key),
        send_before=act.send_before,
    )


def _documents(act: DisputeAct) -> list[dict[str, str]]:
    if not act.documents:
        raise UnusableRequest("A challenge needs at least one document.")
    return [
        {"type": document.type, "b64_content": base64.b64encode(document.content).decode()}
        for document in act.documents
    ]


def _text(row: object, *path: str) -> str:
    value = row
    for name in path:
        value = value.get(name) if isinstance(value, Mapping) else None
    return storable(value) if isinstance(value, str) else ""
