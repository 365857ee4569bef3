"""Both sides' books of one life at one moment: our rows beside the gateway's own, read once after every event."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from typing import Any

from commerce.models import Organization
from oropay.models import (
    FINAL,
    RUNNING,
    Action,
    Approval,
    ApprovalState,
    Dispute,
    DisputeRequest,
    FailureReason,
    Method,
    Payable,
    Payment,
    PaymentTransaction,
    RequestState,
    TransactionState,
    Watch,
)
from oropay.status import Sums, sums_of
from tests.contract.sandbox import Sandbox

ZERO = Decimal(0)
TAKEN = frozenset({"CAPTURED", "BATCHED", "FUNDED"})
"""What the gateway calls money that moved; a bank account's is sure only once it is funded."""
WENT_BACK = frozenset({"REJECTED", "REVERSED"})
"""What the gateway calls a bank debit that its bank took back."""
STANDS = TAKEN | {"PREAUTHORIZED"}


@dataclass(frozen=True)
class Theirs:
    """One transaction as the gateway keeps it, in major units."""

    gateway_id: str
    reference: str
    type: str
    status: str
    by_card: bool
    in_review: bool
    """The fraud filter keeps it back: nothing is taken or held of it before somebody releases it."""
    captured: Decimal
    refunded: Decimal
    held: Decimal

    @property
    def moved(self) -> Decimal:
        """What it brought us; below zero if it gave money away."""
        if self.status not in TAKEN or self.in_review:
            return ZERO
        return -self.captured if self.type == "REFUND" else self.captured

    @property
    def sure(self) -> Decimal:
        return self.moved if self.by_card or self.status == "FUNDED" else ZERO


@dataclass(frozen=True)
class Case:
    """One dispute as the gateway keeps it, in major units."""

    gateway_id: str
    sale_id: str
    stage: str
    status: str
    result: str
    amount: Decimal
    taken: Decimal
    may_become: tuple[tuple[str, str], ...]
    """(`stage` or `result`, word) of everything that may come next."""


@dataclass(frozen=True)
class World:
    """One seller's payments, here and at the gateway."""

    seller_id: int
    rows: Sequence[PaymentTransaction]
    """Oldest first."""
    payables: Sequence[Payable]
    watched: Collection[int]
    """Ids of rows that may still turn up."""
    disputes: Sequence[Dispute]
    answers: Sequence[DisputeRequest]
    waiting: Sequence[Approval]
    """What a second person has not decided."""
    theirs: Sequence[Theirs]
    cases: Sequence[Case]

    def newest(self, *actions: Action, state: TransactionState) -> PaymentTransaction | None:
        return next((row for row in reversed(self.rows) if row.action in actions and row.state == state), None)

    def first(self, state: TransactionState) -> PaymentTransaction | None:
        return next((row for row in self.rows if row.state == state), None)

    def answer(self, state: RequestState) -> DisputeRequest | None:
        return next((row for row in self.answers if row.state == state), None)

    def sale(self, gateway_id: str) -> Theirs | None:
        return next((one for one in self.theirs if one.gateway_id == gateway_id), None)

    def dispute(self, case: Case) -> Dispute | None:
        return next((one for one in self.disputes if one.gateway_id == case.gateway_id), None)

    def is_heard(self, case: Case) -> bool:
        """Whether we know what the gateway says of a dispute, and which payment it is about."""
        known = self.dispute(case)
        said = (case.stage, case.status, case.result)
        return (
            known is not None and known.transaction_id is not None and said == (known.stage, known.status, known.result)
        )

    def is_news(self, row: PaymentTransaction) -> bool:
        """Whether the gateway has ended its review or taken a debit back, and we have not asked since."""
        sale = self.sale(row.gateway_id)
        if sale is None:
            return False
        if row.state == TransactionState.REVIEW:
            return not sale.in_review
        return self.is_settled_debit(row) and sale.status in WENT_BACK and self.return_of(row) is None

    def is_settled_debit(self, row: PaymentTransaction) -> bool:
        return (
            row.payment.method == Method.BANK and row.action == Action.CHARGE and row.state == TransactionState.APPROVED
        )

    def return_of(self, debit: PaymentTransaction) -> PaymentTransaction | None:
        """What we wrote down when the bank had taken it back."""
        return next((row for row in self.rows if row.action == Action.RETURN and row.parent_id == debit.pk), None)

    @cached_property
    def families(self) -> dict[Payment, list[PaymentTransaction]]:
        found: dict[Payment, list[PaymentTransaction]] = {}
        for row in self.rows:
            found.setdefault(row.payment, []).append(row)
        return found

    @cached_property
    def sums(self) -> Sums:
        """Of all payments together."""
        return sum((sums_of(family) for family in self.families.values()), Sums())

    def is_quiet(self, family: Sequence[PaymentTransaction]) -> bool:
        """Whether nothing of a payment is under way, nothing of it may turn up and we heard all that became of it."""
        return not any(row.state in RUNNING or row.pk in self.watched or self.is_news(row) for row in family)

    @property
    def refunds_under_way(self) -> list[PaymentTransaction]:
        """Asked for, and not ended."""
        return [row for row in self.rows if row.action == Action.REFUND and row.state not in FINAL]

    def ruled_out(self, sale: Theirs) -> Decimal:
        """What refunds of a sale that two persons ruled out would have given."""
        return sum((row.amount for row in self.rows_ruled_out if _gives_of(row) == sale.gateway_id), ZERO)

    @property
    def rows_ruled_out(self) -> list[PaymentTransaction]:
        """Refunds that two persons ruled out."""
        no = FailureReason.NOT_TAKEN
        return [row for row in self.rows if row.action == Action.REFUND and row.failure_reason == no]

    def of(self, family: Sequence[PaymentTransaction]) -> Iterator[Theirs]:
        """What the gateway keeps under the names of a payment's rows."""
        names = {row.reference for row in family}
        return (one for one in self.theirs if one.reference in names)

    def told(self) -> str:
        """For whoever reads of a failure."""
        ours = "\n".join(f"  {row.pk} of {row.payment_id} {row} {row.failure_reason}" for row in self.rows)
        theirs = "\n".join(f"  {one}" for one in [*self.theirs, *self.cases])
        return f"\nours:\n{ours}\ntheirs:\n{theirs}"


def _gives_of(refund: PaymentTransaction) -> str:
    """Under whose name the gateway keeps what a refund gives back: of a capture, its hold's."""
    taken = refund.parent
    while taken is not None and taken.action == Action.CAPTURE:
        taken = taken.parent
    return taken.gateway_id if taken is not None else ""


def world_read(*, seller: Organization, sandbox: Sandbox) -> World:
    mine = PaymentTransaction.objects.filter(payment__organization=seller)
    return World(
        seller_id=seller.pk,
        rows=list(
            mine.select_related(
                "payment__provider_account", "payment__integration", "payment__authentication", "parent__parent"
            ).order_by("pk")
        ),
        payables=list(Payable.objects.filter(organization=seller).order_by("pk")),
        watched=set(
            Watch.objects.filter(transaction__in=mine, next_at__isnull=False).values_list("transaction_id", flat=True)
        ),
        disputes=list(Dispute.objects.filter(organization=seller).order_by("pk")),
        answers=list(DisputeRequest.objects.filter(dispute__organization=seller).order_by("pk")),
        waiting=list(Approval.objects.filter(organization=seller, state=ApprovalState.WAITING).order_by("pk")),
        theirs=[_theirs(row) for row in sandbox.kept("transactions")],
        cases=[_case(row) for row in sandbox.kept("disputes")],
    )


def _theirs(row: Mapping[str, Any]) -> Theirs:
    in_review = bool(row["held"]) and row["status"] in STANDS
    return Theirs(
        gateway_id=str(row["id"]),
        reference=str(row["reference"]),
        type=str(row["type"]),
        status=str(row["status"]),
        by_card=row["method"] == "CARD",
        in_review=in_review,
        captured=_major(row["captured"]),
        refunded=_major(row["refunded"]),
        held=ZERO if in_review else _held(row),
    )


def _held(row: Mapping[str, Any]) -> Decimal:
    """A hold, or what is left of one that may be captured again."""
    if row["status"] == "PREAUTHORIZED":
        return _major(row["authorized"])
    more = row["capture_mode"] == "MULTIPLE" and not row["detail"].get("captured_last")
    return _major(row["authorized"] - row["captured"]) if more and row["status"] in TAKEN else ZERO


def _case(row: dict[str, object]) -> Case:
    return Case(
        gateway_id=str(row["id"]),
        sale_id=str(row["transaction"]),
        stage=str(row["stage"]),
        status=str(row["status"]),
        result=str(row["result"]),
        amount=_major(row["amount"]),
        taken=_major(row["taken"]),
        may_become=tuple(
            (name, str(word))
            for name in ("stage", "result")
            for word in row[f"next_{name}s"]  # type: ignore[attr-defined]
        ),
    )


def _major(minor: object) -> Decimal:
    return Decimal(str(minor)) / 100
