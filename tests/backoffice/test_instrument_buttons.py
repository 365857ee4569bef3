"""What staff may start from the page of a saved card."""

import pytest

from commerce.models import User
from oropay.models import Instrument, InstrumentState, Payment
from tests.backoffice.conftest import Opened, address, dialog, moves, page
from tests.invoices.house import House, payable_of


@pytest.fixture
def card(house: House) -> Instrument:
    """A card that was saved with a payment."""
    paid = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    Instrument.objects.filter(pk=paid.instrument_id or 0).update(state=InstrumentState.ACTIVE)
    return Instrument.objects.get(pk=paid.instrument_id or 0)


def test_checking_a_saved_card_queues_a_payment_of_nothing_and_shows_it(
    card: Instrument, clerk: User, opened: Opened
) -> None:
    response = dialog(opened(clerk), card, "check_card")

    check = Payment.objects.latest("pk")
    assert response.headers["Location"] == page(check)
    assert moves(check) == [("validate", "0.00", "queued")]
    assert (check.amount, check.instrument_id, check.created_by) == (0, card.pk, clerk)


def test_the_page_of_a_check_says_that_no_money_moves(card: Instrument, clerk: User, opened: Opened) -> None:
    client = opened(clerk)
    dialog(client, card, "check_card")

    shown = client.get(page(Payment.objects.latest("pk")))

    assert shown.status_code == 200
    assert "Validate" in shown.content.decode()


def test_a_card_that_was_used_once_offers_no_check(card: Instrument, clerk: User, opened: Opened) -> None:
    Instrument.objects.filter(pk=card.pk).update(state=InstrumentState.ONCE)

    shown = opened(clerk).get(page(card)).content.decode()

    assert address(card, "check_card") not in shown


def test_a_stranger_finds_no_such_card(card: Instrument, stranger: User, opened: Opened) -> None:
    before = Payment.objects.count()

    response = dialog(opened(stranger), card, "check_card")

    assert response.status_code == 404
    assert Payment.objects.count() == before
