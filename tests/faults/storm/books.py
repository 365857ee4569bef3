"""The end: our books against the sandbox's own, read from its file, so that nothing of ours stands between."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay.models import (
    NOTIFICATION_WAITING,
    Action,
    Notification,
    NotificationState,
    Payable,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.status import sums_of

ZERO, CENT = Decimal(0), Decimal("0.01")
FORGED = "TRN_forged"
"""What lies are about; see `weather`."""

SALES = """
SELECT sale.reference,
       CASE WHEN sale.status IN ('CAPTURED', 'BATCHED', 'FUNDED') THEN sale.captured ELSE 0 END,
       CASE WHEN sale.status = 'PREAUTHORIZED' THEN sale.amount ELSE 0 END,
       coalesce(sum(back.amount), 0),
       count(back.id)
  FROM transactions sale
  LEFT JOIN transactions back
         ON back.parent_id = sale.id AND back.type = 'REFUND' AND back.status IN ('CAPTURED', 'BATCHED', 'FUNDED')
 WHERE sale.type = 'SALE'
 GROUP BY sale.id
"""
"""Of each sale: our reference, what was taken, what is held, what was given back (minor units), in how many parts."""

OPEN = frozenset(
    {
        TransactionState.QUEUED,
        TransactionState.SENDING,
        TransactionState.UNKNOWN,
        TransactionState.REVIEW,
        TransactionState.PENDING,
        TransactionState.ACTION_REQUIRED,
    }
)


@dataclass
class Verdict:
    """What the storm did to the money. All lists should be empty."""

    payments: int
    double: list[str] = field(default_factory=list)
    """Money moved twice: taken or held beyond what a payment asked for or its payable owes, or given back more often
    than anybody asked, or more of it than was taken.
    """
    lost: list[str] = field(default_factory=list)
    """Money nobody sees: the gateway's net or hold differs from ours, it has a sale that we do not know, or we believed
    a message that was not the gateway's.
    """
    unknown_left: list[str] = field(default_factory=list)
    """Conversations without an end, and messages that nobody has looked at."""
    ledger: list[str] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    """What this storm did not break: it proves nothing about that."""

    @property
    def good(self) -> bool:
        return not (self.double or self.lost or self.unknown_left or self.ledger or self.untried)

    def findings(self) -> Iterator[str]:
        for name in ("double", "lost", "unknown_left", "ledger", "untried"):
            yield from (f"{name}: {finding}" for finding in getattr(self, name))


@dataclass
class Moved:
    """What the gateway did for one payment, in major units."""

    taken: Decimal = ZERO
    held: Decimal = ZERO
    given_back: Decimal = ZERO
    parts: int = 0
    """Refunds, each of its own."""

    @property
    def net(self) -> Decimal:
        return self.taken - self.given_back

    def add(self, other: "Moved") -> None:
        self.taken, self.held = self.taken + other.taken, self.held + other.held
        self.given_back, self.parts = self.given_back + other.given_back, self.parts + other.parts


def compare(*, sandbox_file: Path, organization_id: int, asked_back: Mapping[int, int]) -> Verdict:
    """Compare every payment, every payable, and the ledger with what the sandbox holds.

    `asked_back`: by payable, how often a person clicked to have money given back.
    """
    ours = {payment.pk: payment for payment in Payment.objects.prefetch_related("transactions", "parts")}
    verdict = Verdict(payments=len(ours))
    moved: dict[int, Moved] = defaultdict(Moved)
    owner = _owners()
    for reference, sale in _at_gateway(sandbox_file):
        if sale.given_back > sale.taken:
            verdict.double.append(f"{reference}: {sale.given_back} given back of {sale.taken}")
        if reference in owner:
            moved[owner[reference]].add(sale)
        else:
            verdict.lost.append(f"the gateway has {sale} under {reference}, which we never sent")
    for pk, payment in ours.items():
        _payment(payment, moved[pk], verdict)
    _payables(ours.values(), moved, verdict, asked_back=asked_back)
    verdict.unknown_left = [
        f"transaction {row.pk} of payment {row.payment_id}: {row}"
        for row in PaymentTransaction.objects.filter(state__in=OPEN).order_by("pk")
    ]
    _inbox(verdict)
    verdict.ledger = [str(finding) for finding in ledger_check()]
    clearing = balance(organization_id=organization_id, name=AccountName.GATEWAY_CLEARING, currency="USD")
    if clearing != (there := sum((one.net for one in moved.values()), ZERO)):
        verdict.ledger.append(f"gateway clearing holds {clearing}, the gateway {there}")
    return verdict


def _payment(payment: Payment, moved: Moved, verdict: Verdict) -> None:
    sums = sums_of(payment.transactions.all())
    if moved.net != sums.net:
        verdict.lost.append(f"payment {payment.pk}: {sums.net} with us, {moved.net} at the gateway")
    if moved.held != sums.held:
        verdict.lost.append(f"payment {payment.pk}: {sums.held} held with us, {moved.held} at the gateway")
    if moved.taken + moved.held > payment.amount:
        verdict.double.append(f"payment {payment.pk}: {moved.taken} taken, {moved.held} held for {payment.amount}")


def _payables(
    payments: Iterable[Payment], moved: Mapping[int, Moved], verdict: Verdict, *, asked_back: Mapping[int, int]
) -> None:
    """A storm's payments have one part each. What we gave back by ourselves (a void came too late) was no click."""
    by_payable: dict[int, Moved] = defaultdict(Moved)
    own: dict[int, int] = defaultdict(int)
    for payment in payments:
        [part] = payment.parts.all()
        by_payable[part.payable_id].add(moved[payment.pk])
        own[part.payable_id] += sum(
            row.action == Action.REFUND and row.created_by_id is None for row in payment.transactions.all()
        )
    owed = dict(Payable.objects.filter(pk__in=by_payable).values_list("pk", "total"))
    for pk, one in by_payable.items():
        if one.net + one.held > owed[pk]:
            verdict.double.append(f"payable {pk}: {one.net} taken, {one.held} held for {owed[pk]}")
        if one.parts > asked_back.get(pk, 0) + own[pk]:
            verdict.double.append(f"payable {pk}: {one.parts} times given back, asked {asked_back.get(pk, 0)} times")


def _inbox(verdict: Verdict) -> None:
    waiting = Notification.objects.filter(state__in=NOTIFICATION_WAITING)
    verdict.unknown_left += [f"notification {pk} waits" for pk in waiting.values_list("pk", flat=True)]
    believed = Notification.objects.filter(gateway_id=FORGED).exclude(state=NotificationState.REJECTED)
    verdict.lost += [f"notification {pk} is forged, and {state}" for pk, state in believed.values_list("pk", "state")]


def _at_gateway(sandbox_file: Path) -> Iterator[tuple[str, Moved]]:
    with closing(sqlite3.connect(f"file:{sandbox_file}?mode=ro", uri=True)) as books:
        for reference, taken, held, given_back, parts in books.execute(SALES):
            yield reference, Moved(taken * CENT, held * CENT, given_back * CENT, parts)


def _owners() -> dict[str, int]:
    """Reference at the gateway → our payment."""
    rows = PaymentTransaction.objects.values_list("reference", "gateway_reference", "payment_id")
    return {name: payment_id for own, late, payment_id in rows for name in (own, late) if name}
