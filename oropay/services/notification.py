"""The inbox of notifications: what web stores, what people do about it, what is thrown away.

Web believes nothing and looks nothing up: one statement, and the answer. Everything else is the worker's.
"""

import hashlib
import json
import logging
from collections.abc import Mapping
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.db.transaction import atomic
from django.utils.translation import gettext as _

from commerce.models import User
from oropay import locks
from oropay.exceptions import NotificationWaiting
from oropay.models import (
    NOTIFICATION_WAITING,
    Integration,
    Notification,
    NotificationState,
    WebhookCheck,
    WebhookCheckState,
)
from plumbing.services import hint, job_add

logger = logging.getLogger(__name__)

TASK, QUEUE = "oropay.tasks.notifications", "gateway-lookup"
CHECK_JOB = "oropay.webhook-check"
"""The kind of job that sends a test message."""

HEADERS_KEPT = ("Content-Type", "User-Agent", "X-GP-Signature")
"""What a gateway's adapter needs to tell its own messages from forged ones, and people to recognise the sender."""
LONGEST_HEADER = 512

STORE = """
INSERT INTO oropay_notification (integration_id, body, headers, sha256, address, received_at, next_at)
SELECT id, %s, %s, %s, %s, %s, %s FROM oropay_integration WHERE webhook_key = %s
RETURNING integration_id
"""


def notification_receive(
    *, key: str, body: bytes, headers: Mapping[str, str], address: str | None, now: datetime
) -> int | None:
    """Store a message as it came, in one statement; returns the integration it is for.

    The SELECT proves that the integration exists, so the table has no foreign key whose check would lock its row for
    every message. None when no integration has this key: then nothing was stored. Inactive integrations still listen,
    because money that was taken through them may still come back.
    """
    kept = {name: headers[name][:LONGEST_HEADER].replace("\0", "") for name in HEADERS_KEPT if headers.get(name)}
    digest = hashlib.sha256(body).hexdigest()
    with connection.cursor() as cursor:
        cursor.execute(STORE, [body, json.dumps(kept), digest, address, now, now, key])
        found = cursor.fetchone()
    return found[0] if found else None


def notifications_hint(*, integration_id: int) -> None:
    """Tell a worker that an integration's inbox is not empty."""
    hint(TASK, integration_id, queue=QUEUE)


@atomic(durable=True)
def notification_replay(*, notification: Notification, by: User, now: datetime) -> Notification:
    """Have a notification that has ended checked again from the start: its signature, then the gateway.

    Harmless however often it is done: what the gateway shows is recorded once.

    Raises:
        NotificationWaiting: it has not ended yet.
    """
    row = locks.notification(pk=notification.pk)
    if row.state in NOTIFICATION_WAITING:
        raise NotificationWaiting
    row.state, row.next_at, row.ended_at, row.tries = NotificationState.RECEIVED, now, None, 0
    row.outcome = _("Tried again by {person}.").format(person=by)
    row.save(update_fields=["state", "next_at", "ended_at", "tries", "outcome"])
    notifications_hint(integration_id=row.integration_id)
    return row


def notifications_forget(*, now: datetime) -> int:
    """Throw away what nobody needs any more: forged ones after 30 days, finished ones after 90 (both are settings).

    What was given up is kept until a person has looked at it. Returns how many went.
    """
    gone = 0
    ages = {
        (NotificationState.REJECTED,): settings.OROPAY_NOTIFICATIONS_KEEP_UNVERIFIED,
        (NotificationState.PROCESSED, NotificationState.IGNORED): settings.OROPAY_NOTIFICATIONS_KEEP,
    }
    for integration_id in Integration.objects.order_by("pk").values_list("pk", flat=True):
        mine = Notification.objects.filter(integration_id=integration_id)
        for states, age in ages.items():
            gone += mine.filter(state__in=states, received_at__lt=now - age).delete()[0]
    return gone


@atomic(durable=True)
def webhook_check_start(*, integration: Integration, by: User, now: datetime) -> WebhookCheck:
    """Have a worker send a signed test message to the integration's public address.

    Only the worker can sign as the gateway does. It arrives in the inbox like any other message.
    """
    check = WebhookCheck.objects.create(integration=integration, asked_by=by, asked_at=now)
    job_add(kind=CHECK_JOB, key=str(check.pk), payload={"check": check.pk}, queue="gateway-batch", now=now)
    return check


def webhook_check_end(*, name: str, now: datetime) -> bool:
    """Note that a test message has come through and was found genuine. False when nobody asked for one of this name."""
    try:
        uuid = UUID(name)
    except ValueError:
        return False
    asked = WebhookCheck.objects.filter(uuid=uuid).exclude(state=WebhookCheckState.ARRIVED)
    return bool(asked.update(state=WebhookCheckState.ARRIVED, ended_at=now, detail=""))
