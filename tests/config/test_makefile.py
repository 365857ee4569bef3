import subprocess

from tests.architecture.sources import ROOT


def _make(*arguments):
    return subprocess.run(["make", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)


def test_help_says_of_every_target_what_it_is_for():
    lines = _make("help").stdout.splitlines()

    words = [line.split(maxsplit=2) for line in lines]
    assert all(len(parts) == 3 and parts[0] == "make" for parts in words)
    assert {"run", "up", "down", "test", "check", "assets", "lock", "clean"} <= {parts[1] for parts in words}


def test_every_target_that_help_names_exists():
    for line in _make("help").stdout.splitlines():
        dry = _make("--dry-run", line.split()[1])
        assert dry.returncode == 0, dry.stderr


def test_ci_runs_check_and_test_and_nothing_else():
    lines = [line for line in (ROOT / ".ci" / "run").read_text().splitlines() if not line.startswith("#")]

    assert lines == ["set -euo pipefail", 'cd "$(dirname "$0")/.."', "make check test"]
