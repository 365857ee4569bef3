"""Payments that the gateway holds for fraud until somebody releases or cancels them, here or in its own portal."""

from datetime import timedelta

from django.utils import timezone

from oropay import engine
from oropay.models import PaymentTransaction, RefundReason, TransactionState
from oropay.services import NewCard, cancel_start, review_expire, review_release_start
from tests.contract.samples import follow_up
from tests.contract.sandbox import SUSPECT, VISA
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_FAULT, TOTAL, Ground
from tests.oropay.life.world import Theirs

S = TransactionState


class Reviewing(Ground):
    """Fraud reviews from the buyer's click to whoever ends them."""

    @event(
        when=lambda self: self.is_payable(),
        fault=SOME_FAULT,
        way=["filtered charge", "filtered hold"],
        keep=(True, False),
    )
    def suspect_pays(self, fault: str, way: str, keep: bool) -> None:
        source = NewCard(token=self.sandbox.card_token(), last4=VISA[-4:], holder_name=SUSPECT, keep=keep)
        payment = self.asked(lambda: self.pay(way=way, source=source, amount=TOTAL))
        if payment is not None:
            self.send(payment.transactions.get(), fault)

    # --- who ends it

    @event(when=lambda self: self.world.first(S.REVIEW), fault=SOME_FAULT)
    def clerk_releases_a_review(self, fault: str) -> None:
        held = self._in_review()
        self.follow(
            lambda: review_release_start(held=held, note="known to us", by=self.clerk, now=timezone.now()), fault
        )

    @event(when=lambda self: self.world.first(S.REVIEW), fault=SOME_FAULT)
    def clerk_cancels_a_review(self, fault: str) -> None:
        held = self._in_review()
        self.follow(
            lambda: cancel_start(
                transaction=held, reason=RefundReason.FRAUD, note="stolen", by=self.clerk, now=timezone.now()
            ),
            fault,
        )

    @event(when=lambda self: self.world.first(S.REVIEW))
    def nobody_decides_in_time(self) -> None:
        """What gives it back waits for the worker then."""
        at_once = timedelta(0)
        review_expire(
            transaction_id=self._in_review().pk, alert_after=at_once, cancel_after=at_once, now=timezone.now()
        )

    @event(when=lambda self: self._under_review(), releases=(True, False))
    def somebody_decides_in_the_portal(self, releases: bool) -> None:
        """Also of what came late, where an alert asks for it; that is looked for at once, before anybody else pays."""
        sale = self._under_review()
        assert sale is not None
        gateway = self.sandbox.gateway()
        (gateway.release if releases else gateway.cancel)(follow_up(sale.gateway_id))
        late = (row for row in self.world.rows if row.reference == sale.reference and row.pk in self.world.watched)
        for row in late:
            engine.watch(transaction_id=row.pk, now=timezone.now())

    # --- what we hear

    @event(when=lambda self: self.world.first(S.REVIEW), silent=[True, False, False])
    def review_is_read_again(self, silent: bool) -> None:
        self.spoil("GET", "cut before" if silent else "")
        engine.reread(transaction_id=self._in_review().pk, now=timezone.now())
        self.sandbox.calm()

    # --- how

    def _in_review(self) -> PaymentTransaction:
        row = self.world.first(S.REVIEW)
        assert row is not None
        return row

    def _under_review(self) -> Theirs | None:
        return next((sale for sale in self.world.theirs if sale.in_review), None)
