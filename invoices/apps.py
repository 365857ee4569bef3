from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class InvoicesConfig(AppConfig):
    name = "invoices"
    verbose_name = _("Invoices")

    def ready(self) -> None:
        from commerce.ports import order_listeners
        from invoices.control import CreditTotal, ReceivableTotal
        from invoices.handlers import InvoicePayable
        from invoices.jobs import ORDER_JOB, DrawDocument, InvoiceOrder, IssueReceipt, PlacedOrders
        from invoices.services.memo import DebitMemos
        from invoices.services.post import DOCUMENT_JOB
        from invoices.services.receipt import RECEIPT_JOB
        from ledger.ports import control_totals
        from oropay.models import PayableKind
        from oropay.ports import DEBTS, debts, payable_handlers
        from plumbing.ports import job_runners

        payable_handlers.register(PayableKind.INVOICE, InvoicePayable())
        debts.register(DEBTS, DebitMemos())
        control_totals.register("invoices.receivable", ReceivableTotal())
        control_totals.register("invoices.customer_credit", CreditTotal())
        order_listeners.register("invoices", PlacedOrders())
        job_runners.register(DOCUMENT_JOB, DrawDocument())
        job_runners.register(RECEIPT_JOB, IssueReceipt())
        job_runners.register(ORDER_JOB, InvoiceOrder())
