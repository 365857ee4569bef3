"""Bank debits that were funded and come back, what we hear of it, and what people do about it."""

from django.utils import timezone

from oropay import engine
from oropay.models import AchReturn, Freeze, PaymentTransaction
from oropay.services import ach_return_code_enter, debit_retry, freeze_lift
from tests.oropay.house import send_back
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_FAULT, Ground


class Returning(Ground):
    """Returns from the bank's word to the next try, and the accounts they freeze."""

    # --- the payer's bank

    @event(when=lambda self: self._funded(), code=["R01", "R01", "R10", ""])
    def bank_takes_a_debit_back(self, code: str) -> None:
        """For want of money, because nobody agreed to it, or without a reason."""
        debit = self._funded()
        assert debit is not None
        send_back(self.sandbox, debit, code)

    # --- what we hear

    @event(when=lambda self: self._taken_back(), silent=[True, False, False])
    def we_are_told_of_a_return(self, silent: bool) -> None:
        debit = self._taken_back()
        assert debit is not None
        self.spoil("GET", "cut before" if silent else "")
        engine.reread(transaction_id=debit.pk, now=timezone.now())
        self.sandbox.calm()

    # --- what people do

    @event(when=lambda self: self._without_code(), code=["R01", "R02"])
    def clerk_enters_the_code(self, code: str) -> None:
        told = self._without_code()
        assert told is not None
        ach_return_code_enter(told=told, code=code, note="the bank says so", by=self.clerk, now=timezone.now())

    @event(when=lambda self: self._freeze())
    def clerk_lets_the_account_go(self) -> None:
        freeze = self._freeze()
        assert freeze is not None
        freeze_lift(freeze=freeze, note="agreed to anew", by=self.clerk, now=timezone.now())

    @event(when=lambda self: self._repeatable(), fault=SOME_FAULT)
    def clerk_sends_a_debit_again(self, fault: str) -> None:
        told = self._repeatable()
        assert told is not None
        payment = self.asked(lambda: debit_retry(told=told, by=self.clerk, now=timezone.now()))
        if payment is not None:
            self.send(payment.transactions.get(), fault)

    # --- how

    def _funded(self) -> PaymentTransaction | None:
        """The newest debit that we know to have been paid out, and that was."""
        for row in reversed(self.world.rows):
            sale = self.world.sale(row.gateway_id) if self.world.is_settled_debit(row) else None
            if sale is not None and sale.status == "FUNDED":
                return row
        return None

    def _taken_back(self) -> PaymentTransaction | None:
        debits = (row for row in self.world.rows if self.world.is_settled_debit(row))
        return next((row for row in debits if self.world.is_news(row)), None)

    def _without_code(self) -> AchReturn | None:
        return AchReturn.objects.filter(organization=self.seller, code="").order_by("pk").first()

    def _freeze(self) -> Freeze | None:
        return Freeze.objects.filter(organization=self.seller, lifted_at=None).first()

    def _repeatable(self) -> AchReturn | None:
        return AchReturn.objects.filter(organization=self.seller, code="R01").order_by("-pk").first()
