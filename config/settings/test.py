"""Tests: real servers, fixed keys that protect nothing, and a tenth of every waiting time."""

import base64
import hashlib
import os
from urllib.parse import urlsplit

from nacl.public import PrivateKey

_SEED = hashlib.sha256(b"only for tests").digest()
_PRIVATE = PrivateKey(_SEED)


def _ring(key: bytes) -> str:
    return f"test:{base64.b64encode(key).decode()}"


# A process started by a test may be given less: an empty value stays empty (config.wsgi refuses private keys).
for _name, _value in {
    "DATABASE_URL": "postgres://postgres@127.0.0.1:5432/oropay",
    "REDIS_URL": "redis://127.0.0.1:6379/0",
    "SECRET_KEY": "only-for-tests-only-for-tests-only-for-tests-only",
    "OROPAY_VAULT_PUBLIC_KEYS": _ring(bytes(_PRIVATE.public_key)),
    "OROPAY_VAULT_PRIVATE_KEYS": _ring(bytes(_PRIVATE)),
    "OROPAY_SECRETBOX_KEYS": _ring(_SEED),
    "OROPAY_FINGERPRINT_KEY": base64.b64encode(_SEED).decode(),
    "OROPAY_SEND_WITHIN": "1",
    "OROPAY_CONNECT_TIMEOUT": "0.5",
    "OROPAY_READ_TIMEOUT": "3",
    "OROPAY_LOOKUP_READ_TIMEOUT": "0.5",
    "OROPAY_LEASE_MARGIN": "0.5",
    "OROPAY_RESEND_AFTER": "1",
    "OROPAY_LOOKUP_STEPS": "0.2,0.5,1.5,3,6,12,30,90,360",
    "OROPAY_WAKE_PAUSE": "6",
    "OROPAY_ABSENT_GAP": "1",
    "OROPAY_GIVE_BACK_STEPS": "0.3,3,36",
    "OROPAY_DISPUTE_STEPS": "1,6,30,180,720",
    "OROPAY_DISPUTE_GIVE_UP_BEFORE": "1440",
    "OROPAY_REREAD_REVIEW": "90",
    "OROPAY_NOTIFICATION_STEPS": "0.5,3,12,60,360,2160",
    "OROPAY_RETURN_RATE_SAMPLE": "1",
    "OROPAY_APPROVAL_EXPIRES": "25920",
    "OROPAY_VERDICT_AFTER": "8640",
    "OROPAY_CIRCUIT_WINDOW": "6",
    "OROPAY_CIRCUIT_PAUSE": "1.5",
    "OROPAY_AUTHENTICATION_WITHIN": "90",
    "OROPAY_AUTHENTICATION_WAIT": "1",
    "OROPAY_ADDED_WAIT": "0.4",
    # Hardly any: one buyer pays thousands of times. Tests of the limits set their own.
    "OROPAY_VELOCITY": "charge/user/60=0:1000000000",
    "OROPAY_VELOCITY_PAUSE": "3",
    "OROPAY_VELOCITY_LOCK_FOR": "360",
    "OROPAY_REVIEW_ALERT_AFTER": "8640",
    "OROPAY_REVIEW_CANCEL_AFTER": "51840",
    "OROPAY_WATCH_STEPS": "6,60,360,2160",
    "OROPAY_INSTRUMENT_UNDO": "90",
    "OROPAY_INSTRUMENT_STEPS": "1,6,30,180,720,2160,8640",
    "HOSTED_FIELDS_URL": "http://localhost:8090/hosted/v1/fields.js",
}.items():
    os.environ.setdefault(_name, _value)

if os.environ.get("PYTEST_XDIST_WORKER"):
    # Parallel test processes share one Valkey: each has its own numbered database, as each has its own Postgres one.
    _parts = urlsplit(os.environ["REDIS_URL"])
    _number = int(_parts.path.strip("/") or 0) + 1 + int(os.environ["PYTEST_XDIST_WORKER"].removeprefix("gw"))
    os.environ["REDIS_URL"] = _parts._replace(path=f"/{_number}").geturl()

from config.settings.base import *  # noqa: E402, F403
from config.settings.base import STORAGES, env  # noqa: E402

ALLOWED_HOSTS = ["*"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"

GP_SERVICE_URL = env.address("GP_SERVICE_URL", default="http://127.0.0.1:8090/ucp")
WEBSITE_SCHEME = "http"
WEBSITE_PORT = env.text("WEBSITE_PORT", default="")
WEBSITE_FALLBACK = True

# `make test` collects the static files into a folder of its own and so tests the hashed names of production; a single
# test run by hand reads them from the source folders.
_HASHED = bool(env.text("STATIC_ROOT", default=""))
STORAGES = STORAGES | {
    "staticfiles": {"BACKEND": f"django.contrib.staticfiles.storage.{'Manifest' if _HASHED else ''}StaticFilesStorage"}
}
WHITENOISE_USE_FINDERS = not _HASHED
WHITENOISE_AUTOREFRESH = False
