"""A small storm, so that a change that loses money is found before it lands; `make faults N=10000` is a large one.

Each day has another, the same all day long: `make faults N=40 SEED=…` is that of the day whose number it names.
"""

import json
import subprocess
import sys
from datetime import UTC, datetime

PAYMENTS = 40
SEED = str(datetime.now(tz=UTC).date().toordinal())


def test_no_money_moves_twice_and_none_unseen_in_a_storm() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.storm", str(PAYMENTS), SEED], capture_output=True, text=True, check=False
    )

    line = json.loads(done.stdout.strip().splitlines()[-1])
    told = f"make faults N={PAYMENTS} SEED={SEED}\n{done.stdout}{done.stderr[-4000:]}"
    assert line["payments"] >= PAYMENTS, told
    assert (line["double"], line["lost"], line["unknown_left"], line["ledger_ok"]) == (0, 0, 0, True), told
    assert done.returncode == 0, told  # it met every fault that is certain in a storm of this size
