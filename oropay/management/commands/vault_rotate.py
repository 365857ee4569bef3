"""Seal anew, with the current key, everything sealed with an older one."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from oropay.exceptions import VaultError
from oropay.jobs import rotation_queue
from oropay.services import vault_rotate
from oropay.services.vault import BATCH
from oropay.vault.keys import vault_health


class Command(BaseCommand):
    help = (
        "Seal everything anew with the current key of OROPAY_VAULT_PUBLIC_KEYS. Needs the private keys of the old and "
        "the new: run it where the gateway worker runs, or --queue it there. Prints how many rows hang on each key."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, change nothing")
        parser.add_argument("--batch", type=int, default=BATCH, help="boxes in one database transaction")
        parser.add_argument("--queue", action="store_true", help="ask the gateway worker to do it")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["batch"] < 1:
            raise CommandError("Nothing was changed. A batch has at least one box.")
        if options["queue"]:
            job = rotation_queue(now=timezone.now(), batch=options["batch"])
            self.stdout.write(f"Queued as job {job.pk}; its progress is under System, Jobs.")
            return
        try:
            rotation = vault_rotate(
                now=timezone.now(),
                batch=options["batch"],
                dry_run=options["dry_run"],
                progress=lambda done, total: self.stdout.write(f"{done} of {total}"),
            )
        except VaultError as error:
            raise CommandError(str(error)) from error
        verb = "would be sealed" if options["dry_run"] else "sealed"
        self.stdout.write(f"{rotation.resealed} {verb} with key {rotation.key_id}.")
        self._report()
        if rotation.refused:
            raise CommandError("Left as they are: " + "; ".join(rotation.refused))

    def _report(self) -> None:
        for key in vault_health():
            words = ["current" if key.current else "old", f"{key.rows} rows"]
            words += [] if key.needed else ["may leave its ring"]
            words += [key.trouble] if key.trouble else []
            self.stdout.write(f"{key.ring} key {key.key_id}: {', '.join(words)}")
