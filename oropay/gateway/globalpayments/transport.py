"""One HTTP exchange that always ends, and always says whether a byte of it may have left.

Every call gets a connection of its own: a kept-alive one that the gateway had just closed would turn a payment that
was never taken into one nobody knows about. No retries, no redirects, no proxies from the environment.
"""

import contextvars
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import urllib3
from urllib3.connection import HTTPConnection, HTTPSConnection

LARGEST_ANSWER = 16 * 1024 * 1024
"""Bytes, after decompression. A page of a thousand settlement lines is about two million."""


class ExchangeFailed(Exception):
    """No complete answer came."""


class NotSent(ExchangeFailed):
    """Proven: no byte of the request left this machine. The same request may be sent again."""


class AnswerLost(ExchangeFailed):
    """At least one byte may have left and no complete answer came. What the gateway did is unknown."""


class _TooLate(Exception):
    """The connection stood only after the moment until which the first byte was allowed to leave."""


@dataclass(frozen=True)
class HttpReply:
    """What came back, whatever its status."""

    status: int
    body: bytes


class _Watch:
    """Follows one exchange: marks the first byte, enforces `send_before`, and cuts the line at the deadline."""

    def __init__(self, *, send_before: float | None, read_timeout: float) -> None:
        self.sent = False
        self.expired = False
        self._send_before = send_before
        self._ended = False
        self._line: socket.socket | None = None
        self._lock = threading.Lock()
        self._timer = threading.Timer(read_timeout, self._expire)
        self._timer.daemon = True

    def about_to_send(self, line: socket.socket) -> None:
        if self.sent:
            return
        if self._send_before is not None and time.monotonic() > self._send_before:
            raise _TooLate
        self._line = line
        self.sent = True
        self._timer.start()

    def end(self) -> None:
        with self._lock:
            self._ended = True
        self._timer.cancel()

    def _expire(self) -> None:
        """Per-read time-outs alone let a server that drips one byte at a time hold us for ever."""
        with self._lock:
            if self._ended or self._line is None:
                return
            self.expired = True
            try:
                # The plain socket's shutdown: an SSL socket's own would race with the thread that reads it.
                socket.socket.shutdown(self._line, socket.SHUT_RDWR)
            except OSError:
                return  # The other side was faster; the reader has its error already.


_watch: contextvars.ContextVar[_Watch] = contextvars.ContextVar("exchange_watch")


class _WatchedHttp(HTTPConnection):
    def send(self, data: Any) -> None:
        _note_first_byte(self)
        super().send(data)


class _WatchedHttps(HTTPSConnection):
    def send(self, data: Any) -> None:
        _note_first_byte(self)
        super().send(data)


def _note_first_byte(connection: HTTPConnection) -> None:
    if connection.sock is None:
        connection.connect()
    assert connection.sock is not None  # noqa: S101  connect() raises or sets it
    _watch.get().about_to_send(connection.sock)


class _HttpPool(urllib3.HTTPConnectionPool):
    ConnectionCls = _WatchedHttp


class _HttpsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = _WatchedHttps


class Transport:
    """Sends one request per connection, with TLS by the standard library and the given authorities."""

    def __init__(self, *, ca_file: str) -> None:
        self._tls = ssl.create_default_context(cafile=ca_file)

    def exchange(
        self,
        *,
        verb: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        connect_timeout: float,
        read_timeout: float,
        send_before: float | None = None,
    ) -> HttpReply:
        """Send and read the whole answer.

        Time-outs are in seconds. `read_timeout` is for the whole answer, counted from the first byte sent;
        `send_before` is the `time.monotonic()` after which no first byte may leave.

        Raises:
            NotSent, AnswerLost: see there. Nothing else, whatever the other side does.
        """
        if send_before is not None:
            connect_timeout = min(connect_timeout, send_before - time.monotonic())
            if connect_timeout <= 0:
                raise NotSent("The time to send it had passed.")
        watch = _Watch(send_before=send_before, read_timeout=read_timeout)
        mark = _watch.set(watch)
        try:
            reply = self._talk(verb, url, headers, body, urllib3.Timeout(connect=connect_timeout, read=read_timeout))
        except _TooLate as error:
            raise NotSent("The time to send it had passed while connecting.") from error
        except (urllib3.exceptions.HTTPError, http.client.HTTPException, OSError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            if not watch.sent:
                raise NotSent(f"No connection was made. {reason}") from error
            raise AnswerLost(f"No complete answer came. {reason}") from error
        finally:
            watch.end()
            _watch.reset(mark)
        if watch.expired:
            raise AnswerLost(f"No complete answer came within {read_timeout:g} seconds.")
        return reply

    def _talk(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: urllib3.Timeout
    ) -> HttpReply:
        with urllib3.PoolManager(retries=False, ssl_context=self._tls, cert_reqs="CERT_REQUIRED") as manager:
            manager.pool_classes_by_scheme = {"http": _HttpPool, "https": _HttpsPool}
            response = manager.request(
                verb,
                url,
                headers={**headers, "Connection": "close"},
                body=body,
                timeout=timeout,
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                return HttpReply(status=response.status, body=_read(response))
            finally:
                response.close()


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read(64 * 1024):
        size += len(part)
        if size > LARGEST_ANSWER:
            raise ValueError(f"The answer is longer than {LARGEST_ANSWER} bytes.")
        parts.append(part)
    return b"".join(parts)
