"""The one way every `/ucp` call goes: read, recognise, maybe spoil, do in one database transaction, note, answer."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gpsandbox import (
    actions,
    actions_log,
    batches,
    clock,
    conversions,
    disputes,
    errors,
    faults,
    fields,
    idempotency,
    journal,
    life,
    links,
    payment_methods,
    redaction,
    settlement,
    threeds,
    tokens,
    transactions,
    verifications,
)
from gpsandbox.call import Call
from gpsandbox.errors import ApiError
from gpsandbox.settings import Settings
from gpsandbox.store import Store
from gpsandbox.wire import Answer, json_read

log = logging.getLogger("gpsandbox")

BODY_LIMIT = 1_000_000
"""Bytes."""

Handler = Callable[[Call], dict[str, Any]]


@dataclass(frozen=True)
class Operation:
    """One line of the API: what is called and who answers."""

    method: str
    endpoint: str
    handler: Handler
    signed_in: bool = True


OPERATIONS = (
    Operation("POST", "/accesstoken", tokens.create, signed_in=False),
    Operation("POST", "/payment-methods", payment_methods.create),
    Operation("POST", "/payment-methods/search", payment_methods.search),
    Operation("POST", "/payment-methods/{id}/detokenize", payment_methods.detokenize),
    Operation("GET", "/payment-methods", payment_methods.find),
    Operation("GET", "/payment-methods/{id}", payment_methods.get),
    Operation("PATCH", "/payment-methods/{id}", payment_methods.edit),
    Operation("DELETE", "/payment-methods/{id}", payment_methods.delete),
    Operation("POST", "/verifications", verifications.create),
    Operation("POST", "/transactions", transactions.create),
    Operation("GET", "/transactions", transactions.find),
    Operation("GET", "/transactions/{id}", transactions.get),
    Operation("POST", "/transactions/{id}/capture", transactions.capture),
    Operation("POST", "/transactions/{id}/refund", transactions.refund),
    Operation("POST", "/transactions/{id}/reversal", transactions.reverse),
    Operation("POST", "/transactions/{id}/confirmation", transactions.confirm),
    Operation("POST", "/transactions/{id}/reauthorization", transactions.reauthorize),
    Operation("POST", "/transactions/{id}/incremental", transactions.increment),
    Operation("POST", "/transactions/{id}/hold", transactions.hold),
    Operation("POST", "/transactions/{id}/release", transactions.release),
    Operation("POST", "/authentications", threeds.check),
    Operation("GET", "/authentications", threeds.find),
    Operation("GET", "/authentications/{id}", threeds.get),
    Operation("POST", "/authentications/{id}/initiate", threeds.initiate),
    Operation("GET", "/authentications/{id}/result", threeds.result),
    Operation("POST", "/authentications/{id}/result", threeds.result),
    Operation("POST", "/links", links.create),
    Operation("GET", "/links", links.find),
    Operation("GET", "/links/{id}", links.get),
    Operation("PATCH", "/links/{id}", links.edit),
    Operation("POST", "/currency-conversions", conversions.create),
    Operation("GET", "/batches/{id}", batches.get),
    Operation("POST", "/batches/{id}", batches.close),
    Operation("GET", "/batches/", batches.unnamed),
    Operation("POST", "/batches/", batches.unnamed),
    Operation("GET", "/settlement/transactions", settlement.transactions_find),
    Operation("GET", "/settlement/deposits", settlement.deposits_find),
    Operation("GET", "/settlement/deposits/{id}", settlement.deposit_get),
    Operation("GET", "/settlement/disputes", disputes.funded_find),
    Operation("GET", "/settlement/disputes/{id}", disputes.funded_get),
    Operation("GET", "/disputes", disputes.find),
    Operation("GET", "/disputes/{id}", disputes.get),
    Operation("POST", "/disputes/{id}/acceptance", disputes.accept),
    Operation("POST", "/disputes/{id}/challenge", disputes.challenge),
    Operation("GET", "/disputes/{id}/documents/{document}", disputes.document_get),
    Operation("GET", "/actions", actions_log.find),
    Operation("GET", "/actions/{id}", actions_log.get),
)
"""The whole API."""


def routes(*, settings: Settings, store: Store) -> list[Route]:
    return [
        Route(f"/ucp{operation.endpoint}", _endpoint(operation, settings, store), methods=[operation.method])
        for operation in OPERATIONS
    ]


def _endpoint(operation: Operation, settings: Settings, store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        call, unreadable = await _read(request, operation, settings, store)
        if settings.delay_ms:
            await asyncio.sleep(settings.delay_ms / 1000)
        response = await _answer(call, operation, unreadable)
        if log.isEnabledFor(logging.INFO):
            log.info("%s", _line(call, response))
        return response

    return endpoint


async def _answer(call: Call, operation: Operation, unreadable: ApiError | None) -> Response:
    fault = None
    try:
        if not call.version:
            raise errors.missing("X-GP-Version")
        if operation.signed_in:
            call.session = tokens.authenticate(call)
        if unreadable:
            raise unreadable
        fault = faults.find(call)
    except ApiError as error:
        return _refused(call, error)
    spoiled = await fault.before(call) if fault else None
    if spoiled is not None:
        with call.store.atomic():
            journal.write(call, status=None if "drop" in call.fault else spoiled.status_code)
        return spoiled
    if fault or call.settings.delay_ms:
        call.now = clock.now(call.store)  # it may have waited
    response = _performed(call, operation)
    return await fault.after(response) if fault else response


def _performed(call: Call, operation: Operation) -> Response:
    """Everything between these lines happens at once, or not at all. First, time passes."""
    try:
        life.catch_up(call.store, settings=call.settings, now=call.now)
        with call.store.atomic():
            if call.method != "GET" and operation.signed_in:
                idempotency.refuse_repeat(call)
            body = operation.handler(call)
            if call.method != "GET" and operation.signed_in:
                idempotency.remember(call)
            text = redaction.compact(body)
            journal.write(call, status=200, answer=body, text=text)
            actions.write(call, answer=body)
    except ApiError as error:
        return _refused(call, error)
    except Exception:
        log.exception("%s %s failed", call.method, call.endpoint)
        return _refused(call, errors.our_fault())
    return Answer(text)


def _refused(call: Call, error: ApiError) -> Response:
    with call.store.atomic():
        journal.write(call, status=error.status, detailed_error_code=error.detailed, answer=error.body())
        actions.write_refused(call, error)
    return Answer(error.body(), error.status)


async def _read(
    request: Request, operation: Operation, settings: Settings, store: Store
) -> tuple[Call, ApiError | None]:
    """The call, and what is wrong with its body, if anything. Any Content-Type is taken for JSON."""
    headers = request.headers
    body: Any = {}
    unreadable = None
    raw = await request.body()
    if raw:
        try:
            body = fields.without_nulls(json_read(raw)) if len(raw) <= BODY_LIMIT else None
        except (ValueError, RecursionError):
            body = None
    if not isinstance(body, dict):
        body, unreadable = {}, errors.unexpected_data("Request body")
    call = Call(
        settings=settings,
        store=store,
        method=operation.method,
        endpoint=operation.endpoint,
        path=request.scope["path"],
        path_id=request.path_params.get("id", ""),
        query=dict(request.query_params),
        body=body,
        idempotency_key=headers.get("x-gp-idempotency", ""),
        version=headers.get("x-gp-version", ""),
        token=tokens.bearer(headers.get("authorization", "")),
        now=clock.now(store),
    )
    return call, unreadable


def _line(call: Call, response: Response) -> str:
    """One readable line: never a body, a query or a token."""
    parts = [f"{response.status_code} {call.method:<6} {call.endpoint}", call.resource_id, call.reference]
    if call.fault:
        parts.append(f"fault: {call.fault}")
    return "  ".join(part for part in parts if part)
