"""Who is paying: what 3-D Secure proved before a card was charged. No money is in this table."""

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField
from oropay.models.payment import Payment
from oropay.models.transaction import Action
from plumbing.audit import tracked


class AuthenticationOutcome(models.TextChoices):
    """How asking the card holder's bank ended; what follows is a table, `oropay.authentication.CONSEQUENCES`."""

    OPEN = "open", _("Not decided yet")
    """The bank, the browser or the buyer has the word."""
    AUTHENTICATED = "authenticated", _("Authenticated")
    """The bank says that it is the card holder."""
    ATTEMPTED = "attempted", _("Attempted")
    """The bank takes no part yet; the card scheme vouches that it was tried."""
    FAILED = "failed", _("Not authenticated")
    """The card holder did not prove who they are, or said no. Nothing is charged."""
    REJECTED = "rejected", _("Rejected by the bank")
    """The bank suspects fraud and wants no payment made. Nothing is charged."""
    UNAVAILABLE = "unavailable", _("The bank could not say")
    """The bank could not be asked. The integration's setting decides."""
    NOT_ENROLLED = "not_enrolled", _("Card not enrolled")
    """The card takes no part in 3-D Secure. The integration's setting decides."""
    ABANDONED = "abandoned", _("Not finished")
    """The buyer left, or the time was over. Nothing is charged."""
    EXEMPT = "exempt", _("Exemption claimed")
    """Nobody was asked: the payment claims an exemption instead."""


PROVEN = frozenset({AuthenticationOutcome.AUTHENTICATED, AuthenticationOutcome.ATTEMPTED})
"""Its bank vouched for the card holder: what a payment may name to the bank."""


class ChallengeReason(models.TextChoices):
    """Why the card holder's bank is told to question the buyer, whatever it thinks of the risk."""

    NONE = "", _("The bank decides")
    """Nothing is wished for."""
    SETTING = "setting", _("The integration always wants it")
    TRIES = "tries", _("Tried often")
    """A velocity limit was reached: `Payment.step_up`."""
    BANK = "bank", _("The bank asked for it")
    """The attempt before was declined because nobody had been asked (a soft decline)."""


@tracked(exclude=["token", "browser", "for_browser", "key_id"])
class Authentication(models.Model):
    """What was asked of the card holder's bank for one payment, and what it said.

    A charge may name it only for the amount, currency and card written down here, and only until `expires_at`.
    """

    payment = models.OneToOneField(Payment, on_delete=models.PROTECT, related_name="authentication")
    then = models.CharField(_("then"), max_length=24, choices=Action)
    """What follows once the bank has said yes: authorize or charge."""
    amount = MoneyAmountField(_("amount"))
    currency = models.CharField(_("currency"), max_length=3)
    token = models.CharField(max_length=60, editable=False)
    """The gateway's name of the card that was authenticated."""
    outcome = models.CharField(
        _("outcome"), max_length=16, choices=AuthenticationOutcome, default=AuthenticationOutcome.OPEN
    )
    challenge_reason = models.CharField(
        _("challenge wished for"), max_length=8, choices=ChallengeReason, blank=True, default=ChallengeReason.NONE
    )
    challenged = models.BooleanField(_("the bank asked the buyer"), default=False)
    liability_shift = models.BooleanField(_("liability shift"), default=False)
    """Fraud would be the bank's loss."""
    exemption = models.CharField(_("exemption"), max_length=40, blank=True)
    gateway_id = models.CharField(_("gateway id"), max_length=60, blank=True)
    message_version = models.CharField(_("message version"), max_length=10, blank=True)
    eci = models.CharField(_("ECI"), max_length=2, blank=True)
    server_trans_ref = models.CharField(max_length=60, blank=True)
    ds_trans_ref = models.CharField(max_length=60, blank=True)
    acs_trans_ref = models.CharField(max_length=60, blank=True)
    status = models.CharField(_("bank's word"), max_length=60, blank=True)
    status_reason = models.CharField(_("reason"), max_length=60, blank=True)
    method_completion = models.CharField(_("browser seen by the bank"), max_length=12, blank=True)
    browser = models.JSONField(default=dict, blank=True)
    """What the bank wants to know of the buyer's browser."""
    for_browser = models.BinaryField(null=True, editable=False)
    """SecretBox of what the buyer's browser takes to the bank; emptied when the payment is decided."""
    key_id = models.CharField(max_length=40, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"))
    expires_at = models.DateTimeField(_("expires"))
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        verbose_name = _("authentication")
        verbose_name_plural = _("authentications")
        triggers = [
            pgtrigger.ReadOnly(
                name="authenticated_for_this",
                fields=[
                    "payment",
                    "then",
                    "amount",
                    "currency",
                    "token",
                    "challenge_reason",
                    "created_at",
                    "expires_at",
                ],
            ),
        ]

    def __str__(self) -> str:
        return str(self.get_outcome_display())
