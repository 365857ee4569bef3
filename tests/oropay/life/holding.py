"""Holds that lapse, and are held anew."""

from datetime import timedelta

from django.conf import settings
from django.utils import timezone

from oropay.models import HOLDS, PaymentTransaction, TransactionState
from oropay.services import reauthorize_start
from tests.contract.samples import follow_up
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_FAULT, Ground

S = TransactionState


class Holding(Ground):
    """What becomes of holds that nobody captures in time."""

    @event(when=lambda self: self._held_there())
    def hold_lapses(self) -> None:
        """The gateway lets it go, and tells nobody."""
        hold = self._held_there()
        assert hold is not None
        self.sandbox.gateway().cancel(follow_up(hold.gateway_id))
        self.lapsed.add(hold.gateway_id)

    @event(when=lambda self: self._held_here(), fault=SOME_FAULT)
    def clerk_renews(self, fault: str) -> None:
        """When its week is over, whether the gateway let it go or not."""
        hold = self._held_here()
        assert hold is not None
        over = hold.created_at + settings.OROPAY_HOLD_LASTS + timedelta(hours=1)
        row = self.asked(lambda: reauthorize_start(hold=hold, by=self.clerk, now=over))
        if row is not None:
            PaymentTransaction.objects.filter(pk=row.pk).update(created_at=timezone.now())
            self.send(row, fault)

    def _held_here(self) -> PaymentTransaction | None:
        return self.world.newest(*HOLDS, state=S.APPROVED) if self.world.sums.held else None

    def _held_there(self) -> PaymentTransaction | None:
        hold = self.world.newest(*HOLDS, state=S.APPROVED)
        there = self.world.sale(hold.gateway_id) if hold is not None else None
        return hold if there is not None and there.status == "PREAUTHORIZED" and there.held else None
