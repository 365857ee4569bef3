"""Disputes at the gateway: read them, book what they do to money, deliver our answers.

`read` asks, `record` writes (one transaction a reading), `answer` sends what staff decided, `decide` is what finance
says of the money and `unlink` takes a link back. Whoever hears of a dispute (a notification, our own answer) ends in
`dispute_reread`.
"""

from oropay.engine.disputes.answer import answer_execute, answer_lease_expired, answer_look
from oropay.engine.disputes.decide import (
    dispute_link,
    dispute_split,
    dispute_write_off,
    link_candidates,
    lost_of,
    split_shown,
)
from oropay.engine.disputes.read import Pulled, dispute_reread, dispute_reread_known, disputes_pull
from oropay.engine.disputes.record import dispute_record
from oropay.engine.disputes.unlink import Undoing, dispute_unlink, undoing_of, unlink_refusal, was_lost

__all__ = [
    "Pulled",
    "Undoing",
    "answer_execute",
    "answer_lease_expired",
    "answer_look",
    "dispute_link",
    "dispute_record",
    "dispute_reread",
    "dispute_reread_known",
    "dispute_split",
    "dispute_unlink",
    "dispute_write_off",
    "disputes_pull",
    "link_candidates",
    "lost_of",
    "split_shown",
    "undoing_of",
    "unlink_refusal",
    "was_lost",
]
