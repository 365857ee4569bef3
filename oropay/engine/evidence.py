"""Is what the gateway shows us the transaction we sent? Pure judgements, no I/O."""

from oropay.gateway.port import Answer, Verdict
from oropay.models import Action, PaymentTransaction

TYPE_AT_GATEWAY = {
    Action.AUTHORIZE: "SALE",
    Action.CHARGE: "SALE",
    Action.REAUTHORIZE: "SALE",
    Action.VALIDATE: "VERIFICATION",
    Action.REFUND: "REFUND",
    Action.CREDIT: "REFUND",
}

KEPT_BACK = frozenset({Verdict.WITHHELD, Verdict.MISDIRECTED})
"""Our own word, not the gateway's."""
SILENT = KEPT_BACK | {Verdict.UNKNOWN, Verdict.NOT_SENT, Verdict.REFUSED}
"""No evidence came."""


def owner_at_gateway(row: PaymentTransaction) -> PaymentTransaction:
    """The transaction under whose id the gateway keeps this one: a capture has none of its own."""
    return row.parent if row.action == Action.CAPTURE and row.parent is not None else row


def same_transaction(*, row: PaymentTransaction, answer: Answer) -> bool:
    """Adopt only on identity: equal type, amount, currency, account and reference (or parent).

    Source: ADR 3.
    """
    if answer.amount is None or answer.amount.amount != row.amount or answer.amount.currency.code != row.currency:
        return False
    return _same_name(row=row, answer=answer)


def for_another_amount(*, row: PaymentTransaction, answer: Answer) -> bool:
    """Whether it is the transaction we sent in everything but how much."""
    if answer.amount is None or answer.amount.amount == row.amount or answer.amount.currency.code != row.currency:
        return False
    return _same_name(row=row, answer=answer)


def _same_name(*, row: PaymentTransaction, answer: Answer) -> bool:
    if answer.type != TYPE_AT_GATEWAY.get(Action(row.action)):
        return False
    account = row.payment.provider_account
    if answer.account_name and account is not None and answer.account_name != account.transaction_account:
        return False
    if answer.reference and answer.reference in {row.reference, row.gateway_reference}:
        return True
    return (
        row.action == Action.REFUND
        and not answer.reference
        and row.parent is not None
        and bool(answer.parent_gateway_id)
        and answer.parent_gateway_id == owner_at_gateway(row.parent).gateway_id
    )
