"""The floors, and the wall between web and the gateway's SDK."""

import os
import subprocess
import sys
from pathlib import Path

from tests.architecture.sources import ROOT

WEB_NEVER_LOADS = """
import importlib, sys
import config.wsgi
from django.conf import settings
from django.urls import get_resolver
from django.utils.module_loading import import_string
for name in settings.MIDDLEWARE:
    import_string(name)
assert len(get_resolver().reverse_dict) > 0
get_resolver().url_patterns
print(sorted(name for name in sys.modules if name.split(".")[0] in {"globalpayments", "gpsandbox"}
             or name.startswith("oropay.gateway.globalpayments.")))
"""


def _python(code: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )


def test_rooms_import_only_from_rooms_below_them():
    linter = Path(sys.executable).with_name("lint-imports")

    looked = subprocess.run([linter, "--no-logo", "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert looked.returncode == 0, looked.stdout
    assert "5 kept, 0 broken" in looked.stdout


def test_the_web_process_never_loads_the_gateway_sdk():
    loaded = _python(WEB_NEVER_LOADS, OROPAY_VAULT_PRIVATE_KEYS="", OROPAY_FINGERPRINT_KEY="")

    assert loaded.returncode == 0, loaded.stderr
    assert loaded.stdout.splitlines()[-1] == "[]"


def test_the_web_process_refuses_the_vaults_private_keys():
    started = _python("import config.wsgi")  # the test settings hold them

    assert started.returncode == 1
    assert "The web process was given OROPAY_VAULT_PRIVATE_KEYS or OROPAY_FINGERPRINT_KEY." in started.stderr
