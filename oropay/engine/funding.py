"""A bank debit that was funded and went back before anybody looked: both happened, and both are recorded.

The gateway's word for it (REJECTED, REVERSED) is the same as for a debit that never brought anything. Its settlement
report tells the two apart: only money that was paid out stands in a deposit. Source: docs/assumptions.md.
"""

from dataclasses import replace
from datetime import datetime

from oropay.engine.gateways import gateway_of
from oropay.engine.record import record
from oropay.gateway.port import Answer, GatewayUnavailable, Verdict
from oropay.models import RUNNING, Action, Method, PaymentTransaction, TransactionState

S = TransactionState
GONE_BACK = frozenset({"REJECTED", "REVERSED"})


def debit_record(*, row: PaymentTransaction, answer: Answer, now: datetime | None = None) -> bool:
    """Record what a look-up shows of a transaction; of a debit that was funded and came back, the funding first.

    False when the settlement report could not be asked: then nothing is recorded, and the row is looked at again.
    """
    if _went_back_unseen(row=row, answer=answer):
        try:
            funded = gateway_of(account=row.payment.provider_account).was_paid_out(
                gateway_id=answer.gateway_id, reference=row.reference
            )
        except GatewayUnavailable:
            return False
        if funded:
            funding = replace(answer, verdict=Verdict.APPROVED, status="FUNDED", result_code="", message="")
            record(transaction_id=row.pk, answer=funding, kind="look", now=now)
    record(transaction_id=row.pk, answer=answer, kind="look", now=now)
    return True


def _went_back_unseen(*, row: PaymentTransaction, answer: Answer) -> bool:
    """Whether a debit that is not settled with us is gone, and not by a void of our own."""
    if row.action != Action.CHARGE or row.payment.method != Method.BANK or answer.foreign:
        return False
    if row.state not in {S.PENDING, S.UNKNOWN} or answer.status not in GONE_BACK:
        return False
    return not row.children.filter(action=Action.CANCEL, state__in=[S.APPROVED, *RUNNING]).exists()
