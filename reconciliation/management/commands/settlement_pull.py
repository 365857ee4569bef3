"""Ask the gateway now what it settled, without waiting for the hour. Needs a worker's keys."""

from datetime import date
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from oropay.models import ProviderAccount
from reconciliation.models import Pull, PullState
from reconciliation.services import pull_queue, pull_run
from reconciliation.services.pull import HOURLY_DAYS, days_back


class Command(BaseCommand):
    help = "Pull settlement lines and deposits of every active provider account, match them and book the deposits."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--since", type=date.fromisoformat, help="first deposit day, YYYY-MM-DD")
        parser.add_argument("--until", type=date.fromisoformat, help="last deposit day, today unless given")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        first, last = days_back(HOURLY_DAYS, now=now)
        failed = 0
        for account in ProviderAccount.objects.filter(is_active=True).order_by("pk"):
            pull = pull_queue(
                provider_account=account,
                since=options["since"] or first,
                until=options["until"] or last,
                by=None,
                now=now,
            )
            pulled = pull_run(pull_id=pull.pk, now=now)
            pull = Pull.objects.get(pk=pull.pk)
            failed += pull.state == PullState.FAILED
            self.stdout.write(f"{account}: {pulled or pull.error or 'a worker is pulling already'}")
        if failed:
            raise CommandError(f"{failed} provider account(s) could not be read. What was stored before stays.")
