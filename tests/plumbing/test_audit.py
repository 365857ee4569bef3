"""Who changed what, and why; and rows that nobody changes."""

from datetime import timedelta

import pytest
from django.db import InternalError
from django.db.models import Model
from django.db.transaction import atomic

from commerce.models import User, Website
from plumbing.audit import because, is_append_only, is_tracked
from plumbing.models import Document, Mail, Note
from plumbing.selectors import history_of
from tests.factories import NOON, UserFactory, WebsiteFactory

pytestmark = pytest.mark.django_db


def history(row: Model) -> list[tuple[str, str]]:
    return [(event.pgh_label, event.name) for event in history_of(row)]


def test_every_insert_update_and_delete_leaves_an_event_however_it_is_written() -> None:
    site = WebsiteFactory.create(name="North")
    Website.objects.filter(pk=site.pk).update(name="North Pole")
    site.name = "South"
    site.save()
    events = history_of(site).filter(pgh_obj_id=site.pk)

    site.delete()

    assert list(events.values_list("pgh_label", "name")) == [
        ("insert", "North"),
        ("update", "North Pole"),
        ("update", "South"),
        ("delete", "South"),
    ]


def test_saving_without_a_change_leaves_no_event() -> None:
    site = WebsiteFactory.create(name="North")

    site.save()

    assert history(site) == [("insert", "North")]


def test_an_event_says_who_and_why() -> None:
    clerk = UserFactory.create()
    site = WebsiteFactory.create(name="North")

    with because(by=clerk, why="the brand moved", ticket=7):
        site.name = "South"
        site.save()

    insert, update = history_of(site)
    assert insert.pgh_context is None
    assert update.pgh_context.metadata == {"user": clerk.pk, "why": "the brand moved", "ticket": 7}


def test_the_system_itself_is_nobody() -> None:
    with because(by=None, why="nightly clean-up"):
        site = WebsiteFactory.create()

    assert history_of(site).get().pgh_context.metadata == {"user": None, "why": "nightly clean-up"}


def test_that_a_secret_changed_is_kept_but_never_the_secret() -> None:
    person = UserFactory.create()

    person.set_password("a new one")
    person.save()

    events = history_of(person)
    assert list(events.values_list("pgh_label", flat=True)) == ["insert", "update"]
    assert "password" not in {field.name for field in events.model._meta.get_fields()}


def test_noise_leaves_no_event() -> None:
    person = UserFactory.create()

    User.objects.filter(pk=person.pk).update(last_login=NOON + timedelta(days=1))

    assert list(history_of(person).values_list("pgh_label", flat=True)) == ["insert"]


def test_history_itself_cannot_be_changed_or_removed() -> None:
    event = history_of(WebsiteFactory.create(name="North")).get()

    refusal = "Cannot update or delete rows from commerce_websiteevent"
    with pytest.raises(InternalError, match=refusal), atomic():
        type(event).objects.filter(pk=event.pk).update(name="Forged")
    with pytest.raises(InternalError, match=refusal), atomic():
        type(event).objects.filter(pk=event.pk).delete()

    assert type(event).objects.get(pk=event.pk).name == "North"


def test_models_can_be_asked_how_they_are_kept() -> None:
    assert is_tracked(Website)
    assert not is_append_only(Website)
    assert is_append_only(Document)
    assert is_append_only(Note)
    assert not is_tracked(Mail)
    assert not is_append_only(Mail)
