"""What a company owes us, in writing. A posted invoice never changes; what is paid on it is in `Allocation`."""

import pgtrigger
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from commerce.models.fields import currency_field, currency_is_code, rate_is_fraction, tax_rate_field
from commerce.money import MoneyAmountField
from oropay.ports import DebtKind
from plumbing.audit import tracked

DEBT_KINDS = [
    (DebtKind.RETURNED.value, _("money that the bank took back")),
    (DebtKind.RETURN_FEE.value, _("fee for a returned debit")),
    (DebtKind.DISPUTE_LOST.value, _("money that a lost dispute took")),
    (DebtKind.DISPUTE_FEE.value, _("fee for a lost dispute")),
    (DebtKind.OVERREFUNDED.value, _("money given back beyond what was left")),
]


class InvoiceKind(models.TextChoices):
    INVOICE = "invoice", _("Invoice")
    """Goods and services."""

    DEBIT_MEMO = "debit_memo", _("Debit memo")
    """Money that went back, or a fee for it: owed and paid like an invoice."""


class InvoiceState(models.TextChoices):
    DRAFT = "draft", _("Draft")
    """Being written. Nothing is owed, buyers do not see it, it may be deleted."""

    POSTED = "posted", _("Posted")
    """Numbered, locked and in the ledger: the company owes it."""

    VOID = "void", _("Void")
    """Withdrawn after posting; its number stays used and nothing is owed."""


MOVES: dict[InvoiceState, frozenset[InvoiceState]] = {
    InvoiceState.DRAFT: frozenset({InvoiceState.POSTED}),
    InvoiceState.POSTED: frozenset({InvoiceState.VOID}),
    InvoiceState.VOID: frozenset(),
}
"""Every legal move. The database refuses the others too (`pgtrigger.FSM` built from this)."""

STILL_WRITABLE = ("state", "document_id", "voided_at", "voided_by_id", "external_id")
"""Columns that may change after posting; the document is written once."""

POSTED_ROWS_STAND = pgtrigger.Trigger(
    name="invoice_posted_rows_stand",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func=(
        """
        IF OLD.state <> 'draft' AND (to_jsonb(OLD) - ARRAY['%s']) IS DISTINCT FROM (to_jsonb(NEW) - ARRAY['%s']) THEN
            RAISE EXCEPTION 'A posted invoice never changes (invoice %%)', OLD.id USING ERRCODE = 'check_violation';
        END IF;
        IF OLD.document_id IS NOT NULL AND NEW.document_id IS DISTINCT FROM OLD.document_id THEN
            RAISE EXCEPTION 'The document of invoice %% is frozen', OLD.id USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
        """
        % (("', '".join(STILL_WRITABLE),) * 2)
    ),
)


@tracked()
class Invoice(models.Model):
    """One document of what is owed. total = subtotal − discount + shipping + tax, each the sum of rounded lines."""

    kind = models.CharField(_("kind"), max_length=10, choices=InvoiceKind, default=InvoiceKind.INVOICE, editable=False)
    payable = models.OneToOneField(
        "oropay.Payable", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="invoice"
    )
    """What a payment points at; made when the invoice is posted."""
    organization = models.ForeignKey("commerce.Organization", on_delete=models.PROTECT, related_name="invoices")
    website = models.ForeignKey("commerce.Website", on_delete=models.PROTECT, related_name="invoices")
    customer = models.ForeignKey("commerce.Customer", on_delete=models.PROTECT, related_name="invoices")
    order = models.ForeignKey(
        "commerce.Order", on_delete=models.PROTECT, null=True, blank=True, related_name="invoices"
    )
    cause = models.ForeignKey(
        "oropay.PaymentTransaction",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="debit_memos",
    )
    """Of a debit memo: what took the money back."""
    cause_kind = models.CharField(_("because of"), max_length=12, choices=DEBT_KINDS, blank=True, editable=False)
    number = models.CharField(_("number"), max_length=40, blank=True, editable=False)
    external_id = models.CharField(_("number in the ERP"), max_length=60, blank=True)
    state = models.CharField(_("state"), max_length=8, choices=InvoiceState, default=InvoiceState.DRAFT)
    issued_on = models.DateField(_("date"), null=True, blank=True, editable=False)
    due_on = models.DateField(_("due"), null=True, blank=True, editable=False)
    currency = currency_field()
    subtotal = MoneyAmountField(_("subtotal"), default=0, help_text=_("At list price, before discount and tax."))
    discount = MoneyAmountField(_("discount"), default=0)
    shipping = MoneyAmountField(_("shipping"), default=0, help_text=_("Not taxed."))
    tax = MoneyAmountField(_("tax"), default=0)
    total = MoneyAmountField(_("total"), default=0)
    po_number = models.CharField(_("PO number"), max_length=50, blank=True)
    notes = models.TextField(_("notes"), blank=True, help_text=_("Printed on the invoice."))
    bill_to = models.JSONField(_("bill to"), default=dict, encoder=DjangoJSONEncoder)
    ship_to = models.JSONField(_("ship to"), default=dict, encoder=DjangoJSONEncoder)
    shipping_method = models.CharField(_("shipping method"), max_length=100, blank=True)
    payment_term = models.ForeignKey(
        "commerce.PaymentTerm", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    document = models.ForeignKey(
        "plumbing.Document", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    """The PDF, made once after posting."""
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    created_at = models.DateTimeField(_("created"))
    posted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    posted_at = models.DateTimeField(_("posted"), null=True, blank=True, editable=False)
    voided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    voided_at = models.DateTimeField(_("voided"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")
        ordering = ["-issued_on", "-id"]
        permissions = [
            ("post_invoice", "Can post invoices"),
            ("void_invoice", "Can void invoices"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["organization", "number"], condition=~Q(number=""), name="invoice_number_once"
            ),
            models.UniqueConstraint(
                fields=["order"], condition=~Q(state=InvoiceState.VOID), name="invoice_one_standing_per_order"
            ),
            models.CheckConstraint(condition=Q(state__in=InvoiceState.values), name="invoice_state_known"),
            models.CheckConstraint(
                condition=Q(kind=InvoiceKind.INVOICE, cause__isnull=True, cause_kind="")
                | Q(Q(kind=InvoiceKind.DEBIT_MEMO, cause__isnull=False, order__isnull=True), ~Q(cause_kind="")),
                name="invoice_debit_memo_has_a_cause",
            ),
            models.UniqueConstraint(fields=["cause", "cause_kind"], name="invoice_debit_memo_once_per_cause"),
            models.CheckConstraint(
                condition=Q(state=InvoiceState.DRAFT, number="", posted_at__isnull=True)
                | Q(
                    ~Q(state=InvoiceState.DRAFT),
                    ~Q(number=""),
                    payable__isnull=False,
                    issued_on__isnull=False,
                    due_on__isnull=False,
                    posted_at__isnull=False,
                ),
                name="invoice_posted_is_numbered_and_owed",
            ),
            models.CheckConstraint(
                condition=Q(total=F("subtotal") - F("discount") + F("shipping") + F("tax")),
                name="invoice_total_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(subtotal__gte=0, discount__gte=0, shipping__gte=0, tax__gte=0, total__gte=0),
                name="invoice_amounts_not_negative",
            ),
            currency_is_code("invoice_currency_is_code"),
        ]
        indexes = [
            models.Index(fields=["customer", "-issued_on", "-id"], name="invoice_by_customer"),
            models.Index(fields=["organization", "-issued_on", "-id"], name="invoice_by_organization"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="invoice_moves",
                field="state",
                transitions=sorted((before.value, then.value) for before, onward in MOVES.items() for then in onward),
            ),
            POSTED_ROWS_STAND,
            pgtrigger.Protect(
                name="invoice_only_drafts_go",
                operation=pgtrigger.Delete,
                condition=pgtrigger.Condition("OLD.state <> 'draft'"),
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"{self._meta.verbose_name} #{self.pk}"


LINES_STAND = pgtrigger.Trigger(
    name="invoice_lines_stand",
    operation=pgtrigger.Insert | pgtrigger.Update | pgtrigger.Delete,
    when=pgtrigger.Before,
    declare=[("owner", "BIGINT")],
    func="""
        IF TG_OP = 'DELETE' THEN owner := OLD.invoice_id; ELSE owner := NEW.invoice_id; END IF;
        IF EXISTS (SELECT 1 FROM invoices_invoice WHERE id = owner AND state <> 'draft') THEN
            RAISE EXCEPTION 'The lines of a posted invoice never change (invoice %)', owner
                USING ERRCODE = 'check_violation';
        END IF;
        IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
        RETURN NEW;
        """,
)


class InvoiceLine(models.Model):
    """One line as it was billed. `total` includes tax; total − tax + discount is at list price."""

    invoice = models.ForeignKey(Invoice, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(_("position"))
    order_line = models.ForeignKey(
        "commerce.OrderLine", on_delete=models.PROTECT, null=True, blank=True, related_name="+"
    )
    product = models.ForeignKey("commerce.Product", on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sku = models.CharField(_("SKU"), max_length=64, blank=True)
    name = models.CharField(_("name"), max_length=200)
    unit = models.CharField(_("unit"), max_length=20, blank=True)
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=4)
    list_price = MoneyAmountField(_("list price"))
    unit_price = MoneyAmountField(_("unit price"))
    discount = MoneyAmountField(_("discount"), default=0)
    tax_rate = tax_rate_field(default=0)
    tax = MoneyAmountField(_("tax"), default=0)
    total = MoneyAmountField(_("total"))
    commodity_code = models.CharField(_("commodity code"), max_length=12, blank=True)

    class Meta:
        verbose_name = _("invoice line")
        verbose_name_plural = _("invoice lines")
        ordering = ["position"]
        constraints = [
            models.UniqueConstraint(fields=["invoice", "position"], name="invoice_line_position_once"),
            models.CheckConstraint(condition=Q(quantity__gt=0), name="invoice_line_quantity_positive"),
            models.CheckConstraint(
                condition=Q(list_price__gte=0, unit_price__gte=0, discount__gte=0, tax__gte=0, total__gte=0),
                name="invoice_line_amounts_not_negative",
            ),
            rate_is_fraction("invoice_line_tax_rate_is_fraction"),
        ]
        triggers = [LINES_STAND]

    def __str__(self) -> str:
        return f"{self.name} × {self.quantity.normalize():f}"
