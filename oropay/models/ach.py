"""What bank debits have beside their transactions: why they came back, and accounts that may not be debited."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from oropay.changecodes import CHANGES, Change
from oropay.models.instrument import Instrument
from oropay.models.transaction import PaymentTransaction
from oropay.returncodes import CODES, ReturnCode, reason_of
from plumbing.audit import append_only, tracked

CODE_WRITTEN_ONCE = pgtrigger.Trigger(
    name="ach_return_code_once",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    condition=pgtrigger.Condition("OLD.code <> '' AND NEW.code IS DISTINCT FROM OLD.code"),
    func="RAISE EXCEPTION 'The code of a return is written once (return %)', OLD.transaction_id;",
)


@tracked()
class AchReturn(models.Model):
    """A bank debit that came back, and why. The code may come later than the money went.

    `transaction` is the return row of a settled debit, or the charge itself when it was rejected before it was funded.
    """

    transaction = models.OneToOneField(
        PaymentTransaction, primary_key=True, on_delete=models.PROTECT, related_name="ach_return"
    )
    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="ach_returns")
    code = models.CharField(_("return code"), max_length=3, blank=True, choices=[(code, code) for code in CODES])
    """Empty while nobody knows it; written once."""
    after_funding = models.BooleanField(_("after funding"))
    returned_on = models.DateField(_("returned"))
    """The day we learnt of it, in the organization's time zone."""
    entered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        on_delete=models.PROTECT,
        related_name="+",
        verbose_name=_("code entered by"),
    )
    entered_at = models.DateTimeField(_("code entered"), null=True)
    created_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("bank return")
        verbose_name_plural = _("bank returns")
        ordering = ["-created_at", "-pk"]
        permissions = [
            ("enter_return_code", "Can enter the code of a bank return"),
            ("retry_debit", "Can debit again what came back for want of money"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(code="") | Q(code__in=sorted(CODES)), name="ach_return_code_known"),
        ]
        indexes = [models.Index(fields=["organization", "-returned_on"], name="ach_return_by_organization")]
        triggers = [
            CODE_WRITTEN_ONCE,
            pgtrigger.Protect(name="ach_return_never_deleted", operation=pgtrigger.Delete),
        ]

    def __str__(self) -> str:
        return f"{self.code or _('without a code')} · {self.returned_on}"

    @property
    def reason(self) -> ReturnCode:
        return reason_of(self.code)

    @property
    def charge(self) -> PaymentTransaction:
        """The debit that came back."""
        return self.transaction.parent if self.after_funding and self.transaction.parent else self.transaction


@tracked(exclude=["fingerprint"])
class Freeze(models.Model):
    """A bank account that nobody of this seller may debit, whichever customer's it is. A person lifts it."""

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="freezes")
    fingerprint = models.CharField(max_length=80, editable=False)
    """Tells the account apart without its number."""
    last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    cause = models.ForeignKey(AchReturn, null=True, on_delete=models.PROTECT, related_name="freezes")
    """Empty when a person froze it."""
    code = models.CharField(_("return code"), max_length=3, blank=True)
    frozen_at = models.DateTimeField(_("frozen"))
    lifted_at = models.DateTimeField(_("lifted"), null=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("lifted by")
    )
    note = models.TextField(_("note"), blank=True)

    class Meta:
        verbose_name = _("frozen bank account")
        verbose_name_plural = _("frozen bank accounts")
        ordering = ["-frozen_at", "-pk"]
        permissions = [("lift_freeze", "Can let a frozen bank account be debited again")]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "fingerprint"], condition=Q(lifted_at=None), name="freeze_once_per_account"
            ),
            models.CheckConstraint(condition=~Q(fingerprint=""), name="freeze_names_an_account"),
        ]

    def __str__(self) -> str:
        return f"···· {self.last4} · {self.reason.title}"

    @property
    def reason(self) -> ReturnCode:
        return reason_of(self.code)


class ChangeSource(models.TextChoices):
    HAND = "hand", _("By hand")
    """Somebody typed what the bank wrote."""
    FILE = "file", _("File")
    """It was in a file that the bank or the gateway sent."""


class ChangeOutcome(models.TextChoices):
    """What a notice brought about. It stays: another notice is another row."""

    CORRECTED = "corrected", _("Corrected")
    """The next debit goes out with what the bank said."""
    ENTER_AGAIN = "enter_again", _("Must be entered again")
    """The bank did not say what is right: the account is not debited until somebody knows."""
    NOTED = "noted", _("Only noted")
    """It concerns nothing that we send, or the account's number is forgotten already."""


@append_only
class ChangeNotice(models.Model):
    """A bank's notice that an account's details have changed (Nacha: notification of change). Append-only.

    A corrected account number is in none of its columns: it went straight into the instrument's sealed box.
    """

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="change_notices")
    instrument = models.ForeignKey(
        Instrument, on_delete=models.PROTECT, related_name="change_notices", verbose_name=_("bank account")
    )
    payment = models.ForeignKey(
        "oropay.Payment",
        null=True,
        on_delete=models.PROTECT,
        related_name="change_notices",
        verbose_name=_("payment"),
    )
    """The debit the bank wrote about, where the notice names one."""
    code = models.CharField(_("change code"), max_length=3, choices=[(code, code) for code in CHANGES])
    noticed_on = models.DateField(_("bank's date"))
    """The day the bank wrote: an old notice must not undo a newer one."""
    outcome = models.CharField(_("state"), max_length=12, choices=ChangeOutcome)
    source = models.CharField(_("source"), max_length=5, choices=ChangeSource)
    file_name = models.CharField(_("file"), max_length=100, blank=True)
    routing_before = models.CharField(max_length=9, blank=True)
    routing_after = models.CharField(_("routing number"), max_length=9, blank=True)
    type_before = models.CharField(max_length=10, blank=True)
    type_after = models.CharField(_("account type"), max_length=10, blank=True)
    holder_before = models.CharField(max_length=100, blank=True)
    holder_after = models.CharField(_("holder"), max_length=100, blank=True)
    last4_before = models.CharField(max_length=4, blank=True)
    last4_after = models.CharField(_("last four digits"), max_length=4, blank=True)
    """Filled only if the account number changed."""
    note = models.TextField(_("note"), blank=True)
    applied_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("recorded by")
    )
    applied_at = models.DateTimeField(_("recorded"))

    class Meta:
        verbose_name = _("notice of change")
        verbose_name_plural = _("notices of change")
        ordering = ["-applied_at", "-pk"]
        permissions = [("apply_change_notice", "Can apply a bank's notice of change")]
        constraints = [
            models.CheckConstraint(condition=Q(code__in=sorted(CHANGES)), name="change_notice_code_known"),
            models.UniqueConstraint(fields=["instrument", "code", "noticed_on"], name="change_notice_once"),
        ]

    def __str__(self) -> str:
        return f"{self.code} · ···· {self.last4_after or self.last4_before}"

    @property
    def change(self) -> Change:
        return CHANGES[self.code]
