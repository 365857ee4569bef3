"""Work of this room that is done as a job because a person asked for it; registered on `plumbing.ports.job_runners`."""

from datetime import datetime

from django.utils import timezone

from oropay.engine import disputes, drift_check
from oropay.exceptions import VaultError
from oropay.models import ProviderAccount
from oropay.services import vault_rotate
from oropay.services.vault import BATCH
from plumbing.models import Job
from plumbing.services import job_add, job_progress

ROTATE_JOB = "oropay.vault_rotate"


def rotation_queue(*, now: datetime, batch: int = BATCH) -> Job:
    """Ask the gateway worker to seal everything anew; asking again while it has not ended returns the same job."""
    return job_add(kind=ROTATE_JOB, key="vault", payload={"batch": batch}, queue="gateway-batch", now=now)


class CompareAccount:
    """Compares one provider account with the gateway's list. A silent gateway is asked again by the job's own tries."""

    def run(self, *, job: Job, now: datetime) -> None:
        account = ProviderAccount.objects.select_related("organization").get(pk=job.payload["account"])

        def alive(_compared: int) -> None:
            job_progress(job=job, percent=50, now=timezone.now())  # how long the list is only its end tells

        drift_check(account=account, now=now, after_chunk=alive)


class RereadDispute:
    """Reads one dispute of the gateway again, because somebody wants to see it fresh."""

    def run(self, *, job: Job, now: datetime) -> None:
        disputes.dispute_reread_known(dispute_id=job.payload["dispute"], now=now)


class RotateVault:
    """Runs `oropay.vault_rotate` in the gateway worker, which alone has the private keys."""

    def run(self, *, job: Job, now: datetime) -> None:
        def progress(done: int, total: int) -> None:
            job_progress(job=job, percent=100 * done // max(total, 1), now=timezone.now())

        rotation = vault_rotate(now=now, batch=job.payload["batch"], progress=progress)
        if rotation.refused:
            raise VaultError("; ".join(rotation.refused))
