"""Rows written by `plumbing.rows` are what `save` and `bulk_create` would have made of them, at every use."""

from collections.abc import Iterator
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection
from django.db.models import Model
from django.db.models.signals import pre_save
from django.db.transaction import atomic
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from commerce.models import Order, Organization
from oropay.models import Integration, Notification, ProviderAccount
from plumbing import rows
from plumbing.rows import MOST, row_write, rows_add
from tests.factories import NOON, OrderFactory, OrganizationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Order:
    order: Order = OrderFactory.create(billing_address={"name": "100% O'Neill %s", "lines": [1, None]}, notes="a\nb")
    return order


def columns(row: Model) -> dict[str, object]:
    """All of it but its id."""
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields if not field.primary_key}


def like(order: Order) -> Order:
    """A new one that differs by its number."""
    return Order(**columns(order) | {"number": f"O-{uuid4().hex[:12]}"})


def test_a_new_row_is_what_was_to_be_written_and_knows_its_id(order: Order) -> None:
    for _ in range(3):
        new = like(order)
        rows_add([new])
        assert new.pk
        assert not new._state.adding
        assert columns(Order.objects.get(pk=new.pk)) == columns(new)


@pytest.mark.parametrize("many", [0, 2, MOST + 1])
def test_many_rows_know_each_its_own_id(order: Order, many: int) -> None:
    for _ in range(3):
        new = [like(order) for _ in range(many)]
        with CaptureQueriesContext(connection) as seen:
            rows_add(new)
        assert len(seen) == -(-many // MOST)
        assert [Order.objects.get(pk=row.pk).number for row in new] == [row.number for row in new]


def test_arrays_bytes_and_moments_that_the_field_fills_in() -> None:
    seller = OrganizationFactory.create()
    for number in range(3):
        account = ProviderAccount(
            organization=seller, name=f"{number}", settlement_currency="USD", credentials=b"\x00\xff%s", key_id="k"
        )
        rows_add([account])
        way = Integration(
            organization=seller,
            name=f"{number}",
            provider_account=account,
            currencies=["USD", "O'%"],
            webhook_key=f"{number}",
        )
        rows_add([way])
        assert bytes(ProviderAccount.objects.get(pk=account.pk).credentials) == b"\x00\xff%s"
        assert Integration.objects.get(pk=way.pk).currencies == ["USD", "O'%"]
        assert timezone.now() >= Integration.objects.get(pk=way.pk).created_at > NOON


def test_a_row_that_is_there_already_stays_as_it_is(order: Order) -> None:
    for notes in ("first", "second", "third"):
        rows_add([Order(**columns(order) | {"notes": notes})], unless_there=True)
    assert list(Order.objects.values_list("number", "notes")) == [(order.number, order.notes)]


def test_a_row_that_may_not_be_there_twice_is_refused_as_by_django(order: Order) -> None:
    for _ in range(3):
        with pytest.raises(IntegrityError), atomic():
            rows_add([Order(**columns(order))])
    assert Order.objects.count() == 1


def test_a_row_is_written_whole_or_in_some_fields(order: Order) -> None:
    for notes in ("first", "second", "third"):
        order.notes, order.total, order.subtotal = notes, Decimal("7.00"), Decimal("7.00")
        row_write(order, "notes")
        seen = Order.objects.get(pk=order.pk)
        assert (seen.notes, seen.total) == (notes, Decimal("100.00"))
    for total in ("8.00", "9.00", "10.00"):
        order.total = order.subtotal = Decimal(total)
        row_write(order)
        assert columns(Order.objects.get(pk=order.pk)) == columns(order)


def test_a_row_that_is_not_there_cannot_be_written(order: Order) -> None:
    pk = order.pk
    order.delete()
    order.pk = pk
    for _ in range(2):
        with pytest.raises(DatabaseError, match="is not there"):
            row_write(order, "notes")


def test_a_field_that_does_not_exist_cannot_be_written(order: Order) -> None:
    with pytest.raises(TypeError, match="color"):
        row_write(order, "notes", "color")


def test_what_the_database_fills_in_is_left_to_django() -> None:
    with pytest.raises(TypeError, match="fills in"):
        rows_add([Notification()])


@pytest.fixture
def heard() -> Iterator[list[Model]]:
    """Somebody wants to hear of each organization that is saved."""
    told: list[Model] = []

    def hear(instance: Model, **_more: object) -> None:
        told.append(instance)

    pre_save.connect(hear, sender=Organization)
    rows._insert.cache_clear()
    yield told
    pre_save.disconnect(hear, sender=Organization)
    rows._insert.cache_clear()


def test_a_model_with_a_signal_is_left_to_django(heard: list[Model]) -> None:
    with pytest.raises(TypeError, match="signal"):
        rows_add([Organization(name="Deaf")])
    assert heard == []
