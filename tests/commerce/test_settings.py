"""Scoped settings: the nearest level wins, and only values of the right type get in."""

from decimal import Decimal

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from commerce import settings_registry
from commerce.exceptions import SettingDefinedTwice, SettingOfWrongType, UnknownSetting
from commerce.models import Setting
from commerce.services import setting_set, setting_use_default
from commerce.settings_registry import define, definition_of, definitions, setting_get
from tests.factories import WebsiteFactory

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_registry(monkeypatch):
    """Definitions of a test end with it."""
    monkeypatch.setattr(settings_registry, "_definitions", {})


@pytest.fixture
def limit():
    return define("test.limit", Decimal("100.00"), "Limit", "Above it, somebody looks.", Decimal)


def test_the_nearest_level_wins_and_its_end_uncovers_the_next(limit, django_assert_num_queries):
    website = WebsiteFactory()
    seen = [setting_get("test.limit", website)]
    for value, level in (
        ("1.00", {}),
        ("2.00", {"organization": website.organization}),
        ("3.00", {"website": website}),
    ):
        setting_set(key="test.limit", value=Decimal(value), **level)
        seen.append(setting_get(limit, website))
    for level in ({"website": website}, {"organization": website.organization}, {}):
        setting_use_default(key="test.limit", **level)
        seen.append(setting_get(limit, website))

    assert seen == [Decimal(value) for value in ("100.00", "1.00", "2.00", "3.00", "2.00", "1.00", "100.00")]
    with django_assert_num_queries(1):
        setting_get(limit, website)


def test_levels_of_others_are_not_heard(limit):
    website = WebsiteFactory()
    sibling = WebsiteFactory(organization=website.organization)
    setting_set(key="test.limit", value=Decimal("3.00"), website=website)
    setting_set(key="test.limit", value=Decimal("2.00"), organization=website.organization)

    assert setting_get(limit, sibling) == Decimal("2.00")
    assert setting_get(limit, WebsiteFactory()) == Decimal("100.00")
    assert setting_get(limit) == Decimal("100.00")
    assert setting_get(limit, organization_id=website.organization_id) == Decimal("2.00")


def test_setting_a_value_twice_keeps_one_row(limit):
    setting_set(key="test.limit", value=Decimal("1.00"))
    setting_set(key="test.limit", value=Decimal("0.10"))

    assert Setting.objects.get().value == "0.10"
    assert setting_get(limit) == Decimal("0.10")


@pytest.mark.parametrize(
    ("type_", "default", "value"),
    [
        (bool, False, True),
        (int, 7, 8),
        (str, "a", "b"),
        (Decimal, Decimal("1.10"), Decimal("2.20")),
        (list, ["a"], ["b", "c"]),
    ],
)
def test_values_come_back_as_they_went_in(type_, default, value):
    definition = define("test.value", default, "Value", "", type_)
    before = setting_get(definition)

    setting_set(key="test.value", value=value)

    assert (before, setting_get(definition)) == (default, value)
    assert type(setting_get(definition)) is type_


@pytest.mark.parametrize("value", [1.5, "12", 12, True, None])
def test_a_value_of_another_type_is_refused(limit, value):
    with pytest.raises(SettingOfWrongType, match="Nothing was changed"):
        setting_set(key="test.limit", value=value)

    assert not Setting.objects.exists()


def test_true_is_not_a_number(limit):
    define("test.count", 1, "Count", "", int)

    with pytest.raises(SettingOfWrongType):
        setting_set(key="test.count", value=True)


def test_a_row_spoilt_by_hand_is_named_not_guessed(limit):
    Setting.objects.create(key="test.limit", value="a lot")

    with pytest.raises(SettingOfWrongType, match="a lot"):
        setting_get(limit)


def test_unknown_and_twice_defined_keys_are_errors(limit):
    with pytest.raises(UnknownSetting, match=r"test\.other"):
        setting_get("test.other")
    with pytest.raises(UnknownSetting):
        setting_set(key="test.other", value=1)
    with pytest.raises(SettingDefinedTwice):
        define("test.limit", 1, "Limit", "", int)

    assert definitions() == [limit]
    assert definition_of("test.limit") is limit


def test_a_row_has_one_level(limit):
    website = WebsiteFactory()

    with pytest.raises(IntegrityError), atomic():
        Setting.objects.create(key="test.limit", value="1", website=website, organization=website.organization)
