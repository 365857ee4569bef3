"""Whole conversations with gpsandbox, over real HTTP."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone
from moneyed import Money

from oropay.gateway.globalpayments.adapter import GlobalPaymentsGateway
from oropay.gateway.port import Capture, CardToken, CredentialModel, CredentialUse, DataLevel, Verdict
from tests.contract.samples import ACCOUNT, ORDER, follow_up, sale, unique_reference
from tests.contract.sandbox import DECLINED_VISA, Sandbox


@pytest.fixture
def gateway(sandbox: Sandbox) -> GlobalPaymentsGateway:
    return sandbox.gateway()


@pytest.fixture
def card(sandbox: Sandbox) -> CardToken:
    """A fresh single-use card that is approved."""
    return CardToken(token=sandbox.card_token())


@pytest.mark.parametrize(
    ("amount", "currency", "minor"),
    [
        ("19.99", "USD", "1999"),
        ("0.29", "USD", "29"),
        ("4.35", "USD", "435"),
        ("1000", "JPY", "1000"),
        ("1.234", "KWD", "1234"),
    ],
)
def test_a_charge_takes_exactly_what_was_asked(
    gateway: GlobalPaymentsGateway, card: CardToken, amount: str, currency: str, minor: str
) -> None:
    request = sale(amount, currency, source=card)

    answer = gateway.charge(request)

    assert answer.verdict is Verdict.APPROVED
    assert answer.status == "CAPTURED"
    assert answer.amount == Money(amount, currency)
    assert answer.response["amount"] == minor
    assert answer.reference == request.reference
    assert (answer.brand, answer.last4) == ("VISA", "5262")
    assert answer.kept_token == ""


def test_a_charge_with_the_whole_order_is_understood(gateway: GlobalPaymentsGateway, card: CardToken) -> None:
    answer = gateway.charge(sale("25.90", source=card, order=ORDER, level=DataLevel.THREE))

    found = gateway.look_up(gateway_id=answer.gateway_id)

    assert found.verdict is Verdict.APPROVED
    assert found.response["order"]["reference"] == "SO-1001"
    assert found.response["order"]["items"][0]["total_amount"] == "2090"
    assert found.response["payer"]["email"] == "ann@north.example"


def test_a_declined_card_is_declined(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    answer = gateway.charge(sale(source=CardToken(token=sandbox.card_token(DECLINED_VISA))))

    assert answer.verdict is Verdict.DECLINED
    assert answer.status == "DECLINED"
    assert answer.result_code == "101"
    assert answer.message == "[ test system ] DECLINED"
    assert answer.http_status == 200


def test_a_hold_is_captured_in_part(gateway: GlobalPaymentsGateway, card: CardToken) -> None:
    hold = gateway.authorize(sale("50.00", source=card, capture=Capture.LATER))

    taken = gateway.capture(follow_up(hold.gateway_id, "19.99"))

    assert (hold.verdict, hold.status) == (Verdict.APPROVED, "PREAUTHORIZED")
    assert (taken.verdict, taken.status) == (Verdict.APPROVED, "CAPTURED")
    assert taken.gateway_id == hold.gateway_id
    assert taken.amount == Money("19.99", "USD")


def test_a_hold_is_captured_several_times_when_it_was_made_so(gateway: GlobalPaymentsGateway, card: CardToken) -> None:
    hold = gateway.authorize(sale("50.00", source=card, capture=Capture.MULTIPLE))

    first = gateway.capture(follow_up(hold.gateway_id, "20.00"))
    second = gateway.capture(follow_up(hold.gateway_id, "30.00"))

    assert [first.verdict, second.verdict] == [Verdict.APPROVED, Verdict.APPROVED]
    assert second.amount == Money("50.00", "USD")


def test_capturing_far_more_than_was_held_is_refused_and_moves_nothing(
    gateway: GlobalPaymentsGateway, card: CardToken
) -> None:
    hold = gateway.authorize(sale("30.00", source=card, capture=Capture.LATER))

    answer = gateway.capture(follow_up(hold.gateway_id, "40.00"))

    assert answer.verdict is Verdict.FAILED
    assert answer.error_code == "50020"
    assert "115% of that which you authorised" in answer.error_text
    assert gateway.look_up(gateway_id=hold.gateway_id).status == "PREAUTHORIZED"


def test_a_hold_is_released_and_a_charge_is_voided(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    hold = gateway.authorize(sale(source=CardToken(token=sandbox.card_token()), capture=Capture.LATER))
    charge = gateway.charge(sale(source=CardToken(token=sandbox.card_token())))

    for made in (hold, charge):
        answer = gateway.cancel(follow_up(made.gateway_id))

        assert (answer.verdict, answer.status) == (Verdict.APPROVED, "REVERSED")
        assert gateway.look_up(gateway_id=made.gateway_id).verdict is Verdict.CANCELED


def test_a_charge_is_voided_by_our_own_reference(gateway: GlobalPaymentsGateway, card: CardToken) -> None:
    request = sale(source=card)
    made = gateway.charge(request)

    answer = gateway.cancel(follow_up(request.reference))

    assert answer.verdict is Verdict.APPROVED
    assert answer.gateway_id == made.gateway_id


def test_canceling_what_never_arrived_is_not_found(gateway: GlobalPaymentsGateway) -> None:
    answer = gateway.cancel(follow_up(unique_reference()))

    assert answer.verdict is Verdict.NOT_FOUND
    assert answer.error_code == "40008"


def test_a_closed_batch_cannot_be_canceled_and_says_why(
    gateway: GlobalPaymentsGateway, sandbox: Sandbox, card: CardToken
) -> None:
    made = gateway.charge(sale(source=card))
    sandbox.control("/batches/close", {})

    answer = gateway.cancel(follow_up(made.gateway_id))

    assert answer.verdict is Verdict.FAILED
    assert answer.raw_status_code == "INVALID_BATCH_ACTION"
    assert gateway.look_up(gateway_id=made.gateway_id).verdict is Verdict.APPROVED


def test_a_refund_carries_our_reference_and_names_its_parent(gateway: GlobalPaymentsGateway, card: CardToken) -> None:
    charge = gateway.charge(sale("19.99", source=card))
    reference = unique_reference()

    answer = gateway.refund(follow_up(charge.gateway_id, "5.01", reference=reference))

    assert answer.verdict is Verdict.APPROVED
    assert answer.type == "REFUND"
    assert answer.amount == Money("5.01", "USD")
    assert answer.reference == reference
    assert answer.parent_gateway_id == charge.gateway_id
    assert [found.gateway_id for found in gateway.find_by_reference(reference=reference).found] == [answer.gateway_id]


def test_refunding_more_than_was_taken_moves_nothing(gateway: GlobalPaymentsGateway, card: CardToken) -> None:
    charge = gateway.charge(sale("10.00", source=card))

    answer = gateway.refund(follow_up(charge.gateway_id, "20.00", reference=unique_reference()))

    assert answer.verdict is Verdict.FAILED
    assert answer.error_code == "40087"


def test_a_bank_charge_is_pending_and_approved_once_funded(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    answer = gateway.charge(sale("100.00", source=ACCOUNT))
    sandbox.control("/settlement/run", {})

    funded = gateway.look_up(gateway_id=answer.gateway_id)

    assert (answer.verdict, answer.status) == (Verdict.PENDING, "CAPTURED")
    assert (answer.result_code, answer.last4) == ("A0000", "2468")
    assert "1357902468" not in repr(answer)
    assert (funded.verdict, funded.status) == (Verdict.APPROVED, "FUNDED")


@pytest.mark.parametrize(("account_number", "verdict"), [("99990051", Verdict.DECLINED), ("99990099", Verdict.PENDING)])
def test_bank_accounts_end_as_the_sandbox_documents(
    gateway: GlobalPaymentsGateway, account_number: str, verdict: Verdict
) -> None:
    answer = gateway.charge(sale(source=replace(ACCOUNT, account_number=account_number)))

    assert answer.verdict is verdict


def test_bank_money_that_comes_back_is_returned(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    answer = gateway.charge(sale(source=replace(ACCOUNT, account_number="99990001")))
    sandbox.control("/settlement/run", {})
    sandbox.control("/settlement/run", {})

    returned = gateway.look_up(gateway_id=answer.gateway_id)

    assert (returned.verdict, returned.result_code) == (Verdict.RETURNED, "R01")


def test_a_wrong_routing_number_fails_and_does_not_echo_the_account(gateway: GlobalPaymentsGateway) -> None:
    answer = gateway.charge(sale(source=replace(ACCOUNT, routing_number="122000031")))

    assert answer.verdict is Verdict.FAILED
    assert answer.error_code == "40090"
    assert "1357902468" not in repr(answer)


def test_a_reused_key_names_the_first_transaction(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    request = sale(source=CardToken(token=sandbox.card_token()), idempotency_key="contract-reused-key")
    first = gateway.charge(request)

    again = gateway.charge(request)

    assert first.verdict is Verdict.APPROVED
    assert again.verdict is Verdict.DUPLICATE
    assert again.duplicate_of == first.gateway_id
    assert (again.http_status, again.error_code, again.raw_status_code) == (409, "40039", "DUPLICATE_ACTION")
    assert len(gateway.find_by_reference(reference=request.reference).found) == 1


def test_a_kept_card_pays_again_without_the_buyer_typing_it(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    single = sandbox.card_token(year="31")
    first = gateway.charge(sale(source=CardToken(token=single, keep=True)))

    second = gateway.charge(
        sale(
            source=CardToken(
                token=first.kept_token,
                use=CredentialUse(CredentialModel.UNSCHEDULED, brand_reference=first.brand_reference),
            )
        )
    )

    assert first.verdict is Verdict.APPROVED
    assert first.kept_token.startswith("PMT_")
    assert first.kept_token != single
    assert (first.expiry_month, first.expiry_year) == (12, 2031)
    assert first.fingerprint
    assert second.verdict is Verdict.APPROVED
    assert second.kept_token == ""


def test_a_declined_card_is_not_kept(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    token = sandbox.card_token(DECLINED_VISA)

    answer = gateway.charge(sale(source=CardToken(token=token, keep=True)))

    assert answer.verdict is Verdict.DECLINED
    assert answer.kept_token == ""


def test_a_single_use_token_pays_once(gateway: GlobalPaymentsGateway, card: CardToken) -> None:
    gateway.charge(sale(source=card))

    again = gateway.charge(sale(source=card))

    assert again.verdict is Verdict.NOT_FOUND
    assert again.error_code == "40116"


def test_an_answer_lost_after_commit_is_unknown_and_found_by_our_reference(sandbox: Sandbox) -> None:
    gateway = sandbox.gateway(read_timeout=1.0)
    request = sale("19.99", source=CardToken(token=sandbox.card_token()))
    late = {"match": {"reference": request.reference, "method": "POST"}, "action": {"timeout": {"ms": 2500}}}
    sandbox.control("/rules", late)

    answer = gateway.charge(request)
    listing = gateway.find_by_reference(reference=request.reference)

    assert answer.verdict is Verdict.UNKNOWN
    assert listing.complete is True
    [found] = listing.found
    assert (found.verdict, found.status, found.amount) == (Verdict.APPROVED, "CAPTURED", Money("19.99", "USD"))
    assert found.reference == request.reference


def test_an_answer_lost_before_commit_is_unknown_and_absent_from_the_list(sandbox: Sandbox) -> None:
    gateway = sandbox.gateway(read_timeout=1.0)
    request = sale(source=CardToken(token=sandbox.card_token()))
    never = {
        "match": {"reference": request.reference, "method": "POST"},
        "action": {"timeout": {"ms": 2500, "when": "before"}},
    }
    sandbox.control("/rules", never)

    answer = gateway.charge(request)
    listing = gateway.find_by_reference(reference=request.reference)

    assert answer.verdict is Verdict.UNKNOWN
    assert (listing.complete, listing.found) == (True, ())


@pytest.mark.parametrize(
    ("action", "verdict"),
    [
        ({"drop": {"when": "after"}}, Verdict.UNKNOWN),
        ({"drop": {"when": "before"}}, Verdict.UNKNOWN),
        ({"malformed_json": {}}, Verdict.UNKNOWN),
        ({"html_502": {}}, Verdict.UNKNOWN),
        ({"redirect": {}}, Verdict.UNKNOWN),
        ({"too_many": {}}, Verdict.REFUSED),
        ({"http": {"status": 504, "body": {"error_code": "TIMEOUT_DOWNSTREAM"}}}, Verdict.UNKNOWN),
        ({"wrong_content_type": {}}, Verdict.APPROVED),
        ({"expire_token": {}}, Verdict.APPROVED),
        ({"decline": {}}, Verdict.DECLINED),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else str(value),
)
def test_every_fault_of_the_sandbox_gets_its_verdict(
    gateway: GlobalPaymentsGateway, sandbox: Sandbox, card: CardToken, action: dict[str, Any], verdict: Verdict
) -> None:
    request = sale(source=card)
    sandbox.control("/rules", {"match": {"reference": request.reference, "method": "POST"}, "action": action})

    assert gateway.charge(request).verdict is verdict


def test_a_token_the_gateway_forgot_is_replaced_unnoticed(
    gateway: GlobalPaymentsGateway, sandbox: Sandbox, card: CardToken
) -> None:
    gateway.look_up(gateway_id="TRN_nothing")
    sandbox.control("/tokens/expire", {})

    assert gateway.charge(sale(source=card)).verdict is Verdict.APPROVED


def test_a_wrong_key_means_the_gateway_refuses_us(sandbox: Sandbox) -> None:
    answer = sandbox.gateway(app_key="wrong").charge(sale())

    assert answer.verdict is Verdict.REFUSED
    assert answer.error_code == "40004"


def test_a_card_form_token_lives_ten_minutes_and_cannot_pay(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    minted = gateway.mint_hosted_token()

    assert timedelta(seconds=590) < minted.expires_at - timezone.now() <= timedelta(seconds=600)
    with pytest.raises(AssertionError, match="40212"):
        sandbox._call(f"{sandbox.url}/transactions", {}, token=minted.token)


def test_what_was_paid_out_is_reported_line_by_line(gateway: GlobalPaymentsGateway, sandbox: Sandbox) -> None:
    charge = gateway.charge(sale("100.00", source=CardToken(token=sandbox.card_token())))
    refund = gateway.refund(follow_up(charge.gateway_id, "25.00", reference=unique_reference()))
    day = timezone.now().date()
    paid = sandbox.control("/settlement/run", {"date": day.isoformat()})["deposits"]
    card_deposit = next(row["id"] for row in paid if row["payment_method"] == "CARD" and row["currency"] == "USD")

    lines = {line.gateway_id: line for line in gateway.settled(since=day, until=day)}
    advice = next(row for row in gateway.deposits(since=day, until=day) if row.gateway_id == card_deposit)

    assert lines[charge.gateway_id].amount == Money("100.00", "USD")
    assert lines[refund.gateway_id].amount == Money("-25.00", "USD")
    assert lines[charge.gateway_id].deposit_id == card_deposit
    assert lines[charge.gateway_id].status == "FUNDED"
    assert lines[charge.gateway_id].method == "card"
    assert advice.paid_on == day
    assert advice.method == "card"
    assert advice.fees > Decimal(0)
    assert advice.amount.amount == advice.sales - advice.refunds - advice.fees
    assert (
        sum(line.amount.amount for line in lines.values() if line.deposit_id == card_deposit)
        == advice.sales - advice.refunds
    )
