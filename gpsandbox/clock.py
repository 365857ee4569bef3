"""The sandbox's only source of time, so that a later control can move it."""

from datetime import UTC, date, datetime, timedelta


def now() -> datetime:
    return datetime.now(UTC)


def stamp(moment: datetime) -> str:
    """The gateway's way to write a time. Fixed width, so that text order is time order."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:23] + "Z"


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
    """Raises ValueError when the text is not yyyy-mm-dd."""
    return date.fromisoformat(text)


def _is_day(text: str) -> bool:
    return len(text) == 10


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
