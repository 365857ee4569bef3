"""Holding an amount anew from the payment page, through HTTP."""

from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import Payment, PaymentTransaction, TransactionState
from tests.backoffice.conftest import CHARGED, Opened, address, dialog, may, moves, newest, page
from tests.invoices.house import House

HELD = ("authorize", "100.00", "approved")
REFUSED = "Nothing was renewed; the hold stays as it is. Nothing is held that could be renewed."


def test_a_clerk_has_a_hold_renewed_after_reading_what_that_means(held: Payment, clerk: User, opened: Opened) -> None:
    client = opened(clerk)

    offered = client.get(page(held)).content.decode()
    said = client.get(address(held, "renew")).content.decode()
    before = moves(held)
    response = dialog(client, held, "renew", after=newest(held))

    assert f'hx-get="{address(held, "renew")}"' in offered
    assert (
        "Nothing is taken. $100.00 is held anew on Visa ···· 4242; if its bank agrees, the new hold takes the place of "
        "the old one, otherwise the old one stays what it is."
    ) in said
    assert before == [HELD]
    assert response.headers["Location"] == page(held)
    assert moves(held) == [HELD, ("reauthorize", "100.00", "queued")]
    assert held.transactions.latest("pk").created_by == clerk


def test_who_may_only_look_renews_nothing(house: House, held: Payment, opened: Opened) -> None:
    client = opened(may(house.clerk, "oropay.view_payment"))

    shown = client.get(page(held))
    opening = client.get(address(held, "renew"))
    sending = dialog(client, held, "renew", after=newest(held))

    assert address(held, "renew") not in shown.content.decode()
    assert (shown.status_code, opening.status_code, sending.status_code) == (200, 403, 403)
    assert moves(held) == [HELD]


def test_sent_twice_it_asks_the_bank_once(held: Payment, clerk: User, opened: Opened) -> None:
    client, seen = opened(clerk), newest(held)

    dialog(client, held, "renew", after=seen)
    while_it_runs = dialog(client, held, "renew", after=seen)

    assert REFUSED in while_it_runs.content.decode()
    assert moves(held) == [HELD, ("reauthorize", "100.00", "queued")]


def test_sent_again_after_the_bank_said_no_it_acts_no_second_time(
    house: House, held: Payment, clerk: User, opened: Opened
) -> None:
    client, seen = opened(clerk), newest(held)

    dialog(client, held, "renew", after=seen)
    PaymentTransaction.objects.filter(state=TransactionState.QUEUED).update(state=TransactionState.SENDING)
    house.says(held, Verdict.DECLINED)
    again = dialog(client, held, "renew", after=seen)

    assert "Nothing was done. Something else was started on this payment" in again.content.decode()
    assert moves(held) == [HELD, ("reauthorize", "100.00", "declined")]


def test_there_is_nothing_to_renew_of_what_was_taken(charged: Payment, clerk: User, opened: Opened) -> None:
    client = opened(clerk)

    said = client.get(address(charged, "renew")).content.decode()
    sent = dialog(client, charged, "renew", after=newest(charged))

    assert "Nothing is held that could be renewed." in said
    assert REFUSED in sent.content.decode()
    assert moves(charged) == CHARGED
