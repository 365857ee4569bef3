"""Looking after the inbox: trying again, giving up, replay, leases, the sweep, forgetting, tests of our own."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db.transaction import atomic
from django.utils import timezone

from ledger.models import AccountName
from oropay import engine
from oropay.due import DueNotifications
from oropay.engine import inbox
from oropay.exceptions import NotificationWaiting
from oropay.models import (
    NOTIFICATION_MOVES,
    Integration,
    Notification,
    NotificationState,
    Payment,
    PaymentTransaction,
    TransactionState,
    WebhookCheck,
    WebhookCheckState,
)
from oropay.services import notification_receive, notification_replay, notifications_forget
from tests.contract.sandbox import Sandbox
from tests.factories import StaffFactory
from tests.hints import Hints
from tests.oropay.house import arrive as arrives_at_gateway
from tests.oropay.notices import drain, put, signature, tell, tell_of

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
N, S = NotificationState, TransactionState


def test_a_silent_gateway_is_asked_again_until_it_is_given_up_and_a_person_may_try_again(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox
) -> None:
    staff = StaffFactory.create()
    put(sandbox, debit.gateway_id, "FUNDED")
    told = tell_of(integration, debit, "FUNDED")
    silence = {"match": {"endpoint": "/transactions/{id}", "method": "GET"}, "action": {"html_502": {}}, "times": 7}
    sandbox.control("/rules", silence)

    waits = []
    for _ in range(7):
        before = timezone.now()
        drain(integration)
        told.refresh_from_db()
        waits.append(round((told.next_at - before).total_seconds(), 0) if told.next_at else None)
        Notification.objects.filter(pk=told.pk, next_at__isnull=False).update(next_at=timezone.now())

    assert waits[1:] == [3, 12, 60, 360, 2160, None]
    assert (told.state, told.tries, told.outcome) == (N.DEAD, 7, "The gateway did not answer.")

    notification_replay(notification=told, by=staff, now=timezone.now())
    with pytest.raises(NotificationWaiting):
        notification_replay(notification=told, by=staff, now=timezone.now())
    drain(integration)

    told.refresh_from_db()
    debit.refresh_from_db()
    assert (told.state, told.tries, debit.state) == (N.PROCESSED, 1, S.APPROVED)


def test_a_forged_one_stays_forged_when_it_is_tried_again(integration: Integration) -> None:
    told = tell(integration, {"id": "TRN_1"}, key="wrong")
    drain(integration)
    told.refresh_from_db()

    notification_replay(notification=told, by=StaffFactory.create(), now=timezone.now())
    drain(integration)

    told.refresh_from_db()
    assert told.state == N.REJECTED


def test_while_our_own_request_has_not_ended_the_notification_waits(
    start: Start, integration: Integration, sandbox: Sandbox
) -> None:
    row = start().transactions.get()
    arrives_at_gateway(row)
    gateway_id = sandbox.gateway().find_by_reference(reference=row.reference).found[0].gateway_id

    told = tell(integration, {"id": gateway_id, "status": "CAPTURED"})
    drain(integration)

    told.refresh_from_db()
    row.refresh_from_db()
    assert (told.state, told.outcome) == (N.VERIFIED, "An action of ours on it has not ended.")
    assert told.next_at is not None
    assert told.next_at > timezone.now() - timedelta(seconds=1)
    assert (row.state, row.gateway_id) == (S.QUEUED, "")


def test_two_workers_never_take_the_same_message(integration: Integration, debit: PaymentTransaction) -> None:
    tell_of(integration, debit)

    now = timezone.now()
    first = inbox._claim(integration_id=integration.pk, now=now)
    second = inbox._claim(integration_id=integration.pk, now=now)
    after_a_crash = inbox._claim(integration_id=integration.pk, now=now + inbox.LEASE)

    assert [len(claimed) for claimed in (first, second, after_a_crash)] == [1, 0, 1]


def test_a_worker_takes_no_more_at_once_than_it_can_read_in_a_moment(integration: Integration) -> None:
    for number in range(18):
        tell(integration, b"%d" % number + b" " * (64 * 1024 - 2), key="wrong")
    tell(integration, b"x" * 2 * inbox.MOST_BYTES, key="wrong")

    taken = [engine.inbox_drain(integration_id=integration.pk, now=timezone.now()) for _ in range(4)]

    assert taken == [16, 2, 1, 0]
    assert Notification.objects.filter(state=N.REJECTED, tries=1).count() == 19


def test_the_database_refuses_what_is_no_move_and_every_change_of_what_was_said(integration: Integration) -> None:
    told = tell(integration, {"id": "DIS_1"})

    for wrong in set(N) - NOTIFICATION_MOVES[N.RECEIVED] - {N.RECEIVED}:
        with pytest.raises(Exception, match=r"Invalid transition|violates check"), atomic():
            Notification.objects.filter(pk=told.pk).update(state=wrong)
    with pytest.raises(Exception, match=r"[Rr]ead|update"), atomic():
        Notification.objects.filter(pk=told.pk).update(body=b"other")

    told.refresh_from_db()
    assert (told.state, bytes(told.body)) == (N.RECEIVED, b'{"id":"DIS_1"}')


def test_the_sweep_hints_once_at_each_inbox_that_waits(integration: Integration, hints: Hints) -> None:
    for number in range(3):
        tell(integration, {"id": f"DIS_{number}"})
    now = timezone.now()

    published = [DueNotifications().publish_due(now=now, limit=10) for _ in range(2)]
    later = DueNotifications().publish_due(now=now + timedelta(seconds=10), limit=10)

    assert (published, later) == ([3, 0], 3)
    assert hints.told() == [("oropay.tasks.notifications", integration.pk, "gateway-lookup")] * 2


def test_forged_ones_are_forgotten_after_thirty_days_and_finished_ones_after_ninety(integration: Integration) -> None:
    now = timezone.now()

    def aged(days: int, *, key: str = "contract-key", dead: bool = False) -> int:
        body = json.dumps({"id": f"TEST_{days}{key}{dead}"}).encode()
        headers = {"X-GP-Signature": signature(body, key)}
        notification_receive(
            key=integration.webhook_key, body=body, headers=headers, address=None, now=now - timedelta(days=days)
        )
        row = Notification.objects.latest("pk")
        if dead:
            Notification.objects.filter(pk=row.pk).update(state=N.DEAD, next_at=None, ended_at=now)
        return row.pk

    aged(31, key="wrong"), aged(91)
    kept = {aged(29, key="wrong"), aged(89), aged(200, dead=True)}
    drain(integration)
    waiting = aged(100)

    assert notifications_forget(now=now) == 2
    assert set(Notification.objects.values_list("pk", flat=True)) == kept | {waiting}


def test_our_own_test_message_ends_the_check_that_asked_for_it(integration: Integration) -> None:
    check = WebhookCheck.objects.create(integration=integration, asked_at=timezone.now())

    told = tell(integration, {"id": f"TEST_{check.uuid}", "type": "TEST"})
    nobody = tell(integration, {"id": "TEST_00000000-0000-0000-0000-000000000000"})
    odd = tell(integration, {"id": "TEST_what"})
    drain(integration)

    check.refresh_from_db()
    outcomes = [Notification.objects.get(pk=row.pk).outcome for row in (told, nobody, odd)]
    assert (check.state, check.detail) == (WebhookCheckState.ARRIVED, "")
    assert outcomes == ["Our own test came through.", "A test nobody asked for.", "A test nobody asked for."]
