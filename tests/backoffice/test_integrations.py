"""The integration form: what an admin may decide, and what the server refuses whatever the browser sends."""

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from commerce.models import User
from oropay.models import Integration, IntegrationType, PaymentAction, ProviderAccount
from tests.backoffice.conftest import Opened, address, dialog, page
from tests.factories import OrganizationFactory
from tests.invoices.house import House

ADD = reverse("admin:oropay_integration_add")


def form(house: House, **differs: Any) -> dict[str, Any]:
    """A form as the browser sends it, filled in right."""
    account = ProviderAccount.objects.get(organization=house.seller)
    return {
        "organization": house.seller.pk,
        "type": "oropay",
        "name": "Cards",
        "provider_account": account.pk,
        "payment_action": "automatic",
        "threeds": "new_cards",
        "threeds_unavailable": "go_on",
        "threeds_exemption": "",
        "currencies": ["USD"],
        "is_active": "on",
        "labels-TOTAL_FORMS": 1,
        "labels-INITIAL_FORMS": 0,
        "labels-0-language": "",
        "labels-0-label": "Credit card",
        "labels-0-short_label": "Card",
        "limits-TOTAL_FORMS": 0,
        "limits-INITIAL_FORMS": 0,
        **differs,
    }


def limits(least: str, most: str, *, currency: str = "USD", at: int = 0) -> dict[str, Any]:
    """One row of limits as the browser sends it."""
    return {
        "limits-TOTAL_FORMS": at + 1,
        f"limits-{at}-currency": currency,
        f"limits-{at}-min_amount": least,
        f"limits-{at}-max_amount": most,
    }


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def test_saving_makes_the_integration_its_label_and_a_webhook_address_once(house: House, client: Client) -> None:
    response = client.post(ADD, form(house, echeck="on", **limits("1", "5000")))

    made = Integration.objects.get(name="Cards")
    assert response.status_code == 302
    assert (made.threeds, made.threeds_unavailable, made.threeds_exemption) == ("new_cards", "go_on", "")
    assert (made.payment_action, made.echeck, made.currencies) == (PaymentAction.AUTOMATIC, True, ["USD"])
    assert [(row.language, row.label, row.short_label) for row in made.labels.all()] == [("", "Credit card", "Card")]
    assert [str(row) for row in made.limits.all()] == ["$1.00 – $5,000.00"]
    assert len(made.webhook_key) == 43

    key = made.webhook_key
    label = made.labels.get()
    client.post(
        page(made),
        form(
            house,
            name="Cards and banks",
            **{"labels-INITIAL_FORMS": 1, "labels-0-id": label.pk, "labels-0-integration": made.pk},
        ),
    )
    made.refresh_from_db()
    assert (made.name, made.webhook_key) == ("Cards and banks", key)


FRAUD = {
    "risk_mode": "active",
    "avs_not_matched": "refuse",
    "avs_partial": "review",
    "avs_not_checked": "accept",
    "cvv_not_matched": "refuse",
    "cvv_not_checked": "review",
}
"""What an admin chooses under Fraud."""


def test_what_is_done_about_fraud_is_saved_and_shown_again(house: House, client: Client) -> None:
    client.post(ADD, form(house, **FRAUD))

    made = Integration.objects.get(name="Cards")
    assert {name: getattr(made, name) for name in FRAUD} == FRAUD
    assert chosen(client.get(page(made)), *FRAUD) == FRAUD


def test_what_is_done_about_fraud_can_be_changed(house: House, client: Client) -> None:
    client.post(ADD, form(house, **FRAUD))
    made = Integration.objects.get(name="Cards")
    kept = {"labels-INITIAL_FORMS": 1, "labels-0-id": made.labels.get().pk, "labels-0-integration": made.pk}
    other = {**FRAUD, "risk_mode": "passive", "cvv_not_matched": "accept"}

    client.post(page(made), form(house, **kept, **other))

    made.refresh_from_db()
    assert {name: getattr(made, name) for name in FRAUD} == other
    assert chosen(client.get(page(made)), *FRAUD) == other


def chosen(response: Any, *names: str) -> dict[str, str]:
    """What the page shows as chosen in these lists."""
    content = response.content.decode()
    lists = {name: re.search(rf'<select[^>]*name="{name}".*?</select>', content, re.DOTALL) for name in names}
    picks = {name: re.findall(r'<option value="(\w*)" selected', found[0]) for name, found in lists.items() if found}
    return {name: value for name, [value] in picks.items()}


def test_echeck_with_manual_is_refused_at_the_field(house: House, client: Client) -> None:
    response = client.post(ADD, form(house, payment_action="manual", echeck="on"))

    errors = response.context["adminform"].form.errors
    assert response.status_code == 200
    assert errors == {"echeck": ["eCheck needs Automatic (Capture): a bank transfer cannot be held."]}
    assert not Integration.objects.filter(name="Cards").exists()


def test_an_oropay_integration_without_a_provider_is_refused_at_the_field(house: House, client: Client) -> None:
    response = client.post(ADD, form(house, provider_account=""))

    assert list(response.context["adminform"].form.errors) == ["provider_account"]


def test_the_label_for_all_languages_is_required(house: House, client: Client) -> None:
    response = client.post(ADD, form(house, **{"labels-0-label": "", "labels-0-short_label": ""}))

    assert "Write the label and short label for all languages" in response.content.decode()
    assert not Integration.objects.filter(name="Cards").exists()


def test_limits_in_the_wrong_order_are_refused_at_the_field(house: House, client: Client) -> None:
    response = client.post(ADD, form(house, **limits("10", "9.99")))

    assert "The largest amount must not be below the smallest." in response.content.decode()
    assert not Integration.objects.filter(name="Cards").exists()


def test_limits_of_a_currency_it_does_not_take_are_refused(house: House, client: Client) -> None:
    ProviderAccount.objects.update(settlement_currency="EUR")

    response = client.post(ADD, form(house, **limits("1", "", currency="EUR")))

    assert "It does not take EUR: choose it under Currencies, or remove its limits." in response.content.decode()
    assert not Integration.objects.filter(name="Cards").exists()


def test_a_currency_has_one_row_of_limits(house: House, client: Client) -> None:
    twice = {**limits("1", ""), **limits("2", "", at=1), "limits-TOTAL_FORMS": 2}

    response = client.post(ADD, form(house, **twice))

    assert "Please correct the duplicate data for currency." in response.content.decode()
    assert not Integration.objects.filter(name="Cards").exists()


def test_a_limit_has_no_more_decimals_than_its_currency(house: House, client: Client) -> None:
    response = client.post(ADD, form(house, **limits("1.005", "")))

    assert "An amount in this currency has fewer decimals." in response.content.decode()
    assert not Integration.objects.filter(name="Cards").exists()


def test_a_name_that_is_taken_is_refused_in_words_on_edit_too(house: House, client: Client) -> None:
    client.post(ADD, form(house))
    made = Integration.objects.get(name="Cards")
    label = made.labels.get()

    response = client.post(
        page(made),
        form(
            house,
            name="OroPay",
            **{"labels-INITIAL_FORMS": 1, "labels-0-id": label.pk, "labels-0-integration": made.pk},
        ),
    )

    assert response.status_code == 200
    assert Integration.objects.get(pk=made.pk).name == "Cards"


def test_the_type_stays_whatever_the_browser_sends(house: House, client: Client) -> None:
    client.post(page(house.integration), form(house, type=IntegrationType.CHECK))

    assert Integration.objects.get(pk=house.integration.pk).type == IntegrationType.OROPAY


def test_a_provider_account_of_another_seller_cannot_be_chosen(house: House, client: Client) -> None:
    foreign = ProviderAccount.objects.get(organization=house.seller)
    foreign.pk, foreign.organization = None, OrganizationFactory.create()
    foreign.save(force_insert=True)

    response = client.post(ADD, form(house, provider_account=foreign.pk))

    assert list(response.context["adminform"].form.errors) == ["provider_account"]


def test_the_webhook_address_is_shown_and_read_only(house: House, client: Client) -> None:
    content = client.get(page(house.integration)).content.decode()

    assert f"http://testserver/webhooks/{house.integration.webhook_key}/" in content
    assert 'name="webhook' not in content


def test_rotating_makes_a_new_address_and_needs_the_permission(
    house: House, client: Client, clerk: User, opened: Opened
) -> None:
    before = house.integration.webhook_key

    refused = dialog(opened(clerk), house.integration, "rotate_webhook")
    kept = Integration.objects.get(pk=house.integration.pk).webhook_key
    opening = client.get(address(house.integration, "rotate_webhook"))
    looked = Integration.objects.get(pk=house.integration.pk).webhook_key
    done = dialog(client, house.integration, "rotate_webhook")

    after = Integration.objects.get(pk=house.integration.pk).webhook_key
    assert (refused.status_code, opening.status_code, done.status_code) == (403, 200, 302)
    assert (kept, looked) == (before, before)
    assert after != before
    assert len(after) == 43


def test_integrations_are_switched_off_and_on_from_the_list(house: House, client: Client) -> None:
    listing = reverse("admin:oropay_integration_changelist")
    ticked = {"_selected_action": [house.integration.pk]}

    client.post(listing, {"action": "deactivate", **ticked})
    off = Integration.objects.get(pk=house.integration.pk).is_active
    client.post(listing, {"action": "activate", **ticked})
    on = Integration.objects.get(pk=house.integration.pk).is_active

    assert (off, on) == (False, True)


def test_a_provider_account_shows_no_secret(house: House, client: Client) -> None:
    account = house.integration.provider_account
    assert account is not None

    content = client.get(page(account)).content.decode()

    assert "manage.py provision --organization" in content
    assert bytes(account.credentials).hex() not in content
    assert "app-key" not in content
    assert client.post(page(account), {"name": "x"}).status_code == 403
