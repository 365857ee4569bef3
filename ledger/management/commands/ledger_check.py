from typing import Any

from django.core.management.base import BaseCommand, CommandError

from ledger.selectors import unsealed_count
from ledger.services import ledger_check


class Command(BaseCommand):
    help = "Prove that the books are right; names what is wrong and exits with 1."

    def handle(self, *args: Any, **options: Any) -> None:
        findings = ledger_check()
        self.stdout.write("\n".join([*map(str, findings), f"{unsealed_count()} entries are not sealed yet."]))
        if findings:
            raise CommandError(f"The books are wrong in {len(findings)} places.", returncode=1)
