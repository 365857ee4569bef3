"""A gateway of values: the remote party of fast tests. It approves, remembers, and reports what a test tells it to."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from typing import ClassVar

from moneyed import Money

from oropay.gateway.port import (
    Answer,
    BankAccount,
    Credentials,
    DepositAdvice,
    FollowUpRequest,
    GatewayUnavailable,
    HostedToken,
    Listing,
    SaleRequest,
    SettledTransaction,
    Verdict,
)

KIND = "stand-in"
PATH = "tests.reconciliation.standin.StandIn"


@dataclass
class Reports:
    """What the gateway will say about settlement. Tests write here."""

    lines: list[SettledTransaction] = field(default_factory=list)
    deposits: list[DepositAdvice] = field(default_factory=list)
    asked: list[tuple[date, date]] = field(default_factory=list)
    silent: bool = False

    def deposit(
        self,
        name: str,
        *lines: SettledTransaction,
        paid_on: date,
        fees: str = "0",
        net: str | None = None,
        status: str = "FUNDED",
        currency: str = "USD",
    ) -> None:
        """Pay out these lines in one deposit; `net` only where it does not add up."""
        sales = sum((line.amount.amount for line in lines if line.amount.amount > 0), Decimal(0))
        refunds = -sum((line.amount.amount for line in lines if line.amount.amount < 0), Decimal(0))
        amount = Decimal(net) if net is not None else sales - refunds - Decimal(fees)
        self.deposits = [advice for advice in self.deposits if advice.gateway_id != name]
        self.deposits.append(
            DepositAdvice(
                gateway_id=name,
                paid_on=paid_on,
                status=status,
                amount=Money(amount, currency),
                sales=sales,
                refunds=refunds,
                fees=Decimal(fees),
            )
        )
        self.lines += [replace(line, deposit_id=name, deposit_date=paid_on) for line in lines]


def line(
    gateway_id: str,
    amount: str,
    *,
    kind: str = "",
    status: str = "FUNDED",
    currency: str = "USD",
    reference: str = "",
    at: datetime,
) -> SettledTransaction:
    """A settlement line; a deposit adds its name and day."""
    money = Money(Decimal(amount), currency)
    return SettledTransaction(
        gateway_id=gateway_id,
        type=kind or ("SALE" if money.amount > 0 else "REFUND"),
        status=status,
        amount=money,
        deposit_id="",
        deposit_date=None,
        batch_id="BAT_1",
        reference=reference,
        method="card",
        time_created=at,
    )


class StandIn:
    """Implements `oropay.gateway.port.PaymentGateway`."""

    reports: ClassVar[Reports] = Reports()
    known: ClassVar[dict[str, Answer]] = {}
    number: ClassVar[Iterator[int]] = count(1)

    def __init__(self, credentials: Credentials) -> None:
        self.credentials = credentials

    @classmethod
    def forget(cls) -> None:
        cls.reports, cls.known, cls.number = Reports(), {}, count(1)

    def charge(self, request: SaleRequest) -> Answer:
        pending = isinstance(request.source, BankAccount)
        return self._sale(request, status="PENDING" if pending else "CAPTURED")

    def authorize(self, request: SaleRequest) -> Answer:
        return self._sale(request, status="PREAUTHORIZED")

    def _sale(self, request: SaleRequest, *, status: str) -> Answer:
        return self._remember(
            Answer(
                verdict=Verdict.PENDING if status == "PENDING" else Verdict.APPROVED,
                gateway_id=f"TRN_{next(self.number)}",
                status=status,
                type="SALE",
                reference=request.reference,
                amount=request.amount,
            )
        )

    def capture(self, request: FollowUpRequest) -> Answer:
        return Answer(verdict=Verdict.APPROVED, gateway_id=request.gateway_id, status="CAPTURED", type="SALE")

    def cancel(self, request: FollowUpRequest) -> Answer:
        return Answer(verdict=Verdict.APPROVED, gateway_id=request.gateway_id, status="REVERSED", type="SALE")

    def refund(self, request: FollowUpRequest) -> Answer:
        return self._remember(
            Answer(
                verdict=Verdict.APPROVED,
                gateway_id=f"TRN_{next(self.number)}",
                status="CAPTURED",
                type="REFUND",
                reference=request.reference,
                amount=request.amount,
            )
        )

    def look_up(self, *, gateway_id: str) -> Answer:
        return self.known[gateway_id]

    def find_by_reference(self, *, reference: str) -> Listing:
        return Listing(complete=True, found=tuple(a for a in self.known.values() if a.reference == reference))

    def mint_hosted_token(self) -> HostedToken:
        raise GatewayUnavailable("The stand-in shows no card forms.")

    def settled(self, *, since: date, until: date) -> Iterator[SettledTransaction]:
        self._answer()
        for row in self.reports.lines:
            if row.deposit_date is not None and since <= row.deposit_date <= until:
                yield row

    def deposits(self, *, since: date, until: date) -> Iterator[DepositAdvice]:
        self._answer()
        self.reports.asked.append((since, until))
        yield from (advice for advice in self.reports.deposits if since <= advice.paid_on <= until)

    def was_paid_out(self, *, gateway_id: str, reference: str) -> bool:
        self._answer()
        return any(
            (row.gateway_id, row.type) == (gateway_id, "SALE") and row.amount.amount > 0 and row.deposit_id
            for row in self.reports.lines
        )

    def _answer(self) -> None:
        if self.reports.silent:
            raise GatewayUnavailable("The settlement reports could not be read; no money is involved.")

    def _remember(self, answer: Answer) -> Answer:
        self.known[answer.gateway_id] = answer
        return answer
