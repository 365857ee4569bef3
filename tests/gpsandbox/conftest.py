"""A real sandbox in its own process, on a free port, with its own file."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.gpsandbox.client import APP_ID, APP_KEY, OTHER_APP_ID, OTHER_APP_KEY, SECRET, Client
from tests.gpsandbox.visitor import Visitor

ROOT = Path(__file__).parents[2]
START_SECONDS = 20

Start = Callable[..., "Running"]


class Running:
    """One sandbox process."""

    def __init__(self, *, folder: Path, **environment: str) -> None:
        self.port = _free_port()
        self.database = folder / "sandbox.sqlite3"
        self.log = folder / "log.txt"
        variables = {
            "GPSANDBOX_PORT": str(self.port),
            "GPSANDBOX_DB": str(self.database),
            "GPSANDBOX_SECRET": SECRET,
            "GPSANDBOX_APPS": f"{APP_ID}:{APP_KEY},{OTHER_APP_ID}:{OTHER_APP_KEY}",
            **environment,
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "gpsandbox"], env={**os.environ, **variables}, stdout=log, stderr=log
            )
        self.client = Client(self.port)
        self.wait()

    def wait(self) -> None:
        end = time.monotonic() + START_SECONDS
        while True:
            try:
                if self.client.send("GET", "/healthz").status == 200:
                    return
            except OSError:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"gpsandbox did not start: {self.log.read_text()}") from None
                time.sleep(0.02)

    def stop(self) -> int:
        """SIGTERM; returns the exit code."""
        self.process.terminate()
        return self.process.wait(10)


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    sandbox = Running(folder=tmp_path_factory.mktemp("gpsandbox"))
    yield sandbox
    sandbox.stop()


@pytest.fixture
def gateway(running: Running) -> Iterator[Client]:
    """A signed-in client of the shared sandbox; fault rules are gone afterwards."""
    yield running.client.with_token()
    running.client.emu("DELETE", "/rules")


@pytest.fixture
def empty(running: Running) -> Client:
    """A signed-in client of a sandbox that remembers nothing."""
    client = running.client.with_token()
    client.emu("POST", "/reset")
    return client


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """Starts further sandboxes, each given its own environment, and stops them."""
    started: list[Running] = []

    def make(**environment: str) -> Running:
        folder = tmp_path / str(len(started))
        folder.mkdir()
        started.append(Running(folder=folder, **environment))
        return started[-1]

    yield make
    for sandbox in started:
        if sandbox.process.poll() is None:
            sandbox.stop()


@pytest.fixture
def trainer(running: Running) -> Iterator[Visitor]:
    """A visitor of the shared sandbox's console who has logged in; no fault is left behind."""
    visitor = Visitor(running.client)
    assert visitor.log_in().status == 303
    yield visitor
    running.client.emu("DELETE", "/rules")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """The project's own Chromium, or the one that CHROMIUM names."""
    find = "import('@sparticuz/chromium').then(async (m) => console.log(await m.default.executablePath()))"
    path = (
        os.environ.get("CHROMIUM")
        or subprocess.run(
            ["node", "-e", find], cwd=ROOT, capture_output=True, text=True, check=True, timeout=60
        ).stdout.strip()
    )
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A new window, as wide as a narrow phone."""
    context = browser.new_context(viewport={"width": 360, "height": 740})
    yield context.new_page()
    context.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
