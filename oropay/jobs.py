"""Work of this room that is done as a job because a person asked for it; registered on `plumbing.ports.job_runners`."""

from datetime import datetime

from django.utils import timezone

from oropay.exceptions import VaultError
from oropay.services import vault_rotate
from oropay.services.vault import BATCH
from plumbing.models import Job
from plumbing.services import job_add, job_progress

ROTATE_JOB = "oropay.vault_rotate"


def rotation_queue(*, now: datetime, batch: int = BATCH) -> Job:
    """Ask the gateway worker to seal everything anew; asking again while it has not ended returns the same job."""
    return job_add(kind=ROTATE_JOB, key="vault", payload={"batch": batch}, queue="gateway-batch", now=now)


class RotateVault:
    """Runs `oropay.vault_rotate` in the gateway worker, which alone has the private keys."""

    def run(self, *, job: Job, now: datetime) -> None:
        def progress(done: int, total: int) -> None:
            job_progress(job=job, percent=100 * done // max(total, 1), now=timezone.now())

        rotation = vault_rotate(now=now, batch=job.payload["batch"], progress=progress)
        if rotation.refused:
            raise VaultError("; ".join(rotation.refused))
