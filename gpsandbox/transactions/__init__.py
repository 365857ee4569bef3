"""Transactions: money asked for, held, taken, given back."""

from gpsandbox.transactions.confirmation import confirm
from gpsandbox.transactions.create import create
from gpsandbox.transactions.follow_ups import capture, hold, refund, release, reverse
from gpsandbox.transactions.reads import find, get
from gpsandbox.transactions.renewals import increment, reauthorize

__all__ = [
    "capture",
    "confirm",
    "create",
    "find",
    "get",
    "hold",
    "increment",
    "reauthorize",
    "refund",
    "release",
    "reverse",
]
