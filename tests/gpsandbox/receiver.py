"""A merchant's server that hears status notifications, for tests."""

import hashlib
import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.gpsandbox.client import APP_KEY

PATIENCE = 10.0
"""Seconds after which a test gives up waiting."""


@dataclass(frozen=True)
class Heard:
    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        read: dict[str, Any] = json.loads(self.raw)
        return read

    @property
    def genuine(self) -> bool:
        """As the gateway's documentation tells merchants to check it."""
        return self.headers["x-gp-signature"] == hashlib.sha512(self.raw + APP_KEY.encode()).hexdigest()


@dataclass
class Receiver:
    """`answers` are the statuses it gives, in order; then 200 for ever. `page` is the body."""

    url: str = ""
    heard: list[Heard] = field(default_factory=list)
    answers: list[int] = field(default_factory=list)
    page: bytes = b"OK"
    headers: dict[str, str] = field(default_factory=dict)

    def wait(self, count: int) -> list[Heard]:
        """What was heard, once that many have come."""
        until(lambda: len(self.heard) >= count, f"{count} notifications, {len(self.heard)} came")
        return list(self.heard)

    @property
    def statuses(self) -> list[str]:
        return [heard.body["status"] for heard in self.heard]


@contextmanager
def receiving(*, tls: ssl.SSLContext | None = None) -> Iterator[Receiver]:
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            raw = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            receiver.heard.append(Heard(self.path, headers, raw))
            self.send_response(receiver.answers.pop(0) if receiver.answers else 200)
            for name, value in receiver.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(receiver.page)))
            self.end_headers()
            self.wfile.write(receiver.page)

        def do_GET(self) -> None:
            receiver.heard.append(Heard(self.path, {}, b""))
            self.send_response(200)
            self.send_header("Content-Type", "text/html")
            self.end_headers()
            self.wfile.write(b"<h1>Back in the shop</h1>")

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class names it
            return

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    receiver.url = f"http{'s' if tls else ''}://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


def until(holds: Callable[[], bool], wanted: str) -> None:
    """Wait for something another process does."""
    end = time.monotonic() + PATIENCE
    while not holds():
        assert time.monotonic() < end, f"Waited for {wanted}."
        time.sleep(0.02)
