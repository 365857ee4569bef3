"""What goes on without anybody watching: periodic work, rows that wait, queues, processes; in plain words."""

from datetime import datetime, timedelta
from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from backoffice.display import BAD, GOOD, QUIET, WATCH, dash, moment, tag
from backoffice.records import Section, Table
from plumbing.models import Heartbeat
from plumbing.queues import queue_lengths
from plumbing.selectors import HEARTBEAT_LIFE, Lag, backlogs, late_tasks, periodic_errors, periodic_lags, swept_at

WAITS_LONG = timedelta(seconds=30)
"""A due row is published every two seconds and acted on at once; one that waits longer finds no worker."""


def duration(length: timedelta) -> str:
    """A length of time in the two largest units people use: "2 h 5 min", "40 s"."""
    seconds = int(length.total_seconds())
    days, hours, minutes = seconds // 86_400, seconds // 3_600 % 24, seconds // 60 % 60
    if days:
        return _("{days} d {hours} h").format(days=days, hours=hours)
    if hours:
        return _("{hours} h {minutes} min").format(hours=hours, minutes=minutes)
    return _("{minutes} min").format(minutes=minutes) if minutes else _("{seconds} s").format(seconds=seconds)


def unswept(now: datetime) -> str:
    """That the sweep does not run, in words; empty while it does."""
    last = swept_at()
    if last is None:
        return _("The sweep has never run.")
    silence = now - last
    return _("The sweep has not run for {time}.").format(time=duration(silence)) if silence > HEARTBEAT_LIFE else ""


def unswept_means() -> str:
    return _("Payments without an answer are not looked up, and what waits is not found. Beat runs the sweep.")


def background_sentence(now: datetime) -> str:
    """The whole page in a few words, the worst first."""
    still = unswept(now)
    return f"{still} {unswept_means()} {_late_sentence(now)}" if still else _late_sentence(now)


def _late_sentence(now: datetime) -> str:
    late = len(late_tasks(now))
    if not late:
        return _("All periodic work is on time.")
    return (
        ngettext("{n} task is late.", "{n} tasks are late.", late).format(n=late)
        + " "
        + _(
            "Late work is done as soon as a worker is free; no money is lost by it. If it stays late, look at the "
            "processes below."
        )
    )


def background_sections(now: datetime) -> list[Section]:
    return [_periodic(now), _due(now), _queues(), _processes(now)]


def _periodic(now: datetime) -> Table:
    errors = periodic_errors()
    return Table(
        _("Periodic work"),
        [_("Task"), _("Every"), _("Last good run"), _("Lag"), _("State"), _("Last error")],
        [
            [
                lag.name,
                duration(lag.every),
                moment(lag.ended_at),
                _lag_shown(lag),
                _state(lag),
                errors.get(lag.name) or dash(),
            ]
            for lag in sorted(periodic_lags(now), key=lambda lag: (-lag.behind, lag.name))
        ],
        empty=_("No room has periodic work."),
        right=frozenset({3}),
    )


def _lag_shown(lag: Lag) -> Any:
    return duration(lag.behind) if lag.behind else dash()


def _state(lag: Lag) -> SafeString:
    if lag.is_late:
        return tag(_("Late"), BAD, state="late")
    if lag.ended_at is None:
        return tag(_("Has not run yet"), QUIET, state="new")
    return tag(_("On time"), GOOD, state="on_time")


def _due(now: datetime) -> Table:
    rows: list[list[Any]] = []
    for name, backlog in backlogs(now).items():
        if backlog is None:
            rows.append([name, dash(), dash(), tag(_("Not measured"), QUIET, state="unmeasured")])
            continue
        age = now - backlog.oldest_due_at if backlog.oldest_due_at else None
        waits = age is not None and age > WAITS_LONG
        state = tag(_("Waiting"), WATCH, state="waiting") if waits else tag(_("Flowing"), GOOD, state="flowing")
        rows.append([name, backlog.waiting, duration(age) if age else dash(), state])
    return Table(
        _("Rows to be acted on"),
        [_("What"), _("Due now"), _("Oldest is due for"), _("State")],
        rows,
        empty=_("No room has rows to be acted on."),
        right=frozenset({1, 2}),
        note=_("Found by the sweep every two seconds, whatever became of the messages about them."),
    )


def _queues() -> Table:
    return Table(
        _("Queues"),
        [_("Queue"), _("Messages waiting")],
        [
            [name, tag(_("The broker does not answer"), BAD, state="silent") if length is None else length]
            for name, length in queue_lengths().items()
        ],
        empty="",
        right=frozenset({1}),
        note=_("Messages are hints: if they are lost, the sweep gives them again."),
    )


def _processes(now: datetime) -> Table:
    return Table(
        _("Processes"),
        [_("Part"), _("Host"), _("Process"), _("Last sign of life"), _("State"), _("What it could not do")],
        [
            [
                row.name,
                row.host,
                row.pid,
                moment(row.beat_at),
                tag(_("Running"), GOOD, state="running")
                if now - row.beat_at <= HEARTBEAT_LIFE
                else tag(_("Silent"), BAD, state="silent"),
                row.detail or dash(),
            ]
            for row in Heartbeat.objects.order_by("name", "host")
        ],
        empty=_("No process has given a sign of life yet. Workers and beat do so every five seconds."),
    )
