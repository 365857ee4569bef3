"""Card holders who dispute, their bank that decides, what we hear of it and what we answer."""

from datetime import timedelta
from decimal import Decimal

from django.conf import settings
from django.utils import timezone

from oropay.engine import disputes
from oropay.models import (
    Action,
    Dispute,
    DisputeRequest,
    DisputeResult,
    DisputeStatus,
    EvidenceType,
    PaymentTransaction,
    RequestState,
    TransactionState,
)
from oropay.services.dispute import EvidenceFile, dispute_accept, dispute_challenge, evidence_add
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_AMOUNT, SOME_FAULT, Ground
from tests.oropay.life.world import TAKEN, ZERO, Case, Theirs

S = TransactionState
R = RequestState
STAGES = ["CHARGEBACK", "CHARGEBACK", "CHARGEBACK", "RETRIEVAL", "PRE_COMPLIANCE"]
LOST = frozenset({DisputeResult.LOST, DisputeResult.ACCEPTED})


class Disputing(Ground):
    """Disputes from the first question to the last word, and their effects on money."""

    # --- the card holder's bank

    @event(when=lambda self: self._disputable(), stage=STAGES, amount=SOME_AMOUNT)
    def card_holder_disputes(self, stage: str, amount: Decimal) -> None:
        sale = self._disputable()
        assert sale is not None
        cents = int(min(amount, self._undisputed(sale)) * 100)
        self.sandbox.control("/disputes", {"transaction": sale.gateway_id, "stage": stage, "amount": cents})

    @event(when=lambda self: self._movable(), pick=range(10))
    def bank_moves_a_dispute(self, pick: int) -> None:
        """On to another stage, or to its end."""
        [*cases] = self._movable()
        ways = [(case, way) for case in cases for way in case.may_become]
        case, (name, word) = ways[pick % len(ways)]
        sale = self.world.sale(case.sale_id)
        comes_back = name == "stage" and case.status == DisputeStatus.CLOSED
        if sale is not None and not (comes_back and case.amount > self._undisputed(sale)):  # others took the room
            self.sandbox.control(f"/disputes/{case.gateway_id}/advance", {name: word})

    # --- what we hear

    @event(when=lambda self: self._unheard())
    def we_are_told_of_a_dispute(self) -> None:
        [case, *_] = self._unheard()
        disputes.dispute_reread(provider_account=self.account, gateway_id=case.gateway_id, now=timezone.now())

    @event(when=lambda self: self.world.cases)
    def disputes_are_pulled(self) -> None:
        disputes.disputes_pull(provider_account=self.account, days=14, now=timezone.now())

    # --- what we answer

    @event(when=lambda self: self._ours_to_answer(), fault=SOME_FAULT, not_pursued=(True, False))
    def clerk_accepts_a_dispute(self, fault: str, not_pursued: bool) -> None:
        dispute = self._ours_to_answer()
        assert dispute is not None
        self._deliver(
            self.asked(
                lambda: dispute_accept(
                    dispute=dispute, not_pursued=not_pursued, note="not worth it", by=self.clerk, now=timezone.now()
                )
            ),
            fault,
        )

    @event(when=lambda self: self._ours_to_answer(), fault=SOME_FAULT)
    def clerk_challenges_a_dispute(self, fault: str) -> None:
        dispute = self._ours_to_answer()
        assert dispute is not None
        [proof] = evidence_add(
            dispute=dispute,
            files=[EvidenceFile(name="proof.pdf", content=b"%PDF-1.7 proof of delivery")],
            kind=EvidenceType.PROOF_OF_DELIVERY,
            description="signed by the dock",
            by=self.clerk,
            now=timezone.now(),
        )
        self._deliver(
            self.asked(
                lambda: dispute_challenge(
                    dispute=dispute, evidence_ids=[proof.pk], letter="", by=self.clerk, now=timezone.now()
                )
            ),
            fault,
        )

    @event(when=lambda self: self.world.answer(R.QUEUED), fault=SOME_FAULT)
    def answer_that_waits_is_delivered(self, fault: str) -> None:
        self._deliver(self.world.answer(R.QUEUED), fault)

    @event(when=lambda self: self.world.answer(R.UNKNOWN))
    def lost_answer_is_looked_for(self) -> None:
        request = self.world.answer(R.UNKNOWN)
        assert request is not None
        long_ago = timezone.now() - timedelta(minutes=5)
        DisputeRequest.objects.filter(pk=request.pk).update(answer_by=long_ago)
        disputes.answer_look(request_id=request.pk, now=timezone.now())
        DisputeRequest.objects.filter(pk=request.pk, state=R.UNKNOWN, absent_since__isnull=False).update(
            absent_since=timezone.now() - settings.OROPAY_ABSENT_GAP
        )

    @event(when=lambda self: self._lost())
    def clerk_writes_a_loss_off(self) -> None:
        dispute = self._lost()
        assert dispute is not None
        self.asked(lambda: disputes.dispute_write_off(dispute=dispute, note="gone", by=self.clerk, now=timezone.now()))

    # --- how

    def _deliver(self, request: DisputeRequest | None, fault: str) -> None:
        if request is not None:
            self.spoil("POST", fault)
            disputes.answer_execute(request_id=request.pk, now=timezone.now())
            self.sandbox.calm()

    def _disputable(self) -> Theirs | None:
        """The newest card sale that we know to have taken money, of which something is not disputed."""
        took = (
            self.world.sale(_owner(row).gateway_id)
            for row in reversed(self.world.rows)
            if row.action in {Action.CHARGE, Action.CAPTURE} and row.state == S.APPROVED
        )
        there = (sale for sale in took if sale is not None and sale.by_card and sale.status in TAKEN)
        return next((sale for sale in there if self._undisputed(sale) > 0), None)

    def _undisputed(self, sale: Theirs) -> Decimal:
        won = {DisputeResult.WON, DisputeResult.FULFILLED}
        cases = (case for case in self.world.cases if case.sale_id == sale.gateway_id and case.result not in won)
        return sale.captured - sum((case.amount for case in cases), ZERO)

    def _movable(self) -> list[Case]:
        return [case for case in self.world.cases if case.may_become]

    def _unheard(self) -> list[Case]:
        return [case for case in self.world.cases if not self.world.is_heard(case)]

    def _ours_to_answer(self) -> Dispute | None:
        return next((one for one in self.world.disputes if one.is_ours_to_answer), None)

    def _lost(self) -> Dispute | None:
        return next((one for one in self.world.disputes if one.result in LOST and not one.not_pursued), None)


def _owner(row: PaymentTransaction) -> PaymentTransaction:
    """Under whose name the gateway keeps it."""
    return row.parent if row.action == Action.CAPTURE and row.parent is not None else row
