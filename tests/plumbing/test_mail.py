"""Mail: a row first, the mail server after the commit."""

import socket
from datetime import timedelta
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from django.core import mail as outbox
from django.db import connection
from django.db.transaction import atomic
from pytest_django import Settings

from plumbing import locks
from plumbing.exceptions import MailWithoutSubject
from plumbing.models import DocumentKind, Mail, MailState
from plumbing.services import document_add, mail_queue, mail_send
from tests.factories import NOON

MINUTE = timedelta(minutes=1)


@pytest.fixture(autouse=True)
def templates(tmp_path: Path, settings: Settings) -> Path:
    """A template folder of our own in front of the rooms'."""
    folder = tmp_path / "shop" / "mail"
    folder.mkdir(parents=True)
    (folder / "receipt.txt").write_text("Receipt for {{ name }}\n\nPaid on a {{ day|date:'l' }} by {{ name }}.\n")
    engine: dict[str, Any] = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [tmp_path, *engine.get("DIRS", [])]}]
    return folder


@pytest.fixture
def no_mail_server(settings: Settings) -> None:
    """Django's own SMTP backend, talking to a port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", port, 2
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False


def queued(**changes: Any) -> Mail:
    wanted: dict[str, Any] = {
        "to": "buyer@acme.test",
        "template": "shop/mail/receipt.txt",
        "context": {"name": "Smith & Sons", "day": NOON},
        "language": "en",
        "now": NOON,
    }
    return mail_queue(**(wanted | changes))


@pytest.mark.django_db
def test_the_first_line_is_the_subject_and_plain_text_is_not_escaped() -> None:
    mail = queued()

    mail.refresh_from_db()
    assert mail.subject == "Receipt for Smith & Sons"
    assert mail.text == "Paid on a Monday by Smith & Sons.\n"
    assert mail.html == ""
    assert (mail.state, mail.next_at, mail.tries) == (MailState.QUEUED, NOON, 0)


@pytest.mark.django_db
def test_a_mail_is_rendered_in_the_language_of_its_reader() -> None:
    mail = queued(language="de")

    assert mail.text == "Paid on a Montag by Smith & Sons.\n"
    assert mail.language == "de"


@pytest.mark.django_db
def test_a_page_beside_the_text_is_rendered_escaped(templates: Path) -> None:
    (templates / "receipt.html").write_text("<p>{{ name }}</p>")

    mail = queued()

    assert mail.html == "<p>Smith &amp; Sons</p>"


@pytest.mark.django_db
def test_a_mail_without_subject_is_refused_and_not_queued(templates: Path) -> None:
    (templates / "receipt.txt").write_text("{{ nothing }}\nText\n")

    with pytest.raises(MailWithoutSubject, match=r"first line of shop/mail/receipt\.txt"):
        queued()

    assert Mail.objects.count() == 0


@pytest.mark.django_db
def test_a_queued_mail_is_sent_once_with_its_documents(templates: Path, mailoutbox: list[Any]) -> None:
    (templates / "receipt.html").write_text("<p>{{ name }}</p>")
    pdf = document_add(
        kind=DocumentKind.RECEIPT, name="R-1.pdf", content_type="application/pdf", content=b"%PDF", now=NOON
    )
    mail = queued(documents=[pdf])

    mail_send(mail_id=mail.pk, now=NOON + MINUTE)
    mail_send(mail_id=mail.pk, now=NOON + 2 * MINUTE)

    mail.refresh_from_db()
    (sent,) = mailoutbox
    assert (sent.to, sent.subject) == (["buyer@acme.test"], "Receipt for Smith & Sons")
    assert sent.alternatives[0].content == "<p>Smith &amp; Sons</p>"
    assert [(part[0], part[1], part[2]) for part in sent.attachments] == [("R-1.pdf", b"%PDF", "application/pdf")]
    assert (mail.state, mail.sent_at, mail.tries) == (MailState.SENT, NOON + MINUTE, 1)


@pytest.mark.django_db
def test_a_mail_the_server_does_not_take_is_tried_again_later(no_mail_server: None) -> None:
    mail = queued()

    mail_send(mail_id=mail.pk, now=NOON)

    mail.refresh_from_db()
    assert (mail.state, mail.tries, mail.next_at) == (MailState.QUEUED, 1, NOON + MINUTE)
    assert mail.error.startswith("ConnectionRefusedError")
    assert mail.sent_at is None


@pytest.mark.django_db
def test_a_repeated_hint_does_not_use_up_tries_before_the_wait_is_over(no_mail_server: None) -> None:
    mail = queued()
    mail_send(mail_id=mail.pk, now=NOON)

    for _ in range(5):
        mail_send(mail_id=mail.pk, now=NOON + timedelta(seconds=59))

    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (MailState.QUEUED, 1)


@pytest.mark.django_db
def test_a_mail_is_given_up_after_five_tries(no_mail_server: None) -> None:
    mail = queued()
    tried = []

    for _ in range(6):
        mail.refresh_from_db()
        tried.append(mail.next_at - NOON)
        mail_send(mail_id=mail.pk, now=mail.next_at)

    mail.refresh_from_db()
    assert (mail.state, mail.tries) == (MailState.FAILED, 5)
    assert tried[:5] == [timedelta(minutes=wait) for wait in (0, 1, 6, 36, 156)]
    assert mail.error.startswith("ConnectionRefusedError")


@pytest.mark.django_db
def test_a_mail_whose_worker_died_is_sent_again_when_the_lease_is_over(mailoutbox: list[Any]) -> None:
    mail = queued()
    Mail.objects.filter(pk=mail.pk).update(state=MailState.SENDING, tries=1, next_at=NOON + 5 * MINUTE)

    mail_send(mail_id=mail.pk, now=NOON + 4 * MINUTE)
    during = len(mailoutbox)
    mail_send(mail_id=mail.pk, now=NOON + 5 * MINUTE)

    mail.refresh_from_db()
    assert (during, len(mailoutbox)) == (0, 1)
    assert (mail.state, mail.tries) == (MailState.SENT, 2)


@pytest.mark.django_db
def test_a_mail_whose_worker_died_at_the_last_try_is_failed(mailoutbox: list[Any]) -> None:
    mail = queued()
    Mail.objects.filter(pk=mail.pk).update(state=MailState.SENDING, tries=5, next_at=NOON)

    mail_send(mail_id=mail.pk, now=NOON)

    mail.refresh_from_db()
    assert (mail.state, mail.error) == (MailState.FAILED, "The worker stopped while sending.")
    assert mailoutbox == []


@pytest.mark.django_db(transaction=True)
def test_a_mail_another_worker_is_claiming_is_left_alone() -> None:
    mail = queued()

    def second_worker() -> None:
        mail_send(mail_id=mail.pk, now=NOON)
        connection.close()

    with atomic():
        locks.due_mail(pk=mail.pk, now=NOON)
        worker = Thread(target=second_worker)
        worker.start()
        worker.join(timeout=10)

    mail.refresh_from_db()
    assert outbox.outbox == []
    assert (mail.state, mail.tries) == (MailState.QUEUED, 0)
