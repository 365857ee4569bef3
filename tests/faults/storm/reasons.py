"""Why money was given back or let go: because somebody clicked, or for a reason that the engine may have by itself."""

from collections import Counter
from collections.abc import Collection, Iterator, Sequence

from oropay.models import Action, AlertKind, FailureReason, Payment, PaymentTransaction, Ruling, TransactionState

S = TransactionState
GIVES_BACK = frozenset({Action.REFUND, Action.CANCEL})
DONE = frozenset({S.APPROVED, S.PENDING})


def clicked(family: Sequence[PaymentTransaction], *actions: Action) -> int:
    """How many of these were done because somebody clicked."""
    return sum(row.action in actions and row.state in DONE and _clicked(row) for row in family)


def unexplained(payment: Payment, *, refunds: Counter[str], undone: Collection[str]) -> Iterator[str]:
    """What was given back or let go of one payment though nobody wanted it. `refunds` and `undone` are the gateway's
    references of what was given back, each as often as it is there, and of what was called off.
    """
    family = list(payment.transactions.all())
    for row in family:
        if row.outside:
            yield f"we believe that somebody did it at the gateway: {row.pk} {row}"
        elif row.action in GIVES_BACK and row.state in DONE and not _clicked(row) and not _by_itself(row, family):
            yield f"nobody asked for it: {row.pk} {row}"
        if row.action == Action.REFUND and row.state in DONE and refunds[_name(row)] != 1:
            yield f"{refunds[_name(row)]} times at the gateway: {row.pk} {row}"
        if row.reference in undone and not _was_called_off(row, family):
            yield f"called off at the gateway, and by nobody here: {row.pk} {row}"


def instead_of_voids(payment: Payment) -> Iterator[str]:
    """Refunds that we made by ourselves beyond one for each void that came too late."""
    family = list(payment.transactions.all())
    made = Counter(row.parent_id for row in family if row.state in DONE and _is_instead_of_a_void(row, family))
    late = Counter(row.parent_id for row in family if row.failure_reason == FailureReason.BATCH_CLOSED)
    yield from (f"{made[pk]} refunds for {late[pk]} voids of {pk}" for pk in made if made[pk] > late[pk])


def _name(row: PaymentTransaction) -> str:
    """What the gateway calls it by."""
    return row.gateway_reference if row.late else row.reference


def _clicked(row: PaymentTransaction) -> bool:
    """Whether a person wanted it; what came late was wanted when it was lost."""
    wanted = row.parent if row.late else row
    return wanted is not None and wanted.created_by_id is not None


def _by_itself(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    if row.action == Action.REFUND:
        return _is_instead_of_a_void(row, family)
    parent = next(one for one in family if one.pk == row.parent_id)
    return (
        parent.late
        or parent.unknown_since is not None  # its answer was lost: the reversal ended the doubt
        or _is_refused(parent)
        or any(one.parent_id == parent.pk and one.action == Action.REAUTHORIZE and one.state in DONE for one in family)
        or parent.alerts.filter(kind=AlertKind.AMOUNT_DIFFERS).exists()
    )


def _is_instead_of_a_void(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    return (
        row.action == Action.REFUND
        and row.created_by_id is None
        and not row.late
        and any(one.parent_id == row.parent_id and one.failure_reason == FailureReason.BATCH_CLOSED for one in family)
    )


def _is_refused(row: PaymentTransaction) -> bool:
    check = getattr(row, "card_check", None)
    return check is not None and check.ruling == Ruling.REFUSED


def _was_called_off(row: PaymentTransaction, family: Sequence[PaymentTransaction]) -> bool:
    """Whether a cancel or return of this sale, of the late one that stands for it or of a capture is among our rows."""
    stands = {row.pk, *(one.pk for one in family if one.late and one.parent_id == row.pk)}
    stands |= {one.pk for one in family if one.action == Action.CAPTURE and one.parent_id in stands}
    return (
        any(
            one.parent_id in stands and one.action in {Action.CANCEL, Action.RETURN} and one.state in DONE
            for one in family
        )
        or row.failure_reason == FailureReason.REJECTED
    )
