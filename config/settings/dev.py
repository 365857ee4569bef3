"""Development and demo: what `make run` starts. Also serves `manage.py` beside a running stack."""

import os
import warnings

from celery.exceptions import SecurityWarning

from config import devenv

warnings.filterwarnings("ignore", category=SecurityWarning)  # workers that run as root: meant, on a developer's machine
for name, value in devenv.for_commands().items():
    os.environ.setdefault(name, value)

from config.settings.base import *  # noqa: E402, F403
from config.settings.base import BASE_DIR, STORAGES, env  # noqa: E402

DEBUG = env.flag("DEBUG")
ALLOWED_HOSTS = [*env.names("ALLOWED_HOSTS"), "localhost", ".localhost", "127.0.0.1", "[::1]"]

WEBSITE_SCHEME = "http"
WEBSITE_PORT = f":{env.port('WEB_PORT', default=8000)}"
WEBSITE_FALLBACK = True

_SANDBOX_ORIGIN = f"http://localhost:{env.port('SANDBOX_PORT', default=8090)}"
HOSTED_FIELDS_URL = env.address("HOSTED_FIELDS_URL", default=f"{_SANDBOX_ORIGIN}/hosted/v1/fields.js")
GATEWAY_ORIGIN = env.address("GATEWAY_ORIGIN", default=_SANDBOX_ORIGIN)

THREEDS_ORIGINS = env.names("THREEDS_ORIGINS") or [f"http://acs.localhost:{env.port('SANDBOX_PORT', default=8090)}"]

GP_SERVICE_URL = env.address("GP_SERVICE_URL", default=f"{_SANDBOX_ORIGIN}/ucp")
"""Gateway of the demo company's provider account."""

# Straight from the source folders: no collectstatic, a changed file shows at the next reload.
STORAGES = STORAGES | {"staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = True

locals().update(env.mail("MAIL_URL", default=f"file://{BASE_DIR}/.data/mail"))
