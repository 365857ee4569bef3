"""Remarks on rows."""

from datetime import timedelta

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from plumbing.exceptions import NoteEmpty
from plumbing.models import Note
from plumbing.selectors import notes_on
from plumbing.services import note_add
from tests.factories import NOON, CustomerFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_notes_on_a_row_come_oldest_first_with_who_wrote_them() -> None:
    acme, other = CustomerFactory.create(), CustomerFactory.create()
    clerk = UserFactory.create()
    note_add(on=acme, text="paid by phone ", by=clerk, now=NOON + timedelta(hours=1))
    note_add(on=acme, text="called", by=None, now=NOON)
    note_add(on=other, text="elsewhere", by=clerk, now=NOON)

    notes = notes_on(acme)

    assert [(note.text, note.by) for note in notes] == [("called", None), ("paid by phone", clerk)]


def test_a_blank_note_is_refused_and_not_written() -> None:
    acme = CustomerFactory.create()

    with pytest.raises(NoteEmpty, match="No note was written"):
        note_add(on=acme, text=" \n", by=None, now=NOON)

    assert Note.objects.count() == 0


def test_a_note_stays_as_it_was_written() -> None:
    note = note_add(on=CustomerFactory.create(), text="first version", by=None, now=NOON)

    with pytest.raises(IntegrityError, match="plumbing_note is append-only"), atomic():
        Note.objects.filter(pk=note.pk).update(text="second version")

    assert Note.objects.get(pk=note.pk).text == "first version"
