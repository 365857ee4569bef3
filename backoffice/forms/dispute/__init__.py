"""Dialogs of a dispute: each says in one sentence what will happen to the money, and by when."""

from backoffice.forms.dispute.answers import (
    AcceptForm,
    ChallengeForm,
    EvidenceForm,
    WithdrawAnswerForm,
    WithdrawForm,
)
from backoffice.forms.dispute.care import RemarkForm, RereadForm
from backoffice.forms.dispute.money import LinkForm, SplitForm, UnlinkForm, WriteOffForm

__all__ = [
    "AcceptForm",
    "ChallengeForm",
    "EvidenceForm",
    "LinkForm",
    "RemarkForm",
    "RereadForm",
    "SplitForm",
    "UnlinkForm",
    "WithdrawAnswerForm",
    "WithdrawForm",
    "WriteOffForm",
]
