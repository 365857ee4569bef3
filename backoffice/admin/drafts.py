"""Writing an invoice before it counts: the page of a draft, which saves, and which posts only what it has saved."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.forms import Script
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from backoffice.admin.orders import totals_sentence
from backoffice.dialogs import REFUSALS
from backoffice.display import address, dash, link, money, quantity
from backoffice.forms.invoice import InvoiceHeadForm, LineFormSet, LinesBase, lines_initial
from backoffice.records import Facts, RecordAdmin, Table
from backoffice.scoping import ScopedAdmin, staff_of
from commerce.models import Customer, PaymentTerm, Product, Website
from invoices.models import Invoice, InvoiceState
from invoices.services import invoice_draft, invoice_draft_update

POST = "post"
"""What the second button of the page asks for: save, then open the dialog that posts."""


class DraftPages(RecordAdmin):
    """The page on which a draft is written; a posted invoice is shown like any other record."""

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._draft_page(request, None)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.row_or_404(request, object_id)
        if row.state == InvoiceState.DRAFT and request.user.has_perm("invoices.change_invoice"):
            return self._draft_page(request, row)
        return super().change_view(request, object_id, form_url, extra_context)

    def _draft_page(self, request: HttpRequest, row: Invoice | None) -> HttpResponse:
        head = InvoiceHeadForm(
            request.POST or None,
            invoice=row,
            websites=self._mine(request, Website),
            customers=self._mine(request, Customer).filter(is_active=True).order_by("name"),
            terms=self._mine(request, PaymentTerm).order_by("name"),
        )
        from_order = row is not None and row.order_id is not None
        lines = self._lines(request, row) if not from_order else None
        if request.method == "POST" and head.is_valid() and _lines_fit(row, head, lines):
            try:
                saved = self._save(request, row, head, lines)
            except REFUSALS as refused:
                head.add_error(None, str(refused))
            else:
                messages.success(request, _("The draft is saved. Nothing is owed until it is posted."))
                then = {POST: "1"} if POST in request.POST else None
                return HttpResponseRedirect(reverse("admin:invoices_invoice_change", args=[saved.pk], query=then))
        request.current_app = self.admin_site.name
        may_post = request.user.has_perm("invoices.post_invoice")
        return TemplateResponse(
            request,
            "backoffice/invoice_draft.html",
            {
                **self.admin_site.each_context(request),
                "title": _("Draft invoice for {customer}").format(customer=row.customer) if row else _("New invoice"),
                "own_heading": True,
                "amount": money(row.total, row.currency) if row else "",
                "opts": self.opts,
                "original": row,
                "change": row is not None,
                "actions_detail": self._draft_actions(request, row) if row else [],
                "may_post": may_post,
                "post_dialog": reverse("admin:invoices_invoice_post_invoice", args=[row.pk])
                if row and may_post and POST in request.GET and request.method == "GET"
                else "",
                "billed": billed_facts(row) if row else None,
                "head": head,
                "lines": lines,
                "row": row,
                "totals": totals_sentence(row) if row else "",
                "section": lines_table(row) if row and from_order else None,
                "script": Script("backoffice/lines.js", type="module"),
            },
        )

    def _draft_actions(self, request: HttpRequest, row: Invoice) -> list[Any]:
        """Without the button that posts: it would post what was saved and drop what was typed since."""
        unfold: Any = self  # its own methods, which carry no types
        offered = [
            one
            for one in unfold.get_actions_detail(request, row.pk)
            if one.method.original_function_name != "post_invoice"
        ]
        found: list[Any] = unfold._get_actions_navigation(unfold.actions_detail, offered, row.pk)
        return [one for one in found if one]

    def _lines(self, request: HttpRequest, row: Invoice | None) -> LinesBase:
        products = self._mine(request, Product).filter(is_active=True).select_related("unit").order_by("sku")
        if row is not None:
            products = products.filter(organization=row.organization_id)
        formset = LineFormSet(
            request.POST or None,
            prefix="lines",
            initial=lines_initial(row) if row else None,
            form_kwargs={"products": products},
        )
        if not formset.is_bound:
            formset.extra = 0 if row and row.lines.exists() else 3
        return formset  # type: ignore[return-value]

    def _save(
        self, request: HttpRequest, row: Invoice | None, head: InvoiceHeadForm, lines: LinesBase | None
    ) -> Invoice:
        by = staff_of(request)
        if row is None:
            return invoice_draft(**head.values(), lines=lines.asked() if lines else [], by=by, now=timezone.now())
        return invoice_draft_update(invoice=row, **head.values(), lines=None if lines is None else lines.asked())

    def _mine(self, request: HttpRequest, model: Any) -> QuerySet[Any]:
        page = self.admin_site._registry[model]
        if not isinstance(page, ScopedAdmin):
            raise Http404
        return model._default_manager.filter(page.scope(request))  # type: ignore[no-any-return]


def _lines_fit(row: Invoice | None, head: InvoiceHeadForm, lines: LinesBase | None) -> bool:
    """Whether every line says enough, once what was left empty is filled in for this customer on this website."""
    if lines is None:
        return True
    if not lines.is_valid():
        return False
    website, customer = (row.website, row.customer) if row else head.whom()
    return lines.fill(website=website, customer=customer, now=timezone.now())


def billed_facts(row: Invoice) -> Facts:
    """Whom a draft bills, and where the goods went, as they stand now."""
    return Facts(
        _("Bills"),
        [
            (_("Customer"), link(row.customer)),
            (_("Order"), link(row.order, _("Order {number}").format(number=row.order)) if row.order else dash()),
            (_("Website"), str(row.website)),
            (_("Bill to"), address(row.bill_to)),
            (_("Ship to"), address(row.ship_to)),
        ],
    )


def lines_table(row: Invoice) -> Table:
    return Table(
        _("Lines"),
        [_("SKU"), _("Name"), _("Quantity"), _("Unit price"), _("Discount"), _("Tax"), _("Total")],
        [
            [
                one.sku or dash(),
                one.name,
                f"{quantity(one.quantity)} {one.unit}",
                money(one.unit_price, row.currency),
                money(one.discount, row.currency),
                money(one.tax, row.currency),
                money(one.total, row.currency),
            ]
            for one in row.lines.order_by("position")
        ],
        empty=_("An invoice without lines."),
        right=frozenset({2, 3, 4, 5, 6}),
        note=totals_sentence(row),
    )
