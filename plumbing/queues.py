"""How many hints wait in each queue of the broker. Only for people to look at: rows decide, not messages."""

from typing import Any

from celery import current_app
from kombu.exceptions import KombuError, OperationalError

QUEUES = ("gateway-interactive", "gateway-lookup", "gateway-batch", "default")
"""Every queue our workers read, the most urgent first."""

SECONDS = 0.5


def queue_lengths() -> dict[str, int | None]:
    """Messages waiting, by queue; None where the broker does not answer. A queue nobody used yet is empty."""
    options = {"socket_connect_timeout": SECONDS, "socket_timeout": SECONDS, "max_retries": 0}
    try:
        with current_app.connection_for_write(
            connect_timeout=SECONDS, transport_options={**current_app.conf.broker_transport_options, **options}
        ) as connection:
            return {name: queue_length(connection, name) for name in QUEUES}
    except (KombuError, OperationalError, OSError):
        return dict.fromkeys(QUEUES)


def queue_length(connection: Any, name: str) -> int:
    """Messages waiting in one queue, over an open connection to the broker.

    Raises:
        OperationalError: the broker does not answer.
    """
    try:
        return int(connection.default_channel.queue_declare(queue=name, passive=True).message_count)
    except connection.channel_errors:
        return 0
    except connection.connection_errors as error:
        raise OperationalError(str(error)) from error
