"""The demo company: whole, plausible on any day, the same after a second run, and never in production."""

import io
import xml.etree.ElementTree as ElementTree
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.password_validation import validate_password
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client, TestCase, override_settings
from django.utils import timezone
from psycopg2 import sql

from commerce.models import (
    Category,
    Customer,
    CustomerUser,
    Level,
    Order,
    OrderState,
    Organization,
    PaymentTerm,
    Price,
    PriceList,
    Product,
    RolePermission,
    User,
    Website,
)
from commerce.selectors import orders_visible_to
from commerce.terms import due_date
from config.demo.gateway import GatewayKeys, gateway_moved
from config.demo.history import World, history_happen, moment, world_of
from config.demo.people import BUYERS, COMPANIES, MONTH_END, PASSWORD, STAFF, demo_logins
from config.demo.seed import demo_seed
from config.demo.stories import RECEIPTS, STORIES, Fate
from invoices.models import Invoice, InvoiceState, Receipt
from invoices.selectors import invoices_visible_to
from invoices.services import invoice_draft_delete
from invoices.words import Standing, standing_of
from ledger.models import Entry
from ledger.services.check import ledger_check
from oropay.models import Action, Alert, Payable, PayableKind, Payment, PaymentTransaction, ProviderAccount
from oropay.selectors import methods_for
from plumbing.models import Mail
from tests.factories import WebsiteFactory

KEYS = {"GP_APP_ID": "demo-app", "GP_APP_KEY": "demo-key"}
SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch):
    for name, value in KEYS.items():
        monkeypatch.setenv(name, value)


class SeededTests(TestCase):
    """One seeding for all; each test rolls back what it did to it."""

    said: io.StringIO
    seller: Organization
    today: date

    @classmethod
    def setUpTestData(cls):
        with pytest.MonkeyPatch.context() as environment:
            for name, value in KEYS.items():
                environment.setenv(name, value)
            cls.said = io.StringIO()
            call_command("seed_demo", stdout=cls.said)
        cls.seller = Organization.objects.get()
        cls.today = cls.seller.today(timezone.now())

    def test_everything_that_a_shop_needs_is_there(self):
        found = {
            model.__name__: model.objects.count()
            for model in (Organization, Website, Customer, Category, Product, PriceList, Invoice, User)
        }

        assert found == {
            "Organization": 1,
            "Website": 2,
            "Customer": 4,
            "Category": 6,
            "Product": 40,
            "PriceList": 2,
            "Invoice": 40,
            "User": 13,
        }
        assert list(Website.objects.order_by("pk").values_list("domain", flat=True)) == ["localhost", "north.localhost"]
        assert list(Customer.objects.exclude(parent=None).values_list("name", "parent__name")) == [
            ("Calder Marine LLC", "Calder Fabrication Inc.")
        ]
        assert set(Product.objects.values_list("unit__code", flat=True)) == {"each", "pair", "box", "case", "foot"}

    def test_every_product_has_tiers_in_both_price_lists_and_contracts_pay_less(self):
        tiers = Counter(Price.objects.values_list("product__sku", "price_list__name"))

        assert set(tiers.values()) == {3}
        assert len(tiers) == 80
        bolts = Price.objects.filter(product__sku="FA-1010").order_by("price_list__name", "min_quantity")
        assert [(row.price_list.name, row.min_quantity, row.amount) for row in bolts] == [
            ("Contract", Decimal(1), Decimal("22.63")),
            ("Contract", Decimal(5), Decimal("21.50")),
            ("Contract", Decimal(20), Decimal("20.14")),
            ("Standard", Decimal(1), Decimal("24.60")),
            ("Standard", Decimal(5), Decimal("23.37")),
            ("Standard", Decimal(20), Decimal("21.89")),
        ]

    def test_every_product_has_a_picture_of_its_own_that_needs_no_style_and_no_script(self):
        pictures = [bytes(content) for content in Product.objects.values_list("picture__content", flat=True)]

        drawn = [ElementTree.fromstring(picture) for picture in pictures]  # noqa: S314
        assert len(set(pictures)) == 40
        assert {element.tag for picture in drawn for element in picture.iter()} <= {
            f"{SVG}{name}" for name in ("svg", "g", "path", "rect", "circle", "ellipse")
        }
        assert {name for picture in drawn for element in picture.iter() for name in element.attrib} & {"style"} == set()

    def test_the_shop_shows_the_pictures(self):
        slug, content = Product.objects.values_list("slug", "picture__content").get(sku="HT-2020")
        client = self._logged_in("bea@calder.example")

        answer = client.get(f"/products/{slug}/picture.svg")

        assert answer["Content-Type"] == "image/svg+xml"
        assert answer.content == bytes(content)

    def test_invoices_are_in_every_state(self):
        rows = Invoice.objects.select_related("payable")

        standings = Counter(standing_of(invoice=row, payable=row.payable, today=self.today) for row in rows)

        assert standings == {
            Standing.PAID: 25,
            Standing.OVERDUE: 5,
            Standing.OPEN: 4,
            Standing.PARTIALLY: 2,
            Standing.DRAFT: 2,
            Standing.VOID: 2,
        }

    def test_invoices_spread_over_twelve_months_and_none_lies_ahead(self):
        days = sorted(row.issued_on for row in Invoice.objects.all() if row.issued_on is not None)

        assert timedelta(350) <= self.today - days[0] <= timedelta(365)
        assert days[-1] < self.today
        assert len({(day.year, day.month) for day in days}) >= 11
        assert Invoice.objects.filter(order=None).count() == 13

    def test_numbers_belong_to_the_month_and_have_no_gaps(self):
        invoices = Invoice.objects.exclude(number="").values_list("number", "issued_on")
        receipts = Receipt.objects.values_list("number", "received_on")

        for rows in (invoices, receipts):
            months = Counter(f"{day:%Y-%m}" for _number, day in rows)
            wanted = {f"{month}-{last:05d}" for month, many in months.items() for last in range(1, many + 1)}
            assert {number.partition("-")[2] for number, _day in rows} == wanted

    def test_orders_are_delivered_open_and_canceled(self):
        assert Counter(Order.objects.values_list("state", flat=True)) == {
            OrderState.CLOSED: 22,
            OrderState.OPEN: 9,
            OrderState.CANCELED: 1,
        }
        assert Order.objects.filter(invoices=None).count() == 5

    def test_the_books_are_clean_and_every_entry_counts_in_its_own_month(self):
        assert ledger_check() == []
        assert Entry.objects.count() > 60
        assert [entry for entry in Entry.objects.all() if entry.posted_on != entry.occurred_on] == []

    def test_no_gateway_took_part(self):
        assert set(PaymentTransaction.objects.values_list("action", flat=True)) == {Action.OFFLINE_RECEIPT}
        assert Payment.objects.exclude(provider_account=None).count() == 0
        assert Payment.objects.count() == len(RECEIPTS)
        assert Alert.objects.count() == 0

    def test_nobody_gets_mail_about_months_gone_by(self):
        assert Mail.objects.count() == 0
        assert set(Customer.objects.values_list("email", flat=True)) == {one.email for one in COMPANIES.values()}

    def test_all_levels_are_held_by_somebody(self):
        held = RolePermission.objects.filter(role__seats__isnull=False, permission="view_invoice")

        assert set(held.values_list("level", flat=True)) == {Level.OWN, Level.DEPARTMENT, Level.CORPORATE}
        assert list(CustomerUser.objects.filter(role__permissions=None).values_list("user__email", flat=True)) == [
            "lena@oakhollow.example"
        ]

    def test_people_see_what_their_level_reaches(self):
        seen = {}
        for name in ("anna", "bea", "rick", "mia", "omar", "vera", "lena", "sam", "nora"):
            user = User.objects.get(email__startswith=f"{name}@")
            seen[name] = (invoices_visible_to(user=user).count(), orders_visible_to(user=user).count())

        assert seen == {
            "anna": (24, 21),
            "bea": (14, 9),
            "rick": (3, 3),
            "mia": (10, 7),
            "omar": (8, 8),
            "vera": (8, 8),
            "lena": (0, 0),
            "sam": (6, 3),
            "nora": (14, 11),
        }

    def test_everybody_can_log_in(self):
        for person in (*STAFF, *BUYERS):
            client = self._logged_in(person.email)

            page = client.get("/" if person.seats else "/admin/", HTTP_HOST="localhost")

            assert (person.email, page.status_code) == (person.email, 200)

    def test_staff_are_a_superuser_and_two_clerks(self):
        staff = User.objects.filter(is_staff=True).order_by("pk")

        assert [(user.is_superuser, [group.name for group in user.groups.all()]) for user in staff] == [
            (True, []),
            (False, ["Finance clerk"]),
            (False, ["Sales clerk"]),
        ]
        assert {user.organization_id for user in staff} == {self.seller.pk}

    def test_the_log_ins_are_printed_and_the_password_is_a_good_one(self):
        lines = self.said.getvalue().splitlines()

        assert lines == demo_logins()
        assert lines[0] == f"Log in with the password  {PASSWORD}"
        for person in (*STAFF, *BUYERS):
            assert len([line for line in lines if person.email in line]) == 1
            validate_password(PASSWORD, User.objects.get(email=person.email))

    def test_an_order_can_be_paid_at_once_or_held_up_to_five_thousand(self):
        payable = Payable.objects.filter(kind=PayableKind.ORDER, is_closed=False).earliest("pk")

        small, large = (
            methods_for(payable=payable, amount=Decimal(amount), language="de-de") for amount in ("5000.00", "5000.01")
        )

        assert [(offer.label, offer.bank, offer.holds, offer.why_not) for offer in small] == [
            ("Karte oder Bankkonto", True, False, ""),
            ("Karte, Abbuchung bei Versand", False, True, ""),
        ]
        assert [bool(offer.why_not) for offer in large] == [False, True]

    def test_a_second_run_changes_nothing(self):
        before = _contents()

        with self.assertNumQueries(3):
            assert demo_seed(now=timezone.now()) is False

        assert _contents() == before

    def test_what_people_deleted_stays_deleted(self):
        draft = Invoice.objects.filter(state=InvoiceState.DRAFT).earliest("pk")
        invoice_draft_delete(invoice=draft)

        demo_seed(now=timezone.now())

        assert Invoice.objects.count() == 39

    def test_what_happened_does_not_happen_again_when_an_interrupted_seeding_goes_on(self):
        before = _contents()

        history_happen(world=world_of(organization=self.seller, now=timezone.now()))

        assert _contents() == before

    def test_the_provider_account_follows_the_sandbox_to_another_port(self):
        moved = GatewayKeys(app_id="demo-app", app_key="demo-key", service_url="http://127.0.0.1:9999/ucp")

        assert [gateway_moved(organization=self.seller, keys=moved) for _run in range(2)] == [True, False]

        assert ProviderAccount.objects.get().service_url == "http://127.0.0.1:9999/ucp"

    def _logged_in(self, email: str) -> Client:
        client = Client(HTTP_HOST="localhost")
        assert client.login(email=email, password=PASSWORD), email
        return client


@pytest.mark.django_db
def test_production_settings_are_refused_before_anything_is_touched():
    with override_settings(PRODUCTION=True), pytest.raises(CommandError, match=r"^Nothing was seeded. These are prod"):
        call_command("seed_demo")

    assert (Organization.objects.count(), User.objects.count()) == (0, 0)


@pytest.mark.django_db
def test_a_database_with_another_shop_at_our_address_is_refused():
    WebsiteFactory.create(domain="localhost", organization__name="Somebody Else")

    with pytest.raises(CommandError, match=r"^Nothing was seeded. localhost is the website of Somebody Else"):
        call_command("seed_demo")

    assert (Organization.objects.count(), User.objects.count()) == (1, 0)


def test_whatever_the_day_the_same_invoices_are_overdue():
    terms = {
        "Net 30": PaymentTerm(days=30),
        "2% 10, net 30": PaymentTerm(days=30),
        MONTH_END: PaymentTerm(kind="end_of_month", days=10),
        "": None,
    }
    in_full = {key for arrived in RECEIPTS if arrived.share is None for key in arrived.pays}
    owed = [story for story in STORIES if story.fate == Fate.POSTED and story.key not in in_full]
    seller = Organization(time_zone="America/Chicago")

    for days in range(366):
        now = datetime(2027, 1, 1, 18, tzinfo=UTC) + timedelta(days)
        world = World(seller, [], {}, {}, [], now)
        due = {
            story.key: due_date(terms[COMPANIES[story.company].term], moment(world, story.days_ago, 14).date())
            for story in owed
        }

        overdue = {key for key, day in due.items() if day < seller.today(now)}

        assert (now, overdue) == (now, {24, 25, 27, 29, 31})
        assert sorted(due.keys() - overdue) == [32, 33, 35, 36, 37, 38]


def test_whatever_the_day_money_comes_after_the_invoice_or_with_the_order():
    seller = Organization(time_zone="America/Chicago")
    stories = {story.key: story for story in STORIES}
    prepaid = set()

    for days in range(7):
        world = World(seller, [], {}, {}, [], datetime(2027, 1, 1, 18, tzinfo=UTC) + timedelta(days))
        for arrived in RECEIPTS:
            for story in (stories[key] for key in arrived.pays):
                came, billed = moment(world, arrived.days_ago, 11), moment(world, story.days_ago, 14)
                if came < billed:
                    assert story.ordered
                    assert moment(world, story.days_ago + 2, 9) < came
                    prepaid.add(story.key)

    assert prepaid == {9, 14, 22}


def _contents() -> dict[str, str]:
    """A checksum of every table."""
    checksum = sql.SQL("SELECT md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM {} t")
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(checksum.format(sql.Identifier(table)))
            found[table] = cursor.fetchone()[0]
    return found
