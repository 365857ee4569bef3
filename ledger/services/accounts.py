"""Which account a name stands for. Accounts never change, so a process remembers those that are committed."""

from collections.abc import Iterable
from functools import partial

from django.db import connection
from django.db.transaction import on_commit

from ledger.models import ACCOUNT_TYPES, Account, AccountName

Key = tuple[str, int, str, str]

_remembered: dict[Key, int] = {}


def account_ids(*, organization_id: int, currency: str, names: Iterable[AccountName]) -> dict[str, int]:
    """Ids by name; accounts never posted to before are made (a competitor may make them at the same moment)."""
    wanted = {str(name) for name in names}
    place = (str(connection.settings_dict["NAME"]), organization_id, currency)
    found = {name: _remembered[*place, name] for name in wanted if (*place, name) in _remembered}
    if len(found) == len(wanted):
        return found
    found = _known(organization_id=organization_id, currency=currency, names=wanted)
    missing = sorted(wanted - found.keys())
    if missing:
        Account.objects.bulk_create(
            [
                Account(
                    organization_id=organization_id,
                    currency=currency,
                    name=name,
                    type=ACCOUNT_TYPES[AccountName(name)],
                )
                for name in missing
            ],
            ignore_conflicts=True,
        )
        found = _known(organization_id=organization_id, currency=currency, names=wanted)
    # Only after the commit: what is rolled back was never there.
    on_commit(partial(_remembered.update, {(*place, name): pk for name, pk in found.items()}))
    return found


def _known(*, organization_id: int, currency: str, names: set[str]) -> dict[str, int]:
    rows = Account.objects.filter(organization_id=organization_id, currency=currency, name__in=sorted(names))
    return dict(rows.values_list("name", "pk"))
