"""What goes wrong with the gateway: an alert, the integration's page, and the log of whoever wants it there."""

import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest
from django.test import Client
from django.urls import reverse

from commerce.models import User
from oropay.gateway.port import CardToken
from oropay.models import (
    Alert,
    AlertKind,
    DriftKind,
    Integration,
    Payment,
    PaymentAction,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import integration_save
from tests.contract.sandbox import Sandbox
from tests.oropay.books import portal
from tests.oropay.house import request_of
from tests.oropay.notices import drain, tell

Start = Callable[..., Payment]
Run = Callable[..., PaymentTransaction]
Compare = Callable[[], list[tuple[str, bool]]]
Logged = Callable[[], list[str]]
S = TransactionState


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Logged:
    """What integrations have logged so far."""
    return lambda: [record.message for record in caplog.records if record.name == "oropay.engine.problems"]


@pytest.fixture
def talkative(integration: Integration) -> Integration:
    """Its administrator wants problems in the log."""
    Integration.objects.filter(pk=integration.pk).update(log_warnings=True)
    return integration


def turn_away(sandbox: Sandbox, row: PaymentTransaction, status: int, *, times: int = 1) -> None:
    """The gateway answers so many tries at its door."""
    refusal = {"http": {"status": status, "body": {}}}
    sandbox.control("/rules", {"match": {"reference": row.reference}, "action": refusal, "times": times})


@pytest.mark.parametrize("status", [401, 403, 429])
def test_a_gateway_that_turns_a_charge_away_raises_an_alert_at_once_and_its_integration_lists_it(
    start: Start, run: Run, integration: Integration, maker: User, client: Client, sandbox: Sandbox, status: int
) -> None:
    client.force_login(maker)
    payment = start()
    row = payment.transactions.get()
    turn_away(sandbox, row, status)

    first = run(row)

    alert = Alert.objects.get()
    assert (first.state, first.tries, first.next_at is not None) == (S.QUEUED, 1, True)
    assert (alert.kind, alert.transaction, alert.resolved_at) == (AlertKind.GATEWAY_REFUSES_US, row, None)
    page = client.get(reverse("admin:oropay_integration_change", args=[integration.pk])).content.decode()
    assert f"Gateway refuses us: HTTP {status}" in page
    assert run(row).state == S.APPROVED
    assert Alert.objects.count() == 1


def test_refusals_of_one_charge_are_logged_once_for_an_integration_that_wants_it(
    start: Start, run: Run, talkative: Integration, sandbox: Sandbox, logged: Logged
) -> None:
    row = start().transactions.get()
    turn_away(sandbox, row, 429, times=2)

    tries = [run(row).state for _ in range(3)]

    assert tries == [S.QUEUED, S.QUEUED, S.APPROVED]
    assert logged() == [
        f"Integration {talkative.pk} (OroPay): The gateway refuses us (HTTP 429): transaction {row.pk}."
    ]


def test_a_new_difference_is_logged_once_for_the_integration_that_was_paid_with(
    empty_gateway: None,
    charge: PaymentTransaction,
    talkative: Integration,
    compare: Compare,
    sandbox: Sandbox,
    logged: Logged,
) -> None:
    beside(talkative)
    sandbox.gateway().cancel(portal(charge.gateway_id))

    found = [compare() for _ in range(2)]

    assert found == [[(DriftKind.DONE_OUTSIDE, True)]] * 2
    assert logged() == [
        f"Integration {talkative.pk} (OroPay): A difference with the gateway (done_outside): {charge.gateway_id}."
    ]


def test_a_difference_that_concerns_nothing_of_ours_is_logged_for_every_integration_of_the_account(
    empty_gateway: None,
    charge: PaymentTransaction,
    talkative: Integration,
    compare: Compare,
    sandbox: Sandbox,
    logged: Logged,
) -> None:
    other = beside(talkative)
    stranger = replace(request_of(charge), reference="portal-sale-9", idempotency_key=str(uuid.uuid4()))
    made = sandbox.gateway().charge(replace(stranger, source=CardToken(token=sandbox.card_token())))

    assert compare() == [(DriftKind.UNKNOWN_TO_US, False)]

    text = f"A difference with the gateway (unknown_to_us): {made.gateway_id}."
    assert sorted(logged()) == sorted(
        [f"Integration {talkative.pk} (OroPay): {text}", f"Integration {other.pk} (Held at first): {text}"]
    )


def test_an_integration_whose_administrator_does_not_want_it_logs_nothing(
    empty_gateway: None,
    start: Start,
    run: Run,
    integration: Integration,
    compare: Compare,
    sandbox: Sandbox,
    logged: Logged,
) -> None:
    row = start().transactions.get()
    turn_away(sandbox, row, 429)
    run(row)
    sandbox.gateway().cancel(portal(run(row).gateway_id))
    tell(integration, {"id": "TRN_1"}, key="wrong")

    found = compare()
    drain(integration)

    assert found == [(DriftKind.DONE_OUTSIDE, True)]
    assert logged() == []


def test_notifications_that_are_not_the_gateways_are_logged(talkative: Integration, logged: Logged) -> None:
    tell(talkative, {"id": "TRN_1"}, key="wrong")

    drain(talkative)

    assert logged() == [f"Integration {talkative.pk} (OroPay): 1 notifications were not signed by the gateway."]


def beside(integration: Integration) -> Integration:
    """A second integration of the same account, which logs too."""
    return integration_save(
        integration=Integration(
            organization=integration.organization,
            name="Held at first",
            provider_account=integration.provider_account,
            payment_action=PaymentAction.MANUAL,
            currencies=["USD"],
            log_warnings=True,
        )
    )
