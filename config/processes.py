"""Small facts about processes and ports, from /proc where there is one, else from `ps`."""

import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

HOST = "127.0.0.1"
_PROC = Path("/proc/self/stat").exists()


def exists(pid: int) -> bool:
    """True for a running process, false for one that has ended and only waits to be collected."""
    return born(pid) != ""


def born(pid: int) -> str:
    """When the process started, as a text to compare: process numbers are used again, this pair is not."""
    if _PROC:
        fields = _after_name(pid)
        return fields[19] if fields and fields[0] != "Z" else ""
    return _ps(pid, "lstart=")


def parent(pid: int) -> int:
    return int(_after_name(pid)[1] if _PROC else _ps(pid, "ppid="))


def command(pid: int) -> str:
    """The command line; empty when there is no such process."""
    if not _PROC:
        return _ps(pid, "command=")
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def unwind_on_sigterm() -> None:
    """From now on SIGTERM ends this process by way of every `finally`, so that no server it started stays behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


def port_is_taken(port: int) -> bool:
    """True when we could not listen there."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return True
    return False


def wait_until(condition: Callable[[], bool], *, seconds: float) -> bool:
    """Look twenty times a second; false when the time is up."""
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def _after_name(pid: int) -> list[str]:
    """The fields of /proc/…/stat from the state on; the name before them may hold blanks and brackets."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _ps(pid: int, field: str) -> str:
    asked = ["ps", "-o", field, "-p", str(pid)]
    return subprocess.run(asked, capture_output=True, text=True, check=False).stdout.strip()
