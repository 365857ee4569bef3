"""Every write of this room."""

from plumbing.services.documents import document_add
from plumbing.services.heartbeats import heartbeat_beat, heartbeats_forget
from plumbing.services.hints import hint, hint_due, hint_now
from plumbing.services.jobs import job_add, job_progress, job_run, job_tries_left
from plumbing.services.mail import mail_queue, mail_send
from plumbing.services.notes import note_add
from plumbing.services.periodic import periodic_queue
from plumbing.services.periods import period_claim, period_end
from plumbing.services.pruning import runs_prune
from plumbing.services.sweeping import sweep

__all__ = [
    "document_add",
    "heartbeat_beat",
    "heartbeats_forget",
    "hint",
    "hint_due",
    "hint_now",
    "job_add",
    "job_progress",
    "job_run",
    "job_tries_left",
    "mail_queue",
    "mail_send",
    "note_add",
    "period_claim",
    "period_end",
    "periodic_queue",
    "runs_prune",
    "sweep",
]
