"""The gateway's settlement report."""

from collections.abc import Iterator
from datetime import date

from oropay.gateway.globalpayments import reports
from oropay.gateway.globalpayments.calls import Calls
from oropay.gateway.port import DepositAdvice, SettledTransaction


class Settlements(Calls):
    """Implements `port.settlements.Settlements`."""

    def settled(self, *, since: date, until: date) -> Iterator[SettledTransaction]:
        query = {"from_deposit_time_created": since.isoformat(), "to_deposit_time_created": until.isoformat()}
        for line in self.report("/settlement/transactions", query, "transactions", reports.settled_transaction):
            if line.deposit_date is not None and since <= line.deposit_date <= until:
                yield line
        yield from self._settled_disputes(since=since, until=until)

    def _settled_disputes(self, *, since: date, until: date) -> Iterator[SettledTransaction]:
        """What disputes took or gave back, from a report of its own; what no deposit carries yet is no money."""
        query = {"from_deposit_time_created": since.isoformat(), "to_deposit_time_created": until.isoformat()}
        for line in self.report("/settlement/disputes", query, "disputes", reports.settled_dispute):
            if line is not None and line.deposit_date is not None and since <= line.deposit_date <= until:
                yield line

    def deposits(self, *, since: date, until: date) -> Iterator[DepositAdvice]:
        query = {"from_time_created": since.isoformat(), "to_time_created": until.isoformat()}
        for advice in self.report("/settlement/deposits", query, "deposits", reports.deposit_advice):
            if since <= advice.paid_on <= until:
                yield advice

    def was_paid_out(self, *, gateway_id: str, reference: str) -> bool:
        lines = self.report(
            "/settlement/transactions", {"reference": reference}, "transactions", reports.settled_transaction
        )
        return any(
            line.gateway_id == gateway_id and line.type == "SALE" and line.amount.amount > 0 and line.deposit_id
            for line in lines
        )
