"""`python -m config.setup`: bring the database up to date and fill it with the demo company, in one process.

What `seed_demo` prints (the log-ins) is kept in `.data/demo.txt` and shown whenever the stack is ready.
"""

import io
import os
import sys

import django
from django.core.management import call_command, get_commands

from config.devenv import DATA


def main() -> int:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")
    django.setup()
    call_command("migrate", interactive=False, verbosity=1)
    if "seed_demo" in get_commands():
        said = io.StringIO()
        call_command("seed_demo", stdout=said)
        DATA.mkdir(exist_ok=True)
        (DATA / "demo.txt").write_text(said.getvalue())
        sys.stdout.write(said.getvalue())
    return 0


if __name__ == "__main__":
    sys.exit(main())
