"""The book: accounts, periods, entries and their postings, and the seals over them."""

from decimal import Decimal
from typing import TYPE_CHECKING, Any

import pgtrigger
from django.db import models
from django.db.models import CheckConstraint, Func, Index, Q, UniqueConstraint
from django.utils.translation import gettext_lazy as _

from commerce.money import MoneyAmountField
from ledger.models.names import ACCOUNT_TYPES, AccountName, AccountType, EntryKind
from plumbing.audit import append_only, tracked

if TYPE_CHECKING:
    AnyIntegerField = models.BigIntegerField[Any, Any]  # generic for the type checker only
else:
    AnyIntegerField = models.BigIntegerField


class CurrentTransaction(Func):
    """The database's own number of the running transaction; takes no argument."""

    function = "pg_current_xact_id"
    arity = 0


class XidField(AnyIntegerField):
    """`xid8`: which transaction wrote the row, filled by the database. Never wraps around, unlike `xmin`."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        kwargs.setdefault("editable", False)
        kwargs.setdefault("db_default", CurrentTransaction())
        super().__init__(*args, **kwargs)

    def db_type(self, connection: Any) -> str:
        return "xid8"

    def from_db_value(self, value: str | None, *_: Any) -> int | None:
        return None if value is None else int(value)

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:
        value = super().get_db_prep_value(value, connection, prepared)
        return str(value) if isinstance(value, int) else value


def _types_fit() -> Q:
    """Each account has the type of its name, as in ACCOUNT_TYPES."""
    condition = Q()
    for kind in AccountType:
        names = [name for name, wanted in ACCOUNT_TYPES.items() if wanted == kind]
        condition |= Q(type=kind, name__in=names)
    return condition


@append_only
class Account(models.Model):
    """One account per name, organization and currency, made when it is first posted to."""

    organization = models.ForeignKey(
        "commerce.Organization", on_delete=models.PROTECT, related_name="accounts", db_index=False
    )
    name = models.CharField(_("name"), max_length=32, choices=AccountName)
    currency = models.CharField(_("currency"), max_length=3)
    type = models.CharField(_("type"), max_length=16, choices=AccountType)

    class Meta:
        verbose_name = _("account")
        constraints = [
            UniqueConstraint(fields=["organization", "currency", "name"], name="one_account_per_name"),
            CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="account_currency_is_code"),
            CheckConstraint(condition=_types_fit(), name="account_type_fits_name"),
        ]

    def __str__(self) -> str:
        return f"{self.get_name_display()} {self.currency}"


class PeriodState(models.TextChoices):
    OPEN = "open", _("Open")
    """Takes every entry."""

    CLOSING = "closing", _("Closing")
    """Takes finance's adjustments only; everything else goes to the next open period."""

    CLOSED = "closed", _("Closed")
    """Takes nothing. What belongs here is posted on the first open day, keeping its date in `occurred_on`."""


@tracked()
class Period(models.Model):
    """A calendar month of one organization's books, made when it is first needed."""

    organization = models.ForeignKey(
        "commerce.Organization", on_delete=models.PROTECT, related_name="periods", db_index=False
    )
    starts_on = models.DateField(_("first day"))
    state = models.CharField(max_length=16, choices=PeriodState, default=PeriodState.OPEN)

    class Meta:
        verbose_name = _("period")
        ordering = ["starts_on"]
        constraints = [
            UniqueConstraint(fields=["organization", "starts_on"], name="one_period_per_month"),
            CheckConstraint(condition=Q(starts_on__day=1), name="period_starts_on_the_first"),
            CheckConstraint(condition=Q(state__in=PeriodState.values), name="period_state_is_known"),
        ]

    def __str__(self) -> str:
        return f"{self.starts_on:%Y-%m}"


@append_only
class Entry(models.Model):
    """One event in the books: what happened, when in the world, and on which day it counts."""

    # No foreign key: BALANCED proves that the accounts of its lines are of the same organization, and theirs is one.
    organization = models.ForeignKey(
        "commerce.Organization", on_delete=models.PROTECT, related_name="entries", db_index=False, db_constraint=False
    )
    kind = models.CharField(_("kind"), max_length=32, choices=EntryKind)
    currency = models.CharField(_("currency"), max_length=3)
    period = models.ForeignKey(Period, on_delete=models.PROTECT, related_name="entries", db_index=False)
    occurred_on = models.DateField(_("happened on"), help_text=_("The world's date, in the organization's time zone."))
    posted_on = models.DateField(_("posted on"), help_text=_("The same, or the first open day if its month is closed."))
    source = models.CharField(_("source"), max_length=100, help_text=_("What caused it, for example transaction:12."))
    memo = models.CharField(_("memo"), max_length=250, blank=True)
    customer = models.ForeignKey(
        "commerce.Customer", null=True, on_delete=models.PROTECT, related_name="entries", db_index=False
    )
    mirror_of = models.ForeignKey("self", null=True, on_delete=models.PROTECT, related_name="mirrors", db_index=False)
    xid = XidField()
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("entry")
        verbose_name_plural = _("entries")
        indexes = [
            Index(fields=["organization", "posted_on"], name="entry_by_day"),
            Index(fields=["source"], name="entry_by_source"),
            Index(fields=["customer"], name="entry_by_customer", condition=Q(customer__isnull=False)),
        ]
        constraints = [
            UniqueConstraint(fields=["mirror_of"], condition=Q(mirror_of__isnull=False), name="entry_mirrored_once"),
            CheckConstraint(condition=Q(currency__regex=r"^[A-Z]{3}$"), name="entry_currency_is_code"),
            CheckConstraint(condition=~Q(source=""), name="entry_says_its_source"),
            CheckConstraint(condition=Q(posted_on__gte=models.F("occurred_on")), name="entry_posted_not_before"),
        ]

    def __str__(self) -> str:
        return f"{self.get_kind_display()} {self.source}"


BALANCED = """
SELECT MIN(r.entry_id) AS id, MAX(r.entry_id) AS last, SUM(r.amount) AS total, COUNT(*) AS lines
  FROM new_rows r
  INTO own;
IF own.id = own.last AND own.total = 0 AND EXISTS (
    SELECT FROM ledger_entry e
     WHERE e.id = own.id
       AND e.xid = pg_current_xact_id()
       AND own.lines = (SELECT COUNT(*) FROM ledger_posting p WHERE p.entry_id = own.id)
       AND own.lines = (
           SELECT COUNT(*)
             FROM new_rows r
            WHERE EXISTS (SELECT FROM ledger_account a
                           WHERE a.id = r.account_id
                             AND a.currency = e.currency
                             AND a.organization_id = e.organization_id
                          OFFSET 0)
       )
) THEN
    RETURN NULL;
END IF;
EXECUTE '
    SELECT own.entry_id, own.total, e.xid = pg_current_xact_id() AS fresh, own.lines = whole.lines AS whole,
           own.accounts = own.lines AND own.currencies = e.currency
               AND own.organizations = e.organization_id::text AS at_home,
           e.id IS NULL AS missing
      FROM (SELECT r.entry_id, SUM(r.amount) AS total, COUNT(*) AS lines, COUNT(a.id) AS accounts,
                   string_agg(DISTINCT a.currency, chr(44)) AS currencies,
                   string_agg(DISTINCT a.organization_id::text, chr(44)) AS organizations
              FROM new_rows r
              LEFT JOIN ledger_account a ON a.id = r.account_id
             GROUP BY r.entry_id) AS own
      LEFT JOIN ledger_entry e ON e.id = own.entry_id
     CROSS JOIN LATERAL (SELECT COUNT(*) AS lines FROM ledger_posting p WHERE p.entry_id = own.entry_id) AS whole
     WHERE own.total <> 0
        OR e.id IS NULL
        OR own.accounts <> own.lines
        OR e.xid <> pg_current_xact_id()
        OR own.currencies <> e.currency
        OR own.organizations <> e.organization_id::text
        OR own.lines <> whole.lines
     LIMIT 1'
INTO bad;
IF bad.entry_id IS NOT NULL THEN
    RAISE EXCEPTION USING ERRCODE = 'check_violation', MESSAGE = CASE
        WHEN bad.missing THEN format('Nothing was posted. There is no entry %s.', bad.entry_id)
        WHEN NOT bad.fresh OR NOT bad.whole THEN format(
            'Nothing was posted. Entry %s is complete; a correction is a new entry.', bad.entry_id)
        WHEN NOT bad.at_home THEN format(
            'Nothing was posted. Entry %s uses an account that is not of its organization and currency.', bad.entry_id)
        ELSE format('Nothing was posted. Entry %s is out of balance by %s.', bad.entry_id, bad.total)
    END;
END IF;
RETURN NULL;
"""
"""Every entry touched by one INSERT: sums to zero, is written whole by it, in the transaction of the entry itself, on
accounts of its organization and currency. That proves what foreign keys would prove, and nothing here is ever removed;
they would lock the same few accounts with every line of every payment.

One entry is found by its keys (OFFSET 0: no join), and that plan is kept. Many entries, and what is wrong with one, are
asked for by a plan made anew each time (EXECUTE): one kept from when the book was small would read all of a large one.
"""


@append_only
class Posting(models.Model):
    """One line of an entry: debit positive, credit negative, in the entry's currency."""

    entry = models.ForeignKey(Entry, on_delete=models.PROTECT, related_name="postings", db_constraint=False)
    account = models.ForeignKey(
        Account, on_delete=models.PROTECT, related_name="postings", db_index=False, db_constraint=False
    )
    amount = MoneyAmountField(_("amount"))

    class Meta:
        verbose_name = _("posting")
        indexes = [Index(fields=["account"], include=["amount"], name="posting_by_account")]
        constraints = [CheckConstraint(condition=~Q(amount=Decimal(0)), name="posting_moves_something")]
        triggers = [
            pgtrigger.Trigger(
                name="entries_balance",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_rows"),  # type: ignore[no-untyped-call]
                declare=[("own", "RECORD"), ("bad", "RECORD")],
                func=BALANCED,
            )
        ]

    def __str__(self) -> str:
        return f"{self.amount}"


@append_only
class Seal(models.Model):
    """A link of the chain that proves no sealed entry was changed, removed or slipped in; see `ledger.seals`."""

    organization = models.ForeignKey(
        "commerce.Organization", on_delete=models.PROTECT, related_name="seals", db_index=False
    )
    seq = models.PositiveBigIntegerField()
    entry = models.OneToOneField(Entry, on_delete=models.PROTECT, related_name="seal")
    previous_hash = models.CharField(max_length=64)
    hash = models.CharField(max_length=64)
    created_at = models.DateTimeField()

    class Meta:
        verbose_name = _("seal")
        constraints = [
            UniqueConstraint(fields=["organization", "seq"], name="one_seal_per_place"),
            CheckConstraint(condition=Q(seq__gte=1), name="seal_counts_from_one"),
            CheckConstraint(condition=Q(hash__regex=r"^[0-9a-f]{64}$"), name="seal_hash_is_hex"),
        ]

    def __str__(self) -> str:
        return f"{self.seq} {self.hash[:12]}"
