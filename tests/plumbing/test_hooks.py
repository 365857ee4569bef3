"""The typed registry behind every port."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from plumbing.exceptions import AlreadyRegistered, NotRegistered
from plumbing.hooks import Registry


@pytest.fixture
def bells() -> Registry[str]:
    registry: Registry[str] = Registry("bells")
    registry.register("front", "ding")
    registry.register("back", "dong")
    return registry


def test_handlers_come_in_the_order_of_their_registration(bells: Registry[str]) -> None:
    bells.register("attic", "bim")

    assert bells.all() == ["ding", "dong", "bim"]
    assert bells.keys() == ["front", "back", "attic"]


def test_registering_a_key_twice_is_an_error_and_keeps_the_first_handler(bells: Registry[str]) -> None:
    with pytest.raises(AlreadyRegistered, match="“bells” already has a handler for “front”"):
        bells.register("front", "bim")

    assert bells.get("front") == "ding"


def test_a_key_nobody_handles_is_an_error_that_names_it(bells: Registry[str]) -> None:
    with pytest.raises(NotRegistered, match="no handler for cellar"):
        bells.get("cellar")


def test_missing_handlers_stop_the_start_and_are_all_named(bells: Registry[str]) -> None:
    bells.require(["front", "back"])

    with pytest.raises(ImproperlyConfigured, match="no handler for cellar, roof"):
        bells.require(["front", "cellar", "roof"])
