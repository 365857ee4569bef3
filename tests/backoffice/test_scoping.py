"""Staff see the rows of their organization; what belongs to another seller does not exist for them."""

from typing import Any

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.test import Client
from django.urls import reverse

from backoffice.groups import GROUPS, groups_ensure
from backoffice.scoping import ScopedAdmin
from commerce.models import User
from oropay.models import Alert, AlertKind, Payment, PaymentTransaction
from tests.backoffice.conftest import Opened, address, dialog, may, moves, newest, page
from tests.factories import NOON, StaffFactory, UserFactory, WebsiteFactory
from tests.invoices.house import House


@pytest.fixture
def rows(house: House, charged: Payment) -> list[Any]:
    """One row of every kind that has a page of its own."""
    transaction: PaymentTransaction = charged.transactions.get()
    return [
        charged,
        transaction,
        charged.instrument,
        charged.parts.get().payable.invoice,
        house.order(),
        house.customer,
        house.integration,
        house.integration.provider_account,
        house.website,
        house.seller,
        house.buyer,
        Alert.objects.create(kind=AlertKind.AMOUNT_DIFFERS, transaction=transaction, text="?", raised_at=NOON),
        house.seller.entries.first(),
    ]


def test_a_page_of_another_seller_is_a_404(rows: list[Any], stranger: User, opened: Opened) -> None:
    client = opened(stranger)

    assert {str(row._meta): client.get(page(row)).status_code for row in rows} == {str(row._meta): 404 for row in rows}


def test_an_administrator_sees_every_page_of_the_own_seller(
    rows: list[Any], administrator: User, opened: Opened
) -> None:
    client = opened(administrator)

    assert {str(row._meta): client.get(page(row)).status_code for row in rows} == {str(row._meta): 200 for row in rows}


def test_a_list_of_another_seller_is_empty(rows: list[Any], stranger: User, opened: Opened) -> None:
    client = opened(stranger)
    named = {"organization", "user", "integration"}

    for row in rows:
        listing = client.get(reverse(f"admin:{row._meta.app_label}_{row._meta.model_name}_changelist"))
        shown = {one.pk for one in listing.context["cl"].result_list}
        assert row.pk not in shown, row._meta
        if row._meta.model_name not in named:
            assert shown == set(), row._meta


def test_a_dialog_of_another_seller_is_a_404_and_moves_nothing(
    charged: Payment, stranger: User, opened: Opened
) -> None:
    client = opened(stranger)

    opening = client.get(address(charged, "refund"))
    sending = dialog(client, charged, "cancel", reason="other", note="mine now", after=newest(charged))

    assert (opening.status_code, sending.status_code) == (404, 404)
    assert moves(charged) == [("charge", "100.00", "approved")]


def test_an_exchange_of_another_seller_is_a_404_and_needs_its_own_permission(
    charged: Payment, stranger: User, clerk: User, administrator: User, opened: Opened
) -> None:
    exchange = charged.transactions.get().exchanges.get()
    url = reverse("admin:oropay_payment_exchange", args=[charged.pk, exchange.pk])

    assert [opened(one).get(url).status_code for one in (stranger, clerk, administrator)] == [404, 403, 200]


def test_choices_are_those_of_the_own_seller(house: House, stranger: User, opened: Opened) -> None:
    form = opened(stranger).get(reverse("admin:oropay_integration_add")).context["adminform"].form

    assert list(form.fields["provider_account"].queryset) == []
    assert [row.pk for row in form.fields["organization"].queryset] == [stranger.organization_id]


def test_currencies_and_languages_offered_are_those_of_the_own_seller(
    house: House, stranger: User, administrator: User, opened: Opened
) -> None:
    foreign = WebsiteFactory.create(organization=stranger.organization, currency="JPY", language="ja")

    def offered(user: User, address: str) -> tuple[set[str], set[str]]:
        context = opened(user).get(address).context
        labels = context["inline_admin_formsets"][0].formset.empty_form.fields["language"]
        return (
            {code for code, _label in context["adminform"].form.fields["currencies"].choices},
            {code for code, _label in labels.choices},
        )

    add = reverse("admin:oropay_integration_add")
    assert offered(stranger, add) == ({"JPY"}, {"", "ja"})
    for address_of_own in (add, page(house.integration)):
        currencies, languages = offered(administrator, address_of_own)
        assert foreign.currency not in currencies
        assert foreign.language not in languages
        assert {"USD"} <= currencies
        assert {"", house.website.language} <= languages


def test_autocomplete_finds_customers_of_the_own_seller_only(
    house: House, stranger: User, administrator: User, opened: Opened
) -> None:
    query = {"app_label": "commerce", "model_name": "customer", "field_name": "parent", "term": "Acme"}

    def found(user: User) -> list[str]:
        results = opened(user).get(reverse("admin:autocomplete"), query).json()["results"]
        return [one["text"] for one in results]

    assert (found(administrator), found(stranger)) == (["Acme Manufacturing"], [])


def test_a_superuser_sees_every_seller(rows: list[Any], opened: Opened) -> None:
    client = opened(User.objects.create_superuser("root@example.test", "x"))

    assert {client.get(page(row)).status_code for row in rows} == {200}


def test_buyers_and_staff_without_a_seller_are_not_let_in(house: House, opened: Opened) -> None:
    lost = StaffFactory.create(organization=None)

    for person in (house.buyer, lost):
        assert opened(person).get(reverse("admin:index")).status_code in {302, 403}


def test_strangers_are_sent_to_the_shared_log_in(house: House) -> None:
    response = Client().get(reverse("admin:oropay_payment_changelist"), follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))


def test_operators_pages_are_for_superusers(administrator: User, opened: Opened) -> None:
    for name in ("mail", "job", "document"):
        assert opened(administrator).get(reverse(f"admin:plumbing_{name}_changelist")).status_code == 403


def test_every_page_is_ours_and_scoped(db: None) -> None:
    assert [page for page in admin.site._registry.values() if not isinstance(page, ScopedAdmin)] == []


def test_every_list_leads_to_its_seller_and_opens(
    rows: list[Any], stranger: User, administrator: User, opened: Opened
) -> None:
    root = User.objects.create_superuser("root@example.test", "x")
    all_of_it, own, nothing = opened(root), opened(administrator), opened(stranger)

    for model, one in admin.site._registry.items():
        found = {}
        for client in (all_of_it, own, nothing):
            if one.organization_path is None and client is not all_of_it:  # type: ignore[attr-defined]
                continue
            listing = client.get(reverse(f"admin:{model._meta.label_lower.replace('.', '_')}_changelist"), {"q": "zz"})
            assert listing.status_code == 200, model
            found[client] = set(one.get_queryset(listing.wsgi_request).values_list("pk", flat=True))
        if one.organization_path is not None:  # type: ignore[attr-defined]
            assert found[own] <= found[all_of_it], model
            assert not found[own] & found[nothing], model


def test_every_permission_a_button_asks_for_exists(db: None) -> None:
    known = {
        f"{one.content_type.app_label}.{one.codename}" for one in Permission.objects.select_related("content_type")
    }

    asked = {
        name
        for one in admin.site._registry.values()
        for action in one._get_base_actions_detail()  # type: ignore[attr-defined]
        for name in action.method.allowed_permissions
    }

    assert asked - known == set()
    assert {"oropay.capture_payment", "oropay.cancel_payment", "oropay.refund_payment"} <= asked


def test_every_button_of_a_row_is_a_dialog_or_reads_only(db: None) -> None:
    plain = {
        action.action_name
        for one in admin.site._registry.values()
        for action in one._get_base_actions_detail()  # type: ignore[attr-defined]
        if action.dialog is None
    }

    assert plain == {"invoices_invoice_download"}


def test_groups_are_made_from_data_and_again_the_same(db: None) -> None:
    groups_ensure()
    groups = groups_ensure()

    for name, names in GROUPS.items():
        held = {f"{one.content_type.app_label}.{one.codename}" for one in groups[name].permissions.all()}
        assert held == set(names)
    assert "oropay.refund_payment" not in GROUPS["Finance clerk"]
    assert "oropay.cancel_payment" not in GROUPS["Finance clerk"]


def test_nobody_gives_a_group_that_may_more_than_they_do(house: House, clerk: User, opened: Opened) -> None:
    person = may(clerk, "commerce.view_user", "commerce.change_user")
    colleague = StaffFactory.create(organization=house.seller)
    groups = groups_ensure()

    opened(person).post(
        page(colleague),
        {
            "email": colleague.email,
            "organization": house.seller.pk,
            "is_staff": "on",
            "is_active": "on",
            "is_superuser": "on",
            "groups": [groups["Administrator"].pk],
            "seats-TOTAL_FORMS": 0,
            "seats-INITIAL_FORMS": 0,
        },
    )

    colleague.refresh_from_db()
    assert list(colleague.groups.all()) == []
    assert not colleague.is_superuser


def test_a_superuser_cannot_be_opened_by_anybody_else(administrator: User, opened: Opened) -> None:
    root = User.objects.create_superuser("root@example.test", "x", organization=administrator.organization)

    assert opened(administrator).get(page(root)).status_code == 404


def test_a_person_without_seats_here_cannot_be_opened(administrator: User, opened: Opened) -> None:
    assert opened(administrator).get(page(UserFactory.create())).status_code == 404
