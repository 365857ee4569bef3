"""Which money pays which invoice. Rows are never edited: they move, and a correction is a new row."""

import pghistory
import pgtrigger
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField
from invoices.models.invoice import Invoice


class AllocationKind(models.TextChoices):
    PAYMENT = "payment", _("Payment")
    """Money that arrived, or is on its way, through a payment. Only this kind counts as paid."""

    CREDIT = "credit", _("Credit")
    """Customer credit that was applied."""

    DISCOUNT = "discount", _("Early-payment discount")
    """Given up by us for paying early."""

    WRITE_OFF = "write_off", _("Write-off")
    """Given up by us as lost."""

    SMALL_DIFFERENCE = "small_difference", _("Small difference")
    """Too small to ask for."""


FORGIVEN = (AllocationKind.DISCOUNT.value, AllocationKind.SMALL_DIFFERENCE.value)
"""What may be given up together with a payment; such a row names it and goes when the bank takes the payment back."""

NAMES_ITS_CAUSE = (*FORGIVEN, AllocationKind.WRITE_OFF.value)
"""What may name a payment although it is no money: forgiven with it, or given up because a dispute took it."""


class AllocationState(models.TextChoices):
    SETTLING = "settling", _("Settling")
    """A bank debit is under way: it lowers what may be asked for, but nothing is paid yet."""

    LIVE = "live", _("Counts")
    """It lowers the balance."""

    REVERSED = "reversed", _("Reversed")
    """It counts no more: refused, given back, or taken apart by a new row."""


MOVES: dict[AllocationState, frozenset[AllocationState]] = {
    AllocationState.SETTLING: frozenset({AllocationState.LIVE, AllocationState.REVERSED}),
    AllocationState.LIVE: frozenset({AllocationState.REVERSED}),
    AllocationState.REVERSED: frozenset(),
}
"""Every legal move. The database refuses the others too (`pgtrigger.FSM` built from this)."""

BORN_OPEN = pgtrigger.Trigger(
    name="allocation_born_open",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func="""
        IF NEW.state NOT IN ('settling', 'live') THEN
            RAISE EXCEPTION 'An allocation cannot be born %', NEW.state USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
)

NEVER_MORE_THAN_OWED = pgtrigger.Trigger(
    name="allocation_never_more_than_owed",
    operation=pgtrigger.Insert | pgtrigger.Update,
    when=pgtrigger.After,
    condition=pgtrigger.Condition("NEW.state = 'live'"),
    func="""
        IF (SELECT sum(amount) FROM invoices_allocation WHERE invoice_id = NEW.invoice_id AND state = 'live')
            > (SELECT total FROM invoices_invoice WHERE id = NEW.invoice_id) THEN
            RAISE EXCEPTION 'More would be allocated than invoice % is worth', NEW.invoice_id
                USING ERRCODE = 'check_violation';
        END IF;
        RETURN NULL;
        """,
)
"""The last line of defence: services cap at the balance under the invoice's lock."""


@pghistory.track(
    pghistory.InsertEvent("born"),
    pghistory.UpdateEvent("moved", condition=pghistory.AnyChange("state")),
    fields=["state"],
    obj_field=pghistory.ObjForeignKey(related_name="steps"),
    model_name="AllocationEvent",
)
class Allocation(models.Model):
    """So much of an invoice is cleared by this. balance = total − Σ live of all kinds, and 0 ≤ balance ≤ total."""

    invoice = models.ForeignKey(Invoice, on_delete=models.PROTECT, related_name="allocations")
    kind = models.CharField(_("kind"), max_length=20, choices=AllocationKind)
    state = models.CharField(_("state"), max_length=10, choices=AllocationState)
    amount = MoneyAmountField(_("amount"))
    payment = models.ForeignKey("oropay.Payment", on_delete=models.PROTECT, null=True, related_name="allocations")
    transaction = models.ForeignKey(
        "oropay.PaymentTransaction", on_delete=models.PROTECT, null=True, related_name="allocations"
    )
    """The charge, capture or receipt that brought the money, or with which something was forgiven; of what was given up
    because of a dispute, the loss."""
    occurred_on = models.DateField(_("date"))
    """The world's date in the organization's time zone."""
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("allocation")
        verbose_name_plural = _("allocations")
        ordering = ["id"]
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=AllocationKind.values), name="allocation_kind_known"),
            models.CheckConstraint(condition=Q(state__in=AllocationState.values), name="allocation_state_known"),
            models.CheckConstraint(condition=Q(amount__gt=0), name="allocation_clears_something"),
            models.CheckConstraint(
                condition=Q(kind=AllocationKind.PAYMENT, payment__isnull=False, transaction__isnull=False)
                | Q(kind__in=NAMES_ITS_CAUSE, payment__isnull=False, transaction__isnull=False)
                | Q(~Q(kind=AllocationKind.PAYMENT), payment__isnull=True, transaction__isnull=True),
                name="allocation_of_money_names_it",
            ),
        ]
        indexes = [
            models.Index(fields=["invoice", "state"], name="allocation_by_invoice"),
            models.Index(fields=["payment", "state"], name="allocation_by_payment"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="allocation_moves",
                field="state",
                transitions=sorted((before.value, then.value) for before, onward in MOVES.items() for then in onward),
            ),
            pgtrigger.ReadOnly(
                name="allocation_said_once",
                fields=["invoice", "kind", "amount", "payment", "transaction", "occurred_on", "created_at"],
            ),
            pgtrigger.Protect(name="allocation_never_deleted", operation=pgtrigger.Delete),
            BORN_OPEN,
            NEVER_MORE_THAN_OWED,
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.amount} · {self.get_state_display()}"
