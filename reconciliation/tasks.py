"""Celery's doors into this room. Messages carry ids and are hints; the rows decide."""

from celery import shared_task
from django.utils import timezone

from reconciliation import services


@shared_task(name="reconciliation.tasks.pull")
def pull(pull_id: int) -> None:
    services.pull_run(pull_id=pull_id, now=timezone.now())
