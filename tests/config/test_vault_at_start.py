"""A real gateway worker opens the vault before it takes work, and takes none if it does not open."""

import base64
import os
import subprocess
import sys

import pytest
from nacl.public import PrivateKey

from tests.architecture.sources import ROOT
from tests.databases import own_database

WORKER = [sys.executable, "-m", "celery", "-A", "config", "worker", "-Q", "gateway-lookup", "-c", "1", "-P", "solo"]


def start(**environment: str) -> "subprocess.CompletedProcess[str]":
    environment = {"DJANGO_SETTINGS_MODULE": "config.settings.test"} | environment
    return subprocess.run(
        WORKER, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True, timeout=60, check=False
    )


@pytest.mark.django_db(transaction=True)
def test_a_worker_with_the_wrong_private_key_ends_before_it_takes_work(django_db_blocker: object) -> None:
    wrong = f"test:{base64.b64encode(bytes(PrivateKey.generate())).decode()}"
    name = f"oropay_vault_{os.environ.get('PYTEST_XDIST_WORKER', 'alone')}"

    with own_database(name, template=os.environ["TEMPLATE_DATABASE"]) as url:
        ended = start(DATABASE_URL=url, OROPAY_VAULT_PRIVATE_KEYS=wrong)

    assert ended.returncode == 1
    assert "No gateway work is taken. Vault key 'test': its private key does not open" in ended.stderr
    assert "CRITICAL config.celery no gateway work is taken" in ended.stdout
    assert "ready" not in ended.stderr + ended.stdout


def test_a_worker_that_cannot_ask_the_database_takes_no_work() -> None:
    ended = start(DATABASE_URL="postgres://me@127.0.0.1:1/nowhere")

    assert ended.returncode == 1
    assert "No gateway work is taken. The vault could not be checked" in ended.stderr
