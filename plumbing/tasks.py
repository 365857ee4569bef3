"""What beat and the workers call. Messages carry ids only and are never retried: rows and the sweep do that."""

from celery import shared_task
from django.utils import timezone

from plumbing import services


@shared_task
def sweep() -> None:
    """Beat runs it itself, as it does `periodic`."""
    services.sweep(now=timezone.now())


@shared_task(queue="default")
def mail_send(mail_id: int) -> None:
    services.mail_send(mail_id=mail_id, now=timezone.now())


@shared_task(queue="default")
def job_run(job_id: int) -> None:
    services.job_run(job_id=job_id, now=timezone.now())


@shared_task
def periodic() -> None:
    services.periodic_queue(now=timezone.now())
