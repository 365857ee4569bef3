"""The payer's bank takes money back: of a card by a dispute, which clerks accept or challenge; of a debit by a return.

We hear of it by a message, which may be lost, or by our own regular look, which a worker makes.
"""

import time
from functools import partial

from django.utils import timezone

from oropay.models import (
    Action,
    Dispute,
    DisputeResult,
    DisputeStage,
    MoneyState,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services.dispute import answerable, dispute_accept, dispute_challenge
from plumbing.services import job_add
from tests.faults.storm.clicks import at_once, told, until_it_answers
from tests.faults.storm.stories import RETURNS, Story
from tests.faults.storm.town import Deal, Town

MINOR_UNITS = (10_000, 4_000)
"""All of a charge, or part of it."""
COMES_AGAIN = 0.3
"""Share of disputes that we win and that the bank begins again."""
AGAIN = DisputeStage.SECOND_CHARGEBACK
LOOKS_EVERY = 5.0
"""Seconds between two of our regular looks."""


def dispute(town: Town, deal: Deal, payment: Payment) -> bool:
    """Whoever has the word about a charge says it; False when it is decided and we know."""
    if not deal.dispute:
        return _open(town, deal, payment)
    ours = Dispute.objects.filter(gateway_id=deal.dispute).first()
    if ours is None:
        return True  # nobody has told us
    if ours.is_ours_to_answer:
        if answerable(dispute=ours, now=timezone.now()).now:
            _answer(town, deal, ours)
        return True
    if ours.is_open:
        _decide(town, deal, ours)
        return True
    return _begin_again(town, deal, ours)


class RegularLooks:
    """A worker does one periodic task again and again: it reads what the gateway may not have told us."""

    def __init__(self, task: str) -> None:
        self._task, self._number, self._next_at = task, 0, 0.0

    def look(self) -> None:
        """Ask for one if it is time. Each is a job of its own: the worker of the one before may have died."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + LOOKS_EVERY
        self._number += 1
        payload = {"task": self._task, "period": f"storm {self._number}"}
        until_it_answers(
            lambda: job_add(
                kind="periodic",
                key=f"{self._task} storm {self._number}",
                payload=payload,
                queue="gateway-batch",
                now=timezone.now(),
            )
        )


def send_back(town: Town) -> list[str]:
    """Take back the debits that were funded and whose story it is; returns their names at the gateway.

    Some banks say why, and some gateways call it a reversal.
    """
    deals = {deal.name: deal for deal in town.deals if deal.story in RETURNS}
    debits = PaymentTransaction.objects.filter(
        payment__parts__payable__in=deals, action=Action.CHARGE, state=TransactionState.APPROVED
    )
    for name, gateway_id in debits.order_by("pk").values_list("payment__parts__payable", "gateway_id"):
        deal = deals[name]
        told = {"code": deal.dice.choice(["R01", "R08", ""]), "status": deal.dice.choice(["REJECTED", "REVERSED"])}
        town.sandbox.control(f"/transactions/{gateway_id}/ach-return", told)
        deal.sent_back = gateway_id
    return [deal.sent_back for deal in deals.values() if deal.sent_back]


def _open(town: Town, deal: Deal, payment: Payment) -> bool:
    charge = payment.transactions.filter(action=Action.CHARGE, state=TransactionState.APPROVED).first()
    if payment.money_state != MoneyState.CAPTURED or charge is None:
        return False
    amount = deal.dice.choice(MINOR_UNITS)
    deal.dispute = town.sandbox.control("/disputes", {"transaction": charge.gateway_id, "amount": amount})["id"]
    return True


def _answer(town: Town, deal: Deal, ours: Dispute) -> None:
    """Two clicks at once: one of them is told that an answer is on its way."""
    clerk, now = town.clerks[0], timezone.now()
    after = ours.steps.order_by("-pk").values_list("pk", flat=True)[0]
    if deal.story == Story.DISPUTE_ACCEPTED:
        click = partial(
            dispute_accept, dispute=ours, not_pursued=False, note="they are right", by=clerk, now=now, after=after
        )
    else:
        click = partial(
            dispute_challenge, dispute=ours, evidence_ids=(), letter="It was sent.", by=clerk, now=now, after=after
        )
    at_once(*[partial(told, town, click)] * 2)


def _decide(town: Town, deal: Deal, ours: Dispute) -> None:
    """The bank decides what lies with it, once a stage; we hear of that later."""
    if ours.stage not in deal.decided:
        deal.decided.add(ours.stage)
        town.sandbox.control(f"/disputes/{deal.dispute}/advance", {"result": deal.dice.choice(["WON", "LOST"])})


def _begin_again(town: Town, deal: Deal, ours: Dispute) -> bool:
    """What we won may be disputed once more; False when it is over."""
    if deal.staff_steps == 0:
        deal.staff_steps = 1
        deal.disputed_again = ours.result == DisputeResult.WON and deal.dice.random() < COMES_AGAIN
        if deal.disputed_again:
            town.sandbox.control(f"/disputes/{deal.dispute}/advance", {"stage": AGAIN})
    return deal.disputed_again and ours.stage != AGAIN
