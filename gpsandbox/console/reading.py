"""What the console reads of the store. Names in SQL come from `sections`; a visitor's text only fills marks."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gpsandbox import accounts, api, clock, redaction
from gpsandbox.call import Call, Session
from gpsandbox.console.sections import SECTIONS, Section
from gpsandbox.errors import ApiError
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store

PAGE_SIZE = 50
RECENT = 5000
"""Rows that are looked through for the values to filter by."""


@dataclass(frozen=True)
class Listed:
    columns: tuple[str, ...]
    rows: list[Row]
    has_more: bool


@dataclass(frozen=True)
class Event:
    at: str
    title: str
    text: str


def sections(store: Store) -> list[Section]:
    """Those whose table there is."""
    return [section for section in SECTIONS if store.columns(section.table)]


def listed(store: Store, section: Section, *, asked: Mapping[str, str], page: int) -> Listed:
    """The newest rows that fit the filters and contain the text searched for, as it was sent or as it is kept."""
    known = store.columns(section.table)
    conditions, values = ["1 = 1"], []
    for column in section.filters:
        if column in known and asked.get(column):
            conditions.append(f"CAST({column} AS TEXT) = ?")
            values.append(asked[column])
    searched = [column for column in section.search if column in known]
    if asked.get("q") and searched:
        texts = {text.lower() for text in (asked["q"], redaction.text_cleaned(asked["q"]))}
        found = " OR ".join(f"instr(lower({column}), ?) > 0" for column in searched for _ in texts)
        conditions.append(f"({found})")
        values += [text for _ in searched for text in texts]
    rows = store.rows(
        f"SELECT * FROM {section.table} WHERE {' AND '.join(conditions)} ORDER BY rowid DESC LIMIT ? OFFSET ?",  # noqa: S608
        (*values, PAGE_SIZE + 1, (page - 1) * PAGE_SIZE),
    )
    columns = tuple(column for column in section.columns if column in known)
    return Listed(columns, rows[:PAGE_SIZE], has_more=len(rows) > PAGE_SIZE)


def choices(store: Store, section: Section) -> dict[str, list[str]]:
    """Filter → the values that recent rows have."""
    known = store.columns(section.table)
    return {
        column: [
            str(row[0])
            for row in store.rows(
                f"SELECT DISTINCT {column} FROM (SELECT {column} FROM {section.table} ORDER BY rowid DESC LIMIT ?)"  # noqa: S608
                f" WHERE {column} <> '' ORDER BY 1 LIMIT 40",
                (RECENT,),
            )
        ]
        for column in section.filters
        if column in known
    }


def one(store: Store, section: Section, row_id: str) -> Row | None:
    return store.row(f"SELECT * FROM {section.table} WHERE id = ?", (row_id,))  # noqa: S608


def related(store: Store, section: Section, row_id: str) -> list[tuple[Section, list[Row]]]:
    """Rows of other sections that belong to this one, the newest of each."""
    found = []
    for other in sections(store):
        column = section.related.get(other.slug)
        if column and column in store.columns(other.table):
            rows = store.rows(
                f"SELECT * FROM {other.table} WHERE {column} = ? ORDER BY rowid DESC LIMIT ?",  # noqa: S608
                (row_id, PAGE_SIZE),
            )
            found += [(other, rows)] if rows else []
    return found


def life(store: Store, section: Section, row: Row) -> list[Event]:
    """What happened to it, oldest first."""
    events = [Event(row["created_at"], "Created", "")] if "created_at" in tuple(row.keys()) else []
    for trace in section.life:
        known = store.columns(trace.table)
        if trace.column not in known:
            continue
        says = [column for column in trace.says if column in known]
        rows = store.rows(
            f"SELECT * FROM {trace.table} WHERE {trace.column} = ?"  # noqa: S608
            f" AND NOT ({trace.but_not or '1 = 0'}) ORDER BY rowid LIMIT 200",
            (row["id"],),
        )
        events += [
            Event(found[trace.at], trace.title, " · ".join(str(found[name]) for name in says if found[name]))
            for found in rows
        ]
    return sorted(events, key=lambda event: event.at)


def as_json(store: Store, settings: Settings, section: Section, row: Row) -> str:
    """What the API would answer about this row; the row itself where the API has no such question."""
    body: Any = {name: _decoded(row[name]) for name in tuple(row.keys()) if name not in section.secret}
    operation = next((one for one in api.OPERATIONS if one.method == "GET" and one.endpoint == section.endpoint), None)
    if operation is not None:
        call = Call(
            settings=settings,
            store=store,
            method="GET",
            endpoint=operation.endpoint,
            path="/ucp" + operation.endpoint.replace("{id}", row["id"]),
            path_id=row["id"],
            query={},
            body={},
            idempotency_key="",
            version="2021-03-22",
            token="",
            now=clock.now(store),
            session=Session(row["app_id"], token_hash="", permissions=accounts.ALL_PERMISSIONS, restricted=False),
        )
        try:
            with store.atomic():
                body = operation.handler(call)
        except ApiError as error:
            body = error.body()
    return json.dumps(body, indent=2, ensure_ascii=False)


def pretty(text: str) -> str:
    """JSON text with room to breathe; text that is cut off stays as it is."""
    value = _decoded(text)
    return text if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False)


def compact(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _decoded(value: Any) -> Any:
    """Columns that hold JSON are shown as what they say."""
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value
