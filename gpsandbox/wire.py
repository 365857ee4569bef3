"""Answers that are not answers: what the fault rules put on the wire, down to a cut connection."""

import json
from typing import Any

from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from gpsandbox import redaction

_connections: dict[tuple[str, int], "CuttableProtocol"] = {}
"""Live connections by the client's address, which is unique among them."""


class CuttableProtocol(HttpToolsProtocol):
    """Uvicorn's HTTP protocol, findable by the address in a request's scope."""

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if self.client:
            _connections[self.client] = self

    def connection_lost(self, exc: Exception | None) -> None:
        if self.client:
            _connections.pop(self.client, None)
        super().connection_lost(exc)


class Cut(Response):
    """Closes the TCP connection without sending a byte."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        protocol = _connections.get(tuple(scope["client"]))
        if protocol is None:
            raise RuntimeError("The server was not started with CuttableProtocol: it cannot cut connections.")
        protocol.transport.abort()
        while (await receive())["type"] != "http.disconnect":
            pass


def json_read(raw: bytes) -> Any:
    """What a body says.

    Raises ValueError (or RecursionError) for what is no JSON, or holds text that nobody could write again: halves of
    characters.
    """
    value = json.loads(raw)
    if b"\\u" in raw:
        redaction.compact(value).encode()
    return value


class Answer(JSONResponse):
    """A JSON answer as the gateway writes it: compact, without sorting. Text is taken for finished JSON."""

    def render(self, content: Any) -> bytes:
        return (content if isinstance(content, str) else redaction.compact(content)).encode()
