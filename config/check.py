"""Everything a machine can say about the code without running it: one line per step, and what a failing step said."""

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

ROOMS = ["plumbing", "commerce", "ledger", "oropay", "checkout", "invoices", "reconciliation"]
FACES = ["storefront", "backoffice", "api"]
CODE = [*ROOMS, *FACES, "config", "gpsandbox", "tests"]

_NO_KEY = "check:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="
PRODUCTION = {
    "DJANGO_SETTINGS_MODULE": "config.settings.prod",
    "SECRET_KEY": "8Qv0mGZkXy7rJc3LwNf5TbUhEa1sDpKi9oVxRzCqMnBgYtWj2eHl6uSd4",
    "ALLOWED_HOSTS": "shop.example.com",
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/nowhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "OROPAY_VAULT_PUBLIC_KEYS": _NO_KEY,
    "OROPAY_SECRETBOX_KEYS": _NO_KEY,
}
"""Values that open nothing, so that the production settings can be looked at."""


@dataclass(frozen=True)
class Step:
    """One question and the command that answers it with its exit code."""

    name: str
    command: list[str]
    environment: dict[str, str] = field(default_factory=dict)


def steps() -> list[Step]:
    """The slowest first."""
    found = [
        Step("types", [str(BIN / "mypy"), "--no-error-summary", *CODE]),
        Step("deploy settings", _manage("check", "--deploy", "--fail-level", "WARNING"), PRODUCTION),
        Step("migrations", _manage("makemigrations", "--check", "--dry-run"), PRODUCTION),
        Step("floors", [str(BIN / "lint-imports"), "--no-logo"]),
        Step("format", [str(BIN / "ruff"), "format", "--check", "--output-format=concise", "."]),
        Step("lint", [str(BIN / "ruff"), "check", "--quiet", "--output-format=concise", "."]),
    ]
    templates = [str(path) for path in sorted(ROOT.glob("*/templates")) if any(path.rglob("*.html"))]
    if templates:
        found.append(Step("templates", [str(BIN / "djlint"), "--lint", "--quiet", *templates]))
    return found


def run(step: Step) -> bool:
    """Run one step and print its line. True when it found nothing."""
    start = time.monotonic()
    done = subprocess.run(
        step.command,
        cwd=ROOT,
        env=dict(os.environ) | step.environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    fine = done.returncode == 0
    line = f"{'ok  ' if fine else 'FAIL'} {step.name:<16} {time.monotonic() - start:5.1f} s\n"
    sys.stdout.write(line if fine else f"{line}{done.stdout.rstrip()}\n")
    sys.stdout.flush()
    return fine


def _manage(*command: str) -> list[str]:
    # Without a database, makemigrations warns that it cannot compare with one: that is meant.
    return [sys.executable, "-W", "ignore::RuntimeWarning", "manage.py", *command]


def main(arguments: list[str]) -> int:
    if arguments[:1] == ["production-env"]:  # run one command under the production settings, with keys to nothing
        return subprocess.run(arguments[1:], cwd=ROOT, env=dict(os.environ) | PRODUCTION, check=False).returncode
    with ThreadPoolExecutor(max_workers=2) as pool:
        return 0 if all(list(pool.map(run, steps()))) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
