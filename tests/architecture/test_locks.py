"""The locks: hashed, without addresses, one version a name, the SDK in the worker's set alone."""

import json
import re
import tomllib

import pytest

from tests.architecture.sources import ROOT

SETS = ("prod", "worker", "sandbox", "dev", "uv")
PIN = re.compile(r"^([a-z0-9][a-z0-9._-]*)(?:\[[^\]]*\])?==([^ ;\\]+)", re.MULTILINE)


def _pins(name: str) -> dict[str, set[str]]:
    pins: dict[str, set[str]] = {}
    for package, version in PIN.findall(_text(name)):
        pins.setdefault(package, set()).add(version)
    return pins


def _text(name: str) -> str:
    return (ROOT / "requirements" / f"{name}.txt").read_text()


def _declared() -> dict[str, list[str]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    groups = {"prod": project["project"]["dependencies"], **project["dependency-groups"]}
    return {group: [re.split(r"[\[=~<>!; ]", line)[0] for line in lines] for group, lines in groups.items()}


@pytest.mark.parametrize("name", SETS)
def test_a_lock_carries_no_address(name):
    text = _text(name)

    assert re.findall(r"https?:|file:|://|--(?:extra-)?index-url|--find-links|^-[ief]\b| @ ", text, re.MULTILINE) == []


@pytest.mark.parametrize("name", SETS)
def test_every_locked_package_has_a_hash(name):
    blocks = re.split(r"\n(?=\S)", _text(name).strip())
    packages = [block for block in blocks if PIN.match(block)]

    assert packages
    assert [block.split("\n")[0] for block in packages if "--hash=sha256:" not in block] == []


def test_no_package_has_two_versions():
    versions: dict[str, set[str]] = {}
    for name in SETS:
        for package, found in _pins(name).items():
            versions.setdefault(package, set()).update(found)

    assert {package: found for package, found in versions.items() if len(found) > 1} == {}


def test_the_gateway_sdk_is_in_the_workers_set_and_not_in_webs():
    assert "globalpayments-api" in _pins("worker")
    assert "globalpayments-api" in _pins("dev")
    assert "globalpayments-api" not in _pins("prod")
    assert "globalpayments-api" not in _pins("sandbox")


def test_the_sandbox_shares_no_web_framework_with_the_product():
    shared = _pins("sandbox").keys() & _pins("prod").keys()

    assert shared <= {"typing-extensions", "click", "idna"}


def test_everything_declared_is_locked():
    declared = _declared()

    assert set(declared["prod"]) <= _pins("prod").keys()
    assert set(declared["worker"]) <= _pins("worker").keys()
    assert set(declared["sandbox"]) <= _pins("sandbox").keys()
    assert {name for group in declared.values() for name in group} <= _pins("dev").keys()


def test_what_the_overrides_drop_is_not_locked():
    dropped = {"enum34", "freezegun", "valkey"}

    assert [(name, package) for name in SETS for package in dropped & _pins(name).keys()] == []


def test_the_npm_lock_carries_no_address_and_exact_versions():
    lock = json.loads((ROOT / "package-lock.json").read_text())
    package = json.loads((ROOT / "package.json").read_text())

    assert [name for name, entry in lock["packages"].items() if "resolved" in entry] == []
    assert [name for name, entry in lock["packages"].items() if name and not entry.get("integrity")] == []
    wanted = package["dependencies"] | package["devDependencies"]
    assert {name: lock["packages"][f"node_modules/{name}"]["version"] for name in wanted} == wanted
    assert "omit-lockfile-registry-resolved=true" in (ROOT / ".npmrc").read_text().split()


def test_every_direct_dependency_is_explained():
    text = (ROOT / "docs" / "dependencies.md").read_text()
    explained = set(re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE))
    package = json.loads((ROOT / "package.json").read_text())
    declared = {name for group in _declared().values() for name in group}

    assert explained == declared | package["dependencies"].keys() | package["devDependencies"].keys()
