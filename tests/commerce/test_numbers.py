"""Document numbers have no holes; order numbers make nobody wait."""

import threading

import pytest
from django.db import connection
from django.db.transaction import atomic, set_rollback

from commerce.exceptions import NumberOutsideTransaction
from commerce.models import NumberKind, NumberSequence
from commerce.services import number_next
from commerce.services.numbers import PREFIXES, order_number_next
from tests.factories import OrganizationFactory


@pytest.mark.django_db
def test_numbers_count_up_per_organization_kind_and_period():
    north, south = OrganizationFactory(), OrganizationFactory()

    taken = [
        number_next(organization=north, kind=NumberKind.INVOICE, period="2026-11"),
        number_next(organization=north, kind=NumberKind.INVOICE, period="2026-11"),
        number_next(organization=north, kind=NumberKind.INVOICE, period="2026-12"),
        number_next(organization=north, kind=NumberKind.RECEIPT, period="2026-11"),
        number_next(organization=south, kind="invoice", period="2026-11"),
        number_next(organization=south, kind=NumberKind.CREDIT_MEMO),
    ]

    assert taken == [
        "INV-2026-11-00001",
        "INV-2026-11-00002",
        "INV-2026-12-00001",
        "RCPT-2026-11-00001",
        "INV-2026-11-00001",
        "CM-00001",
    ]
    assert set(PREFIXES) == set(NumberKind)


@pytest.mark.django_db
def test_a_document_that_is_rolled_back_gives_its_number_back():
    organization = OrganizationFactory()
    number_next(organization=organization, kind=NumberKind.INVOICE)

    with atomic():
        number_next(organization=organization, kind=NumberKind.INVOICE)
        set_rollback(True)

    assert number_next(organization=organization, kind=NumberKind.INVOICE) == "INV-00002"


@pytest.mark.django_db(transaction=True)
def test_a_number_outside_a_transaction_is_refused():
    organization = OrganizationFactory()

    with pytest.raises(NumberOutsideTransaction, match="No number was taken"):
        number_next(organization=organization, kind=NumberKind.INVOICE)

    assert not NumberSequence.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_get_every_number_exactly_once():
    organization = OrganizationFactory()
    taken = []

    def take(count):
        for _ in range(count):
            with atomic():
                taken.append(number_next(organization=organization, kind=NumberKind.INVOICE, period="2026-11"))
        connection.close()

    threads = [threading.Thread(target=take, args=(25,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(taken) == [f"INV-2026-11-{n:05d}" for n in range(1, 101)]


@pytest.mark.django_db(transaction=True)
def test_an_order_number_waits_for_nobody():
    organization = OrganizationFactory(code="north")
    numbers = []

    def take():
        numbers.append(order_number_next(organization=organization))
        connection.close()

    with atomic():
        numbers.append(order_number_next(organization=organization))
        other = threading.Thread(target=take)
        other.start()
        other.join(timeout=10)
        assert not other.is_alive()

    first, second = (int(number.removeprefix("NORTH-")) for number in numbers)
    assert second == first + 1
    assert first >= 100001
