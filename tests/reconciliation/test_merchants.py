"""Accounts that are one merchant at the gateway: each is told of all its deposits, and one of them books each."""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from ledger.models import AccountName
from ledger.selectors import balance
from ledger.services import ledger_check
from oropay import engine
from oropay.exceptions import SettledTwice
from oropay.models import Environment, Integration, PaymentTransaction, ProviderAccount
from oropay.services import integration_save, provider_provision
from oropay.services.settlement import REREAD_JOB
from plumbing.models import Job
from reconciliation.models import CaseKind, Deposit, DepositBooking, ExceptionCase, MatchPart, SettlementLine
from reconciliation.services import Pulled, deposits_book, report_store, settlement_pull
from tests.reconciliation.conftest import BANK, MONDAY, WEDNESDAY, Clock, fund
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


def beside(account: ProviderAccount, *, known: bool = True) -> ProviderAccount:
    """A second account of one app and currency, such as one for bank debits, made before that was refused.

    `known`: both were given new keys since, so that we know of what app they are.
    """
    ProviderAccount.objects.update(app_digest="")
    second = another(account, settlement_currency="USD", transaction_account="bank_debits")
    ProviderAccount.objects.update(app_digest=second.app_digest if known else "")
    return ProviderAccount.objects.get(pk=second.pk)


@pytest.fixture
def sold_beside(account: ProviderAccount, integration: Integration) -> None:
    """What is sold goes through the second account."""
    integration.provider_account = beside(account)
    integration_save(integration=integration)


def pull_one(account: ProviderAccount) -> Pulled:
    return settlement_pull(
        provider_account=ProviderAccount.objects.get(pk=account.pk),
        since=WEDNESDAY,
        until=WEDNESDAY,
        now=timezone.now(),
    )


def pull_all() -> None:
    for account in ProviderAccount.objects.order_by("pk"):
        pull_one(account)


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
    pay_out(gateway)
    clock.set(WEDNESDAY)

    pull_one(account)

    assert_keeps_both(account)


def assert_keeps_both(account: ProviderAccount) -> None:
    """It booked what it was told of, and a person hears that it was paid out in a currency that it does not settle."""
    assert [booking.deposit.provider_account for booking in DepositBooking.objects.all()] == [account] * 2
    assert booked(account)["JPY"] == (Decimal(4855), Decimal(145))
    assert ExceptionCase.objects.filter(kind=CaseKind.CURRENCY_DIFFERS, deposit__gateway_id="DEP_yen").exists()
    assert ledger_check() == []


def test_an_account_made_before_apps_were_known_keeps_what_another_may_never_be_told_of(
    account: ProviderAccount, gateway: Reports, clock: Clock
) -> None:
    another(account, app_id="another app")
    ProviderAccount.objects.update(app_digest="")
    pay_out(gateway)
    clock.set(WEDNESDAY)

    pull_one(account)

    assert_keeps_both(account)


def test_an_account_keeps_what_another_that_is_no_longer_heard_would_keep(
    account: ProviderAccount, gateway: Reports, clock: Clock
) -> None:
    yen = another(account)
    ProviderAccount.objects.filter(pk=yen.pk).update(is_active=False)
    pay_out(gateway)
    clock.set(WEDNESDAY)

    pull_one(account)

    assert_keeps_both(account)


@pytest.mark.parametrize("known", [True, False])
def test_sales_of_two_accounts_that_share_a_deposit_are_settled_whichever_books_it(
    known: bool,
    account: ProviderAccount,
    integration: Integration,
    pay: Callable[..., PaymentTransaction],
    gateway: Reports,
    clock: Clock,
) -> None:
    sales = [pay("100.00")]
    integration.provider_account = beside(account, known=known)
    integration_save(integration=integration)
    sales.append(pay("50.00"))
    lines = [line(sale.gateway_id, f"{sale.amount:.2f}", at=MONDAY) for sale in sales]
    gateway.deposit("DEP_1", *lines, paid_on=WEDNESDAY, fees="4.65")
    clock.set(WEDNESDAY + timedelta(days=1))  # from when they would be late

    pull_all()
    pull_all()

    assert {sale.payment.provider_account.name for sale in sales if sale.payment.provider_account} == {
        "Stand-in",
        "Another",
    }
    assert DepositBooking.objects.get().deposit == Deposit.objects.get()
    assert (SettlementLine.objects.count(), MatchPart.objects.filter(live=True).count()) == (2, 2)
    assert not ExceptionCase.objects.exists()
    assert {row.deposit_id for row in PaymentTransaction.objects.filter(settled_at__isnull=False)} == {"DEP_1"}
    assert PaymentTransaction.objects.filter(deposit_id="DEP_1").count() == 2
    assert booked(account)["USD"] == (Decimal("145.35"), Decimal("4.65"))
    assert ledger_check() == []


@pytest.mark.usefixtures("sold_beside")
def test_another_amount_of_the_other_accounts_sale_names_that_sale(
    pay: Callable[..., PaymentTransaction], gateway: Reports, clock: Clock
) -> None:
    sale = pay("50.00")
    gateway.deposit("DEP_1", line(sale.gateway_id, "45.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY + timedelta(days=1))

    pull_all()

    case = ExceptionCase.objects.get()
    assert (case.kind, case.amount, case.transaction) == (CaseKind.AMOUNT_DIFFERS, Decimal("-5.00"), sale)


@pytest.mark.usefixtures("sold_beside")
def test_a_debit_that_goes_back_in_a_deposit_of_the_other_account_is_read_again(
    account: ProviderAccount, pay: Callable[..., PaymentTransaction], gateway: Reports, clock: Clock
) -> None:
    debit = pay("80.00", source=BANK)
    fund(debit)
    engine.reread(transaction_id=debit.pk, now=timezone.now())
    back = line(debit.gateway_id, "-80.00", kind="SALE", status="REJECTED", at=MONDAY)
    gateway.deposit("DEP_1", back, paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)

    pull_all()

    assert Deposit.objects.get().provider_account == account
    assert list(Job.objects.filter(kind=REREAD_JOB).values_list("key", flat=True)) == [str(debit.pk)]


def test_a_deposit_that_is_not_paid_out_yet_stays_with_the_account_that_heard_of_it_first(
    account: ProviderAccount, gateway: Reports, clock: Clock
) -> None:
    second, foreign = beside(account), line("TRN_x", "100.00", at=MONDAY)
    gateway.deposit("DEP_1", foreign, paid_on=WEDNESDAY, status="DELAYED")
    clock.set(WEDNESDAY)
    pull_all()
    gateway.lines.clear()
    gateway.deposit("DEP_1", foreign, paid_on=WEDNESDAY)

    early = pull_one(second)
    pull_one(account)

    assert early == Pulled()
    assert DepositBooking.objects.get().deposit == Deposit.objects.get()
    assert Deposit.objects.get().provider_account == account


def test_a_deposit_that_two_accounts_stored_before_is_booked_once(
    account: ProviderAccount, gateway: Reports, clock: Clock
) -> None:
    second = another(account, app_id="another app", settlement_currency="USD")
    gateway.deposit("DEP_1", line("TRN_x", "100.00", at=MONDAY), paid_on=WEDNESDAY)
    clock.set(WEDNESDAY)
    for one in (account, second):
        report_store(provider_account=one, lines=gateway.lines, advices=gateway.deposits, now=timezone.now())
    ProviderAccount.objects.update(app_digest=account.app_digest)  # they were one merchant all the time
    second.refresh_from_db()

    counts = [
        deposits_book(provider_account=one, deposit_ids=[one.deposits.get().pk], now=timezone.now())
        for one in (account, second)
    ]

    assert counts == [1, 0]
    assert booked(account)["USD"] == (Decimal("100.00"), Decimal(0))


@pytest.mark.parametrize("is_active", [True, False])
def test_a_second_account_that_would_settle_the_same_money_is_refused(
    is_active: bool, account: ProviderAccount
) -> None:
    ProviderAccount.objects.update(is_active=is_active)

    with pytest.raises(SettledTwice, match="the same USD deposits as “Stand-in”"):
        another(account, app_key="a newer key", settlement_currency="USD")

    assert ProviderAccount.objects.count() == 1


def test_two_accounts_of_one_app_and_currency_are_given_new_keys_under_their_names(account: ProviderAccount) -> None:
    beside(account, known=False)

    for name in ("Stand-in", "Another", "Stand-in", "Another"):
        another(account, name=name, app_key="rotated", settlement_currency="USD")

    [digest] = set(ProviderAccount.objects.values_list("app_digest", flat=True))
    assert (len(digest), ProviderAccount.objects.count()) == (64, 2)


@pytest.mark.parametrize("before", [{"settlement_currency": "JPY"}, {"app_id": "another app"}])
def test_an_account_that_would_newly_settle_the_money_of_another_is_not_changed(
    before: dict[str, str], account: ProviderAccount
) -> None:
    second = another(account, **{"settlement_currency": "USD", **before})

    with pytest.raises(SettledTwice, match="the same USD deposits as “Stand-in”"):
        another(account, settlement_currency="USD")

    kept = ProviderAccount.objects.get(pk=second.pk)
    assert (kept.settlement_currency, kept.app_digest) == (second.settlement_currency, second.app_digest)


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
