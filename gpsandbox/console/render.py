"""The pieces that every page is made of: frame, table, facts, buttons."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gpsandbox.console.acts import Act, Ask
from gpsandbox.console.html import Content, Safe, element, moment, money, together
from gpsandbox.console.sections import Section
from gpsandbox.store import Row

el = element

MONEY = frozenset(
    {
        "amount",
        "authorized",
        "captured",
        "refunded",
        "taken",
        "sales_amount",
        "refunds_amount",
        "fees_amount",
        "chargebacks_amount",
        "reversals_amount",
        "shipping_amount",
        "last_amount",
        "sold_amount",
    }
)
"""Columns in minor units; the row's `currency` says of what."""

LONG = frozenset({"path", "reference", "url", "name", "description"})
"""Columns whose text may break anywhere, so that the others keep their shape."""

BAD = frozenset({"DECLINED", "REJECTED", "FAILED", "LOST", "DEAD", "GIVEN_UP", "NOT_AUTHENTICATED"})
GOOD = frozenset({"CAPTURED", "FUNDED", "PAID", "ACTIVE", "WON", "SUCCESS_AUTHENTICATED", "DELIVERED", "CLOSED"})
BADGES = frozenset({"status", "state", "stage", "result"})

NAMES = {
    "batch_id": "batches",
    "parent_id": "transactions",
    "transaction_id": "transactions",
    "token_id": "tokens",
    "deposit_id": "deposits",
    "dispute_id": "disputes",
    "link_id": "links",
}
"""Columns that name a row of another section."""

LABELS = {
    "id": "Id",
    "created_at": "When",
    "time_created": "When",
    "last4": "Last 4",
    "q": "Search",
    "detailed_error_code": "Error",
    "paid_on": "Day",
    "respond_by": "Answer by",
    "usage_mode": "Use",
}


@dataclass(frozen=True)
class Frame:
    """What surrounds a page."""

    sections: Sequence[Section]
    form_token: str
    now: str
    path: str
    said: str = ""
    went_wrong: bool = False


def document(title: str, *content: Content) -> Safe:
    head = el(
        "head",
        el("meta", charset="utf-8"),
        el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("title", f"{title} · gpsandbox"),
        el("link", rel="stylesheet", href="/console.css"),
    )
    return together(Safe("<!doctype html>\n"), el("html", head, el("body", *content), lang="en"))


def page(frame: Frame, title: str, *content: Content) -> Safe:
    """A whole page behind the log-in."""
    links = [
        ("/", "Start"),
        *((f"/console/{section.slug}", section.title) for section in frame.sections),
        ("/console/clock", "Clock"),
        ("/console/faults", "Faults"),
    ]
    nav = [
        el("li", el("a", text, href=href, aria_current="page" if _is_here(frame.path, href) else None))
        for href, text in links
    ]
    said = el(
        "p",
        frame.said,
        class_="said bad" if frame.went_wrong else "said",
        role="alert" if frame.went_wrong else "status",
    )
    return document(
        title,
        el("a", "To the content", href="#content", class_="skip"),
        el(
            "header",
            el("a", "gpsandbox", href="/", class_="brand"),
            el("span", "Pretend money only", class_="note"),
            el("span", "Sandbox time ", moment(frame.now), class_="clock"),
            form(frame, "/logout", el("button", "Log out", class_="quiet")),
        ),
        el("nav", el("ul", nav), aria_label="Subjects"),
        el("main", said if frame.said else "", el("h1", title), *content, id="content"),
    )


def form(frame: Frame, action: str, *content: Content, class_: str | None = None) -> Safe:
    """A form that changes something: it carries the token that proves it is ours."""
    hidden = (
        el("input", type="hidden", name="form_token", value=frame.form_token),
        el("input", type="hidden", name="back", value=frame.path),
    )
    return el("form", *hidden, *content, method="post", action=action, class_=class_)


def act(frame: Frame, button: Act, row_id: str = "") -> Safe:
    """One button with what it asks for."""
    return form(
        frame,
        f"/console/act/{button.name}",
        el("input", type="hidden", name="id", value=row_id) if row_id else "",
        [asked(ask, prefix=button.name) for ask in button.asks],
        el("button", button.label),
        el("p", button.says, class_="note") if button.says else "",
        class_="act",
    )


def asked(ask: Ask, *, prefix: str, value: str = "") -> Safe:
    """A labelled field."""
    name = f"{prefix}-{ask.name}"
    value = value or ask.value
    if ask.choices:
        options = [el("option", choice, value=choice, selected=choice == value) for choice in ask.choices]
        control = el("select", options, name=ask.name, id=name)
    else:
        control = el("input", type=ask.kind, name=ask.name, id=name, value=value, autocomplete="off")
    return el("div", el("label", ask.label, for_=name), control, class_="field")


def table(caption: str, section: Section, columns: Sequence[str], rows: Iterable[Row]) -> Safe:
    """A list whose rows become cards on a narrow screen; the roles keep it a table for those who hear it."""
    head = el(
        "tr",
        [el("th", label_of(name), scope="col", role="columnheader", class_=_class(name)) for name in columns],
        role="row",
    )
    body = [
        el(
            "tr",
            [
                el("td", cell(section, row, name), role="cell", data_label=label_of(name), class_=_class(name))
                for name in columns
            ],
            role="row",
        )
        for row in rows
    ]
    return el(
        "table",
        el("caption", caption),
        el("thead", head, role="rowgroup"),
        el("tbody", body, role="rowgroup"),
        role="table",
    )


def cell(section: Section, row: Row, name: str) -> Content:
    value = row[name]
    if name == "id":
        text = str(value)
        shown = text if len(text) <= 14 else f"{text[:12]}…"
        return el("a", shown, href=f"/console/{section.slug}/{text}", title=text if shown != text else None)
    return value_of(row, name)


def value_of(row: Row, name: str) -> Content:
    """One column of a row, as people read it."""
    value = row[name]
    if value is None or value == "":
        return el("span", "–", class_="none")
    if name in MONEY:
        return money(int(value), row["currency"] if "currency" in tuple(row.keys()) else "")
    if name in NAMES:
        return el("a", str(value), href=f"/console/{NAMES[name]}/{value}")
    if name in BADGES and isinstance(value, str) and value.isupper():
        kind = "bad" if value in BAD else "good" if value in GOOD else None
        return el("span", value.replace("_", " ").capitalize(), class_=f"badge {kind}" if kind else "badge")
    text = str(value)
    return moment(text) if text[4:5] == "-" and (text[10:11] == "T" or len(text) == 10) else text


def label_of(name: str) -> str:
    return LABELS.get(name, name.removesuffix("_at").replace("_", " ").capitalize())


def facts(rows: Mapping[str, Content]) -> Safe:
    """Names and values, side by side."""
    return el("dl", [together(el("dt", name), el("dd", value)) for name, value in rows.items()])


def _class(name: str) -> str | None:
    return "money" if name in MONEY else "long" if name in LONG else None


def _is_here(path: str, href: str) -> bool:
    return path == href or (href != "/" and path.startswith(f"{href}/"))
