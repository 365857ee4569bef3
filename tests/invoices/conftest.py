import pytest

from tests.invoices.house import House, house_build


@pytest.fixture
def house(db: None) -> House:
    return house_build()
