"""Runs a third party's test suite against gpsandbox and ends with the line "N passed, N failed".

The npm package `globalpayments-api` ships the compiled integration tests of the gateway's own people. It is GPLv2: it
is installed for a run, outside the repository, and neither committed nor imported. Its public test credentials are
read from it at run time. `docs/sandbox-conformance.md` lists what cannot pass and why.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from config import node, processes

ROOT = Path(__file__).resolve().parent.parent
WRAPPER = ROOT / "tests" / "conformance"
KNOWN = ROOT / "docs" / "sandbox-conformance.md"
SUITES = "node_modules/globalpayments-api/lib/test"
STARTS_WITHIN = 20.0
LEAST = 305
"""Tests that a whole run must pass, of the 320 that are not skipped."""


class ConformanceError(Exception):
    """The suite could not be run; the message says why."""


def main(arguments: list[str]) -> int:
    """0 when every failure is a known one. `arguments` are names of suites; none means all."""
    folder = Path.home() / ".cache" / "oropay-conformance"
    try:
        install(folder)
        with sandbox(folder) as url:
            results = run(folder, url, arguments)
    except (ConformanceError, node.NodeError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    return report(results, whole=not arguments)


def install(folder: Path) -> None:
    """The suite and its runner, at the versions in `package.json`, unless they are there already."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("jest.config.js", "wrapper.js", "internet.js", "sequence.js"):
        shutil.copy(WRAPPER / name, folder / name)
    wanted = (WRAPPER / "package.json").read_text()
    if (folder / SUITES).is_dir() and (folder / "package.json").read_text() == wanted:
        return
    (folder / "package.json").write_text(wanted)
    command = [*node.tool("npm"), "install", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
    done = subprocess.run(command, cwd=folder, env=node.environment(), check=False)
    if done.returncode:
        raise ConformanceError("The suite could not be installed.")


def credentials(folder: Path) -> str:
    """The suite's public test credentials, as GPSANDBOX_APPS wants them.

    First come those that most suites use: that app gets the seed.
    """
    apps: dict[str, str] = {}
    for path in sorted((folder / SUITES).rglob("*.js"), key=lambda path: (path.parent.name != "Data", path)):
        text = path.read_text(errors="replace")
        keys = re.findall(r'(\w*?)(?:app_?id|appId)\s*=\s*"(\w{20,40})"', text, re.IGNORECASE)
        secrets = dict(re.findall(r'(\w*?)(?:app_?key|appKey)\s*=\s*"(\w{10,40})"', text, re.IGNORECASE))
        apps |= {app_id: secrets[owner] for owner, app_id in sorted(keys) if owner in secrets}
    if not apps:
        raise ConformanceError("The suite names no credentials.")
    return ",".join(f"{app_id}:{key}" for app_id, key in apps.items())


def looked_up(folder: Path) -> str:
    """The resources that the suite expects to exist already, by its own names for them."""
    text = "".join(path.read_text(errors="replace") for path in sorted((folder / SUITES).rglob("*.test.js")))
    found = re.findall(r'const (?:transactionId|paymentMethodId) = "((?:TRN|PMT)_[\w-]+)"', text)
    return ",".join(sorted(set(found)))


@contextmanager
def sandbox(folder: Path) -> Iterator[str]:
    """A sandbox of its own in conformance mode; yields its address."""
    port = processes.free_port()
    with tempfile.TemporaryDirectory(prefix="oropay-conformance-") as data:
        environment = os.environ | {
            "GPSANDBOX_PORT": str(port),
            "GPSANDBOX_DB": str(Path(data) / "sandbox.sqlite3"),
            "GPSANDBOX_APPS": credentials(folder),
            "GPSANDBOX_CONFORMANCE": "1",
            "GPSANDBOX_SEED_IDS": looked_up(folder),
            "GPSANDBOX_LOG": "0",
        }
        server = subprocess.Popen([sys.executable, "-m", "gpsandbox"], cwd=ROOT, env=environment)
        try:
            url = f"http://127.0.0.1:{port}"
            if not processes.wait_until(lambda: _answers(url) or server.poll() is not None, seconds=STARTS_WITHIN):
                raise ConformanceError("gpsandbox did not start.")
            yield url
        finally:
            server.terminate()
            server.wait()


def run(folder: Path, url: str, arguments: list[str]) -> Mapping[str, Any]:
    """Run jest; returns its report. A failed test is no error here."""
    output = folder / "result.json"
    output.unlink(missing_ok=True)
    suites = [f"/{name}[.]test[.]js" for name in arguments]
    jest = [*node.tool("node"), "node_modules/jest/bin/jest.js", "--runInBand"]
    command = [*jest, "--json", f"--outputFile={output}", *suites]
    started = time.monotonic()
    environment = node.environment() | {"GP_EMU": url}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    if not output.exists():
        raise ConformanceError("jest left no report.")
    sys.stdout.write(f"{time.monotonic() - started:.0f} s\n")
    report: Mapping[str, Any] = json.loads(output.read_text())
    return report


def report(results: Mapping[str, Any], *, whole: bool) -> int:
    """Name every failure, say which were expected, and end with the plain line."""
    known = (
        set(re.findall(r"^\| ([^|]+?) \| ([^|]+?) \|", KNOWN.read_text(), re.MULTILINE)) if KNOWN.exists() else set()
    )
    failed = {
        (Path(suite["name"]).name.removesuffix(".test.js"), test["fullName"]): " ".join(test["failureMessages"])
        for suite in results["testResults"]
        for test in suite["assertionResults"]
        if test["status"] == "failed"
    }
    for (suite, name), message in sorted(failed.items()):
        sys.stdout.write(f"{'known' if (suite, name) in known else 'FAILED'}  {suite}: {name}\n    {_first(message)}\n")
    if whole:
        for suite, name in sorted(known - failed.keys() - {("suite", "test"), ("---", "---")}):
            sys.stdout.write(f"passes now, take it off the list: {suite}: {name}\n")
    sys.stdout.write(f"{results['numPassedTests']} passed, {results['numFailedTests']} failed\n")
    if broken := results["numRuntimeErrorTestSuites"]:
        sys.stdout.write(f"{broken} suites could not be run at all\n")
    if whole and results["numPassedTests"] < LEAST:
        sys.stdout.write(f"fewer than {LEAST} passed\n")
    return 1 if failed.keys() - known or broken or (whole and results["numPassedTests"] < LEAST) else 0


def _first(message: str) -> str:
    text = re.sub(r"\x1b\[[0-9;]*m", "", message)
    return " ".join(text.split())[:160]


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/healthz", timeout=2):  # noqa: S310
            return True
    except (urllib.error.URLError, OSError):
        return False


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
