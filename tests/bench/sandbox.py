"""How many charges a second gpsandbox takes by itself, so that the other benchmarks are known to measure us, not it.

The load is as lean as it can be: a few processes that each send finished bytes over connections that stay open.
"""

import itertools
import json
import multiprocessing
import selectors
import socket
import time
from dataclasses import dataclass

from tests.bench.gateway import fast_sandbox
from tests.bench.measure import Result, percentile
from tests.gpsandbox.client import VISA, Client, sale

SERVER_PROCESSES = 2
CLIENTS = 2
CONNECTIONS = 4
"""For each client."""
WARM_UP_SECONDS = 3
SECONDS = 20
GOAL = 500
"""Charges a second. There is no peer: the sandbox must only never be what another benchmark waits for."""


@dataclass(frozen=True)
class Shop:
    """What one client needs to charge a saved card."""

    port: int
    access_token: str
    payment_method: str
    name: str
    """Begins every reference of this client."""

    def charge(self, number: int) -> bytes:
        """One whole HTTP request, as the product sends it: a saved card, an order, an idempotency key."""
        reference = f"{self.name}-{number:08}"
        order, method = {"reference": f"order-{number}"}, {"entry_mode": "ECOM", "id": self.payment_method}
        body = json.dumps(sale(amount=str(1000 + number), reference=reference, order=order, payment_method=method))
        head = (
            f"POST /ucp/transactions HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"X-GP-Version: 2021-03-22\r\nAuthorization: Bearer {self.access_token}\r\n"
            f"X-GP-Idempotency: {reference}\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        return (head + body).encode()


def run() -> Result:
    with fast_sandbox(processes=SERVER_PROCESSES) as sandbox:
        client = Client(int(sandbox.root.rpartition(":")[2]), app_id="contract-app", app_key="contract-key")
        shops = [_open_shop(client.with_token(), f"bench-client-{number}") for number in range(CLIENTS)]
        with multiprocessing.get_context("fork").Pool(CLIENTS) as pool:
            begin = time.monotonic() + 0.5
            done = pool.starmap(_charge_for_a_while, [(shop, begin) for shop in shops])
    spent = [seconds for times, _ in done for seconds in times]
    return Result(
        name="sandbox",
        ours=len(spent) / SECONDS,
        limit=GOAL,
        unit="charges/s",
        p50_ms=percentile(spent, 0.50) * 1000,
        p95_ms=percentile(spent, 0.95) * 1000,
        errors=sum(errors for _, errors in done),
    )


def _open_shop(client: Client, name: str) -> Shop:
    stored = client.call("POST", "/payment-methods", {"reference": name, "usage_mode": "MULTIPLE", "card": VISA}).json
    return Shop(client.port, client.token, stored["id"], name)


def _charge_for_a_while(shop: Shop, begin: float) -> tuple[list[float], int]:
    """Keep every connection busy with one charge at a time; the measured seconds of each, and how many went wrong."""
    warm, end = begin + WARM_UP_SECONDS, begin + WARM_UP_SECONDS + SECONDS
    spent: list[float] = []
    errors = 0
    numbers = itertools.count(1)
    sent_at: dict[socket.socket, float] = {}
    with selectors.DefaultSelector() as selector:
        for _ in range(CONNECTIONS):
            line = socket.create_connection(("127.0.0.1", shop.port))
            line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            selector.register(line, selectors.EVENT_READ)
            sent_at[line] = time.monotonic()
            line.sendall(shop.charge(next(numbers)))
        while sent_at:
            readable = {key.fileobj for key, _ in selector.select(timeout=10)}
            for line in [line for line in sent_at if line in readable]:
                answer = _answer(line)
                start, now = sent_at.pop(line), time.monotonic()
                if warm <= start < end:
                    spent.append(now - start)
                    errors += b'"status":"CAPTURED"' not in answer
                if now < end:
                    sent_at[line] = now
                    line.sendall(shop.charge(next(numbers)))
                else:
                    selector.unregister(line)
                    line.close()
    return spent, errors


def _answer(line: socket.socket) -> bytes:
    """One whole answer."""
    data = b""
    while b"\r\n\r\n" not in data:
        data += _some(line)
    head, _, body = data.partition(b"\r\n\r\n")
    [length] = [int(field[15:]) for field in head.lower().split(b"\r\n") if field.startswith(b"content-length:")]
    while len(body) < length:
        body += _some(line)
    return body


def _some(line: socket.socket) -> bytes:
    data = line.recv(65536)
    if not data:
        raise RuntimeError("gpsandbox closed a connection")
    return data
