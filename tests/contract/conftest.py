import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import urllib3

from oropay.gateway.globalpayments.adapter import GlobalPaymentsGateway
from oropay.gateway.port import Credentials
from tests.contract.sandbox import Sandbox
from tests.contract.tls import self_signed
from tests.contract.wire import Received, Say, WireServer

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def serve() -> Iterator[Callable[..., WireServer]]:
    """Start misbehaving servers; they end with the test."""
    started: list[WireServer] = []

    def start(
        behave: Callable[[Received], Say] | Say,
        *,
        log_in: Callable[[Received], Say] | Say | None = None,
        tls: Path | None = None,
        deaf: bool = False,
    ) -> WireServer:
        server = WireServer(behave=_always(behave), tls=tls, deaf=deaf)
        if log_in is not None:
            server.log_in = _always(log_in)
        started.append(server)
        return server

    yield start
    for server in started:
        server.stop()


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    return self_signed(tmp_path)


@pytest.fixture
def gateway_at() -> Callable[..., GlobalPaymentsGateway]:
    """An adapter with credentials of its own, so that no test meets another's access token."""

    def make(url: str, **changes: float) -> GlobalPaymentsGateway:
        settings = {"connect_timeout": 5.0, "read_timeout": 5.0, **changes}
        app_id = f"app-{time.monotonic_ns()}"
        return GlobalPaymentsGateway(Credentials(app_id=app_id, app_key="key-of-the-app", service_url=url, **settings))  # type: ignore[arg-type]

    return make


@pytest.fixture(scope="session")
def sandbox(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    """gpsandbox as its own process, with an empty file of its own."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port = int(probe.getsockname()[1])
    folder = tmp_path_factory.mktemp("gpsandbox")
    environment = {
        **os.environ,
        "GPSANDBOX_PORT": str(port),
        "GPSANDBOX_DB": str(folder / "sandbox.sqlite3"),
        "GPSANDBOX_SECRET": "open-sesame",
        "GPSANDBOX_APPS": "contract-app:contract-key,second-app:second-key",
        "GPSANDBOX_RETURN_CODES": "1",
    }
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "gpsandbox"], cwd=ROOT, env=environment, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            _wait_until_it_answers(port, process, folder / "log")
            yield Sandbox(url=f"http://127.0.0.1:{port}/ucp", root=f"http://127.0.0.1:{port}", secret="open-sesame")
        finally:
            process.terminate()
            process.wait(10)


def _always(behave: Callable[[Received], Say] | Say) -> Callable[[Received], Say]:
    return behave if callable(behave) else lambda _: behave


def _wait_until_it_answers(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and process.poll() is None:
        try:
            urllib3.request("GET", f"http://127.0.0.1:{port}/ucp/transactions", retries=False, timeout=1)
        except urllib3.exceptions.HTTPError:
            time.sleep(0.1)
        else:
            return
    pytest.fail(f"gpsandbox did not start:\n{log.read_text()[-2000:]}")
