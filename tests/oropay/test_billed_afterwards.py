"""An order's money came and went before its invoice is posted: the invoice is paid with what is left, and no more."""

from collections.abc import Callable
from decimal import Decimal

from commerce.models import Order, User
from invoices.models import Invoice
from invoices.services import invoice_draft_from_order, invoice_post
from ledger.models import AccountName
from ledger.services import ledger_check
from oropay.models import Payable, PaymentTransaction
from tests.contract.sandbox import Sandbox
from tests.factories import NOON
from tests.invoices.house import allocations, payable_of, posted_lines
from tests.oropay.house import reread, send_back

Books = Callable[[AccountName], Decimal]


def billed(order: Order, clerk: User) -> Invoice:
    order.refresh_from_db()
    return invoice_post(invoice=invoice_draft_from_order(order=order, by=clerk, now=NOON), by=clerk, now=NOON)


def test_a_debit_that_came_back_before_the_order_is_billed_pays_nothing_of_its_invoice(
    settled: Callable[..., PaymentTransaction],
    sandbox: Sandbox,
    order: Order,
    payable: Payable,
    clerk: User,
    books: Books,
) -> None:
    debit = settled()
    send_back(sandbox, debit)
    reread(debit)
    assert books(AccountName.CUSTOMER_DEPOSIT) == 0

    invoice = billed(order, clerk)

    assert allocations(invoice) == []
    assert posted_lines(f"invoice:{invoice.pk}") == [{"receivable": "100.00", "revenue": "-100.00"}]
    owed = payable_of(invoice)
    assert (owed.paid, owed.payable_now) == (Decimal(0), Decimal(100))
    assert (books(AccountName.CUSTOMER_DEPOSIT), books(AccountName.RECEIVABLE)) == (Decimal(0), Decimal(100))
    assert ledger_check() == []
