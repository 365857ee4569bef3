import json
import os
import socket
import subprocess
import sys

import pytest

from config import parts, processes, stack
from config.devenv import GATEWAY_WORKER, PROVISIONING, secrets_make


@pytest.fixture
def data(tmp_path, monkeypatch):
    monkeypatch.setattr(stack, "DATA", tmp_path)
    monkeypatch.setattr(stack, "STATE", tmp_path / "stack.json")
    monkeypatch.setattr(stack, "LOGS", tmp_path / "log")
    return tmp_path


@pytest.fixture
def place(tmp_path):
    return parts.Place(tmp_path, 8000, 8090, "postgres://db/shop", "redis://valkey/0", secrets_make())


def test_a_taken_port_is_named_with_the_variable_that_moves_it(data, monkeypatch):
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        monkeypatch.setenv("WEB_PORT", str(port))

        with pytest.raises(stack.StackError, match=rf"^Port {port} is taken .* WEB_PORT={port + 1} make run$"):
            stack.run()

    assert not (data / "dev.env").exists()


def test_down_leaves_a_stranger_with_an_old_number_alone(data, capsys):
    stranger = {"pid": os.getpid(), "born": "long ago"}
    (data / "stack.json").write_text(
        json.dumps({"supervisor": stranger, "children": [stranger], "servers": [stranger]})
    )

    assert stack.down() == 0

    assert capsys.readouterr().out == "Nothing is running.\n"


def test_down_ends_what_a_killed_supervisor_left_behind(data, capsys):
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    ours = {"pid": child.pid, "born": processes.born(child.pid)}
    (data / "stack.json").write_text(json.dumps({"supervisor": {"pid": 1, "born": "-"}, "children": [ours]}))

    assert stack.down() == 0

    child.wait(timeout=5)
    assert processes.born(child.pid) != ours["born"]
    assert capsys.readouterr().out == "Stopped; the data is kept in .data/\n"
    assert not (data / "stack.json").exists()


def test_only_the_gateway_worker_gets_the_private_keys(place):
    made = [parts.sandbox, parts.setup, parts.web, parts.gateway_worker, parts.default_worker, parts.beat]

    holders = [part.name for make in made if (part := make(place)) and _set(part, GATEWAY_WORKER)]

    assert holders == ["worker-gateway"]


def test_only_seeding_gets_the_gateways_credentials(place):
    made = [parts.setup, parts.web, parts.gateway_worker, parts.default_worker, parts.beat]

    assert [part.name for make in made if (part := make(place)) and _set(part, PROVISIONING)] == ["setup"]


def test_web_runs_with_the_flags_of_production(place):
    command = " ".join(parts.web(place).command)

    assert "gunicorn -k gthread -w 2 --threads 16 --timeout 60 --no-control-socket" in command


def test_the_gateway_worker_serves_all_three_queues(place):
    worker = parts.gateway_worker(place)

    assert worker.command[worker.command.index("-Q") + 1] == "gateway-interactive,gateway-lookup,gateway-batch"


def _set(part, names):
    return any(part.environment.get(name) for name in names)
