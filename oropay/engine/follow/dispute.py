"""What a dispute does to money, as a table; and the rows, entries and events that bring our books to it.

The books follow the gateway by difference: however many stages were missed, and however often the same word comes,
what is taken and what is lost end where the gateway's last word puts them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum

from django.utils.translation import gettext as _

from commerce.money import format_money, shares
from commerce.settings_registry import setting_get
from ledger import postings
from ledger.models import AccountName, EntryKind
from ledger.services import Line, entry_post
from oropay.engine.follow.recording import Recording, expect
from oropay.engine.follow.unsent import unsent_withdraw
from oropay.gateway.port import Funding
from oropay.models import (
    Action,
    Dispute,
    DisputeLine,
    DisputeResult,
    DisputeStage,
    DisputeStatus,
    Payable,
    PaymentPayable,
    PaymentTransaction,
    TransactionState,
)
from oropay.ports import DEBTS, Credit, DebtKind, DisputeTurn, MoneyEvent, debts
from oropay.scoped import DISPUTE_FEE
from oropay.services.followup.disputed import left_of, left_of_payment
from oropay.services.start import reference_new
from plumbing.services import note_add

ZERO = Decimal(0)


class Effect(StrEnum):
    """Where a dispute leaves the contested money."""

    NONE = "none"
    """It is ours: never taken, or given back."""
    TAKEN = "taken"
    """The payer's bank has it, and it may still be won."""
    LOST = "lost"
    """The payer keeps it."""
    AS_MOVED = "as_moved"
    """The stage alone does not say: it is where the gateway last moved it."""


STAGE = DisputeStage
OPEN = (DisputeStatus.WITH_MERCHANT, DisputeStatus.UNDER_REVIEW)
TAKES_AT_ONCE = (STAGE.CHARGEBACK, STAGE.SECOND_CHARGEBACK)
TAKES_WHEN_LOST = (STAGE.PRE_ARBITRATION, STAGE.ARBITRATION, STAGE.PRE_COMPLIANCE, STAGE.COMPLIANCE, STAGE.GOODFAITH)

Told = tuple[str, str, str]
"""Stage, status and result."""

EFFECTS: Mapping[Told, Effect] = {
    **{(STAGE.RETRIEVAL, status, DisputeResult.PENDING): Effect.NONE for status in OPEN},
    **{
        (STAGE.RETRIEVAL, DisputeStatus.CLOSED, result): Effect.NONE
        for result in (DisputeResult.FULFILLED, DisputeResult.ACCEPTED, DisputeResult.LOST, DisputeResult.WON)
    },
    **{(stage, status, DisputeResult.PENDING): Effect.TAKEN for stage in TAKES_AT_ONCE for status in OPEN},
    **{(stage, status, DisputeResult.PENDING): Effect.AS_MOVED for stage in TAKES_WHEN_LOST for status in OPEN},
    **{
        (stage, DisputeStatus.CLOSED, result): effect
        for stage in (*TAKES_AT_ONCE, *TAKES_WHEN_LOST)
        for result, effect in (
            (DisputeResult.WON, Effect.NONE),
            (DisputeResult.LOST, Effect.LOST),
            (DisputeResult.ACCEPTED, Effect.LOST),
            (DisputeResult.FULFILLED, Effect.AS_MOVED),
        )
    },
    (STAGE.REVERSAL, DisputeStatus.CLOSED, DisputeResult.WON): Effect.NONE,
}
"""(stage, status, result) → where the money is. What is not here changes nothing, and a person is asked to look."""


def effect_of(*, stage: str, status: str, result: str, funding: str) -> Effect | None:
    """Where the money is by the gateway's words; None when they are not in the table."""
    effect = EFFECTS.get((stage, status, result or DisputeResult.PENDING))
    if effect == Effect.AS_MOVED:
        return Effect.TAKEN if funding == Funding.TAKEN else Effect.NONE
    return effect


@dataclass(frozen=True)
class Booked:
    """What our books say of one dispute, in major units."""

    taken: Decimal = ZERO
    """Taken and not given back, whether lost or not."""
    lost: Decimal = ZERO
    """The part of it that is given up."""

    @property
    def disputed(self) -> Decimal:
        return self.taken - self.lost


def booked_of(*, dispute: Dispute, family: list[PaymentTransaction]) -> Booked:
    """Add up a dispute's rows in its payment's family."""
    rows = rows_of(dispute=dispute, family=family)
    by_id = {row.pk: row for row in rows}

    def total(action: Action) -> Decimal:
        return sum((row.amount for row in rows if row.action == action), ZERO)

    recovered = sum(
        (
            row.amount
            for row in rows
            if row.action == Action.CHARGEBACK_REVERSAL and by_id[row.parent_id or 0].action == Action.CHARGEBACK_LOST
        ),
        ZERO,
    )
    return Booked(
        taken=total(Action.CHARGEBACK) - total(Action.CHARGEBACK_REVERSAL),
        lost=total(Action.CHARGEBACK_LOST) - recovered,
    )


def follow_dispute(*, news: Recording, dispute: Dispute, effect: Effect) -> list[DisputeTurn]:
    """Bring rows, entries, events and expectations to where the dispute leaves the money; `news.row` is the charge.

    Returns what happened, in order; nothing when the books are there already.
    """
    before = booked_of(dispute=dispute, family=news.family)
    wanted = ZERO if effect == Effect.NONE else dispute.amount
    turns: list[DisputeTurn] = []
    if before.taken < wanted:
        _take(news=news, dispute=dispute, amount=wanted - before.taken)
        turns.append(DisputeTurn.OPENED)
    back = max(ZERO, before.taken - wanted)
    won = min(back, before.disputed)
    if won > 0:
        give_back(news=news, dispute=dispute, amount=won)
        turns.append(DisputeTurn.WON)
    if back > won:
        recover(news=news, dispute=dispute, amount=back - won)
        turns.append(DisputeTurn.RECOVERED)
    if effect == Effect.LOST and wanted > before.lost:
        _lose(news=news, dispute=dispute, amount=wanted - before.lost)
        turns.append(DisputeTurn.LOST)
        if dispute.not_pursued:
            newest = rows_of(dispute=dispute, family=news.family)[-1:]
            write_off(news=news, dispute=dispute, amount=wanted - before.lost, losses=newest)
            turns.append(DisputeTurn.WRITTEN_OFF)
    return turns


def _take(*, news: Recording, dispute: Dispute, amount: Decimal) -> None:
    row = _add(news=news, dispute=dispute, action=Action.CHARGEBACK, parent=news.row, amount=amount)
    why = _(
        "A dispute took the money before it could be given back: what customers have once, they are not sent again. Do "
        "not do it by hand; should the dispute be won, give it back then if it is still wanted."
    )
    unsent_withdraw(
        news=news,
        charge=news.row,
        why=why,
        while_=lambda: min(left_of(transaction=news.row, family=news.family), left_of_payment(family=news.family)) < 0,
    )
    _tell(news=news, dispute=dispute, row=row, turn=DisputeTurn.OPENED)
    _post(news=news, row=row, kind=EntryKind.DISPUTE_OPENED, lines=postings.dispute_opened(amount=amount))
    expect(row=row, gateway_id=dispute.gateway_id, amount=-amount, now=news.now)


def give_back(*, news: Recording, dispute: Dispute, amount: Decimal, memo: str = "") -> PaymentTransaction:
    """What was taken is ours again before anything was given up; `memo` is for the books."""
    parent = _newest(news=news, dispute=dispute, action=Action.CHARGEBACK)
    row = _add(news=news, dispute=dispute, action=Action.CHARGEBACK_REVERSAL, parent=parent, amount=amount)
    _tell(news=news, dispute=dispute, row=row, turn=DisputeTurn.WON)
    _post(news=news, row=row, kind=EntryKind.DISPUTE_WON, lines=postings.dispute_won(amount=amount), memo=memo)
    expect(row=row, gateway_id=dispute.gateway_id, amount=amount, now=news.now)
    return row


def _lose(*, news: Recording, dispute: Dispute, amount: Decimal) -> None:
    parent = _newest(news=news, dispute=dispute, action=Action.CHARGEBACK)
    row = _add(news=news, dispute=dispute, action=Action.CHARGEBACK_LOST, parent=parent, amount=amount)
    credited = _tell(news=news, dispute=dispute, row=row, turn=DisputeTurn.LOST)
    reached = sum((credit.amount for credit in credited), ZERO)
    if not 0 <= reached <= amount:
        raise ValueError(f"dispute {dispute.pk}: {reached} given up for a loss of {amount}")
    if reached > 0:
        _post(news=news, row=row, kind=EntryKind.DISPUTE_LOST, lines=postings.dispute_lost(taken=_shares(credited)))
    if reached < amount:
        number = _owe(news=news, row=row, kind=DebtKind.DISPUTE_LOST, amount=amount - reached)
        text = _(
            "{amount} of it had been given back before it was lost: the customer owes that by debit memo {number}."
        )
        words = text.format(amount=format_money(amount - reached, row.currency), number=number)
        note_add(on=dispute, text=words, by=None, now=news.now)
    _fee_charge(news=news, dispute=dispute, row=row)


def _fee_charge(*, news: Recording, dispute: Dispute, row: PaymentTransaction) -> None:
    """Ask the customer for our fee, once a dispute, where the seller wants one and pursues the loss."""
    fee: Decimal = setting_get(DISPUTE_FEE, news.payment.website, organization_id=news.payment.organization_id)
    lost_before = [
        one for one in rows_of(dispute=dispute, family=news.family) if one.action == row.action and one != row
    ]
    if fee <= 0 or lost_before or dispute.not_pursued or dispute.currency != news.payment.organization.currency:
        return
    number = _owe(news=news, row=row, kind=DebtKind.DISPUTE_FEE, amount=fee)
    text = _("The fee of {amount} is asked of the customer by debit memo {number}.")
    note_add(on=dispute, text=text.format(amount=format_money(fee, row.currency), number=number), by=None, now=news.now)


def _owe(*, news: Recording, row: PaymentTransaction, kind: DebtKind, amount: Decimal) -> str:
    """A debit memo in the books; returns its number."""
    return debts.get(DEBTS).owe(transaction=row, kind=kind, amount=amount, occurred_on=news.day, now=news.now).number


def recover(
    *, news: Recording, dispute: Dispute, amount: Decimal, unowed: Decimal = ZERO, memo: str = ""
) -> PaymentTransaction:
    """Money that was given up came back after all. What the customer owes a debit memo for is credit that pays it.

    `unowed` is what debit memos asked for that were voided because of this: nothing of the customer's comes back for
    it. `memo` is for the books.
    """
    parent = _newest(news=news, dispute=dispute, action=Action.CHARGEBACK_LOST)
    row = _add(news=news, dispute=dispute, action=Action.CHARGEBACK_REVERSAL, parent=parent, amount=amount)
    amounts = split_of(dispute=dispute, parts=news.parts, amount=amount - unowed)
    credited = _ask(news=news, row=row, turn=DisputeTurn.RECOVERED, amounts=amounts)
    if (rest := amount - unowed - sum((credit.amount for credit in credited), ZERO)) > 0:
        credited.append(debts.get(DEBTS).keep(transaction=row, amount=rest, now=news.now))
        text = _("{amount} of it the customer owes by debit memo: it is credit of the customer now, to pay that.")
        note_add(on=dispute, text=text.format(amount=format_money(rest, row.currency)), by=None, now=news.now)
    given = [*_shares(credited), (AccountName.DISPUTES_RECEIVABLE, unowed)]
    _post(news=news, row=row, kind=EntryKind.DISPUTE_WON, lines=postings.dispute_recovered(given=given), memo=memo)
    expect(row=row, gateway_id=dispute.gateway_id, amount=amount, now=news.now)
    return row


def write_off(*, news: Recording, dispute: Dispute, amount: Decimal, losses: Sequence[PaymentTransaction]) -> Decimal:
    """Give up what the customer owes again because of `losses` that come to `amount`; returns how much that was.

    What had been given back before a loss is owed by debit memo, on no invoice, and stays owed.
    """
    caused = {row.pk for row in losses}
    by_memo = sum(
        (
            debt.amount
            for debt in debts.get(DEBTS).standing(payment=news.payment)
            if debt.kind == DebtKind.DISPUTE_LOST and debt.cause_id in caused
        ),
        ZERO,
    )
    owed = split_of(dispute=dispute, parts=news.parts, amount=max(ZERO, amount - by_memo))
    return _give_up(news=news, dispute=dispute, amounts=owed)


def _give_up(*, news: Recording, dispute: Dispute, amounts: list[tuple[int, Decimal]]) -> Decimal:
    row = _newest(news=news, dispute=dispute, action=Action.CHARGEBACK_LOST)
    credited = _ask(news=news, row=row, turn=DisputeTurn.WRITTEN_OFF, amounts=amounts)
    given_up = sum((credit.amount for credit in credited), ZERO)
    if given_up > 0:
        _post(news=news, row=row, kind=EntryKind.WRITTEN_OFF, lines=postings.written_off(amount=given_up))
    return given_up


def write_off_end(*, news: Recording, dispute: Dispute, amount: Decimal, memo: str) -> None:
    """Take back that what the customer owes because of a loss was given up, as far as it was."""
    row = _newest(news=news, dispute=dispute, action=Action.CHARGEBACK_LOST)
    amounts = split_of(dispute=dispute, parts=news.parts, amount=amount)
    credited = _ask(news=news, row=row, turn=DisputeTurn.PURSUED, amounts=amounts)
    if ended := sum((credit.amount for credit in credited), ZERO):
        lines = postings.dispute_moved(taken=_shares(credited), given=[(AccountName.BAD_DEBT, ended)])
        _post(news=news, row=row, kind=EntryKind.DISPUTE_LOST, lines=lines, memo=memo)


Sides = list[tuple[AccountName, Decimal]]


def take_differently(
    *, news: Recording, dispute: Dispute, lost: Decimal, lines: Mapping[int, Decimal]
) -> tuple[Sides, Sides]:
    """Move a loss between payables: first give back where less is taken now, then take where more is.

    What was written off moves with it.

    Returns what is taken (debits) and given (credits), of equal amounts; both empty when nothing changes.
    """
    before = dict(split_of(dispute=dispute, parts=news.parts, amount=lost))
    divided = shares(lost, [lines[part.payable_id] for part in news.parts], dispute.currency)
    changed = [
        (part.payable_id, share - before[part.payable_id]) for part, share in zip(news.parts, divided, strict=True)
    ]
    row = _newest(news=news, dispute=dispute, action=Action.CHARGEBACK_LOST)
    given = [(payable_id, -change) for payable_id, change in changed if change < 0]
    taken = [(payable_id, change) for payable_id, change in changed if change > 0]
    back = _ask(news=news, row=row, turn=DisputeTurn.TAKEN_ELSEWHERE, amounts=given)
    gone = _ask(news=news, row=row, turn=DisputeTurn.LOST, amounts=taken)
    if dispute.not_pursued:
        _give_up(news=news, dispute=dispute, amounts=taken)
    return _shares(gone), _shares(back)


def split_of(*, dispute: Dispute, parts: list[PaymentPayable], amount: Decimal) -> list[tuple[int, Decimal]]:
    """How an amount of a dispute is divided: by finance's lines, else by what each part of the payment is.

    (payable id, amount), in the payment's order; Σ = amount.
    """
    said = dict(DisputeLine.objects.filter(dispute=dispute).values_list("payable_id", "amount"))
    weights = [said.get(part.payable_id, ZERO) for part in parts]
    if not any(weights):
        weights = [part.amount for part in parts]
    divided = shares(amount, weights, dispute.currency)
    return [(part.payable_id, share) for part, share in zip(parts, divided, strict=True)]


# -- the rows ---------------------------------------------------------------------------------------------------------


def rows_of(*, dispute: Dispute, family: list[PaymentTransaction]) -> list[PaymentTransaction]:
    """What a dispute did to its payment, oldest first."""
    ours = {Action.CHARGEBACK, Action.CHARGEBACK_LOST, Action.CHARGEBACK_REVERSAL}
    return [row for row in family if row.action in ours and row.gateway_id == dispute.gateway_id]


def _newest(*, news: Recording, dispute: Dispute, action: Action) -> PaymentTransaction:
    return [row for row in rows_of(dispute=dispute, family=news.family) if row.action == action][-1]


def _add(
    *, news: Recording, dispute: Dispute, action: Action, parent: PaymentTransaction, amount: Decimal
) -> PaymentTransaction:
    """A fact from outside, born approved, under the dispute's name at the gateway."""
    row = PaymentTransaction.objects.create(
        payment=news.payment,
        parent=parent,
        action=action,
        amount=amount,
        currency=dispute.currency,
        state=TransactionState.APPROVED,
        reference=reference_new(),
        gateway_id=dispute.gateway_id,
        gateway_reference=dispute.arn[:50],
        gateway_status=dispute.stage[:20],
        message=dispute.reason[:250],
        created_at=news.now,
        ended_at=news.now,
    )
    news.family.append(row)
    return row


def _tell(*, news: Recording, dispute: Dispute, row: PaymentTransaction, turn: DisputeTurn) -> list[Credit]:
    """Tell each payable's owner its share, and collect what it answers."""
    amounts = split_of(dispute=dispute, parts=news.parts, amount=row.amount)
    return _ask(news=news, row=row, turn=turn, amounts=amounts)


def _ask(
    *, news: Recording, row: PaymentTransaction, turn: DisputeTurn, amounts: list[tuple[int, Decimal]]
) -> list[Credit]:
    by_id: dict[int, Payable] = {payable.pk: payable for payable in news.payables}
    credited: list[Credit] = []
    for payable_id, share in amounts:
        if share <= 0:
            continue
        event = MoneyEvent(
            payment=news.payment,
            transaction=row,
            payable=by_id[payable_id],
            amount=share,
            occurred_on=news.day,
            now=news.now,
        )
        credited.extend(news.handler(by_id[payable_id]).on_disputed(event=event, turn=turn))
    return credited


def _post(*, news: Recording, row: PaymentTransaction, kind: EntryKind, lines: list[Line], memo: str = "") -> None:
    entry_post(
        organization_id=news.payment.organization_id,
        currency=row.currency,
        kind=kind,
        lines=lines,
        occurred_on=news.day,
        source=f"transaction:{row.pk}",
        memo=memo[:250],
        customer_id=news.payment.customer_id,
        now=news.now,
    )


def _shares(credited: list[Credit]) -> list[tuple[AccountName, Decimal]]:
    return [(credit.account, credit.amount) for credit in credited]
