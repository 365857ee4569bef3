"""The rows one `record` works on, and what every kind of news needs: events, entries, expectations."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from commerce.money import shares
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post
from oropay.gateway.port import Answer
from oropay.models import (
    Action,
    Payable,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    RefundLine,
    TransactionState,
)
from oropay.ports import Credit, MoneyEvent, PayableHandler, money_listeners, payable_handlers
from oropay.status import WITHOUT_MONEY


@dataclass
class Recording:
    """The rows one `record` works on, all locked."""

    payment: Payment
    row: PaymentTransaction
    family: list[PaymentTransaction]
    payables: list[Payable]
    answer: Answer
    now: datetime
    day: date
    parts: list[PaymentPayable]
    everybodys_parts: list[PaymentPayable]
    """With the parts that other payments pay of the same payables."""

    def parent(self) -> PaymentTransaction | None:
        return next((row for row in self.family if row.pk == self.row.parent_id), None)

    def is_kept(self) -> bool:
        """Whether it stays: what turned up late and nobody waits for goes back by a reversal of its own, unless all of
        those failed.
        """
        going = (one for one in self.family if is_own_reversal(one, of=self.row) and one.state not in WITHOUT_MONEY)
        return not (self.row.late and any(going))

    def handler(self, payable: Payable) -> PayableHandler:
        return payable_handlers.get(payable.kind)


def is_own_reversal(row: PaymentTransaction, *, of: PaymentTransaction) -> bool:
    """Whether it gives `of` back, or was to, and no person pressed a button for it."""
    return row.parent_id == of.pk and row.action == Action.CANCEL and row.created_by_id is None


def event_of(*, news: Recording, payable: Payable, amount: Decimal, lines: tuple[RefundLine, ...] = ()) -> MoneyEvent:
    """What an owner of a payable hears: its share of the transaction, in major units."""
    return MoneyEvent(
        payment=news.payment,
        transaction=news.row,
        payable=payable,
        amount=amount,
        occurred_on=news.day,
        now=news.now,
        lines=lines,
        kept=news.is_kept(),
    )


def events(news: Recording) -> list[tuple[MoneyEvent, PayableHandler]]:
    """One event per payable, the transaction's amount shared by what each part of the payment is."""
    parts = news.parts
    amounts = shares(news.row.amount, [part.amount for part in parts], news.row.currency)
    by_id = {payable.pk: payable for payable in news.payables}
    return [
        (event_of(news=news, payable=by_id[part.payable_id], amount=amount), news.handler(by_id[part.payable_id]))
        for part, amount in zip(parts, amounts, strict=True)
    ]


def post(*, news: Recording, kind: EntryKind, ask: str) -> None:
    """Ask each payable's owner where the money goes (or comes from) and post one entry."""
    credited: list[Credit] = []
    for event, handler in events(news):
        credited.extend(getattr(handler, ask)(event=event))
    entry(news=news, kind=kind, credited=credited, sign=-1 if ask == "on_voided" else 1)


def entry(
    *, news: Recording, kind: EntryKind, credited: list[Credit], sign: int, besides: Decimal = Decimal(0)
) -> None:
    """Gateway clearing against the named accounts; `sign` is 1 for money coming, −1 for money going back.

    `besides` is how much of the transaction another entry books against clearing: it may be all of it.
    """
    amount = sum((credit.amount for credit in credited), Decimal(0))
    if amount + besides != news.row.amount:
        raise ValueError(f"transaction {news.row.pk}: credits of {amount} for {news.row.amount}")
    if amount == 0:
        return
    entry_post(
        organization_id=news.payment.organization_id,
        currency=news.row.currency,
        kind=kind,
        lines=[
            Line(account=AccountName.GATEWAY_CLEARING, amount=sign * amount),
            *(Line(account=credit.account, amount=-sign * credit.amount) for credit in credited),
        ],
        occurred_on=news.day,
        source=f"transaction:{news.row.pk}",
        customer_id=news.payment.customer_id,
        now=news.now,
    )


def expect(*, row: PaymentTransaction, gateway_id: str, amount: Decimal, now: datetime) -> None:
    """Tell whoever matches deposits that this amount, in major units, will come under this id."""
    for listener in money_listeners.all():
        listener.on_expected(transaction=row, gateway_id=gateway_id, amount=amount, now=now)


def withdraw(row: PaymentTransaction, *, now: datetime) -> None:
    """Tell them that it will not come after all."""
    for listener in money_listeners.all():
        listener.on_withdrawn(transaction=row, now=now)


def tell_ended(news: Recording) -> None:
    """Tell the owners that this try brought nothing, so that they may be paid another way."""
    for event, handler in events(news):
        handler.on_ended(event=event)


def expected_before(news: Recording) -> bool:
    """A bank debit is expected from the moment it is accepted; its settlement is not expected a second time."""
    return any(step.state == TransactionState.PENDING for step in news.row.steps.all())  # type: ignore[attr-defined]
