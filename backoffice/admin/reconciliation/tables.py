"""How exceptions look on the pages of what they are about."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext as _

from backoffice.display import GOOD, WATCH, dash, link, moment, money, tag
from backoffice.records import Table
from reconciliation.models import ExceptionCase


def case_state(row: ExceptionCase) -> Any:
    if row.is_open:
        return tag(_("Open"), WATCH, state="open")
    return tag(str(row.get_resolution_display()), GOOD, state=row.resolution)


def cases_table(cases: Iterable[ExceptionCase]) -> Table:
    """The exceptions of a row, on that row's page."""
    return Table(
        _("Exceptions"),
        [_("Exception"), _("Difference"), _("Raised"), _("State"), _("Remark")],
        [
            [
                link(case, str(case.get_kind_display())),
                money(case.amount, case.currency),
                moment(case.raised_at),
                case_state(case),
                case.remark or dash(),
            ]
            for case in cases
        ],
        _("None: everything fits."),
        right=frozenset({1}),
    )
