"""What the gateway shows is ours only if all of it agrees: type, amount, currency, account, and reference or parent."""

from dataclasses import replace
from typing import Any

import pytest
from moneyed import Money

from oropay.engine.evidence import for_another_amount, same_transaction
from oropay.gateway.port import Answer, Verdict
from oropay.models import Action, Payment, PaymentTransaction, ProviderAccount

OURS = Answer(
    verdict=Verdict.APPROVED,
    gateway_id="TRN_ours",
    type="SALE",
    amount=Money(100, "USD"),
    account_name="transaction_processing",
    reference="oro-1",
)


def row(action: Action, **more: Any) -> PaymentTransaction:
    payment = Payment(provider_account=ProviderAccount(transaction_account="transaction_processing"))
    return PaymentTransaction(payment=payment, action=action, amount=100, currency="USD", reference="oro-1", **more)


@pytest.mark.parametrize(
    "changed",
    [
        {"type": "REFUND"},
        {"type": "VERIFICATION"},
        {"type": ""},
        {"amount": Money("100.01", "USD")},
        {"amount": None},
        {"amount": Money(100, "CAD")},
        {"account_name": "another_account"},
        {"reference": "oro-2"},
        {"reference": ""},
    ],
)
def test_a_charge_is_not_adopted_when_one_thing_differs(changed: dict[str, Any]) -> None:
    charge = row(Action.CHARGE)

    assert same_transaction(row=charge, answer=OURS)
    assert not same_transaction(row=charge, answer=replace(OURS, **changed))


@pytest.mark.parametrize(
    "changed",
    [{"amount": Money(90, "CAD")}, {"type": "REFUND"}, {"account_name": "another_account"}, {"reference": "oro-2"}],
)
def test_a_charge_of_another_amount_is_ours_only_if_all_else_agrees(changed: dict[str, Any]) -> None:
    charge, ninety = row(Action.CHARGE), replace(OURS, amount=Money(90, "USD"))

    assert for_another_amount(row=charge, answer=ninety)
    assert not for_another_amount(row=charge, answer=replace(ninety, **changed))
    assert not for_another_amount(row=charge, answer=OURS)


@pytest.mark.parametrize(
    ("changed", "ours"),
    [
        ({}, True),
        ({"parent_gateway_id": "TRN_another"}, False),
        ({"parent_gateway_id": ""}, False),
        ({"reference": "oro-2"}, False),
        ({"type": "SALE"}, False),
        ({"amount": Money(100, "CAD")}, False),
    ],
)
def test_a_refund_without_a_reference_is_known_by_what_it_gives_back(changed: dict[str, Any], ours: bool) -> None:
    refund = row(Action.REFUND, parent=PaymentTransaction(action=Action.CHARGE, gateway_id="TRN_charge"))
    shown = replace(OURS, type="REFUND", reference="", parent_gateway_id="TRN_charge")

    assert same_transaction(row=refund, answer=replace(shown, **changed)) == ours


def test_a_charge_without_a_reference_is_not_known_by_its_parent() -> None:
    charge = row(Action.CHARGE, parent=PaymentTransaction(action=Action.AUTHORIZE, gateway_id="TRN_check"))

    assert not same_transaction(row=charge, answer=replace(OURS, reference="", parent_gateway_id="TRN_check"))
