"""The sandbox's only source of time. The control room moves it for all processes at once: it lies in the store."""

from datetime import UTC, date, datetime, timedelta

from gpsandbox.store import Store

FIRST_YEAR, LAST_YEAR = 1900, 9000
"""Of the times that callers may name."""

_FIRST, _LAST = datetime(FIRST_YEAR, 1, 1, tzinfo=UTC), datetime(LAST_YEAR, 12, 31, tzinfo=UTC)


def now(store: Store) -> datetime:
    """This machine's time, as far ahead as the control room has put it."""
    return datetime.now(UTC) + timedelta(seconds=store.value("SELECT ahead FROM clock") or 0)


def move(store: Store, *, seconds: float) -> datetime:
    """Put the clock further ahead (or back) and say what time it is then.

    Raises ValueError when that lies outside the years that anybody may name.
    """
    then = now(store).timestamp() + seconds
    if not _FIRST.timestamp() <= then <= _LAST.timestamp():
        raise ValueError(f"The year must be from {FIRST_YEAR} to {LAST_YEAR}.")
    store.write(
        "INSERT INTO clock (id, ahead) VALUES (1, ?1) ON CONFLICT (id) DO UPDATE SET ahead = ahead + ?1", (seconds,)
    )
    return now(store)


def put(store: Store, moment: datetime) -> datetime:
    """Make it `moment` now; from there on time passes as ever."""
    return move(store, seconds=(moment - now(store)).total_seconds())


def read(text: str) -> datetime:
    """A day or a time, in UTC unless it says otherwise. Raises ValueError."""
    return _moment(text)


def stamp(moment: datetime) -> str:
    """The gateway's way to write a time. Fixed width, so that text order is time order."""
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def earliest(text: str) -> str:
    """The first moment a `from_time_created` filter means: a day begins at midnight.

    Raises ValueError when the text is neither a day nor a time.
    """
    return stamp(_moment(text))


def latest(text: str) -> str:
    """The last moment a `to_time_created` filter means: a day ends at its last millisecond.

    Raises ValueError when the text is neither a day nor a time.
    """
    if _is_day(text):
        return stamp(_moment(text) + timedelta(days=1) - timedelta(milliseconds=1))
    return stamp(_moment(text))


def day(text: str) -> date:
    """Raises ValueError when the text is not yyyy-mm-dd, or is beyond the years that anybody may name."""
    return _moment(date.fromisoformat(text).isoformat()).date()


def _is_day(text: str) -> bool:
    return len(text) == 10


def _moment(text: str) -> datetime:
    """In UTC, and far enough from both ends of the calendar for every sum that is done with it."""
    moment = datetime.fromisoformat(text)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    if not FIRST_YEAR <= moment.year <= LAST_YEAR:
        raise ValueError(f"The year must be from {FIRST_YEAR} to {LAST_YEAR}.")
    return moment.astimezone(UTC)
