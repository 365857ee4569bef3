"""A card was checked. No money moved; `record` has noted what the answer says about the card."""

from oropay.engine.follow.recording import Recording
from oropay.models import TransactionState


def validated(news: Recording, state: TransactionState) -> None:
    """Nothing follows: nobody owes anything for it and nothing is expected."""
