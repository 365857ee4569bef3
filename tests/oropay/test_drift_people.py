"""Differences that people must decide, and comparisons that must not be mistaken."""

import uuid
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone
from moneyed import Money

from commerce.models import Order
from ledger.models import AccountName
from oropay import engine
from oropay.engine.drift import drift_check
from oropay.exceptions import RemarkRequired
from oropay.gateway.port import CardToken, GatewayUnavailable
from oropay.models import (
    Action,
    DriftFinding,
    DriftKind,
    DriftRun,
    Integration,
    Payable,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundReason,
    TransactionState,
)
from oropay.services import cancel_start, finding_resolve, refund_lines_suggested, refund_start
from tests.contract.sandbox import DECLINED_VISA, Sandbox
from tests.factories import StaffFactory
from tests.oropay.books import aged, disguised, portal
from tests.oropay.house import arrive, overdue, prove_absent, request_of, send_back
from tests.oropay.notices import drain, put, tell, tell_of

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]
Books = Callable[[AccountName], Decimal]
S, K = TransactionState, DriftKind

pytestmark = pytest.mark.usefixtures("empty_gateway")


def test_a_sale_made_in_the_portal_is_listed_for_finance_and_books_nothing(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    stranger = replace(
        request_of(charge), reference="portal-sale-1", idempotency_key=str(uuid.uuid4()), amount=Money(55, "USD")
    )
    token = CardToken(token=sandbox.card_token())
    made = sandbox.gateway().charge(replace(stranger, source=token))

    found = [compare() for _ in range(2)]

    finding = DriftFinding.objects.get()
    assert found == [[(K.UNKNOWN_TO_US, False)]] * 2
    assert (finding.gateway_id, finding.transaction, finding.is_open) == (made.gateway_id, None, True)
    assert "55.00" in finding.text
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_declined_sale_of_the_portal_is_nobodys_business(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox
) -> None:
    stranger = replace(request_of(charge), reference="portal-sale-2", idempotency_key=str(uuid.uuid4()))
    token = CardToken(token=sandbox.card_token(DECLINED_VISA))
    assert sandbox.gateway().charge(replace(stranger, source=token)).status == "DECLINED"

    assert compare() == []


def test_a_second_charge_under_our_name_is_shouted_about_and_never_booked(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    token = CardToken(token=sandbox.card_token())
    again = replace(request_of(charge), idempotency_key=str(uuid.uuid4()), source=token)
    made = sandbox.gateway().charge(again)

    assert compare() == [(K.TWICE, False)]

    assert DriftFinding.objects.get().gateway_id == made.gateway_id != charge.gateway_id
    assert books(AccountName.GATEWAY_CLEARING) == 100


def unlisted(sandbox: Sandbox) -> None:
    """The gateway leaves everything off its list, and knows it by its name all the same."""
    body = {"transactions": [], "total_record_count": 0}
    rule = {"match": {"endpoint": "/transactions", "method": "GET"}, "action": {"http": {"status": 200, "body": body}}}
    sandbox.control("/rules", {**rule, "times": None})


def test_what_is_not_listed_is_read_by_its_name_and_what_that_shows_is_taken_in(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    aged(charge, timedelta(hours=1))
    unlisted(sandbox)
    alike = compare()
    sandbox.gateway().cancel(portal(charge.gateway_id))

    found = compare()

    assert alike == []
    assert found == [(K.DONE_OUTSIDE, True)]
    assert [run.found for run in DriftRun.objects.order_by("started_at")] == [0, 1]
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_gateway_that_is_silent_about_what_is_not_listed_ends_the_comparison_with_an_error(
    charge: PaymentTransaction, account: ProviderAccount, sandbox: Sandbox
) -> None:
    aged(charge, timedelta(hours=1))
    unlisted(sandbox)
    silence = {"match": {"endpoint": "/transactions/{id}", "method": "GET"}, "action": {"html_502": {}}, "times": None}
    sandbox.control("/rules", silence)

    with pytest.raises(GatewayUnavailable, match="could not be read"):
        drift_check(account=account, now=timezone.now())

    assert charge.gateway_id in DriftRun.objects.get().error
    assert not DriftFinding.objects.exists()


def test_what_the_gateway_no_longer_knows_is_missing(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox
) -> None:
    aged(charge, timedelta(hours=1))
    sandbox.control("/reset", {})

    found = [compare() for _ in range(2)]

    finding = DriftFinding.objects.get()
    assert found == [[(K.MISSING, False)]] * 2
    assert (finding.gateway_id, finding.transaction_id) == (charge.gateway_id, charge.pk)


def test_a_charge_younger_than_the_list_is_not_missed(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox
) -> None:
    sandbox.control("/reset", {})

    assert compare() == []


def test_another_amount_is_for_people(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], books: Books
) -> None:
    disguised(charge, amount="90")

    assert compare() == [(K.AMOUNT_DIFFERS, False)]
    assert "$90.00 with us, $100.00 at the gateway" in DriftFinding.objects.get().text


def test_states_that_cannot_both_be_true_are_for_people(
    start: Start, run: Run, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    declined = run(start(card=DECLINED_VISA))
    put(sandbox, declined.gateway_id, "CAPTURED")

    assert compare() == [(K.STATE_DIFFERS, False)]
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_refund_reversed_in_the_portal_is_for_people(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox
) -> None:
    given = sandbox.gateway().refund(portal(charge.gateway_id, "40"))
    compare()
    sandbox.gateway().cancel(portal(given.gateway_id))

    assert compare() == [(K.DONE_OUTSIDE, True), (K.STATE_DIFFERS, False)]


def test_a_bank_debit_that_settled_unheard_is_settled_now(
    debit: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    put(sandbox, debit.gateway_id, "FUNDED")

    found = [compare() for _ in range(2)]

    assert found == [[(K.MISSED, True)]] * 2
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_debit_that_came_back_and_is_funded_again_is_for_people(
    settled: Callable[..., PaymentTransaction],
    compare: Callable[[], list[tuple[str, bool]]],
    integration: Integration,
    sandbox: Sandbox,
    payable: Payable,
    books: Books,
) -> None:
    charge = settled()
    send_back(sandbox, charge)
    returned = compare()
    put(sandbox, charge.gateway_id, "FUNDED")

    told = tell_of(integration, charge, "FUNDED")
    drain(integration)

    told.refresh_from_db()
    payable.refresh_from_db()
    assert returned == [(K.MISSED, True)]
    assert told.outcome == "returned with us, FUNDED at the gateway."
    assert compare() == [(K.MISSED, True), (K.STATE_DIFFERS, False)]
    assert payable.payable_now == 100
    assert books(AccountName.GATEWAY_CLEARING) == 0


def test_a_bank_debit_still_under_way_is_no_difference(
    debit: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]]
) -> None:
    assert compare() == []


def test_a_charge_that_never_arrived_is_found_by_the_comparison(
    start: Start, run: Run, compare: Callable[[], list[tuple[str, bool]]], sandbox: Sandbox, books: Books
) -> None:
    payment = start()
    lost = payment.transactions.get()
    sandbox.control("/rules", {"match": {"reference": lost.reference}, "action": {"drop": {"when": "before"}}})
    run(payment)
    prove_absent(lost)
    arrive(lost)

    found = [compare() for _ in range(2)]

    assert found == [[(K.MISSED, True)]] * 2
    assert PaymentTransaction.objects.get(late=True).parent_id == lost.pk
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_refund_of_ours_whose_answer_was_lost_is_adopted_and_not_written_twice(
    charge: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    run: Run,
    order: Order,
    books: Books,
) -> None:
    refund = refund_start(
        charge=charge,
        lines=refund_lines_suggested(charge=charge, amount=Decimal(25)),
        reason=RefundReason.OTHER,
        note="late",
        by=order.placed_by,
        now=timezone.now(),
    )
    sandbox.control("/rules", {"match": {"reference": refund.reference}, "action": {"drop": {"when": "after"}}})
    assert run(refund).state == S.UNKNOWN

    found = compare()

    refund.refresh_from_db()
    assert refund.state == S.APPROVED
    assert PaymentTransaction.objects.filter(action=Action.REFUND).count() == 1
    assert found == []  # it was judged when its charge was compared: no difference of its own
    assert books(AccountName.GATEWAY_CLEARING) == 75


def test_while_a_cancel_of_ours_is_under_way_nothing_is_written_beside_it(
    charge: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    run: Run,
    order: Order,
    books: Books,
) -> None:
    cancel = cancel_start(
        transaction=charge, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
    )
    sandbox.gateway().cancel(portal(charge.gateway_id))

    assert compare() == []
    assert PaymentTransaction.objects.filter(action=Action.CANCEL).get().pk == cancel.pk
    assert books(AccountName.GATEWAY_CLEARING) == 100


def test_a_cancel_of_ours_that_was_lost_is_known_from_its_parent(
    charge: PaymentTransaction,
    compare: Callable[[], list[tuple[str, bool]]],
    sandbox: Sandbox,
    run: Run,
    order: Order,
    integration: Integration,
) -> None:
    cancel = cancel_start(
        transaction=charge, reason=RefundReason.OTHER, note="wrong", by=order.placed_by, now=timezone.now()
    )
    rule = {"endpoint": "/transactions/{id}/reversal", "reference": charge.reference}
    sandbox.control("/rules", {"match": rule, "action": {"drop": {"when": "after"}}})
    assert run(cancel).state == S.UNKNOWN
    overdue(cancel)

    tell(integration, {"id": charge.gateway_id, "status": "REVERSED"})
    drain(integration)

    cancel.refresh_from_db()
    assert cancel.state == S.APPROVED
    assert PaymentTransaction.objects.filter(action=Action.CANCEL).count() == 1
    assert compare() == []


def test_a_list_that_cannot_be_read_says_so_and_is_no_proof_of_anything(
    charge: PaymentTransaction, account: ProviderAccount, sandbox: Sandbox
) -> None:
    aged(charge, timedelta(hours=1))
    sandbox.control("/rules", {"match": {"endpoint": "/transactions", "method": "GET"}, "action": {"html_502": {}}})

    with pytest.raises(GatewayUnavailable, match="no money is involved"):
        drift_check(account=account, now=timezone.now())

    run = DriftRun.objects.get()
    assert "could not be read" in run.error
    assert not DriftFinding.objects.exists()


def test_another_account_of_the_same_merchant_is_no_difference(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]], account: ProviderAccount
) -> None:
    other = ProviderAccount.objects.create(
        organization=account.organization,
        name="Another",
        service_url=account.service_url,
        settlement_currency="USD",
        credentials=account.credentials,
        key_id=account.key_id,
    )
    Payment.objects.filter(pk=charge.payment_id).update(provider_account=other)

    assert compare() == []


def test_a_finding_is_resolved_once_with_a_remark(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]]
) -> None:
    disguised(charge, amount="90")
    compare()
    finding, clerk = DriftFinding.objects.get(), StaffFactory.create()

    with pytest.raises(RemarkRequired):
        finding_resolve(finding=finding, remark=" ", by=clerk, now=timezone.now())
    resolved = finding_resolve(finding=finding, remark="Agreed with the gateway.", by=clerk, now=timezone.now())
    again = finding_resolve(finding=finding, remark="Other words.", by=clerk, now=timezone.now())
    compare()

    assert (resolved.is_open, resolved.resolved_by) == (False, clerk)
    assert again.remark == "Agreed with the gateway."
    assert DriftFinding.objects.get().remark == "Agreed with the gateway."


def test_another_difference_after_one_was_resolved_is_told_anew(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]]
) -> None:
    disguised(charge, amount="90")
    compare()
    clerk = StaffFactory.create()
    finding_resolve(finding=DriftFinding.objects.get(), remark="Agreed.", by=clerk, now=timezone.now())

    disguised(charge, amount="80")
    found = [compare() for _ in range(2)]

    first, second = DriftFinding.objects.order_by("pk")
    assert found == [[(K.AMOUNT_DIFFERS, False)] * 2] * 2
    assert (first.text, first.remark, first.is_open) == ("$90.00 with us, $100.00 at the gateway.", "Agreed.", False)
    assert (second.text, second.is_open) == ("$80.00 with us, $100.00 at the gateway.", True)


def test_an_open_difference_says_how_it_stands_now(
    charge: PaymentTransaction, compare: Callable[[], list[tuple[str, bool]]]
) -> None:
    for amount in ("90", "80"):
        disguised(charge, amount=amount)
        compare()

    assert DriftFinding.objects.get().text == "$80.00 with us, $100.00 at the gateway."


def test_the_engine_offers_the_comparison_to_jobs() -> None:
    assert engine.drift_check is drift_check
