"""The end: our books against the sandbox's own, read from its file, so that nothing of ours stands between."""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay.models import Payable, Payment, PaymentTransaction, TransactionState
from oropay.status import sums_of

CENT = Decimal("0.01")

NETS = """
SELECT sale.reference,
       CASE WHEN sale.status IN ('CAPTURED', 'BATCHED', 'FUNDED') THEN sale.captured ELSE 0 END
       - (SELECT coalesce(sum(back.amount), 0) FROM transactions back
           WHERE back.parent_id = sale.id AND back.type = 'REFUND'
             AND back.status IN ('CAPTURED', 'BATCHED', 'FUNDED'))
  FROM transactions sale
 WHERE sale.type = 'SALE'
"""
"""What the gateway has taken for us by each of our references, less what it gave back, in minor units."""

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
    """What the storm did to the money. Everything but `payments` and `seconds` should be nothing."""

    payments: int
    double: list[str] = field(default_factory=list)
    """Money taken twice: more than a payment asked for, or than its payable owes."""
    lost: list[str] = field(default_factory=list)
    """Money nobody sees: the gateway's net differs from ours, or it has a sale that we do not know."""
    unknown_left: list[str] = field(default_factory=list)
    """Conversations without an end."""
    ledger: list[str] = field(default_factory=list)

    @property
    def good(self) -> bool:
        return not (self.double or self.lost or self.unknown_left or self.ledger)

    def findings(self) -> Iterator[str]:
        for name in ("double", "lost", "unknown_left", "ledger"):
            yield from (f"{name}: {finding}" for finding in getattr(self, name))


def compare(*, sandbox_file: Path, organization_id: int) -> Verdict:
    """Compare every payment's net, every payable, and the ledger with what the sandbox holds."""
    ours = {payment.pk: payment for payment in Payment.objects.prefetch_related("transactions", "parts")}
    theirs = _at_gateway(sandbox_file)
    owner = _owners()
    verdict = Verdict(payments=len(ours))
    taken: dict[int, Decimal] = defaultdict(Decimal)
    for reference, net in theirs.items():
        if reference not in owner:
            verdict.lost.append(f"the gateway has {net} under {reference}, which we never sent")
            continue
        taken[owner[reference]] += net
    for pk, payment in ours.items():
        net = sums_of(payment.transactions.all()).net
        if taken[pk] != net:
            verdict.lost.append(f"payment {pk}: {net} with us, {taken[pk]} at the gateway")
        if taken[pk] > payment.amount:
            verdict.double.append(f"payment {pk}: {taken[pk]} taken for {payment.amount}")
    by_payable: dict[int, Decimal] = defaultdict(Decimal)
    for pk, payment in ours.items():
        for part in payment.parts.all():
            by_payable[part.payable_id] += taken[pk]  # a storm's payments have one part each
    owed = dict(Payable.objects.filter(pk__in=by_payable).values_list("pk", "total"))
    verdict.double += [
        f"payable {pk}: {amount} taken for {owed[pk]}" for pk, amount in by_payable.items() if amount > owed[pk]
    ]
    verdict.unknown_left = [
        f"transaction {row.pk} of payment {row.payment_id}: {row}"
        for row in PaymentTransaction.objects.filter(state__in=OPEN).order_by("pk")
    ]
    verdict.ledger = [str(finding) for finding in ledger_check()]
    clearing = balance(organization_id=organization_id, name=AccountName.GATEWAY_CLEARING, currency="USD")
    if clearing != sum(taken.values(), Decimal(0)):
        verdict.ledger.append(f"gateway clearing holds {clearing}, the gateway {sum(taken.values(), Decimal(0))}")
    return verdict


def _at_gateway(sandbox_file: Path) -> dict[str, Decimal]:
    nets: dict[str, Decimal] = defaultdict(Decimal)
    with closing(sqlite3.connect(f"file:{sandbox_file}?mode=ro", uri=True)) as books:
        for reference, cents in books.execute(NETS):
            nets[reference] += cents * CENT
    return nets


def _owners() -> dict[str, int]:
    """Reference at the gateway → our payment."""
    rows = PaymentTransaction.objects.values_list("reference", "gateway_reference", "payment_id")
    return {name: payment_id for own, late, payment_id in rows for name in (own, late) if name}
