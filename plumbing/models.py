"""Documents, mail, jobs, notes and heartbeats: the rows behind everything that happens after a commit."""

import uuid
from datetime import datetime

from django.conf import settings
from django.contrib.contenttypes.fields import GenericForeignKey
from django.contrib.contenttypes.models import ContentType
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import CheckConstraint, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from plumbing.audit import append_only

DOCUMENT_LIMIT = 25 * 1024 * 1024
"""Bytes. Larger files are refused: they would pass through memory and the database on every download."""


class DocumentKind(models.TextChoices):
    PICTURE = "picture", _("Picture")
    """Shown to everybody: a product, a logo."""

    INVOICE = "invoice", _("Invoice")
    """Rendered once when an invoice is posted."""

    CREDIT_MEMO = "credit_memo", _("Credit memo")
    """Rendered once when the memo is posted."""

    DEBIT_MEMO = "debit_memo", _("Debit memo")
    """Rendered once when the memo is posted."""

    RECEIPT = "receipt", _("Receipt")
    """Rendered once when a payment has arrived."""

    STATEMENT = "statement", _("Statement")
    """What a customer owed at one date."""

    BANK_FILE = "bank_file", _("Bank file")
    """As received, written in the transaction of the lines it proves."""

    EVIDENCE = "evidence", _("Evidence")
    """Proof for a dispute or a verdict."""

    IMPORT_FILE = "import_file", _("Imported file")
    """What somebody uploaded."""

    EXPORT_FILE = "export_file", _("Exported file")
    """What somebody asked for as a file."""


@append_only
class Document(models.Model):
    """A file that never changes, kept in the database so that it commits or vanishes with what it proves.

    Lists should `.defer("content")`: it holds the bytes.
    """

    uuid = models.UUIDField(unique=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(_("kind"), max_length=32, choices=DocumentKind)
    name = models.CharField(_("file name"), max_length=200)
    content_type = models.CharField(_("content type"), max_length=100)
    size = models.PositiveIntegerField(_("size in bytes"))
    sha256 = models.CharField(max_length=64, db_index=True)
    content = models.BinaryField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("document")
        constraints = [
            CheckConstraint(condition=Q(size__gt=0, size__lte=DOCUMENT_LIMIT), name="document_size_is_allowed"),
            CheckConstraint(condition=Q(sha256__regex=r"^[0-9a-f]{64}$"), name="document_sha256_is_hex"),
            CheckConstraint(condition=Q(kind__in=DocumentKind.values), name="document_kind_is_known"),
        ]

    def __str__(self) -> str:
        return self.name


class MailState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    """Committed, not yet given to the mail server; tried at `next_at`."""

    SENDING = "sending", _("Sending")
    """A worker holds it until `next_at`. If the worker dies it is sent again: better twice than never."""

    SENT = "sent", _("Sent")
    """The mail server took it. Final."""

    FAILED = "failed", _("Failed")
    """Given up after the last try; `error` says why. Final."""


MAIL_LIVE = [MailState.QUEUED, MailState.SENDING]


class Mail(models.Model):
    """One message to one address, rendered when it was decided and sent after the commit."""

    to = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=250)
    text = models.TextField(_("text"))
    html = models.TextField(_("HTML"), blank=True)
    language = models.CharField(_("language"), max_length=16)
    state = models.CharField(max_length=16, choices=MailState, default=MailState.QUEUED)
    next_at = models.DateTimeField(help_text=_("When it may be claimed; while sending, when the claim ends."))
    hinted_at = models.DateTimeField(null=True, help_text=_("When the queue was last told about it."))
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    documents = models.ManyToManyField(Document, related_name="mails", blank=True)
    created_at = models.DateTimeField()
    sent_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("mail")
        indexes = [Index(fields=["next_at"], condition=Q(state__in=MAIL_LIVE), name="mail_due")]
        constraints = [
            CheckConstraint(
                condition=Q(state=MailState.SENT, sent_at__isnull=False)
                | ~Q(state=MailState.SENT) & Q(sent_at__isnull=True),
                name="mail_sent_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.subject} → {self.to}"


class JobState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    """Waiting for a worker; runs at `next_at`."""

    RUNNING = "running", _("Running")
    """A worker holds it until `lease_until`. If the worker dies it is run again."""

    DONE = "done", _("Done")
    """Ran to its end. Final."""

    FAILED = "failed", _("Failed")
    """Given up after the last try; `error` says why. Final; add it again to run it again."""


JOB_LIVE = [JobState.QUEUED, JobState.RUNNING]


class Job(models.Model):
    """Work for a worker that somebody waits for: a PDF, an import, an export. `kind` names its runner."""

    kind = models.CharField(max_length=64)
    key = models.CharField(max_length=200, help_text=_("What it is about; one live job per kind and key."))
    payload = models.JSONField(default=dict, encoder=DjangoJSONEncoder)
    queue = models.CharField(max_length=32, default="default", help_text=_("Which workers run it."))
    state = models.CharField(max_length=16, choices=JobState, default=JobState.QUEUED)
    next_at = models.DateTimeField(help_text=_("When it may be claimed; while running, when the lease ends."))
    hinted_at = models.DateTimeField(null=True, help_text=_("When the queue was last told about it."))
    lease_until = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    progress = models.PositiveSmallIntegerField(default=0, help_text=_("Per cent."))
    created_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name = _("job")
        indexes = [Index(fields=["next_at"], condition=Q(state__in=JOB_LIVE), name="job_due")]
        constraints = [
            UniqueConstraint(fields=["kind", "key"], condition=Q(state__in=JOB_LIVE), name="one_live_job_per_key"),
            CheckConstraint(condition=Q(progress__lte=100), name="job_progress_is_per_cent"),
            CheckConstraint(
                condition=Q(state=JobState.RUNNING, lease_until__isnull=False)
                | ~Q(state=JobState.RUNNING) & Q(lease_until__isnull=True),
                name="job_running_has_a_lease",
            ),
            CheckConstraint(
                condition=Q(state__in=JOB_LIVE, ended_at__isnull=True)
                | ~Q(state__in=JOB_LIVE) & Q(ended_at__isnull=False),
                name="job_ended_has_its_time",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.key}"


@append_only
class Note(models.Model):
    """What a person (or, with `by` empty, the system) remarked on any row. Kept as written, shown in its activity."""

    content_type = models.ForeignKey(ContentType, on_delete=models.PROTECT, related_name="+")
    object_id = models.PositiveBigIntegerField()
    on = GenericForeignKey("content_type", "object_id")
    text = models.TextField(_("text"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("note")
        indexes = [Index(fields=["content_type", "object_id", "created_at"], name="note_on_object")]
        constraints = [CheckConstraint(condition=~Q(text=""), name="note_says_something")]

    def __str__(self) -> str:
        return self.text


class Heartbeat(models.Model):
    """Proof that a part of the house runs on a host. `name` is the part, such as "worker-default"."""

    name = models.CharField(max_length=255)
    host = models.CharField(max_length=255)
    pid = models.PositiveIntegerField()
    beat_at = models.DateTimeField()
    detail = models.TextField(blank=True, help_text=_("What the part could not do at its last beat; blank is well."))

    class Meta:
        verbose_name = _("heartbeat")
        constraints = [models.UniqueConstraint(fields=["name", "host"], name="heartbeat_once_per_part_and_host")]

    def __str__(self) -> str:
        return f"{self.name} on {self.host}"

    def age(self, now: datetime) -> float:
        """Seconds since the last beat."""
        return (now - self.beat_at).total_seconds()


class PeriodicRun(models.Model):
    """The claim of one periodic task on one period, so that two beats do the work once."""

    task = models.CharField(max_length=100)
    period = models.CharField(max_length=40, help_text=_("For example 2026-11-23 or 2026-11-23T14:05."))
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)

    class Meta:
        verbose_name = _("periodic run")
        constraints = [UniqueConstraint(fields=["task", "period"], name="one_run_per_period")]

    def __str__(self) -> str:
        return f"{self.task} {self.period}"
