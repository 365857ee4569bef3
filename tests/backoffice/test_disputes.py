"""Disputes in the back-office: the list and its tabs, the case file, and who may press which button."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from moneyed import Money

from commerce.models import User
from ledger.services import ledger_check
from oropay.models import Dispute, DisputeRequest, PaymentTransaction
from plumbing.models import Job
from plumbing.selectors import notes_on
from tests.backoffice.conftest import Opened, address, dialog, page
from tests.invoices.house import House
from tests.oropay.disputes.told import recorded

LIST = "admin:oropay_dispute_changelist"


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def test_the_list_shows_deadline_amount_state_and_customer(house: House, dispute: Dispute, client: Client) -> None:
    assert dispute.respond_by is not None
    days = (house.seller.today(dispute.respond_by) - house.seller.today(timezone.now())).days

    shown = client.get(reverse(LIST)).content.decode()

    for words in (
        "Chargeback",
        "$50.00",
        f"in {days} days",
        "Waiting for our answer",
        "Acme Manufacturing",
        "Due this week",
    ):
        assert words in shown


@pytest.mark.parametrize(
    ("case", "found"),
    [("answer", 1), ("week", 1), ("review", 0), ("won", 0), ("lost", 0), ("unlinked", 0), ("", 1)],
)
def test_each_tab_shows_its_disputes(dispute: Dispute, client: Client, case: str, found: int) -> None:
    shown = client.get(reverse(LIST), {"case": case} if case else {})

    assert shown.context["cl"].result_count == found


def test_the_number_of_queries_does_not_grow_with_the_list(
    house: House, charge: PaymentTransaction, client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(8):
        recorded(house.integration.provider, charge, name=f"DIS_{number}", amount=Money(Decimal("5.00"), "USD"))

    with django_assert_max_num_queries(30):
        assert client.get(reverse(LIST)).status_code == 200


def test_the_case_file_says_what_it_paid_and_what_it_did_to_money(dispute: Dispute, client: Client) -> None:
    shown = client.get(page(dispute)).content.decode()

    for words in (
        "What it paid",
        "INV-",
        "$30.00",
        "$20.00",
        "What it did to money",
        "Merchandise/Services Not Received",
        "74500012345678901234567",
        "Finance was told: Opened",
        "without an answer it is lost",
    ):
        assert words in shown


def test_buttons_stand_beside_what_they_are_about(
    dispute: Dispute, client: Client, clerk: User, opened: Opened
) -> None:
    shown = client.get(page(dispute)).content.decode()

    for action in ("accept", "challenge", "add_evidence", "split"):
        assert address(dispute, action) in shown, action
    for action in ("add_evidence", "split"):  # those above the page are there twice: for wide screens and narrow ones
        assert shown.count(address(dispute, action)) == 1, action
    for action in ("withdraw_evidence", "link_payment", "write_off"):
        assert address(dispute, action) not in shown, action
    assert address(dispute, "accept") not in opened(clerk).get(page(dispute)).content.decode()


def test_the_payment_lists_its_disputes(dispute: Dispute, client: Client) -> None:
    shown = client.get(page(dispute.transaction.payment)).content.decode()  # type: ignore[union-attr]

    assert page(dispute) in shown
    assert "Merchandise/Services Not Received" in shown


def test_every_page_and_dialog_of_a_dispute_opens(dispute: Dispute, client: Client) -> None:
    for action in ("accept", "challenge", "add-evidence", "split", "assign", "remark", "read-again"):
        shown = client.get(address(dispute, action.replace("-", "_")))
        assert shown.status_code == 200, action
        assert 'role="alert"' not in shown.content.decode(), action


def test_accepting_says_which_invoices_are_owed_again(dispute: Dispute, client: Client) -> None:
    shown = client.get(address(dispute, "accept")).content.decode()

    assert "$50.00 stays with the card holder" in shown
    assert "is owed again by $30.00" in shown
    assert "is owed again by $20.00" in shown


def test_accepting_queues_one_answer(dispute: Dispute, client: Client, administrator: User) -> None:
    seen = dispute.steps.latest("pk").pk

    dialog(client, dispute, "accept", after=seen, then="write_off", note="not worth it")
    again = dialog(client, dispute, "accept", after=seen, then="again", note="twice")

    request = DisputeRequest.objects.get()
    assert (request.action, request.state, request.created_by) == ("accept", "queued", administrator)
    dispute.refresh_from_db()
    assert dispute.not_pursued is True
    assert "An answer is on its way" in again.content.decode()


def test_a_clerk_challenges_and_does_not_accept(dispute: Dispute, clerk: User, opened: Opened) -> None:
    client = opened(clerk)
    seen = dispute.steps.latest("pk").pk

    refused = dialog(client, dispute, "accept", after=seen, then="again", note="please")
    dialog(client, dispute, "challenge", after=seen, letter="It was delivered.")

    assert refused.status_code == 403
    assert DisputeRequest.objects.get().action == "challenge"
    shown = client.get(page(dispute)).content.decode()
    assert address(dispute, "challenge") not in shown  # it is on its way


def test_another_seller_sees_nothing(dispute: Dispute, stranger: User, opened: Opened) -> None:
    client = opened(stranger)

    assert client.get(page(dispute)).status_code == 404
    assert client.get(address(dispute, "accept")).status_code == 404
    assert client.get(reverse(LIST)).context["cl"].result_count == 0


def test_evidence_is_uploaded_several_at_once_and_handed_out_again(
    dispute: Dispute, client: Client, stranger: User, opened: Opened
) -> None:
    files = [SimpleUploadedFile(f"{name}.pdf", b"%PDF-1.7 " + name.encode()) for name in ("one", "two")]

    dialog(client, dispute, "add_evidence", uploads=files, type="PROOF_OF_DELIVERY", description="signed")

    kept = list(dispute.evidence.order_by("pk"))
    assert [one.document.name for one in kept] == ["one.pdf", "two.pdf"]
    where = reverse("admin:oropay_dispute_evidence", args=[dispute.pk, kept[0].pk])
    got = client.get(where)
    assert (got.content, got["Content-Type"]) == (b"%PDF-1.7 one", "application/pdf")
    assert got["X-Content-Type-Options"] == "nosniff"
    assert opened(stranger).get(where).status_code == 404
    assert "ready to be sent" in client.get(page(dispute)).content.decode()


def test_a_file_of_another_type_is_refused_in_the_dialog(dispute: Dispute, client: Client) -> None:
    told = dialog(
        client, dispute, "add_evidence", uploads=[SimpleUploadedFile("x.exe", b"MZ")], type="OTHER", description=""
    )

    assert "x.exe is no PDF, JPEG, PNG or TIFF file" in told.content.decode()
    assert dispute.evidence.count() == 0


def test_the_upload_dialog_sends_files(dispute: Dispute, client: Client) -> None:
    shown = client.get(address(dispute, "add_evidence")).content.decode()

    assert 'hx-encoding="multipart/form-data"' in shown
    assert "multiple" in shown


def test_a_loss_is_split_as_finance_says(house: House, dispute: Dispute, client: Client) -> None:
    first, second = [part.payable for part in dispute.transaction.payment.parts.order_by("payable_id")]  # type: ignore[union-attr]
    recorded(house.integration.provider, dispute.transaction, status="CLOSED", result="LOST")

    dialog(client, dispute, "split", **{f"from_{first.pk}": "10.00", f"from_{second.pk}": "40.00"}, note="second only")

    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.due, second.due) == (Decimal("10.00"), Decimal("40.00"))
    assert ledger_check() == []


def test_lines_that_do_not_add_up_are_refused_in_the_dialog(dispute: Dispute, client: Client) -> None:
    first, second = [part.payable for part in dispute.transaction.payment.parts.order_by("payable_id")]  # type: ignore[union-attr]

    told = dialog(client, dispute, "split", **{f"from_{first.pk}": "1.00", f"from_{second.pk}": "1.00"}, note="x")

    assert "Nothing was moved between invoices" in told.content.decode()
    assert dispute.lines.count() == 0


def test_a_lost_dispute_is_written_off(house: House, dispute: Dispute, client: Client) -> None:
    recorded(house.integration.provider, dispute.transaction, status="CLOSED", result="LOST")

    dialog(client, dispute, "write_off", note="the company is bankrupt")

    parts = [part.payable for part in dispute.transaction.payment.parts.all()]  # type: ignore[union-attr]
    assert [payable.due for payable in parts] == [0, 0]
    assert ledger_check() == []


def test_an_answer_that_waits_says_when_it_is_tried_again_and_can_be_withdrawn(
    dispute: Dispute, client: Client
) -> None:
    dialog(client, dispute, "challenge", after=dispute.steps.latest("pk").pk, letter="It was delivered.")
    DisputeRequest.objects.update(tries=3)
    shown = client.get(page(dispute)).content.decode()
    tiles = client.get(reverse("admin:index")).context["tiles"]
    found = client.get(reverse(LIST), {"case": "undelivered"}).context["cl"].result_count

    dialog(client, dispute, "withdraw_answer", note="the wrong letter")

    assert "the gateway could not be reached. It is tried again by itself." in shown
    assert "try 3 failed; the next:" in shown
    assert address(dispute, "withdraw_answer") in shown
    assert [tile["values"] for tile in tiles if tile["label"] == "Answers not delivered"] == [[1]]
    assert found == 1
    assert DisputeRequest.objects.get().state == "withdrawn"
    after = client.get(page(dispute)).content.decode()
    assert "the wrong letter" in after
    assert address(dispute, "withdraw_answer") not in after
    assert "Answers not delivered" not in client.get(reverse("admin:index")).content.decode()


def test_an_answer_that_the_gateway_turns_away_is_not_called_an_outage(dispute: Dispute, client: Client) -> None:
    dialog(client, dispute, "challenge", after=dispute.steps.latest("pk").pk, letter="It was delivered.")
    DisputeRequest.objects.update(tries=3, error_code="HTTP 429")

    shown = client.get(page(dispute)).content.decode()

    assert "the gateway refuses us, or our keys cannot be opened (HTTP 429). Check keys and permissions" in shown
    assert "could not be reached" not in shown


def test_withdrawing_an_answer_threatens_with_nothing_once_the_dispute_has_gone_on(
    house: House, charge: PaymentTransaction, dispute: Dispute, client: Client
) -> None:
    dialog(client, dispute, "challenge", after=dispute.steps.latest("pk").pk, letter="It was delivered.")
    DisputeRequest.objects.update(tries=1)
    waiting = client.get(address(dispute, "withdraw_answer")).content.decode()
    recorded(house.integration.provider, charge, status="UNDER_REVIEW")

    shown = client.get(address(dispute, "withdraw_answer")).content.decode()

    assert "the bank decides against us" in waiting
    assert "the bank decides against us" not in shown
    assert "No answer is asked for now." in shown


def test_an_answer_that_failed_stands_on_the_case(dispute: Dispute, client: Client) -> None:
    dialog(client, dispute, "challenge", after=dispute.steps.latest("pk").pk, letter="It was delivered.")
    DisputeRequest.objects.update(state="failed", failure="not_sent")

    shown = client.get(page(dispute)).content.decode()

    assert "Our last answer is not in effect: It could not be sent." in shown
    assert address(dispute, "challenge") in shown


def test_assigning_and_remarking_stay_with_the_case(dispute: Dispute, client: Client, clerk: User) -> None:
    dialog(client, dispute, "assign", owner=str(clerk.pk))
    dialog(client, dispute, "remark", text="asked the carrier")

    dispute.refresh_from_db()
    assert dispute.owner == clerk
    assert [note.text for note in notes_on(dispute)] == ["asked the carrier"]
    assert "asked the carrier" in client.get(page(dispute)).content.decode()


def test_the_payment_says_that_it_is_disputed(dispute: Dispute, client: Client) -> None:
    shown = client.get(page(dispute.transaction.payment)).content.decode()  # type: ignore[union-attr]

    assert "Disputed" in shown
    assert "The card holder contests it with the bank." in shown


def test_reading_again_is_a_job_that_outlives_a_silent_gateway(dispute: Dispute, client: Client) -> None:
    for _ in range(2):
        dialog(client, dispute, "read_again")

    job = Job.objects.get(kind="oropay.dispute-reread")
    assert (job.queue, job.payload) == ("gateway-batch", {"dispute": dispute.pk})
