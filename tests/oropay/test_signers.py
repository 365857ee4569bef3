"""Whose key signed a message, when an integration has gone from one provider account to another."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.conf import settings
from django.utils import timezone

from ledger.models import AccountName
from oropay.models import (
    Dispute,
    Environment,
    Integration,
    Notification,
    NotificationState,
    PaymentTransaction,
    ProviderAccount,
    TransactionState,
)
from oropay.services import integration_save, notifications_forget, provider_provision
from tests.contract.sandbox import Sandbox
from tests.oropay.notices import asked, drain, put, tell, tell_of

Books = Callable[[AccountName], Decimal]
N, S = NotificationState, TransactionState


@pytest.fixture
def another(account: ProviderAccount) -> ProviderAccount:
    """A second account of the seller, with a key of its own."""
    return provision(account, name="Second", app_id="second-app", app_key="second-key")


def provision(like: ProviderAccount, *, name: str, app_id: str, app_key: str, **names: str) -> ProviderAccount:
    return provider_provision(
        organization=like.organization,
        name=name,
        app_id=app_id,
        app_key=app_key,
        service_url=like.service_url,
        environment=Environment.SANDBOX,
        settlement_currency="USD",
        **names,
    )


def sharing(account: ProviderAccount) -> ProviderAccount:
    """A second account with the key of the first; its deposits are reported apart."""
    return provision(
        account, name="Second", app_id="contract-app", app_key="contract-key", settlement_account="second_settlement"
    )


def pick(integration: Integration, account: ProviderAccount) -> None:
    """An admin gives the integration another account."""
    integration.provider_account = account
    integration_save(integration=integration)


def test_news_of_what_an_earlier_account_took_is_signed_with_its_own_key_and_recorded(
    debit: PaymentTransaction, integration: Integration, another: ProviderAccount, sandbox: Sandbox, books: Books
) -> None:
    pick(integration, another)
    put(sandbox, debit.gateway_id, "FUNDED")

    told = tell_of(integration, debit, "FUNDED")
    drain(integration)

    told.refresh_from_db()
    debit.refresh_from_db()
    assert (told.state, told.transaction_id, told.outcome) == (N.PROCESSED, debit.pk, "It is Approved now.")
    assert debit.state == S.APPROVED
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_both_accounts_are_heard_and_a_stranger_is_not(
    debit: PaymentTransaction, integration: Integration, another: ProviderAccount, sandbox: Sandbox
) -> None:
    pick(integration, another)
    put(sandbox, debit.gateway_id, "FUNDED")

    old = tell_of(integration, debit, "FUNDED")
    new = tell(integration, {"id": "TRN_not_there", "status": "CAPTURED"}, key="second-key")
    forged = tell(integration, {"id": debit.gateway_id, "status": "FUNDED"}, key="wrong")
    drain(integration)

    states = {row.pk: row.state for row in Notification.objects.all()}
    assert states == {old.pk: N.PROCESSED, new.pk: N.VERIFIED, forged.pk: N.REJECTED}


def test_accounts_that_share_a_key_each_hear_of_their_own(
    debit: PaymentTransaction, integration: Integration, account: ProviderAccount, sandbox: Sandbox
) -> None:
    pick(integration, sharing(account))
    put(sandbox, debit.gateway_id, "FUNDED")

    told = tell_of(integration, debit, "FUNDED")
    drain(integration)

    told.refresh_from_db()
    debit.refresh_from_db()
    assert (told.state, told.transaction_id) == (N.PROCESSED, debit.pk)
    assert debit.state == S.APPROVED


@pytest.mark.usefixtures("another")
def test_the_key_of_an_account_that_took_nothing_here_signs_nothing_here(
    debit: PaymentTransaction, integration: Integration, sandbox: Sandbox
) -> None:
    before = asked(sandbox)

    told = tell(integration, {"id": debit.gateway_id, "status": "FUNDED"}, key="second-key")
    drain(integration)

    told.refresh_from_db()
    assert (told.state, told.outcome) == (N.REJECTED, "Its signature is not the gateway's.")
    assert asked(sandbox) == before


def test_while_the_key_of_an_earlier_account_cannot_be_opened_nothing_it_may_have_signed_is_called_forged(
    debit: PaymentTransaction, integration: Integration, another: ProviderAccount, account: ProviderAccount
) -> None:
    pick(integration, another)
    ProviderAccount.objects.filter(pk=account.pk).update(key_id="lost")

    old = tell_of(integration, debit, "FUNDED")
    new = tell(integration, {"id": "TEST_of_nobody"}, key="second-key")
    drain(integration)

    old.refresh_from_db()
    new.refresh_from_db()
    assert (old.state, old.tries, old.next_at is not None) == (N.RECEIVED, 1, True)
    assert new.state == N.IGNORED


def test_what_fits_no_key_is_rejected_in_the_end_also_while_that_of_an_earlier_account_cannot_be_opened(
    debit: PaymentTransaction, integration: Integration, another: ProviderAccount, account: ProviderAccount
) -> None:
    pick(integration, another)
    verified = tell(integration, {"id": "TRN_not_there", "status": "CAPTURED"}, key="second-key")
    drain(integration)
    ProviderAccount.objects.filter(pk=account.pk).update(key_id="lost")
    pick(integration, provision(account, name="Third", app_id="third-app", app_key="third-key"))
    forged = tell(integration, {"id": debit.gateway_id, "status": "FUNDED"}, key="wrong")

    for _try in range(len(settings.OROPAY_NOTIFICATION_STEPS) + 1):
        Notification.objects.filter(next_at__isnull=False).update(next_at=timezone.now())
        drain(integration)

    verified.refresh_from_db()
    forged.refresh_from_db()
    assert (verified.state, forged.state) == (N.DEAD, N.REJECTED)
    assert "fits no key that can be opened" in forged.outcome
    assert "lost" in forged.outcome
    notifications_forget(now=timezone.now() + timedelta(days=400))
    assert [row.pk for row in Notification.objects.all()] == [verified.pk]


def test_a_dispute_of_a_sale_of_an_earlier_account_with_the_same_key_is_kept_by_that_account_alone(
    charge: PaymentTransaction, integration: Integration, account: ProviderAccount, sandbox: Sandbox
) -> None:
    pick(integration, sharing(account))
    name = str(sandbox.control("/disputes", {"transaction": charge.gateway_id})["id"])

    told = tell(integration, {"id": name, "status": "WITH_MERCHANT"})
    drain(integration)

    told.refresh_from_db()
    dispute = Dispute.objects.get()
    assert (told.state, told.outcome) == (N.PROCESSED, "Chargeback: Waiting for our answer")
    assert (dispute.gateway_id, dispute.provider_account, dispute.transaction) == (name, account, charge)


def test_a_verified_message_whose_key_is_gone_is_given_up_and_holds_up_no_other(
    integration: Integration, account: ProviderAccount
) -> None:
    told = tell(integration, {"id": "TRN_not_there", "status": "CAPTURED"})
    drain(integration)
    provision(account, name=account.name, app_id="contract-app", app_key="changed-key")
    Notification.objects.filter(pk=told.pk).update(next_at=timezone.now())

    other = tell(integration, {"id": "TEST_of_nobody"}, key="changed-key")
    drain(integration)

    told.refresh_from_db()
    other.refresh_from_db()
    assert (told.state, other.state) == (N.DEAD, N.IGNORED)
    assert told.outcome == "Its signature was the gateway's; no key of this integration fits it any more."
