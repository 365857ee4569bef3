"""The finance page: everything the gateway owes us, in five groups, each row linked to its payment and its deposit."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import CharField, Count, Exists, F, OuterRef, Prefetch, Q, QuerySet, Subquery, Sum, Value
from django.utils.translation import gettext_lazy as _

from commerce.models import Organization
from oropay.models import Payment, PaymentPayable
from reconciliation.models import (
    CaseKind,
    DepositVersion,
    ExceptionCase,
    Expectation,
    ExpectationKind,
    MatchPart,
    Pull,
    Resolution,
)
from reconciliation.models.case import PROBLEM_AMOUNT, PROBLEM_UNEXPECTED

PAGE_SIZE = 50
SETTLED_DAYS = 30
"""How far back settled money is listed unless asked otherwise."""
RECEIPTS = "receipts"
ZERO = Decimal(0)


class Group(models.TextChoices):
    """The five tabs, in the order of the page."""

    LATE = "late", _("Late")
    """Should have been deposited by now."""
    AMOUNT_DIFFERS = "amount_differs", _("Amount differs")
    """Came, but not as expected; or a deposit that does not add up."""
    UNEXPECTED = "unexpected", _("Unexpected")
    """Came, and nobody expected it."""
    NOT_DUE = "not_due", _("Not yet due")
    """Taken; the gateway still has time."""
    SETTLED = "settled", _("Settled")
    """Expected and deposited, to the cent."""


@dataclass(frozen=True)
class WorkbenchFilter:
    """What a person asked to see."""

    group: Group = Group.LATE
    search: str = ""
    """Part of a customer's name, or the whole number of an order or invoice, gateway id, or our reference."""
    since: date | None = None
    """First deposit day of the settled group; 30 days back unless given."""
    page: int = 1
    """From 1."""
    page_size: int = PAGE_SIZE


@dataclass(frozen=True)
class GroupTotal:
    """How many rows a group has and what they add up to, by currency."""

    group: Group
    count: int = 0
    sums: tuple[tuple[str, Decimal], ...] = ()
    flows: tuple[tuple[str, Decimal, Decimal], ...] = ()
    """(currency, what came in, what went out as a negative amount): a sum of both would hide either."""


@dataclass(frozen=True)
class WorkRow:
    """One line of the page. Amounts are signed, in major units of `currency`; what does not exist is None."""

    kind: str
    currency: str
    expected: Decimal | None
    settled: Decimal | None
    gateway_id: str
    payment: Payment | None
    numbers: tuple[str, ...]
    """Of the orders and invoices it pays."""
    customer: str
    due_on: date | None
    late_from: date | None
    deposit_id: int | None
    deposit_name: str
    case: ExceptionCase | None = None
    settled_on: date | None = None
    """The day of the deposit that it came with."""

    @property
    def difference(self) -> Decimal | None:
        """What came less what was expected; of a deposit that does not add up, by how much it does not."""
        if self.expected is not None and self.settled is not None:
            return self.settled - self.expected
        return self.case.amount if self.case is not None and self.case.deposit_id is not None else None


@dataclass(frozen=True)
class Workbench:
    """What the page shows of one seller at one moment."""

    totals: dict[Group, GroupTotal]
    receipts: GroupTotal
    """Checks and wires that wait for a bank statement; no gateway will settle them."""
    group: Group
    rows: Sequence[WorkRow]
    page: int
    has_next: bool
    today: date
    last_pull: Pull | None
    pull_running: bool


def workbench(*, organization: Organization, wanted: WorkbenchFilter, now: datetime) -> Workbench:
    """One page of one group with the totals of all, in at most eight queries however much there is."""
    today = organization.today(now)
    source = _Source(organization=organization, today=today, since=wanted.since or today - timedelta(days=SETTLED_DAYS))
    totals, receipts = source.totals()
    rows, shown = source.group(wanted.group)
    if wanted.search.strip():
        rows = rows.filter(_search(wanted.search.strip(), paths=SEARCH[wanted.group])).distinct()
    start = (max(wanted.page, 1) - 1) * wanted.page_size
    found = list(rows[start : start + wanted.page_size + 1])
    pulls = list(Pull.objects.filter(provider_account__organization=organization).order_by("-asked_at", "-pk")[:20])
    return Workbench(
        totals=totals,
        receipts=receipts,
        group=wanted.group,
        rows=[shown(row) for row in found[: wanted.page_size]],
        page=max(wanted.page, 1),
        has_next=len(found) > wanted.page_size,
        today=today,
        last_pull=next((pull for pull in pulls if pull.ended_at is not None), None),
        pull_running=any(pull.ended_at is None for pull in pulls),
    )


PAYMENT = "transaction__payment"
PAYMENT_OF_EXPECTATION = f"expectation__{PAYMENT}"
SEARCH = {
    Group.SETTLED: ("settlement_line__", "expectation__"),
    Group.NOT_DUE: ("", ""),
    Group.LATE: ("expectation__", ""),
    Group.AMOUNT_DIFFERS: ("settlement_line__", ""),
    Group.UNEXPECTED: ("settlement_line__", ""),
}
"""Group → (where the gateway id is, where the transaction is)."""


def _search(text: str, *, paths: tuple[str, str]) -> Q:
    gateway, ours = paths
    payment = f"{ours}transaction__payment"
    return (
        Q(**{f"{gateway}gateway_id": text})
        | Q(**{f"{ours}transaction__reference": text})
        | Q(**{f"{payment}__customer__name__icontains": text})
        | Q(**{f"{payment}__parts__payable__number": text})
    )


@dataclass(frozen=True)
class _Source:
    """The rows of each group of one seller on one day."""

    organization: Organization
    today: date
    since: date

    def group(self, group: Group) -> tuple[QuerySet[Any], Callable[[Any], WorkRow]]:
        """The rows of a group in reading order, with what their page rows need, and how to show one."""
        parts = PaymentPayable.objects.select_related("payable").order_by("pk")
        if group == Group.SETTLED:
            newest = DepositVersion.objects.filter(deposit=OuterRef("settlement_line__deposit")).order_by("-number")
            rows: QuerySet[Any] = (
                self._settled()
                .annotate(paid_on=Subquery(newest.values("paid_on")[:1]))
                .select_related(f"{PAYMENT_OF_EXPECTATION}__customer", "settlement_line__deposit")
                .prefetch_related(Prefetch(f"{PAYMENT_OF_EXPECTATION}__parts", parts))
                .order_by("-pk")
            )
            return rows, _settled_row
        if group == Group.NOT_DUE:
            rows = (
                self._not_due()
                .select_related(f"{PAYMENT}__customer")
                .prefetch_related(Prefetch(f"{PAYMENT}__parts", parts))
                .order_by("due_on", "pk")
            )
            return rows, _expectation_row
        rows = (
            self._cases(group)
            .select_related(f"{PAYMENT}__customer", "expectation", "settlement_line__deposit", "deposit", "owner")
            .prefetch_related(Prefetch(f"{PAYMENT}__parts", parts))
            .order_by("raised_at", "pk")
        )
        return rows, _case_row

    def totals(self) -> tuple[dict[Group, GroupTotal], GroupTotal]:
        """All groups in one statement."""
        per_group = [
            self._sums(
                self._settled(), Group.SETTLED, currency="settlement_line__currency", amount="settlement_line__amount"
            ),
            self._sums(self._not_due(), Group.NOT_DUE, currency="currency", amount="amount"),
            self._sums(self._cases(Group.LATE), Group.LATE, currency="currency", amount="expectation__amount"),
            self._sums(self._cases(Group.AMOUNT_DIFFERS), Group.AMOUNT_DIFFERS, currency="currency", amount="amount"),
            self._sums(self._cases(Group.UNEXPECTED), Group.UNEXPECTED, currency="currency", amount="amount"),
            self._sums(self._receipts(), RECEIPTS, currency="currency", amount="amount"),
        ]
        found = {group: GroupTotal(group=group) for group in Group}
        receipts = GroupTotal(group=Group.NOT_DUE)
        for name, currency, count, total, into, out in (
            per_group[0].union(*per_group[1:], all=True).order_by("name", "code")
        ):
            if name == RECEIPTS:
                receipts = _more(receipts, currency=currency, count=count, total=total, into=into, out=out)
            else:
                found[Group(name)] = _more(
                    found[Group(name)], currency=currency, count=count, total=total, into=into, out=out
                )
        return found, receipts

    @staticmethod
    def _sums(rows: QuerySet[Any], name: str, *, currency: str, amount: str) -> QuerySet[Any, Any]:
        sums: QuerySet[Any, Any] = (
            rows.order_by()
            .annotate(name=Value(str(name), output_field=CharField()), code=F(currency))
            .values("name", "code")
            .annotate(
                count=Count("pk"),
                total=Sum(amount),
                into=Sum(amount, filter=Q(**{f"{amount}__gt": 0}), default=ZERO),
                out=Sum(amount, filter=Q(**{f"{amount}__lt": 0}), default=ZERO),
            )
            .values_list("name", "code", "count", "total", "into", "out")
        )
        return sums

    def _settled(self) -> QuerySet[MatchPart]:
        recent = DepositVersion.objects.filter(
            deposit__provider_account__organization=self.organization, paid_on__gte=self.since
        )
        return MatchPart.objects.filter(
            live=True,
            expectation__organization=self.organization,
            settlement_line__deposit__in=recent.values("deposit"),
        )

    def _not_due(self) -> QuerySet[Expectation]:
        met = MatchPart.objects.filter(expectation=OuterRef("pk"), live=True)
        other = ExceptionCase.objects.filter(expectation=OuterRef("pk"), settlement_line__isnull=False).exclude(
            resolution=Resolution.ARRIVED
        )
        return Expectation.objects.filter(
            ~Exists(met),
            ~Exists(other),
            organization=self.organization,
            late_from__gt=self.today,
            closing__isnull=True,
        )

    def _receipts(self) -> QuerySet[Expectation]:
        met = MatchPart.objects.filter(expectation=OuterRef("pk"), live=True)
        return Expectation.objects.filter(
            ~Exists(met),
            organization=self.organization,
            late_from__isnull=True,
            kind=ExpectationKind.RECEIPT,
            closing__isnull=True,
        )

    def _cases(self, group: Group) -> QuerySet[ExceptionCase]:
        kinds = {
            Group.LATE: (CaseKind.LATE,),
            Group.AMOUNT_DIFFERS: PROBLEM_AMOUNT,
            Group.UNEXPECTED: PROBLEM_UNEXPECTED,
        }[group]
        return ExceptionCase.objects.filter(organization=self.organization, kind__in=kinds, resolved_at__isnull=True)


def _more(so_far: GroupTotal, *, currency: str, count: int, total: Decimal, into: Decimal, out: Decimal) -> GroupTotal:
    return replace(
        so_far,
        count=so_far.count + count,
        sums=(*so_far.sums, (currency, total)),
        flows=(*so_far.flows, (currency, into, out)),
    )


def _numbers(payment: Payment | None) -> tuple[str, ...]:
    return tuple(part.payable.number for part in payment.parts.all()) if payment is not None else ()


def _settled_row(part: Any) -> WorkRow:
    expectation, line = part.expectation, part.settlement_line
    if expectation is None or line is None:
        raise ValueError(f"match part {part.pk} names only one side")
    payment = expectation.transaction.payment
    return WorkRow(
        kind=expectation.get_kind_display(),
        currency=line.currency,
        expected=expectation.amount,
        settled=line.amount,
        gateway_id=line.gateway_id,
        payment=payment,
        numbers=_numbers(payment),
        customer=payment.customer.name,
        due_on=expectation.due_on,
        late_from=expectation.late_from,
        deposit_id=line.deposit_id,
        deposit_name=line.deposit.gateway_id,
        settled_on=part.paid_on,
    )


def _expectation_row(expectation: Expectation) -> WorkRow:
    payment = expectation.transaction.payment
    return WorkRow(
        kind=expectation.get_kind_display(),
        currency=expectation.currency,
        expected=expectation.amount,
        settled=None,
        gateway_id=expectation.gateway_id,
        payment=payment,
        numbers=_numbers(payment),
        customer=payment.customer.name,
        due_on=expectation.due_on,
        late_from=expectation.late_from,
        deposit_id=None,
        deposit_name="",
    )


def _case_row(case: ExceptionCase) -> WorkRow:
    expectation, line = case.expectation, case.settlement_line
    deposit = case.deposit or (line.deposit if line is not None else None)
    payment = case.transaction.payment if case.transaction is not None else None
    return WorkRow(
        kind=case.get_kind_display(),
        currency=case.currency,
        expected=expectation.amount if expectation is not None else None,
        settled=line.amount if line is not None else None,
        gateway_id=(line or expectation or deposit).gateway_id,  # type: ignore[union-attr]
        payment=payment,
        numbers=_numbers(payment),
        customer=payment.customer.name if payment is not None else "",
        due_on=expectation.due_on if expectation is not None else None,
        late_from=expectation.late_from if expectation is not None else None,
        deposit_id=deposit.pk if deposit is not None else None,
        deposit_name=deposit.gateway_id if deposit is not None else "",
        case=case,
    )
