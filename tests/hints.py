"""What the broker is told, as a worker would find it. Nobody works off these queues while a test runs."""

import json

import redis
from django.conf import settings
from django.db import connection

from plumbing.queues import QUEUES
from plumbing.services.hints import hints_resume

Hint = tuple[str, int, str]
"""Task, id, queue."""


class Hints:
    """The messages of one test."""

    def __init__(self) -> None:
        self._broker = redis.Redis.from_url(settings.REDIS_URL)
        self._broker.delete(*QUEUES)
        self._committed = len(connection.run_on_commit)
        hints_resume()

    def told(self) -> list[Hint]:
        """All hints since the last look, as after a commit; each queue's oldest first."""
        waiting = connection.run_on_commit[self._committed :]
        self._committed += len(waiting)
        for registered in waiting:
            registered[1]()
        return [hint for queue in QUEUES for hint in self._taken(queue)]

    def close(self) -> None:
        self._broker.delete(*QUEUES)
        self._broker.close()

    def _taken(self, queue: str) -> list[Hint]:
        messages = [json.loads(item) for item in self._broker.lrange(queue, 0, -1)]
        self._broker.delete(queue)
        return [(one["headers"]["task"], json.loads(one["headers"]["argsrepr"])[0], queue) for one in messages[::-1]]
