"""`python -m config.health web|worker-gateway|worker-default|beat|sweep`: is it well? For container health checks."""

import os
import socket
import sys
from http import HTTPStatus
from http.client import HTTPConnection

import django
from django.conf import settings
from django.db import DatabaseError
from django.utils import timezone

from config.heartbeat import SILENT_AFTER


def unreadiness() -> str:
    """Why the web process of this host is not ready; empty when it is."""
    host = settings.ALLOWED_HOSTS[0].lstrip(".*") or "localhost"
    # As the proxy in front would ask: by a host name that we answer to, over an encrypted line.
    headers = {"Host": host, "X-Forwarded-Proto": "https"}
    connection = HTTPConnection("127.0.0.1", 8000, timeout=4)
    try:
        connection.request("GET", "/readyz", headers=headers)
        answer = connection.getresponse()
        return "" if answer.status == HTTPStatus.OK else f"/readyz answers {answer.status}: {answer.read(300)!r}"
    except OSError as error:
        return f"/readyz does not answer: {error}"


def silence(*, part: str) -> str:
    """Why the part counts as gone on this host, whatever its replicas elsewhere do; empty when it beats."""
    from plumbing.models import Heartbeat

    row = Heartbeat.objects.filter(name=part, host=socket.gethostname()).first()
    if row is None:
        return f"{part} has never beaten here."
    age = row.age(timezone.now())
    return "" if age <= SILENT_AFTER else f"{part} is silent for {age:.0f} s."


def main(parts: list[str]) -> int:
    """Exit code 0 when every named part is well."""
    if not parts:
        sys.stderr.write("usage: python -m config.health web|worker-gateway|worker-default|beat|sweep ...\n")
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    django.setup()
    try:
        reasons = [reason for part in parts if (reason := unreadiness() if part == "web" else silence(part=part))]
    except DatabaseError as error:
        reasons = [f"The database does not answer: {error}"]
    sys.stderr.writelines(f"{reason}\n" for reason in reasons)
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
