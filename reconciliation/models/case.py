"""What does not fit, as a queue for people. Called *Exception* in the domain; Python has taken that name."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField, format_money
from plumbing.audit import tracked
from reconciliation.models.deposit import Deposit, SettlementLine
from reconciliation.models.expectation import Expectation


class CaseKind(models.TextChoices):
    LATE = "late", _("Expected, not arrived")
    """The day by which the gateway deposits has passed."""
    AMOUNT_DIFFERS = "amount_differs", _("Amount differs")
    """The gateway settled another amount, or a deposit does not add up."""
    CURRENCY_DIFFERS = "currency_differs", _("Currency differs")
    """The gateway settled in another currency than we took, or paid out in another than the account settles in."""
    UNEXPECTED = "unexpected", _("Unexpected")
    """The gateway settled something our books do not know."""
    DUPLICATE = "duplicate", _("Duplicate")
    """The gateway settled the same transaction twice."""
    IDENTITY_MISMATCH = "identity_mismatch", _("Identity mismatch")
    """It carries the reference of a transaction of ours that has another gateway id."""
    ARRIVED_LATE = "arrived_late", _("Arrived late")
    """It carries the reference of a transaction we had proven absent or ended without money."""
    RETURNED = "returned", _("Returned")
    """Money that was to come, or had come, went back."""


PROBLEM_AMOUNT = (CaseKind.AMOUNT_DIFFERS, CaseKind.CURRENCY_DIFFERS)
PROBLEM_UNEXPECTED = (
    CaseKind.UNEXPECTED,
    CaseKind.DUPLICATE,
    CaseKind.IDENTITY_MISMATCH,
    CaseKind.ARRIVED_LATE,
    CaseKind.RETURNED,
)


class Resolution(models.TextChoices):
    ARRIVED = "arrived", _("Settled by itself")
    """What was missing came, or what was unexpected found its expectation. Written by the system."""
    WITHDRAWN = "withdrawn", _("No longer expected")
    """The payment was voided or refused. Written by the system."""
    IGNORED = "ignored", _("Ignored with a reason")
    """A person looked and decided that nothing has to be done; the remark says why."""


@tracked()
class ExceptionCase(models.Model):
    """One thing that does not fit, raised once; it stays until it settles itself or a person resolves it."""

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="exception_cases")
    kind = models.CharField(_("kind"), max_length=20, choices=CaseKind)
    expectation = models.ForeignKey(
        Expectation, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("expectation")
    )
    """The late one, or the one whose amount or currency a line misses."""
    settlement_line = models.ForeignKey(
        SettlementLine, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("settlement line")
    )
    deposit = models.ForeignKey(
        Deposit, null=True, on_delete=models.PROTECT, related_name="cases", verbose_name=_("deposit")
    )
    """Set for what is wrong with a deposit as a whole."""
    transaction = models.ForeignKey(
        "oropay.PaymentTransaction",
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("transaction"),
    )
    """Ours, where one can be named."""
    currency = models.CharField(_("currency"), max_length=3)
    amount = MoneyAmountField(_("difference"))
    """Signed, what came less what was expected."""
    raised_at = models.DateTimeField(_("raised"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("owner"),
    )
    resolution = models.CharField(_("resolution"), max_length=12, choices=Resolution, blank=True)
    remark = models.TextField(_("remark"), blank=True)
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)
    resolved_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("by"),
    )

    class Meta:
        verbose_name = _("exception")
        verbose_name_plural = _("exceptions")
        ordering = ["-raised_at", "-id"]
        permissions = [("resolve_exceptioncase", "Can resolve exceptions")]
        constraints = [
            models.UniqueConstraint(
                fields=["expectation"], condition=Q(kind=CaseKind.LATE), name="case_late_once_per_expectation"
            ),
            models.UniqueConstraint(fields=["settlement_line"], name="case_once_per_line"),
            models.UniqueConstraint(fields=["deposit"], name="case_once_per_deposit"),
            models.CheckConstraint(
                condition=Q(
                    kind=CaseKind.LATE, expectation__isnull=False, settlement_line__isnull=True, deposit__isnull=True
                )
                | (~Q(kind=CaseKind.LATE) & Q(settlement_line__isnull=False, deposit__isnull=True))
                | (~Q(kind=CaseKind.LATE) & Q(settlement_line__isnull=True, deposit__isnull=False)),
                name="case_is_about_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(resolution="", resolved_at__isnull=True)
                | (~Q(resolution="") & Q(resolved_at__isnull=False)),
                name="case_resolved_says_how",
            ),
            models.CheckConstraint(
                condition=~Q(resolution=Resolution.IGNORED) | (~Q(remark="") & Q(resolved_by__isnull=False)),
                name="case_ignored_says_why_and_by_whom",
            ),
        ]
        indexes = [
            models.Index(fields=["organization", "kind"], condition=Q(resolved_at__isnull=True), name="case_open"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {format_money(self.amount, self.currency)}"

    @property
    def is_open(self) -> bool:
        return self.resolved_at is None
