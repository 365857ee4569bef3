"""When money moves: the cut-off, paydays, returns and the end of holds. No public source says; all of this is ours."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from gpsandbox import banking_days

FUNDED_AFTER = {"CARD": 2, "BANK_TRANSFER": 3, "DIGITAL_WALLET": 2, "APM": 2}
"""Method → banking days from the day a batch closes to the day its deposit is made."""

PAID_AT = time(10, tzinfo=UTC)
"""When the deposits of a day are made."""

RETURNED_AT = time(9, tzinfo=UTC)
"""When bank payments come back: an hour before that day's deposits, which carry them."""

HOLD_LASTS = timedelta(days=7)
"""How long an authorization can be captured."""

RETURNABLE_FOR = timedelta(days=60)
"""How long after its funding a bank payment can come back. Source: Nacha, unauthorized consumer debits."""


@dataclass(frozen=True)
class Wait:
    """A time between two days."""

    banking_days: int = 0
    days: int = 0
    """Calendar days; the end of them is moved on to a banking day."""

    def after(self, day: date) -> date:
        if self.days:
            return banking_days.on_or_after(day + timedelta(days=self.days))
        return banking_days.after(day, self.banking_days)


RETURN_WAITS = {
    "R01": Wait(banking_days=2),
    "R02": Wait(banking_days=2),
    "R03": Wait(banking_days=2),
    "R10": Wait(days=30),
}
"""ACH return code → when a funded payment comes back. R10 is the payer's own complaint, which takes longer."""


@dataclass(frozen=True)
class Cutoff:
    """The time of day at which open batches close."""

    hour: int = 22
    minute: int = 0
    zone: str = "UTC"

    def next_after(self, now: datetime) -> datetime:
        """The first cut-off later than `now`."""
        local = now.astimezone(ZoneInfo(self.zone))
        found = local.replace(hour=self.hour, minute=self.minute, second=0, microsecond=0)
        return found if found > now else found + timedelta(days=1)


def cutoff(text: str) -> Cutoff:
    """`22:00` or `17:30 America/New_York`. Raises ValueError."""
    clock, _, zone = text.strip().partition(" ")
    at = time.fromisoformat(clock)
    if at.tzinfo:
        raise ValueError("the zone is given by its name, after a space")
    try:
        return Cutoff(at.hour, at.minute, ZoneInfo(zone.strip() or "UTC").key)
    except (LookupError, OSError):
        raise ValueError(f"there is no time zone {zone!r}") from None


def funded_at(*, closed: datetime, zone: str, method: str) -> datetime:
    """When a batch that closed at `closed` is paid out; `zone` says which day that was."""
    day = closed.astimezone(ZoneInfo(zone)).date()
    return payday(banking_days.after(day, FUNDED_AFTER[method]))


def returned_at(*, funded: datetime, code: str) -> datetime:
    """When a bank payment funded at `funded` comes back with `code`."""
    return datetime.combine(RETURN_WAITS[code].after(funded.date()), RETURNED_AT)


def payday(day: date) -> datetime:
    return datetime.combine(day, PAID_AT)


def payday_after(now: datetime) -> datetime:
    """The next time deposits are made, today's included if that is still to come."""
    today = payday(now.astimezone(UTC).date())
    return today if now < today and banking_days.holds(today.date()) else payday_following(now)


def payday_following(now: datetime) -> datetime:
    """The deposits of the first banking day after today."""
    return payday(banking_days.after(now.astimezone(UTC).date(), 1))
