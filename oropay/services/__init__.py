"""Every write of the payment module, by subject."""

from oropay.accountcheck import routing_is_valid
from oropay.services.ach import (
    ach_return_code_enter,
    expected_on,
    freeze_lift,
    freeze_of,
    frozen_sentence,
    settles_on,
)
from oropay.services.ach.retry import retries_of, retry_refusal
from oropay.services.alert import alert_raise, alert_resolve
from oropay.services.approval import approval_agree, approval_ask, approval_refuse
from oropay.services.credit import credit_refusal, credit_start
from oropay.services.drift import drift_ask, finding_note, finding_resolve
from oropay.services.followup import (
    Allowed,
    RefundLineAsked,
    cancel_start,
    cancelable,
    capturable,
    capture_start,
    check_accept,
    check_open,
    reauthorize_start,
    refund_lines_suggested,
    refund_start,
    refundable,
    releasable,
    renewable,
    review_expire,
    review_release_start,
)
from oropay.services.forced import forced_statuses_expire, status_force, status_unforce
from oropay.services.guard import card_form_guard, lockout_lift
from oropay.services.instrument import (
    BankDetails,
    MandateGiven,
    NewCard,
)
from oropay.services.limits import LimitsAsked, refund_limits_propose
from oropay.services.mandate import Proof, mandate_covers, mandate_for, mandate_record, mandate_revoke
from oropay.services.notification import (
    notification_receive,
    notification_replay,
    notifications_forget,
    notifications_hint,
    webhook_check_end,
    webhook_check_start,
)
from oropay.services.offline import offline_receipt_record
from oropay.services.payable import payable_open, payable_recompute, payable_running, payable_take_over
from oropay.services.provider import integration_save, provider_provision, webhook_address, webhook_rotate
from oropay.services.refund_mail import instrument_words, refund_mail
from oropay.services.retry import debit_retry
from oropay.services.settlement import SettledKind, SettledNote, returns_reread, settlement_note, watch_wake
from oropay.services.start import (
    Client,
    NewBank,
    PartAsked,
    PaymentAsked,
    RepeatedDebit,
    SavedInstrument,
    payment_start,
)
from oropay.services.validate import card_validate_start, instrument_validate_start
from oropay.services.vault import Rotation, canaries_check, canaries_ensure, vault_rotate
from oropay.services.verdict import EvidenceFile, verdict_propose, verdict_refusal
from oropay.services.wallet import (
    bank_save,
    instrument_delete,
    instrument_edit,
    instrument_prefer,
    instrument_refusal,
    instrument_restore,
    request_again,
)

__all__ = [
    "Allowed",
    "BankDetails",
    "Client",
    "EvidenceFile",
    "LimitsAsked",
    "MandateGiven",
    "NewBank",
    "NewCard",
    "PartAsked",
    "PaymentAsked",
    "Proof",
    "RefundLineAsked",
    "RepeatedDebit",
    "Rotation",
    "SavedInstrument",
    "SettledKind",
    "SettledNote",
    "ach_return_code_enter",
    "alert_raise",
    "alert_resolve",
    "approval_agree",
    "approval_ask",
    "approval_refuse",
    "bank_save",
    "canaries_check",
    "canaries_ensure",
    "cancel_start",
    "cancelable",
    "capturable",
    "capture_start",
    "card_form_guard",
    "card_validate_start",
    "check_accept",
    "check_open",
    "credit_refusal",
    "credit_start",
    "debit_retry",
    "drift_ask",
    "expected_on",
    "finding_note",
    "finding_resolve",
    "forced_statuses_expire",
    "freeze_lift",
    "freeze_of",
    "frozen_sentence",
    "instrument_delete",
    "instrument_edit",
    "instrument_prefer",
    "instrument_refusal",
    "instrument_restore",
    "instrument_validate_start",
    "instrument_words",
    "integration_save",
    "lockout_lift",
    "mandate_covers",
    "mandate_for",
    "mandate_record",
    "mandate_revoke",
    "notification_receive",
    "notification_replay",
    "notifications_forget",
    "notifications_hint",
    "offline_receipt_record",
    "payable_open",
    "payable_recompute",
    "payable_running",
    "payable_take_over",
    "payment_start",
    "provider_provision",
    "reauthorize_start",
    "refund_limits_propose",
    "refund_lines_suggested",
    "refund_mail",
    "refund_start",
    "refundable",
    "releasable",
    "renewable",
    "request_again",
    "retries_of",
    "retry_refusal",
    "returns_reread",
    "review_expire",
    "review_release_start",
    "routing_is_valid",
    "settlement_note",
    "settles_on",
    "status_force",
    "status_unforce",
    "vault_rotate",
    "verdict_propose",
    "verdict_refusal",
    "watch_wake",
    "webhook_address",
    "webhook_check_end",
    "webhook_check_start",
    "webhook_rotate",
]
