"""The completeness meter: how much a card payment told the gateway about the goods, and what is missing for more."""

from collections.abc import Iterable, Sequence
from typing import Any

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from backoffice.display import BAD, GOOD, QUIET, WATCH, dash, link, links, tag
from backoffice.lineage import owed
from backoffice.records import Table
from commerce.models import Product
from oropay.gateway.port import DataLevel
from oropay.leveldata import REQUIREMENTS, Gap, Place, Requirement, read
from oropay.models import DataLevelSent, Payment

COLOURS = {DataLevelSent.ONE: BAD, DataLevelSent.TWO: WATCH, DataLevelSent.THREE: WATCH}
LINKED = 5
"""How many products a row of the meter links; the rest is counted."""


def meter(row: Payment) -> SafeString:
    """The level sent; green once nothing at all is missing."""
    if row.data_level is None:
        return dash()
    level = DataLevelSent(row.data_level)
    if not row.data_gaps:
        return tag(_("{level}, complete").format(level=level.label), GOOD)
    missing = ngettext("{level}, {n} thing missing", "{level}, {n} things missing", len(row.data_gaps))
    return tag(missing.format(level=level.label, n=len(row.data_gaps)), COLOURS[level])


class DataFilter(admin.SimpleListFilter):
    title = gettext_lazy("Level 2/3 data")
    parameter_name = "goods"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [
            ("complete", _("Level 3, complete")),
            *((str(level.value), str(level.label)) for level in reversed(DataLevelSent)),
            ("incomplete", _("Something missing")),
        ]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Payment]) -> QuerySet[Payment]:
        chosen = self.value()
        if chosen == "complete":
            return queryset.filter(data_level=DataLevelSent.THREE, data_gaps=[])
        if chosen == "incomplete":
            return queryset.filter(data_level__isnull=False).exclude(data_gaps=[])
        if chosen in {str(level.value) for level in DataLevelSent}:
            return queryset.filter(data_level=int(chosen))
        return queryset


def goods_table(row: Payment) -> Iterable[Table]:
    """Everything Level 2 and 3 ask for: what was there, what was missing, and where to fill it in; cards only."""
    if row.data_level is None:
        return
    gaps = {gap.need: gap for gap in read(row.data_gaps)}
    sent = DataLevelSent(row.data_level)
    there = len(REQUIREMENTS) - len(gaps)
    told = sum(_is_sent(one, sent) for one in REQUIREMENTS if one.need not in gaps)
    note = _(
        "{level} was sent: {there} of {all} things were there, {told} of them were sent. What is filled in now counts "
        "from the next payment on; the amount never depends on it."
    ).format(level=sent.label, there=there, all=len(REQUIREMENTS), told=told)
    yield Table(
        _("Level 2/3 data"),
        [_("Level"), _("What"), _("State"), _("What is wrong"), _("Where to fill it in")],
        [_row(row, requirement, gaps.get(requirement.need), sent) for requirement in REQUIREMENTS],
        empty="",
        note=note,
    )


def _row(row: Payment, requirement: Requirement, gap: Gap | None, sent: DataLevelSent) -> Sequence[Any]:
    level = int(requirement.level)
    if gap is None:
        state = tag(_("Sent"), GOOD) if _is_sent(requirement, sent) else tag(_("There, not sent"), QUIET)
        why = "" if requirement.sent_from else _("The gateway has no field for it; it is kept here.")
        return [level, requirement.name, state, why, ""]
    state = tag(_("Disagrees"), BAD) if requirement.lowers else tag(_("Missing"), WATCH)
    return [level, requirement.name, state, _told(requirement, gap), _where(row, requirement, gap)]


def _is_sent(requirement: Requirement, sent: DataLevelSent) -> bool:
    return requirement.sent_from is not None and requirement.sent_from <= DataLevel(sent)


def _told(requirement: Requirement, gap: Gap) -> SafeString:
    sentence = str(requirement.sentence)
    words = sentence[:1].upper() + sentence[1:] + "."
    if not gap.lines:
        return format_html('<span class="office-words">{}</span>', words)
    lines = ngettext("On {n} line: {skus}.", "On {n} lines: {skus}.", len(gap.lines)).format(
        n=len(gap.lines), skus=_some(gap.lines)
    )
    return format_html('<span class="office-words">{} {}</span>', words, lines)


def _some(names: Sequence[str]) -> str:
    more = len(names) - LINKED
    shown = ", ".join(names[:LINKED])
    return shown if more <= 0 else _("{names} and {n} more").format(names=shown, n=more)


def _where(row: Payment, requirement: Requirement, gap: Gap) -> Any:
    """Links to the rows in which somebody can do something about it."""
    place = requirement.place
    if place == Place.CUSTOMER:
        return link(row.customer)
    if place == Place.SELLER:
        return link(row.organization)
    if place == Place.DOCUMENT:
        return links(owed(list(row.parts.all())))
    if place in {Place.PRODUCT, Place.UNIT}:
        products = Product.objects.filter(organization=row.organization_id, sku__in=gap.lines).select_related("unit")
        rows: list[Model] = [
            product if place == Place.PRODUCT else product.unit for product in products.order_by("sku")[:LINKED]
        ]
        return links([link(one) for one in dict.fromkeys(rows)])
    return dash()
