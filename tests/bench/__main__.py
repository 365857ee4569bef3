"""`make bench NAME=…`: one benchmark, or all of them; each ends with one line of JSON."""

import sys
from collections.abc import Callable

import django

django.setup()

from tests.bench import intake  # noqa: E402  (models need Django)
from tests.bench.measure import Result  # noqa: E402

BENCHMARKS: dict[str, Callable[[], Result]] = {"intake": intake.run}


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.stderr.write(f"There is no benchmark {', '.join(unknown)}. Choose from: {', '.join(BENCHMARKS)}\n")
        return 2
    for name in names or BENCHMARKS:
        sys.stdout.write(BENCHMARKS[name]().line() + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
