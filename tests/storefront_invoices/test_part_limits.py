"""The smallest and largest amount of a way to pay, where the buyer chooses how much of an invoice to pay."""

from decimal import Decimal
from typing import Any

import pytest
from django.test import Client

from invoices.models import Invoice
from oropay.exceptions import MethodUnavailable
from oropay.models import Instrument, Integration, IntegrationLimit, Payment, PaymentAction
from oropay.services import integration_save
from tests.invoices.house import House, payable_of
from tests.storefront.accountchecks import OnlyAcme
from tests.storefront.pages import inputs
from tests.storefront_invoices.pages import text_of
from tests.storefront_invoices.test_pay import BANK, by_bank, by_card, form_of, send


@pytest.fixture
def invoice(house: House) -> Invoice:
    return house.posted("10000.00")


def limit(integration: Integration, *, least: str | None = None, most: str | None = None) -> None:
    IntegrationLimit.objects.create(
        integration=integration,
        currency="USD",
        min_amount=least and Decimal(least),
        max_amount=most and Decimal(most),
    )


def second_way(house: House) -> Integration:
    """Another way to pay by card, without limits."""
    return integration_save(
        integration=Integration(
            organization=house.seller,
            name="Second",
            provider_account=house.integration.provider_account,
            payment_action=PaymentAction.AUTOMATIC,
            currencies=["USD"],
        )
    )


def ways(page: Any) -> dict[str, dict[str, str]]:
    """The ways to pay of a page, with their attributes."""
    return {one["value"]: one for one in inputs(page.content.decode()) if one.get("name") == "method"}


def test_a_way_that_takes_less_than_is_left_says_so_and_takes_a_part(
    house: House, buyer: Client, invoice: Invoice
) -> None:
    limit(house.integration, least="10", most="5000")
    page = buyer.get(f"/invoices/{invoice.number}/pay/")
    card = ways(page)[f"card:{house.integration.pk}"]

    answer = send(buyer, invoice, form_of(buyer, invoice) | by_card(house) | {"how": "other", "other": "4,000"})

    limits = "From $10.00 to $5,000.00 per payment; a rest below $10.00 cannot be paid this way."
    assert f"Charged now. {limits}" in text_of(page)
    assert ("disabled" in card, "checked" in card) == (False, True)
    assert (Decimal(card["data-least"]), Decimal(card["data-most"])) == (Decimal(10), Decimal(5000))
    assert card["data-too-little"] == "This way to pay takes $10.00 or more."
    assert card["data-too-much"] == "This way to pay takes $5,000.00 or less at a time."
    assert answer.status_code == 302, text_of(answer)
    assert Payment.objects.get().amount == 4000


@pytest.mark.parametrize(
    ("asked", "why"),
    [
        ({"how": "full"}, "This way to pay takes $5,000.00 or less at a time."),
        ({"how": "other", "other": "5000.01"}, "This way to pay takes $5,000.00 or less at a time."),
        ({"how": "other", "other": "9.99"}, "This way to pay takes $10.00 or more."),
    ],
)
def test_what_the_chosen_way_does_not_take_is_told_where_the_amount_is_and_nothing_starts(
    house: House, buyer: Client, invoice: Invoice, asked: dict[str, str], why: str
) -> None:
    limit(house.integration, least="10", most="5000")

    answer = send(buyer, invoice, form_of(buyer, invoice) | by_card(house) | asked)

    html = answer.content.decode()
    described = [one for one in inputs(html) if "amount-refused" in one.get("aria-describedby", "").split()]
    assert answer.status_code == 422
    assert f'id="amount-refused" role="alert" data-amount-refused >{why}</p>' in html
    assert [one["name"] for one in described] == ["how", "other"]
    assert Payment.objects.count() == Instrument.objects.count() == 0


def test_no_bank_account_is_asked_about_for_an_amount_that_is_refused(
    house: House, buyer: Client, invoice: Invoice, settings: Any
) -> None:
    settings.OROPAY_ACCOUNT_CHECK = "tests.storefront.accountchecks.OnlyAcme"
    OnlyAcme.asked.clear()
    limit(house.integration, least="10")

    answer = send(buyer, invoice, form_of(buyer, invoice) | by_bank(house) | {"how": "other", "other": "5"})

    assert answer.status_code == 422
    assert "This way to pay takes $10.00 or more." in text_of(answer)
    assert "debit $5.00 once" in text_of(answer)
    assert BANK["bank_account"] not in answer.content.decode()
    assert OnlyAcme.asked == []
    assert Payment.objects.count() == 0


def test_of_several_ways_one_that_takes_all_that_is_left_is_ticked(
    house: House, buyer: Client, invoice: Invoice
) -> None:
    limit(house.integration, most="5000")
    second = second_way(house)

    found = ways(buyer.get(f"/invoices/{invoice.number}/pay/"))

    assert [value for value, one in found.items() if "checked" in one] == [f"card:{second.pk}"]
    assert not [value for value, one in found.items() if "disabled" in one]
    assert not {"data-least", "data-most"} & found[f"card:{second.pk}"].keys()


def test_a_way_that_takes_no_part_at_all_is_off_with_the_reason(house: House, buyer: Client, invoice: Invoice) -> None:
    limit(house.integration, least="10000.01")
    second_way(house)

    page = buyer.get(f"/invoices/{invoice.number}/pay/")

    assert "disabled" in ways(page)[f"bank:{house.integration.pk}"]
    assert "Bank transfer (ACH) It takes $10,000.01 or more." in text_of(page)


def test_limits_that_nothing_to_choose_can_pass_are_not_told(house: House, buyer: Client, invoice: Invoice) -> None:
    limit(house.integration, least="0.01", most="10000.00")

    page = buyer.get(f"/invoices/{invoice.number}/pay/")

    assert "per payment" not in text_of(page)
    assert not {"data-least", "data-most"} & ways(page)[f"card:{house.integration.pk}"].keys()


def test_of_several_invoices_at_once_the_sum_counts(house: House) -> None:
    limit(house.integration, least="100", most="150")
    bills = [payable_of(house.posted("80.00")) for _ in range(2)]

    for parts in (["40.00", "59.99"], ["80.00", "70.01"]):
        with pytest.raises(MethodUnavailable, match=r"Nothing was charged\. .*It takes \$1[05]0\.00 or (more|less)\."):
            house.pay(*bills, amounts=parts)

    assert Payment.objects.count() == 0
    assert house.pay(*bills, amounts=["60.00", "60.00"]).amount == 120
