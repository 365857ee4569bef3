"""Who sees what: four levels, never upward, never sideways, nothing from a seat that is off.

root ─┬─ left ── leaf
      └─ right
"""

import pytest
from django.contrib.auth.models import AnonymousUser
from django.db.models import Q

from commerce.models import Customer, Level, Order, OrderLine, Permission
from commerce.selectors import (
    customers_visible_to,
    has_permission,
    orders_visible_to,
    payment_term_of,
    permission_level,
    permissions_of,
    rows_visible_to,
    seat_of,
)
from commerce.services import customer_move, seat_switch
from tests.factories import (
    CustomerFactory,
    CustomerGroupFactory,
    CustomerUserFactory,
    OrderFactory,
    OrderLineFactory,
    PaymentTermFactory,
    StaffFactory,
    UserFactory,
    WebsiteFactory,
)

pytestmark = pytest.mark.django_db

COMPANIES = ("root", "left", "leaf", "right", "stranger")


@pytest.fixture
def tree():
    root = CustomerFactory(name="root")
    left = CustomerFactory(name="left", parent=root)
    leaf = CustomerFactory(name="leaf", parent=left)
    right = CustomerFactory(name="right", parent=root)
    return {"root": root, "left": left, "leaf": leaf, "right": right, "stranger": CustomerFactory(name="stranger")}


@pytest.fixture
def person():
    return UserFactory()


@pytest.fixture
def orders(tree, person):
    """In each company one order of the person ("left/mine") and one of a colleague ("left/theirs")."""
    colleague = UserFactory()
    for name, customer in tree.items():
        website = WebsiteFactory(organization=customer.organization)
        OrderFactory(customer=customer, website=website, placed_by=person, number=f"{name}/mine")
        OrderFactory(customer=customer, website=website, placed_by=colleague, number=f"{name}/theirs")


def seat(person, customer, level, permission=Permission.VIEW_ORDER):
    return CustomerUserFactory(user=person, customer=customer, role__levels={permission: level})


def seen(person, permission=Permission.VIEW_ORDER):
    return set(orders_visible_to(user=person, permission=permission).values_list("number", flat=True))


def whole(*names):
    return {f"{name}/{whose}" for name in names for whose in ("mine", "theirs")}


@pytest.mark.parametrize(
    ("level", "at", "expected"),
    [
        (Level.NONE, "root", set()),
        (Level.NONE, "leaf", set()),
        (Level.OWN, "root", {"root/mine"}),
        (Level.OWN, "left", {"left/mine"}),
        (Level.OWN, "leaf", {"leaf/mine"}),
        (Level.DEPARTMENT, "root", whole("root")),
        (Level.DEPARTMENT, "left", whole("left")),
        (Level.DEPARTMENT, "leaf", whole("leaf")),
        (Level.DEPARTMENT, "right", whole("right")),
        (Level.CORPORATE, "root", whole("root", "left", "leaf", "right")),
        (Level.CORPORATE, "left", whole("left", "leaf")),
        (Level.CORPORATE, "leaf", whole("leaf")),
        (Level.CORPORATE, "right", whole("right")),
        (Level.CORPORATE, "stranger", whole("stranger")),
    ],
)
def test_a_level_reaches_exactly_this_far(tree, orders, person, level, at, expected):
    seat(person, tree[at], level)

    assert seen(person) == expected


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((Level.OWN, "left"), (Level.DEPARTMENT, "right"), {"left/mine"} | whole("right")),
        ((Level.CORPORATE, "left"), (Level.OWN, "root"), {"root/mine"} | whole("left", "leaf")),
        ((Level.DEPARTMENT, "leaf"), (Level.CORPORATE, "stranger"), whole("leaf", "stranger")),
        ((Level.OWN, "left"), (Level.NONE, "right"), {"left/mine"}),
        ((Level.OWN, "leaf"), (Level.CORPORATE, "root"), whole("root", "left", "leaf", "right")),
    ],
)
def test_several_seats_add_up_and_do_not_leak_into_each_other(tree, orders, person, first, second, expected):
    for level, at in (first, second):
        seat(person, tree[at], level)

    assert seen(person) == expected


def test_a_subsidiary_sees_neither_its_sibling_nor_its_parent(tree, orders, person):
    seat(person, tree["left"], Level.CORPORATE)

    assert not seen(person) & (whole("right") | whole("root"))
    assert not has_permission(person, Permission.VIEW_ORDER, tree["right"])
    assert not has_permission(person, Permission.VIEW_ORDER, tree["root"])


def test_a_company_whose_number_begins_alike_is_no_descendant():
    organization = CustomerFactory().organization
    Customer.objects.filter(organization=organization).delete()
    one = Customer.objects.create(pk=500, organization=organization, name="one")
    Customer.objects.create(pk=5001, organization=organization, name="other")
    person = UserFactory()
    seat(person, one, Level.CORPORATE)

    assert [customer.name for customer in customers_visible_to(user=person, permission=Permission.VIEW_ORDER)] == [
        "one"
    ]


def test_another_permission_opens_nothing(tree, orders, person):
    seat(person, tree["root"], Level.CORPORATE, Permission.VIEW_INVOICE)

    assert seen(person) == set()
    assert seen(person, Permission.VIEW_INVOICE) == whole("root", "left", "leaf", "right")


@pytest.mark.parametrize("switched_off", ["seat", "user", "company"])
def test_what_is_switched_off_sees_nothing(tree, orders, person, switched_off):
    its_seat = seat(person, tree["root"], Level.CORPORATE)
    assert seen(person)

    if switched_off == "seat":
        seat_switch(seat=its_seat, is_active=False)
    elif switched_off == "user":
        person.is_active = False
        person.save()
    else:
        Customer.objects.filter(pk=tree["root"].pk).update(is_active=False)

    assert seen(person) == set()
    assert not customers_visible_to(user=person, permission=Permission.VIEW_ORDER).exists()
    assert not has_permission(person, Permission.VIEW_ORDER, tree["root"])
    assert seat_of(person, WebsiteFactory(organization=tree["root"].organization)) is None


def test_a_seat_that_is_off_does_not_darken_one_that_is_on(tree, orders, person):
    seat_switch(seat=seat(person, tree["root"], Level.CORPORATE), is_active=False)
    seat(person, tree["right"], Level.OWN)

    assert seen(person) == {"right/mine"}


def test_moving_a_branch_changes_what_people_see_at_once(tree, orders, person):
    seat(person, tree["right"], Level.CORPORATE)

    customer_move(customer=tree["left"], parent=tree["right"])

    assert seen(person) == whole("right", "left", "leaf")


def test_strangers_and_visitors_see_nothing(tree, orders):
    assert seen(UserFactory()) == set()
    assert seen(AnonymousUser()) == set()
    assert not customers_visible_to(user=AnonymousUser(), permission=Permission.VIEW_ORDER).exists()
    assert not has_permission(AnonymousUser(), Permission.VIEW_ORDER, tree["root"])


def test_staff_see_their_own_organization_and_no_other(tree, orders):
    clerk = StaffFactory(organization=tree["root"].organization)

    assert seen(clerk) == whole("root", "left", "leaf", "right")
    assert permission_level(clerk, Permission.VIEW_ORDER, tree["leaf"]) == Level.CORPORATE
    assert permission_level(clerk, Permission.VIEW_ORDER, tree["stranger"]) == Level.NONE


def test_staff_without_an_organization_see_nothing(tree, orders):
    clerk = StaffFactory(organization=None)

    assert seen(clerk) == set()
    assert not customers_visible_to(user=clerk, permission=Permission.VIEW_ORDER).exists()


def test_a_superuser_sees_everything_also_when_conditions_are_joined(tree, orders):
    chief = UserFactory(is_superuser=True, is_staff=True)
    everything = rows_visible_to(user=chief, permission=Permission.VIEW_ORDER)

    assert seen(chief) == whole(*COMPANIES)
    assert Order.objects.filter(everything | Q(number="none")).count() == 10


def test_rows_of_other_tables_are_reached_through_their_own_fields(tree, orders, person):
    OrderLineFactory(order=Order.objects.get(number="left/mine"), sku="A")
    OrderLineFactory(order=Order.objects.get(number="left/theirs"), sku="B")
    OrderLineFactory(order=Order.objects.get(number="right/mine"), sku="C")
    seat(person, tree["left"], Level.OWN)
    visible = rows_visible_to(
        user=person,
        permission=Permission.VIEW_ORDER,
        customer_field="order__customer",
        owner_field="order__placed_by",
    )

    lines = OrderLine.objects.filter(visible)

    assert [line.sku for line in lines] == ["A"]


def test_companies_of_a_person_at_own_level_are_not_offered_as_whole(tree, person):
    seat(person, tree["left"], Level.OWN)
    seat(person, tree["right"], Level.DEPARTMENT)

    companies = customers_visible_to(user=person, permission=Permission.VIEW_ORDER)

    assert [company.name for company in companies] == ["right"]
    assert has_permission(person, Permission.VIEW_ORDER, tree["left"])


@pytest.mark.parametrize(
    ("level", "at", "asked", "expected"),
    [
        (Level.OWN, "left", "left", Level.OWN),
        (Level.OWN, "left", "leaf", Level.NONE),
        (Level.DEPARTMENT, "left", "leaf", Level.NONE),
        (Level.CORPORATE, "left", "leaf", Level.CORPORATE),
        (Level.CORPORATE, "left", "root", Level.NONE),
        (Level.CORPORATE, "left", "right", Level.NONE),
        (Level.NONE, "left", "left", Level.NONE),
    ],
)
def test_a_permission_counts_at_this_level_in_this_company(tree, person, level, at, asked, expected):
    seat(person, tree[at], level, Permission.PAY_INVOICE)

    assert permission_level(person, Permission.PAY_INVOICE, tree[asked]) == expected


def test_a_permission_follows_a_move_that_a_copy_in_memory_has_not_seen(tree, person):
    seat(person, tree["right"], Level.CORPORATE, Permission.PAY_INVOICE)
    copy = Customer.objects.get(pk=tree["leaf"].pk)

    customer_move(customer=tree["left"], parent=tree["right"])

    assert permission_level(person, Permission.PAY_INVOICE, copy) == Level.CORPORATE
    customer_move(customer=tree["left"], parent=None)
    assert permission_level(person, Permission.PAY_INVOICE, copy) == Level.NONE


def test_a_list_takes_one_query_however_many_seats(tree, orders, person, django_assert_num_queries):
    for name in ("root", "left", "right"):
        seat(person, tree[name], Level.CORPORATE)

    with django_assert_num_queries(1):
        assert len(orders_visible_to(user=person)) == 8
    with django_assert_num_queries(1):
        assert len(customers_visible_to(user=person, permission=Permission.VIEW_ORDER)) == 4
    with django_assert_num_queries(1):
        assert has_permission(person, Permission.VIEW_ORDER, tree["leaf"])


def test_the_oldest_seat_on_a_website_is_taken_unless_another_is_chosen(tree, person):
    website = WebsiteFactory(organization=tree["root"].organization)
    seat(person, tree["stranger"], Level.OWN)
    oldest = seat(person, tree["left"], Level.OWN)
    chosen = seat(person, tree["right"], Level.OWN)

    assert seat_of(person, website) == oldest
    assert seat_of(person, website, customer_id=tree["right"].pk) == chosen
    assert seat_of(person, website, customer_id=tree["stranger"].pk) is None
    assert seat_of(AnonymousUser(), website) is None


def test_permissions_of_a_seat_name_every_permission(tree, person):
    levels = permissions_of(seat=seat(person, tree["left"], Level.DEPARTMENT))

    assert levels[Permission.VIEW_ORDER] == Level.DEPARTMENT
    assert levels[Permission.PAY_INVOICE] == Level.NONE
    assert set(levels) == set(Permission)


def test_a_company_buys_on_its_own_term_else_on_its_groups():
    group = CustomerGroupFactory()
    term_of_group = PaymentTermFactory(organization=group.organization)
    group.payment_term = term_of_group
    own_term = PaymentTermFactory(organization=group.organization)

    assert payment_term_of(customer=CustomerFactory()) is None
    assert payment_term_of(customer=CustomerFactory(organization=group.organization, group=group)) == term_of_group
    assert (
        payment_term_of(customer=CustomerFactory(organization=group.organization, group=group, payment_term=own_term))
        == own_term
    )
