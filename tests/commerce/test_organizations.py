"""Sellers, their websites and the people."""

from datetime import UTC, date, datetime

import pytest
from django.contrib.auth import authenticate
from django.core.exceptions import ValidationError
from django.db import IntegrityError
from django.db.transaction import atomic

from commerce.countries import countries, country_validate, region_validate
from commerce.exceptions import AnotherOrganization, UnknownRoute
from commerce.models import CustomerRole, Level, Organization, Permission, User
from commerce.selectors import permissions_of
from commerce.services import organization_open, role_create, seat_give, user_create, website_open
from commerce.services.organizations import ROLES
from plumbing.audit import because, is_tracked
from tests.factories import CustomerFactory, OrganizationFactory, UserFactory, WebsiteFactory

pytestmark = pytest.mark.django_db


def test_a_new_organization_has_roles_terms_and_units():
    organization = organization_open(code="north", name="North Fasteners", country="US", city="Duluth")

    assert organization.city == "Duluth"
    assert set(organization.customer_roles.values_list("name", flat=True)) == set(ROLES)
    assert set(organization.payment_terms.values_list("name", flat=True)) >= {"Net 30", "2% 10, net 30"}
    assert set(organization.product_units.values_list("code", flat=True)) == {"each", "case", "foot"}


@pytest.mark.parametrize(
    ("role", "permission", "level"),
    [
        ("Administrator", Permission.MANAGE_USERS, Level.CORPORATE),
        ("Subsidiary manager", Permission.PAY_INVOICE, Level.DEPARTMENT),
        ("Buyer", Permission.VIEW_ORDER, Level.OWN),
        ("Buyer", Permission.PAY_INVOICE, Level.DEPARTMENT),
        ("Buyer", Permission.MANAGE_USERS, Level.NONE),
        ("Requester", Permission.VIEW_INVOICE, Level.OWN),
        ("Requester", Permission.PAY_INVOICE, Level.NONE),
        ("Viewer", Permission.VIEW_INVOICE, Level.DEPARTMENT),
        ("Viewer", Permission.PAY_INVOICE, Level.NONE),
    ],
)
def test_first_roles_reach_this_far(role, permission, level):
    organization = organization_open(code="north", name="North")
    seat = seat_give(
        user=UserFactory(),
        customer=CustomerFactory(organization=organization),
        role=organization.customer_roles.get(name=role),
    )

    assert permissions_of(seat=seat)[permission] == level


@pytest.mark.parametrize(
    "columns", [{"time_zone": "Mars/Olympus"}, {"currency": "ZZZ"}, {"country": "XX"}, {"code": "Not Lower"}]
)
def test_an_organization_that_cannot_be_leaves_nothing_behind(columns):
    with pytest.raises((ValidationError, IntegrityError)), atomic():
        organization_open(**{"code": "north", "name": "North", **columns})

    assert not Organization.objects.exists()
    assert not CustomerRole.objects.exists()


def test_a_role_for_a_customer_of_another_seller_is_refused():
    with pytest.raises(AnotherOrganization):
        role_create(organization=OrganizationFactory(), name="x", levels={}, customer=CustomerFactory())

    assert not CustomerRole.objects.filter(name="x").exists()


def test_the_seller_s_calendar_says_which_day_it_is():
    new_york = OrganizationFactory(time_zone="America/New_York")
    tokyo = OrganizationFactory(time_zone="Asia/Tokyo")
    late_evening = datetime(2026, 12, 1, 3, 0, tzinfo=UTC)

    assert (new_york.today(late_evening), new_york.period(late_evening)) == (date(2026, 11, 30), "2026-11")
    assert (tokyo.today(late_evening), tokyo.period(late_evening)) == (date(2026, 12, 1), "2026-12")


def test_a_website_takes_its_sellers_currency_and_a_lower_case_domain():
    website = website_open(
        organization=OrganizationFactory(currency="KWD"), code="shop", name="Shop", domain="Shop.Example.Test"
    )

    assert (website.currency, website.domain) == ("KWD", "shop.example.test")


def test_there_is_one_default_website():
    WebsiteFactory(is_default=True)

    with pytest.raises(IntegrityError), atomic():
        WebsiteFactory(is_default=True)


def test_a_link_to_a_page_outside_the_list_is_refused():
    with pytest.raises(UnknownRoute, match="admin:index"):
        WebsiteFactory().url("admin:index")


@pytest.mark.urls("tests.commerce.urls")
def test_a_link_carries_the_websites_own_domain(settings):
    settings.WEBSITE_SCHEME, settings.WEBSITE_PORT = "https", ":8443"

    link = WebsiteFactory(domain="north.example.test").url("account_login")

    assert link == "https://north.example.test:8443/somewhere/"


def test_an_address_is_one_log_in_however_it_is_typed():
    user = user_create(email="Robin@Example.Test", password="a long enough phrase")

    assert user.email == "robin@example.test"
    assert User.objects.get(email="ROBIN@example.TEST") == user
    assert User.objects.get_by_natural_key("Robin@example.test") == user
    assert authenticate(username="ROBIN@EXAMPLE.TEST", password="a long enough phrase") == user
    with pytest.raises(ValidationError, match="already exists"):
        user_create(email="robin@EXAMPLE.test")
    assert User.objects.count() == 1


def test_staff_belong_to_their_seller_and_buyers_to_none():
    organization = OrganizationFactory()

    clerk = user_create(email="clerk@example.test", staff_of=organization, first_name="Kim", last_name="Lee")
    buyer = user_create(email="buyer@example.test")

    assert (clerk.is_staff, clerk.organization, str(clerk)) == (True, organization, "Kim Lee")
    assert (buyer.is_staff, buyer.organization, str(buyer)) == (False, None, "buyer@example.test")
    assert not buyer.has_usable_password()


def test_countries_are_iso_codes_with_names():
    assert countries()["US"] == "United States"
    assert countries("de_DE")["JP"] == "Japan"
    assert "EU" not in countries()
    assert len(countries()) == 249
    with pytest.raises(ValidationError):
        country_validate("EU")


def test_regions_are_checked_where_codes_exist():
    region_validate(country="US", region="NY")
    region_validate(country="JP", region="anything")
    with pytest.raises(ValidationError, match="not a region"):
        region_validate(country="US", region="New York")
    with pytest.raises(ValidationError, match=r"two letters, such as NY"):
        region_validate(country="US", region="")


def test_changes_of_configuration_are_kept_with_who_and_why_but_without_secrets():
    clerk = UserFactory()
    organization = OrganizationFactory(name="Before")

    with because(by=clerk, why="renamed by the owner"):
        organization.name = "After"
        organization.save()
    clerk.set_password("another phrase")
    clerk.save()

    before, after = organization.history.order_by("pgh_id")
    assert (before.name, after.name) == ("Before", "After")
    assert after.pgh_context.metadata["why"] == "renamed by the owner"
    assert is_tracked(User)
    assert clerk.history.count() == 2
    assert not any(hasattr(event, "password") for event in clerk.history.all())
