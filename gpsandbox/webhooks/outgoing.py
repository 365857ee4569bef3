"""The sandbox's own HTTP requests, to addresses that a merchant named.

It must not become a way into a network: it connects to this machine only, unless a setting lists the host, follows no
redirect, reads little and waits not long. The address is looked up once, judged, and then used as it is.
"""

import asyncio
import ipaddress
import socket
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import SplitResult, urlsplit

import httptools

from gpsandbox.settings import Settings

SECONDS = 10.0
"""The longest one request may take, from looking up the name to the last byte."""

MOST_BYTES = 1_000_000
PORTS = {"http": 80, "https": 443}


class NotSent(Exception):
    """No answer came; the message says why, in words for a person."""


@dataclass
class Answered:
    """What the other side said."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


async def post(settings: Settings, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
    """POST and read the whole answer. Raises NotSent."""
    try:
        async with asyncio.timeout(SECONDS):
            return await _exchange(settings, url, body, headers)
    except TimeoutError:
        raise NotSent(f"No answer within {SECONDS:g} seconds.") from None
    except ssl.SSLError as error:
        raise NotSent(f"No secure connection: {error.reason or 'handshake failed'}.") from None
    except (OSError, httptools.HttpParserError) as error:
        raise NotSent(f"{type(error).__name__}: {error}"[:200]) from None


async def _exchange(settings: Settings, url: str, body: bytes, headers: Mapping[str, str]) -> Answered:
    parts, port = _split(url)
    host = parts.hostname or ""
    address = await _address(settings, host, port)
    secure = _trust() if parts.scheme == "https" else None
    reader, writer = await asyncio.open_connection(
        address, port, ssl=secure, server_hostname=host if secure is not None else None
    )
    try:
        target = f"{parts.path or '/'}{'?' if parts.query else ''}{parts.query}"
        lines = [
            f"POST {target} HTTP/1.1",
            f"Host: {parts.netloc.rpartition('@')[2]}",
            f"Content-Length: {len(body)}",
            "Connection: close",
            *(f"{name}: {value}" for name, value in headers.items()),
        ]
        writer.write("\r\n".join(lines).encode("ascii") + b"\r\n\r\n" + body)
        await writer.drain()
        return await _read(reader)
    finally:
        writer.close()


@cache
def _trust() -> ssl.SSLContext:
    """The machine's certificate authorities; SSL_CERT_FILE names others."""
    return ssl.create_default_context()


def _split(url: str) -> tuple[SplitResult, int]:
    """Raises NotSent for an address nothing can be posted to."""
    try:
        parts = urlsplit(url)
        port = parts.port or PORTS[parts.scheme]
        f"{parts.netloc}{parts.path}{parts.query}".encode("ascii")
    except (ValueError, KeyError):
        raise NotSent("Not an http or https address.") from None
    if any(letter <= " " for letter in url):
        raise NotSent("Not an http or https address.")
    return parts, port


async def _address(settings: Settings, host: str, port: int) -> str:
    """Where to connect. Raises NotSent for a host that is neither this machine nor listed."""
    if host == "localhost" or host.endswith(".localhost"):
        return "127.0.0.1"
    try:
        found = await asyncio.get_running_loop().getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError:
        found = []
    addresses = [str(entry[4][0]) for entry in found]
    if host not in settings.notify_hosts:
        addresses = [address for address in addresses if ipaddress.ip_address(address.partition("%")[0]).is_loopback]
        if not addresses:
            raise NotSent(f"{host} is not this machine and not in GPSANDBOX_NOTIFY_HOSTS.")
    if not addresses:
        raise NotSent(f"{host} has no address.")
    return addresses[0]


class _Reading:
    """What the parser calls while it reads one answer."""

    def __init__(self) -> None:
        self.answer = Answered()
        self.complete = False

    def on_header(self, name: bytes, value: bytes) -> None:
        self.answer.headers[name.decode("latin-1").lower()] = value.decode("latin-1")

    def on_body(self, body: bytes) -> None:
        self.answer.body += body

    def on_message_complete(self) -> None:
        self.complete = True


async def _read(reader: asyncio.StreamReader) -> Answered:
    reading = _Reading()
    parser = httptools.HttpResponseParser(reading)
    while not reading.complete and len(reading.answer.body) <= MOST_BYTES:
        chunk = await reader.read(65536)
        if not chunk:
            break
        parser.feed_data(chunk)
    status = parser.get_status_code()
    if not status:
        raise NotSent("The connection was closed without an answer.")
    reading.answer.status = int(status)
    return reading.answer
