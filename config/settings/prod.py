"""Production: every secret comes from the environment, everything travels encrypted."""

from config.settings.base import *  # noqa: F403
from config.settings.base import env

PRODUCTION = True
ALLOWED_HOSTS = env.names("ALLOWED_HOSTS", default=None)

SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=True)
SECURE_REDIRECT_EXEMPT = [r"^readyz$", r"^livez$"]  # asked from inside, without the proxy that ends TLS
SECURE_HSTS_SECONDS = 365 * 24 * 3600
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
if env.flag("TRUST_FORWARDED_PROTO"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

# Required here. The private halves are asked for by the gateway worker alone (config.celery) and refused by web.
OROPAY_VAULT_PUBLIC_KEYS = env.key_ring("OROPAY_VAULT_PUBLIC_KEYS")
OROPAY_SECRETBOX_KEYS = env.key_ring("OROPAY_SECRETBOX_KEYS")
