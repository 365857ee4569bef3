"""Voids, refunds and bank debits: what staff and banks do to a payment afterwards."""

from collections.abc import Callable
from decimal import Decimal

import pytest
from django.utils import timezone

from commerce.models import Order
from commerce.services import setting_set
from ledger.models import AccountName
from oropay import engine
from oropay.exceptions import CancelRefused, FollowUpRunning, NoteRequired, RefundRefused, RefundTooLarge
from oropay.models import (
    Action,
    Alert,
    AlertKind,
    Exchange,
    FailureReason,
    Instrument,
    InstrumentState,
    MoneyState,
    Payable,
    Payment,
    PaymentStatus,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    RefundSource,
    TransactionState,
)
from oropay.scoped import ACH_REFUND_HOLD
from oropay.services import (
    RefundLineAsked,
    SettledKind,
    SettledNote,
    refund_lines_suggested,
    refund_start,
    settlement_note,
)
from oropay.services.followup import reversal_queue
from oropay.vault import Sealed, payload_open
from plumbing.models import Note
from tests.contract.sandbox import Sandbox
from tests.oropay.house import bank, cancel_of

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]


@pytest.fixture
def charge(start: Start, run: Run) -> PaymentTransaction:
    """An approved charge of 100.00."""
    return run(start())


def refund(charge: PaymentTransaction, amount: str, order: Order, note: str = "sent twice") -> PaymentTransaction:
    return refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(amount)),
        reason=RefundReason.DUPLICATE,
        note=note,
        by=order.placed_by,
        now=timezone.now(),
    )


def close_the_batch(sandbox: Sandbox) -> None:
    sandbox.control("/settlement/run", {})


def test_a_refund_gives_back_part_and_takes_it_from_the_deposit(
    charge: PaymentTransaction, run: Run, order: Order, payable: Payable, books: Books
) -> None:
    row = run(refund(charge, "40.00", order))

    assert (row.state, row.gateway_id[:4]) == (TransactionState.APPROVED, "TRN_")
    assert [(line.source, line.amount) for line in row.refund_lines.all()] == [(RefundSource.DEPOSIT, 40)]
    assert books(AccountName.GATEWAY_CLEARING) == 60
    assert books(AccountName.CUSTOMER_DEPOSIT) == -60
    payable.refresh_from_db()
    assert (payable.paid, payable.refunded, payable.status) == (
        Decimal(60),
        Decimal(40),
        PaymentStatus.REFUNDED_PARTIALLY,
    )
    assert Note.objects.get().text == "sent twice"


def test_a_refund_of_more_than_is_left_moves_nothing(
    charge: PaymentTransaction, run: Run, order: Order, books: Books
) -> None:
    run(refund(charge, "60.00", order))

    with pytest.raises(RefundTooLarge, match=r"Nothing was refunded. \$60.00 is more than the \$40.00"):
        refund(charge, "60.00", order)

    assert charge.children.count() == 1
    assert books(AccountName.GATEWAY_CLEARING) == 40


def test_a_refund_to_a_closed_card_is_declined_gives_nothing_back_and_may_be_asked_for_again(
    charge: PaymentTransaction, run: Run, order: Order, payable: Payable, books: Books, sandbox: Sandbox
) -> None:
    queued = refund(charge, "40.00", order)
    match = {"endpoint": "/transactions/{id}/refund", "reference": charge.reference}
    sandbox.control("/rules", {"match": match, "action": {"decline": {"result": "101"}}, "times": 1})

    declined = run(queued)

    assert declined.state == TransactionState.DECLINED
    assert books(AccountName.GATEWAY_CLEARING) == 100
    payable.refresh_from_db()
    assert (payable.paid, payable.refunded) == (Decimal(100), Decimal(0))
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.CAPTURED
    again = run(refund(charge, "100.00", order))
    assert (again.state, books(AccountName.GATEWAY_CLEARING)) == (TransactionState.APPROVED, Decimal(0))


def test_two_refunds_of_one_charge_never_run_together(charge: PaymentTransaction, order: Order) -> None:
    refund(charge, "10.00", order)

    with pytest.raises(FollowUpRunning):
        refund(charge, "10.00", order)

    assert charge.children.count() == 1


def test_a_refund_without_a_note_is_refused(charge: PaymentTransaction, order: Order) -> None:
    with pytest.raises(NoteRequired):
        refund(charge, "10.00", order, note="  ")

    assert charge.children.count() == 0


def test_a_refund_from_something_this_payment_did_not_pay_is_refused(charge: PaymentTransaction, order: Order) -> None:
    with pytest.raises(RefundRefused, match="did not pay"):
        refund_start(
            charge=charge,
            lines=[RefundLineAsked(source=RefundSource.INVOICE, amount=Decimal(10), payable_id=charge.pk + 999)],
            reason=RefundReason.OTHER,
            note="wrong",
            by=order.placed_by,
            now=timezone.now(),
        )

    assert charge.children.count() == 0


def test_a_deposit_is_not_refunded_as_if_it_were_credit(charge: PaymentTransaction, order: Order) -> None:
    with pytest.raises(RefundRefused, match=r"Nothing was refunded\. Money paid for an order that is not billed"):
        refund_start(
            charge=charge,
            lines=[RefundLineAsked(source=RefundSource.CREDIT, amount=Decimal(10))],
            reason=RefundReason.OTHER,
            note="wrong pocket",
            by=order.placed_by,
            now=timezone.now(),
        )

    assert charge.children.count() == 0


def test_a_refund_whose_answer_was_lost_is_found_by_its_reference_and_never_sent_again(
    charge: PaymentTransaction, run: Run, order: Order, sandbox: Sandbox, books: Books
) -> None:
    row = refund(charge, "40.00", order)
    sandbox.control(
        "/rules", {"match": {"endpoint": "/transactions/{id}/refund"}, "action": {"drop": {"when": "after"}}}
    )
    assert run(row).state == TransactionState.UNKNOWN

    engine.look(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    assert row.state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 60
    assert len(sandbox.gateway().find_by_reference(reference=row.reference).found) == 1


def answers_instead(sandbox: Sandbox, endpoint: str, **differs: object) -> None:
    """The gateway's next answer at one endpoint is a refund as told."""
    body = {
        "id": "TRN_given",
        "type": "REFUND",
        "status": "CAPTURED",
        "amount": "4000",
        "currency": "USD",
        "payment_method": {"result": "00"},
        "action": {"result_code": "SUCCESS"},
        **differs,
    }
    rule = {"match": {"endpoint": endpoint, "method": "POST"}, "action": {"http": {"status": 200, "body": body}}}
    sandbox.control("/rules", {**rule, "times": 1})


@pytest.mark.parametrize(
    "differs", [{"amount": "2000"}, {"currency": "EUR"}, {"amount": None}], ids=["half", "euros", "none"]
)
def test_a_refund_approved_for_another_amount_is_neither_booked_nor_called_back(
    charge: PaymentTransaction,
    run: Run,
    order: Order,
    payable: Payable,
    books: Books,
    sandbox: Sandbox,
    differs: dict[str, object],
) -> None:
    answers_instead(sandbox, "/transactions/{id}/refund", **differs)

    row = run(refund(charge, "40.00", order))

    payable.refresh_from_db()
    assert row.state == TransactionState.UNKNOWN
    assert (books(AccountName.GATEWAY_CLEARING), books(AccountName.CUSTOMER_DEPOSIT)) == (Decimal(100), Decimal(-100))
    assert (payable.paid, payable.refunded) == (Decimal(100), Decimal(0))
    assert not row.children.exists()
    told = list(Alert.objects.filter(transaction=row).values_list("kind", flat=True))
    assert told == ([] if differs == {"amount": None} else [AlertKind.AMOUNT_DIFFERS])


def test_a_void_before_settlement_mirrors_the_charge(
    charge: PaymentTransaction, run: Run, order: Order, payable: Payable, books: Books
) -> None:
    row = run(cancel_of(charge, by=order.placed_by))

    assert row.state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert books(AccountName.CUSTOMER_DEPOSIT) == 0
    payable.refresh_from_db()
    assert (payable.paid, payable.payable_now, payable.status) == (Decimal(0), Decimal(100), PaymentStatus.CANCELED)


def test_a_void_that_comes_after_the_batch_closed_becomes_a_refund(
    charge: PaymentTransaction, run: Run, order: Order, books: Books, sandbox: Sandbox
) -> None:
    close_the_batch(sandbox)

    void = run(cancel_of(charge, by=order.placed_by))
    row = run(charge.children.get(action=Action.REFUND))

    assert (void.state, void.failure_reason) == (TransactionState.FAILED, FailureReason.BATCH_CLOSED)
    assert row.state == TransactionState.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 0
    assert books(AccountName.CUSTOMER_DEPOSIT) == 0


def test_what_was_partly_refunded_cannot_be_voided(charge: PaymentTransaction, run: Run, order: Order) -> None:
    run(refund(charge, "40.00", order))

    with pytest.raises(CancelRefused, match="refund the rest instead"):
        cancel_of(charge, by=order.placed_by)


# -- bank debits --------------------------------------------------------------------------------------------------


def test_a_bank_debit_settles_only_when_the_gateway_funded_it(
    start: Start, run: Run, payable: Payable, books: Books, sandbox: Sandbox, account: ProviderAccount
) -> None:
    payment = start(source=bank())

    row = run(payment)

    assert row.state == TransactionState.PENDING
    payable.refresh_from_db()
    assert (payable.paid, payable.settling, payable.payable_now) == (Decimal(0), Decimal(100), Decimal(0))
    assert books(AccountName.GATEWAY_CLEARING) == 0
    close_the_batch(sandbox)
    engine.reread(transaction_id=row.pk, now=timezone.now())

    row.refresh_from_db()
    payable.refresh_from_db()
    assert row.state == TransactionState.APPROVED
    assert row.settled_at is not None
    assert (payable.paid, payable.settling, payable.status) == (Decimal(100), Decimal(0), PaymentStatus.FULL)
    assert books(AccountName.GATEWAY_CLEARING) == 100
    payment.refresh_from_db()
    assert payment.money_state == MoneyState.SETTLED


def test_a_declined_bank_debit_frees_the_order(start: Start, run: Run, payable: Payable) -> None:
    row = run(start(source=bank("1234560051")))

    assert row.state == TransactionState.DECLINED
    payable.refresh_from_db()
    assert (payable.payable_now, payable.status) == (Decimal(100), PaymentStatus.DECLINED)


def test_a_bank_number_lies_nowhere_but_in_its_sealed_box(start: Start, run: Run) -> None:
    number = "90817263544536"
    payment = start(source=bank(number))
    run(payment)

    instrument = Instrument.objects.get(payments=payment)
    shown = [
        str(payload_open(Sealed(key_id=row.key_id, blob=bytes(row.payload))))
        for row in Exchange.objects.filter(transaction__payment=payment)
    ]

    assert instrument.last4 == "4536"
    assert number.encode() not in bytes(instrument.sealed or b"")
    assert shown
    assert not any(number in text for text in shown)
    assert number not in str(Instrument.objects.filter(pk=instrument.pk).values())


def test_a_box_copied_into_another_row_pays_nothing(start: Start, run: Run, sandbox: Sandbox) -> None:
    first = start(source=bank("90817263544536"), amount="10.00")
    run(first)
    second = start(source=bank("1234567890"), amount="20.00")
    stolen = Instrument.objects.get(payments=first)
    Instrument.objects.filter(payments=second).update(sealed=stolen.sealed)

    for _ in range(3):
        run(second)

    row = second.transactions.get()
    assert (row.state, row.failure_reason) == (TransactionState.FAILED, FailureReason.NOT_SENT)
    assert sandbox.gateway().find_by_reference(reference=row.reference).found == ()


def test_settlement_notes_are_written_once(charge: PaymentTransaction, account: ProviderAccount) -> None:
    note = SettledNote(gateway_id=charge.gateway_id, kind=SettledKind.SALE, batch_id="", deposit_id="DEP_1")

    written = [
        settlement_note(provider_account=account, notes=[note], now=timezone.now()),
        settlement_note(provider_account=account, notes=[note], now=timezone.now()),
    ]

    charge.refresh_from_db()
    assert written == [1, 0]
    assert charge.deposit_id == "DEP_1"
    assert Payment.objects.get(pk=charge.payment_id).money_state == MoneyState.SETTLED


def test_a_bank_account_is_saved_only_once_a_debit_was_accepted(start: Start, run: Run) -> None:
    refused = start(source=bank("1234560051", keep=True))
    run(refused)
    accepted = start(source=bank(keep=True))
    run(accepted)

    states = [Instrument.objects.get(payments=payment).state for payment in (refused, accepted)]

    assert states == [InstrumentState.ONCE, InstrumentState.ACTIVE]


def test_a_refund_in_place_of_a_void_that_could_not_be_sent_asks_for_a_person(
    charge: PaymentTransaction, run: Run, order: Order, sandbox: Sandbox, account: ProviderAccount
) -> None:
    close_the_batch(sandbox)
    run(cancel_of(charge, by=order.placed_by))
    row = charge.children.get(action=Action.REFUND)
    ProviderAccount.objects.filter(pk=account.pk).update(service_url="http://127.0.0.1:9/ucp")

    for _ in range(3):
        run(row)

    row.refresh_from_db()
    assert (row.state, row.failure_reason) == (TransactionState.FAILED, FailureReason.NOT_SENT)
    assert Alert.objects.get(transaction=row).kind == AlertKind.NOT_DONE


def test_a_reversal_that_finds_a_pending_debit_cancels_it_without_a_booking(
    start: Start, run: Run, payable: Payable, books: Books
) -> None:
    row = run(start(source=bank()))
    reversal = reversal_queue(lost=row, now=timezone.now())

    run(reversal)

    row.refresh_from_db()
    payable.refresh_from_db()
    assert row.state == TransactionState.CANCELED
    assert (payable.settling, payable.payable_now) == (Decimal(0), Decimal(100))
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_refund_of_a_bank_debit_is_only_accepted_even_if_the_answer_names_no_bank(
    start: Start, run: Run, order: Order, books: Books, sandbox: Sandbox
) -> None:
    charge = run(start(source=bank()))
    close_the_batch(sandbox)
    engine.reread(transaction_id=charge.pk, now=timezone.now())
    charge.refresh_from_db()
    setting_set(key=ACH_REFUND_HOLD.key, value=0, organization=order.organization)
    answers_instead(sandbox, "/transactions/{id}/refund")

    row = run(refund(charge, "40.00", order))

    assert (row.state, row.gateway_id) == (TransactionState.PENDING, "TRN_given")
    assert books(AccountName.GATEWAY_CLEARING) == 100
