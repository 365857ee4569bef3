"""What all tests share. Rooms add their own fixtures in their own folder's conftest."""

from hypothesis import settings

from config.processes import unwind_on_sigterm
from tests.stack import house, shop  # noqa: F401  (fixtures)

unwind_on_sigterm()

# Two cores are shared by everything that runs here: a slow example is no finding.
settings.register_profile("ours", deadline=None, derandomize=True)
settings.load_profile("ours")
