"""One HTTP exchange that always ends, and always says whether a byte of it may have left.

Every call gets a connection of its own: a kept-alive one that the gateway had just closed would turn a payment that
was never taken into one nobody knows about. No retries, no redirects, no proxies from the environment.
"""

import contextvars
import http.client
import io
import ssl
import time
from collections.abc import Callable, Mapping
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
    """Follows one exchange: marks the first byte, enforces `send_before`, and says until when the answer may come."""

    def __init__(self, *, send_before: float | None, read_timeout: float) -> None:
        self.sent = False
        self._send_before = send_before
        self._read_timeout = read_timeout

    def about_to_send(self, connection: HTTPConnection) -> None:
        if self.sent:
            return
        now = time.monotonic()
        if self._send_before is not None and now > self._send_before:
            raise _TooLate
        line = _Line(connection.sock, deadline=now + self._read_timeout)
        connection.sock = line
        self.sent = True


class _Line:
    """A connected socket on which nothing lasts longer than until the deadline.

    Time-outs of single reads alone would let a server that drips one byte at a time hold us for ever.
    """

    def __init__(self, line: Any, *, deadline: float) -> None:
        self._line, self._deadline = line, deadline

    def sendall(self, data: Any) -> None:
        self._limit()
        self._line.sendall(data)

    def makefile(self, _mode: str) -> io.BufferedReader:
        """What http.client reads the answer from."""
        return io.BufferedReader(_Reads(self._line.makefile("rb", buffering=0), before=self._limit))

    def __getattr__(self, name: str) -> Any:
        return getattr(self._line, name)

    def _limit(self) -> None:
        left = self._deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("The time for an answer is over.")
        self._line.settimeout(left)


class _Reads(io.RawIOBase):
    """Reads that ask `before` each how long they may last."""

    def __init__(self, raw: io.RawIOBase, *, before: Callable[[], None]) -> None:
        self._raw, self._before = raw, before

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int | None:
        self._before()
        return self._raw.readinto(buffer)

    def close(self) -> None:
        self._raw.close()
        super().close()


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
    _watch.get().about_to_send(connection)


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
            _watch.reset(mark)
        return reply

    def _talk(
        self, verb: str, url: str, headers: Mapping[str, str], body: bytes | None, timeout: urllib3.Timeout
    ) -> HttpReply:
        address = urllib3.util.parse_url(url)
        with self._pool(address, timeout) as pool:
            response = pool.urlopen(
                verb,
                address.request_uri,
                body=body,
                headers={**headers, "Connection": "close"},
                retries=False,
                redirect=False,
                preload_content=False,
            )
            try:
                return HttpReply(status=response.status, body=_read(response))
            finally:
                response.close()

    def _pool(self, address: urllib3.util.Url, timeout: urllib3.Timeout) -> urllib3.HTTPConnectionPool:
        """One connection to there. Raises ValueError for what is no address."""
        if address.scheme == "https":
            return _HttpsPool(
                address.host or "", address.port, timeout=timeout, ssl_context=self._tls, cert_reqs="CERT_REQUIRED"
            )
        if address.scheme == "http":
            return _HttpPool(address.host or "", address.port, timeout=timeout)
        raise ValueError(f"{address.scheme} is no way to reach a gateway.")


def _read(response: urllib3.BaseHTTPResponse) -> bytes:
    parts: list[bytes] = []
    size = 0
    while part := response.read(64 * 1024):
        size += len(part)
        if size > LARGEST_ANSWER:
            raise ValueError(f"The answer is longer than {LARGEST_ANSWER} bytes.")
        parts.append(part)
    return b"".join(parts)
