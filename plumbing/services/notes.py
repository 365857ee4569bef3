"""Remarks on rows."""

from datetime import datetime

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model

from plumbing.exceptions import NoteEmpty
from plumbing.models import Note


def note_add(*, on: Model, text: str, by: AbstractBaseUser | None, now: datetime) -> Note:
    """Write down why somebody did something to `on`; `by=None` means the system itself says it.

    Raises:
        NoteEmpty: `text` is blank.
    """
    if not text.strip():
        raise NoteEmpty
    return Note.objects.create(on=on, text=text.strip(), by_id=by.pk if by is not None else None, created_at=now)
