import io
import os
import sys

import pytest

from config import processes, supervisor
from config.parts import Part
from config.supervisor import PartFailed, Supervisor

LISTENS = "import time; print('listening', flush=True); time.sleep(60)"
DEAF = f"import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); {LISTENS}"
SAYS_WHEN_STOPPED = """
import signal, sys, time
def stop(*_):
    with open(sys.argv[1], "a") as file:
        print(sys.argv[2], file=file)
    sys.exit()
signal.signal(signal.SIGTERM, stop)
print("listening", flush=True)
time.sleep(60)
"""


def _part(name, code, *arguments, answers=lambda pid: ""):
    return Part(
        name=name, command=[sys.executable, "-c", code, *arguments], environment=dict(os.environ), answers=answers
    )


def test_every_line_carries_the_name_of_its_part(tmp_path):
    echo = io.StringIO()
    with Supervisor(logs=tmp_path, echo=echo) as house:
        web = house.start(_part("web", LISTENS))
        assert processes.wait_until(lambda: bool(web.last), seconds=10)

    assert echo.getvalue().startswith("web            │ listening\n")
    assert (tmp_path / "web.log").read_text() == "listening\n"


def test_a_part_that_ends_is_reported_with_its_last_lines(tmp_path):
    with Supervisor(logs=tmp_path) as house:
        house.start(_part("web", LISTENS))
        house.start(_part("worker", "print('no keys'); raise SystemExit(3)", answers=lambda pid: "not yet"))

        with pytest.raises(PartFailed, match=r"^worker ended \(exit code 3\)\. [^\n]*\n    no keys\n$"):
            house.wait_ready(seconds=10)


def test_a_part_that_never_answers_is_reported_with_the_reason(tmp_path):
    with Supervisor(logs=tmp_path) as house:
        house.start(_part("worker", LISTENS, answers=lambda pid: "it has not written its heartbeat yet"))

        with pytest.raises(PartFailed, match="worker is not ready after 0 s: it has not written its heartbeat yet"):
            house.wait_ready(seconds=0.3)


def test_parts_stop_before_the_gateway_they_talk_to(tmp_path):
    order = tmp_path / "order"
    with Supervisor(logs=tmp_path) as house:
        for name in ("gpsandbox", "web"):
            house.start(_part(name, SAYS_WHEN_STOPPED, str(order), name))
            assert processes.wait_until(lambda: bool(house.running[-1].last), seconds=10)

    assert order.read_text().split() == ["web", "gpsandbox"]


def test_a_part_that_does_not_listen_is_killed_with_its_children(tmp_path, monkeypatch):
    monkeypatch.setattr(supervisor, "STOPS_WITHIN", 0.3)
    with Supervisor(logs=tmp_path) as house:
        running = house.start(_part("web", DEAF))
        assert processes.wait_until(lambda: bool(running.last), seconds=10)

    assert running.process.returncode == -9


def test_a_step_that_fails_stops_the_start(tmp_path):
    with Supervisor(logs=tmp_path) as house, pytest.raises(PartFailed, match="setup failed:\n    no database"):
        house.run_to_end(_part("setup", "print('no database'); raise SystemExit(1)"))
