"""The mails that tell whoever pays how a review ended, and when nothing else does."""

from collections.abc import Callable

import pytest
from django.utils import timezone

from checkout.models import Checkout, CheckoutState, ShoppingList
from commerce.models import Order, OrderState, User
from oropay import engine
from oropay.models import Integration, Payment, PaymentAction, PaymentTransaction, RefundReason, TransactionState
from oropay.services import cancel_start
from plumbing.models import Mail
from tests.contract.sandbox import SUSPECT, Sandbox
from tests.oropay.test_review import again, asked, release

Start = Callable[..., Payment]
Run = Callable[[Payment | PaymentTransaction], PaymentTransaction]


def test_whoever_pays_is_told_that_a_review_ended_without_money(
    in_review: PaymentTransaction, run: Run, clerk: User, buyer: User, order: Order
) -> None:
    assert not Mail.objects.exists()

    run(
        cancel_start(transaction=in_review, reason=RefundReason.FRAUD, note="stolen card", by=clerk, now=timezone.now())
    )

    mail = Mail.objects.get()
    assert (mail.to, mail.subject) == (buyer.email, "Your payment of $100.00 was not accepted")
    assert "nothing was charged, and nothing is held any more" in mail.text
    assert "It was not accepted after a review. Please use another way to pay, or ask us." in mail.text
    assert f"Order {order.number}: $100.00" in mail.text
    assert f"/pay/{in_review.payment.uuid}/" in mail.text
    assert "stolen" not in mail.text


def test_what_the_gateway_ends_itself_is_told_once(
    in_review: PaymentTransaction, buyer: User, sandbox: Sandbox
) -> None:
    sandbox.gateway().cancel(asked(in_review))

    for _look in range(2):
        engine.reread(transaction_id=in_review.pk, now=timezone.now())

    assert again(in_review).state == TransactionState.CANCELED
    assert [mail.to for mail in Mail.objects.all()] == [buyer.email]


@pytest.mark.parametrize("action", [PaymentAction.AUTOMATIC, PaymentAction.MANUAL])
def test_a_release_of_a_payment_for_an_order_that_is_placed_already_is_told(
    filtered: Integration, start: Start, run: Run, clerk: User, buyer: User, order: Order, action: PaymentAction
) -> None:
    Integration.objects.filter(pk=filtered.pk).update(payment_action=action, echeck=False)
    Order.objects.filter(pk=order.pk).update(state=OrderState.OPEN, placed_at=timezone.now())
    held = run(start(holder_name=SUSPECT))
    assert held.state == TransactionState.REVIEW

    run(release(held, clerk))

    mail = Mail.objects.get()
    told = "is charged to your card" if action == PaymentAction.AUTOMATIC else "Nothing is taken yet"
    assert (mail.to, mail.subject) == (buyer.email, "Your payment of $100.00 was accepted")
    assert told in mail.text
    assert f"Order {order.number}: $100.00" in mail.text


def test_a_release_that_places_an_order_is_told_by_its_confirmation_alone(
    in_review: PaymentTransaction, run: Run, clerk: User, order: Order
) -> None:
    items = ShoppingList.objects.create(
        customer=order.customer, user=order.placed_by, website=order.website, created_at=timezone.now()
    )
    Checkout.objects.create(
        order=order,
        state=CheckoutState.PAYING,
        website=order.website,
        customer=order.customer,
        user=order.placed_by,
        shopping_list=items,
        created_at=timezone.now(),
    )

    run(release(in_review, clerk))

    assert [mail.subject for mail in Mail.objects.all()] == [f"Order {order.number}: $100.00"]


def test_a_release_is_not_told_as_an_end(in_review: PaymentTransaction, run: Run, clerk: User) -> None:
    run(release(in_review, clerk))

    assert again(in_review).state == TransactionState.APPROVED
    assert not Mail.objects.filter(subject__contains="not accepted").exists()
