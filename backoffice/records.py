"""Pages that show a row and change nothing: facts, tables, a timeline. Buttons are dialogs above them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.utils.safestring import SafeString

from backoffice.history import HistoryMixin
from backoffice.scoping import ScopedAdmin


@dataclass(frozen=True)
class Facts:
    """Pairs of what and how much."""

    title: str
    rows: Sequence[tuple[Any, Any]]
    kind: str = "facts"


@dataclass(frozen=True)
class Table:
    """Rows under headers; `empty` says what will appear here. `right` names the columns of amounts by index.

    `buttons` open dialogs: words → address.
    """

    title: str
    headers: Sequence[Any]
    rows: Sequence[Sequence[Any]]
    empty: str
    right: frozenset[int] = frozenset()
    note: str = ""
    buttons: Sequence[tuple[str, str]] = ()
    kind: str = "table"


@dataclass(frozen=True)
class Timeline:
    """What happened, oldest first."""

    title: str
    events: Sequence["Event"]
    empty: str
    kind: str = "timeline"


@dataclass(frozen=True)
class Event:
    at: Any
    title: Any
    detail: Any = ""
    by: str = ""
    variant: str = "default"
    links: Sequence[SafeString] = field(default_factory=tuple)


@dataclass(frozen=True)
class Trail:
    """A row of linked steps: where the money came from and where it went."""

    title: str
    steps: Sequence[tuple[Any, Sequence[Any]]]
    kind: str = "trail"


@dataclass(frozen=True)
class Text:
    """Something as it was written."""

    title: str
    text: str
    kind: str = "code"


Section = Facts | Table | Timeline | Trail | Text


class RecordAdmin(HistoryMixin, ScopedAdmin):
    """A list, and a page per row made of `sections`. Nothing can be added, changed or deleted here."""

    change_form_template = "backoffice/record.html"
    actions = None

    def sections(self, request: HttpRequest, row: Any) -> Iterable[Section]:
        raise NotImplementedError

    def heading(self, row: Any) -> str:
        """What people call the row: the first words of its page."""
        return str(row)

    def heading_amount(self, row: Any) -> Any:
        """The one amount, beside the name."""
        return ""

    def headline(self, request: HttpRequest, row: Any) -> Sequence[Any]:
        """Badges, under the name and the amount."""
        return ()

    def page_context(self, request: HttpRequest, row: Any) -> dict[str, Any]:
        return {}

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> list[Any]:
        return []

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        row = self.row_or_404(request, object_id)
        context = {
            **(extra_context or {}),
            "title": self.heading(row),
            "subtitle": None,
            "row": row,
            "own_heading": True,
            "amount": self.heading_amount(row),
            "headline": self.headline(request, row),
            "sections": list(self.sections(request, row)),
            **self.page_context(request, row),
        }
        return super().change_view(request, object_id, form_url, context)
