"""The Celery application. Messages are hints that carry ids; rows in the database are the truth."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import beat_init, setup_logging, worker_init, worker_ready
from django.conf import settings

from config.heartbeat import heartbeat_start

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

logger = logging.getLogger(__name__)

app = Celery("oropay")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

GATEWAY_QUEUES = frozenset({"gateway-interactive", "gateway-lookup", "gateway-batch"})


@setup_logging.connect
def log_as_the_web_does(**_: Any) -> None:
    """One format for all processes; also keeps Celery from logging on its own."""
    logging.config.dictConfig(settings.LOGGING)


@worker_init.connect
def refuse_gateway_work_without_keys(sender: Any, **_: Any) -> None:
    """Stop a gateway worker that could not open the vault, before it takes the first message.

    Celery goes on after any ordinary exception of a signal handler; this one ends the process.
    """
    if not GATEWAY_QUEUES & set(sender.app.amqp.queues.consume_from):
        return
    for name in ("OROPAY_VAULT_PRIVATE_KEYS", "OROPAY_FINGERPRINT_KEY"):
        if not getattr(settings, name):
            raise SystemExit(f"{name} is not set, and a gateway worker cannot work without it.")
    if trouble := vault_trouble():
        logger.critical("no gateway work is taken: %s", trouble)
        raise SystemExit(f"No gateway work is taken. {trouble}")


def vault_trouble() -> str:
    """Why the vault does not open with the keys of this process; empty if it does.

    Asked before the worker forks, on a connection that is closed again: no child may inherit it.
    """
    from django.db import DatabaseError, connection
    from django.utils import timezone

    from oropay.exceptions import VaultError
    from oropay.services import canaries_check, canaries_ensure

    try:
        canaries_ensure(now=timezone.now())
        return " ".join(canaries_check(now=timezone.now()))
    except VaultError as error:
        return str(error)
    except DatabaseError as error:
        return f"The vault could not be checked, the database does not answer: {error}"
    finally:
        connection.close()


@worker_ready.connect
def worker_beats(sender: Any, **_: Any) -> None:
    heartbeat_start(name=sender.hostname.partition("@")[0])


@beat_init.connect
def beat_beats(**_: Any) -> None:
    heartbeat_start(name="beat")
