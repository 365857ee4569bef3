"""What staff do with a dispute: collect evidence, answer it, look after it. `oropay.engine.disputes` books money."""

from oropay.services.dispute.answer import (
    Answerable,
    acceptance_end,
    answer_withdrawable,
    answerable,
    dispute_accept,
    dispute_answer_withdraw,
    dispute_challenge,
)
from oropay.services.dispute.case import dispute_assign, dispute_remark, dispute_reread_ask
from oropay.services.dispute.evidence import (
    EvidenceFile,
    evidence_add,
    evidence_offered,
    evidence_withdraw,
    evidence_withdrawable,
    size_words,
)
from oropay.services.dispute.notice import answer_failed_tell, deadlines_watch, finance_of, notice_give

__all__ = [
    "Answerable",
    "EvidenceFile",
    "acceptance_end",
    "answer_failed_tell",
    "answer_withdrawable",
    "answerable",
    "deadlines_watch",
    "dispute_accept",
    "dispute_answer_withdraw",
    "dispute_assign",
    "dispute_challenge",
    "dispute_remark",
    "dispute_reread_ask",
    "evidence_add",
    "evidence_offered",
    "evidence_withdraw",
    "evidence_withdrawable",
    "finance_of",
    "notice_give",
    "size_words",
]
