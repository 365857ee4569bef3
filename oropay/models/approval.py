"""What a second person must agree to, and the limits above which giving money back needs one."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField
from oropay.models.transaction import PaymentTransaction
from plumbing.audit import tracked


class ApprovalKind(models.TextChoices):
    """What was asked for; `oropay.ports.approval_handlers` has one handler for each."""

    REFUND = "refund", _("Refund above a limit")
    """More than its maker may give back alone."""
    VOID = "void", _("Void above a limit")
    """The same, of a charge that is not settled."""
    CREDIT = "credit", _("Standalone credit")
    """Money to a customer without a charge it came from: always two persons."""
    VERDICT = "verdict", _("Verdict on an unknown transaction")
    """Two persons say what became of a transaction that no evidence decides."""
    LIMITS = "limits", _("Limits on giving back")
    """Changing the limits themselves: always two persons."""


class ApprovalState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    """Nothing happened yet; another person must agree before it expires."""
    AGREED = "agreed", _("Agreed")
    """A second person agreed, and it was done in the same moment."""
    REFUSED = "refused", _("Refused")
    """A second person said no."""
    WITHDRAWN = "withdrawn", _("Withdrawn")
    """Who asked took it back."""
    EXPIRED = "expired", _("Expired")
    """Nobody agreed in time."""
    VOID = "void", _("Void")
    """What was asked for changed meanwhile: it must be asked anew."""


A = ApprovalState
APPROVAL_MOVES = [(A.WAITING.value, state.value) for state in A if state != A.WAITING]


@tracked()
class Approval(models.Model):
    """One question to a second person. It binds exactly what was asked: any other amount, line or destination voids it.

    What happens on agreement is the business of the kind's handler.
    """

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="approvals")
    kind = models.CharField(_("kind"), max_length=20, choices=ApprovalKind)
    state = models.CharField(_("state"), max_length=12, choices=ApprovalState, default=ApprovalState.WAITING)
    transaction = models.ForeignKey(
        PaymentTransaction,
        null=True,
        on_delete=models.PROTECT,
        related_name="approvals",
        verbose_name=_("transaction"),
    )
    """What waits for it, or what it is about."""
    asked = models.JSONField(_("asked for"))
    """Exactly what was asked; amounts as text."""
    digest = models.CharField(max_length=64)
    """SHA-256 of `asked`, hex: what the second person agrees to."""
    why = models.CharField(_("why two persons"), max_length=250)
    note = models.TextField(_("note"))
    document = models.ForeignKey("plumbing.Document", null=True, on_delete=models.PROTECT, related_name="+")
    """Evidence, if a file was given."""
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("asked by")
    )
    asked_at = models.DateTimeField(_("asked"))
    expires_at = models.DateTimeField(_("expires"))
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("decided by")
    )
    decided_at = models.DateTimeField(_("decided"), null=True)
    remark = models.TextField(_("remark"), blank=True)

    class Meta:
        verbose_name = _("approval")
        verbose_name_plural = _("approvals")
        ordering = ["-asked_at", "-id"]
        permissions = [
            ("approve_refund", "Can agree to money given back above a maker's limit"),
            ("approve_credit", "Can agree to a standalone credit"),
            ("decide_unknown", "Can propose and agree to verdicts on unknown transactions"),
        ]
        constraints = [
            models.CheckConstraint(
                condition=~Q(state__in=[A.AGREED, A.REFUSED])
                | (Q(decided_by__isnull=False, decided_at__isnull=False) & ~Q(decided_by=F("asked_by"))),
                name="approval_takes_two_persons",
            ),
            models.UniqueConstraint(
                fields=["transaction"],
                condition=Q(state=A.WAITING, transaction__isnull=False),
                name="approval_waits_once_per_transaction",
            ),
        ]
        indexes = [models.Index(fields=["expires_at"], condition=Q(state=A.WAITING), name="approval_waiting")]
        triggers = [
            pgtrigger.FSM(name="decided_once", field="state", transitions=APPROVAL_MOVES),
            pgtrigger.ReadOnly(
                name="asked_once",
                fields=["organization", "kind", "transaction", "asked", "digest", "note", "asked_by", "document"],
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.get_state_display()}"


@tracked()
class RefundLimit(models.Model):
    """How much one person may give back alone, in one currency; above it a second person must agree.

    Without a row, or where a column is empty, there is no limit. Changed by two persons only.
    """

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="refund_limits")
    currency = models.CharField(_("currency"), max_length=3)
    per_charge = MoneyAmountField(_("per charge"), null=True, blank=True)
    per_customer = MoneyAmountField(_("per customer, in 30 days"), null=True, blank=True)
    per_day = MoneyAmountField(_("in 24 hours"), null=True, blank=True)

    class Meta:
        verbose_name = _("limit on giving back")
        verbose_name_plural = _("limits on giving back")
        ordering = ["currency"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "currency"], name="refund_limit_once_per_currency"),
            models.CheckConstraint(
                condition=(Q(per_charge__isnull=True) | Q(per_charge__gte=0))
                & (Q(per_customer__isnull=True) | Q(per_customer__gte=0))
                & (Q(per_day__isnull=True) | Q(per_day__gte=0)),
                name="refund_limit_not_negative",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.organization} · {self.currency}"
