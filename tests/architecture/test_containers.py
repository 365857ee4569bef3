"""Dockerfile and docker-compose.yml parse and keep their promises."""

import json
import re

import pytest
import yaml

from config.heartbeat import SILENT_AFTER
from tests.architecture.sources import DOMAIN_ROOMS, FACES, ROOT

TARGETS = ("web", "worker", "sandbox")


def _stages() -> dict[str, list[tuple[str, str]]]:
    """Stage name → its instructions, in order; the first is its FROM."""
    text = re.sub(r"\\\n\s*", " ", (ROOT / "Dockerfile").read_text())
    stages: dict[str, list[tuple[str, str]]] = {}
    for line in (line.strip() for line in text.splitlines()):
        if not line or line.startswith("#") or (not stages and line.startswith("ARG")):
            continue
        word, _, rest = line.partition(" ")
        if word == "FROM":
            source, _, name = rest.partition(" AS ")
            stages[name] = [("FROM", source)]
        else:
            stages[list(stages)[-1]].append((word, rest))
    return stages


def _copied_from(stage: str, path: str) -> list[str]:
    """The stages from which a stage takes `path`."""
    return [
        found[1]
        for word, rest in _stages()[stage]
        if word == "COPY" and (found := re.match(rf"--from=(\S+) {re.escape(path)} ", f"{rest} "))
    ]


def _requirements_of(stage: str) -> list[str]:
    (packages,) = _copied_from(stage, "/venv")
    installs = [rest for word, rest in _stages()[packages] if word == "RUN" and "pip install" in rest]
    assert all("--no-deps --require-hashes" in command for command in installs)
    return [name for command in installs for name in re.findall(r"-r requirements/(\w+)\.txt", command)]


def _compose():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def test_every_instruction_of_the_dockerfile_is_known():
    known = {"FROM", "ENV", "RUN", "WORKDIR", "COPY", "USER", "EXPOSE", "CMD", "ENTRYPOINT", "HEALTHCHECK"}

    assert {word for stage in _stages().values() for word, _ in stage} <= known


@pytest.mark.parametrize("target", TARGETS)
def test_no_image_runs_as_root(target):
    users = [rest for word, rest in _stages()[target] if word == "USER"]

    assert users == ["app"]
    assert _stages()[target][0] == ("FROM", "base")


def test_the_web_image_is_installed_without_the_gateway_sdk():
    assert _requirements_of("web") == ["prod"]
    assert _requirements_of("worker") == ["worker"]
    assert _requirements_of("sandbox") == ["sandbox"]


def test_every_copied_stage_and_file_exists():
    stages = _stages()
    copies = [rest.split() for stage in stages.values() for word, rest in stage if word == "COPY"]
    own = [part for copy in copies if not copy[0].startswith("--from") for part in copy[:-1]]

    assert {copy[0].removeprefix("--from=") for copy in copies if copy[0].startswith("--from")} <= stages.keys()
    assert [path for path in own if not (ROOT / path).exists()] == []
    ignored = (ROOT / ".dockerignore").read_text().splitlines()
    assert [path for path in own if f"!{path}" not in ignored] == []


def test_the_product_images_hold_every_room_and_the_sandbox_none():
    rooms = {*DOMAIN_ROOMS, *FACES, "config"}
    copied = {rest.split()[0] for word, rest in _stages()["code"] if word == "COPY"}
    sandbox = {rest.split()[0] for word, rest in _stages()["sandbox"] if word == "COPY" and "--from" not in rest}

    assert rooms <= copied
    assert sandbox == {"gpsandbox"}


def test_commands_are_lists_so_that_signals_arrive():
    commands = [rest for stage in _stages().values() for word, rest in stage if word in {"CMD", "ENTRYPOINT"}]

    assert len(commands) == 4
    assert all(isinstance(json.loads(command), list) for command in commands)


def test_compose_runs_every_process():
    services = _compose()["services"]

    assert set(services) == {
        "postgres", "valkey", "migrate", "web", "worker-gateway", "worker-default", "beat", "gpsandbox",
    }  # fmt: skip
    assert services["gpsandbox"]["profiles"] == ["sandbox"]
    assert services["worker-gateway"]["deploy"]["replicas"] > 1
    assert services["worker-default"]["deploy"]["replicas"] > 1
    assert {service["build"]["target"] for service in services.values() if "build" in service} == set(TARGETS)


def test_only_the_gateway_worker_is_given_the_private_keys():
    private = {"OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_FINGERPRINT_KEY"}
    holders = {name for name, service in _compose()["services"].items() if private & set(service["environment"])}

    assert holders == {"worker-gateway"}


@pytest.mark.parametrize(
    ("part", "beating"),
    [
        ("worker-gateway", ["worker-gateway"]),
        ("worker-default", ["worker-default"]),
        ("beat", ["beat", "sweep"]),
    ],
)
def test_a_part_without_http_is_healthy_while_its_heartbeat_is_fresh(part, beating):
    check = _compose()["services"][part]["healthcheck"]

    assert check["test"] == ["CMD", "python", "-m", "config.health", *beating]
    assert int(check["interval"].removesuffix("s")) <= SILENT_AFTER


def test_the_worker_may_finish_a_payment_before_it_is_killed(settings):
    for part in ("worker-gateway", "worker-default"):
        grace = int(_compose()["services"][part]["stop_grace_period"].removesuffix("s"))
        assert grace > settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT


def test_compose_has_no_password_of_its_own():
    text = (ROOT / "docker-compose.yml").read_text()
    secret = ("SECRET_KEY", "POSTGRES_PASSWORD", "VALKEY_PASSWORD", "OROPAY_VAULT_PUBLIC_KEYS", "OROPAY_SECRETBOX_KEYS",
              "OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_FINGERPRINT_KEY")  # fmt: skip

    for name in secret:
        assert set(re.findall(rf"\$\{{{name}([^}}]*)\}}", text)) == {":?set it"}
