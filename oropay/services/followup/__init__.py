"""What staff do with a payment afterwards: capture, cancel, refund. Each queues one row; the worker moves the money.

One file an action; `queue` holds what they have in common.
"""

from oropay.services.followup.approval import GivingBack
from oropay.services.followup.cancel import cancel_start, cancelable, reversal_queue
from oropay.services.followup.capture import capturable, capture_start, held_until, rest_releasable
from oropay.services.followup.giveback import WayBack, WaysBack, give_back_start, ways_back
from oropay.services.followup.queue import Allowed
from oropay.services.followup.refund import (
    RefundLineAsked,
    lines_beyond,
    refund_instead_of_void,
    refund_lines_suggested,
    refund_start,
    refundable,
)
from oropay.services.followup.renew import reauthorize_start, renewable
from oropay.services.followup.review import check_accept, check_open, releasable, review_expire, review_release_start

__all__ = [
    "Allowed",
    "GivingBack",
    "RefundLineAsked",
    "WayBack",
    "WaysBack",
    "cancel_start",
    "cancelable",
    "capturable",
    "capture_start",
    "check_accept",
    "check_open",
    "give_back_start",
    "held_until",
    "lines_beyond",
    "reauthorize_start",
    "refund_instead_of_void",
    "refund_lines_suggested",
    "refund_start",
    "refundable",
    "releasable",
    "renewable",
    "rest_releasable",
    "reversal_queue",
    "review_expire",
    "review_release_start",
    "ways_back",
]
