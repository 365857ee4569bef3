"""What logs and error reports may say: one line per event, and nothing that a person typed or a server keeps secret."""

import logging
import re
from typing import Any

from django.http import HttpRequest
from django.views.debug import SafeExceptionReporterFilter

SECRET_PATH = re.compile(r"(/webhooks/)[A-Za-z0-9_-]{43}(?![A-Za-z0-9_-])")


class OneLine(logging.Formatter):
    """Keeps every event on one line, so that text from outside cannot forge a second one. Hides secret addresses."""

    def format(self, record: logging.LogRecord) -> str:
        line = super().format(record).replace("\r", "").replace("\n", " ⏎ ")
        return SECRET_PATH.sub(r"\1•••", line)


class NothingPersonal(SafeExceptionReporterFilter):
    """Error reports carry no form field at all: a bank account number may be one of them."""

    hidden_settings = re.compile(
        "API|AUTH|TOKEN|KEY|SECRET|PASS|SIGNATURE|HTTP_COOKIE|_URL|LOCATION", flags=re.IGNORECASE
    )

    def is_active(self, request: HttpRequest | None) -> bool:
        return True

    def get_post_parameters(self, request: HttpRequest | None) -> dict[str, Any]:
        return {} if request is None else dict.fromkeys(request.POST, self.cleansed_substitute)
