"""Kinds of event that a walk meets by how they left the rows: of money that a bill took over too."""

from collections.abc import Callable

from django.utils import timezone

from commerce.models import Order, User
from invoices.services import invoice_draft_from_order, invoice_post
from oropay.models import PaymentTransaction
from tests.contract.sandbox import Sandbox
from tests.oropay.house import reread, send_back
from tests.oropay.life.kinds import kinds_met

AFTER_THE_BILL = "a debit comes back after its order was billed"


def test_a_debit_that_comes_back_after_its_order_was_billed_is_met(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, order: Order, clerk: User
) -> None:
    charge = settled()
    order.refresh_from_db()
    draft = invoice_draft_from_order(order=order, by=clerk, now=timezone.now())
    invoice_post(invoice=draft, by=clerk, now=timezone.now())
    before = kinds_met(order.organization)
    send_back(sandbox, charge)

    reread(charge)

    assert (AFTER_THE_BILL in before, AFTER_THE_BILL in kinds_met(order.organization)) == (False, True)


def test_a_debit_that_comes_back_before_the_bill_is_not_that(
    settled: Callable[..., PaymentTransaction], sandbox: Sandbox, order: Order
) -> None:
    charge = settled()
    send_back(sandbox, charge)

    reread(charge)

    met = kinds_met(order.organization)
    assert ("a debit comes back" in met, AFTER_THE_BILL in met) == (True, False)
