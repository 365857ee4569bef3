"""Which expectation was met by which line. Undone by a new row, never by deleting."""

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from plumbing.audit import append_only
from reconciliation.models.deposit import SettlementLine
from reconciliation.models.expectation import Expectation


class MatchRule(models.TextChoices):
    EXACT_KEY = "exact_key", _("Exact key")
    """Provider account, gateway id, kind and signed amount are equal; nobody needs to look."""
    ARN = "arn", _("Acquirer reference")
    """Of a dispute: the acquirer's reference of the sale, kind and signed amount are equal."""


@append_only
class Match(models.Model):
    """n expectations met by m lines, by one rule."""

    rule = models.CharField(_("rule"), max_length=16, choices=MatchRule)
    evidence = models.CharField(_("evidence"), max_length=200)
    """What was equal, in a form a person can check."""
    matched_at = models.DateTimeField(_("matched"))
    matched_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )
    """Empty: a rule did it."""

    class Meta:
        verbose_name = _("match")
        verbose_name_plural = _("matches")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.get_rule_display()} · {self.evidence}"


class MatchPart(models.Model):
    """An expectation, a line, or one of each. `live` until the match is undone; each is in one live match at most."""

    match = models.ForeignKey(Match, on_delete=models.PROTECT, related_name="parts")
    expectation = models.ForeignKey(Expectation, null=True, on_delete=models.PROTECT, related_name="match_parts")
    settlement_line = models.ForeignKey(SettlementLine, null=True, on_delete=models.PROTECT, related_name="match_parts")
    live = models.BooleanField(default=True)

    class Meta:
        verbose_name = _("part of a match")
        verbose_name_plural = _("parts of matches")
        constraints = [
            models.CheckConstraint(
                condition=Q(expectation__isnull=False) | Q(settlement_line__isnull=False),
                name="match_part_names_something",
            ),
            models.UniqueConstraint(fields=["expectation"], condition=Q(live=True), name="expectation_matched_once"),
            models.UniqueConstraint(fields=["settlement_line"], condition=Q(live=True), name="line_matched_once"),
        ]
        triggers = [
            pgtrigger.Protect(name="never_deleted", operation=pgtrigger.Delete),
            pgtrigger.ReadOnly(name="said_once", fields=["match", "expectation", "settlement_line"]),
            pgtrigger.Protect(
                name="undone_for_good", operation=pgtrigger.Update, condition=pgtrigger.Q(old__live=False)
            ),
        ]

    def __str__(self) -> str:
        return f"{self.expectation_id or '–'} ↔ {self.settlement_line_id or '–'}"


@append_only
class MatchUndo(models.Model):
    """A person's word that a match was wrong."""

    match = models.OneToOneField(Match, on_delete=models.PROTECT, related_name="undo")
    remark = models.TextField(_("remark"))
    undone_at = models.DateTimeField(_("undone"))
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+", verbose_name=_("by")
    )

    class Meta:
        verbose_name = _("undone match")
        verbose_name_plural = _("undone matches")

    def __str__(self) -> str:
        return f"{self.match_id} · {self.remark}"
