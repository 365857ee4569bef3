"""The page of a saved card or bank account: what staff see of it, and what they may do."""

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from commerce.models import User
from commerce.services import customer_create
from oropay.models import (
    Instrument,
    InstrumentKind,
    InstrumentRequest,
    InstrumentRequestKind,
    InstrumentRequestState,
    InstrumentState,
)
from tests.backoffice.conftest import Opened, address, dialog, page
from tests.factories import StaffFactory
from tests.invoices.house import House
from tests.storefront.pages import text


def saved(house: House, **columns: Any) -> Instrument:
    return Instrument.objects.create(
        **{
            "kind": InstrumentKind.CARD,
            "state": InstrumentState.ACTIVE,
            "customer": house.customer,
            "provider_account": house.integration.provider_account,
            "token": "PMT_kept",
            "brand": "VISA",
            "last4": "5262",
            "fingerprint": "f" * 40,
            "expiry_month": 12,
            "expiry_year": 2030,
        }
        | columns
    )


@pytest.fixture
def card(house: House) -> Instrument:
    return saved(house)


@pytest.fixture
def client(administrator: User, opened: Opened) -> Client:
    return opened(administrator)


def test_the_page_names_the_same_card_at_other_customers_of_this_seller_only(
    house: House, card: Instrument, client: Client
) -> None:
    for number in range(2):
        saved(house, customer=customer_create(organization=house.seller, name=f"Other {number}"))
    foreign = StaffFactory.create().organization
    saved(house, customer=customer_create(organization=foreign, name="Elsewhere"))

    shown = text(client.get(page(card)))

    assert "Used at 3 customers." in shown
    assert "Other 0" in shown
    assert "Elsewhere" not in shown


def test_a_card_seen_once_says_that_nobody_else_has_used_it(card: Instrument, client: Client) -> None:
    shown = text(client.get(page(card)))

    assert "Nobody else has used it, as far as its fingerprint is known." in shown
    assert "Used at" not in shown
    assert "ffff…ffff" in shown
    assert "PMT_kept" not in shown


def test_an_administrator_removes_it_with_a_reason_and_brings_it_back(card: Instrument, client: Client) -> None:
    dialog(client, card, "remove", note="Reported stolen")
    card.refresh_from_db()
    removed = card.state
    history = text(client.get(reverse("admin:oropay_instrument_history", args=[card.pk])))

    dialog(client, card, "restore", note="Found again")

    card.refresh_from_db()
    assert (removed, card.state) == (InstrumentState.DELETED, InstrumentState.ACTIVE)
    assert "Reported stolen" in history
    assert InstrumentRequest.objects.get().state == InstrumentRequestState.CANCELED


def test_a_removal_without_a_reason_changes_nothing(card: Instrument, client: Client) -> None:
    dialog(client, card, "remove", note=" ")

    card.refresh_from_db()
    assert card.state == InstrumentState.ACTIVE


def test_a_finance_clerk_sees_it_and_removes_nothing(card: Instrument, clerk: User, opened: Opened) -> None:
    client = opened(clerk)

    shown = client.get(page(card)).content.decode()
    response = dialog(client, card, "remove", note="I may not")

    card.refresh_from_db()
    assert address(card, "remove") not in shown
    assert response.status_code == 403
    assert card.state == InstrumentState.ACTIVE


def test_another_seller_finds_no_such_card(card: Instrument, stranger: User, opened: Opened) -> None:
    client = opened(stranger)

    assert client.get(page(card)).status_code == 404
    assert dialog(client, card, "remove", note="mine now").status_code == 404
    card.refresh_from_db()
    assert card.state == InstrumentState.ACTIVE


def test_what_the_gateway_refused_is_asked_again(card: Instrument, client: Client) -> None:
    now = timezone.now()
    Instrument.objects.update(state=InstrumentState.DELETED)
    InstrumentRequest.objects.create(
        instrument=card,
        kind=InstrumentRequestKind.DELETE,
        token=card.token,
        state=InstrumentRequestState.FAILED,
        error="no answer",
        next_at=now,
        created_at=now,
        ended_at=now,
    )

    listing = client.get(reverse("admin:oropay_instrument_changelist"), {"requests": "failed"})
    shown = text(client.get(page(card)))
    dialog(client, card, "ask_again")

    assert [row.pk for row in listing.context["cl"].result_list] == [card.pk]
    assert "no answer" in shown
    assert [row.state for row in InstrumentRequest.objects.order_by("pk")] == [
        InstrumentRequestState.FAILED,
        InstrumentRequestState.QUEUED,
    ]


def test_the_list_filters_what_ends_soon(house: House, client: Client) -> None:
    today = timezone.localdate()
    after = today.year * 12 + today.month - 1 + 3
    soon = saved(house, expiry_month=today.month, expiry_year=today.year)
    quarter = saved(house, fingerprint="a", expiry_month=after % 12 + 1, expiry_year=after // 12)
    over = saved(house, fingerprint="b", expiry_month=1, expiry_year=today.year - 1)
    saved(house, fingerprint="c", expiry_year=today.year + 3)

    def found(which: str) -> set[int]:
        listing = client.get(reverse("admin:oropay_instrument_changelist"), {"expiring": which})
        return {row.pk for row in listing.context["cl"].result_list}

    assert found("month") == {soon.pk}
    assert found("quarter") == {soon.pk, quarter.pk}
    assert found("over") == {over.pk}


def test_the_page_takes_a_fixed_number_of_queries(
    house: House, card: Instrument, client: Client, django_assert_max_num_queries: Any
) -> None:
    for number in range(5):
        saved(house, customer=customer_create(organization=house.seller, name=f"Other {number}"))

    with django_assert_max_num_queries(24):
        client.get(page(card))
