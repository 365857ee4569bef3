"""Orders: what was bought, at which price, by whom — copied, so that later edits of the catalog change nothing here."""

import pgtrigger
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models
from django.db.models import CheckConstraint, F, Index, Q, TextChoices, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.models.catalog import Product
from commerce.models.customer import Customer
from commerce.models.fields import currency_field, currency_is_code, rate_is_fraction, tax_rate_field
from commerce.models.organization import Organization, Website
from commerce.models.term import PaymentTerm
from commerce.models.user import User
from commerce.money import MoneyAmountField
from plumbing.audit import tracked


class OrderState(TextChoices):
    AWAITING_PAYMENT = "awaiting_payment", _("Awaiting payment")
    """Written before money moves. Its lines may still be written again; nobody ships it."""

    OPEN = "open", _("Open")
    """Placed: paid, held, on terms, or free. The seller owes the goods."""

    CLOSED = "closed", _("Closed")
    """Delivered and done with."""

    CANCELED = "canceled", _("Canceled")
    """Will not be delivered. Money taken for it is the customer's credit or goes back."""


MOVES: dict[OrderState, frozenset[OrderState]] = {
    OrderState.AWAITING_PAYMENT: frozenset({OrderState.OPEN, OrderState.CANCELED}),
    OrderState.OPEN: frozenset({OrderState.CLOSED, OrderState.CANCELED}),
    OrderState.CLOSED: frozenset(),
    OrderState.CANCELED: frozenset(),
}
"""Every legal move. The database refuses the others too (`pgtrigger.FSM` built from this)."""


@tracked()
class Order(models.Model):
    """One purchase. total = subtotal − discount + shipping + tax, each the sum of rounded lines."""

    organization = models.ForeignKey(Organization, on_delete=models.PROTECT, related_name="orders")
    website = models.ForeignKey(Website, on_delete=models.PROTECT, related_name="orders")
    customer = models.ForeignKey(Customer, on_delete=models.PROTECT, related_name="orders")
    placed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="orders")
    number = models.CharField(_("number"), max_length=50)
    state = models.CharField(_("state"), max_length=16, choices=OrderState, default=OrderState.AWAITING_PAYMENT)
    currency = currency_field()
    subtotal = MoneyAmountField(_("subtotal"), default=0, help_text=_("At list price, before discount and tax."))
    discount = MoneyAmountField(_("discount"), default=0, help_text=_("List price less tier price, over all lines."))
    shipping = MoneyAmountField(_("shipping"), default=0, help_text=_("Not taxed."))
    tax = MoneyAmountField(_("tax"), default=0)
    total = MoneyAmountField(_("total"), default=0)
    po_number = models.CharField(_("PO number"), max_length=50, blank=True)
    notes = models.TextField(_("notes"), blank=True)
    payment_term = models.ForeignKey(PaymentTerm, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    billing_address = models.JSONField(_("billing address"), default=dict, encoder=DjangoJSONEncoder)
    shipping_address = models.JSONField(_("shipping address"), default=dict, encoder=DjangoJSONEncoder)
    shipping_method = models.CharField(_("shipping method"), max_length=100, blank=True)
    created_at = models.DateTimeField(_("created"))
    placed_at = models.DateTimeField(_("placed"), null=True, blank=True)
    billed_at = models.DateTimeField(_("billed"), null=True, blank=True, editable=False)
    """When its invoice was posted: from then on the invoice is what is owed and paid."""

    class Meta:
        verbose_name = _("order")
        constraints = [
            UniqueConstraint(fields=["organization", "number"], name="order_number_once"),
            CheckConstraint(condition=Q(state__in=OrderState.values), name="order_state_known"),
            CheckConstraint(
                condition=Q(total=F("subtotal") - F("discount") + F("shipping") + F("tax")), name="order_total_adds_up"
            ),
            CheckConstraint(
                condition=Q(subtotal__gte=0, discount__gte=0, shipping__gte=0, tax__gte=0, total__gte=0),
                name="order_amounts_not_negative",
            ),
            CheckConstraint(
                condition=~Q(state__in=[OrderState.OPEN, OrderState.CLOSED]) | Q(placed_at__isnull=False),
                name="order_placed_has_a_moment",
            ),
            currency_is_code("order_currency_is_code"),
        ]
        indexes = [
            Index(fields=["customer", "-created_at"], name="order_by_customer"),
            Index(fields=["organization", "-created_at"], name="order_by_organization"),
            Index(fields=["placed_by", "-created_at"], name="order_by_buyer"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="order_moves",
                field="state",
                transitions=[(before.value, after.value) for before, then in MOVES.items() for after in sorted(then)],
            )
        ]

    def __str__(self) -> str:
        return self.number


class OrderLine(models.Model):
    """One product of an order as it was when bought. `total` includes tax; total − tax + discount is at list price."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField(_("position"))
    product = models.ForeignKey(Product, on_delete=models.PROTECT, null=True, blank=True, related_name="+")
    sku = models.CharField(_("SKU"), max_length=64)
    name = models.CharField(_("name"), max_length=200)
    unit = models.CharField(_("unit"), max_length=20, help_text=_("Code of the product unit."))
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=4)
    list_price = MoneyAmountField(_("list price"))
    unit_price = MoneyAmountField(_("unit price"))
    discount = MoneyAmountField(_("discount"), default=0)
    tax_rate = tax_rate_field(default=0)
    tax = MoneyAmountField(_("tax"), default=0)
    total = MoneyAmountField(_("total"))
    commodity_code = models.CharField(_("commodity code"), max_length=12, blank=True)

    class Meta:
        verbose_name = _("order line")
        constraints = [
            UniqueConstraint(fields=["order", "position"], name="order_line_position_once"),
            CheckConstraint(condition=Q(quantity__gt=0), name="order_line_quantity_positive"),
            CheckConstraint(
                condition=Q(unit_price__gte=0, discount__gte=0, tax__gte=0, total__gte=0)
                & Q(list_price__gte=F("unit_price")),
                name="order_line_amounts_not_negative",
            ),
            rate_is_fraction("order_line_tax_rate_is_fraction"),
        ]
        triggers = [
            pgtrigger.Trigger(
                name="order_lines_of_a_placed_order_stay",
                when=pgtrigger.Before,
                operation=pgtrigger.Update | pgtrigger.Delete,
                func=f"""
                    IF EXISTS (
                        SELECT FROM commerce_order
                        WHERE id = OLD.order_id AND state <> '{OrderState.AWAITING_PAYMENT.value}'
                    ) THEN
                        RAISE EXCEPTION 'line % of an order that no longer awaits payment cannot change', OLD.id
                            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_lines_of_a_placed_order_stay';
                    END IF;
                    IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;
                    RETURN NEW;
                """,
            )
        ]

    def __str__(self) -> str:
        return f"{self.sku} × {self.quantity}"
