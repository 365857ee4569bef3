"""What keeps stolen cards away: what the bank says of address and code, and who may not try again for a while."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oropay.models.payment import Payment
from oropay.models.transaction import PaymentTransaction
from plumbing.audit import tracked


class Ruling(models.TextChoices):
    """What an integration's policy says about one payment's address and security code."""

    REVIEW = "review", _("To be looked at")
    """The money stays as it is; a hold is not captured until a person accepts it."""
    REFUSED = "refused", _("Refused")
    """The approved hold or charge is reversed at once; nothing is booked. A card that was to be saved is not kept."""


@tracked()
class CardCheck(models.Model):
    """An address or security code that the policy does not accept. Apart from the transaction, which is final."""

    transaction = models.OneToOneField(
        PaymentTransaction,
        primary_key=True,
        on_delete=models.PROTECT,
        related_name="card_check",
        verbose_name=_("transaction"),
    )
    ruling = models.CharField(_("ruling"), max_length=10, choices=Ruling)
    found = models.JSONField(_("found"), default=list)
    """Values of `cardchecks.Finding`."""
    raised_at = models.DateTimeField(_("raised"))
    accepted_at = models.DateTimeField(_("accepted"), null=True, blank=True)
    accepted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("card check")
        verbose_name_plural = _("card checks")
        constraints = [
            models.CheckConstraint(
                condition=Q(accepted_at__isnull=True, accepted_by__isnull=True)
                | Q(ruling=Ruling.REVIEW, accepted_at__isnull=False, accepted_by__isnull=False),
                name="card_check_accepted_by_a_person",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_ruling_display()}: {', '.join(self.found)}"


class Subject(models.TextChoices):
    """Whose tries are counted."""

    SESSION = "session", _("Browser session")
    USER = "user", _("Person")
    COMPANY = "company", _("Company")
    ADDRESS = "address", _("IP address")
    INSTRUMENT = "instrument", _("Card or bank account")
    BIN = "bin", _("Card range")
    """The first six digits: cards of one bank, which a card tester counts through."""


@tracked(exclude=["value_hash"])
class Lockout(models.Model):
    """Somebody or something that may not pay for a while: it was tried too often, or with too many cards."""

    organization = models.ForeignKey(
        "commerce.Organization", on_delete=models.PROTECT, related_name="lockouts", verbose_name=_("organization")
    )
    subject = models.CharField(_("who"), max_length=12, choices=Subject)
    value_hash = models.CharField(max_length=64, editable=False)
    """Keyed hash of the value: it can be recognised again, not read."""
    hint = models.CharField(_("seen as"), max_length=120, blank=True)
    """What staff may know of the value: a name, the start of an address, the last digits of a card."""
    reason = models.CharField(_("why"), max_length=200)
    payment = models.ForeignKey(
        Payment, null=True, on_delete=models.PROTECT, related_name="lockouts", verbose_name=_("last payment")
    )
    """The payment that made it one too many; none if it was refused before it became one."""
    raised_at = models.DateTimeField(_("since"))
    until = models.DateTimeField(_("until"))
    lifted_at = models.DateTimeField(_("lifted"), null=True, blank=True)
    """By a person; by nobody, at its own end, once a later lock-out of the same subject has followed."""
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("lock-out")
        verbose_name_plural = _("lock-outs")
        ordering = ["-raised_at"]
        permissions = [("lift_lockout", "Can lift a lock-out")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "subject", "value_hash"],
                condition=Q(lifted_at__isnull=True),
                name="lockout_once_until_it_is_lifted",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True) | Q(note__gt=""), name="lockout_lifted_with_a_note"
            ),
        ]
        indexes = [models.Index(fields=["organization", "value_hash", "until"], name="lockout_asked")]

    def __str__(self) -> str:
        return f"{self.get_subject_display()} {self.hint}".strip()
