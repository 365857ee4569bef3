"""Which ways to pay a page offers, and what each says it will do."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from django.test import Client
from pytest_django import DjangoAssertNumQueries

from checkout.exceptions import TermsNotOffered
from commerce.models import Order
from oropay.models import (
    Instrument,
    Integration,
    IntegrationLabel,
    IntegrationLimit,
    Payable,
    PayableKind,
    PaymentAction,
)
from oropay.services import instrument_refusal, integration_save
from storefront.forms.pay import PayOption
from storefront.pay import order_stub, pay_options
from tests.checkout.shop import Shop
from tests.storefront.pages import text


@pytest.fixture
def hold(shop: Shop) -> Integration:
    """A second way to pay by card, on hold, over the same account; the first takes cards and bank accounts."""
    IntegrationLabel.objects.update(label="Card or bank account", short_label="Card or bank")
    made = integration_save(
        integration=Integration(
            organization=shop.organization,
            name="Hold",
            provider_account=shop.account,
            payment_action=PaymentAction.MANUAL,
            currencies=["USD"],
        )
    )
    IntegrationLimit.objects.create(integration=made, currency="USD", max_amount=Decimal(5000))
    IntegrationLabel.objects.create(integration=made, label="Card, charged when we ship", short_label="On hold")
    return made


def on_an_invoice(shop: Shop, amount: str = "100.00") -> list[PayOption]:
    invoice = Payable(kind=PayableKind.INVOICE, organization=shop.organization, customer=shop.customer, currency="USD")
    return pay_options(user=shop.buyer, payable=invoice, amount=Decimal(amount))


def in_parts(shop: Shop) -> list[PayOption]:
    """Of an invoice of 100.00, of which a part may be paid."""
    invoice = Payable(kind=PayableKind.INVOICE, organization=shop.organization, customer=shop.customer, currency="USD")
    return pay_options(user=shop.buyer, payable=invoice, amount=Decimal("100.00"), in_parts=True)


def at_checkout(shop: Shop) -> list[PayOption]:
    stub = order_stub(website=shop.website, customer=shop.customer)
    return pay_options(user=shop.buyer, payable=stub, amount=Decimal("104.00"))


def test_at_checkout_each_way_says_whether_it_charges_now_or_holds(
    shop: Shop, hold: Integration, card: Instrument
) -> None:
    offered = [(option.title, option.detail, option.holds) for option in at_checkout(shop)]

    assert offered == [
        ("Visa ending in 5262", "expires 12/2030 · charged now", False),
        ("Visa ending in 5262", "expires 12/2030 · held now, charged when we ship", True),
        ("Card", "Charged now.", False),
        (
            "Bank transfer (ACH)",
            "From a checking or savings account in the United States. About three banking days.",
            False,
        ),
        ("Card, charged when we ship", "Held now, charged when we ship.", True),
    ]


def test_on_an_invoice_nothing_is_offered_as_a_hold_or_twice(shop: Shop, hold: Integration, card: Instrument) -> None:
    offered = [(option.title, option.detail) for option in on_an_invoice(shop) if "Bank" not in option.title]

    assert offered == [("Visa ending in 5262", "expires 12/2030 · charged now"), ("Card", "Charged now.")]
    assert {option.integration_id for option in on_an_invoice(shop)} == {shop.integration.pk}


def test_on_an_invoice_a_hold_takes_what_no_other_way_takes_and_charges_it(
    shop: Shop, hold: Integration, card: Instrument
) -> None:
    IntegrationLimit.objects.create(integration=shop.integration, currency="USD", min_amount=Decimal(500))

    usable = [option for option in on_an_invoice(shop) if not option.why_not]

    assert [(option.title, option.detail, option.integration_id) for option in usable] == [
        ("Visa ending in 5262", "expires 12/2030 · charged now", hold.pk),
        ("Card", "Charged now.", hold.pk),
    ]


def test_where_a_part_may_be_chosen_a_hold_is_offered_for_what_no_other_way_takes(
    shop: Shop, hold: Integration, card: Instrument
) -> None:
    IntegrationLimit.objects.create(integration=shop.integration, currency="USD", max_amount=Decimal(60))

    offered = [
        (option.title, option.parts and option.parts.words, option.integration_id, option.takes(Decimal(100)))
        for option in in_parts(shop)
    ]

    up_to_60, all_of_it = "Up to $60.00 per payment.", ""
    assert offered == [
        ("Visa ending in 5262", all_of_it, hold.pk, True),
        ("Card · Card or bank", up_to_60, shop.integration.pk, False),
        ("Bank transfer (ACH)", up_to_60, shop.integration.pk, False),
        ("Card · On hold", all_of_it, hold.pk, True),
    ]


def test_where_a_part_may_be_chosen_a_hold_that_takes_less_than_another_way_is_not_offered(
    shop: Shop, hold: Integration, card: Instrument
) -> None:
    hold.limits.update(max_amount=Decimal(60))

    assert {option.integration_id for option in in_parts(shop)} == {shop.integration.pk}


def test_two_ways_of_the_same_kind_are_told_apart_by_their_own_names(shop: Shop) -> None:
    second = integration_save(
        integration=Integration(
            organization=shop.organization,
            name="Second",
            provider_account=shop.account,
            payment_action=PaymentAction.AUTOMATIC,
            echeck=True,
            currencies=["USD"],
        )
    )
    IntegrationLabel.objects.create(integration=second, label="Other", short_label="Other bank")

    titles = [option.title for option in at_checkout(shop)]

    assert titles == [
        "Card · Card",
        "Bank transfer (ACH) · Card",
        "Card · Other bank",
        "Bank transfer (ACH) · Other bank",
    ]


@pytest.mark.parametrize("kind", ["card", "saved"])
def test_the_review_repeats_the_way_and_what_it_does(
    shop: Shop, browser: Client, hold: Integration, card: Instrument, kind: str
) -> None:
    choice = f"card:{hold.pk}" if kind == "card" else f"saved:{hold.pk}:{card.pk}"
    checkout = shop.checkout(choice=choice)

    page = text(browser.get(f"/checkout/{checkout.uuid}/review/"))

    if kind == "card":
        assert "Card, charged when we ship Pay another way Held now, charged when we ship." in page
    else:
        assert "Visa ending in 5262 Pay another way expires 12/2030 · held now, charged when we ship" in page
        assert page.count("held now") == 1


def test_the_payment_step_takes_few_queries_with_terms_and_two_ways_by_card(
    shop: Shop, browser: Client, hold: Integration, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    shop.on_terms()
    checkout = shop.checkout()

    with django_assert_max_num_queries(12):
        page = browser.get(f"/checkout/{checkout.uuid}/payment/")

    assert "Pay by invoice" not in text(page)
    assert "Net 30: nothing is charged now, you pay the invoice." in text(page)


def test_terms_out_of_range_are_shown_off_with_the_reason_and_place_nothing(shop: Shop, browser: Client) -> None:
    shop.on_terms()
    IntegrationLimit.objects.create(integration=shop.terms, currency="USD", min_amount=Decimal(500))
    checkout = shop.checkout()
    address = f"/checkout/{checkout.uuid}/payment/"

    page = browser.get(address)
    chosen = browser.post(address, {"choice": f"terms:{shop.terms.pk}"})

    assert "Pay by invoice It takes $500.00 or more." in text(page)
    assert "It takes $500.00 or more." in text(chosen)
    with pytest.raises(TermsNotOffered):
        shop.place(checkout, terms=True)
    assert not Order.objects.exists()


@pytest.mark.parametrize(
    ("moment", "why_not"),
    [
        (datetime(2027, 1, 1, 5, 59, tzinfo=UTC), ""),  # 23:59 of the last day in Chicago
        (datetime(2027, 1, 1, 6, 0, tzinfo=UTC), "This card has expired."),
    ],
)
def test_a_card_ends_with_its_month_where_its_seller_is(
    shop: Shop, card: Instrument, monkeypatch: pytest.MonkeyPatch, moment: datetime, why_not: str
) -> None:
    shop.organization.time_zone = "America/Chicago"
    shop.organization.save()
    Instrument.objects.filter(pk=card.pk).update(expiry_month=12, expiry_year=2026)
    invoice = Payable(kind=PayableKind.INVOICE, organization=shop.organization, customer=shop.customer, currency="USD")
    monkeypatch.setattr("storefront.pay.timezone.now", lambda: moment)

    offered = pay_options(user=shop.buyer, payable=invoice, amount=Decimal(100))

    assert [option.why_not for option in offered if option.instrument] == [why_not]
    card.refresh_from_db()
    assert instrument_refusal(instrument=card, seller=shop.organization, now=moment) == why_not
