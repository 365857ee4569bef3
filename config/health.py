"""`python -m config.health worker-gateway`: does this part beat? For health checks of parts that speak no HTTP."""

import os
import sys

import django
from django.db import DatabaseError
from django.utils import timezone

from config.heartbeat import SILENT_AFTER


def silence(*, part: str) -> str:
    """Why the part counts as gone; empty when it beats."""
    from plumbing.models import Heartbeat

    row = Heartbeat.objects.filter(name=part).first()
    if row is None:
        return f"{part} has never beaten."
    age = row.age(timezone.now())
    return "" if age <= SILENT_AFTER else f"{part} is silent for {age:.0f} s; it last beat on {row.host}."


def main(parts: list[str]) -> int:
    """Exit code 0 when every named part beats."""
    if not parts:
        sys.stderr.write("usage: python -m config.health worker-gateway|worker-default|beat ...\n")
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    django.setup()
    try:
        reasons = [reason for part in parts if (reason := silence(part=part))]
    except DatabaseError as error:
        reasons = [f"The database does not answer: {error}"]
    sys.stderr.writelines(f"{reason}\n" for reason in reasons)
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
