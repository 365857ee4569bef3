"""Fails when the pinned SDK is not the one that was read: read the new source before renewing anything here."""

import hashlib
import inspect
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import globalpayments
import globalpayments.api.gateways as sdk_gateways
import pytest

from oropay.gateway.globalpayments import hardening

FINGERPRINTS = {
    "AccessTokenRequest": "9ae1723b2d098a79",
    "Gateway": "3803e42ddb3350bb",
    "GatewayException": "78d07ec2ac61a527",
    "GatewayResponse": "549797ac1200ff6e",
    "GpApiConfig": "929aff788f603885",
    "GpApiConnector": "f19a0482b0526ec5",
    "GpApiRequest": "ac26de1588eb4973",
    "GpApiSessionInfo": "b7d55e5e32eecb55",
    "GpApiTokenResponse": "4fcc598441ef6f28",
    "ProtectSensitiveData": "1307f405af714c5a",
    "RestGateway": "f9e398680d29ef52",
    "StringUtils.to_numeric": "8941c0c75f93e3c1",
    "serializer.object_serialize": "7de73d705047482b",
}

SDK = Path(globalpayments.__file__).parent


def test_the_installed_sdk_is_the_audited_release() -> None:
    assert version("globalpayments-api") == hardening.AUDITED_VERSION == "2.0.8"


def test_every_symbol_we_rely_on_has_a_fingerprint() -> None:
    assert sorted(FINGERPRINTS) == sorted(hardening.RELIED_ON)


@pytest.mark.parametrize("name", sorted(hardening.RELIED_ON))
def test_a_symbol_we_rely_on_is_as_it_was_read(name: str) -> None:
    source = inspect.getsource(hardening.RELIED_ON[name])

    assert hashlib.sha256(source.encode()).hexdigest()[:16] == FINGERPRINTS[name]


@pytest.mark.parametrize(
    ("needle", "files"),
    [
        ("jsonpickle", ["api/gateways/__init__.py", "api/utils/serializer.py"]),
        ("inject_into_urllib3", ["api/gateways/__init__.py"]),
        ("urllib3.PoolManager", ["api/gateways/__init__.py"]),
        ("import requests", []),
        ("pickle.loads", []),
    ],
)
def test_the_dangerous_parts_are_only_where_we_close_them(needle: str, files: list[str]) -> None:
    found = sorted(
        str(path.relative_to(SDK)) for path in SDK.rglob("*.py") if needle in path.read_text(encoding="utf-8")
    )

    assert found == files


def test_the_sdk_still_looks_up_at_call_time_what_we_replace() -> None:
    assert "jsonpickle.decode(response.raw_response)" in inspect.getsource(sdk_gateways.RestGateway)
    assert "HTTP.request(" in inspect.getsource(sdk_gateways.Gateway)
    assert "jsonpickle.encode(" in inspect.getsource(hardening.RELIED_ON["serializer.object_serialize"])


def test_another_release_is_refused_at_import() -> None:
    program = (
        "import importlib.metadata as m\n"
        "real = m.version\n"
        "m.version = lambda name: '2.0.9' if name == 'globalpayments-api' else real(name)\n"
        "import oropay.gateway.globalpayments.hardening\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "UnauditedSdk: globalpayments-api 2.0.9 is installed; 2.0.8 was read and hardened." in ended.stderr
    assert ended.returncode == 1


def test_a_vanished_symbol_is_refused_at_import() -> None:
    program = (
        "import globalpayments.api.utils.serializer as s\n"
        "del s.jsonpickle\n"
        "import oropay.gateway.globalpayments.hardening\n"
    )

    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    assert "UnauditedSdk: The SDK has no globalpayments.api.utils.serializer.jsonpickle any more." in ended.stderr
