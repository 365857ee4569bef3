"""What tests of payments do and look at again and again."""

import time
from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.db.models.functions import Now
from django.utils import timezone
from moneyed import Money

from commerce.models import User
from oropay import engine
from oropay.engine.gateways import gateway_of
from oropay.engine.send import Claim
from oropay.engine.send.sale import sale_request
from oropay.gateway.port import Answer, SaleRequest, Verdict
from oropay.models import Action, Payable, PaymentTransaction, ProviderAccount, RefundReason, TransactionState
from oropay.services import (
    BankDetails,
    MandateGiven,
    NewBank,
    cancel_start,
    reauthorize_start,
    refund_lines_suggested,
    refund_start,
)
from tests.contract.sandbox import Sandbox

GIVE_BACK_TRIES = len(settings.OROPAY_GIVE_BACK_STEPS) + 1
"""How often what nobody wants is given back by itself."""


def charges_at_gateway(sandbox: Sandbox, row: PaymentTransaction) -> list[str]:
    """Status of every transaction the gateway holds under our reference."""
    return [answer.status for answer in sandbox.gateway().find_by_reference(reference=row.reference).found]


def reload(payable: Payable) -> Payable:
    return Payable.objects.get(pk=payable.pk)


def prove_absent(row: PaymentTransaction) -> None:
    """Look twice for an unknown charge that the gateway does not have, and let its reversal find nothing."""
    overdue(row)
    engine.look(transaction_id=row.pk, now=timezone.now())
    PaymentTransaction.objects.filter(pk=row.pk).update(absent_since=timezone.now() - timedelta(minutes=5))
    engine.look(transaction_id=row.pk, now=timezone.now())
    engine.execute(transaction_id=PaymentTransaction.objects.get(parent=row).pk, now=timezone.now())
    row.refresh_from_db()


def request_of(row: PaymentTransaction) -> SaleRequest:
    """What the worker sends for a charge."""
    return sale_request(claim=Claim(transaction=row, send_before=time.monotonic() + 10))


def arrive(row: PaymentTransaction) -> None:
    """A request that was swallowed on its way reaches the gateway now."""
    gateway = gateway_of(account=row.payment.provider_account)
    send = gateway.authorize if row.action == Action.AUTHORIZE else gateway.charge
    send(request_of(row))


def bank(number: str = "1357902468", *, keep: bool = False) -> NewBank:
    """A bank account just entered, and the words agreed to."""
    return NewBank(
        details=BankDetails(
            account_number=number,
            routing_number="122000030",
            account_type="CHECKING",
            holder_type="BUSINESS",
            holder_name="North Tools Inc",
            bank_name="First Bank",
        ),
        mandate=MandateGiven(text="I authorise a debit of $100.00.", text_version="1", amount_rule="$100.00 once"),
        keep=keep,
    )


def overdue(row: PaymentTransaction) -> None:
    """No answer to it can come any more."""
    PaymentTransaction.objects.filter(pk=row.pk).update(answer_by=Now() - timedelta(minutes=5))


def sending(row: PaymentTransaction) -> PaymentTransaction:
    """As if a worker had it in hand."""
    PaymentTransaction.objects.filter(pk=row.pk).update(state=TransactionState.SENDING, tries=1)
    row.refresh_from_db()
    return row


def refuse_reversals(sandbox: Sandbox, times: int) -> None:
    """So many reversals are refused, for no reason of ours."""
    refusal = {"error_code": "INVALID_REQUEST_DATA", "detailed_error_code": "40213", "detailed_error_description": "id"}
    rule = {"endpoint": "/transactions/{id}/reversal"}
    sandbox.control("/rules", {"match": rule, "action": {"http": {"status": 400, "body": refusal}}, "times": times})


def refuse_each_try(unwanted: PaymentTransaction, sandbox: Sandbox) -> None:
    """Every reversal that is sent by itself is refused."""
    refuse_reversals(sandbox, GIVE_BACK_TRIES)
    for _ in range(GIVE_BACK_TRIES):
        [row] = unwanted.children.filter(state=TransactionState.QUEUED)
        engine.execute(transaction_id=row.pk, now=timezone.now())
        row.refresh_from_db()
        assert row.state == TransactionState.FAILED
    assert not unwanted.children.filter(state=TransactionState.QUEUED).exists()


def renewed_in_place(hold: PaymentTransaction, *, by: User) -> None:
    """A gateway that renews live holds has renewed this one, and the release of the old one is queued."""
    assert hold.payment.provider_account_id is not None
    ProviderAccount.objects.filter(pk=hold.payment.provider_account_id).update(renews_live_holds=True)
    row = sending(reauthorize_start(hold=hold, by=by, now=timezone.now()))
    PaymentTransaction.objects.filter(pk=row.pk).update(parent_before={"status": "PREAUTHORIZED", "amount": "100"})
    answer = Answer(
        verdict=Verdict.APPROVED,
        gateway_id="TRN_renewed",
        status="PREAUTHORIZED",
        type="SALE",
        reference=row.reference,
        amount=Money(100, "USD"),
    )
    engine.record(transaction_id=row.pk, answer=answer, kind="send")


def reread(row: PaymentTransaction) -> PaymentTransaction:
    engine.reread(transaction_id=row.pk, now=timezone.now())
    return PaymentTransaction.objects.get(pk=row.pk)


def returned_of(row: PaymentTransaction) -> PaymentTransaction:
    return PaymentTransaction.objects.get(parent=row, action=Action.RETURN)


def send_back(sandbox: Sandbox, row: PaymentTransaction, code: str = "R01", status: str = "REJECTED") -> None:
    sandbox.control(f"/transactions/{row.gateway_id}/ach-return", {"code": code, "status": status})


def given_back(charge: PaymentTransaction, amount: str, clerk: User) -> PaymentTransaction:
    return refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(amount)),
        reason=RefundReason.GOODS,
        note="one piece came broken",
        by=clerk,
        now=timezone.now(),
    )


def refund_of(charge: PaymentTransaction, amount: str, *, by: User) -> PaymentTransaction:
    """Have part of a charge given back; queued."""
    return refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(amount)),
        reason=RefundReason.DUPLICATE,
        note="sent twice",
        by=by,
        now=timezone.now(),
    )


def cancel_of(row: PaymentTransaction, *, by: User) -> PaymentTransaction:
    """Have a hold released, or a charge voided; queued."""
    return cancel_start(transaction=row, reason=RefundReason.OTHER, note="not wanted", by=by, now=timezone.now())


def watch(row: PaymentTransaction) -> None:
    """Look once more for what was proven absent."""
    engine.watch(transaction_id=row.pk, now=timezone.now())
