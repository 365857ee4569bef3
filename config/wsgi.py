"""The web process's entry point."""

import os

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.dev")

application = get_wsgi_application()

if settings.OROPAY_VAULT_PRIVATE_KEYS or settings.OROPAY_FINGERPRINT_KEY:
    raise ImproperlyConfigured(
        "The web process was given OROPAY_VAULT_PRIVATE_KEYS or OROPAY_FINGERPRINT_KEY. Only the gateway worker may "
        "hold them: whoever breaks into the web process must not be able to open a bank account number."
    )
