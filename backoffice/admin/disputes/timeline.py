"""What happened in a dispute, in one line of time: the gateway's words, our answers, what finance was told, remarks."""

from datetime import datetime

from django.utils.translation import gettext as _

from backoffice.display import VARIANTS, moment
from backoffice.records import Event
from commerce.money import format_money
from oropay.models import Dispute, DisputeNotice, DisputeRequest, DisputeResult, DisputeStep, RequestState
from plumbing.models import Note
from plumbing.selectors import notes_on

Placed = tuple[datetime, int, Event]

ENDED = {RequestState.FAILED.value: "danger", RequestState.WITHDRAWN.value: "default"}
"""How an answer reads that did not arrive."""


def events_of(dispute: Dispute) -> list[Event]:
    """Oldest first."""
    events: list[Placed] = [_step(step, dispute) for step in dispute.steps.order_by("pk")]
    for request in dispute.requests.select_related("created_by").order_by("pk"):
        events += _answer(request)
    events += [_notice(notice) for notice in dispute.notices.order_by("pk")]
    events += [_note(note) for note in notes_on(dispute)]
    return [event for _at, _rank, event in sorted(events, key=lambda one: one[:2])]


def _step(step: DisputeStep, dispute: Dispute) -> Placed:
    ended = bool(step.result) and step.result != DisputeResult.PENDING
    state = step.get_result_display() if ended else step.get_status_display()
    return (
        step.at,
        1,
        Event(
            at=moment(step.at),
            title=f"{step.get_stage_display()} {format_money(step.amount, dispute.currency)} → {state}",
            detail=step.get_source_display(),
            variant=VARIANTS.get(step.result if ended else step.status, "default"),
        ),
    )


def _answer(request: DisputeRequest) -> list[Placed]:
    words = request.get_action_display()
    found: list[Placed] = [
        (
            request.created_at,
            2,
            Event(
                at=moment(request.created_at),
                title=_("{answer}: decided").format(answer=words),
                by=str(request.created_by),
            ),
        )
    ]
    if request.ended_at is not None:
        why = " · ".join(part for part in (request.get_failure_display(), request.message) if part)
        found.append(
            (
                request.ended_at,
                3,
                Event(
                    at=moment(request.ended_at),
                    title=f"{words} → {request.get_state_display()}",
                    detail=why,
                    variant=ENDED.get(request.state, "success"),
                ),
            )
        )
    return found


def _notice(notice: DisputeNotice) -> Placed:
    return (
        notice.at,
        4,
        Event(at=moment(notice.at), title=_("Finance was told: {what}").format(what=notice.get_kind_display())),
    )


def _note(note: Note) -> Placed:
    return (
        note.created_at,
        5,
        Event(
            at=moment(note.created_at),
            title=_("Note"),
            detail=note.text,
            by=str(note.by) if note.by else _("the system"),
        ),
    )
