"""docs/benchmarks.md: the figures of the last whole run, with its machine and its goals."""

import os
import platform
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from config.devservers import postgres_binary
from tests.bench.measure import Result

PAGE = Path(__file__).resolve().parents[2] / "docs" / "benchmarks.md"

HEAD = """# Benchmarks

Written by `make bench`; `make bench NAME=intake` runs one of them. Every figure is compared with something measured in
the same run on the same machine, because absolute times drift with the machine: read the ratio first. Four of them
(intake, hot-invoice, ledger's single entries, webhooks) take turns of five seconds with what they are compared with, so
that a drift within a run meets both.

- **intake**: start a payment → send it to the sandbox (which answers at once) → record the answer, through the real
  services and the real engine, in four processes with a buyer each. Compared with `tests/bench/limit-intake.sql` under
  pgbench with four clients: the least SQL that such a payment can be.
- **hot-invoice**: sixteen people click Pay on one and the same order for twenty seconds, through the real service; each
  is answered, accepted or told that a colleague is paying. Exactly one charge reaches the gateway, nothing deadlocks.
  Compared with `tests/bench/limit-hot.sql` under pgbench with sixteen clients.
- **ledger**: entries of two postings by four processes, compared with two INSERTs into the smallest book
  (`tests/bench/limit-ledger.sql`); and entries a thousand at a time by one process, compared with COPY into that book.
- **unknown**: two hundred payments whose answers are lost, half of them after the money moved; the gateway says nothing
  for a minute, then answers again. Seconds until 95 % of them have their outcome, compared with a minute: the fewer
  the better.
- **checkout**: a whole purchase over HTTP by four buyers: product, list, checkout steps, Place order with a saved card,
  and the Paying page until it says *captured*; web, workers, beat and sandbox are real. Compared with the requests a
  second of a view with one query on the same server. The milliseconds are those of the answer to Place order.
- **webhooks**: messages of a gateway stored and answered by web, over four kept-open connections, without a worker
  beside it. Compared with a view that inserts the same bytes as one row on the same server. `processed` is how many of
  the stored ones a worker of four processes then verifies and follows up in a second, each with a question to the
  sandbox about its transaction.
- **sandbox**: charges of a saved card by gpsandbox alone, at 0 ms, in two processes, with eight connections that stay
  open. Compared with 500 a second: it has no peer, it must only never be what another benchmark waits for.

PostgreSQL keeps what it is told (fsync and synchronous commit are on).
"""


@dataclass(frozen=True)
class Goal:
    """A limit for one value of a result's line."""

    benchmark: str
    value: str
    limit: float
    at_least: bool

    def met_by(self, result: Result) -> bool:
        seen = result.values()[self.value]
        return isinstance(seen, int | float) and (seen >= self.limit if self.at_least else seen <= self.limit)

    def __str__(self) -> str:
        return f"{self.value} {'≥' if self.at_least else '≤'} {self.limit:g}"


GOALS = (
    Goal("intake", "ratio", 0.06, at_least=True),
    Goal("intake", "statements", 25, at_least=False),
    Goal("hot-invoice", "ratio", 0.25, at_least=True),
    Goal("hot-invoice", "errors", 0, at_least=False),
    Goal("ledger", "ratio", 0.5, at_least=True),
    Goal("ledger", "batch_ratio", 0.2, at_least=True),
    Goal("unknown", "ratio", 1, at_least=False),
    Goal("unknown", "errors", 0, at_least=False),
    Goal("checkout", "ratio", 0.005, at_least=True),
    Goal("checkout", "p95_ms", 100, at_least=False),
    Goal("webhooks", "ratio", 0.7, at_least=True),
    Goal("webhooks", "processed", 200, at_least=True),
    Goal("sandbox", "ratio", 1, at_least=True),
)


def load_now() -> str:
    """How busy the machine was in the last minute: processes that wanted a processor."""
    return f"{os.getloadavg()[0]:.1f}"


def write(results: Sequence[Result], *, load_before: str) -> None:
    PAGE.write_text(_page(results, load_before=load_before), encoding="utf-8")


def _page(results: Sequence[Result], *, load_before: str) -> str:
    rows = [
        ("name", "ours", "compared with", "ratio", "unit", "p50 ms", "p95 ms", "errors", "goals"),
        ("---", *["---:"] * 3, "---", *["---:"] * 3, "---"),
    ]
    missed = []
    for result in results:
        seen = result.values()
        goals = [goal for goal in GOALS if goal.benchmark == result.name]
        missed += [f"{result.name} {goal} (seen: {seen[goal.value]})" for goal in goals if not goal.met_by(result)]
        verdicts = [
            f"{goal}: {'met' if goal.met_by(result) else 'missed'}"
            + (f" ({seen[goal.value]})" if goal.value in result.notes else "")
            for goal in goals
        ]
        figures = [str(seen[name]) for name in ("ours", result.compared_with, "ratio")]
        times = [str(seen[name]) for name in ("p50_ms", "p95_ms", "errors")]
        rows.append((result.name, *figures, result.unit, *times, "; ".join(verdicts)))
    verdict = f"Not all goals are met yet: {'; '.join(missed)}." if missed else "All goals are met."
    machine = "\n".join(f"- {line}" for line in _machine(load_before))
    table = "\n".join("| " + " | ".join(row) + " |" for row in rows)
    return f"{HEAD}\n## The last run\n\n{machine}\n\n{table}\n\n{verdict}\n"


def _machine(load_before: str) -> list[str]:
    model = platform.processor() or platform.machine()
    facts = Path("/proc/cpuinfo")
    if facts.exists():
        names = [line.partition(":")[2].strip() for line in facts.read_text().splitlines() if "model name" in line]
        model = names[0] if names else model
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    postgres = subprocess.run(
        [str(postgres_binary("postgres")), "--version"], capture_output=True, text=True, check=True
    )
    return [
        f"{datetime.now(tz=UTC):%d %B %Y, %H:%M} UTC",
        f"{model}, {os.cpu_count()} processors, {memory:.0f} GiB memory, {platform.system()}",
        f"Python {platform.python_version()}, {postgres.stdout.strip()}",
        f"load before: {load_before}, after: {load_now()} (one minute; what else runs slows both sides)",
    ]
