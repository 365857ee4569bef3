import pytest

from tests.checkout.shop import Shop
from tests.contract.conftest import sandbox  # noqa: F401  (a fixture)


@pytest.fixture
def shop(db: None) -> Shop:
    """A shop whose gateway nobody answers for."""
    return Shop()
