"""Reminders of cards that end soon: to those they belong to, once a step."""

from datetime import UTC, datetime

import pytest

from commerce.models import Level, Permission, Setting
from oropay.models import ExpiryReminder, InstrumentState
from oropay.services.expiry import REMIND_AT, expiry_remind, last_day, steps_of
from plumbing.models import Mail
from tests.checkout.shop import Shop


@pytest.fixture
def shop(db: None) -> Shop:
    return Shop()


def at(month: int, day: int, year: int = 2030) -> datetime:
    return datetime(year, month, day, 18, tzinfo=UTC)


def told() -> list[tuple[str, str]]:
    return [(mail.to, mail.subject) for mail in Mail.objects.order_by("pk")]


@pytest.mark.parametrize(("month", "year", "day"), [(2, 2028, 29), (12, 2030, 31), (4, 2031, 30)])
def test_a_card_pays_until_the_last_day_of_its_month(month: int, year: int, day: int) -> None:
    assert last_day(month=month, year=year).day == day


@pytest.mark.parametrize(
    ("text", "steps"),
    [("60, 30, 7", [7, 30, 60]), ("", []), ("7,7", [7]), ("0, -1, week, 400, 14", [14])],
)
def test_the_setting_is_read_leniently(text: str, steps: list[int]) -> None:
    assert steps_of(text) == steps


def test_the_owner_is_told_once_at_each_step(shop: Shop) -> None:
    shop.saved_card()

    for day in (at(10, 1), at(11, 1), at(11, 2), at(11, 30), at(12, 1), at(12, 2), at(12, 24), at(12, 25), at(12, 31)):
        expiry_remind(now=day)

    assert [row.days for row in ExpiryReminder.objects.order_by("pk")] == [60, 30, 7]
    assert told() == [(shop.buyer.email, "Your saved card expires soon")] * 3
    first = Mail.objects.order_by("pk")[0]
    assert "Visa ···· 5262: expires 12/2030, in 60 days" in first.text
    assert "/payment-methods/" in first.text


def test_a_card_that_ends_in_five_days_is_told_of_once(shop: Shop) -> None:
    shop.saved_card()

    expiry_remind(now=at(12, 26))
    expiry_remind(now=at(12, 27))

    assert [row.days for row in ExpiryReminder.objects.all()] == [7]
    assert len(told()) == 1


def test_a_renewed_card_is_told_of_again_before_its_new_end(shop: Shop) -> None:
    card = shop.saved_card()
    expiry_remind(now=at(12, 26))
    card.expiry_year = 2031
    card.save()

    expiry_remind(now=at(12, 27))
    expiry_remind(now=at(12, 26, 2031))

    assert [row.expiry_year for row in ExpiryReminder.objects.order_by("pk")] == [2030, 2031]


def test_the_company_s_cards_are_told_of_to_those_who_manage_them(shop: Shop) -> None:
    clerk = shop.person(shop.customer, {Permission.PAY_INVOICE: Level.DEPARTMENT})
    manager = shop.person(shop.customer)
    for number in range(2):
        shop.saved_card(owner=None, token=f"PMT_{number}", last4=f"000{number}")

    assert expiry_remind(now=at(12, 26)) == 2

    assert sorted(told()) == sorted((one.email, "Your saved cards expire soon") for one in (shop.buyer, manager))
    assert clerk.email not in {to for to, _subject in told()}


@pytest.mark.parametrize("state", [InstrumentState.ONCE, InstrumentState.DELETED, InstrumentState.DEAD])
def test_what_cannot_pay_anyway_is_not_told_of(shop: Shop, state: InstrumentState) -> None:
    shop.saved_card(state=state)

    assert expiry_remind(now=at(12, 26)) == 0
    assert told() == []


def test_a_card_that_is_over_is_not_told_of(shop: Shop) -> None:
    shop.saved_card()

    assert expiry_remind(now=at(1, 1, 2031)) == 0


def test_somebody_who_left_the_company_is_not_told(shop: Shop) -> None:
    shop.saved_card()
    shop.buyer.seats.update(is_active=False)

    expiry_remind(now=at(12, 26))

    assert told() == []


def test_a_seller_may_choose_other_days_or_none(shop: Shop) -> None:
    shop.saved_card()
    Setting.objects.create(key=REMIND_AT.key, organization=shop.organization, value="")

    assert expiry_remind(now=at(12, 26)) == 0
    Setting.objects.update(value="90")
    assert expiry_remind(now=at(12, 26)) == 1
    assert ExpiryReminder.objects.get().days == 90
