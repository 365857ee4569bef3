"""One button gives money back: it says void or refund before the click, and what happened afterwards."""

from backoffice.display import day_of
from backoffice.forms.money import Offers
from commerce.models import User
from oropay.gateway.port import Verdict
from oropay.models import Action, Integration, Payment, PaymentTransaction, ProviderAccount, TransactionState
from tests.backoffice.conftest import CHARGED, Opened, address, dialog, moves, newest, offered, page
from tests.factories import NOON
from tests.invoices.house import House, payable_of


def held_for_several(house: House) -> Payment:
    """A hold of 100.00 that may be captured several times."""
    house.hold_at_checkout()
    Integration.objects.update(several_captures=True)
    ProviderAccount.objects.update(multi_capture=True)
    payment = house.pay(house.order("100.00").payable, amounts=["100.00"])
    house.says(payment, Verdict.APPROVED)
    return payment


def test_a_bank_debit_under_way_is_voided_in_full_and_asks_for_no_amount(
    house: House, administrator: User, opened: Opened
) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)

    client = opened(administrator)
    assert offered(client, payment) == {"refund"}
    content = client.get(address(payment, "refund")).content.decode()
    dialog(client, payment, "refund", note="ordered twice", reason="duplicate", **seen(payment))

    assert "The debit has not settled yet, so all of $100.00 is voided while its batch is open" in content
    assert "Amount to refund" not in content
    assert moves(payment) == [("charge", "100.00", "pending"), ("cancel", "100.00", "queued")]


def test_all_of_an_unsettled_charge_is_voided_and_the_person_is_told_so(
    charged: Payment, administrator: User, opened: Opened
) -> None:
    client, payable = opened(administrator), charged.parts.get().payable
    form = {f"from_{payable.pk}": "100.00", "reason": "duplicate", "note": "ordered twice", **seen(charged)}

    sent = client.post(address(charged, "refund"), {"_form_submitted": "True", **form}, follow=True).content.decode()

    assert moves(charged) == [*CHARGED, ("cancel", "100.00", "queued")]
    assert "Void of $100.00 queued: it has not settled, so Visa ···· 4242 is not charged." in sent
    assert f"{payable.number} becomes due again by $100.00." in sent


def test_what_settled_since_the_dialog_opened_is_shown_anew_and_goes_once_it_is_confirmed(
    charged: Payment, administrator: User, opened: Opened
) -> None:
    client, payable = opened(administrator), charged.parts.get().payable
    form = {f"from_{payable.pk}": "100.00", "reason": "duplicate", "note": "ordered twice", **seen(charged)}
    charged.transactions.update(settled_at=NOON)

    first = dialog(client, charged, "refund", **form)
    told = first.content.decode()
    moved = moves(charged)
    again = {**form, "voidable": first.context["form"]["voidable"].value()}
    second = dialog(client, charged, "refund", **again)

    assert "Nothing was refunded. $100.00 would be refunded now, no longer voided." in told
    assert "The charge settled on 16 Nov 2026, so it is refunded, no longer voided" in told
    assert "ordered twice" in told
    assert moved == CHARGED
    assert second.status_code == 302
    assert moves(charged) == [*CHARGED, ("refund", "100.00", "queued")]


def test_a_debit_that_settled_since_the_dialog_opened_asks_for_the_amount_then(
    house: House, administrator: User, opened: Opened
) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"], bank=True)
    house.says(payment, Verdict.PENDING)
    form = {"reason": "duplicate", "note": "ordered twice", **seen(payment)}
    payment.transactions.update(state=TransactionState.APPROVED, settled_at=NOON)

    told = dialog(opened(administrator), payment, "refund", **form).content.decode()

    assert "Amount to refund" in told
    assert moves(payment) == [("charge", "100.00", "approved")]


def test_the_page_says_afterwards_that_it_was_voided(
    house: House, charged: Payment, administrator: User, opened: Opened
) -> None:
    client, payable = opened(administrator), charged.parts.get().payable
    form = {f"from_{payable.pk}": "100.00", "reason": "duplicate", "note": "ordered twice", **seen(charged)}
    dialog(client, charged, "refund", **form)
    PaymentTransaction.objects.filter(state=TransactionState.QUEUED).update(state=TransactionState.SENDING)
    house.says(charged, Verdict.APPROVED)

    content = client.get(page(charged)).content.decode()

    assert "Voided before it settled: Visa ···· 4242 is not charged." in content


def test_more_of_an_order_than_it_was_paid_is_refused_at_its_field(
    house: House, administrator: User, opened: Opened
) -> None:
    first, second = house.order("60.00").payable, house.order("40.00").payable
    payment = house.paid(first, second, amounts=["60.00", "40.00"])
    form = {f"from_{first.pk}": "20.00", f"from_{second.pk}": "50.00", "reason": "other", "note": "goodwill"}

    told = dialog(opened(administrator), payment, "refund", **form, **seen(payment)).content.decode()

    assert f"At most $40.00 that was paid for Order {second.number} is left to give back." in told
    assert 'value="20.00"' in told
    assert moves(payment) == CHARGED


def test_each_of_several_charges_says_how_much_of_it_may_go_back(
    house: House, administrator: User, opened: Opened
) -> None:
    payment = held_for_several(house)
    for amount in ("60.00", "25.00"):
        house.captured(payment, amount)
    client = opened(administrator)
    first, second = payment.transactions.filter(action=Action.CAPTURE).order_by("pk")
    source = f"from_{payment.parts.get().payable_id}"
    form = {"reason": "goods", "note": "three boxes", "charge": str(second.pk)}

    shown = client.get(address(payment, "refund"))
    too_much = dialog(client, payment, "refund", **form, **seen(payment), **{source: "25.01"})
    dialog(client, payment, "refund", **form, **seen(payment), **{source: "25.00"})

    offered_charges = [str(label) for _pk, label in shown.context["form"].fields["charge"].choices]
    day = day_of(first.created_at)
    assert offered_charges == [
        f"$60.00 left of $60.00, {day}",
        f"$25.00 left of $25.00, {day}",
    ]
    assert "Money goes back from one charge at a time: it is refunded" in shown.content.decode()
    assert "Its hold was captured several times, and a void would take back all of that." in shown.content.decode()
    assert too_much.context["form"].errors[source] == [
        "Nothing was refunded. $25.01 is more than the $25.00 that can still be given back: no more was taken."
    ]
    assert moves(payment)[-1] == ("refund", "25.00", "queued")
    assert payment.transactions.latest("pk").parent == second


def test_all_of_a_capture_is_voided_and_the_rest_of_its_hold_goes_with_it(
    house: House, administrator: User, opened: Opened
) -> None:
    payment = held_for_several(house)
    house.captured(payment, "60.00")
    client, source = opened(administrator), f"from_{payment.parts.get().payable_id}"
    form = {source: "60.00", "reason": "goods", "note": "never sent", "_form_submitted": "True", **seen(payment)}

    shown = client.get(address(payment, "refund")).content.decode()
    sent = client.post(address(payment, "refund"), form, follow=True).content.decode()
    PaymentTransaction.objects.filter(state=TransactionState.QUEUED).update(state=TransactionState.SENDING)
    house.says(payment, Verdict.APPROVED)
    ended = client.get(page(payment)).content.decode()

    assert "so all of $60.00 is voided: Visa ···· 4242 is not charged." in shown
    assert "A void also lets go of the $40.00 that is still held" in shown
    assert "Void of $60.00 queued" in sent
    assert "The $40.00 that is still held is let go too." in sent
    assert moves(payment)[2:] == [("cancel", "60.00", "approved"), ("release", "40.00", "approved")]
    assert "Voided before it settled: Visa ···· 4242 is not charged." in ended
    assert "The $40.00 that its hold still held was let go too." in ended


def test_a_part_of_a_capture_is_refunded_and_the_rest_of_its_hold_stays(
    house: House, administrator: User, opened: Opened
) -> None:
    payment = held_for_several(house)
    house.captured(payment, "60.00")
    source = f"from_{payment.parts.get().payable_id}"

    dialog(
        opened(administrator),
        payment,
        "refund",
        **{source: "10.00", "reason": "goods", "note": "one broke", **seen(payment)},
    )

    assert moves(payment)[2:] == [("refund", "10.00", "queued")]
    assert offered(opened(administrator), payment) == {"capture", "cancel"}


def seen(payment: Payment) -> dict[str, str | int]:
    """What the dialog carries of what it showed: the newest transaction, and what would be voided."""
    voidable = [str(row.pk) for row, ways in Offers(payment).charges() if ways.void.limit > 0]
    return {"after": newest(payment), "voidable": ",".join(voidable)}
