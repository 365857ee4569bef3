"""The only place that speaks to a gateway about money."""

from oropay.engine.drift import drift_check
from oropay.engine.execute import execute, give_up
from oropay.engine.inbox import inbox_drain
from oropay.engine.leaving import authentication_expire, authentication_leave
from oropay.engine.record import record
from oropay.engine.unknown import look, reread
from oropay.engine.wallet import instrument_request
from oropay.engine.watch import watch

__all__ = [
    "authentication_expire",
    "authentication_leave",
    "drift_check",
    "execute",
    "give_up",
    "inbox_drain",
    "instrument_request",
    "look",
    "record",
    "reread",
    "watch",
]
