"""The end: our books against the sandbox's own."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay.models import (
    NOTIFICATION_WAITING,
    REQUEST_LIVE,
    Action,
    Dispute,
    DisputeRequest,
    Notification,
    NotificationState,
    Payable,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.status import sums_of
from tests.faults.storm.gateway_books import ZERO, GatewayBooks, Moved
from tests.faults.storm.town import Asked

FORGED = "TRN_forged"
"""What lies are about; see `weather`."""

OPEN = frozenset(
    {
        TransactionState.AWAITING_APPROVAL,
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
    """Money moved twice: taken or held beyond what a payment asked for or its payable owes, or though its buyer had
    left or was never confirmed; given or given back more often than anybody asked, or taken back beyond what was taken.
    """
    lost: list[str] = field(default_factory=list)
    """Money nobody sees: what the gateway moved for a payment differs from ours, it has a sale, a credit or a dispute
    that we do not know, or we believed a message that was not the gateway's.
    """
    unknown_left: list[str] = field(default_factory=list)
    """Conversations and disputes without an end, and messages that nobody has looked at."""
    ledger: list[str] = field(default_factory=list)
    untried: list[str] = field(default_factory=list)
    """What this storm did not break: it proves nothing about that."""

    @property
    def good(self) -> bool:
        return not (self.double or self.lost or self.unknown_left or self.ledger or self.untried)

    def findings(self) -> Iterator[str]:
        for name in ("double", "lost", "unknown_left", "ledger", "untried"):
            yield from (f"{name}: {finding}" for finding in getattr(self, name))


def compare(*, gateway: GatewayBooks, organization_id: int, asked: Asked) -> Verdict:
    """Compare every payment, every payable, every dispute, and the ledger with what the sandbox holds."""
    ours = {payment.pk: payment for payment in Payment.objects.prefetch_related("transactions", "parts")}
    verdict = Verdict(payments=len(ours))
    moved: dict[int, Moved] = defaultdict(Moved)
    owner = _owners()
    for reference, one in gateway.moved():
        if reference in owner:
            moved[owner[reference]].add(one)
        else:
            verdict.lost.append(f"the gateway has {one} under {reference}, which we never sent")
    for pk, payment in ours.items():
        _payment(payment, moved[pk], verdict)
    _payables(ours.values(), moved, verdict, asked_back=asked.back)
    _credits(ours.values(), moved, verdict, asked=asked.credits)
    _unwanted(ours.values(), moved, verdict, left=asked.left, confirmed=gateway.confirmed())
    verdict.unknown_left = [
        f"transaction {row.pk} of payment {row.payment_id}: {row}"
        for row in PaymentTransaction.objects.filter(state__in=OPEN).order_by("pk")
    ]
    _disputes(gateway.disputes(), verdict)
    _inbox(verdict)
    verdict.ledger = [str(finding) for finding in ledger_check()]
    clearing = balance(organization_id=organization_id, name=AccountName.GATEWAY_CLEARING, currency="USD")
    if clearing != (there := sum((one.cleared for one in moved.values()), ZERO)):
        verdict.ledger.append(f"gateway clearing holds {clearing}, the gateway {there}")
    return verdict


def _payment(payment: Payment, moved: Moved, verdict: Verdict) -> None:
    sums = sums_of(payment.transactions.all())
    for what in ("net", "held", "disputed", "lost", "given"):
        with_us, there = getattr(sums, what), getattr(moved, what)
        if with_us != there:
            verdict.lost.append(f"payment {payment.pk}: {what} {with_us} with us, {there} at the gateway")
    if moved.taken + moved.held > payment.amount or moved.holds > 1:
        verdict.double.append(f"payment {payment.pk}: {moved} for {payment.amount}")
    if moved.given_back + moved.disputed + moved.lost > moved.taken:
        verdict.double.append(f"payment {payment.pk}: taken back beyond what was taken, {moved}")


def _payables(
    payments: Iterable[Payment], moved: Mapping[int, Moved], verdict: Verdict, *, asked_back: Mapping[int, int]
) -> None:
    """A storm's payments have one part each, credits none. What we gave back by ourselves (a void came too late) was no
    click.
    """
    by_payable: dict[int, Moved] = defaultdict(Moved)
    own: dict[int, int] = defaultdict(int)
    for payment in payments:
        for part in payment.parts.all():
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


def _credits(
    payments: Iterable[Payment], moved: Mapping[int, Moved], verdict: Verdict, *, asked: Mapping[int, int]
) -> None:
    """A credit belongs to a customer; to each as often as clerks wanted it."""
    by_customer: dict[int, int] = defaultdict(int)
    for payment in payments:
        by_customer[payment.customer_id] += moved[payment.pk].gifts
        if moved[payment.pk].given > payment.amount:
            verdict.double.append(f"payment {payment.pk}: {moved[payment.pk].given} given of {payment.amount}")
    for pk, gifts in by_customer.items():
        if gifts > asked.get(pk, 0):
            verdict.double.append(f"customer {pk}: {gifts} credits, asked {asked.get(pk, 0)} times")


def _unwanted(
    payments: Iterable[Payment],
    moved: Mapping[int, Moved],
    verdict: Verdict,
    *,
    left: Collection[int],
    confirmed: Collection[str],
) -> None:
    """Of whoever leaves, or is not confirmed though the bank was to be asked, nothing is taken."""
    for payment in payments:
        one = moved[payment.pk]
        if one.taken + one.held <= 0:
            continue
        if payment.pk in left:
            verdict.double.append(f"payment {payment.pk}: {one}, though its buyer had left")
        checks = [row for row in payment.transactions.all() if row.action == Action.AUTHENTICATE_CHECK]
        if checks and not any(row.reference in confirmed for row in checks):
            verdict.double.append(f"payment {payment.pk}: {one}, though the bank never said who pays")


def _disputes(there: Mapping[str, tuple[str, str, str]], verdict: Verdict) -> None:
    ours = {dispute.gateway_id: dispute for dispute in Dispute.objects.all()}
    for name, words in there.items():
        dispute = ours.get(name)
        if dispute is None or dispute.transaction_id is None:
            verdict.lost.append(f"dispute {name} is booked nowhere")
        elif (dispute.stage, dispute.status, dispute.result) != words:
            verdict.lost.append(f"dispute {name} is {words} at the gateway, {dispute} with us")
    verdict.lost += [f"dispute {name} is not at the gateway" for name in ours.keys() - there.keys()]
    verdict.unknown_left += [f"dispute {name} is open" for name, one in ours.items() if one.is_open]
    waiting = DisputeRequest.objects.filter(state__in=REQUEST_LIVE)
    verdict.unknown_left += [f"answer {pk} to a dispute is under way" for pk in waiting.values_list("pk", flat=True)]


def _inbox(verdict: Verdict) -> None:
    waiting = Notification.objects.filter(state__in=NOTIFICATION_WAITING)
    verdict.unknown_left += [f"notification {pk} waits" for pk in waiting.values_list("pk", flat=True)]
    believed = Notification.objects.filter(gateway_id=FORGED).exclude(state=NotificationState.REJECTED)
    verdict.lost += [f"notification {pk} is forged, and {state}" for pk, state in believed.values_list("pk", "state")]


def _owners() -> dict[str, int]:
    """Reference at the gateway → our payment."""
    rows = PaymentTransaction.objects.values_list("reference", "gateway_reference", "payment_id")
    return {name: payment_id for own, late, payment_id in rows for name in (own, late) if name}
