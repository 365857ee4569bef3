"""What goes wrong between integrations and their gateway, for the log of those whose administrator wants it there."""

import logging

from oropay.models import Integration

logger = logging.getLogger(__name__)


def problem_log(*, integration: Integration | None, text: str) -> None:
    """To the log, if the integration's administrator wants it; the back-office shows it always."""
    if integration is not None and integration.log_warnings:
        logger.warning("Integration %s (%s): %s", integration.pk, integration.name, text)
