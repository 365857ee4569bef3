"""Expectations are born and withdrawn inside `oropay.engine.record`: one INSERT, no lock, nothing that can refuse."""

from datetime import datetime
from decimal import Decimal

from commerce.models import User
from oropay.models import Action, PaymentTransaction
from oropay.services.ach.dates import DAYS_UNTIL_DUE
from plumbing.audit import because
from plumbing.banking_days import banking_days_after, late_from
from plumbing.rows import rows_add
from reconciliation.models import (
    ClosingReason,
    ExceptionCase,
    Expectation,
    ExpectationClosing,
    ExpectationKind,
    MatchPart,
)
from reconciliation.services.matching import match_take_apart

KINDS: dict[str, ExpectationKind] = {
    Action.REFUND: ExpectationKind.REFUND,
    Action.CHARGEBACK: ExpectationKind.CHARGEBACK,
    Action.CHARGEBACK_REVERSAL: ExpectationKind.REVERSAL,
    Action.CREDIT: ExpectationKind.REFUND,
    Action.RETURN: ExpectationKind.RETURN,
    Action.OFFLINE_RECEIPT: ExpectationKind.RECEIPT,
}


class ExpectationsOfMoney:
    """Registered on `oropay.ports.money_listeners`."""

    def on_expected(self, *, transaction: PaymentTransaction, gateway_id: str, amount: Decimal, now: datetime) -> None:
        payment = transaction.payment
        days = DAYS_UNTIL_DUE.get(payment.method)
        due = banking_days_after(payment.organization.today(now), days) if days else None
        rows_add(
            [
                Expectation(
                    organization_id=payment.organization_id,
                    provider_account_id=payment.provider_account_id,
                    transaction=transaction,
                    kind=KINDS.get(transaction.action, ExpectationKind.SALE),
                    gateway_id=gateway_id,
                    amount=amount,
                    currency=transaction.currency,
                    due_on=due,
                    late_from=late_from(due) if due else None,
                    born_at=now,
                )
            ],
            unless_there=True,
        )

    def on_withdrawn(self, *, transaction: PaymentTransaction, now: datetime) -> None:
        expectation = Expectation.objects.filter(transaction=transaction).only("pk").first()
        if expectation is not None:
            ExpectationClosing.objects.bulk_create(
                [ExpectationClosing(expectation=expectation, reason=ClosingReason.WITHDRAWN, closed_at=now)],
                ignore_conflicts=True,
            )

    def on_mistaken(self, *, transaction: PaymentTransaction, note: str, by: User, now: datetime) -> None:
        """The line it was matched with is loose again, and unexpected until a pull finds whose it is. No open exception
        names it, also where its match was taken apart before.
        """
        met = MatchPart.objects.filter(expectation__transaction=transaction, live=True).select_related("match").first()
        if met is not None:
            match_take_apart(match=met.match, remark=note, by=by, now=now, mistaken=transaction)
        with because(by=by, why=note):
            ExceptionCase.objects.filter(
                transaction=transaction, settlement_line__isnull=False, resolved_at=None
            ).update(transaction=None)
        self.on_withdrawn(transaction=transaction, now=now)
