"""`python -m gpsandbox`: start the server, say where it listens, stop on Ctrl-C or SIGTERM."""

import logging
import os
import signal
import sys

import uvicorn

from gpsandbox.app import application
from gpsandbox.settings import SettingsError, settings_read
from gpsandbox.store import StoreError
from gpsandbox.wire import CuttableProtocol

log = logging.getLogger("gpsandbox")


def main() -> int:
    """0 after a clean stop, 2 when it could not start."""
    logging.basicConfig(stream=sys.stdout, format="%(asctime)s gpsandbox %(message)s", datefmt="%H:%M:%S")
    log.setLevel(logging.INFO if os.environ.get("GPSANDBOX_LOG", "1") != "0" else logging.WARNING)
    try:
        settings = settings_read(os.environ)
        app = application(settings)  # also makes the file, before several processes open it at once
    except (SettingsError, StoreError) as error:
        log.error("did not start: %s", error)
        return 2
    log.info("listening on http://%s:%s/ucp, data in %s", settings.host, settings.port, settings.database)
    if not settings.secret:
        log.info("neither /_emu nor the console is served: GPSANDBOX_SECRET is not set")
    else:
        log.info("console on http://%s:%s/, for browsers on this machine", settings.host, settings.port)
    for stopping in (signal.SIGTERM, signal.SIGINT):
        # Uvicorn stops gracefully on these, then raises them again for whoever listened before: let that be nobody.
        signal.signal(stopping, lambda number, frame: None)
    uvicorn.run(
        app if settings.processes == 1 else "gpsandbox.app:from_environment",
        factory=settings.processes > 1,
        workers=settings.processes,
        host=settings.host,
        port=settings.port,
        http=CuttableProtocol,
        ws="none",
        proxy_headers=False,  # the control room trusts the client's real address only
        access_log=False,
        log_level="warning",
        timeout_keep_alive=30,
        timeout_graceful_shutdown=3,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
