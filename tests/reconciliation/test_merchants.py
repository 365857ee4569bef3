"""Accounts that are one merchant at the gateway: each is told of all its deposits, and one of them books each."""

from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay.exceptions import SettledTwice
from oropay.models import Environment, ProviderAccount
from oropay.services import provider_provision
from reconciliation.models import CaseKind, Deposit, DepositBooking, ExceptionCase, SettlementLine
from reconciliation.services import settlement_pull
from tests.reconciliation.conftest import MONDAY, WEDNESDAY, Clock
from tests.reconciliation.standin import KIND, Reports, line


def another(account: ProviderAccount, **changes: str) -> ProviderAccount:
    """A second account with the key of the first, as one merchant has them for several currencies."""
    return provider_provision(
        organization=account.organization,
        environment=Environment.SANDBOX,
        kind=KIND,
        **{
            "name": "Another",
            "app_id": "app",
            "app_key": "key",
            "service_url": account.service_url,
            "settlement_currency": "JPY",
            **changes,
        },
    )


def pull_all() -> None:
    for account in ProviderAccount.objects.order_by("pk"):
        settlement_pull(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, now=timezone.now())


def pay_out(gateway: Reports) -> None:
    """One deposit in each of two currencies, told to whoever asks."""
    gateway.deposit("DEP_usd", line("TRN_usd", "1000.00", at=MONDAY), paid_on=WEDNESDAY, fees="29.30")
    gateway.deposit(
        "DEP_yen", line("TRN_yen", "5000", currency="JPY", at=MONDAY), paid_on=WEDNESDAY, currency="JPY", fees="145"
    )


def booked(account: ProviderAccount) -> dict[str, tuple[Decimal, Decimal]]:
    """Cash in transit and fees of the seller, by currency."""
    names = (AccountName.CASH_IN_TRANSIT, AccountName.GATEWAY_FEES)
    organization_id = account.organization_id
    usd, yen = (
        tuple(balance(organization_id=organization_id, name=name, currency=currency) for name in names)
        for currency in ("USD", "JPY")
    )
    return {"USD": (usd[0], usd[1]), "JPY": (yen[0], yen[1])}


def test_two_accounts_of_one_merchant_book_each_deposit_once_in_the_account_of_its_currency(
    account: ProviderAccount, gateway: Reports, clock: Clock
) -> None:
    yen = another(account)
    pay_out(gateway)
    clock.set(WEDNESDAY)

    pull_all()
    pull_all()

    kept = [(account.pk, "DEP_usd"), (yen.pk, "DEP_yen")]
    assert sorted(Deposit.objects.values_list("provider_account", "gateway_id")) == kept
    assert sorted(SettlementLine.objects.values_list("provider_account", "deposit__gateway_id")) == kept
    assert booked(account) == {
        "USD": (Decimal("970.70"), Decimal("29.30")),
        "JPY": (Decimal(4855), Decimal(145)),
    }
    assert not ExceptionCase.objects.filter(kind=CaseKind.CURRENCY_DIFFERS).exists()
    assert ledger_check() == []


def test_a_deposit_that_was_booked_before_the_account_of_its_currency_was_made_is_not_booked_there_again(
    account: ProviderAccount, gateway: Reports, clock: Clock
) -> None:
    pay_out(gateway)
    clock.set(WEDNESDAY)
    pull_all()
    before = booked(account)

    another(account)
    pull_all()

    assert booked(account) == before
    assert DepositBooking.objects.filter(deposit__provider_account=account).count() == 2
    assert Deposit.objects.count() == 2


def test_another_merchants_account_keeps_what_it_is_told(
    account: ProviderAccount, gateway: Reports, clock: Clock
) -> None:
    another(account, app_id="another app")
    gateway.deposit("DEP_yen", line("TRN_yen", "5000", currency="JPY", at=MONDAY), paid_on=WEDNESDAY, currency="JPY")
    clock.set(WEDNESDAY)

    settlement_pull(provider_account=account, since=WEDNESDAY, until=WEDNESDAY, now=timezone.now())

    assert Deposit.objects.get().provider_account == account
    assert ExceptionCase.objects.filter(kind=CaseKind.CURRENCY_DIFFERS).exists()


@pytest.mark.parametrize("is_active", [True, False])
def test_a_second_account_that_would_settle_the_same_money_is_refused(
    is_active: bool, account: ProviderAccount
) -> None:
    ProviderAccount.objects.update(is_active=is_active)

    with pytest.raises(SettledTwice, match="the same USD deposits as “Stand-in”"):
        another(account, app_key="a newer key", settlement_currency="USD")

    assert ProviderAccount.objects.count() == 1


def test_an_account_is_renewed_and_one_with_another_app_or_settlement_account_is_made(account: ProviderAccount) -> None:
    another(account, name="Stand-in", settlement_currency="USD")
    another(account, settlement_currency="USD", settlement_account="second_settlement")
    another(account, name="Third", settlement_currency="USD", app_id="another app")

    assert ProviderAccount.objects.count() == 3


def test_the_command_says_that_a_second_account_would_settle_the_same_money(
    account: ProviderAccount, monkeypatch: pytest.MonkeyPatch
) -> None:
    ProviderAccount.objects.update(kind="globalpayments")
    monkeypatch.setenv("GP_APP_ID", "app")
    monkeypatch.setenv("GP_APP_KEY", "key")
    asked = ("--organization", account.organization.code, "--service-url", account.service_url)

    with pytest.raises(CommandError, match="Nothing was stored: the gateway would tell this account"):
        call_command("provision", *asked, "--name", "Another")
