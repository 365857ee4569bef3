"""One conversation with the gateway about a payment, and the only moves it may make."""

import uuid
from datetime import datetime
from decimal import Decimal

import pghistory
import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField, format_money
from oropay.models.payable import Payable
from oropay.models.payment import Payment
from oropay.models.reasons import FailureReason, RefundReason
from plumbing.audit import append_only


class Action(models.TextChoices):
    """What was asked of the gateway, or what we learned from outside."""

    VALIDATE = "validate", _("Validate")
    """A zero-amount check of a card."""
    AUTHENTICATE_CHECK = "authenticate_check", _("3-D Secure: check")
    AUTHENTICATE_INITIATE = "authenticate_initiate", _("3-D Secure: start")
    AUTHENTICATE_RESULT = "authenticate_result", _("3-D Secure: result")
    AUTHORIZE = "authorize", _("Authorize")
    """Hold the amount; nothing is taken."""
    REAUTHORIZE = "reauthorize", _("Reauthorize")
    """Renew a hold before it expires."""
    CAPTURE = "capture", _("Capture")
    """Take held money."""
    CHARGE = "charge", _("Charge")
    """Take money at once."""
    CANCEL = "cancel", _("Cancel")
    """Release a hold, or void a charge that is not settled."""
    REFUND = "refund", _("Refund")
    """Give captured money back to where it came from."""
    CREDIT = "credit", _("Credit")
    """Give money without an earlier charge."""
    REVIEW_RELEASE = "review_release", _("Release from review")
    """End the gateway's fraud review of a payment: it then stands as it was approved."""
    OFFLINE_RECEIPT = "offline_receipt", _("Offline receipt")
    """A check or wire that a person recorded."""
    RELEASE = "release", _("Release")
    """The rest of a hold after its single capture, or a hold that expired."""
    RETURN = "return", _("Return")
    """The bank took ACH money back."""
    CHARGEBACK = "chargeback", _("Chargeback")
    """A dispute took card money back; it may still be won."""
    CHARGEBACK_LOST = "chargeback_lost", _("Chargeback lost")
    """A dispute is decided: what its chargeback took stays away. Moves no money by itself."""
    CHARGEBACK_REVERSAL = "chargeback_reversal", _("Chargeback reversal")
    """What a chargeback took came back."""


class TransactionState(models.TextChoices):
    AWAITING_APPROVAL = "awaiting_approval", _("Awaiting approval")
    """A second person must agree. Nothing was sent."""
    QUEUED = "queued", _("Queued")
    """Committed, not yet sent. No money can have moved."""
    SENDING = "sending", _("Sending")
    """A worker holds the lease and may have sent it. Only `engine` moves it on."""
    ACTION_REQUIRED = "action_required", _("Action required")
    """The buyer must act (3-D Secure). Nothing is charged; expires after 15 minutes."""
    REVIEW = "review", _("In review")
    """The gateway holds it for fraud."""
    PENDING = "pending", _("Pending")
    """Accepted, but the money is not sure yet (ACH; an offline receipt expected)."""
    UNKNOWN = "unknown", _("Checking with the bank")
    """Sent, no trustworthy answer. Money may have moved: look it up, never resend, never time out into FAILED."""
    APPROVED = "approved", _("Approved")
    """Done: the gateway said yes."""
    DECLINED = "declined", _("Declined")
    """The bank said no. Nothing moved."""
    FAILED = "failed", _("Failed")
    """Certainly not taken; `failure_reason` says why."""
    CANCELED = "canceled", _("Canceled")
    """Withdrawn, or found reversed at the gateway. Nothing is held or taken."""
    EXPIRED = "expired", _("Expired")
    """Not finished in time. Nothing was taken."""


S = TransactionState

MOVES: dict[TransactionState, frozenset[TransactionState]] = {
    S.AWAITING_APPROVAL: frozenset({S.QUEUED, S.CANCELED}),
    S.QUEUED: frozenset({S.SENDING, S.CANCELED}),
    S.SENDING: frozenset(
        {S.QUEUED, S.APPROVED, S.DECLINED, S.PENDING, S.FAILED, S.REVIEW, S.ACTION_REQUIRED, S.UNKNOWN}
    ),
    S.ACTION_REQUIRED: frozenset({S.APPROVED, S.DECLINED, S.CANCELED, S.EXPIRED}),
    S.REVIEW: frozenset({S.APPROVED, S.DECLINED, S.PENDING, S.CANCELED, S.EXPIRED}),
    S.PENDING: frozenset({S.APPROVED, S.FAILED, S.CANCELED}),
    S.UNKNOWN: frozenset({S.APPROVED, S.DECLINED, S.PENDING, S.REVIEW, S.ACTION_REQUIRED, S.FAILED, S.CANCELED}),
    S.APPROVED: frozenset(),
    S.DECLINED: frozenset(),
    S.FAILED: frozenset(),
    S.CANCELED: frozenset(),
    S.EXPIRED: frozenset(),
}
"""Every legal move. The database refuses the others too: the trigger below is generated from this table."""

FINAL = frozenset(state for state, onward in MOVES.items() if not onward)
LIVE = frozenset({S.QUEUED, S.SENDING, S.UNKNOWN, S.ACTION_REQUIRED, S.REVIEW})
"""An initiating transaction in one of these keeps its payables to itself."""
RUNNING = frozenset({S.QUEUED, S.SENDING, S.UNKNOWN})
"""A follow-up in one of these forbids another follow-up of the same parent."""
REREAD = frozenset({S.REVIEW, S.PENDING})
"""The gateway has it and will decide later: it is read again by its id from time to time."""
BORN = frozenset({S.AWAITING_APPROVAL, S.QUEUED, S.APPROVED, S.PENDING})
"""Ours are born awaiting approval or queued; facts from outside and late rows approved (a late bank debit under way
pending); an expected offline receipt pending. What somebody did at the gateway itself is such a fact (`outside`).
"""
OUTSIDE = frozenset(
    {
        Action.OFFLINE_RECEIPT,
        Action.RELEASE,
        Action.RETURN,
        Action.CHARGEBACK,
        Action.CHARGEBACK_LOST,
        Action.CHARGEBACK_REVERSAL,
    }
)
"""Facts we are told; nobody asks the gateway for them."""
HOLDS = frozenset({Action.AUTHORIZE, Action.REAUTHORIZE})
"""Approved, they keep money on a card; a renewed one lives on in its renewal."""
SALES = HOLDS | {Action.CHARGE}
"""What a reversal undoes. Money given back is never called back by itself."""
NAMED = SALES | {Action.REFUND, Action.CREDIT}
"""Each makes a transaction of its own at the gateway, which carries our reference and gets an id there."""
AUTHENTICATING = frozenset({Action.AUTHENTICATE_CHECK, Action.AUTHENTICATE_INITIATE, Action.AUTHENTICATE_RESULT})
"""3-D Secure: about who pays. No money can have moved, whatever became of one."""
INITIATING = AUTHENTICATING | {Action.AUTHORIZE, Action.CHARGE}
GIVEN = frozenset({Action.REFUND, Action.CREDIT})
"""Money that leaves us, with an earlier charge or without. No look proves one absent: it is found, or people decide."""


def _sql(names: frozenset[TransactionState] | frozenset[Action]) -> str:
    return ", ".join(f"'{name.value}'" for name in sorted(names))


FINAL_ROWS_STAND = pgtrigger.Trigger(
    name="final_rows_stand",
    operation=pgtrigger.Update,
    when=pgtrigger.Before,
    func=pgtrigger.Func(  # type: ignore[no-untyped-call]
        f"""
        IF OLD.state IN ({_sql(FINAL)}) AND (to_jsonb(OLD) - ARRAY['settled_at', 'batch_id', 'deposit_id'])
            IS DISTINCT FROM (to_jsonb(NEW) - ARRAY['settled_at', 'batch_id', 'deposit_id']) THEN
            RAISE EXCEPTION 'A final transaction never changes (transaction %)', OLD.id;
        END IF;
        IF (OLD.settled_at IS NOT NULL AND NEW.settled_at IS DISTINCT FROM OLD.settled_at)
            OR (OLD.batch_id <> '' AND NEW.batch_id <> OLD.batch_id)
            OR (OLD.deposit_id <> '' AND NEW.deposit_id <> OLD.deposit_id) THEN
            RAISE EXCEPTION 'Settlement columns are written once (transaction %)', OLD.id;
        END IF;
        RETURN NEW;
        """
    ),
)

BORN_IN_A_FIRST_STATE = pgtrigger.Trigger(
    name="born_in_a_first_state",
    operation=pgtrigger.Insert,
    when=pgtrigger.Before,
    func=pgtrigger.Func(  # type: ignore[no-untyped-call]
        f"""
        IF NEW.state NOT IN ({_sql(BORN)})
            OR (NEW.state = 'approved' AND NOT NEW.late AND NOT NEW.outside AND NEW.action NOT IN ({_sql(OUTSIDE)}))
            OR (NEW.state = 'pending' AND NOT NEW.late AND NEW.action <> 'offline_receipt') THEN
            RAISE EXCEPTION 'A % cannot be born in state %', NEW.action, NEW.state;
        END IF;
        RETURN NEW;
        """
    ),
)


@pghistory.track(
    pghistory.InsertEvent("born"),
    pghistory.UpdateEvent("moved", condition=pghistory.AnyChange("state")),
    fields=["state", "failure_reason", "tries"],
    obj_field=pghistory.ObjForeignKey(related_name="steps"),
    model_name="TransactionStep",
    append_only=True,
)
class PaymentTransaction(models.Model):
    """One conversation with the gateway. The row is the outbox: it is committed before a byte leaves."""

    payment = models.ForeignKey(Payment, on_delete=models.PROTECT, related_name="transactions")
    parent = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="children")
    action = models.CharField(_("action"), max_length=24, choices=Action)
    amount = MoneyAmountField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    state = models.CharField(_("state"), max_length=20, choices=TransactionState, default=TransactionState.QUEUED)
    failure_reason = models.CharField(max_length=20, choices=FailureReason, blank=True)
    reference = models.CharField(_("reference"), max_length=50, unique=True)
    """Our name for it at the gateway."""
    idempotency_key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    capture_mode = models.CharField(max_length=10, blank=True)
    """Of an authorize: `later` or `multiple`."""

    gateway_id = models.CharField(_("gateway id"), max_length=60, blank=True, db_index=True)
    gateway_reference = models.CharField(max_length=50, blank=True)
    """What the gateway calls `reference` when the row was born late and has a reference of its own."""
    gateway_status = models.CharField(_("gateway status"), max_length=40, blank=True)
    result_code = models.CharField(_("result code"), max_length=20, blank=True)
    message = models.CharField(_("gateway message"), max_length=250, blank=True)
    error_code = models.CharField(max_length=20, blank=True)
    auth_code = models.CharField(_("authorization code"), max_length=20, blank=True)
    avs_address = models.CharField(max_length=20, blank=True)
    avs_postal_code = models.CharField(max_length=20, blank=True)
    cvv = models.CharField(max_length=20, blank=True)
    risk = models.CharField(max_length=20, blank=True)
    late = models.BooleanField(default=False)
    """Turned up at the gateway after it had been proven absent."""
    outside = models.BooleanField(_("done at the gateway"), default=False)
    """A capture, reversal or refund that somebody made at the gateway itself; we only learned of it."""
    batch_id = models.CharField(max_length=60, blank=True)
    deposit_id = models.CharField(_("deposit"), max_length=60, blank=True)
    settled_at = models.DateTimeField(_("settled"), null=True)

    next_at = models.DateTimeField(null=True)
    """When it is due: to be sent, to be looked up, or to be read again."""
    hinted_at = models.DateTimeField(null=True)
    """When the sweep last told a worker of it."""
    tries = models.PositiveSmallIntegerField(default=0)
    lease_until = models.DateTimeField(null=True)
    send_before = models.DateTimeField(null=True)
    answer_by = models.DateTimeField(null=True)
    unknown_since = models.DateTimeField(null=True)
    looks = models.PositiveSmallIntegerField(default=0)
    """Look-ups made since it became unknown."""
    absent_since = models.DateTimeField(null=True)
    """The first complete look-up that found nothing."""
    parent_before = models.JSONField(default=dict, blank=True)
    """What the gateway said of the parent just before a capture or cancel: an unknown one is judged against it."""

    reason = models.CharField(max_length=20, choices=RefundReason, blank=True)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    created_at = models.DateTimeField(_("created"))
    queued_at = models.DateTimeField(null=True)
    """When a second person let it go, if it had to wait for one: its minute to be sent begins here."""
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("transaction")
        verbose_name_plural = _("transactions")
        ordering = ["-created_at", "-id"]
        constraints = [
            models.CheckConstraint(
                condition=Q(amount__gt=0) | Q(action=Action.VALIDATE, amount=0), name="transaction_moves_something"
            ),
            models.CheckConstraint(
                condition=(Q(state=TransactionState.FAILED) & ~Q(failure_reason=""))
                | (~Q(state=TransactionState.FAILED) & Q(failure_reason="")),
                name="transaction_failed_says_why",
            ),
            models.UniqueConstraint(
                fields=["parent"], condition=Q(state__in=sorted(RUNNING)), name="one_running_follow_up_per_parent"
            ),
            models.UniqueConstraint(fields=["parent"], condition=Q(action=Action.RETURN), name="one_return_per_debit"),
        ]
        indexes = [
            models.Index(
                fields=["next_at"],
                condition=Q(state__in=["queued", "sending", "unknown", "review", "pending", "action_required"]),
                name="transaction_due",
            ),
            models.Index(fields=["payment", "id"], name="transaction_payment"),
        ]
        triggers = [
            pgtrigger.FSM(
                name="only_legal_moves",
                field="state",
                transitions=sorted((old.value, new.value) for old, news in MOVES.items() for new in news),
            ),
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(
                name="said_once",
                fields=["payment", "parent", "action", "amount", "currency", "reference", "idempotency_key"],
            ),
            FINAL_ROWS_STAND,
            BORN_IN_A_FIRST_STATE,
        ]

    def __str__(self) -> str:
        return f"{self.get_action_display()} {format_money(self.amount, self.currency)} · {self.get_state_display()}"

    @property
    def subject(self) -> "PaymentTransaction | None":
        """What it acts on: its parent. A late one stands for the failed row above it and acts on what that acted on."""
        return self.parent.parent if self.late and self.parent is not None else self.parent

    @property
    def give_up_at(self) -> datetime:
        """When its time to be sent is over; what is sent by then may take as long as it must."""
        over: datetime = (self.queued_at or self.created_at) + settings.OROPAY_GIVE_UP_AFTER
        return over

    @property
    def is_final(self) -> bool:
        return self.state in FINAL


@append_only
class Exchange(models.Model):
    """One question to the gateway about a transaction and what came back, redacted and sealed. Append-only."""

    transaction = models.ForeignKey(PaymentTransaction, on_delete=models.PROTECT, related_name="exchanges")
    kind = models.CharField(max_length=10)
    """`send` or `look`."""
    verdict = models.CharField(max_length=12)
    http_status = models.PositiveSmallIntegerField(null=True)
    error_code = models.CharField(max_length=20, blank=True)
    gateway_id = models.CharField(max_length=60, blank=True)
    payload = models.BinaryField()
    """SecretBox of the redacted request and response; see `oropay.vault.payload_open`."""
    key_id = models.CharField(max_length=40)
    at = models.DateTimeField()

    class Meta:
        verbose_name = _("exchange")
        verbose_name_plural = _("exchanges")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.kind} · {self.verdict}"


class RefundSource(models.TextChoices):
    """What a refund is taken from; it decides the ledger entry."""

    DEPOSIT = "deposit", _("Deposit of an order")
    """Money paid for an order that is not billed: the deposit shrinks."""
    CREDIT = "credit", _("Unallocated credit")
    """Money that pays nothing: the customer's credit shrinks."""
    INVOICE = "invoice", _("Invoice still owed")
    """The invoice becomes due again by this much."""


@append_only
class RefundLine(models.Model):
    """One part of a refund and where it comes from. Σ = the refund's amount. Append-only."""

    refund = models.ForeignKey(PaymentTransaction, on_delete=models.PROTECT, related_name="refund_lines")
    source = models.CharField(max_length=10, choices=RefundSource)
    payable = models.ForeignKey(Payable, null=True, on_delete=models.PROTECT, related_name="refund_lines")
    amount = MoneyAmountField(_("amount"))

    class Meta:
        verbose_name = _("refund line")
        verbose_name_plural = _("refund lines")
        constraints = [
            models.CheckConstraint(condition=Q(amount__gt=Decimal(0)), name="refund_line_gives_something"),
            models.CheckConstraint(
                condition=Q(source=RefundSource.CREDIT, payable__isnull=True)
                | (~Q(source=RefundSource.CREDIT) & Q(payable__isnull=False)),
                name="refund_line_names_its_payable",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_source_display()} {self.amount}"
