"""Runs the tests (and benchmarks) on servers of their own that leave nothing behind.

Phase 1 runs everything but the browser and fault tests in two processes; phase 2 runs those one by one against one
stack. The database is migrated once and then copied, so no test process waits for migrations. With DATABASE_URL or
REDIS_URL set, those servers are used instead; their databases `test_<name>…` and `<name>_template` are made afresh.
"""

import hashlib
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from pathlib import Path

from config import browser, devservers, processes
from config.env import Env

ROOT = Path(__file__).resolve().parent.parent
PROCESSES = 2
NEEDS_STACK = ("tests/e2e", "tests/faults")
NO_TESTS_FOUND = 5
"""pytest's exit code; not a failure here, because ARGS may select tests of one phase only."""


class RunError(Exception):
    """The tests could not be started; the message says why."""


def run_all(arguments: Sequence[str]) -> int:
    """Both phases; the first failure decides the exit code, but phase 2 runs all the same."""
    with _prepared(with_browser=bool(_stack_folders())) as environment:
        base = [sys.executable, "-m", "pytest", "-q", "--reuse-db"]
        phase_1 = [*base, "-n", str(PROCESSES), "--dist", "worksteal"]
        phase_1 += [f"--ignore={folder}" for folder in NEEDS_STACK] + ["tests", *arguments]
        codes = [_run(phase_1, environment)]
        if _stack_folders():
            codes.append(_run([*base, *_stack_folders(), *arguments], environment))
    if all(code == NO_TESTS_FOUND for code in codes):
        return NO_TESTS_FOUND
    return next((code for code in codes if code not in {0, NO_TESTS_FOUND}), 0)


def run_stack_tests(folder: str, arguments: Sequence[str]) -> int:
    """One folder of phase 2 alone."""
    with _prepared(with_browser=True) as environment:
        return _run([sys.executable, "-m", "pytest", "-q", "--reuse-db", f"tests/{folder}", *arguments], environment)


def run_benchmark(arguments: Sequence[str]) -> int:
    """A benchmark, on servers that keep what they are told: figures of a server that may forget mean nothing."""
    with _prepared(with_browser=False, options=()) as environment:
        return _run([sys.executable, "-m", "tests.bench", *arguments], environment)


def run_storm(arguments: Sequence[str]) -> int:
    """So many payments while everything breaks; it brings servers of its own, because it breaks them too."""
    return _run([sys.executable, "-m", "tests.faults.storm", *arguments], {})


@contextmanager
def _prepared(*, with_browser: bool, options: Sequence[str] = devservers.THROWAWAY) -> Iterator[dict[str, str]]:
    """Servers, a migrated database with its copies, collected static files, a browser: the tests' environment."""
    with _servers(options) as servers, tempfile.TemporaryDirectory(prefix="oropay-static-") as static:
        environment = {"DJANGO_SETTINGS_MODULE": "config.settings.test", "STATIC_ROOT": static} | servers
        with ThreadPoolExecutor(max_workers=3) as pool:
            made = [
                pool.submit(_databases_make, environment),
                pool.submit(_manage, ["collectstatic", "--noinput", "--verbosity=0"], environment),
            ]
            if with_browser:
                made.append(pool.submit(browser.for_tests))
            for work in made:
                environment |= work.result()
        yield environment


@contextmanager
def _servers(options: Sequence[str]) -> Iterator[dict[str, str]]:
    env = Env()
    given = {name: value for name in ("DATABASE_URL", "REDIS_URL") if (value := env.text(name, default=""))}
    if len(given) == 2:
        yield given
        return
    with devservers.throwaway(options=options) as (database_url, redis_url):
        yield {"DATABASE_URL": database_url, "REDIS_URL": redis_url} | given


def _databases_make(environment: dict[str, str]) -> dict[str, str]:
    """Migrate a template, copy it for each test process. Returns the name of the template for further copies."""
    url = environment["DATABASE_URL"]
    name = Env({"DATABASE_URL": url}).database("DATABASE_URL")["NAME"]
    template, copies = f"{name}_template", [f"test_{name}", *(f"test_{name}_gw{n}" for n in range(PROCESSES))]
    with closing(devservers.postgres_connect(url, database="postgres")) as connection, connection.cursor() as cursor:
        for database in [template, *copies]:
            cursor.execute(f'DROP DATABASE IF EXISTS "{database}" WITH (FORCE)')
        cursor.execute(f'CREATE DATABASE "{template}"')
        database_migrate(environment | {"DATABASE_URL": f"{url.rpartition('/')[0]}/{template}"})
        for database in copies:
            cursor.execute(f'CREATE DATABASE "{database}" TEMPLATE "{template}"')
    return {"TEMPLATE_DATABASE": template}


def database_migrate(environment: dict[str, str]) -> None:
    """Fill the empty database that `environment` names: run all migrations, or load what they made the last time they
    were the same, which is a minute less.
    """
    url = environment["DATABASE_URL"]
    kept = ROOT / ".data" / "migrated" / f"{_fingerprint()}.sql"
    if kept.exists():
        _postgres_tool("psql", "--quiet", "--no-psqlrc", "--set=ON_ERROR_STOP=1", f"--file={kept}", url)
        return
    _manage(["migrate", "--noinput", "--verbosity=0"], environment)
    if Env().text("DATABASE_URL", default=""):
        return  # a server of another version may not understand our pg_dump
    kept.parent.mkdir(parents=True, exist_ok=True)
    fresh = kept.with_suffix(f".{os.getpid()}")
    database_dump(url, fresh)
    for old in kept.parent.glob("*.sql"):
        old.unlink()
    fresh.replace(kept)


def database_dump(url: str, file: Path) -> None:
    """Write a database as SQL, as `psql` reads it. Raises RunError."""
    _postgres_tool("pg_dump", "--no-owner", f"--file={file}", url)


def _fingerprint() -> str:
    """Changes when a migration of ours, an app's set-up or a package of others does."""
    sources = [*ROOT.glob("*/migrations/**/*.py"), *ROOT.glob("*/apps.py"), *ROOT.glob("config/settings/*.py")]
    digest = hashlib.sha256((ROOT / "requirements" / "dev.txt").read_bytes())
    for path in sorted(sources):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _postgres_tool(name: str, *arguments: str) -> None:
    command = [str(devservers.postgres_binary(name)), *arguments]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RunError(f"{name} failed:\n{done.stdout}{done.stderr}")


def _manage(command: Sequence[str], environment: dict[str, str]) -> dict[str, str]:
    done = subprocess.run(
        [sys.executable, "manage.py", *command],
        cwd=ROOT,
        env=dict(os.environ) | environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RunError(f"manage.py {command[0]} failed:\n{done.stdout}{done.stderr}")
    return {}


def _stack_folders() -> list[str]:
    return [folder for folder in NEEDS_STACK if any((ROOT / folder).glob("**/test_*.py"))]


def _run(command: Sequence[str], environment: dict[str, str]) -> int:
    """Its exit code. When this process is told to stop, so is the command, and it may end what it started."""
    with subprocess.Popen(command, cwd=ROOT, env=dict(os.environ) | environment) as running:
        try:
            return running.wait()
        except SystemExit:
            running.terminate()
            running.wait()
            raise
        except KeyboardInterrupt:  # the terminal has told it as well
            running.wait()
            raise


def main(arguments: list[str]) -> int:
    kind, rest = arguments[0], arguments[1:]
    processes.unwind_on_sigterm()
    try:
        if kind == "all":
            return run_all(rest)
        if kind == "storm":
            return run_storm(rest)
        return run_benchmark(rest) if kind == "bench" else run_stack_tests(kind, rest)
    except KeyboardInterrupt:
        return 130
    except (RunError, devservers.ServerError, browser.BrowserError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
