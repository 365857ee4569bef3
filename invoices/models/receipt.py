"""The paper that says a payment arrived and which invoices it paid."""

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.models.fields import currency_field, currency_is_code
from commerce.money import MoneyAmountField
from plumbing.audit import tracked

WRITTEN_ONCE = pgtrigger.Trigger(
    name="receipt_written_once",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func="""
        IF (OLD.number <> '' AND (to_jsonb(OLD) - 'document_id') IS DISTINCT FROM (to_jsonb(NEW) - 'document_id'))
            OR (OLD.document_id IS NOT NULL AND NEW.document_id IS DISTINCT FROM OLD.document_id) THEN
            RAISE EXCEPTION 'A numbered receipt never changes (receipt %)', OLD.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """,
)


@tracked()
class Receipt(models.Model):
    """What a charge, capture or recorded receipt paid: a card's when it is captured, a debit's once it settled.

    Money for an order pays nothing before there is an invoice: its receipt is written when the invoice is posted over
    the deposit. Money that waits for several invoices has a receipt for each posting. A job numbers a receipt right
    afterwards and draws its document once.
    """

    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="receipts")
    customer = models.ForeignKey("commerce.Customer", on_delete=models.PROTECT, related_name="receipts")
    payment = models.ForeignKey("oropay.Payment", on_delete=models.PROTECT, related_name="receipts")
    transaction = models.ForeignKey("oropay.PaymentTransaction", on_delete=models.PROTECT, related_name="receipts")
    number = models.CharField(_("number"), max_length=40, blank=True)
    """Empty until the job has taken it."""
    currency = currency_field()
    amount = MoneyAmountField(_("amount"))
    paid = models.JSONField(_("what it paid"), default=list, encoder=DjangoJSONEncoder)
    """[{"number": invoice number, "amount": exact text}]; what became customer credit has the number ""."""
    method = models.CharField(_("method"), max_length=120)
    """Such as "Visa ···· 4242", as it was then."""
    received_on = models.DateField(_("date"))
    document = models.ForeignKey(
        "plumbing.Document", on_delete=models.PROTECT, null=True, editable=False, related_name="+"
    )
    """The PDF, made once after the number was taken."""
    issued_at = models.DateTimeField(_("issued"), null=True)
    created_at = models.DateTimeField(_("created"))

    class Meta:
        verbose_name = _("receipt")
        verbose_name_plural = _("receipts")
        ordering = ["-id"]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"], condition=~Q(number=""), name="receipt_number_once"
            ),
            models.CheckConstraint(
                condition=Q(number="", issued_at__isnull=True, document__isnull=True)
                | Q(~Q(number=""), issued_at__isnull=False),
                name="receipt_numbered_when_issued",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="receipt_of_something"),
            currency_is_code("receipt_currency_is_code"),
        ]
        indexes = [models.Index(fields=["customer", "-id"], name="receipt_by_customer")]
        triggers = [WRITTEN_ONCE, pgtrigger.Protect(name="receipt_never_deleted", operation=pgtrigger.Delete)]

    def __str__(self) -> str:
        return self.number or f"{self._meta.verbose_name} #{self.pk}"
