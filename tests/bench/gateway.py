"""A gpsandbox of its own, as fast as it can, for one benchmark."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from config.processes import free_port, port_is_taken, wait_until
from tests.contract.sandbox import Sandbox

ROOT = Path(__file__).resolve().parents[2]


@contextmanager
def fast_sandbox(*, processes: int = 1) -> Iterator[Sandbox]:
    """gpsandbox at 0 ms, with the credentials that the contract tests use."""
    port = free_port()
    with tempfile.TemporaryDirectory(prefix="oropay-bench-") as folder:
        process = subprocess.Popen(
            [sys.executable, "-m", "gpsandbox"],
            cwd=ROOT,
            env={
                **os.environ,
                "GPSANDBOX_PORT": str(port),
                "GPSANDBOX_DB": f"{folder}/sandbox.sqlite3",
                "GPSANDBOX_SECRET": "open-sesame",
                "GPSANDBOX_APPS": "contract-app:contract-key",
                "GPSANDBOX_LOG": "0",
                "GPSANDBOX_PROCESSES": str(processes),
            },
            stdout=subprocess.DEVNULL,
        )
        try:
            if not wait_until(lambda: port_is_taken(port), seconds=20):
                raise RuntimeError("gpsandbox does not start")
            root = f"http://127.0.0.1:{port}"
            yield Sandbox(url=f"{root}/ucp", root=root, secret="open-sesame")
        finally:
            process.terminate()
            process.wait(10)
