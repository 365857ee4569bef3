"""Orders: what was bought, what was paid on it; drafting its invoice, recording a check, canceling it."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.dialogs import Words, dialog
from backoffice.display import address, badge, dash, link, links, moment, money, quantity
from backoffice.forms.sales import CancelOrderForm, DraftFromOrderForm, ReceiptForm
from backoffice.paid import activity, payments_table
from backoffice.records import Facts, RecordAdmin, Section, Table, Timeline
from backoffice.scoping import ScopedRelatedFilter, staff_of
from backoffice.status import LastAttemptFilter, StatusButtons, beside, paid_shown, status_facts, status_shown
from backoffice.unfolded import ActionVariant, display
from checkout.services.cancel import order_withdraw
from commerce.models import Order, OrderState
from commerce.money import format_money
from invoices.models import InvoiceState
from invoices.services import invoice_draft_from_order
from oropay.exceptions import PayableChanged
from oropay.models import Payable, Payment
from oropay.services import offline_receipt_record
from oropay.services.start import PartAsked


@admin.register(Order)
class OrderAdmin(StatusButtons, RecordAdmin):
    empty = gettext_lazy("An order appears here as soon as a buyer places one in the shop.")
    list_display = [
        "number",
        "shown_total",
        "paid",
        "due",
        "customer",
        "payment_status",
        "method",
        "shown_state",
        "created",
        "po_number",
        "placed_by",
    ]
    list_filter = [
        "state",
        "payable__status",
        "payable__method",
        LastAttemptFilter,
        "payable__is_forced",
        ("website", ScopedRelatedFilter),
        ("created_at", admin.DateFieldListFilter),
    ]
    search_fields = ["number", "po_number", "customer__name", "placed_by__email"]
    search_help_text = gettext_lazy("Order or PO number, customer, or the buyer's address")
    ordering = ["-created_at", "-id"]
    actions_detail = ["draft_invoice", "record_receipt", "cancel_order", "force_status", "unforce_status"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Order]:
        rows: QuerySet[Order] = super().get_queryset(request)
        return rows.select_related("organization", "website", "customer", "placed_by", "payable")

    def possible(self, request: HttpRequest, row: Order) -> dict[str, bool]:
        placed = row.state in {OrderState.OPEN, OrderState.CLOSED}
        standing = row.invoices.exclude(state=InvoiceState.VOID).exists()
        payable = payable_of(row)
        return {
            "draft_invoice": placed and not standing,
            "record_receipt": payable is not None and payable.payable_now > 0,
            "cancel_order": row.state in {OrderState.AWAITING_PAYMENT, OrderState.OPEN} and row.billed_at is None,
            "force_status": payable is not None,
            "unforce_status": payable is not None and payable.is_forced,
        }

    @dialog(
        title=gettext_lazy("Draft invoice"),
        form=DraftFromOrderForm,
        permissions=["invoices.add_invoice"],
        icon="receipt_long",
        variant=ActionVariant.PRIMARY,
    )
    def draft_invoice(self, request: HttpRequest, form: DraftFromOrderForm) -> Words:
        form.row = invoice_draft_from_order(order=form.row, by=staff_of(request), now=timezone.now())
        return _("The invoice is drafted. Check it, then post it.")

    @dialog(
        title=gettext_lazy("Record offline payment"),
        form=ReceiptForm,
        permissions=["oropay.add_payment"],
        icon="payments",
    )
    def record_receipt(self, request: HttpRequest, form: ReceiptForm) -> Words:
        return receipt_record(form, request)

    @dialog(
        title=gettext_lazy("Cancel order"),
        form=CancelOrderForm,
        permissions=["commerce.change_order"],
        icon="block",
        variant=ActionVariant.WARNING,
    )
    def cancel_order(self, request: HttpRequest, form: CancelOrderForm) -> Words:
        order_withdraw(order=form.row, note=form.cleaned_data["note"], by=staff_of(request), now=timezone.now())
        return _("Order {number} is canceled. No money moved.").format(number=form.row.number)

    # --- list

    @display(description=gettext_lazy("Created"), ordering="created_at")
    def created(self, row: Order) -> Any:
        return moment(row.created_at)

    @display(description=gettext_lazy("State"), ordering="state")
    def shown_state(self, row: Order) -> Any:
        return badge(row, "state")

    @display(description=gettext_lazy("Payment status"), ordering="payable__status")
    def payment_status(self, row: Order) -> Any:
        payable = payable_of(row)
        return status_shown(payable) if payable else dash()

    @display(description=gettext_lazy("Method"), ordering="payable__method")
    def method(self, row: Order) -> Any:
        payable = payable_of(row)
        return (payable.get_method_display() if payable else "") or dash()

    @display(description=gettext_lazy("Paid"), ordering="payable__paid")
    def paid(self, row: Order) -> Any:
        payable = payable_of(row)
        return paid_shown(payable) if payable else dash()

    @display(description=gettext_lazy("Due"))
    def due(self, row: Order) -> Any:
        payable = payable_of(row)
        return money(payable.due, row.currency) if payable else dash()

    @display(description=gettext_lazy("Total"), ordering="total")
    def shown_total(self, row: Order) -> Any:
        return money(row.total, row.currency)

    # --- page

    def heading(self, row: Order) -> str:
        return _("Order {number}").format(number=row.number)

    def heading_amount(self, row: Order) -> Any:
        return money(row.total, row.currency)

    def headline(self, request: HttpRequest, row: Order) -> Sequence[Any]:
        payable = payable_of(row)
        return (badge(row, "state"), self.payment_status(row), *(beside(payable) if payable else ()))

    def sections(self, request: HttpRequest, row: Order) -> Iterable[Section]:
        payable = payable_of(row)
        yield Facts(
            _("Details"),
            [
                (_("Customer"), link(row.customer)),
                (_("Placed by"), row.placed_by),
                (_("Created"), moment(row.created_at)),
                (_("Placed"), moment(row.placed_at)),
                (_("PO number"), row.po_number or dash()),
                (_("Website"), row.website),
                (_("Payment term"), row.payment_term or dash()),
                (_("Invoices"), links([link(one) for one in row.invoices.order_by("pk")])),
                (_("Bill to"), address(row.billing_address)),
                (_("Ship to"), address(row.shipping_address)),
                (_("Shipping"), row.shipping_method or dash()),
                (_("Notes"), row.notes or dash()),
            ],
        )
        if payable is not None:
            yield status_facts(payable)
        yield Table(
            _("Lines"),
            [_("SKU"), _("Name"), _("Quantity"), _("List price"), _("Price"), _("Discount"), _("Tax"), _("Total")],
            [
                [
                    one.sku,
                    one.name,
                    f"{quantity(one.quantity)} {one.unit}",
                    money(one.list_price, row.currency),
                    money(one.unit_price, row.currency),
                    money(one.discount, row.currency),
                    money(one.tax, row.currency),
                    money(one.total, row.currency),
                ]
                for one in row.lines.order_by("position")
            ],
            empty=_("An order without lines."),
            right=frozenset({2, 3, 4, 5, 6, 7}),
            note=totals_sentence(row),
        )
        yield payments_table(
            request,
            Payment.objects.filter(Q(parts__payable__order=row) | Q(parts__payable__invoice__order=row)).distinct(),
        )
        yield Timeline(_("Activity"), activity(row, payable), empty=_("Notes about this order will appear here."))


def payable_of(order: Order) -> Payable | None:
    found: Payable | None = getattr(order, "payable", None)
    return found


def totals_sentence(row: Any) -> str:
    """Subtotal − discount + shipping + tax = total, in words."""
    parts = [
        _("Subtotal {amount}").format(amount=format_money(row.subtotal, row.currency)),
        _("discount {amount}").format(amount=format_money(row.discount, row.currency)),
        _("shipping {amount}").format(amount=format_money(row.shipping, row.currency)),
        _("tax {amount}").format(amount=format_money(row.tax, row.currency)),
        _("total {amount}").format(amount=format_money(row.total, row.currency)),
    ]
    return " · ".join(parts)


def receipt_record(form: ReceiptForm, request: HttpRequest) -> Words:
    """Record what the dialog says; the same dialog sent twice records once."""
    payable = form.payable()
    if payable is None:
        raise PayableChanged(number=form.row.number, detail=_("nothing can be paid on it."))
    payment = offline_receipt_record(
        parts=[PartAsked(payable_id=payable.pk, amount=form.cleaned_data["amount"])],
        received_on=form.cleaned_data["received_on"],
        document=form.cleaned_data["document"],
        by=staff_of(request),
        now=timezone.now(),
        attempt_key=form.cleaned_data["attempt"],
    )
    return _("Recorded as payment #{number}. It waits in undeposited funds for its bank line.").format(
        number=payment.pk
    )
