"""What every benchmark shares: its own database, the SQL floor under pgbench, the line it prints."""

import json
import re
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from config.devservers import postgres_binary, postgres_connect
from tests.databases import own_database

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Result:
    """One figure and what it is compared with, both from one run on one machine."""

    name: str
    ours: float
    limit: float
    unit: str
    p50_ms: float
    p95_ms: float
    errors: int
    compared_with: str = "limit"
    notes: Mapping[str, int | float] = field(default_factory=dict)
    """What else was seen; printed after the rest."""

    def values(self) -> dict[str, str | float | None]:
        return {
            "name": self.name,
            "ours": round(self.ours, 2),
            self.compared_with: round(self.limit, 1),
            "ratio": round(self.ours / self.limit, 4) if self.limit else None,
            "unit": self.unit,
            "p50_ms": round(self.p50_ms, 1),
            "p95_ms": round(self.p95_ms, 1),
            "errors": self.errors,
            **self.notes,
        }

    def line(self) -> str:
        return json.dumps(self.values())


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of the values lies; 0 without values."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0


@contextmanager
def floor_database() -> Iterator[str]:
    """The smallest schema a payment intake can have."""
    with own_database("bench_floor") as url:
        with closing(postgres_connect(url, database="bench_floor")) as server, server.cursor() as run:
            run.execute((HERE / "limit-schema.sql").read_text())
            run.execute("ANALYZE")
        yield url


def pgbench(url: str, script: str, *, clients: int, seconds: int) -> float:
    """Transactions a second that PostgreSQL makes of one SQL script."""
    command = [str(postgres_binary("pgbench")), "-n", "-c", str(clients), "-j", "2", "-T", str(seconds)]
    command += ["-f", str(HERE / script), url]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    found = re.search(r"tps = ([0-9.]+)", done.stdout)
    if found is None:
        raise RuntimeError(f"pgbench said nothing of its speed:\n{done.stdout}{done.stderr}")
    return float(found[1])
