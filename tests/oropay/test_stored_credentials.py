"""What card schemes are told of kept cards, read in the gateway's own journal."""

from collections.abc import Callable
from typing import Any

import pytest

from oropay.engine.send.stored import AGREEMENTS
from oropay.models import (
    Initiator,
    Instrument,
    MoneyState,
    Payment,
    PaymentTransaction,
    TransactionState,
)
from oropay.services import SavedInstrument
from tests.contract.sandbox import DECLINED_VISA, Sandbox

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]

SAID: dict[Initiator, tuple[str, str]] = {
    Initiator.BUYER: ("PAYER", "UNSCHEDULED"),
    Initiator.LINK: ("PAYER", "UNSCHEDULED"),
    Initiator.STAFF: ("MERCHANT", "UNSCHEDULED"),
    Initiator.SYSTEM: ("MERCHANT", "UNSCHEDULED"),
    Initiator.AUTOPAY: ("MERCHANT", "RECURRING"),
    Initiator.SCHEDULE: ("MERCHANT", "INSTALLMENT"),
}


@pytest.fixture
def sent(sandbox: Sandbox) -> Callable[[PaymentTransaction], dict[str, Any]]:
    """What the gateway was asked for a transaction, as far as it is about the card."""

    def sent(row: PaymentTransaction) -> dict[str, Any]:
        (asked,) = sandbox.asked("/transactions", reference=row.reference)
        body = asked["sent"]
        return {
            "initiator": body.get("initiator"),
            "stored_credential": body.get("stored_credential"),
            "brand_reference": body["payment_method"].get("card", {}).get("brand_reference"),
        }

    return sent


def pay(start: Start, saved: Instrument, initiator: Initiator) -> Payment:
    payment = start(source=SavedInstrument(instrument_id=saved.pk))
    payment.initiator = initiator
    payment.save(update_fields=["initiator"])
    return payment


def test_every_initiator_has_an_agreement() -> None:
    assert {
        who: (("MERCHANT" if one.by_merchant else "PAYER"), one.model.value) for who, one in AGREEMENTS.items()
    } == (SAID)
    assert set(SAID) == set(Initiator)


def test_a_card_used_once_says_nothing(start: Start, run: Run, sent: Callable[..., dict[str, Any]]) -> None:
    assert sent(run(start())) == {"initiator": None, "stored_credential": None, "brand_reference": None}


def test_the_payment_that_keeps_a_card_is_its_first(
    start: Start, run: Run, sent: Callable[..., dict[str, Any]]
) -> None:
    assert sent(run(start(keep=True))) == {
        "initiator": "PAYER",
        "stored_credential": {"model": "UNSCHEDULED", "sequence": "FIRST"},
        "brand_reference": None,
    }


@pytest.mark.parametrize("initiator", sorted(SAID))
def test_a_kept_card_says_who_charges_it_and_names_its_first_payment(
    start: Start, run: Run, saved: Instrument, sent: Callable[..., dict[str, Any]], initiator: Initiator
) -> None:
    row = run(pay(start, saved, initiator))

    who, model = SAID[initiator]
    assert row.state == TransactionState.APPROVED
    assert saved.brand_reference
    assert sent(row) == {
        "initiator": who,
        "stored_credential": {"model": model, "sequence": "SUBSEQUENT"},
        "brand_reference": saved.brand_reference,
    }


@pytest.mark.parametrize(("initiator", "reason"), [(Initiator.STAFF, "RESUBMISSION"), (Initiator.BUYER, None)])
def test_a_second_try_of_ours_says_that_it_is_one(
    start: Start,
    run: Run,
    saved: Instrument,
    sandbox: Sandbox,
    sent: Callable[..., dict[str, Any]],
    initiator: Initiator,
    reason: str | None,
) -> None:
    good = saved.token
    first = pay(start, saved, Initiator.BUYER)
    Instrument.objects.filter(pk=saved.pk).update(token=sandbox.card_token(DECLINED_VISA))
    assert run(first).state == TransactionState.DECLINED
    Instrument.objects.filter(pk=saved.pk).update(token=good)

    row = run(pay(start, saved, initiator))

    assert first.__class__.objects.get(pk=first.pk).money_state == MoneyState.DECLINED
    assert sent(row)["stored_credential"].get("reason") == reason


def test_the_first_payment_s_name_stays_whatever_later_ones_are_called(
    start: Start, run: Run, saved: Instrument
) -> None:
    first = saved.brand_reference

    run(pay(start, saved, Initiator.AUTOPAY))

    saved.refresh_from_db()
    assert saved.brand_reference == first
