"""Who we take money with: provisioned accounts, and the integrations an admin makes of them."""

from datetime import datetime
from decimal import Decimal
from typing import Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, FilteredRelation, Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from commerce.money import EXPONENTS, MoneyAmountField, format_money, rounded
from plumbing.audit import tracked


class Environment(models.TextChoices):
    SANDBOX = "sandbox", _("Sandbox")
    """Test money only."""
    PRODUCTION = "production", _("Production")
    """Real money."""


@tracked(exclude=["credentials"])
class ProviderAccount(models.Model):
    """One merchant account at the gateway, made by `manage.py provision`. Admins pick one; nobody types keys."""

    organization = models.ForeignKey(
        "commerce.Organization",
        on_delete=models.PROTECT,
        related_name="provider_accounts",
        verbose_name=_("organization"),
    )
    name = models.CharField(_("name"), max_length=100)
    kind = models.CharField(_("gateway"), max_length=40, default="globalpayments")
    environment = models.CharField(_("environment"), max_length=12, choices=Environment, default=Environment.SANDBOX)
    service_url = models.URLField(_("service address"))
    country = models.CharField(_("country"), max_length=2, default="US")
    settlement_currency = models.CharField(_("settlement currency"), max_length=3)
    transaction_account = models.CharField(_("transaction account"), max_length=60, default="transaction_processing")
    tokenization_account = models.CharField(_("tokenization account"), max_length=60, default="tokenization")
    settlement_account = models.CharField(_("settlement account"), max_length=60, default="settlement_reporting")
    dispute_account = models.CharField(_("dispute account"), max_length=60, default="dispute_management")
    multi_capture = models.BooleanField(
        _("several captures"), default=False, help_text=_("The gateway takes a hold in several captures.")
    )
    renews_live_holds = models.BooleanField(
        _("renews live holds"),
        default=False,
        help_text=_("The gateway renews a hold that is still open; otherwise only one that has lapsed."),
    )
    bank_credits = models.BooleanField(
        _("credits to bank accounts"), default=False, help_text=_("The gateway gives money to bank accounts too.")
    )
    credentials = models.BinaryField(_("sealed credentials"), editable=False)
    """A sealed box that only the worker opens; see `oropay.vault`."""
    key_id = models.CharField(_("key"), max_length=40, editable=False)
    app_digest = models.CharField(max_length=64, blank=True, default="", editable=False)
    """SHA-256 of the sealed app id: it tells the accounts of one merchant from those of others. Empty until the account
    is provisioned anew, where it was made before this column.
    """
    is_active = models.BooleanField(_("active"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("provider account")
        verbose_name_plural = _("provider accounts")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="provider_account_name_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.get_environment_display()})"


class IntegrationType(models.TextChoices):
    OROPAY = "oropay", _("OroPay")
    """Cards and bank accounts through a provider account."""
    PAYMENT_TERMS = "payment_terms", _("Payment terms")
    """Nothing is taken now; the invoice says when it is due."""
    CHECK = "check", _("Check / money order")
    """The buyer mails a check; staff record it."""


class PaymentAction(models.TextChoices):
    MANUAL = "manual", _("Manual (Authorize)")
    """Hold the amount at checkout; staff capture it later."""
    AUTOMATIC = "automatic", _("Automatic (Capture)")
    """Charge the full amount at once."""


class ThreeDS(models.TextChoices):
    """When the card holder's bank is asked who is paying (3-D Secure 2), before a card is held or charged."""

    NEW_CARDS = "new_cards", _("Require for new cards")
    """A card typed in now, and a saved one until its bank has vouched for its holder at one of its payments: saving a
    card, and paying with it where nobody is asked, prove nothing.
    """
    ALWAYS = "always", _("Always")
    """Every card payment that a buyer starts."""
    NEVER = "never", _("Never")
    """Cards are charged without asking, unless their bank declines because of that. Fraud stays the seller's loss."""


class ThreeDSUnavailable(models.TextChoices):
    """What happens when nobody can be asked: the card is not enrolled, or its bank does not answer."""

    GO_ON = "go_on", _("Charge without it")
    """No liability shift."""
    REFUSE = "refuse", _("Refuse the payment")
    """The buyer is asked to use another card."""


class ThreeDSExemption(models.TextChoices):
    """Why a card payment needs no authentication, as told to the bank (PSD2, strong customer authentication)."""

    NONE = "", _("None")
    """Nothing is claimed."""
    LOW_VALUE = "LOW_VALUE", _("Low value")
    TRANSACTION_RISK_ANALYSIS = "TRANSACTION_RISK_ANALYSIS", _("Low risk")
    TRUSTED_MERCHANT = "TRUSTED_MERCHANT", _("Trusted merchant")
    SECURE_CORPORATE_PAYMENT = "SECURE_CORPORATE_PAYMENT", _("Secure corporate payment")
    SCA_DELEGATION = "SCA_DELEGATION", _("Delegated authentication")


class RiskMode(models.TextChoices):
    """Whether the gateway's fraud filter looks at card payments: GP-API `risk_assessment.mode`."""

    OFF = "off", _("Off")
    """Not asked for."""
    PASSIVE = "passive", _("Passive: only note the result")
    """It looks and says what it found; nothing is held."""
    ACTIVE = "active", _("Active: hold suspicious payments")
    """What it suspects is held until staff release or cancel it."""


class CheckPolicy(models.TextChoices):
    """What to do with an approved card payment whose address or security code did not simply match."""

    ACCEPT = "accept", _("Accept")
    REVIEW = "review", _("Let staff look at it")
    """A hold is not captured until somebody accepts it; a charge raises an alert."""
    REFUSE = "refuse", _("Refuse: reverse it at once")


class IntegrationQuerySet(models.QuerySet["Integration"]):
    def with_limits(self, *, currency: str) -> Self:
        """Read with each row, in the same query, what it takes in this currency: `least` and `most`, None without."""
        return self.alias(in_currency=FilteredRelation("limits", condition=Q(limits__currency=currency))).annotate(
            least=F("in_currency__min_amount"), most=F("in_currency__max_amount")
        )


@tracked(exclude=["webhook_key"])
class Integration(models.Model):
    """A way to pay as an admin configured it and as a buyer sees it."""

    organization = models.ForeignKey(
        "commerce.Organization", on_delete=models.PROTECT, related_name="integrations", verbose_name=_("organization")
    )
    type = models.CharField(_("type"), max_length=20, choices=IntegrationType, default=IntegrationType.OROPAY)
    name = models.CharField(_("name"), max_length=100, help_text=_("What staff call it; buyers see the label."))
    provider_account = models.ForeignKey(
        ProviderAccount, null=True, blank=True, on_delete=models.PROTECT, verbose_name=_("payment provider")
    )
    payment_action = models.CharField(
        _("payment action"), max_length=12, choices=PaymentAction, default=PaymentAction.AUTOMATIC
    )
    echeck = models.BooleanField(
        _("eCheck (ACH)"), default=False, help_text=_("Offer bank transfer beside cards. Needs Automatic (Capture).")
    )
    threeds = models.CharField(_("3-D Secure"), max_length=12, choices=ThreeDS, default=ThreeDS.NEVER)
    threeds_challenge = models.BooleanField(_("always let the bank question the buyer"), default=False)
    threeds_unavailable = models.CharField(
        _("if the bank cannot be asked"), max_length=8, choices=ThreeDSUnavailable, default=ThreeDSUnavailable.GO_ON
    )
    threeds_exemption = models.CharField(
        _("exemption to claim"), max_length=40, choices=ThreeDSExemption, blank=True, default=ThreeDSExemption.NONE
    )
    several_captures = models.BooleanField(
        _("several captures"),
        default=False,
        help_text=_("Take a hold in parts, as goods go out. Needs Manual (Authorize) and an account that allows it."),
    )
    renew_holds = models.BooleanField(
        _("renew holds"), default=True, help_text=_("Hold the amount anew before, or when, a hold expires.")
    )
    webhook_key = models.CharField(_("webhook key"), max_length=64, unique=True, editable=False)
    """The secret part of the webhook address; made at the first save."""
    is_active = models.BooleanField(_("active"), default=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, verbose_name=_("default owner")
    )
    log_warnings = models.BooleanField(
        _("log warnings"), default=False, help_text=_("Write synchronisation problems to the application log.")
    )
    currencies = ArrayField(models.CharField(max_length=3), verbose_name=_("currencies"), default=list)
    risk_mode = models.CharField(_("fraud filter"), max_length=8, choices=RiskMode, default=RiskMode.OFF)
    avs_not_matched = models.CharField(
        _("address does not match"), max_length=8, choices=CheckPolicy, default=CheckPolicy.ACCEPT
    )
    avs_partial = models.CharField(
        _("address matches in part"), max_length=8, choices=CheckPolicy, default=CheckPolicy.ACCEPT
    )
    avs_not_checked = models.CharField(
        _("address not checked"), max_length=8, choices=CheckPolicy, default=CheckPolicy.ACCEPT
    )
    cvv_not_matched = models.CharField(
        _("security code does not match"), max_length=8, choices=CheckPolicy, default=CheckPolicy.ACCEPT
    )
    cvv_not_checked = models.CharField(
        _("security code not checked"), max_length=8, choices=CheckPolicy, default=CheckPolicy.ACCEPT
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    least: Decimal | None
    most: Decimal | None
    """The limits of one currency; only on rows that were read `with_limits`."""

    objects = IntegrationQuerySet.as_manager()

    class Meta:
        verbose_name = _("integration")
        verbose_name_plural = _("integrations")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(fields=["organization", "name"], name="integration_name_once"),
            models.CheckConstraint(
                condition=Q(echeck=False) | Q(payment_action=PaymentAction.AUTOMATIC),
                name="integration_echeck_needs_automatic",
                violation_error_message=_("eCheck needs Automatic (Capture): a bank transfer cannot be held."),
            ),
            models.CheckConstraint(
                condition=Q(several_captures=False) | Q(payment_action=PaymentAction.MANUAL),
                name="integration_several_captures_need_manual",
                violation_error_message=_("Several captures need Manual (Authorize): only a hold is captured."),
            ),
            models.CheckConstraint(
                condition=Q(type=IntegrationType.OROPAY, provider_account__isnull=False)
                | (~Q(type=IntegrationType.OROPAY) & Q(provider_account__isnull=True, echeck=False)),
                name="integration_oropay_has_provider",
                violation_error_message=_("An OroPay integration needs a payment provider; other types have none."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Say at the field what does not go together; the constraints above refuse it whoever writes."""
        wrong: dict[str, str | Promise] = {}
        if self.type != IntegrationType.OROPAY:
            if self.echeck:
                wrong["echeck"] = _("Only an OroPay integration offers bank transfer.")
            if self.provider_account_id:
                wrong["provider_account"] = _("Only an OroPay integration has a payment provider.")
        elif not self.provider_account_id:
            wrong["provider_account"] = _("Choose the account that takes the money.")
        elif self.provider_account and self.provider_account.organization_id != self.organization_id:
            wrong["provider_account"] = _("This account belongs to another organization.")
        if self.several_captures and self.payment_action != PaymentAction.MANUAL:
            wrong["several_captures"] = _("Several captures need Manual (Authorize): only a hold is captured.")
        elif self.several_captures and self.provider_account and not self.provider_account.multi_capture:
            wrong["several_captures"] = _("This provider account takes a hold in one capture only.")
        if self.echeck and self.payment_action != PaymentAction.AUTOMATIC:
            wrong["echeck"] = _("eCheck needs Automatic (Capture): a bank transfer cannot be held.")
        if wrong:
            raise ValidationError(wrong)

    @property
    def provider(self) -> ProviderAccount:
        """The account of an OroPay integration; a constraint says that it has one."""
        if self.provider_account is None:
            raise ValueError(f"integration {self.pk} has no provider account")
        return self.provider_account


@tracked()
class IntegrationLimit(models.Model):
    """The smallest and largest payment that an integration takes in one currency; no row, no limit."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="limits")
    currency = models.CharField(_("currency"), max_length=3)
    min_amount = MoneyAmountField(_("smallest amount"), null=True, blank=True)
    max_amount = MoneyAmountField(_("largest amount"), null=True, blank=True)

    class Meta:
        verbose_name = _("limit")
        verbose_name_plural = _("limits")
        ordering = ["currency"]
        constraints = [
            models.UniqueConstraint(fields=["integration", "currency"], name="integration_limit_currency_once"),
            models.CheckConstraint(
                condition=(Q(min_amount__isnull=True) | Q(min_amount__gte=0))
                & (Q(max_amount__isnull=True) | Q(max_amount__gt=0)),
                name="integration_limit_not_negative",
                violation_error_message=_("A limit is more than nothing."),
            ),
            models.CheckConstraint(
                condition=Q(min_amount__isnull=True) | Q(max_amount__isnull=True) | Q(max_amount__gte=F("min_amount")),
                name="integration_limit_in_order",
                violation_error_message=_("The largest amount must not be below the smallest."),
            ),
        ]

    def __str__(self) -> str:
        parts = [
            format_money(amount, self.currency) if amount is not None else "…"
            for amount in (self.min_amount, self.max_amount)
        ]
        return " – ".join(parts)

    def clean(self) -> None:
        """Say at the field what the constraints refuse, and what the currency cannot express."""
        wrong: dict[str, str | Promise] = {}
        for name in ("min_amount", "max_amount"):
            amount = getattr(self, name)
            if amount is not None and self.currency in EXPONENTS and amount != rounded(amount, self.currency):
                wrong[name] = _("An amount in this currency has fewer decimals.")
        if self.min_amount is not None and self.max_amount is not None and self.max_amount < self.min_amount:
            wrong["max_amount"] = _("The largest amount must not be below the smallest.")
        if wrong:
            raise ValidationError(wrong)


@tracked()
class IntegrationLabel(models.Model):
    """What buyers read, per language; the row with an empty language is the fallback and always exists."""

    integration = models.ForeignKey(Integration, on_delete=models.CASCADE, related_name="labels")
    language = models.CharField(_("language"), max_length=12, blank=True, default="")
    label = models.CharField(_("label"), max_length=100, help_text=_("Shown at checkout."))
    short_label = models.CharField(_("short label"), max_length=60, help_text=_("Shown on the placed order."))

    class Meta:
        verbose_name = _("label")
        verbose_name_plural = _("labels")
        constraints = [
            models.UniqueConstraint(fields=["integration", "language"], name="integration_label_language_once"),
        ]

    def __str__(self) -> str:
        return self.label


class ProviderHealth(models.Model):
    """Whether a provider account answers. Apart from the account, because it changes with every outage."""

    provider_account = models.OneToOneField(
        ProviderAccount, primary_key=True, on_delete=models.CASCADE, related_name="health"
    )
    silent_since = models.DateTimeField(null=True)
    """The first unknown answer since the last good one."""
    wake_from = models.DateTimeField(null=True)
    """An answer was lost: from then on a good one asks for everything unknown at once. Empty: nothing was."""
    woken_at = models.DateTimeField(null=True)
    """When that was done last."""
    failures = models.PositiveIntegerField(default=0)
    """Answers that were none, one after the other, since `failing_since`."""
    failing_since = models.DateTimeField(null=True)
    """When they were first counted; an old row of failures is forgotten after a while."""
    open_until = models.DateTimeField(null=True)
    """The circuit is open: nothing is sent before then, and after it one transaction at a time, as a probe. Empty: it
    is closed, as always when the gateway answers.
    """

    class Meta:
        verbose_name = _("provider health")
        verbose_name_plural = _("provider health")

    def __str__(self) -> str:
        return str(self.provider_account_id)

    def refuses(self, now: datetime) -> bool:
        """Whether nothing is sent at the moment: what is started now would only wait."""
        return self.open_until is not None and now < self.open_until
