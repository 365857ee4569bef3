"""Money without an earlier charge, and the second person who is always asked for it."""

from contextlib import suppress
from decimal import Decimal

from django.db.models import QuerySet
from django.utils import timezone

from oropay.exceptions import ApprovalChanged
from oropay.models import Instrument, InstrumentState, RefundReason
from oropay.services import approval_agree, approval_refuse, credit_start
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_AMOUNT, Ground


class Crediting(Ground):
    """Standalone credits, and everything else that waits for a second person."""

    @event(when=lambda self: self._saved().exists(), amount=SOME_AMOUNT, by_card=(True, False))
    def clerk_credits(self, amount: Decimal, by_card: bool) -> None:
        saved = self._saved().order_by("-pk" if by_card else "pk")[0]
        self.asked(
            lambda: credit_start(
                instrument=saved,
                amount=amount,
                reason=RefundReason.OTHER,
                note="goodwill",
                by=self.clerk,
                now=timezone.now(),
            )
        )

    @event(when=lambda self: self.world.waiting, agrees=[True, True, False])
    def second_person_decides(self, agrees: bool) -> None:
        """What was agreed to waits for the worker then."""
        approval = self.world.waiting[0]
        if agrees:
            with suppress(ApprovalChanged):  # the card was entered again meanwhile: it is void
                self.asked(lambda: approval_agree(approval=approval, by=self.second, now=timezone.now()))
        else:
            self.asked(lambda: approval_refuse(approval=approval, remark="no", by=self.second, now=timezone.now()))

    def _saved(self) -> QuerySet[Instrument]:
        return Instrument.objects.filter(customer=self.order.customer, state=InstrumentState.ACTIVE)
