"""`python -m config.health worker-gateway`: is this container's part alive? For health checks without HTTP."""

import os
import sys
from datetime import timedelta

import django
from django.db import DatabaseError
from django.utils import timezone

from config.heartbeat import SILENT_AFTER


def silence(*, part: str, host: str) -> str:
    """Why the part on this host counts as gone; empty when it beats."""
    from plumbing.models import Heartbeat

    name = f"{part}@{host}"
    row = Heartbeat.objects.filter(name=name).first()
    if row is None:
        return f"{name} has never beaten."
    age = timezone.now() - row.beat_at
    return "" if age <= timedelta(seconds=SILENT_AFTER) else f"{name} is silent for {age.total_seconds():.0f} s."


def main(parts: list[str]) -> int:
    """Exit code 0 when every named part of this host beats."""
    if not parts:
        sys.stderr.write("usage: python -m config.health worker-gateway|worker-default|beat ...\n")
        return 2
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    django.setup()
    try:
        reasons = [reason for part in parts if (reason := silence(part=part, host=os.uname().nodename))]
    except DatabaseError as error:
        reasons = [f"The database does not answer: {error}"]
    sys.stderr.writelines(f"{reason}\n" for reason in reasons)
    return 1 if reasons else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
