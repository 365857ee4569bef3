"""Work of this room that is done as a job: asked for by a person, or once in every period."""

from datetime import datetime, timedelta

from django.utils import timezone

from oropay.exceptions import VaultError, VaultKeyMissing
from oropay.services import canaries_check, canaries_ensure, vault_rotate
from oropay.services.expiry import expiry_remind
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


class RemindOfExpiry:
    """Looks once a day for saved cards that end soon and tells the people they belong to."""

    name = "oropay.expiry_reminders"
    every = timedelta(days=1)
    queue = "default"

    def run(self, *, job: Job, now: datetime) -> None:
        expiry_remind(now=now)


class CheckVault:
    """Opens every canary once an hour, so that a page can say when the keys were last known to open."""

    name = "oropay.vault_check"
    every = timedelta(hours=1)
    queue = "gateway-batch"

    def run(self, *, job: Job, now: datetime) -> None:
        canaries_ensure(now=now)
        wrong = canaries_check(now=now)
        if wrong:
            raise VaultKeyMissing(why=" ".join(wrong))
