"""Account checks for what is decided under locks: asked before, with no transaction open, and looked at again inside.

A check may be a service on the network. Whoever waited for it with rows locked would make every payment with these
accounts wait as well.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from time import monotonic
from typing import TypeVar

from django.db.transaction import atomic, set_rollback
from django.utils.translation import gettext as _

from oropay.accountcheck import AccountAsked, AccountFound, FormCheck, account_check
from oropay.exceptions import ChangeRefused
from oropay.models import CheckState

logger = logging.getLogger(__name__)

Done = TypeVar("Done")

ROUNDS = 5
"""An account that changes while it is asked about is asked about again; so often nobody changes one."""


WITHIN = timedelta(seconds=40)
"""After this no further check is asked: the browser, and what stands before us, wait a minute at most."""


@dataclass
class Checks:
    """What is known about the accounts that a transaction comes across, and what is still to be asked."""

    known: Mapping[AccountAsked, AccountFound]
    to_ask: list[AccountAsked] = field(default_factory=list)

    def of(self, asked: AccountAsked) -> AccountFound:
        """What the check says; while nobody has asked it, that nothing speaks against the account."""
        if asked not in self.known:
            self.to_ask.append(asked)
        return self.known.get(asked, AccountFound(CheckState.UNCHECKED))


def checked_first(write: Callable[[Checks], Done]) -> Done:
    """Run `write` in a transaction of its own once every account it asks about is checked; returns what it returns.

    It runs first to learn what is to be asked, and all it did is undone; the checks are asked; it runs again, under
    locks as before. What has changed meanwhile is seen by that second look.

    Raises:
        ChangeRefused: the accounts change faster than they can be checked, or cannot all be checked while a browser
            waits; nothing was changed.
    """
    until = monotonic() + WITHIN.total_seconds()
    known: dict[AccountAsked, AccountFound] = {}
    for _round in range(ROUNDS):
        checks = Checks(known=known)
        with atomic(durable=True):
            done = write(checks)
            set_rollback(bool(checks.to_ask))
        if not checks.to_ask:
            return done
        for asked in checks.to_ask:
            if monotonic() > until:
                raise ChangeRefused(why=_slow(asked=len(known)))
            known[asked] = _answer(asked)
    raise ChangeRefused(why=_("The account is being changed at this moment. Please try again."))


def _slow(*, asked: int) -> str:
    return _(
        "The account check had answered about {n} accounts after {seconds} seconds, and more are to be asked about. "
        "Please apply fewer notices at once."
    ).format(n=asked, seconds=int(WITHIN.total_seconds()))


def _answer(asked: AccountAsked) -> AccountFound:
    """What the check says. One that breaks keeps no bank's word from counting: then the numbers alone decide."""
    try:
        return account_check(asked)
    except Exception as error:
        # Its text may hold the account number, so only its kind is told.
        logger.error("an account check broke: %s", type(error).__name__)
        return FormCheck().check(asked)
