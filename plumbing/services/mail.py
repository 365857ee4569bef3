"""Mail: a row first, the mail server after the commit."""

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from django.core.mail import EmailMultiAlternatives
from django.db.transaction import atomic
from django.template import Context, TemplateDoesNotExist
from django.template.loader import get_template
from django.utils import translation

from plumbing import locks
from plumbing.exceptions import MailWithoutSubject
from plumbing.models import Document, Mail, MailState
from plumbing.services.hints import hint

logger = logging.getLogger(__name__)

TASK, QUEUE = "plumbing.tasks.mail_send", "default"
LEASE = timedelta(minutes=5)
BACK_OFF = [timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2)]
"""Waits after the first, second, … failed try. After one more the mail is failed: five tries in all."""

TRIES = len(BACK_OFF) + 1


def mail_queue(
    *,
    to: str,
    template: str,
    context: Mapping[str, Any],
    language: str,
    documents: Iterable[Document] = (),
    now: datetime,
) -> Mail:
    """Write a mail in the caller's transaction; it is sent after the commit, or never if there is no commit.

    `template` is "<app>/mail/<name>.txt"; its first line is the subject. A "<name>.html" beside it is sent as well.
    Both are rendered now, in `language`, so the mail says what was true when it was decided.

    Raises:
        MailWithoutSubject: the first line of the template came out empty.
    """
    subject, text, html = _render(template=template, context=context, language=language)
    mail = Mail.objects.create(
        to=to,
        subject=subject,
        text=text,
        html=html,
        language=language,
        next_at=now,
        hinted_at=now,
        created_at=now,
    )
    attached = list(documents)
    if attached:
        mail.documents.add(*attached)
    hint(TASK, mail.pk, queue=QUEUE)
    return mail


def mail_send(*, mail_id: int, now: datetime) -> None:
    """Give a due mail to the mail server; a mail that is not due, not free or over is left alone.

    The claim is committed before the server is called. A worker that dies between the server's yes and our note of it
    sends the mail twice, five minutes apart: better than never.
    """
    mail = _claim(mail_id=mail_id, now=now)
    if mail is None:
        return
    try:
        _message(mail).send()
    except Exception as error:
        # Whatever the mail server or its library objects to: it is kept on the row and tried again.
        logger.warning("Mail %s was not sent, try %s of %s.", mail.pk, mail.tries, TRIES, exc_info=True)
        _not_sent(mail=mail, error=f"{type(error).__name__}: {error}", now=now)
    else:
        _mine(mail).update(state=MailState.SENT, sent_at=now, error="")


def _render(*, template: str, context: Mapping[str, Any], language: str) -> tuple[str, str, str]:
    stem = template.removesuffix(".txt")
    with translation.override(language):
        plain: Any = get_template(f"{stem}.txt")
        first, _newline, rest = plain.template.render(Context(dict(context), autoescape=False)).partition("\n")
        subject = " ".join(first.split())
        if not subject:
            raise MailWithoutSubject(template=f"{stem}.txt")
        try:
            rich = get_template(f"{stem}.html")
        except TemplateDoesNotExist:
            return subject, rest.strip() + "\n", ""
        return subject, rest.strip() + "\n", rich.render(dict(context))


@atomic(durable=True)
def _claim(*, mail_id: int, now: datetime) -> Mail | None:
    mail = locks.due_mail(pk=mail_id, now=now)
    if mail is None:
        return None
    if mail.tries >= TRIES:
        # The last try's worker died while sending.
        mail.state = MailState.FAILED
        mail.error = mail.error or "The worker stopped while sending."
        mail.save(update_fields=["state", "error"])
        return None
    mail.state = MailState.SENDING
    mail.tries += 1
    mail.next_at = now + LEASE
    mail.save(update_fields=["state", "tries", "next_at"])
    return mail


def _message(mail: Mail) -> EmailMultiAlternatives:
    message = EmailMultiAlternatives(subject=mail.subject, body=mail.text, to=[mail.to])
    if mail.html:
        message.attach_alternative(mail.html, "text/html")
    for document in mail.documents.order_by("pk"):
        message.attach(document.name, bytes(document.content), document.content_type)
    return message


def _not_sent(*, mail: Mail, error: str, now: datetime) -> None:
    if mail.tries >= TRIES:
        _mine(mail).update(state=MailState.FAILED, error=error)
    else:
        _mine(mail).update(state=MailState.QUEUED, next_at=now + BACK_OFF[mail.tries - 1], hinted_at=None, error=error)


def _mine(mail: Mail) -> Any:
    """The row, if no other worker has taken it over since this one claimed it."""
    return Mail.objects.filter(pk=mail.pk, state=MailState.SENDING, tries=mail.tries)
