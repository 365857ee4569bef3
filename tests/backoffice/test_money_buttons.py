"""Capture, cancel, refund from the payment page, through HTTP."""

from decimal import Decimal

import pytest

from backoffice.forms.money import Offers
from backoffice.records import Timeline
from commerce.models import User
from oropay import engine
from oropay.gateway.port import Answer, Verdict
from oropay.models import (
    Integration,
    Payment,
    PaymentTransaction,
    ProviderAccount,
    RefundLine,
    RefundReason,
    TransactionState,
)
from plumbing.models import Note
from tests.backoffice.conftest import CHARGED, Opened, address, dialog, may, moves, newest, offered, page
from tests.invoices.house import House, payable_of
from tests.oropay.house import GIVE_BACK_TRIES, renewed_in_place, sending


def test_capture_queues_the_amount_that_was_asked(held: Payment, clerk: User, opened: Opened) -> None:
    response = dialog(opened(clerk), held, "capture", amount="60.00", after=newest(held))

    assert response.status_code == 302
    assert response.headers["Location"] == page(held)
    assert moves(held) == [("authorize", "100.00", "approved"), ("capture", "60.00", "queued")]
    assert held.transactions.latest("pk").created_by == clerk


def test_the_capture_dialog_says_what_is_taken_and_what_becomes_of_the_rest(
    held: Payment, clerk: User, opened: Opened
) -> None:
    content = opened(clerk).get(address(held, "capture")).content.decode()

    assert (
        "The amount is taken from Visa ···· 4242; what is left of the $100.00 held is released and cannot be captured "
        "later."
    ) in content
    assert moves(held) == [("authorize", "100.00", "approved")]


def test_capture_of_more_than_is_held_says_so_in_the_dialog_and_queues_nothing(
    held: Payment, clerk: User, opened: Opened
) -> None:
    response = dialog(opened(clerk), held, "capture", amount="100.01", after=newest(held))

    assert response.status_code == 200
    assert response.context["form"].errors == {
        "amount": ["Nothing was captured. At most $100.00 may be captured: that is what is still held."]
    }
    assert moves(held) == [("authorize", "100.00", "approved")]


def test_an_amount_that_is_no_number_says_first_that_nothing_was_captured(
    held: Payment, clerk: User, opened: Opened
) -> None:
    response = dialog(opened(clerk), held, "capture", amount="abc", after=newest(held))

    assert response.context["form"].errors == {"amount": ["Nothing was captured. Enter a number."]}
    assert moves(held) == [("authorize", "100.00", "approved")]


def test_a_hold_that_was_renewed_and_not_let_go_is_released_with_words_that_say_which(
    held: Payment, administrator: User, opened: Opened
) -> None:
    [older] = held.transactions.all()
    renewed_in_place(older, by=administrator)
    for _ in range(GIVE_BACK_TRIES):
        release = sending(older.children.get(action="cancel", state=TransactionState.QUEUED))
        engine.record(transaction_id=release.pk, answer=Answer(verdict=Verdict.FAILED), kind="send")

    content = " ".join(opened(administrator).get(address(held, "cancel")).content.decode().split())
    response = dialog(opened(administrator), held, "cancel", reason="other", note="held twice", after=newest(held))

    assert "The older hold is released in full; the newer one stays and nothing is taken." in content
    assert response.status_code == 302
    assert (held.transactions.latest("pk").action, held.transactions.latest("pk").parent) == ("cancel", older)


def test_the_button_that_only_closes_is_not_called_like_the_one_that_acts(
    held: Payment, administrator: User, opened: Opened
) -> None:
    content = " ".join(opened(administrator).get(address(held, "cancel")).content.decode().split())

    assert "> Keep it </a>" in content
    assert ">Release the hold</span>" in content
    assert "> Cancel </a>" not in content


def test_the_refund_dialog_names_the_invoice_that_becomes_due_again(
    charged: Payment, administrator: User, opened: Opened
) -> None:
    client, payable = opened(administrator), charged.parts.get().payable

    before = client.get(address(charged, "refund")).content.decode()
    sent = client.post(
        address(charged, "refund"),
        {
            "_form_submitted": "True",
            f"from_{payable.pk}": "50.00",
            "reason": "goods",
            "note": "Two boxes came back",
            "after": newest(charged),
        },
        follow=True,
    ).content.decode()

    assert f"{payable.number} becomes due again by $100.00, or by what you type instead." in before
    assert f"{payable.number} becomes due again by $50.00." in sent


def test_capture_of_a_fraction_of_a_cent_is_refused_at_the_field(held: Payment, clerk: User, opened: Opened) -> None:
    response = dialog(opened(clerk), held, "capture", amount="10.005", after=newest(held))

    assert "no more than 2 decimal places" in response.content.decode()
    assert moves(held) == [("authorize", "100.00", "approved")]


def test_releasing_a_hold_needs_a_note(held: Payment, administrator: User, opened: Opened) -> None:
    response = dialog(opened(administrator), held, "cancel", reason="other", note="  ", after=newest(held))

    assert "This field is required" in response.content.decode()
    assert moves(held) == [("authorize", "100.00", "approved")]


def test_releasing_a_hold_needs_a_reason(held: Payment, administrator: User, opened: Opened) -> None:
    response = dialog(opened(administrator), held, "cancel", note="Customer called", after=newest(held))

    assert list(response.context["form"].errors) == ["reason"]
    assert moves(held) == [("authorize", "100.00", "approved")]


def test_the_reason_of_a_release_shows_where_its_steps_do(held: Payment, administrator: User, opened: Opened) -> None:
    client = opened(administrator)
    dialog(client, held, "cancel", reason="fraud", note="Their bank called", after=newest(held))
    release = held.transactions.latest("pk")

    shown = client.get(page(held)).context["sections"]
    alone = client.get(page(release)).content.decode()

    [steps] = [one.events for one in shown if isinstance(one, Timeline)]
    assert [event.detail for event in steps if event.title == "Cancel $100.00 → Queued"] == ["Fraud"]
    assert "Fraud" in alone


def test_releasing_a_hold_queues_a_cancel_and_keeps_the_note(
    held: Payment, administrator: User, opened: Opened
) -> None:
    dialog(opened(administrator), held, "cancel", reason="customer_request", note="Customer called", after=newest(held))

    assert moves(held) == [("authorize", "100.00", "approved"), ("cancel", "100.00", "queued")]
    assert held.transactions.latest("pk").reason == RefundReason.CUSTOMER_REQUEST
    assert [(note.text, note.by) for note in Note.objects.all()] == [("Customer called", administrator)]


def test_refund_queues_a_row_that_says_what_it_is_taken_from(
    charged: Payment, administrator: User, opened: Opened
) -> None:
    payable = charged.parts.get().payable

    response = dialog(
        opened(administrator),
        charged,
        "refund",
        **{f"from_{payable.pk}": "30.00"},
        reason="goods",
        note="Two boxes came back",
        after=newest(charged),
    )

    assert response.status_code == 302
    assert moves(charged) == [*CHARGED, ("refund", "30.00", "queued")]
    assert list(RefundLine.objects.values_list("source", "payable", "amount")) == [
        ("invoice", payable.pk, Decimal("30.0000"))
    ]


def test_refund_of_a_payment_of_two_invoices_is_split_as_the_person_says(
    house: House, administrator: User, opened: Opened
) -> None:
    first, second = payable_of(house.posted("40.00")), payable_of(house.posted("60.00"))
    payment = house.paid(first, second, amounts=["40.00", "60.00"])

    dialog(
        opened(administrator),
        payment,
        "refund",
        **{f"from_{first.pk}": "", f"from_{second.pk}": "5.00"},
        reason="price",
        note="Agreed by phone",
        after=newest(payment),
    )

    assert list(RefundLine.objects.values_list("payable", "amount")) == [(second.pk, Decimal("5.0000"))]


def test_refund_of_more_than_was_taken_moves_nothing(charged: Payment, administrator: User, opened: Opened) -> None:
    payable = charged.parts.get().payable

    response = dialog(
        opened(administrator),
        charged,
        "refund",
        **{f"from_{payable.pk}": "100.01"},
        reason="other",
        note="typed wrong",
        after=newest(charged),
    )

    errors = response.context["form"].errors
    assert list(errors) == [f"from_{payable.pk}"]
    assert "Nothing was refunded. $100.01 is more than the $100.00" in str(errors)
    assert moves(charged) == CHARGED
    assert RefundLine.objects.count() == 0


@pytest.mark.parametrize("action", ["cancel", "refund"])
def test_a_clerk_gives_no_money_back(charged: Payment, clerk: User, opened: Opened, action: str) -> None:
    payable = charged.parts.get().payable
    client = opened(clerk)

    opening = client.get(address(charged, action))
    sending = dialog(
        client, charged, action, **{f"from_{payable.pk}": "1"}, reason="other", note="x", after=newest(charged)
    )

    assert (opening.status_code, sending.status_code) == (403, 403)
    assert moves(charged) == CHARGED
    assert Note.objects.count() == 0


def test_a_person_who_may_refund_but_not_view_payments_gets_nothing(
    house: House, charged: Payment, opened: Opened
) -> None:
    person = may(house.clerk, "oropay.refund_payment")

    response = opened(person).get(address(charged, "refund"))

    assert response.status_code == 403


@pytest.mark.parametrize("action", ["capture", "cancel", "refund"])
def test_opening_a_dialog_changes_nothing(charged: Payment, administrator: User, opened: Opened, action: str) -> None:
    response = opened(administrator).get(address(charged, action))

    assert response.status_code == 200
    assert moves(charged) == CHARGED


def test_the_dialog_says_what_will_happen_to_the_money(charged: Payment, administrator: User, opened: Opened) -> None:
    client = opened(administrator)

    refund = client.get(address(charged, "refund")).content.decode()
    cancel = client.get(address(charged, "cancel")).content.decode()

    assert "The charge has not settled yet, so all of $100.00 is voided: Visa ···· 4242 is not charged." in refund
    assert "Nothing is held that could be canceled. What was taken is refunded." in cancel


def test_a_dialog_sent_twice_acts_once_even_after_the_first_has_ended(
    house: House, charged: Payment, administrator: User, opened: Opened
) -> None:
    payable, seen, client = charged.parts.get().payable, newest(charged), opened(administrator)
    form = {f"from_{payable.pk}": "30.00", "reason": "goods", "note": "Two boxes came back", "after": seen}

    dialog(client, charged, "refund", **form)
    PaymentTransaction.objects.filter(state=TransactionState.QUEUED).update(state=TransactionState.SENDING)
    house.says(charged, Verdict.APPROVED)
    again = dialog(client, charged, "refund", **form)

    assert "Nothing was done. Something else was started on this payment" in again.content.decode()
    assert moves(charged) == [*CHARGED, ("refund", "30.00", "approved")]


def test_a_second_person_waits_while_a_refund_runs(charged: Payment, administrator: User, opened: Opened) -> None:
    payable, client = charged.parts.get().payable, opened(administrator)
    form = {f"from_{payable.pk}": "30.00", "reason": "goods", "note": "Two boxes came back"}
    dialog(client, charged, "refund", **form, after=newest(charged))

    again = dialog(client, charged, "refund", **form, after=newest(charged))

    assert again.status_code == 200
    assert "Nothing was refunded. Nothing is captured that could still be given back." in again.content.decode()
    assert moves(charged) == [*CHARGED, ("refund", "30.00", "queued")]


def test_the_page_offers_only_what_is_possible_and_permitted(
    house: House, charged: Payment, clerk: User, administrator: User, opened: Opened
) -> None:
    house.hold_at_checkout()
    held = house.pay(house.order("50.00").payable, amounts=["50.00"])
    house.says(held, Verdict.APPROVED)

    assert offered(opened(clerk), charged) == set()
    assert offered(opened(administrator), charged) == {"refund"}
    assert offered(opened(clerk), held) == {"capture"}
    assert offered(opened(administrator), held) == {"capture", "cancel"}


def test_the_rest_of_a_hold_shows_until_when_it_is_held_and_is_let_go_by_the_same_button(
    house: House, administrator: User, opened: Opened
) -> None:
    house.hold_at_checkout()
    ProviderAccount.objects.update(multi_capture=True)
    Integration.objects.update(several_captures=True)
    payment = house.pay(house.order("100.00").payable, amounts=["100.00"])
    house.says(payment, Verdict.APPROVED)
    house.captured(payment, "60.00")
    client = opened(administrator)

    shown = client.get(page(payment)).content.decode()
    sentence = client.get(address(payment, "cancel")).content.decode()
    dialog(client, payment, "cancel", reason="goods", note="out of stock", after=newest(payment))

    assert "$40.00 of it is still held and may be captured until 23 Nov 2026, or released." in shown
    assert (
        "Nothing is taken or given back. $40.00 of the hold on Visa ···· 4242 will not be captured any more" in sentence
    )
    assert "Release the rest" in sentence
    assert moves(payment) == [
        ("authorize", "100.00", "approved"),
        ("capture", "60.00", "approved"),
        ("release", "40.00", "approved"),
    ]
    assert payment.transactions.latest("pk").reason == RefundReason.GOODS


def test_inside_the_dialog_success_leads_the_browser_to_the_page(held: Payment, clerk: User, opened: Opened) -> None:
    response = opened(clerk).post(
        address(held, "capture"),
        {"_form_submitted": "True", "amount": "100.00", "after": newest(held)},
        headers={"HX-Request": "true"},
    )

    assert response.headers["HX-Redirect"] == page(held)


def test_the_open_page_is_told_when_something_moved(held: Payment, clerk: User, opened: Opened) -> None:
    client = opened(clerk)
    dialog(client, held, "capture", amount="100.00", after=newest(held))
    pulse = client.get(page(held)).context["pulse"]

    still = client.get(pulse)
    PaymentTransaction.objects.filter(state=TransactionState.QUEUED).update(state=TransactionState.SENDING)
    moved = client.get(pulse)

    assert (still.status_code, "HX-Refresh" in still.headers) == (204, False)
    assert (moved.status_code, moved.headers["HX-Refresh"]) == (204, "true")


def test_offers_name_what_is_left_to_give_back(house: House, charged: Payment) -> None:
    house.refunded(charged, "30.00", payable=charged.parts.get().payable)

    assert [ways.most for _row, ways in Offers(charged).charges()] == [Decimal("70.0000")]
