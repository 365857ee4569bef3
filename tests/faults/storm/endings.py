"""Whether a story was really told: how many of its debts ended with the money moved as the story means it, where two
who acted at once met, and what came late.
"""

from collections import Counter
from collections.abc import Callable, Mapping

from oropay.models import (
    Action,
    ApprovalKind,
    CardCheck,
    Dispute,
    DisputeAction,
    FailureReason,
    Payment,
    PaymentPayable,
    PaymentTransaction,
    RequestState,
    Ruling,
    TransactionState,
)
from tests.faults.storm.stories import RACES, Story
from tests.faults.storm.town import Deal, Town

Did = set[Action]
"""What was approved of one payment."""
Ending = Callable[[Deal, Payment, Did], bool]


def endings(town: Town) -> Counter[Story]:
    """How many debts of each story ended as it means; every story is in it."""
    told = Counter(dict.fromkeys(Story, 0))
    payments = _payments()
    for deal in town.deals:
        told[deal.story] += any(
            ENDINGS[deal.story](deal, payment, did) for pk in deal.payables for payment, did in payments.get(pk, ())
        )
    return told


def races(town: Town) -> Counter[Story]:
    """In how many debts of each story in which two act at once somebody was told that the other had been faster."""
    run = Counter(dict.fromkeys(RACES, 0))
    for deal in town.deals:
        if deal.story in RACES:
            run[deal.story] += deal.too_slow > 0
    return run


def late_after_reversal() -> int:
    """How many charges and holds came to the gateway after their reversal had found nothing there."""
    return (
        PaymentTransaction.objects.filter(
            late=True,
            action__in=[Action.CHARGE, Action.AUTHORIZE],
            parent__children__action=Action.CANCEL,
            parent__children__failure_reason=FailureReason.NEVER_ARRIVED,
        )
        .distinct()
        .count()
    )


def _payments() -> dict[int, list[tuple[Payment, Did]]]:
    """By payable: every payment of it, with what was approved."""
    approved: dict[int, set[Action]] = {}
    rows = PaymentTransaction.objects.filter(state=TransactionState.APPROVED)
    for pk, action in rows.values_list("payment_id", "action"):
        approved.setdefault(pk, set()).add(Action(action))
    found: dict[int, list[tuple[Payment, Did]]] = {}
    for part in PaymentPayable.objects.select_related("payment__authentication"):
        found.setdefault(part.payable_id, []).append((part.payment, approved.get(part.payment_id, set())))
    return found


def _approved(*actions: Action) -> Ending:
    """One of these was."""
    return lambda _deal, _payment, did: any(action in did for action in actions)


def _all_approved(*actions: Action) -> Ending:
    """All of these were."""
    return lambda _deal, _payment, did: did.issuperset(actions)


def _captured_in_parts(_deal: Deal, payment: Payment, _did: Did) -> bool:
    return payment.transactions.filter(action=Action.CAPTURE, state=TransactionState.APPROVED).count() > 1


def _turned_away(_deal: Deal, payment: Payment, did: Did) -> bool:
    """This payment was called off because of the address."""
    refused = CardCheck.objects.filter(transaction__payment=payment, ruling=Ruling.REFUSED)
    return Action.CANCEL in did and Action.CHARGE not in did and refused.exists()


def _saved(deal: Deal, payment: Payment, did: Did) -> bool:
    return Action.CHARGE in did and payment.instrument_id == deal.instrument_id and deal.check_id > 0


def _billed(action: Action) -> Ending:
    """This was done, and the order has an invoice."""
    return lambda deal, _payment, did: action in did and bool(deal.bills)


def _given(deal: Deal, _payment: Payment, _did: Did) -> bool:
    return PaymentTransaction.objects.filter(
        action=Action.CREDIT,
        state=TransactionState.APPROVED,
        approvals__kind=ApprovalKind.CREDIT,
        approvals__note=deal.goodwill,
    ).exists()


def _confirmed(challenged: bool) -> Ending:
    def ended(_deal: Deal, payment: Payment, did: Did) -> bool:
        return Action.CHARGE in did and payment.authentication.challenged == challenged

    return ended


def _left(deal: Deal, payment: Payment, did: Did) -> bool:
    return payment.pk in deal.left and Action.CHARGE not in did


def _disputed(how: DisputeAction) -> Ending:
    """We answered so, the gateway has it, and it is decided."""

    def ended(deal: Deal, _payment: Payment, did: Did) -> bool:
        answered = Dispute.objects.filter(
            gateway_id=deal.dispute, requests__action=how, requests__state=RequestState.DONE
        ).first()
        moved = {Action.CHARGEBACK_LOST, Action.CHARGEBACK_REVERSAL}
        return answered is not None and not answered.is_open and not moved.isdisjoint(did)

    return ended


ENDINGS: Mapping[Story, Ending] = {
    **dict.fromkeys(
        (Story.CLICK, Story.DOUBLE_CLICK, Story.TWO_PEOPLE, Story.REPEATED, Story.BANK), _approved(Action.CHARGE)
    ),
    Story.HOLD: _approved(Action.CAPTURE),
    Story.SEVERAL_CAPTURES: _captured_in_parts,
    Story.HOLD_RELEASED: _approved(Action.CANCEL),
    **dict.fromkeys(
        (Story.REFUND, Story.YEN, Story.INVOICE, Story.INVOICES), _all_approved(Action.CHARGE, Action.REFUND)
    ),
    **dict.fromkeys((Story.BANK_RETURNED, Story.INVOICE_RETURNED), _all_approved(Action.CHARGE, Action.RETURN)),
    Story.RIVALS: _approved(Action.REFUND, Action.CANCEL),
    Story.RENEWED: _approved(Action.REAUTHORIZE),
    Story.ADDRESS_REFUSED: _turned_away,
    Story.REVIEW_RELEASED: _all_approved(Action.CHARGE, Action.REVIEW_RELEASE),
    Story.REVIEW_CANCELED: _approved(Action.CANCEL),
    Story.CARD_SAVED: _saved,
    Story.BILLED: _billed(Action.CHARGE),
    Story.HOLD_BILLED: _billed(Action.CAPTURE),
    Story.CREDIT: _given,
    Story.BANK_CREDIT: _given,
    Story.ASKED: _confirmed(challenged=False),
    Story.CHALLENGE: _confirmed(challenged=True),
    Story.CHALLENGE_LEFT: _left,
    Story.DISPUTE_ACCEPTED: _disputed(DisputeAction.ACCEPT),
    Story.DISPUTE_CHALLENGED: _disputed(DisputeAction.CHALLENGE),
}
