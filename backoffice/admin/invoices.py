"""Invoices: drafts are written here, posted ones are shown; posting, voiding, the PDF, a recorded check."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from backoffice.admin.drafts import DraftPages, lines_table
from backoffice.admin.orders import receipt_record
from backoffice.dialogs import Words, dialog
from backoffice.display import address, badge, dash, day, due, link, list_of, moment, money, plain
from backoffice.files import attachment
from backoffice.forms.sales import DeleteDraftForm, PostForm, ReceiptForm, VoidForm
from backoffice.lineage import entries_of_source, name_of_entry
from backoffice.paid import activity, payments_table
from backoffice.records import Facts, Section, Table, Timeline, Trail
from backoffice.scoping import ScopedRelatedFilter, staff_of
from backoffice.status import LastAttemptFilter, StatusButtons, beside, paid_shown, status_facts, status_shown
from backoffice.unfolded import ActionVariant, display, unfold_action
from invoices.models import Invoice, InvoiceState
from invoices.services import invoice_draft_delete, invoice_post, invoice_void, void_refusal
from oropay.models import Payable, Payment
from oropay.selectors import due_of


class BalanceFilter(admin.SimpleListFilter):
    title = gettext_lazy("balance")
    parameter_name = "balance"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [("open", _("Open")), ("overdue", _("Overdue")), ("paid", _("Paid"))]

    def queryset(self, request: HttpRequest, queryset: Any) -> Any:
        posted = queryset.filter(state=InvoiceState.POSTED).annotate(open=due_of("payable__"))
        match self.value():
            case "open":
                return posted.filter(open__gt=0)
            case "overdue":
                return posted.filter(open__gt=0, due_on__lt=timezone.localdate())
            case "paid":
                return posted.filter(open__lte=0)
        return queryset


@admin.register(Invoice)
class InvoiceAdmin(StatusButtons, DraftPages):
    empty = gettext_lazy(
        "An invoice appears here when it is drafted: by hand, on an order, or when an order is placed on terms."
    )
    list_display = [
        "name",
        "customer",
        "shown_total",
        "paid",
        "balance",
        "shown_status",
        "method",
        "due_shown",
        "order",
    ]
    list_filter = [
        "state",
        BalanceFilter,
        "payable__status",
        "payable__method",
        LastAttemptFilter,
        "payable__is_forced",
        ("website", ScopedRelatedFilter),
        ("issued_on", admin.DateFieldListFilter),
    ]
    search_fields = ["number", "external_id", "po_number", "order__number", "customer__name"]
    search_help_text = gettext_lazy("Invoice, order or PO number, the ERP's number, or the customer")
    list_select_related = ["customer", "order", "payable", "organization"]
    ordering = ["-id"]
    actions_detail = [
        "post_invoice",
        "record_receipt",
        "download",
        "void_invoice",
        "delete_draft",
        "force_status",
        "unforce_status",
    ]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("invoices.add_invoice")

    def possible(self, request: HttpRequest, row: Invoice) -> dict[str, bool]:
        draft = row.state == InvoiceState.DRAFT
        owed = row.payable if row.state == InvoiceState.POSTED else None
        return {
            "post_invoice": draft,
            "delete_draft": draft,
            "void_invoice": owed is not None and untouched(owed) and not void_refusal(invoice=row),
            "record_receipt": owed is not None and owed.payable_now > 0,
            "download": row.document_id is not None,
            "force_status": owed is not None,
            "unforce_status": row.payable is not None and row.payable.is_forced,
        }

    # --- buttons

    @dialog(
        title=gettext_lazy("Post"),
        form=PostForm,
        permissions=["invoices.post_invoice"],
        icon="lock",
        variant=ActionVariant.PRIMARY,
    )
    def post_invoice(self, request: HttpRequest, form: PostForm) -> Words:
        posted = invoice_post(invoice=form.row, by=staff_of(request), now=timezone.now())
        return _("{number} is posted. Its PDF is being drawn and appears here in a few seconds.").format(
            number=posted.number
        )

    @dialog(
        title=gettext_lazy("Void"),
        form=VoidForm,
        permissions=["invoices.void_invoice"],
        icon="block",
        variant=ActionVariant.DANGER,
    )
    def void_invoice(self, request: HttpRequest, form: VoidForm) -> Words:
        invoice_void(invoice=form.row, note=form.cleaned_data["note"], by=staff_of(request), now=timezone.now())
        return _("{number} is void; nobody owes it any more.").format(number=form.row.number)

    @dialog(
        title=gettext_lazy("Throw away"),
        form=DeleteDraftForm,
        permissions=["invoices.delete_invoice"],
        icon="delete",
        variant=ActionVariant.DANGER,
        leads_to=lambda row: list_of(Invoice),
    )
    def delete_draft(self, request: HttpRequest, form: DeleteDraftForm) -> Words:
        invoice_draft_delete(invoice=form.row)
        return _("The draft is gone.")

    @dialog(
        title=gettext_lazy("Record offline payment"),
        form=ReceiptForm,
        permissions=["oropay.add_payment"],
        icon="payments",
    )
    def record_receipt(self, request: HttpRequest, form: ReceiptForm) -> Words:
        return receipt_record(form, request)

    @unfold_action(description=gettext_lazy("Download PDF"), icon="download", permissions=["invoices.view_invoice"])
    def download(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:invoices_invoice_file", args=[object_id]))

    def get_custom_urls(self) -> tuple[tuple[str, str, Any], ...]:
        return (("<int:invoice_id>/file/", "invoices_invoice_file", self.file_view),)

    def file_view(self, request: HttpRequest, invoice_id: int, model_admin: Any = None) -> HttpResponse:
        row = self.row_or_404(request, invoice_id)
        if row.document is None:
            raise Http404
        return attachment(row.document)

    # --- list

    @display(description=gettext_lazy("Number"), ordering="number")
    def name(self, row: Invoice) -> Any:
        return plain(row.number or _("Draft #{id}").format(id=row.pk))

    @display(description=gettext_lazy("Due"), ordering="due_on")
    def due_shown(self, row: Invoice) -> Any:
        if row.payable is None or row.payable.due <= 0:
            return day(row.due_on)
        return due(row.due_on, row.organization.today(timezone.now()))

    @display(description=gettext_lazy("Status"), ordering="payable__status")
    def shown_status(self, row: Invoice) -> Any:
        """Of a posted one what was paid; of the others that they are drafts or void."""
        return self.payment_status(row) if row.state == InvoiceState.POSTED else badge(row, "state")

    def payment_status(self, row: Invoice) -> Any:
        return status_shown(row.payable) if row.payable and row.state == InvoiceState.POSTED else dash()

    @display(description=gettext_lazy("Method"), ordering="payable__method")
    def method(self, row: Invoice) -> Any:
        return (row.payable.get_method_display() if row.payable else "") or dash()

    @display(description=gettext_lazy("Paid"), ordering="payable__paid")
    def paid(self, row: Invoice) -> Any:
        return paid_shown(row.payable) if row.payable else dash()

    @display(description=gettext_lazy("Total"), ordering="total")
    def shown_total(self, row: Invoice) -> Any:
        return money(row.total, row.currency)

    @display(description=gettext_lazy("Balance"))
    def balance(self, row: Invoice) -> Any:
        return money(row.payable.due, row.currency) if row.payable else dash()

    # --- page of a posted one

    def heading(self, row: Invoice) -> str:
        return f"{row.get_kind_display()} {row.number}" if row.number else _("Draft invoice")

    def heading_amount(self, row: Invoice) -> Any:
        return money(row.total, row.currency)

    def headline(self, request: HttpRequest, row: Invoice) -> Sequence[Any]:
        return (badge(row, "state"), self.payment_status(row), *(beside(row.payable) if row.payable else ()))

    def sections(self, request: HttpRequest, row: Invoice) -> Iterable[Section]:
        yield Facts(
            _("Details"),
            [
                (_("Customer"), link(row.customer)),
                *([(_("Owed because of"), link(row.cause.payment))] if row.cause is not None else []),
                (_("Order"), link(row.order) if row.order else dash()),
                (_("Date"), day(row.issued_on)),
                (_("Due"), self.due_shown(row)),
                (_("Payment term"), row.payment_term or dash()),
                (_("PO number"), row.po_number or dash()),
                (_("Number in the ERP"), row.external_id or dash()),
                (_("Drafted by"), row.created_by or _("the system")),
                (_("Posted"), moment(row.posted_at)),
                (_("Bill to"), address(row.bill_to)),
                (_("Ship to"), address(row.ship_to)),
                (_("Notes"), row.notes or dash()),
            ],
        )
        if row.payable is not None:
            yield status_facts(row.payable)
        yield lines_table(row)
        if row.payable is not None:  # a draft is owed by nobody yet
            yield payments_table(request, Payment.objects.filter(parts__payable=row.payable))
        yield Table(
            _("Allocations"),
            [_("Kind"), _("State"), _("Payment"), _("Date"), _("Amount")],
            [
                [
                    one.get_kind_display(),
                    badge(one, "state"),
                    link(one.payment, f"#{one.payment_id}") if one.payment else dash(),
                    day(one.occurred_on),
                    money(one.amount, row.currency),
                ]
                for one in row.allocations.select_related("payment")
            ],
            empty=_("What clears this invoice will appear here."),
            right=frozenset({4}),
        )
        yield Trail(
            _("In the books"),
            [(_("Journal"), [link(one, name_of_entry(one)) for one in entries_of_source(f"invoice:{row.pk}")])],
        )
        yield Timeline(_("Activity"), activity(row, row.payable), empty=_("Notes about this invoice will appear here."))


def untouched(payable: Payable) -> bool:
    """Whether no money at all is on it: only then can it be voided."""
    return not (payable.paid or payable.settling or payable.held or payable.cleared)
