"""`make faults N=10000 SEED=1`"""

import os
import sys

from config.processes import unwind_on_sigterm
from tests.faults.storm.servers import servers_started

os.environ["DJANGO_SETTINGS_MODULE"] = "tests.faults.storm.settings"


def main(arguments: list[str]) -> int:
    unwind_on_sigterm()
    payments, seed = int(arguments[0]), int(arguments[1]) if len(arguments) > 1 else 1
    with servers_started() as servers:
        os.environ |= {"DATABASE_URL": servers.postgres.url, "REDIS_URL": servers.valkey.url}
        import django

        django.setup()
        from tests.faults.storm.run import storm

        return storm(servers, payments=payments, seed=seed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
