"""Settlement: what the gateway pays out and takes back, and what it reports about that."""

from gpsandbox.settlement.deposits import FEES, payday_reached, run
from gpsandbox.settlement.lines import dispute_line_add
from gpsandbox.settlement.reports import deposit_get, deposits_find, transactions_find
from gpsandbox.settlement.returns import return_arrives

__all__ = [
    "FEES",
    "deposit_get",
    "deposits_find",
    "dispute_line_add",
    "payday_reached",
    "return_arrives",
    "run",
    "transactions_find",
]
