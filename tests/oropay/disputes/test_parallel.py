"""Two connections meet over one dispute: several workers bring the same news, two people press the button."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest
from django.db import connection
from django.db.transaction import atomic
from django.utils import timezone

from config.processes import wait_until
from ledger.services import ledger_check
from oropay import locks
from oropay.engine import disputes
from oropay.exceptions import DisputeNotAnswerable, UnlinkRefused
from oropay.models import Dispute, DisputeRequest, StepSource
from oropay.services.dispute import dispute_accept
from tests.backoffice.conftest import may
from tests.invoices.house import House, house_build, payable_of
from tests.invoices.test_parallel import somebody_waits, together
from tests.oropay.disputes.conftest import moves, stands
from tests.oropay.disputes.told import recorded, told, yen_beside


@pytest.fixture
def house(transactional_db: None) -> House:
    return house_build()


def test_six_workers_with_the_same_news_book_it_once(house: House) -> None:
    invoice = house.posted("100.00")
    charge = house.paid(payable_of(invoice), amounts=["100.00"]).transactions.get()
    now = timezone.now()
    lost = told(charge, now=now, status="CLOSED", result="LOST")

    results = together(
        *[
            lambda: disputes.dispute_record(
                provider_account=house.integration.provider,
                told=lost,
                source=StepSource.TOLD,
                asked_at=now,
                now=now,
            )
        ]
        * 6
    )

    assert [type(result) for result in results] == [Dispute] * 6
    assert moves(charge.payment) == [("chargeback", "50.00"), ("chargeback_lost", "50.00")]
    assert stands(invoice) == ("50.00", "0.00", "50.00")
    assert ledger_check() == []


def test_two_people_accept_and_one_of_them_is_told(house: House) -> None:
    invoice = house.posted("100.00")
    charge = house.paid(payable_of(invoice), amounts=["100.00"]).transactions.get()
    dispute = recorded(house.integration.provider, charge)

    results = together(
        *[lambda: dispute_accept(dispute=dispute, not_pursued=False, note="no", by=house.clerk, now=timezone.now())] * 2
    )

    assert {type(result) for result in results} == {DisputeRequest, DisputeNotAnswerable}
    assert DisputeRequest.objects.count() == 1


def test_two_people_undo_a_link_and_one_of_them_is_told(house: House) -> None:
    invoice = house.posted("100.00")
    charge = house.paid(payable_of(invoice), amounts=["100.00"]).transactions.get()
    dispute = recorded(house.integration.provider, charge, status="CLOSED", result="LOST")
    trusted = may(house.clerk, "oropay.write_off_dispute")

    results = together(
        *[
            lambda: disputes.dispute_unlink(
                dispute=dispute, charge=charge, note="another customer's", by=trusted, now=timezone.now()
            )
        ]
        * 2
    )

    assert {type(result) for result in results} == {Dispute, UnlinkRefused}
    assert moves(charge.payment)[2:] == [("chargeback_reversal", "50.00")]
    assert stands(invoice) == ("100.00", "0.00", "0.00")
    assert ledger_check() == []


def test_a_dispute_does_not_find_its_payment_by_itself_while_somebody_links_its_twin(house: House) -> None:
    charge = house.paid(payable_of(house.posted("100.00")), amounts=["100.00"]).transactions.get()
    account = house.integration.provider
    yen = yen_beside(house.integration.provider)
    twin = recorded(yen, None)
    held = Event()

    def link_whilesomebody_waits() -> bool:
        try:
            with atomic(durable=True):
                Dispute.objects.filter(pk=locks.dispute_and_twins(pk=twin.pk).pk).update(transaction=charge)
                held.set()
                return wait_until(somebody_waits, seconds=20)
        finally:
            connection.close()

    with ThreadPoolExecutor(1) as pool:
        other = pool.submit(link_whilesomebody_waits)
        held.wait(20)
        ours = recorded(account, charge)

    assert other.result()
    assert ours.transaction is None
    assert moves(charge.payment) == []
    Dispute.objects.filter(pk=twin.pk).update(transaction=None)
