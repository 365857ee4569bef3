"""A compiled query finds what the ordinary one finds, each time anew."""

from collections.abc import Callable, Collection, Iterable
from threading import Thread
from typing import Any

import pytest
from django.db import connection
from django.db.models import Exists, F, OuterRef, QuerySet
from django.db.transaction import TransactionManagementError, atomic
from django.test.utils import CaptureQueriesContext

from commerce.models import Customer, CustomerUser, Organization
from plumbing.compiled import LONGEST, compiled
from tests.factories import CustomerFactory, CustomerUserFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


@compiled
def customers(*, ids: Collection[int]) -> QuerySet[Customer]:
    return Customer.objects.select_related("organization", "group").filter(pk__in=ids).order_by("-pk")


@compiled
def named(*, name: str) -> QuerySet[Organization]:
    return Organization.objects.filter(name=name)


@compiled
def held(*, pk: int) -> QuerySet[Customer]:
    return Customer.objects.select_for_update(of=("self",), no_key=True).select_related("organization").filter(pk=pk)


@compiled
def names(*, organization_id: int, like: str) -> QuerySet[Customer, tuple[str, bool, str]]:
    rows = Customer.objects.annotate(
        busy=Exists(CustomerUser.objects.filter(customer=OuterRef("pk"))), seller=F("organization__name")
    )
    return (
        rows.filter(organization_id=organization_id, name__contains=like)
        .order_by("pk")
        .values_list("name", "busy", "seller")
    )


def plain(ids: Iterable[int]) -> list[Customer]:
    return list(Customer.objects.select_related("organization", "group").filter(pk__in=ids).order_by("-pk"))


@pytest.mark.parametrize("many", [0, 1, 2, LONGEST, LONGEST + 1])
def test_it_finds_what_the_ordinary_query_finds(many: int) -> None:
    ids = [CustomerFactory.create().pk for _ in range(many)]
    CustomerFactory.create()
    for _ in range(2):
        assert customers(ids=ids) == plain(ids)
        assert [row.organization.name for row in customers(ids=ids)] == [row.organization.name for row in plain(ids)]


def test_what_was_joined_is_not_read_again() -> None:
    pk = CustomerFactory.create().pk
    customers(ids=[pk])
    with CaptureQueriesContext(connection) as seen:
        [row] = customers(ids=[pk])
        assert row.organization.name
        assert row.group is None or row.group.pk
    assert len(seen) == 1


def test_each_call_sees_its_own_values_and_today_s_rows() -> None:
    first, second = OrganizationFactory.create(name="100% O'Neill %s"), OrganizationFactory.create(name="Other")
    assert named(name=first.name) == [first]
    assert named(name="Other") == [second]
    assert named(name="Nobody") == []
    second.name = "Nobody"
    second.save()
    assert [row.name for row in named(name="Nobody")] == ["Nobody"]


def test_rows_of_one_call_are_not_those_of_another() -> None:
    pk = CustomerFactory.create().pk
    [one], [other] = customers(ids=[pk]), customers(ids=[pk])
    one.name = "changed here"
    assert other.name != one.name


def test_columns_and_what_is_worked_out_beside_them() -> None:
    customer = CustomerFactory.create(name="A 50% shop")
    idle, busy = ("A 50% shop", False, customer.organization.name), ("A 50% shop", True, customer.organization.name)
    assert names(organization_id=customer.organization_id, like="50%") == [idle]
    CustomerUserFactory.create(customer=customer)
    assert names(organization_id=customer.organization_id, like="50%") == [busy]
    assert names(organization_id=customer.organization_id, like="nowhere") == []


@pytest.mark.django_db(transaction=True)
def test_a_lock_wants_a_transaction_each_time() -> None:
    pk = CustomerFactory.create().pk
    with atomic():
        assert [row.pk for row in held(pk=pk)] == [pk]
    with pytest.raises(TransactionManagementError):
        held(pk=pk)


@pytest.mark.django_db(transaction=True)
def test_each_thread_asks_over_its_own_connection() -> None:
    pk = CustomerFactory.create().pk
    found: list[Any] = []
    with atomic():
        [row] = held(pk=pk)
        Customer.objects.filter(pk=pk).update(name="not committed")
        _in_a_thread(lambda: found.extend(one.name for one in customers(ids=[pk])))
        assert found == [row.name]
        assert customers(ids=[pk])[0].name == "not committed"


def _in_a_thread(work: Callable[[], None]) -> None:
    def run() -> None:
        try:
            work()
        finally:
            connection.close()

    thread = Thread(target=run)
    thread.start()
    thread.join()


def test_nothing_is_no_value() -> None:
    with pytest.raises(TypeError, match="name is None"):
        named(name=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="ids is None"):
        customers(ids=[1, None])  # type: ignore[list-item]


def test_rows_of_another_query_are_refused() -> None:
    @compiled
    def with_members(*, pk: int) -> QuerySet[Organization]:
        return Organization.objects.prefetch_related("customers").filter(pk=pk)

    with pytest.raises(TypeError, match="select_related"):
        with_members(pk=1)
