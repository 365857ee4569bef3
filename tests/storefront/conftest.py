from collections.abc import Callable

import pytest
from django.test import Client

from commerce.models import User
from oropay.models import Instrument
from tests.checkout.shop import Shop


@pytest.fixture
def shop(db: None) -> Shop:
    """A shop whose gateway nobody answers for."""
    return Shop()


@pytest.fixture
def client_of() -> Callable[[User], Client]:
    """A browser in which somebody is logged in."""

    def log_in(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return log_in


@pytest.fixture
def browser(shop: Shop, client_of: Callable[[User], Client]) -> Client:
    """The buyer's."""
    return client_of(shop.buyer)


@pytest.fixture
def card(shop: Shop) -> Instrument:
    """The buyer's own saved card."""
    return shop.saved_card()
