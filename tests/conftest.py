"""What all tests share. Rooms add their own fixtures in their own folder's conftest."""

from collections.abc import Iterator

import pytest
from hypothesis import settings

from config.processes import unwind_on_sigterm
from tests.hints import Hints
from tests.stack import house, shop  # noqa: F401  (fixtures)

unwind_on_sigterm()

# Two cores are shared by everything that runs here: a slow example is no finding.
settings.register_profile("ours", deadline=None, derandomize=True)
settings.load_profile("ours")


@pytest.fixture
def hints(db: None) -> Iterator[Hints]:
    """What the broker is told, read from the broker."""
    hints = Hints()
    yield hints
    hints.close()
