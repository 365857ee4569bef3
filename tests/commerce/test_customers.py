"""The company tree keeps its shape whoever writes it."""

import pytest
from django.db import IntegrityError, InternalError
from django.db.transaction import atomic

from commerce.exceptions import AnotherOrganization, CustomerCycle, RoleNotForCustomer
from commerce.models import Customer, CustomerUser
from commerce.services import customer_create, customer_move, seat_give, seat_switch
from tests.factories import CustomerFactory, CustomerRoleFactory, CustomerUserFactory, OrganizationFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def branch():
    """root → left → leaf, and right beside left."""
    root = CustomerFactory(name="root")
    left = CustomerFactory(name="left", parent=root)
    leaf = CustomerFactory(name="leaf", parent=left)
    right = CustomerFactory(name="right", parent=root)
    return root, left, leaf, right


def paths():
    names = {customer.pk: customer.name for customer in Customer.objects.all()}
    return {
        customer.name: "/".join(names[int(part)] for part in customer.path.strip("/").split("/"))
        for customer in Customer.objects.all()
    }


def test_a_new_company_knows_its_path_at_once():
    organization = OrganizationFactory()
    top = customer_create(organization=organization, name="top", number="C-1")

    below = customer_create(organization=organization, name="below", parent=top)

    assert top.path == f"/{top.pk}/"
    assert below.path == f"/{top.pk}/{below.pk}/"
    assert below.path_ids == [top.pk, below.pk]


def test_moving_a_company_takes_its_whole_branch_along(branch):
    _root, left, _leaf, right = branch

    moved = customer_move(customer=left, parent=right)

    assert moved.path_ids == [*right.path_ids, left.pk]
    assert paths() == {"root": "root", "right": "root/right", "left": "root/right/left", "leaf": "root/right/left/leaf"}


def test_moving_a_company_to_the_top_makes_it_a_root(branch):
    _root, left, _leaf, _right = branch

    customer_move(customer=left, parent=None)

    assert paths() == {"root": "root", "right": "root/right", "left": "left", "leaf": "left/leaf"}


def test_a_company_cannot_move_below_itself_or_its_own_branch(branch):
    _root, left, leaf, _right = branch
    before = paths()

    for parent in (left, leaf):
        with pytest.raises(CustomerCycle, match="Nothing was moved"):
            customer_move(customer=left, parent=parent)

    assert paths() == before


def test_a_stale_copy_cannot_hide_a_cycle(branch):
    root, left, leaf, right = branch
    stale_right = Customer.objects.get(pk=right.pk)
    customer_move(customer=right, parent=leaf)

    with pytest.raises(CustomerCycle):
        customer_move(customer=left, parent=stale_right)

    assert paths()["right"] == "root/left/leaf/right"
    assert root.path_ids == [root.pk]


def test_the_database_itself_refuses_a_cycle_and_a_foreign_parent(branch):
    _root, left, leaf, _right = branch
    stranger = CustomerFactory()
    before = paths()

    for parent in (leaf, stranger, left):
        with pytest.raises(IntegrityError), atomic():
            Customer.objects.filter(pk=left.pk).update(parent=parent)
    with pytest.raises(InternalError, match="Cannot update"), atomic():
        Customer.objects.filter(pk=left.pk).update(organization=stranger.organization)

    assert paths() == before


def test_the_database_corrects_a_path_written_by_hand(branch):
    _root, left, _leaf, _right = branch
    before = paths()

    Customer.objects.filter(pk=left.pk).update(path="/1/2/3/")

    assert paths() == before


def test_a_company_moves_only_inside_its_seller(branch):
    _root, left, _leaf, _right = branch
    stranger = CustomerFactory()

    with pytest.raises(AnotherOrganization, match="different sellers"):
        customer_move(customer=left, parent=stranger)
    with pytest.raises(AnotherOrganization):
        customer_create(organization=stranger.organization, name="x", parent=left)

    assert not Customer.objects.filter(name="x").exists()


def test_giving_a_seat_again_changes_its_role_and_switches_it_on():
    seat = CustomerUserFactory()
    seat_switch(seat=seat, is_active=False)
    other_role = CustomerRoleFactory(organization=seat.customer.organization)

    seat_give(user=seat.user, customer=seat.customer, role=other_role)

    (only,) = CustomerUser.objects.filter(user=seat.user)
    assert (only.role, only.is_active) == (other_role, True)


def test_a_role_of_another_company_or_seller_gives_no_seat():
    customer = CustomerFactory()
    sibling = CustomerFactory(organization=customer.organization)
    of_sibling = CustomerRoleFactory(organization=customer.organization, customer=sibling)
    of_stranger = CustomerRoleFactory()
    user = UserFactory()

    for role in (of_sibling, of_stranger):
        with pytest.raises(RoleNotForCustomer, match="Nothing was changed"):
            seat_give(user=user, customer=customer, role=role)

    assert not user.seats.exists()
