"""Money went back to where it came from."""

from decimal import Decimal

from ledger.models import AccountName, EntryKind
from oropay.engine.follow.recording import Recording, entry, event_of, expect
from oropay.models import RefundLine, TransactionState
from oropay.ports import Credit


def refunded(news: Recording, state: TransactionState) -> None:
    if state != TransactionState.APPROVED:
        return
    lines = list(RefundLine.objects.filter(refund=news.row).select_related("payable").order_by("pk"))
    by_payable: dict[int | None, list[RefundLine]] = {}
    for line in lines:
        by_payable.setdefault(line.payable_id, []).append(line)
    credited: list[Credit] = []
    for payable_id, own in by_payable.items():
        amount = sum((line.amount for line in own), Decimal(0))
        payable = next((item for item in news.payables if item.pk == payable_id), None)
        if payable is None:
            credited.append(Credit(account=AccountName.CUSTOMER_CREDIT, amount=amount))
            continue
        event = event_of(news=news, payable=payable, amount=amount, lines=tuple(own))
        credited.extend(news.handler(payable).on_refunded(event=event))
    entry(news=news, kind=EntryKind.REFUNDED, credited=credited, sign=-1)
    expect(row=news.row, gateway_id=news.row.gateway_id, amount=-news.row.amount, now=news.now)
