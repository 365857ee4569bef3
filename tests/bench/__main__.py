"""`make bench NAME=…`: one benchmark, or all of them; each ends with one line of JSON. All write docs/benchmarks.md."""

import os
import sys
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.connection import Connection
from urllib.parse import urlsplit

import django
import redis

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.bench.settings"
os.environ["REDIS_URL"] = urlsplit(os.environ["REDIS_URL"])._replace(path="/8").geturl()  # emptied below
django.setup()

from config.processes import unwind_on_sigterm  # noqa: E402
from config.supervisor import say  # noqa: E402
from tests.bench import (  # noqa: E402  (models need Django)
    checkout,
    hot_invoice,
    intake,
    ledger,
    report,
    sandbox,
    unknown,
    webhooks,
)
from tests.bench.measure import Result  # noqa: E402

BENCHMARKS: dict[str, Callable[[], Result]] = {
    "intake": intake.run,
    "hot-invoice": hot_invoice.run,
    "ledger": ledger.run,
    "checkout": checkout.run,
    "unknown": unknown.run,
    "webhooks": webhooks.run,
    "sandbox": sandbox.run,
}


def main(names: list[str]) -> int:
    unwind_on_sigterm()
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}. Choose from: {', '.join(BENCHMARKS)}\n")
        return 2
    load = report.load_now()
    results = []
    for name in names or BENCHMARKS:
        _forget_messages()
        results.append(_in_its_own_process(name))
        _forget_messages()
        say(results[-1].line())
    if not names:
        report.write(results, load_before=load)
    return 0


def _in_its_own_process(name: str) -> Result:
    """What one benchmark leaves behind in its process does not slow the next."""
    context = get_context("fork")
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_measure, args=(name, theirs))
    process.start()
    theirs.close()
    try:
        result = ours.recv()
    except EOFError:
        raise SystemExit(f"{name} ended without a figure; see above.") from None
    finally:
        process.terminate()
        process.join()
    assert isinstance(result, Result)
    return result


def _measure(name: str, told: Connection) -> None:
    unwind_on_sigterm()
    told.send(BENCHMARKS[name]())


def _forget_messages() -> None:
    """Hints that no worker took, of payments whose database is gone."""
    redis.Redis.from_url(os.environ["REDIS_URL"]).flushdb()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
