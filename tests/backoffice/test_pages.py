"""Pages as people see them: the dashboard, the timeline, roles, configuration, alerts, history, the content policy."""

import re
from typing import Any

import pytest
from django.contrib import admin
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from commerce.models import CustomerRole, Level, Permission, Setting, User
from commerce.services import customer_create
from commerce.settings_registry import define, definition_of, definitions
from oropay.gateway.port import Verdict
from oropay.models import Alert, AlertKind
from plumbing.selectors import notes_on
from tests.backoffice.conftest import Opened, dialog, page
from tests.factories import NOON
from tests.invoices.house import House, payable_of

KEY = "tests.back_office"


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


@pytest.fixture
def setting() -> Any:
    """A setting of our own, so that the page is tested whatever the rooms define."""
    if KEY not in {one.key for one in definitions()}:
        define(KEY, default=False, label="Ring a bell", help="When money comes in.", type=bool)
    return definition_of(KEY)


def test_the_dashboard_says_what_came_in_and_what_waits(house: House, client: Client) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    house.says(payment, Verdict.APPROVED, now=timezone.now())
    unknown = house.pay(payable_of(house.posted("50.00")), amounts=["50.00"])
    house.says(unknown, Verdict.UNKNOWN)
    Alert.objects.create(
        kind=AlertKind.AMOUNT_DIFFERS, transaction=unknown.transactions.get(), text="?", raised_at=NOON
    )

    tiles = client.get(reverse("admin:index")).context["tiles"]

    assert {tile["label"]: [re.sub("<.*?>", "", str(value)) for value in tile["values"]] for tile in tiles} == {
        "Cash in today": ["$100.00"],
        "Checking with the bank": ["1"],
        "In review": [],
        "Open alerts": ["1"],
        "Approvals waiting": [],
        "Disputes to answer": [],
        "Open differences": [],
        "Gateway does not answer": ["Sandbox"],
        "Unpaid invoices": ["$50.00"],
    }


def test_an_empty_dashboard_says_what_will_appear(client: Client) -> None:
    content = client.get(reverse("admin:index")).content.decode()

    assert "Nothing yet" in content
    assert "Payments appear here as soon as a buyer pays an order or an invoice." in content


def test_the_dashboard_takes_few_queries(house: House, client: Client, django_assert_max_num_queries: Any) -> None:
    for number in range(4):
        house.paid(payable_of(house.posted(f"{number + 1}0.00")), amounts=[f"{number + 1}0.00"])

    with django_assert_max_num_queries(20):
        client.get(reverse("admin:index"))


def everything_once(house: House) -> None:
    """One more row in most lists."""
    house.paid(house.order("10.00").payable, amounts=["10.00"])
    charge = house.paid(payable_of(house.posted("10.00")), amounts=["10.00"]).transactions.get()
    debit = house.pay(payable_of(house.posted("10.00")), amounts=["10.00"], bank=True)
    house.says(debit, Verdict.PENDING)
    house.sent_back(debit, "R01")
    Alert.objects.create(kind=AlertKind.AMOUNT_DIFFERS, transaction=charge, text="?", raised_at=NOON)


@pytest.mark.parametrize(
    "name",
    [
        "oropay_payment",
        "oropay_paymenttransaction",
        "oropay_instrument",
        "oropay_achreturn",
        "oropay_alert",
        "invoices_invoice",
        "commerce_order",
        "ledger_entry",
    ],
)
def test_a_list_costs_the_same_whatever_its_length(
    house: House, client: Client, django_assert_num_queries: Any, name: str
) -> None:
    listing = reverse(f"admin:{name}_changelist")
    everything_once(house)
    client.get(listing)
    with CaptureQueriesContext(connection) as few:
        few_shown = len(client.get(listing).context["cl"].result_list)

    for _ in range(3):
        everything_once(house)

    assert few_shown > 0
    with django_assert_num_queries(len(few)):
        client.get(listing)


def test_the_payment_page_tells_every_step_in_order(house: House, client: Client) -> None:
    payment = house.pay(payable_of(house.posted("100.00")), amounts=["100.00"])
    house.says(payment, Verdict.DECLINED, now=timezone.now())

    content = client.get(page(payment)).content.decode()

    steps = [content.index(words) for words in ("$100.00 → Queued", "$100.00 → Sending", "$100.00 → Declined")]
    assert steps == sorted(steps)
    assert "Nothing was taken: the bank said no." in content
    assert 'data-state="declined"' in content


def test_a_payment_is_found_by_what_people_have_at_hand(house: House, client: Client) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    house.paid(payable_of(house.posted("10.00")), amounts=["10.00"])
    transaction = payment.transactions.get()

    for wanted in (invoice.number, transaction.reference, transaction.gateway_id, str(payment.uuid)):
        rows = client.get(reverse("admin:oropay_payment_changelist"), {"q": wanted}).context["cl"].result_list
        assert [row.pk for row in rows] == [payment.pk], wanted


def test_the_lineage_links_invoice_payment_and_journal(house: House, client: Client) -> None:
    invoice = house.posted("100.00")
    payment = house.paid(payable_of(invoice), amounts=["100.00"])
    entry = house.seller.entries.get(source=f"transaction:{payment.transactions.get().pk}")

    content = client.get(page(payment)).content.decode()

    assert f'href="{page(invoice)}"' in content
    assert f'href="{page(entry)}"' in content


def test_an_entry_shows_its_postings_and_what_caused_it(house: House, client: Client) -> None:
    invoice = house.posted("100.00")
    entry = house.seller.entries.get(source=f"invoice:{invoice.pk}")

    content = client.get(page(entry)).content.decode()

    assert f'href="{page(invoice)}"' in content
    assert content.count("$100.00") >= 4


def test_an_alert_is_resolved_with_words_once(house: House, clerk: User, opened: Opened) -> None:
    payment = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    alert = Alert.objects.create(
        kind=AlertKind.AMOUNT_DIFFERS, transaction=payment.transactions.get(), text="?", raised_at=NOON
    )
    client = opened(clerk)

    blank = dialog(client, alert, "resolve", remark=" ")
    dialog(client, alert, "resolve", remark="The gateway corrected it")
    dialog(client, alert, "resolve", remark="Something else")

    alert.refresh_from_db()
    assert blank.status_code == 200
    assert alert.remark == "The gateway corrected it"
    assert [(note.text, note.by) for note in notes_on(payment)] == [("Amount differs: The gateway corrected it", clerk)]


def test_a_role_is_a_matrix_of_levels(house: House, client: Client) -> None:
    role = CustomerRole.objects.filter(organization=house.seller).first()
    assert role is not None
    levels = {f"levels_{permission.value}": Level.OWN.value for permission in Permission}

    client.post(
        page(role),
        {"customer": "", "name": "Buyer", **levels, f"levels_{Permission.PAY_INVOICE.value}": Level.CORPORATE.value},
    )

    role.refresh_from_db()
    given = dict(role.permissions.values_list("permission", "level"))
    assert role.name == "Buyer"
    assert given == {
        permission.value: Level.CORPORATE if permission == Permission.PAY_INVOICE else Level.OWN
        for permission in Permission
    }


def test_an_unknown_level_changes_nothing(house: House, client: Client) -> None:
    role = CustomerRole.objects.filter(organization=house.seller).first()
    assert role is not None
    before = dict(role.permissions.values_list("permission", "level"))

    client.post(page(role), {"name": "Buyer", f"levels_{Permission.PAY_INVOICE.value}": "9"})

    assert dict(role.permissions.values_list("permission", "level")) == before


def test_a_company_cannot_be_moved_below_itself(house: House, client: Client) -> None:
    below = customer_create(organization=house.seller, name="Acme West", parent=house.customer)
    form = {
        "name": house.customer.name,
        "parent": below.pk,
        "is_active": "on",
        **{f"{prefix}-{name}_FORMS": 0 for prefix in ("seats", "addresses") for name in ("TOTAL", "INITIAL")},
    }

    response = client.post(page(house.customer), form)

    assert list(response.context["adminform"].form.errors) == ["parent"]


def test_moving_a_company_moves_its_branch(house: House, client: Client) -> None:
    parent = customer_create(organization=house.seller, name="Holding")
    below = customer_create(organization=house.seller, name="Acme West", parent=house.customer)
    seat = house.customer.seats.get()
    form = {
        "name": "Acme Renamed",
        "parent": parent.pk,
        "is_active": "on",
        "seats-TOTAL_FORMS": 1,
        "seats-INITIAL_FORMS": 1,
        "seats-0-id": seat.pk,
        "seats-0-customer": house.customer.pk,
        "seats-0-user": seat.user_id,
        "seats-0-role": seat.role_id,
        "seats-0-is_active": "on",
        "addresses-TOTAL_FORMS": 0,
        "addresses-INITIAL_FORMS": 0,
    }

    client.post(page(house.customer), form)

    below.refresh_from_db()
    house.customer.refresh_from_db()
    assert house.customer.name == "Acme Renamed"
    assert below.path_ids == [parent.pk, house.customer.pk, below.pk]


def test_a_setting_is_chosen_for_a_website_and_given_back(house: House, client: Client, setting: Any) -> None:
    listing = reverse("admin:commerce_setting_changelist") + f"?scope=website-{house.website.pk}"
    others = {f"{one.key}:default": "on" for one in definitions() if one.key != KEY}

    client.post(listing, {**others, KEY: "on"})
    chosen = [(row.website_id, row.key, row.value) for row in Setting.objects.all()]
    client.post(listing, {**others, f"{KEY}:default": "on"})

    assert chosen == [(house.website.pk, KEY, True)]
    assert Setting.objects.count() == 0


def test_settings_of_another_seller_cannot_be_reached(
    house: House, stranger: User, opened: Opened, setting: Any
) -> None:
    listing = reverse("admin:commerce_setting_changelist") + f"?scope=website-{house.website.pk}"

    assert opened(stranger).post(listing, {KEY: "on"}).status_code == 404
    assert Setting.objects.count() == 0


def test_the_history_says_who_changed_what(house: House, client: Client, administrator: User) -> None:
    client.post(
        reverse("admin:oropay_integration_changelist"),
        {"action": "deactivate", "_selected_action": [house.integration.pk]},
    )

    content = client.get(reverse("admin:oropay_integration_history", args=[house.integration.pk])).content.decode()

    assert "Active" in content
    assert str(administrator) in content
    assert house.integration.webhook_key not in content


def test_every_list_opens_for_an_administrator_with_the_admin_policy(
    house: House, client: Client, administrator: User
) -> None:
    house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])
    statuses = {}
    for model, one in admin.site._registry.items():
        listing = client.get(reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist"))
        statuses[str(model._meta)] = listing.status_code
        if listing.status_code == 200:
            policy = listing.headers["Content-Security-Policy"]
            assert "'unsafe-eval'" in policy
            assert "script-src 'nonce-" in policy
            assert "frame-ancestors 'none'" in policy
            assert inline_scripts(listing.content.decode()) == [], model
        assert one is not None

    assert set(statuses.values()) <= {200, 403}
    assert statuses["oropay.payment"] == 200


def test_pages_with_forms_and_dialogs_carry_no_script_of_ours_inline(house: House, client: Client) -> None:
    payment = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"])

    for url in (page(house.integration), page(payment), reverse("admin:invoices_invoice_add"), reverse("admin:index")):
        assert inline_scripts(client.get(url).content.decode()) == [], url


def inline_scripts(html: str) -> list[str]:
    """Scripts with code in the page: the content policy would not run them."""
    return [code for attributes, code in re.findall(r"<script([^>]*)>(.*?)</script>", html, re.DOTALL) if code.strip()]
