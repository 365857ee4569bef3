"""Money went to a customer without a charge it came from: it lowers what we earned."""

from ledger.models import AccountName, EntryKind
from oropay.engine.follow.recording import Recording, entry, expect, expected_before, withdraw
from oropay.models import Method, TransactionState
from oropay.ports import Credit
from oropay.status import WITHOUT_MONEY

S = TransactionState


def credited(news: Recording, state: TransactionState) -> None:
    """A bank account's is expected from the moment it is accepted and booked once it is sure; a card's at once."""
    row = news.row
    bank = news.payment.method == Method.BANK
    if state == S.PENDING or (state == S.APPROVED and not (bank and expected_before(news))):
        expect(row=row, gateway_id=row.gateway_id, amount=-row.amount, now=news.now)
    if state == S.APPROVED:
        allowance = Credit(account=AccountName.ALLOWANCES, amount=row.amount)
        entry(news=news, kind=EntryKind.STANDALONE_CREDIT, credited=[allowance], sign=-1)
    elif state in WITHOUT_MONEY and row.gateway_id:
        withdraw(row, now=news.now)
