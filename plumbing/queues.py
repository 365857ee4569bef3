"""How many hints wait in each queue of the broker. Only for people to look at: rows decide, not messages."""

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
            return {name: _length(connection.default_channel, name) for name in QUEUES}
    except (KombuError, OperationalError, OSError):
        return dict.fromkeys(QUEUES)


def _length(channel, name: str) -> int:  # type: ignore[no-untyped-def]
    try:
        return int(channel.queue_declare(queue=name, passive=True).message_count)
    except channel.connection.client.channel_errors:
        return 0
