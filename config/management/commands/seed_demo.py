"""Make the demo company with a year of business, and say who can log in."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from config.demo.exceptions import DemoRefused
from config.demo.people import demo_logins
from config.demo.seed import demo_seed


class Command(BaseCommand):
    help = "Make the demo company with a year of business; safe to repeat. Refuses production settings."

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            demo_seed(now=timezone.now())
        except DemoRefused as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write("\n".join(demo_logins()))
