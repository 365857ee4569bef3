"""Make or renew a provider account from keys in the environment."""

import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from commerce.models import Organization
from oropay.exceptions import SettledTwice, UnsafeAddress
from oropay.models import Environment
from oropay.services import provider_provision

ACCOUNT_NAMES = ("transaction_account", "tokenization_account", "settlement_account")


class Command(BaseCommand):
    help = "Make or renew a provider account. Reads GP_APP_ID and GP_APP_KEY from the environment."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--organization", required=True, help="code of the seller")
        parser.add_argument("--name", required=True, help="what admins will pick")
        parser.add_argument("--service-url", required=True, help="base address, such as https://apis.globalpay.com/ucp")
        parser.add_argument("--environment", choices=Environment.values, default=Environment.SANDBOX.value)
        parser.add_argument("--currency", default="USD", help="settlement currency")
        for name in ACCOUNT_NAMES:
            parser.add_argument(f"--{name.replace('_', '-')}", help="its name at the gateway, if not the usual")

    def handle(self, *args: Any, **options: Any) -> None:
        app_id, app_key = os.environ.get("GP_APP_ID"), os.environ.get("GP_APP_KEY")
        if not app_id or not app_key:
            raise CommandError("Nothing was stored. Set GP_APP_ID and GP_APP_KEY in the environment.")
        organization = Organization.objects.filter(code=options["organization"]).first()
        if organization is None:
            raise CommandError(f"Nothing was stored. There is no organization {options['organization']!r}.")
        try:
            account = provider_provision(
                organization=organization,
                name=options["name"],
                app_id=app_id,
                app_key=app_key,
                service_url=options["service_url"],
                environment=Environment(options["environment"]),
                settlement_currency=options["currency"],
                **{name: options[name] for name in ACCOUNT_NAMES if options[name]},
            )
        except (SettledTwice, UnsafeAddress) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{account} is ready; pick it in an integration.")
