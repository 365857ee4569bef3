"""Why a transaction failed, and why people give money back."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class FailureReason(models.TextChoices):
    """Why a transaction is FAILED: each is a proof that nothing was taken."""

    NOT_SENT = "not_sent", _("Could not be sent")
    """No connection, or refused at the door, until its tries or its minute were used up."""
    NOT_TAKEN = "not_taken", _("Ruled out by two persons")
    """No evidence at the gateway decided it; two persons did. Watched for 90 days."""
    NEVER_ARRIVED = "never_arrived", _("Never arrived")
    """Absent in two look-ups, and the gateway knew nothing to reverse. Watched for 90 days."""
    NOT_DONE = "not_done", _("Not done")
    """Its answer was lost, and what it acted on is as it was before. Watched for 90 days."""
    CARD_GONE = "card_gone", _("Card no longer known")
    """The gateway no longer knows the card's token; the card must be entered again."""
    REFUSED = "refused", _("Refused by the gateway")
    """4xx: the form of our request."""
    REJECTED = "rejected", _("Rejected by the bank")
    """ACH rejected before funding."""
    UNANSWERED = "unanswered", _("No answer")
    """A check of a card whose answer was lost. It moves no money, so nothing has to be looked for."""
    BATCH_CLOSED = "batch_closed", _("Already sent for settlement")
    """A void came too late; a refund takes its place."""
    FROZEN = "frozen", _("Bank account frozen")
    """The worker opened the account number and found that a return forbids debiting it: nothing was sent."""
    ACCOUNT_WRONG = "account_wrong", _("Bank account wrong")
    """Its bank called details of the account wrong and nobody has put them right: nothing was sent."""


class RefundReason(models.TextChoices):
    CUSTOMER_REQUEST = "customer_request", _("Customer asked for it")
    DUPLICATE = "duplicate", _("Paid twice")
    GOODS = "goods", _("Goods returned or not delivered")
    PRICE = "price", _("Price adjustment")
    FRAUD = "fraud", _("Fraud")
    OTHER = "other", _("Other")
