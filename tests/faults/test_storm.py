"""A small storm, so that a change that loses money is found before it lands; `make faults N=10000` is a large one."""

import json
import subprocess
import sys

from tests.faults.storm.crashing import STEPS

PAYMENTS = 40
SELDOM = {"looked up, not recorded", "found, late"}
ALWAYS_COME_TO = [step for step in STEPS if step not in SELDOM and "dispute" not in step]


def test_no_money_moves_twice_and_none_unseen_in_a_storm() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.faults.storm", str(PAYMENTS)], capture_output=True, text=True, check=False
    )

    line = json.loads(done.stdout.strip().splitlines()[-1])
    told = done.stdout + done.stderr[-4000:]
    assert line["payments"] >= PAYMENTS, told
    assert (line["double"], line["lost"], line["unknown_left"], line["ledger_ok"]) == (0, 0, 0, True), told
    [died] = [text for text in told.splitlines() if text.startswith("storm: workers died ")]
    for step in ALWAYS_COME_TO:
        assert int(died.partition(f"{step} ")[2].partition(" ")[0]) > 0, died
