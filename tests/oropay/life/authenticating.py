"""Payments whose card holder's bank is asked first: let through, questioned, refused, left or forgotten."""

from django.utils import timezone

from oropay import engine
from oropay.models import AUTHENTICATING, Action, Payment, PaymentTransaction, TransactionState
from oropay.services import NewCard
from tests.contract.sandbox import VISA
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_FAULT, TOTAL, Ground
from tests.oropay.threeds import CHALLENGE, COULD_NOT, FAILED, NOT_ENROLLED, answer, fresh, returned, told

S = TransactionState
WAITING = "CHALLENGE_REQUIRED"
"""The gateway's word for a challenge that nobody has answered."""


class Authenticating(Ground):
    """3-D Secure: what the buyer, the browser and the bank do before anything is charged."""

    @event(
        when=lambda self: self.is_payable(),
        fault=SOME_FAULT,
        card=[VISA, CHALLENGE, CHALLENGE, FAILED, COULD_NOT, NOT_ENROLLED],
    )
    def buyer_pays_and_the_bank_is_asked(self, fault: str, card: str) -> None:
        source = NewCard(token=self.sandbox.card_token(card), last4=card[-4:])
        payment = self.asked(lambda: self.pay(way="ask", source=source, amount=TOTAL))
        if payment is not None:
            self.send(payment.transactions.get(), fault)

    @event(when=lambda self: self._asks(Action.AUTHENTICATE_CHECK), fault=SOME_FAULT)
    def browser_tells(self, fault: str) -> None:
        self.follow(lambda: told(self._payment(Action.AUTHENTICATE_CHECK)), fault)

    @event(
        when=lambda self: self._asks(Action.AUTHENTICATE_INITIATE),
        fault=SOME_FAULT,
        decision=["confirm", "confirm", "confirm", "refuse", "time_out", ""],
    )
    def browser_comes_back_from_the_bank(self, fault: str, decision: str) -> None:
        """The buyer answered, or only says so."""
        payment = self._payment(Action.AUTHENTICATE_INITIATE)
        there = self.sandbox.gateway().authentication_look_up(gateway_id=payment.authentication.gateway_id)
        if decision and there.status == WAITING:
            answer(payment, self.sandbox, decision)
        self.follow(lambda: returned(payment), fault)

    @event(when=lambda self: self._unanswered(), leaves=[True, False])
    def buyer_gives_up(self, leaves: bool) -> None:
        """And says so, or is silent until the time is over."""
        row = self._unanswered()
        assert row is not None
        now, over = timezone.now(), row.payment.authentication.expires_at
        if leaves:
            self.asked(lambda: engine.authentication_leave(payment=row.payment, by=self.order.placed_by, now=now))
        else:
            engine.authentication_expire(transaction_id=row.pk, now=over)

    def _unanswered(self) -> PaymentTransaction | None:
        return next((row for row in self.world.rows if row.action in AUTHENTICATING and not row.is_final), None)

    def _asks(self, action: Action) -> PaymentTransaction | None:
        return self.world.newest(action, state=S.ACTION_REQUIRED)

    def _payment(self, action: Action) -> Payment:
        row = self._asks(action)
        assert row is not None
        return fresh(row.payment)
