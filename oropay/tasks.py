"""Celery's doors into this room. Messages carry ids and are hints; the rows decide.

A look is made only when its row is due: after a lag there are several hints of it. Who wants one at once makes the row
due first.
"""

from celery import shared_task
from django.utils import timezone

from oropay import engine, pool
from oropay.engine import disputes
from oropay.engine.unknown import lease_expired as engine_lease_expired
from oropay.services import notifications_hint


@shared_task(name="oropay.tasks.execute")
def execute(transaction_id: int) -> None:
    engine.execute(transaction_id=transaction_id, now=timezone.now())


@shared_task(name="oropay.tasks.give_up")
def give_up(transaction_id: int) -> None:
    engine.give_up(transaction_id=transaction_id, now=timezone.now())


@shared_task(name="oropay.tasks.look")
def look(transaction_id: int) -> None:
    engine.look(transaction_id=transaction_id, now=timezone.now(), only_due=True)


@shared_task(name="oropay.tasks.lease_expired")
def lease_expired(transaction_id: int) -> None:
    engine_lease_expired(transaction_id=transaction_id, now=timezone.now())


@shared_task(name="oropay.tasks.reread")
def reread(transaction_id: int) -> None:
    engine.reread(transaction_id=transaction_id, now=timezone.now(), only_due=True)


@shared_task(name="oropay.tasks.watch")
def watch(transaction_id: int) -> None:
    engine.watch(transaction_id=transaction_id, now=timezone.now(), only_due=True)


@shared_task(name="oropay.tasks.notifications")
def notifications(integration_id: int) -> None:
    if engine.inbox_drain(integration_id=integration_id, now=timezone.now()):
        notifications_hint(integration_id=integration_id)


@shared_task(name="oropay.tasks.instrument_request")
def instrument_request(request_id: int) -> None:
    engine.instrument_request(request_id=request_id, now=timezone.now())


@shared_task(name="oropay.tasks.pool_fill")
def pool_fill(provider_account_id: int) -> None:
    pool.fill(provider_account_id=provider_account_id, now=timezone.now())


@shared_task(name="oropay.tasks.dispute_answer")
def dispute_answer(request_id: int) -> None:
    disputes.answer_execute(request_id=request_id, now=timezone.now())


@shared_task(name="oropay.tasks.dispute_lease_expired")
def dispute_lease_expired(request_id: int) -> None:
    disputes.answer_lease_expired(request_id=request_id, now=timezone.now())


@shared_task(name="oropay.tasks.dispute_look")
def dispute_look(request_id: int) -> None:
    disputes.answer_look(request_id=request_id, now=timezone.now(), only_due=True)


@shared_task(name="oropay.tasks.authentication_expire")
def authentication_expire(transaction_id: int) -> None:
    engine.authentication_expire(transaction_id=transaction_id, now=timezone.now())
