"""Send ourselves a test message through the public address, signed as the gateway signs. Worker only.

It proves the whole way: name, certificate, proxy, the secret path, the inbox, the worker and its key. It proves nothing
about the gateway, which sends when it has something to tell.
"""

import json
from datetime import datetime

import urllib3
from django.utils import timezone
from django.utils.translation import gettext as _

from oropay.engine.gateways import gateway_of
from oropay.exceptions import VaultError
from oropay.gateway.port.notifications import TEST_ID
from oropay.models import WebhookCheck, WebhookCheckState
from oropay.services.provider import webhook_address
from plumbing.models import Job

PATIENCE = urllib3.Timeout(connect=5, read=10)
"""Seconds."""


class WebhookChecks:
    """Registered on `plumbing.ports.job_runners`."""

    def run(self, *, job: Job, now: datetime) -> None:
        asked = WebhookCheck.objects.filter(pk=job.payload["check"], state=WebhookCheckState.ASKED)
        check = asked.select_related("integration__provider_account").first()
        if check is None:
            return
        detail = _send(check=check)
        state = WebhookCheckState.FAILED if detail else WebhookCheckState.SENT
        # It may have arrived and been read already: then that word stands.
        asked.update(state=state, detail=detail, ended_at=timezone.now() if detail else None)


def _send(*, check: WebhookCheck) -> str:
    """Post the message; returns why it did not get there, or nothing."""
    address = webhook_address(integration=check.integration)
    if not address:
        return _("The seller has no website, and OROPAY_WEBHOOK_ORIGIN is not set: there is no address to send it to.")
    body = json.dumps(
        {"id": f"{TEST_ID}{check.uuid}", "type": "TEST", "status": "TEST"}, separators=(",", ":")
    ).encode()
    try:
        headers = gateway_of(account=check.integration.provider).notice_sign(body=body)
        with urllib3.PoolManager(retries=False, timeout=PATIENCE) as pool:
            answer = pool.request("POST", address, body=body, headers=dict(headers), redirect=False)
    except VaultError as error:
        return str(error)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        return _("The address does not answer: {error}").format(error=f"{type(error).__name__}: {error}"[:300])
    return "" if answer.status == 200 else _("The address answers HTTP {status}.").format(status=answer.status)
