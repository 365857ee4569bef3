"""What stands around saved cards and bank accounts: whose first choice they are, and what is still to be done."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oropay.models.instrument import Instrument, InstrumentState
from plumbing.audit import append_only, tracked


class Purpose(models.TextChoices):
    """What is paid: people pay orders and invoices with different cards."""

    ORDERS = "orders", _("Orders")
    """At checkout."""
    INVOICES = "invoices", _("Invoices")
    """On the pay pages of invoices."""


@tracked()
class InstrumentDefault(models.Model):
    """The instrument a pay page offers first: a person's choice, else the company's. Its currency is the account's."""

    customer = models.ForeignKey("commerce.Customer", on_delete=models.CASCADE, related_name="instrument_defaults")
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.CASCADE, related_name="instrument_defaults"
    )
    """Empty: for everybody in the company who has not chosen."""
    purpose = models.CharField(_("for"), max_length=10, choices=Purpose)
    currency = models.CharField(_("currency"), max_length=3)
    instrument = models.ForeignKey(Instrument, on_delete=models.CASCADE, related_name="defaults")

    class Meta:
        verbose_name = _("first choice")
        verbose_name_plural = _("first choices")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "user", "purpose", "currency"],
                nulls_distinct=False,
                name="one_first_choice_per_purpose_and_currency",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_purpose_display()} · {self.currency}"


class InstrumentRequestKind(models.TextChoices):
    """What a worker is asked to do about a saved instrument. Each may safely be done twice."""

    DELETE = "delete", _("Delete")
    """At the gateway, or, for a bank account, the number in our vault."""
    UPDATE = "update", _("Update")
    """Tell the gateway a card's new expiry."""
    IDENTIFY = "identify", _("Identify")
    """Find out whether a bank account that was just added is known already. Only the worker can tell."""


class InstrumentRequestState(models.TextChoices):
    """Where a request is."""

    QUEUED = "queued", _("Queued")
    """Done at `next_at`; until then a deletion may be taken back."""
    SENDING = "sending", _("Sending")
    """A worker has it until `next_at`; if the worker dies it is done again."""
    DONE = "done", _("Done")
    """The gateway agreed, or knew nothing of it any more. Final."""
    FAILED = "failed", _("Failed")
    """The gateway refused, or never answered; `error` says why. Final; a person may ask again."""
    CANCELED = "canceled", _("Canceled")
    """Taken back before anything was sent. Final."""


ACCOUNT_IS_FROZEN = "the account is frozen"
"""The error of a bank account that was not added, because a return forbids debiting it."""
ACCOUNT_IS_WRONG = "its bank calls the account wrong"
"""The error of a bank account that was not added, because its bank has called what was typed wrong."""
INSTRUMENT_REQUEST_LIVE = [InstrumentRequestState.QUEUED, InstrumentRequestState.SENDING]


@tracked(exclude=["token"], ignore=["next_at", "hinted_at"])
class InstrumentRequest(models.Model):
    """One thing to be done about an instrument outside our database. The row is the outbox."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="requests")
    kind = models.CharField(_("what"), max_length=10, choices=InstrumentRequestKind)
    state = models.CharField(
        _("state"), max_length=10, choices=InstrumentRequestState, default=InstrumentRequestState.QUEUED
    )
    token = models.CharField(max_length=60, blank=True, editable=False)
    """The gateway's name it is about: a card entered again got a new one, and the old one is deleted."""
    expiry_month = models.PositiveSmallIntegerField(null=True)
    expiry_year = models.PositiveSmallIntegerField(null=True)
    restores_to = models.CharField(max_length=10, choices=InstrumentState, blank=True)
    """What the instrument becomes again if its deletion is taken back; empty: it is not deleted itself."""
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    hinted_at = models.DateTimeField(null=True)
    """When the queue was last told about it."""
    error = models.CharField(_("error"), max_length=250, blank=True)
    created_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField(_("created"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("instrument request")
        verbose_name_plural = _("instrument requests")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "kind", "token"],
                condition=Q(state__in=INSTRUMENT_REQUEST_LIVE),
                name="one_live_request",
            ),
            models.CheckConstraint(
                condition=Q(state__in=INSTRUMENT_REQUEST_LIVE, ended_at__isnull=True)
                | ~Q(state__in=INSTRUMENT_REQUEST_LIVE) & Q(ended_at__isnull=False),
                name="instrument_request_ended_has_its_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_at"], condition=Q(state__in=INSTRUMENT_REQUEST_LIVE), name="instrument_request_due"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"


@append_only
class ExpiryReminder(models.Model):
    """People were told that a card ends soon: once per expiry date and step. Append-only."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="reminders")
    expiry_month = models.PositiveSmallIntegerField()
    expiry_year = models.PositiveSmallIntegerField()
    days = models.PositiveSmallIntegerField(_("days before"))
    told = models.PositiveSmallIntegerField(_("people told"))
    at = models.DateTimeField(_("told on"))

    class Meta:
        verbose_name = _("expiry reminder")
        verbose_name_plural = _("expiry reminders")
        constraints = [
            models.UniqueConstraint(
                fields=["instrument", "expiry_year", "expiry_month", "days"], name="reminded_once_per_step"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expiry_month:02d}/{self.expiry_year} · {self.days}"
