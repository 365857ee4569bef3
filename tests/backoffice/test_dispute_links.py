"""Saying in the back-office which payment a dispute is about, and taking that back."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import User
from commerce.services import setting_set
from invoices.models import Invoice, InvoiceKind
from ledger.services import ledger_check
from oropay.models import Dispute, PaymentTransaction
from oropay.scoped import DISPUTE_FEE
from tests.backoffice.conftest import Opened, address, dialog, may, page
from tests.factories import StaffFactory
from tests.invoices.house import House
from tests.oropay.disputes.told import recorded, yen_beside


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def test_a_case_without_payment_is_linked_by_an_invoice_number(
    house: House, charge: PaymentTransaction, client: Client
) -> None:
    case = recorded(house.integration.provider, None, reference="somebody-else", last4="4242")
    number = charge.payment.parts.first().payable.number  # type: ignore[union-attr]
    before = client.get(page(case)).content.decode()

    dialog(client, case, "link_payment", charge=number, note="the amount and the day fit")

    case.refresh_from_db()
    assert "We do not know which payment it is about" in before
    assert case.transaction == charge
    assert ledger_check() == []


def test_a_link_that_fits_nothing_books_nothing(house: House, charge: PaymentTransaction, client: Client) -> None:
    case = recorded(house.integration.provider, None, reference="somebody-else")

    told = dialog(client, case, "link_payment", charge="INV-none", note="?")

    case.refresh_from_db()
    assert "Nothing was booked. No charge of this account fits INV-none" in told.content.decode()
    assert case.transaction is None


def test_a_link_to_the_wrong_payment_is_undone(
    house: House, dispute: Dispute, charge: PaymentTransaction, client: Client
) -> None:
    recorded(house.integration.provider, charge, status="CLOSED", result="LOST")
    before = client.get(page(dispute)).content.decode()
    asked = client.get(address(dispute, "unlink_payment")).content.decode()

    told = dialog(client, dispute, "unlink_payment", seen=charge.pk, note="another Acme")
    again = dialog(client, dispute, "unlink_payment", seen=charge.pk, note="twice")

    dispute.refresh_from_db()
    assert address(dispute, "unlink_payment") in before
    assert f"$50.00 that it took from payment #{charge.payment_id} is given back in our books" in asked
    assert told.status_code in {200, 302}
    assert dispute.transaction is None
    assert [part.payable.due for part in charge.payment.parts.all()] == [0, 0]
    assert "Nothing was undone. It has no payment." in again.content.decode()
    after = client.get(page(dispute)).content.decode()
    assert "another Acme" in after
    assert address(dispute, "link_payment") in after
    assert address(dispute, "unlink_payment") not in after
    assert "another Acme" in client.get(page(charge.payment)).content.decode()
    assert ledger_check() == []


def test_a_clerk_undoes_a_link_only_as_long_as_nothing_was_lost(
    house: House, dispute: Dispute, charge: PaymentTransaction, clerk: User, opened: Opened
) -> None:
    client = opened(clerk)
    before = client.get(page(dispute)).content.decode()
    recorded(house.integration.provider, charge, status="CLOSED", result="LOST")

    asked = client.get(address(dispute, "unlink_payment")).content.decode()
    told = dialog(client, dispute, "unlink_payment", seen=charge.pk, note="another Acme").content.decode()

    dispute.refresh_from_db()
    assert address(dispute, "unlink_payment") in before
    assert address(dispute, "unlink_payment") not in client.get(page(dispute)).content.decode()
    for words in (asked, told):
        assert "only who may write a loss off may undo its link" in words
    assert dispute.transaction == charge


def test_undoing_a_link_names_the_memos_that_it_voids(
    house: House, dispute: Dispute, charge: PaymentTransaction, client: Client
) -> None:
    setting_set(key=DISPUTE_FEE.key, value=Decimal("15.00"), organization=house.seller)
    recorded(house.integration.provider, charge, status="CLOSED", result="LOST")
    lost = client.get(address(dispute, "unlink_payment")).content.decode()
    now = timezone.now() + timedelta(seconds=1)
    recorded(house.integration.provider, charge, stage="REVERSAL", status="CLOSED", result="WON", stage_at=now)

    won = client.get(address(dispute, "unlink_payment")).content.decode()

    memo = Invoice.objects.get(kind=InvoiceKind.DEBIT_MEMO)
    told = f"Debit memos made because of it are void, the customer owes them no more: {memo.number} ($15.00)."
    assert "$50.00 that it took" in lost
    assert told in lost
    assert "nothing of it stands on payment" in won
    assert told in won


def test_the_dashboard_counts_disputes_without_a_payment_closed_ones_too(house: House, client: Client) -> None:
    none = client.get(reverse("admin:index")).content.decode()
    recorded(house.integration.provider, None, reference="somebody-else", status="CLOSED", result="LOST")

    tiles = client.get(reverse("admin:index")).context["tiles"]

    assert "Disputes without a payment" not in none
    [tile] = [tile for tile in tiles if tile["label"] == "Disputes without a payment"]
    assert (tile["values"], tile["href"].endswith("case=unlinked")) == ([1], True)
    assert [tile["values"] for tile in tiles if tile["label"] == "Disputes to answer"] == [[]]


def test_a_case_whose_payment_another_account_has_waits_for_nobody_and_says_where_it_is_seen_to(
    house: House, dispute: Dispute, client: Client
) -> None:
    account = house.integration.provider
    yen = yen_beside(house.integration.provider)
    twin = recorded(yen, None)

    tiles = {tile["label"]: tile["values"] for tile in client.get(reverse("admin:index")).context["tiles"]}
    listed = {
        case: list(client.get(reverse("admin:oropay_dispute_changelist"), {"case": case}).context["cl"].result_list)
        for case in ("unlinked", "answer", "week")
    }
    shown = client.get(page(twin)).content.decode()

    assert (tiles["Disputes to answer"], "Disputes without a payment" in tiles) == ([1], False)
    assert listed == {"unlinked": [], "answer": [dispute], "week": [dispute]}
    assert f"The account “{account.name}” keeps this dispute with its payment" in shown
    assert page(dispute) in shown
    assert "nothing is booked until it is linked" not in shown
    assert address(twin, "link_payment") not in shown


def test_who_may_not_link_may_not_undo_a_link(
    house: House, dispute: Dispute, charge: PaymentTransaction, stranger: User, opened: Opened
) -> None:
    looker = may(StaffFactory.create(organization=house.seller), "oropay.view_dispute", "oropay.view_payment")

    refused = dialog(opened(looker), dispute, "unlink_payment", seen=charge.pk, note="please")
    unseen = dialog(opened(stranger), dispute, "unlink_payment", seen=charge.pk, note="please")

    assert (refused.status_code, unseen.status_code) == (403, 404)
    dispute.refresh_from_db()
    assert dispute.transaction == charge
    assert address(dispute, "unlink_payment") not in opened(looker).get(page(dispute)).content.decode()


def test_a_link_cannot_be_undone_in_the_dialog_while_an_answer_is_on_its_way(dispute: Dispute, client: Client) -> None:
    dialog(client, dispute, "challenge", after=dispute.steps.latest("pk").pk, letter="It was delivered.")

    shown = client.get(address(dispute, "unlink_payment")).content.decode()

    assert "An answer is on its way" in shown
