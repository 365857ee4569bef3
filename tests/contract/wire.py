"""A small HTTP server on a raw socket that misbehaves exactly as told."""

import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Received:
    """One request as it arrived."""

    verb: str
    target: str
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(frozen=True)
class Say:
    """Bytes to send, and how to end the connection after them."""

    raw: bytes
    reset: bool = False
    """End with a TCP reset instead of a clean close."""
    drip: float = 0
    """Seconds between single bytes."""


SILENCE = Say(b"")
"""Never answers; the line stays open until the server stops."""


def reply(status: int, body: Any, *, content_type: str = "application/json", **headers: str) -> Say:
    raw = body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} Status", f"Content-Type: {content_type}", f"Content-Length: {len(raw)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return Say("\r\n".join([*lines, "", ""]).encode() + raw)


def token(name: str = "token-1", seconds: int = 3600) -> Say:
    return reply(200, {"token": name, "type": "Bearer", "seconds_to_expire": seconds, "scope": {"accounts": []}})


def transaction(**changes: Any) -> dict[str, Any]:
    """A good answer to a card sale of 19.99 USD."""
    return {
        "id": "TRN_1",
        "time_created": "2026-11-23T20:00:00.000Z",
        "type": "SALE",
        "status": "CAPTURED",
        "amount": "1999",
        "currency": "USD",
        "account_name": "transaction_processing",
        "reference": "payment-0001",
        "batch_id": "BAT_1",
        "payment_method": {
            "result": "00",
            "message": "AUTHORISED",
            "card": {"brand": "VISA", "masked_number_last4": "XXXXXXXXXXXX5262", "authcode": "123456"},
        },
        "action": {"type": "AUTHORIZE", "result_code": "SUCCESS"},
        **changes,
    }


@dataclass
class WireServer:
    """Serves each connection in a thread. `/accesstoken` is answered by `log_in`, everything else by `behave`."""

    behave: Callable[[Received], Say]
    log_in: Callable[[Received], Say] = field(default=lambda _: token())
    tls: Path | None = None
    """A PEM file with certificate and key: then it speaks TLS."""
    deaf: bool = False
    """Accepts connections and then neither reads nor writes."""
    received: list[Received] = field(default_factory=list)
    connections: int = 0

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=300)
        self._stopped = threading.Event()
        self._context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        if self.tls:
            self._context.load_cert_chain(self.tls)
        self._accepting = threading.Thread(target=self._accept, daemon=True)
        self._accepting.start()

    @property
    def port(self) -> int:
        return int(self._socket.getsockname()[1])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/ucp"

    @property
    def sales(self) -> list[Received]:
        """Everything but log-ins."""
        return [request for request in self.received if not request.target.endswith("/accesstoken")]

    @property
    def log_ins(self) -> list[Received]:
        return [request for request in self.received if request.target.endswith("/accesstoken")]

    def stop(self) -> None:
        """Refuse connections from now on; a thread inside accept() would keep the port open."""
        if self._stopped.is_set():
            return
        self._stopped.set()
        self._socket.shutdown(socket.SHUT_RDWR)
        self._accepting.join(5)
        self._socket.close()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                line, _ = self._socket.accept()
            except OSError:
                return
            self.connections += 1
            threading.Thread(target=self._serve, args=(line,), daemon=True).start()

    def _serve(self, line: socket.socket) -> None:
        if self.deaf:
            with line:
                self._stopped.wait(30)
            return
        if self.tls:
            try:
                line = self._context.wrap_socket(line, server_side=True)
            except OSError:
                return  # The client does not trust the certificate, as it should not.
        with line, line.makefile("rb") as stream:
            start = stream.readline().decode("latin-1").split()
            if len(start) < 2:
                return
            headers: dict[str, str] = {}
            while (text := stream.readline().decode("latin-1").strip()) != "":
                name, _, value = text.partition(":")
                headers[name.lower()] = value.strip()
            body = stream.read(int(headers.get("content-length", 0)))
            request = Received(start[0], start[1], headers, body)
            self.received.append(request)
            self._answer(line, self.log_in(request) if start[1].endswith("/accesstoken") else self.behave(request))

    def _answer(self, line: socket.socket, say: Say) -> None:
        if say is SILENCE:
            self._stopped.wait(30)
            return
        try:
            if say.drip:
                for number in range(len(say.raw)):
                    if self._stopped.wait(say.drip):
                        return
                    line.sendall(say.raw[number : number + 1])
            else:
                line.sendall(say.raw)
        except OSError:
            return  # The client hung up first, as it should after its time-out.
        if say.reset:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))


Serve = Callable[..., WireServer]
"""The fixture: `serve(behave, log_in=…, tls=…, deaf=…)`."""
