"""Workers that send, die and look; requests that come late; banks that decide."""

import time
from datetime import timedelta

from django.utils import timezone

from oropay import engine, locks
from oropay.engine.gateways import gateway_of
from oropay.engine.send import Claim
from oropay.engine.send.follow_up import follow_up_request
from oropay.engine.unknown import lease_expired
from oropay.models import SALES, Action, FailureReason, PaymentTransaction, TransactionState
from oropay.services import verdict_propose
from tests.oropay.house import arrive
from tests.oropay.life.events import event
from tests.oropay.life.ground import SOME_FAULT, Ground

S = TransactionState
FIRST = frozenset({Action.CHARGE, Action.AUTHORIZE})
UNDECIDED = frozenset({"CAPTURED", "PENDING"})
"""What the gateway calls a bank payment that its bank has not decided."""


class Working(Ground):
    """Everything that happens by itself between us and the gateway."""

    @event(when=lambda self: self.world.first(S.QUEUED), fault=SOME_FAULT)
    def worker_sends_what_waits(self, fault: str) -> None:
        row = self.world.first(S.QUEUED)
        assert row is not None
        self.send(row, fault)

    @event(when=lambda self: self.world.first(S.QUEUED), sent=(True, False))
    def worker_dies(self, sent: bool) -> None:
        """After it took the lease; before or after the gateway had the request."""
        row = self.world.first(S.QUEUED)
        assert row is not None
        if sent and row.action in FIRST:
            PaymentTransaction.objects.filter(pk=row.pk).update(tries=0)
            arrive(_with_its_way(row))
        locks.claim(pk=row.pk)
        PaymentTransaction.objects.filter(pk=row.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        lease_expired(transaction_id=row.pk, now=timezone.now())

    @event(when=lambda self: self.world.first(S.UNKNOWN), looks=[1, 2, 3], silent=[True, False, False])
    def unknown_is_looked_for(self, looks: int, silent: bool) -> None:
        """So often, at the first look perhaps in vain."""
        row = self.world.first(S.UNKNOWN)
        assert row is not None
        unknown = PaymentTransaction.objects.filter(pk=row.pk, state=S.UNKNOWN)
        self.spoil("GET", "cut before" if silent else "")
        for _look in range(looks):
            unknown.update(answer_by=timezone.now() - timedelta(minutes=5))
            engine.look(transaction_id=row.pk, now=timezone.now())
            unknown.filter(absent_since__isnull=False).update(absent_since=timezone.now() - timedelta(minutes=1))
        self.sandbox.calm()

    @event(when=lambda self: self._gone())
    def lost_request_arrives_late(self) -> None:
        lost = self._gone()
        assert lost is not None
        if lost.action in FIRST:
            arrive(_with_its_way(lost))
        else:
            claim = Claim(transaction=_with_its_way(lost), send_before=time.monotonic() + 10)
            gateway_of(account=self.account).reauthorize(follow_up_request(claim=claim))
        engine.watch(transaction_id=lost.pk, now=timezone.now())

    @event(when=lambda self: self._lost_refund())
    def clerk_rules_a_refund_out(self) -> None:
        """A second person decides; the gateway may have made it all the same."""
        row = self._lost_refund()
        assert row is not None
        now = timezone.now()
        PaymentTransaction.objects.filter(pk=row.pk).update(unknown_since=now - timedelta(days=2))
        row.refresh_from_db()
        self.asked(
            lambda: verdict_propose(
                row=row, taken=False, gateway_id="", evidence="their support says so", by=self.clerk, now=now
            )
        )

    @event(when=lambda self: self._ruled_out())
    def what_was_ruled_out_is_watched(self) -> None:
        [row, *_] = self._ruled_out()
        engine.watch(transaction_id=row.pk, now=timezone.now())

    @event(when=lambda self: self._undecided(), funded=(True, False))
    def bank_decides(self, funded: bool) -> None:
        row = self._undecided()
        assert row is not None
        status = "FUNDED" if funded else "REJECTED"
        self.sandbox.control(f"/transactions/{row.gateway_id}/status", {"status": status})
        engine.reread(transaction_id=row.pk, now=timezone.now())

    def _undecided(self) -> PaymentTransaction | None:
        """What a bank has in hand, here and there: it may have been stopped without our knowing it."""
        row = self.world.first(S.PENDING)
        there = self.world.sale(row.gateway_id) if row is not None else None
        return row if there is not None and there.status in UNDECIDED else None

    def _lost_refund(self) -> PaymentTransaction | None:
        return self.world.newest(Action.REFUND, state=S.UNKNOWN)

    def _ruled_out(self) -> list[PaymentTransaction]:
        return [row for row in self.world.rows_ruled_out if row.pk in self.world.watched]

    def _gone(self) -> PaymentTransaction | None:
        return next(
            (
                row
                for row in reversed(self.world.rows)
                if row.failure_reason == FailureReason.NEVER_ARRIVED
                and row.action in SALES
                and row.pk in self.world.watched
            ),
            None,
        )


def _with_its_way(row: PaymentTransaction) -> PaymentTransaction:
    """With what it is paid by, as a worker reads it."""
    related = ("payment__instrument", "payment__mandate", "payment__provider_account", "parent")
    return PaymentTransaction.objects.select_related(*related).get(pk=row.pk)
