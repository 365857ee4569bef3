"""What a buyer pays with, and the buyer's word that we may debit it."""

import uuid

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField
from oropay.models.provider import ProviderAccount
from plumbing.audit import tracked


class InstrumentKind(models.TextChoices):
    CARD = "card", _("Card")
    """The gateway keeps the number; we keep its token."""
    BANK = "bank", _("Bank account")
    """GP-API has no token for bank accounts: the number is sealed in our vault."""


class InstrumentState(models.TextChoices):
    ONCE = "once", _("Used once")
    """Entered for one payment; never offered again."""
    WAITING = "waiting", _("Saved once its payment stands")
    """The gateway keeps it already; its first payment is in review. Not offered until that is released."""
    ACTIVE = "active", _("Saved")
    """Offered for the next payment."""
    FROZEN = "frozen", _("Frozen")
    """A return forbids using it until a person decides."""
    DEAD = "dead", _("Must be entered again")
    """The gateway no longer knows the card's token: it pays nothing until the card is entered again."""
    DELETED = "deleted", _("Deleted")
    """Removed by a person, or used once and needed no more. Kept for the payments that used it."""


SAVED = (InstrumentState.ACTIVE, InstrumentState.FROZEN, InstrumentState.DEAD)
"""One line on the page of payment methods: the same card or account of one owner is saved once."""


class CheckState(models.TextChoices):
    """What is known about a bank account before it is debited."""

    UNCHECKED = "unchecked", _("Not checked")
    """Cards, and accounts from before there was a check."""
    FORM = "form", _("Form checked")
    """Its numbers have the right form; nobody asked the bank."""
    VERIFIED = "verified", _("Verified")
    """A verification service says that the account exists and may be debited."""


@tracked(exclude=["sealed", "token", "fingerprint"])
class Instrument(models.Model):
    """A card or bank account, saved or used once. No full number is in this table."""

    uuid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    kind = models.CharField(_("kind"), max_length=8, choices=InstrumentKind)
    state = models.CharField(_("state"), max_length=10, choices=InstrumentState, default=InstrumentState.ONCE)
    customer = models.ForeignKey(
        "commerce.Customer", on_delete=models.PROTECT, related_name="instruments", verbose_name=_("customer")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="instruments",
        verbose_name=_("owner"),
        help_text=_("Empty: the whole company may pay with it."),
    )
    provider_account = models.ForeignKey(ProviderAccount, on_delete=models.PROTECT, related_name="instruments")
    nickname = models.CharField(_("nickname"), max_length=60, blank=True)
    holder_name = models.CharField(_("holder"), max_length=100, blank=True)
    last4 = models.CharField(_("last four digits"), max_length=4, blank=True)
    fingerprint = models.CharField(max_length=80, blank=True, editable=False, db_index=True)
    brand = models.CharField(_("brand"), max_length=20, blank=True)
    expiry_month = models.PositiveSmallIntegerField(_("expiry month"), null=True, blank=True)
    expiry_year = models.PositiveSmallIntegerField(_("expiry year"), null=True, blank=True)
    token = models.CharField(max_length=60, blank=True, editable=False)
    """The gateway's name for the card: single-use at first, lasting once `state` is WAITING or ACTIVE."""
    brand_reference = models.CharField(max_length=60, blank=True, editable=False)
    """The card scheme's name for its first buyer-initiated payment."""
    bank_name = models.CharField(_("bank"), max_length=100, blank=True)
    routing_number = models.CharField(_("routing number"), max_length=9, blank=True)
    account_type = models.CharField(_("account type"), max_length=10, blank=True)
    """CHECKING or SAVING."""
    holder_type = models.CharField(_("holder type"), max_length=10, blank=True)
    """BUSINESS or PERSONAL."""
    sealed = models.BinaryField(null=True, editable=False)
    """The account number in a sealed box bound to this row; only the worker opens it. See `oropay.vault`."""
    key_id = models.CharField(max_length=40, blank=True, editable=False)
    same_as = models.ForeignKey("self", null=True, blank=True, editable=False, on_delete=models.PROTECT)
    """The saved instrument this one turned out to be, when it was entered again."""
    check_state = models.CharField(
        _("account check"), max_length=10, choices=CheckState, default=CheckState.UNCHECKED, editable=False
    )
    check_words = models.CharField(_("what the check found"), max_length=200, blank=True, editable=False)
    checked_at = models.DateTimeField(_("checked"), null=True, blank=True, editable=False)
    autopay_stopped_at = models.DateTimeField(_("autopay stopped"), null=True, blank=True, editable=False)
    """Since a return said so, only a person may start a debit of it."""
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("instrument")
        verbose_name_plural = _("instruments")
        ordering = ["-created_at"]
        permissions = [("remove_instrument", "Can remove and restore saved instruments")]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind=InstrumentKind.CARD, sealed__isnull=True)
                | Q(kind=InstrumentKind.BANK, sealed__isnull=False, token="", key_id__gt="")
                | Q(kind=InstrumentKind.BANK, state=InstrumentState.DELETED, sealed__isnull=True, token="", key_id=""),
                name="instrument_card_has_token_bank_is_sealed",
            ),
            models.UniqueConstraint(
                fields=["customer", "owner", "provider_account", "kind", "fingerprint"],
                condition=Q(state__in=SAVED) & ~Q(fingerprint=""),
                nulls_distinct=False,
                name="instrument_saved_once",
            ),
        ]

    def __str__(self) -> str:
        name = self.brand.title() if self.kind == InstrumentKind.CARD else (self.bank_name or _("Bank account"))
        return f"{name} ···· {self.last4}"


class MandateKind(models.TextChoices):
    SINGLE = "single", _("This payment only")
    """Covers one debit."""
    RECURRING = "recurring", _("Recurring")
    """Covers a schedule of debits."""
    STANDING = "standing", _("Standing")
    """Covers debits the buyer starts one by one."""


class SecCode(models.TextChoices):
    """Nacha's name for how a debit was authorised. It says how long a bank may return it as unauthorised:
    `oropay.services.ach.dates`.
    """

    CCD = "CCD", _("CCD: business account")
    WEB = "WEB", _("WEB: personal account, online")
    TEL = "TEL", _("TEL: personal account, by telephone")
    PPD = "PPD", _("PPD: personal account, on paper")


KEPT_TWO_YEARS = pgtrigger.Trigger(
    name="mandate_kept_two_years",
    operation=pgtrigger.Delete,
    when=pgtrigger.Before,
    func="""
        IF coalesce(OLD.revoked_at, CASE WHEN OLD.kind = 'single' THEN OLD.given_at END, 'infinity')
            > now() - interval '2 years' THEN
            RAISE EXCEPTION 'A mandate is kept for two years after its end (mandate %)', OLD.id
                USING ERRCODE = 'restrict_violation';
        END IF;
        RETURN OLD;
        """,
)
"""Source: Nacha Operating Rules, retention of authorizations. A single one ends with its debit, others when revoked."""


@tracked()
class Mandate(models.Model):
    """The words a person agreed to before a bank account was debited. Kept two years after its end (Nacha)."""

    instrument = models.ForeignKey(Instrument, on_delete=models.PROTECT, related_name="mandates")
    kind = models.CharField(_("covers"), max_length=10, choices=MandateKind)
    sec_code = models.CharField(_("SEC code"), max_length=3, choices=SecCode)
    text_version = models.CharField(_("text version"), max_length=40)
    text = models.TextField(_("text"))
    """Exactly what was shown, amount and date filled in."""
    text_hash = models.CharField(_("text hash"), max_length=64)
    """SHA-256 of the text, hex."""
    amount_rule = models.CharField(_("amount rule"), max_length=120)
    given_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="mandates")
    channel = models.CharField(_("channel"), max_length=20, default="web")
    ip_address = models.GenericIPAddressField(_("IP address"), null=True)
    user_agent = models.CharField(_("browser"), max_length=250, blank=True)
    given_at = models.DateTimeField(_("given"))
    limit = MoneyAmountField(_("up to"), null=True, blank=True)
    """Of a standing or recurring one: no debit may be larger. A single one covers exactly its own debit."""
    document = models.ForeignKey(
        "plumbing.Document", on_delete=models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    """The signed paper, the recording of the call, or the written notice that was sent."""
    note = models.TextField(_("note"), blank=True)
    """Of whoever wrote down one that was given by phone or on paper."""
    revoked_at = models.DateTimeField(_("revoked"), null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    revoked_because = models.TextField(_("revoked because"), blank=True)

    class Meta:
        verbose_name = _("mandate")
        verbose_name_plural = _("mandates")
        ordering = ["-given_at"]
        permissions = [
            ("record_mandate", "Can write down a mandate given by phone or on paper"),
            ("revoke_mandate", "Can revoke a mandate"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(limit__isnull=True) | Q(limit__gt=0), name="mandate_limit_is_more"),
            models.CheckConstraint(
                condition=~Q(sec_code__in=[SecCode.TEL, SecCode.PPD]) | Q(document__isnull=False),
                name="mandate_by_phone_or_paper_has_its_proof",
            ),
        ]
        triggers = [KEPT_TWO_YEARS]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} · {self.sec_code} · {self.given_at:%Y-%m-%d}"
