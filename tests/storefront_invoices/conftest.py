from collections.abc import Callable

import pytest
from django.test import Client

from commerce.models import User
from tests.factories import NOON
from tests.invoices.house import House, house_build


@pytest.fixture
def house(db: None) -> House:
    return house_build()


@pytest.fixture
def browse() -> Callable[[User], Client]:
    """A browser in which a person is logged in."""

    def browse(user: User) -> Client:
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return browse


@pytest.fixture
def buyer(house: House, browse: Callable[[User], Client]) -> Client:
    return browse(house.buyer)


@pytest.fixture(autouse=True)
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every page is asked for at the moment the documents were made."""
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOON)
