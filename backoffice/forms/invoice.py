"""Writing an invoice by hand: its head and its lines. `invoices.services` decides what may be."""

from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.display import quantity, typed
from backoffice.forms import fields
from backoffice.unfolded import widgets
from commerce.drafts import AddressSnapshot
from commerce.models import Address, Customer, PaymentTerm, Product, Website
from commerce.pricing import PriceTag, price_tags
from commerce.selectors import payment_term_of
from invoices.models import Invoice
from invoices.services import LineAsked
from plumbing.cardnumbers import CardNumbersRefused

if TYPE_CHECKING:
    AnyFormSet = forms.BaseFormSet[Any]  # generic for the type checker only
else:
    AnyFormSet = forms.BaseFormSet

ZERO = Decimal(0)


class InvoiceHeadForm(CardNumbersRefused, forms.Form):
    """What stands above and below the lines. Seller and customer are chosen once."""

    website = forms.ModelChoiceField(
        label=gettext_lazy("Website"),
        queryset=Website.objects.none(),
        widget=widgets.UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("Its brand, language and currency are on the invoice."),
    )
    customer = forms.ModelChoiceField(
        label=gettext_lazy("Customer"),
        queryset=Customer.objects.none(),
        widget=widgets.UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("Who will owe it."),
    )
    bill_to = forms.ModelChoiceField(
        label=gettext_lazy("Bill to"),
        queryset=Address.objects.none(),
        required=False,
        widget=widgets.UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("Choose an address to replace the one above. Empty: it stays."),
    )
    ship_to = forms.ModelChoiceField(
        label=gettext_lazy("Ship to"),
        queryset=Address.objects.none(),
        required=False,
        widget=widgets.UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("Choose an address to replace the one above. Empty: it stays."),
    )
    payment_term = forms.ModelChoiceField(
        label=gettext_lazy("Payment term"),
        queryset=PaymentTerm.objects.none(),
        required=False,
        widget=widgets.UnfoldAdminSelectWidget(),
        help_text=gettext_lazy("It says when the invoice is due."),
    )
    po_number = fields.text(label=gettext_lazy("PO number"), required=False, max_length=50)
    external_id = fields.text(label=gettext_lazy("Number in the ERP"), required=False, max_length=60)
    shipping = fields.MoneyField(label=gettext_lazy("Shipping"), initial=ZERO, help_text=gettext_lazy("Not taxed."))
    notes = forms.CharField(
        label=gettext_lazy("Notes"),
        required=False,
        widget=widgets.UnfoldAdminTextareaWidget(attrs={"rows": 2}),
        help_text=gettext_lazy("Printed on the invoice."),
    )

    def __init__(
        self, *args: Any, websites: Any, customers: Any, terms: Any, invoice: Invoice | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.invoice = invoice
        self._choices("website").queryset = websites
        self._choices("customer").queryset = customers.select_related("organization")
        self._choices("payment_term").queryset = terms
        if invoice is None:
            del self.fields["bill_to"], self.fields["ship_to"]
            self.fields["payment_term"].help_text = _("Empty: the customer's own term.")
            if len(websites) == 1:
                self.fields["website"].initial = websites[0]
            return
        del self.fields["website"], self.fields["customer"]
        addresses = Address.objects.filter(customer=invoice.customer_id)
        self._choices("bill_to").queryset = self._choices("ship_to").queryset = addresses
        for name in ("payment_term", "po_number", "external_id", "notes"):
            self.fields[name].initial = getattr(invoice, name)
        self.fields["shipping"].initial = typed(invoice.shipping, invoice.currency)

    def _choices(self, name: str) -> Any:
        return self.fields[name]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        customer, website = cleaned.get("customer"), cleaned.get("website")
        if customer and website and customer.organization_id != website.organization_id:
            self.add_error("customer", _("Customer and website belong to different sellers."))
        if self.invoice is None and customer is not None and address_of(customer, "billing") is None:
            self.add_error("customer", _("This customer has no address yet; add one at the customer first."))
        return cleaned

    def whom(self) -> tuple[Website, Customer]:
        """The website and customer of a new invoice."""
        return self.cleaned_data["website"], self.cleaned_data["customer"]

    def values(self) -> dict[str, Any]:
        """Keyword arguments for `invoice_draft` (new) or `invoice_draft_update`."""
        data = self.cleaned_data
        common = {name: data[name] for name in ("po_number", "external_id", "shipping", "notes")}
        if self.invoice is not None:
            return {
                **common,
                "payment_term": data["payment_term"],
                "bill_to": AddressSnapshot.of(data["bill_to"]) if data.get("bill_to") else None,
                "ship_to": AddressSnapshot.of(data["ship_to"]) if data.get("ship_to") else None,
            }
        customer = data["customer"]
        billing, shipping = address_of(customer, "billing"), address_of(customer, "shipping")
        if billing is None:
            raise forms.ValidationError(_("This customer has no address yet; add one at the customer first."))
        return {
            **common,
            "website": data["website"],
            "customer": customer,
            "payment_term": data["payment_term"] or payment_term_of(customer=customer),
            "bill_to": AddressSnapshot.of(billing),
            "ship_to": AddressSnapshot.of(shipping or billing),
        }


def address_of(customer: Customer, kind: str) -> Address | None:
    """The default address of a kind, else the oldest one."""
    return customer.addresses.order_by(f"-is_default_{kind}", "pk").first()


class LineForm(CardNumbersRefused, forms.Form):
    product = forms.ModelChoiceField(
        label=gettext_lazy("Product"),
        queryset=Product.objects.none(),
        required=False,
        widget=widgets.UnfoldAdminSelectWidget(),
    )
    name = fields.text(label=gettext_lazy("Description"), required=False, max_length=200)
    quantity = forms.DecimalField(
        label=gettext_lazy("Quantity"),
        max_digits=12,
        decimal_places=4,
        min_value=Decimal("0.0001"),
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
    )
    unit = fields.text(label=gettext_lazy("Unit"), required=False, max_length=20)
    unit_price = fields.MoneyField(
        label=gettext_lazy("Unit price"),
        required=False,
        help_text=gettext_lazy("Empty: what the product costs this customer at this quantity."),
    )
    discount = fields.MoneyField(label=gettext_lazy("Discount"), required=False)
    tax_percent = forms.DecimalField(
        label=gettext_lazy("Tax %"),
        max_digits=7,
        decimal_places=4,
        min_value=ZERO,
        max_value=Decimal("99.9999"),
        required=False,
        widget=widgets.UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal"}),
        help_text=gettext_lazy("Empty: the website's rate. 0: exempt from tax."),
    )

    def __init__(self, *args: Any, products: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["product"].queryset = products  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if not cleaned.get("product") and not cleaned.get("name", "").strip():
            self.add_error("name", _("Choose a product or describe the line."))
        if not cleaned.get("product") and cleaned.get("unit_price") is None and "unit_price" not in self.errors:
            self.add_error("unit_price", _("Write the price: only a product has one to suggest."))
        return cleaned

    def fill(self, *, tag: PriceTag | None, tax_rate: Decimal) -> None:
        """Complete a valid line: the customer's price of its product, the website's tax rate. What was typed stands."""
        data = self.cleaned_data
        if data.get("tax_percent") is None:
            data["tax_percent"] = tax_rate * 100
        if data.get("unit_price") is None:
            if tag is None:
                self.add_error("unit_price", _("Write the price: no price list has one for this customer."))
            elif data["quantity"] < tag.min_quantity:
                told = _("Write the price: price lists start at {least}.")
                self.add_error("unit_price", told.format(least=quantity(tag.min_quantity)))
            else:
                data["unit_price"] = tag.price_for(data["quantity"])

    def asked(self) -> LineAsked:
        data = self.cleaned_data
        product: Product | None = data.get("product")
        return LineAsked(
            name=data["name"].strip() or (product.name if product else ""),
            quantity=data["quantity"],
            unit_price=data["unit_price"],
            discount=data.get("discount") or ZERO,
            tax_rate=data["tax_percent"] / 100,
            sku=product.sku if product else "",
            unit=data["unit"] or (product.unit.code if product else ""),
            commodity_code=product.commodity_code if product else "",
            product=product,
        )


class LinesBase(AnyFormSet):
    def fill(self, *, website: Website, customer: Customer, now: datetime) -> bool:
        """Complete what was left empty. False: something cannot be, and an error stands at its field."""
        lines = self._written()
        unpriced = [one for one in lines if one.cleaned_data.get("unit_price") is None]
        products = [one.cleaned_data["product"] for one in unpriced if one.cleaned_data.get("product")]
        tags = price_tags(customer=customer, website=website, products=products, now=now) if products else {}
        for one in lines:
            product: Product | None = one.cleaned_data.get("product")
            one.fill(tag=tags.get(product.pk) if product else None, tax_rate=website.tax_rate)
        return not any(one.errors for one in lines)

    def asked(self) -> list[LineAsked]:
        """The lines to bill, in the order they stand."""
        return [one.asked() for one in self._written()]

    def _written(self) -> list[Any]:
        return [
            form for form in self.forms if form.has_changed() and form.cleaned_data and form not in self.deleted_forms
        ]


LineFormSet = forms.formset_factory(LineForm, formset=LinesBase, extra=0, can_delete=True, max_num=500)


def lines_initial(invoice: Invoice) -> list[dict[str, Any]]:
    """What the rows show of a draft."""
    return [
        {
            "product": line.product_id,
            "name": line.name,
            "quantity": quantity(line.quantity),
            "unit": line.unit,
            "unit_price": typed(line.unit_price, invoice.currency),
            "discount": typed(line.discount, invoice.currency),
            "tax_percent": quantity(line.tax_rate * 100),
        }
        for line in invoice.lines.order_by("position")
    ]
