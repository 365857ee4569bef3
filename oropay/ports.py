"""How the payment module reaches the rooms above it."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Protocol

from commerce.models import User
from ledger.models import AccountName
from oropay.gateway.port import OrderData
from oropay.models import Action, Approval, Payable, Payment, PaymentTransaction, RefundLine
from plumbing.hooks import Registry


@dataclass(frozen=True)
class Figures:
    """What the owner of a payable knows about it. `paid` is None where net captured money is the answer (orders)."""

    total: Decimal
    paid: Decimal | None = None
    settling: Decimal | None = None
    cleared: Decimal = Decimal(0)
    """Credits, discounts and write-offs."""
    is_closed: bool = False
    is_billed: bool = False
    """Of an order: its invoice is what is owed now, and says what is paid."""


@dataclass(frozen=True)
class MoneyEvent:
    """Something happened to the money of one part of a payment. Amounts are in major units."""

    payment: Payment
    transaction: PaymentTransaction
    payable: Payable
    amount: Decimal
    occurred_on: date
    """The world's date in the organization's time zone."""
    now: datetime
    lines: tuple[RefundLine, ...] = ()
    """Of a refund: what it is taken from."""
    kept: bool = True
    """False of money that turned up late and goes back by itself: it is booked, and nobody is told that it paid."""


@dataclass(frozen=True)
class Credit:
    """One side of the entry that `record` posts against gateway clearing: where captured money goes, or refunded money
    comes from.
    """

    account: AccountName
    amount: Decimal


class DisputeTurn(StrEnum):
    """What a dispute does to the money of a payable."""

    OPENED = "opened"
    """Taken while we dispute it: what it paid stays paid; the payable's `disputed` says how much."""
    WON = "won"
    """It came back before anything was given up."""
    LOST = "lost"
    """Gone for good: what it paid is owed again. Credits say what it is taken from."""
    RECOVERED = "recovered"
    """It came back after it had been lost. Credits say where it goes."""
    TAKEN_ELSEWHERE = "taken_elsewhere"
    """Finance divides a loss anew: another payable bears this much of it now. Credits say where that goes."""
    WRITTEN_OFF = "written_off"
    """Owed again, and given up. Credits say how much of it could be."""
    PURSUED = "pursued"
    """Not given up after all: owed like any other. Credits say how much had been written off."""


class PayableHandler(Protocol):
    """What the owner of a kind of payable answers and does, always inside the caller's transaction.

    Event methods that return credits are asked where the money goes (captured, settled) or comes from (voided,
    refunded, returned); Σ of the credits must equal the event's amount, except of a return. They must never refuse:
    what does not fit becomes customer credit.
    """

    def lock(self, *, payables: Sequence[Payable]) -> None:
        """Lock the documents behind these payables, in id order; the payables themselves are locked already."""
        ...

    def last_look(self, *, payable: Payable) -> None:
        """Raise PayableChanged when the document may not be paid as it is now."""
        ...

    def describe(self, *, payable: Payable, amount: Decimal) -> OrderData:
        """Everything the gateway should know about the goods."""
        ...

    def figures(self, *, payable: Payable) -> Figures: ...

    def took_over(self, *, old: Collection[int], among: Collection[int]) -> Mapping[int, int]:
        """Which of its payables `among` these stand where `old` ones stood before, by id: an invoice for its order."""
        ...

    def on_started(self, *, event: MoneyEvent) -> None: ...

    def tells_payer(self, *, payable: Payable, action: Action) -> bool:
        """Whether whoever pays will hear of a hold or charge that stands now by a mail of the owner's own."""
        ...

    def on_authorized(self, *, event: MoneyEvent) -> None: ...

    def on_pending(self, *, event: MoneyEvent) -> None: ...

    def on_captured(self, *, event: MoneyEvent) -> Sequence[Credit]: ...

    def on_settled(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """ACH money became sure."""
        ...

    def on_ended(self, *, event: MoneyEvent) -> None:
        """The attempt ended without money: declined, failed, canceled or expired; a pending debit was refused."""
        ...

    def on_voided(self, *, event: MoneyEvent) -> Sequence[Credit]: ...

    def on_refunded(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """Say what gives the money back, as far as money of the payment reaches.

        Σ is less than the event's amount by what went back before; the engine makes that the customer's debt by
        `debts`.
        """
        ...

    def on_disputed(self, *, event: MoneyEvent, turn: DisputeTurn) -> Sequence[Credit]:
        """A dispute moved money of a payment; see `DisputeTurn` for which turns are asked for credits.

        Σ equals the event's amount, except of WRITTEN_OFF and PURSUED, where it may be less, and of LOST, where it is
        less by what the payment does not cover any more: the engine makes that the customer's debt by `debts`. Of
        RECOVERED it may be less by as much: the engine keeps that as the customer's credit.
        """
        ...

    def on_returned(self, *, event: MoneyEvent) -> Sequence[Credit]:
        """The bank took settled ACH money back: give up what it paid, and what was forgiven together with it.

        Σ of the credits may be less than the event's amount, as far as money of the payment reaches; the engine makes
        the rest the customer's debt by `debts`. What was forgiven comes as a pair: more on receivable, less on its own
        account.
        """
        ...


payable_handlers: Registry[PayableHandler] = Registry("payable handlers")
"""By `PayableKind`."""


class DebtKind(StrEnum):
    """Why a customer owes us money beside invoices."""

    RETURNED = "returned"
    """More went back through the bank than the payment still covered."""
    RETURN_FEE = "return_fee"
    """Our price for a debit that came back for want of money."""
    DISPUTE_LOST = "dispute_lost"
    """A lost dispute took more than the payment still covered."""
    DISPUTE_FEE = "dispute_fee"
    """Our price for a dispute that was lost."""
    OVERREFUNDED = "overrefunded"
    """Refunds gave more than the payment still covered: one that was ruled out came after all, say."""


@dataclass(frozen=True)
class Debt:
    """One debit memo that stands, by the transaction that caused it."""

    payable: Payable
    kind: DebtKind
    amount: Decimal
    cause_id: int


class Debts(Protocol):
    """Makes money that went back, or a fee for it, something that the customer owes; and keeps what we owe them."""

    def owe(
        self, *, transaction: PaymentTransaction, kind: DebtKind, amount: Decimal, occurred_on: date, now: datetime
    ) -> Payable:
        """Post a debit memo in the caller's transaction, in the books too; once per transaction and kind.

        The payable it returns is open and may be paid like an invoice.
        """
        ...

    def keep(self, *, transaction: PaymentTransaction, amount: Decimal, now: datetime) -> Credit:
        """Keep money that came back though a memo asks the customer for it, as credit; the caller books it."""
        ...

    def spend(self, *, transaction: PaymentTransaction, amount: Decimal, now: datetime) -> Credit:
        """Take what a refund gives from the customer's unallocated credit, as far as there is any; the caller books."""
        ...

    def standing(self, *, payment: Payment) -> Sequence[Debt]:
        """What transactions of this payment made the customer owe and is not void, oldest first."""
        ...

    def withdraw(self, *, debt: Debt, note: str, by: User, now: datetime) -> None:
        """Void it, in the books too: it was asked for by mistake. The caller has locked its payable and document.

        Raises UnlinkRefused when something is paid on it, or somebody is paying it.
        """
        ...


debts: Registry[Debts] = Registry("debts")
DEBTS = "debts"
"""The one key of `debts`."""


class MoneyListener(Protocol):
    """Told inside `record` that money is now expected from, or owed to, the gateway."""

    def on_expected(self, *, transaction: PaymentTransaction, gateway_id: str, amount: Decimal, now: datetime) -> None:
        """`amount` is signed: a refund is negative. `gateway_id` is the id under which the gateway will settle it."""
        ...

    def on_withdrawn(self, *, transaction: PaymentTransaction, now: datetime) -> None:
        """What was expected of this transaction will not come: it was voided or refused."""
        ...

    def on_mistaken(self, *, transaction: PaymentTransaction, note: str, by: User, now: datetime) -> None:
        """It was booked on the wrong payment: nothing will come of it, and what came is somebody else's."""
        ...


money_listeners: Registry[MoneyListener] = Registry("money listeners")


class ApprovalHandler(Protocol):
    """What one kind of approval locks, binds and does; always inside the transaction of `services.approval`."""

    permission: str
    """What the second person needs, such as "oropay.approve_refund"."""

    def lock(self, *, approval: Approval) -> Any:
        """Lock everything that agreeing or ending may touch, in the order of `oropay.locks`, and return it."""
        ...

    def asked_now(self, subject: Any, *, approval: Approval) -> Mapping[str, Any]:
        """What would be done now, in the form of `approval.asked`: if it differs from that, the approval is void."""
        ...

    def agree(self, subject: Any, *, approval: Approval, by: User, now: datetime) -> None:
        """Look at the limits again and do it; or raise a PaymentError, which leaves the approval waiting."""
        ...

    def end(self, subject: Any, *, approval: Approval, now: datetime) -> None:
        """It was refused, taken back, expired or void: take back what waited for it."""
        ...

    def sentence(self, *, approval: Approval) -> str:
        """What agreeing does to the money, for the dialog."""
        ...

    def details(self, *, approval: Approval) -> Sequence[tuple[str, str]]:
        """What else is bound: a label and words each, for the page of whoever agrees."""
        ...


approval_handlers: Registry[ApprovalHandler] = Registry("approval handlers")
"""By `ApprovalKind`."""
