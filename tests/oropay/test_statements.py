"""What one payment costs the database, so that nobody adds a question to every payment unnoticed."""

from collections.abc import Callable

from django.db import connection
from django.test.utils import CaptureQueriesContext

from oropay.models import Instrument, Payment, PaymentTransaction, TransactionState
from oropay.services import SavedInstrument

MOST = 25
"""From the click to the recorded answer, of a card that is saved (`docs/benchmarks.md`)."""
AROUND = ("BEGIN", "COMMIT", "SAVEPOINT", "RELEASE")


def test_a_payment_with_a_saved_card_costs_at_most_25_statements(
    start: Callable[..., Payment], run: Callable[[Payment], PaymentTransaction], saved: Instrument
) -> None:
    source = SavedInstrument(instrument_id=saved.pk)
    run(start(source=source, amount="10.00"))  # what is remembered from one payment to the next

    with CaptureQueriesContext(connection) as seen:
        row = run(start(source=source, amount="10.00"))

    assert row.state == TransactionState.APPROVED
    own = [query["sql"] for query in seen if not query["sql"].startswith(AROUND)]
    read_by_the_test = 2
    assert len(own) - read_by_the_test <= MOST
