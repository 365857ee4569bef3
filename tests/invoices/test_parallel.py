"""Two connections meet: numbers without gaps, one winner for one order, a recording that waits for a posting."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal
from threading import Barrier, Thread

import pytest
from django.db import connection
from moneyed import Money

from commerce.services import number_next
from invoices.exceptions import OrderNotBillable
from invoices.models import CustomerCredit, Invoice, InvoiceKind, InvoiceState
from invoices.services import invoice_draft_from_order, invoice_post
from oropay import engine
from oropay.gateway.port import Answer, Verdict
from oropay.models import PaymentTransaction, RefundSource, TransactionState
from oropay.services import capture_start
from tests.factories import NOON
from tests.invoices.house import House, allocations, house_build, payable_of, placed
from tests.invoices.test_money import check_arrives


@pytest.fixture
def house(transactional_db: None) -> House:
    return house_build()


def together(*works: Callable[[], object]) -> list[object]:
    """Run all at once, each on its own connection; exceptions come back as results."""
    start = Barrier(len(works))

    def run(work: Callable[[], object]) -> object:
        start.wait(timeout=10)
        try:
            return work()
        except Exception as error:
            return error
        finally:
            connection.close()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(run, works))


def somebody_waits() -> bool:
    """Whether a connection waits for a lock that another holds."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT EXISTS (SELECT FROM pg_locks WHERE NOT granted)")
        return bool(cursor.fetchone()[0])


def test_twelve_postings_at_once_take_twelve_numbers_without_a_gap(house: House) -> None:
    drafts = [house.draft("10.00") for _ in range(12)]

    results = together(*(lambda draft=draft: invoice_post(invoice=draft, by=None, now=NOON) for draft in drafts))

    assert all(isinstance(result, Invoice) for result in results), results
    assert sorted(Invoice.objects.values_list("number", flat=True)) == [
        f"INV-2026-11-{number:05d}" for number in range(1, 13)
    ]


def test_two_clerks_draft_one_order_and_one_of_them_is_told(house: House) -> None:
    order = placed(house.order("100.00"))

    results = together(*[lambda: invoice_draft_from_order(order=order, by=None, now=NOON)] * 2)

    assert {type(result) for result in results} == {Invoice, OrderNotBillable}
    assert Invoice.objects.count() == 1


def test_two_clicks_on_post_post_once(house: House) -> None:
    draft = house.draft("10.00")

    results = together(*[lambda: invoice_post(invoice=draft, by=None, now=NOON)] * 2)

    assert sum(isinstance(result, Invoice) for result in results) == 1
    assert list(Invoice.objects.values_list("number", "state")) == [("INV-2026-11-00001", InvoiceState.POSTED)]
    assert house.customer.payables.count() == 1


def test_a_capture_recorded_while_the_order_is_being_billed_finds_the_invoice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The recording waits for the order's payable, which by then stands for nothing: it must look again."""
    house.hold_at_checkout()
    order = house.order("100.00")
    payment = house.paid(order.payable, amounts=["100.00"])
    draft = invoice_draft_from_order(order=placed(order), by=None, now=NOON)
    recorder = Thread(target=_record_capture, args=(house, payment))

    def number_slowly(**asked: object) -> str:
        _queue_capture_elsewhere()
        return number_next(**asked)  # type: ignore[arg-type]

    def _queue_capture_elsewhere() -> None:
        recorder.start()
        recorder.join(timeout=1)
        assert recorder.is_alive(), "the recording must wait for the posting"

    monkeypatch.setattr("invoices.services.post.number_next", number_slowly)
    invoice = invoice_post(invoice=draft, by=None, now=NOON)
    recorder.join(timeout=10)

    assert not recorder.is_alive()
    assert allocations(invoice) == [("live", "100.00")]
    assert payable_of(invoice).paid == Decimal(100)


def test_two_refunds_recorded_at_once_give_the_same_credit_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both were asked for while there was credit for both; a dispute has taken the half of it since."""
    invoice, other = house.posted("100.00"), house.posted("90.00")
    payment = house.pay(payable_of(invoice), amounts=["100.00"])
    check_arrives(house, payable_of(invoice), "80.00")
    house.says(payment, Verdict.APPROVED)
    refunds = [
        house.refund(paid, "40.00", payable=None, source=RefundSource.CREDIT)
        for paid in (payment, house.paid(payable_of(other), amounts=["90.00"]))
    ]
    PaymentTransaction.objects.filter(pk__in=[row.pk for row in refunds]).update(state=TransactionState.SENDING)
    CustomerCredit.objects.update(remaining=Decimal(40))
    second = Thread(target=_record_refund, args=(refunds[1],))

    def mail_slowly(**asked: object) -> None:
        if asked["refund"] != refunds[0]:
            return
        second.start()
        second.join(timeout=1)
        assert second.is_alive(), "the second recording must wait for the first"

    monkeypatch.setattr("oropay.engine.follow.refund.refund_mail", mail_slowly)
    _record_refund(refunds[0])
    second.join(timeout=10)

    assert not second.is_alive()
    assert [credit.remaining for credit in CustomerCredit.objects.all()] == [Decimal(0)]
    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    assert (memo.cause, memo.total) == (refunds[1], Decimal(40))


def _record_refund(refund: PaymentTransaction) -> None:
    """The worker's side: the gateway gave it back."""
    amount = Money(refund.amount, refund.currency)
    answer = Answer(
        verdict=Verdict.APPROVED, http_status=200, gateway_id=f"TRN_{refund.pk}", type="REFUND", amount=amount
    )
    try:
        engine.record(transaction_id=refund.pk, answer=answer, kind="send", now=NOON)
    finally:
        connection.close()


def _record_capture(house: House, payment: object) -> None:
    """The worker's side: a capture that was asked for and approved."""
    try:
        hold = payment.transactions.get(action="authorize")  # type: ignore[attr-defined]
        capture = capture_start(hold=hold, amount=Decimal(100), by=house.clerk, now=NOON)
        PaymentTransaction.objects.filter(pk=capture.pk).update(state=TransactionState.SENDING)
        house.says(payment, Verdict.APPROVED)  # type: ignore[arg-type]
    finally:
        connection.close()
