"""Something about money that a person must look at."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from plumbing.audit import tracked


class AlertKind(models.TextChoices):
    IDENTITY_MISMATCH = "identity_mismatch", _("Identity mismatch")
    """The gateway named a transaction that is not the one we sent."""
    ARRIVED_LATE = "arrived_late", _("Arrived late")
    """A transaction we had proven absent turned up at the gateway."""
    REFUSED_REQUEST = "refused_request", _("Request refused")
    """The gateway refused the form of our request: our fault."""
    GATEWAY_REFUSES_US = "gateway_refuses_us", _("Gateway refuses us")
    """401, 403 or 429 after a fresh log-in."""
    AMOUNT_DIFFERS = "amount_differs", _("Amount differs")
    """The gateway approved another amount than asked, or a dispute is larger than the sale or capture it is about."""
    NOT_DONE = "not_done", _("Not done")
    """A reversal or refund that nobody pressed a button for could not be made: a person must do it."""
    NO_EVIDENCE = "no_evidence", _("No evidence")
    """What the gateway shows does not decide what became of a transaction: people must ask it."""
    TAKEN_BACK = "taken_back", _("Taken back")
    """A late answer was good, but its reversal had gone out already: the money went back."""
    DISPUTE_UNANSWERED = "dispute_unanswered", _("Dispute not answered")
    """The deadline of a dispute is near or over, and nobody has answered it."""
    DECIDED = "decided", _("Decided by two persons")
    """No evidence decided an unknown transaction; two persons said that it was taken."""
    DONE_OUTSIDE = "done_outside", _("Done at the gateway")
    """Somebody captured, reversed or refunded at the gateway itself; it is recorded here."""
    RETURN_WITHOUT_CODE = "return_without_code", _("Returned without a code")
    """A bank debit came back and nobody said why: a person must find out and enter the code."""
    RETURNED_AFTER_REFUND = "returned_after_refund", _("Given back twice")
    """A bank debit came back, a dispute was lost or another refund was made of what was given back too: the customer
    owes the difference.
    """
    RETURN_RATE = "return_rate", _("Return rate too high")
    """More bank debits came back than Nacha tolerates."""
    DEBIT_UNREAD = "debit_unread", _("Debit cannot be read")
    """The daily look at a bank debit got no answer while others did: a return of it would go unseen."""
    CREDIT_CREATED = "credit_created", _("Over-payment became credit")
    """Money arrived for something that no longer needed it."""
    REVIEW_WAITING = "review_waiting", _("Review waits")
    """The gateway holds a payment for fraud, and nobody has released or canceled it for long."""
    CARD_CHECK = "card_check", _("Card check")
    """Address or security code did not match, and the integration wants a person to look."""


@tracked()
class Alert(models.Model):
    """Open only once per transaction and kind; a person resolves it with a remark."""

    kind = models.CharField(_("kind"), max_length=24, choices=AlertKind)
    transaction = models.ForeignKey(
        "oropay.PaymentTransaction", on_delete=models.PROTECT, related_name="alerts", verbose_name=_("transaction")
    )
    text = models.TextField(_("what happened"))
    raised_at = models.DateTimeField(_("raised"))
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    remark = models.TextField(_("remark"), blank=True)

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        ordering = ["-raised_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["transaction", "kind"],
                condition=models.Q(resolved_at__isnull=True),
                name="alert_open_once_per_transaction_and_kind",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()}: {self.text}"
