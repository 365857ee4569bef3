"""The end: our books against the sandbox's own."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

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
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.status import sums_of
from tests.faults.storm import papers
from tests.faults.storm.gateway_books import GatewayBooks, Moved
from tests.faults.storm.lies import Lies
from tests.faults.storm.reasons import clicked, instead_of_voids, unexplained
from tests.faults.storm.town import Deal, Town

LOOKED_AT = frozenset({NotificationState.PROCESSED, NotificationState.IGNORED})
"""What becomes of a genuine message: it is read, and the gateway's own word is what counts."""
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
    """Money moved twice: taken or held beyond what a payment asked for or its debt is, or though its buyer had left or
    was never confirmed; captured, given or given back more often than anybody asked or for no reason that we know, or
    taken back beyond what was taken.
    """
    lost: list[str] = field(default_factory=list)
    """Money nobody sees: what the gateway moved for a payment differs from ours or from our documents, it has a sale, a
    refund, a credit or a dispute that we do not know, or we believed a message that was not the gateway's.
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


def compare(*, gateway: GatewayBooks, town: Town, lies: Lies) -> Verdict:
    """Compare every payment, every debt, every document, every dispute, and the ledger with what the sandbox holds."""
    ours = {payment.pk: payment for payment in Payment.objects.order_by("pk").prefetch_related("transactions", "parts")}
    verdict = Verdict(payments=len(ours))
    moved: dict[int, Moved] = defaultdict(Moved)
    owner = _owners()
    for reference, one in gateway.moved():
        if reference in owner:
            moved[owner[reference]].add(one)
        else:
            verdict.lost.append(f"the gateway has {one} under {reference}, which we never sent")
    refunds, undone = Counter(gateway.refunds()), gateway.undone() - town.called_off
    verdict.lost += [f"the gateway gave back {name}, which we never asked" for name in refunds if name not in owner]
    for pk, payment in ours.items():
        _payment(payment, moved[pk], verdict)
        reasons = [
            *unexplained(payment, refunds=refunds, undone=undone),
            *instead_of_voids(payment),
        ]
        verdict.double += [f"payment {pk}: {reason}" for reason in reasons]
    _deals(ours.values(), moved, verdict, deals=town.deals)
    _credits(ours.values(), moved, verdict, asked=town.asked_credits)
    _unwanted(ours.values(), moved, verdict, left=town.left, confirmed=gateway.confirmed())
    verdict.lost += papers.wrong(ours.values(), moved)
    verdict.unknown_left = [
        f"transaction {row.pk} of payment {row.payment_id}: {row}"
        for row in PaymentTransaction.objects.filter(state__in=OPEN).order_by("pk")
    ]
    _disputes(gateway.disputes(), verdict)
    _inbox(verdict, lies=lies)
    verdict.ledger = [str(finding) for finding in ledger_check()]
    _clearing(ours.values(), moved, verdict, organization_id=town.seller.website.organization_id)
    return verdict


def _clearing(
    payments: Iterable[Payment], moved: Mapping[int, Moved], verdict: Verdict, *, organization_id: int
) -> None:
    """What the gateway owes us is in the book, currency by currency."""
    there: dict[str, Decimal] = defaultdict(Decimal)
    for payment in payments:
        there[payment.currency] += moved[payment.pk].cleared
    for currency, amount in there.items():
        clearing = balance(organization_id=organization_id, name=AccountName.GATEWAY_CLEARING, currency=currency)
        if clearing != amount:
            verdict.ledger.append(f"gateway clearing holds {clearing} {currency}, the gateway {amount}")


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


def _deals(payments: Iterable[Payment], moved: Mapping[int, Moved], verdict: Verdict, *, deals: Iterable[Deal]) -> None:
    """Of each debt no more is taken than is owed, and no more given back or captured than clerks wanted."""
    of: dict[int, list[Payment]] = defaultdict(list)
    named = {pk: deal.name for deal in deals for pk in deal.payables}
    for payment in payments:
        names = {named.get(part.payable_id, 0) for part in payment.parts.all()}
        if 0 in names:
            verdict.lost.append(f"payment {payment.pk}: it pays what nobody in town owes")
        for name in names:
            of[name].append(payment)
    for deal in deals:
        there, families = Moved(), [list(payment.transactions.all()) for payment in of[deal.name]]
        for payment in of[deal.name]:
            there.add(moved[payment.pk])
        what = f"payable {deal.name} ({deal.story})"
        if there.net + there.held > deal.owed:
            verdict.double.append(f"{what}: {there.net} taken, {there.held} held for {deal.owed}")
        back = sum(clicked(family, Action.REFUND, Action.CANCEL) for family in families)
        if back > deal.asked_back:
            verdict.double.append(f"{what}: {back} times given back, asked {deal.asked_back} times")
        captures = sum(clicked(family, Action.CAPTURE) for family in families)
        if captures > deal.asked_captures:
            verdict.double.append(f"{what}: {captures} times captured, asked {deal.asked_captures} times")


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


def _inbox(verdict: Verdict, *, lies: Lies) -> None:
    """Every message was looked at; of the forged ones none was believed, and the mad ones stopped nobody."""
    unread = Notification.objects.filter(state__in=[*NOTIFICATION_WAITING, NotificationState.DEAD])
    verdict.unknown_left += [
        f"notification {pk} is {state}: {text}" for pk, state, text in unread.values_list("pk", "state", "outcome")
    ]
    for told, ends in ((lies.forged, {NotificationState.REJECTED}), (lies.signed, LOOKED_AT)):
        kept = Notification.objects.filter(sha256__in=told)
        verdict.lost += [
            f"notification {pk} is a lie, and {state}"
            for pk, state in kept.exclude(state__in=ends).values_list("pk", "state")
        ]
        if missing := told - set(kept.values_list("sha256", flat=True)):
            verdict.lost.append(f"{len(missing)} messages were let in and are not in the inbox")


def _owners() -> dict[str, int]:
    """Reference at the gateway → our payment."""
    rows = PaymentTransaction.objects.values_list("reference", "gateway_reference", "payment_id")
    return {name: payment_id for own, late, payment_id in rows for name in (own, late) if name}
