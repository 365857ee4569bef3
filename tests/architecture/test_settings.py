"""Settings: every variable is documented, production starts with all of its secrets or not at all."""

import ast
import os
import re
import subprocess
import sys

import pytest

from config.check import PRODUCTION
from tests.architecture.sources import DOMAIN_ROOMS, FACES, ROOT, files, nodes

VARIABLE = re.compile(r"^[A-Z][A-Z0-9_]{2,}$")
READERS = ("env", "Env()", "os.environ", "environment")


def _read_by_code() -> set[str]:
    sources = [*files(*DOMAIN_ROOMS, *FACES, "config", "gpsandbox"), ROOT / "manage.py"]
    found = {name for path in sources for node in nodes(path) for name in _variables(node)}
    return {name for name in found if name != "PATH" and not name.startswith("PYTEST_")}


def _variables(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
        return _named(node.slice)
    if not isinstance(node, ast.Call) or not node.args:
        return []
    if isinstance(node.func, ast.Attribute) and ast.unparse(node.func.value) in READERS:
        return _named(node.args[0])
    if ast.unparse(node.args[0]) in READERS:  # reader(environment, "NAME")
        return [name for argument in node.args[1:] for name in _named(argument)]
    return []


def _named(node: ast.AST) -> list[str]:
    return [str(node.value)] if isinstance(node, ast.Constant) and VARIABLE.match(str(node.value)) else []


def _read_by_compose() -> set[str]:
    return set(re.findall(r"\$\{([A-Z_]+)", (ROOT / "docker-compose.yml").read_text()))


def _documented() -> list[str]:
    return re.findall(r"^\| `([A-Z_]+)` \|", (ROOT / "docs" / "settings.md").read_text(), re.MULTILINE)


def test_every_variable_that_is_read_is_documented():
    missing = (_read_by_code() | _read_by_compose()) - set(_documented())

    assert missing == set()


def test_every_documented_variable_is_read():
    unread = set(_documented()) - _read_by_code() - _read_by_compose()

    assert unread == set()


def test_no_variable_is_documented_twice():
    documented = _documented()

    assert sorted(documented) == sorted(set(documented))


def _import_settings(
    environment: dict[str, str], module: str = "config.settings.prod"
) -> "subprocess.CompletedProcess[str]":
    clean = {name: value for name, value in os.environ.items() if name not in _documented()}
    return subprocess.run(
        [sys.executable, "-c", f"import {module}"],
        cwd=ROOT,
        env=clean | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_starts_with_everything_it_needs():
    started = _import_settings(PRODUCTION)

    assert (started.returncode, started.stderr) == (0, "")


@pytest.mark.parametrize("name", sorted(set(PRODUCTION) - {"DJANGO_SETTINGS_MODULE"}))
def test_production_does_not_start_without(name):
    started = _import_settings({key: value for key, value in PRODUCTION.items() if key != name})

    assert started.returncode == 1
    assert f"ImproperlyConfigured: {name} is not set." in started.stderr


def test_cookies_have_names_of_our_own(settings):
    assert settings.SESSION_COOKIE_NAME == "oropay_session"
    assert settings.CSRF_COOKIE_NAME == "oropay_csrf"


def test_messages_are_hints_and_celery_keeps_none(settings):
    assert settings.CELERY_TASK_ACKS_LATE is False
    assert settings.CELERY_TASK_IGNORE_RESULT is True
    assert settings.CELERY_RESULT_BACKEND is None
    assert settings.CELERY_TASK_PUBLISH_RETRY is False
    assert settings.CELERY_ACCEPT_CONTENT == ["json"]
    assert settings.CELERY_WORKER_PREFETCH_MULTIPLIER == 1
    assert settings.CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT == 40
    assert settings.CELERY_BEAT_SCHEDULE["sweep"] == {"task": "plumbing.tasks.sweep", "schedule": 2.0}
    assert settings.CELERY_BEAT_SCHEDULER == "config.beat:DoesItself"
