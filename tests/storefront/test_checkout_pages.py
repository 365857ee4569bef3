import re
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries, Settings

from checkout.models import Checkout, CheckoutState
from commerce.models import Address, Order, OrderState, Price, User
from oropay.models import Instrument, InstrumentKind, InstrumentState, Mandate, Method, Payment
from tests.checkout.shop import Shop
from tests.storefront.pages import fields, inputs, send, text

CARD = {"card_token": "PMT_abc", "card_brand": "visa", "card_last4": "5262"}
BANK = {
    "bank_holder_name": "Acme",
    "bank_routing": "122000030",
    "bank_account": "1234567890",
    "bank_account_again": "1234567890",
    "bank_account_type": "CHECKING",
    "bank_holder_type": "BUSINESS",
}


def review(checkout: Checkout) -> str:
    return f"/checkout/{checkout.uuid}/review/"


def test_the_steps_lead_to_the_review_one_after_the_other(shop: Shop, browser: Client) -> None:
    shop.put(shop.bolt, "10")
    begun = browser.post("/checkout/", follow=True)
    base = "/".join(begun.redirect_chain[-1][0].split("/")[:3])

    first = browser.post(f"{base}/addresses/", {"billing": shop.billing.pk, "shipping": shop.shipping.pk})
    second = send(browser, f"{base}/shipping/")
    third = send(browser, f"{base}/payment/", choice=f"card:{shop.integration.pk}", po_number="PO-7")

    assert [step.headers["Location"] for step in (first, second, third)] == [
        f"{base}/shipping/",
        f"{base}/payment/",
        f"{base}/review/",
    ]
    words = text(browser.get(f"{base}/review/"))
    assert "PO number PO-7" in words
    assert "Total $104.00" in words


def test_a_step_cannot_be_skipped(shop: Shop, browser: Client) -> None:
    shop.put(shop.bolt)
    begun = browser.post("/checkout/", follow=True)
    checkout = Checkout.objects.get()

    response = browser.get(review(checkout))

    assert begun.redirect_chain[-1][0] == response.headers["Location"] == f"/checkout/{checkout.uuid}/shipping/"


def test_a_new_address_joins_the_company_s_book(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()

    response = browser.post(
        f"/checkout/{checkout.uuid}/addresses/",
        {
            "add": "1",
            "name": "Site office",
            "line_1": "5 Quarry Lane",
            "city": "Dayton",
            "region": "oh",
            "postal_code": "45402",
            "country": "US",
        },
    )

    checkout.refresh_from_db()
    added = Address.objects.get(name="Site office")
    assert response.status_code == 302
    assert (added.customer, added.region) == (shop.customer, "OH")
    assert (checkout.billing_address, checkout.shipping_address) == (shop.billing, added)


def test_a_region_that_does_not_exist_is_named_at_its_field(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()

    response = browser.post(
        f"/checkout/{checkout.uuid}/addresses/",
        {"add": "1", "name": "X", "line_1": "1 A St", "city": "B", "region": "ZZ", "country": "US"},
    )

    assert "ZZ is not a region of US." in text(response)
    assert Address.objects.count() == 2


def test_a_region_left_empty_is_asked_for(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()

    response = browser.post(
        f"/checkout/{checkout.uuid}/addresses/",
        {"add": "1", "name": "X", "line_1": "1 A St", "city": "B", "region": "", "country": "US"},
    )

    assert "Enter the state or region: two letters, such as NY." in text(response)
    assert "is not a region of" not in text(response)
    assert Address.objects.count() == 2


def test_another_person_s_checkout_does_not_exist(shop: Shop, client_of: Callable[[User], Client]) -> None:
    checkout = shop.checkout()
    colleague = client_of(shop.person(shop.customer))

    assert colleague.get(review(checkout)).status_code == 404
    assert colleague.post(review(checkout), {}).status_code == 404


def test_the_review_has_no_field_that_could_hold_a_card_number(shop: Shop, browser: Client) -> None:
    response = browser.get(review(shop.checkout()))

    typed = [field for field in inputs(response.content.decode()) if field.get("type", "text") != "hidden"]
    assert sorted(field.get("name", "") for field in typed) == ["keep", "q"]
    assert 'data-field="card-number"' in response.content.decode()


def test_the_review_lets_the_gateway_in_and_is_kept_by_no_cache(
    shop: Shop, browser: Client, settings: Settings
) -> None:
    response = browser.get(review(shop.checkout()))

    policy = response.headers["Content-Security-Policy"]
    nonce = re.search(r"'nonce-([^']+)'", policy)
    assert nonce is not None
    assert f"script-src 'nonce-{nonce[1]}' {settings.GATEWAY_ORIGIN};" in policy
    assert f"frame-src {settings.GATEWAY_ORIGIN};" in policy
    assert "no-store" in response.headers["Cache-Control"]
    scripts = re.findall(r"<script[^>]*>", response.content.decode())
    assert len(scripts) == 4
    assert all(f'nonce="{nonce[1]}"' in script for script in scripts)


def test_no_page_of_the_checkout_has_inline_scripts_or_styles(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()

    for step in ("addresses", "shipping", "payment", "review"):
        page = browser.get(f"/checkout/{checkout.uuid}/{step}/").content.decode()
        assert "<style" not in page
        assert not re.search(r"\sstyle=|\son[a-z]+=|javascript:", page), step
        assert not re.search(r"<script(?![^>]*\ssrc=)", page), step


def test_place_order_writes_the_order_and_starts_the_payment(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()

    response = send(browser, review(checkout), **CARD)

    payment, order = Payment.objects.get(), Order.objects.get()
    assert response.headers["Location"] == f"/pay/{payment.uuid}/"
    assert (payment.method, payment.amount, payment.created_by) == (Method.CARD, Decimal("104.00"), shop.buyer)
    assert payment.instrument is not None
    assert (payment.instrument.token, payment.instrument.last4) == ("PMT_abc", "5262")
    assert (order.state, order.payable.number) == (OrderState.AWAITING_PAYMENT, order.number)
    assert Checkout.objects.get().state == CheckoutState.PAYING


def test_a_second_click_joins_the_payment_already_running(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()
    posted = fields(browser.get(review(checkout)).content.decode()) | CARD

    first = browser.post(review(checkout), posted)
    second = browser.post(review(checkout), posted)

    assert first.headers["Location"] == second.headers["Location"]
    assert (Payment.objects.count(), Order.objects.count()) == (1, 1)


def test_the_page_reloaded_while_paying_leads_to_the_running_payment(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()
    send(browser, review(checkout), **CARD)

    again = browser.get(review(checkout))
    fresh = browser.post(review(checkout), {"attempt_key": "0" * 32, "method": "card:1"})

    where = f"/pay/{Payment.objects.get().uuid}/"
    assert again.headers["Location"] == where
    assert fresh.headers["Location"] == where
    assert Payment.objects.count() == 1


def test_a_total_that_changed_is_shown_again_and_charges_nothing(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()
    posted = fields(browser.get(review(checkout)).content.decode()) | CARD
    Price.objects.filter(product=shop.bolt, min_quantity=10).update(amount=Decimal("9.50"))

    response = browser.post(review(checkout), posted, follow=True)

    assert "Nothing was charged. The total changed from $104.00 to $109.50" in text(response)
    assert (Payment.objects.count(), Order.objects.count()) == (0, 0)


def test_on_terms_the_order_is_placed_without_a_payment(shop: Shop, browser: Client) -> None:
    shop.on_terms()
    checkout = shop.checkout(choice=f"terms:{shop.terms.pk}")

    response = browser.post(review(checkout), fields(browser.get(review(checkout)).content.decode()), follow=True)

    order = Order.objects.get()
    assert response.redirect_chain == [(f"/orders/{order.number}/thanks/", 302)]
    assert "Nothing was charged. The invoice follows; it is due by your terms: Net 30." in text(response)
    assert Payment.objects.count() == 0


def test_terms_are_not_offered_to_a_company_without_a_term(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()

    response = browser.post(f"/checkout/{checkout.uuid}/payment/", {"choice": f"terms:{shop.terms.pk}"})

    assert response.status_code == 200
    assert "Pay by invoice" not in text(response)


def test_a_way_to_pay_switched_off_meanwhile_leads_back_a_step(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout()
    shop.integration.is_active = False
    shop.integration.save()

    response = browser.get(review(checkout), follow=True)

    assert response.redirect_chain == [(f"/checkout/{checkout.uuid}/payment/", 302)]
    assert "Nothing was charged. The way to pay you chose is not offered any more." in text(response)


def test_a_bank_debit_is_sealed_and_authorised_in_the_same_request(shop: Shop, browser: Client) -> None:
    choice = f"bank:{shop.integration.pk}"
    checkout = shop.checkout(choice=choice)

    send(browser, review(checkout), authorised=choice, **BANK)

    instrument, mandate = Instrument.objects.get(), Mandate.objects.get()
    assert (instrument.kind, instrument.last4, instrument.state) == (InstrumentKind.BANK, "7890", InstrumentState.ONCE)
    assert b"1234567890" not in bytes(instrument.sealed or b"")
    assert (mandate.sec_code, mandate.given_by, mandate.ip_address) == ("CCD", shop.buyer, "127.0.0.1")
    assert "debit $104.00 once" in mandate.text
    assert "ending in 7890" in mandate.text
    assert Payment.objects.get().mandate == mandate


def test_a_wrong_bank_form_comes_back_without_the_numbers_and_orders_nothing(shop: Shop, browser: Client) -> None:
    checkout = shop.checkout(choice=f"bank:{shop.integration.pk}")

    response = send(browser, review(checkout), **BANK)

    page = response.content.decode()
    assert response.status_code == 422
    assert "Nothing was debited. Please agree to the authorisation first." in text(response)
    assert "1234567890" not in page
    assert "122000030" not in page
    assert 'autocomplete="off"' in page
    assert (Payment.objects.count(), Order.objects.count(), Instrument.objects.count()) == (0, 0, 0)


def test_a_saved_card_is_offered_first_and_pays(shop: Shop, card: Instrument, browser: Client) -> None:
    choice = f"saved:{shop.integration.pk}:{card.pk}"
    checkout = shop.checkout(choice=choice)

    step = text(browser.get(f"/checkout/{checkout.uuid}/payment/"))
    send(browser, review(checkout))

    assert step.index("Visa ending in 5262") < step.index("Bank transfer (ACH)")
    assert Payment.objects.get().instrument == card


def test_a_colleague_s_saved_card_is_not_offered(shop: Shop, browser: Client) -> None:
    theirs = shop.saved_card(owner=shop.person(shop.customer), token="PMT_theirs", last4="1111")
    checkout = shop.checkout(choice=f"saved:{shop.integration.pk}:{theirs.pk}")

    response = browser.get(review(checkout), follow=True)

    assert response.redirect_chain[-1][0].endswith("/payment/")
    assert "1111" not in text(response)


@pytest.mark.parametrize("step", ["addresses", "shipping", "payment", "review"])
def test_a_step_takes_few_queries(
    shop: Shop, browser: Client, step: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    checkout = shop.checkout()

    with django_assert_max_num_queries(12):
        response = browser.get(f"/checkout/{checkout.uuid}/{step}/")

    assert response.status_code == 200
