"""The pages."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from starlette.requests import Request

from gpsandbox import faults
from gpsandbox.console import acts, dial, figures, reading, render
from gpsandbox.console.acts import Ask
from gpsandbox.console.html import Content, Safe, element, moment
from gpsandbox.console.render import Frame
from gpsandbox.console.sections import BY_SLUG, Section
from gpsandbox.settings import Settings
from gpsandbox.store import Store

el = element

NOTIFIED: dict[str, dict[str, Any]] = {
    "twice": {"times": 2},
    "late": {"delay_ms": 3_600_000},
    "out of order": {"reorder": True},
    "with a wrong signature": {"corrupt_signature": True},
}
"""What may happen to notifications, in the words of the form."""

RULE_ASKS: tuple[Ask, ...] = (
    Ask("action", "What goes wrong", choices=tuple(faults.ACTIONS)),
    Ask("when", "Before or after the charge", choices=("", "before", "after")),
    Ask("ms", "Milliseconds (slow, timeout)", kind="number"),
    Ask("status", "HTTP status (http)", kind="number"),
    Ask("body", "Answer (http)"),
    Ask("webhook", "Notifications arrive (webhook)", choices=("", *NOTIFIED)),
    Ask("endpoint", "Endpoint (calls only)", value="/transactions"),
    Ask("method", "Method", choices=("", "GET", "POST", "PATCH", "DELETE")),
    Ask("reference", "Reference"),
    Ask("last4", "Last four digits"),
    Ask("amount", "Amount in minor units"),
    Ask("currency", "Currency"),
    Ask("nth", "From which call on", kind="number"),
    Ask("probability", "Probability, 0 to 1"),
    Ask("seed", "Seed of the chance"),
    Ask("times", "How often; empty means for ever", kind="number", value="1"),
)


def log_in(form_token: str, *, back: str, problem: str = "") -> Safe:
    said = el("p", problem, class_="said bad", id="problem", role="alert") if problem else ""
    secret = el(
        "input",
        type="password",
        name="secret",
        id="secret",
        required=True,
        autofocus=True,
        autocomplete="current-password",
        aria_describedby="problem" if problem else None,
        aria_invalid="true" if problem else None,
    )
    form = el(
        "form",
        el("input", type="hidden", name="form_token", value=form_token),
        el("input", type="hidden", name="back", value=back),
        el("div", el("label", "Secret", for_="secret"), secret, class_="field"),
        el("button", "Log in", class_="main"),
        el("p", "It is GPSANDBOX_SECRET; after make run it is in .data/dev.env.", class_="note"),
        method="post",
        action="/login",
    )
    return render.document("Log in", el("main", el("h1", "gpsandbox"), said, form, class_="alone"))


def nothing(frame: Frame, text: str) -> Safe:
    return render.page(frame, "Not found", el("p", text))


def start(store: Store, settings: Settings, frame: Frame, request: Request) -> Safe:
    """Today's figures, the dial, the newest payments."""
    shown = [
        el("div", el("dt", one.label), el("dd", one.value, el("span", one.note, class_="note")))
        for one in figures.today(store, settings)
    ]
    payments = BY_SLUG["transactions"]
    newest = reading.listed(store, payments, asked={}, page=1)
    return render.page(
        frame,
        "Today at the gateway",
        el("dl", shown, class_="figures"),
        _dial(store, frame),
        el("section", el("h2", "Newest transactions"), _list(payments, newest.columns, newest.rows[:8])),
        el("details", el("summary", "Start over"), _buttons(frame, "start")),
    )


def section(store: Store, settings: Settings, frame: Frame, request: Request) -> Safe:
    """One subject's list with its filters."""
    subject = _section(frame, request)
    asked = dict(request.query_params)
    page = int(asked["page"]) if re.fullmatch("[1-9][0-9]{0,4}", asked.get("page", "")) else 1
    listed = reading.listed(store, subject, asked=asked, page=page)
    filters = [
        render.asked(Ask(name, render.label_of(name), choices=("", *values)), prefix="by", value=asked.get(name, ""))
        for name, values in reading.choices(store, subject).items()
        if values
    ]
    search = [render.asked(Ask("q", "Search", kind="search"), prefix="by", value=asked.get("q", ""))]
    narrowed = any(asked.get(name) for name in (*subject.filters, "q"))
    if listed.rows or not narrowed:
        content = _list(subject, listed.columns, listed.rows)
    else:
        content = el("p", "Nothing fits. ", el("a", "Show all", href=f"/console/{subject.slug}"), class_="empty")
    return render.page(
        frame,
        subject.title,
        el("form", *search, *filters, el("button", "Show"), method="get", class_="filters", role="search"),
        content,
        _pager(asked, page, has_more=listed.has_more),
        _buttons(frame, subject.slug),
    )


def detail(store: Store, settings: Settings, frame: Frame, request: Request) -> Safe:
    """One row: buttons, life, what belongs to it, raw JSON, every column."""
    subject = _section(frame, request)
    row_id = request.path_params["id"]
    row = reading.one(store, subject, row_id)
    if row is None:
        raise LookupError(f"There is no {row_id} under {subject.title}.")
    buttons = [render.act(frame, one, row_id) for one in acts.offered(subject.slug, row)]
    life = [
        el("li", moment(event.at), el("strong", event.title), el("span", event.text))
        for event in reading.life(store, subject, row)
    ]
    bodies = [name for name in tuple(row.keys()) if name in ("sent", "answered", "detail", "body")]
    hidden = subject.secret | set(bodies)
    rows: dict[str, Content] = {
        render.label_of(name): render.value_of(row, name)
        for name in tuple(row.keys())
        if name not in hidden and row[name] not in (None, "")
    }
    parts = [
        el("section", el("h2", "Do"), el("div", buttons, class_="acts")) if buttons else "",
        el("section", el("h2", "Life"), el("ol", life, class_="life")) if len(life) > 1 else "",
        [
            el("section", el("h2", other.title), _list(other, _columns(other, found[0]), found))
            for other, found in reading.related(store, subject, row_id)
        ],
        [
            el("section", el("h2", render.label_of(name)), el("pre", reading.pretty(row[name]), tabindex=0))
            for name in bodies
            if row[name] and subject.slug in ("journal", "notifications")
        ],
        el("section", el("h2", "Kept"), render.facts(rows)),
    ]
    raw = el(
        "details",
        el("summary", "Raw JSON, as the API answers it"),
        el("pre", reading.as_json(store, settings, subject, row), tabindex=0),
        open=subject.slug == "transactions",
    )
    return render.page(frame, f"{subject.title}: {row_id}", *parts, raw if subject.endpoint else "")


def clock_page(store: Store, settings: Settings, frame: Frame, request: Request) -> Safe:
    return render.page(
        frame,
        "Clock",
        el("p", "It is ", moment(frame.now), " here (UTC)."),
        el("p", "Batches, deposits, returns and expiry go by this clock, in every process at once.", class_="note"),
        _buttons(frame, "clock"),
    )


def faults_page(store: Store, settings: Settings, frame: Frame, request: Request) -> Safe:
    """The dial, every rule, and a form for any other rule."""
    rules = [
        el(
            "li",
            el("code", reading.compact(rule["action"])),
            el("span", "on ", el("code", reading.compact(rule["match"])), f", from call {rule['nth']} on"),
            el("span", _times(rule), class_="badge good" if dial.is_waiting(rule) else "badge"),
            render.form(frame, f"/console/rules/{rule['id']}", el("button", "Remove", class_="quiet")),
        )
        for rule in faults.rules(store)
    ]
    asks = [render.asked(ask, prefix="rule") for ask in RULE_ASKS]
    return render.page(
        frame,
        "Faults",
        _dial(store, frame),
        el(
            "section",
            el("h2", "Rules"),
            el("ul", rules, class_="rules") if rules else el("p", "No rule is set: all goes well.", class_="empty"),
        ),
        el(
            "details",
            el("summary", "Another rule"),
            render.form(frame, "/console/rules", el("div", asks, class_="grid"), el("button", "Set the rule")),
        ),
        _buttons(frame, "faults"),
    )


def rule_of(form: Mapping[str, str]) -> dict[str, Any]:
    """The rule that the form describes, as `/_emu/rules` takes it; empty fields are not part of it."""
    given = {name: text.strip() for name, text in form.items() if text.strip()}
    kind = given.get("action", "")
    options: dict[str, Any] = {name: _number(given[name]) for name in ("when", "ms", "status", "body") if name in given}
    options |= NOTIFIED.get(given.get("webhook", ""), {})
    match: dict[str, Any] = {
        name: given[name]
        for name in ("endpoint", "method", "reference", "last4", "amount", "currency", "seed")
        if name in given
    }
    if kind == faults.WEBHOOK:
        match.pop("endpoint", None)  # the form suggests one
    match.update({name: _number(given[name]) for name in ("nth", "probability") if name in given})
    return {"match": match, "action": {kind: options}, "times": _number(given["times"]) if "times" in given else None}


# --- pieces ----------------------------------------------------------------------------------------------------------


def _section(frame: Frame, request: Request) -> Section:
    slug = request.path_params["section"]
    found = next((one for one in frame.sections if one.slug == slug), None)
    if found is None:
        raise LookupError(f"There is no subject {slug}.")
    return found


def _dial(store: Store, frame: Frame) -> Safe:
    armed = dial.armed(store)
    items = []
    for setting in dial.SETTINGS:
        rule_id = armed.get(setting.name)
        means = el("span", setting.means, class_="note")
        if rule_id is None:
            button = render.form(
                frame,
                "/console/dial",
                el("input", type="hidden", name="setting", value=setting.name),
                el("button", f"… {setting.label}"),
            )
            items.append(el("li", button, means))
        else:
            button = render.form(
                frame,
                f"/console/rules/{rule_id}",
                el("button", "Disarm", aria_label=f"Disarm: {setting.label}"),
            )
            label = el("p", el("strong", "Armed"), f" … {setting.label}")
            items.append(el("li", label, means, button, class_="armed"))
    return el("section", el("h2", "The next payment …"), el("ul", items, class_="dial"), aria_label="The dial")


def _list(subject: Section, columns: tuple[str, ...], rows: list[Any]) -> Safe:
    return render.table(subject.title, subject, columns, rows) if rows else el("p", subject.empty, class_="empty")


def _columns(subject: Section, row: Any) -> tuple[str, ...]:
    return tuple(name for name in subject.columns if name in tuple(row.keys()))


def _buttons(frame: Frame, where: str) -> Content:
    found = [render.act(frame, one) for one in acts.offered(where)]
    return el("div", found, class_="acts") if found else ""


def _pager(asked: Mapping[str, str], page: int, *, has_more: bool) -> Content:
    def link(text: str, number: int) -> Safe:
        return el("a", text, href=f"?{urlencode({**asked, 'page': number})}")

    links = [link("Newer", page - 1) if page > 1 else "", link("Older", page + 1) if has_more else ""]
    return el("nav", links, class_="pager", aria_label="Pages") if any(links) else ""


def _times(rule: Mapping[str, Any]) -> str:
    often = "for ever" if rule["times"] is None else f"of {rule['times']}"
    return f"struck {rule['fired']} {often}"


def _number(text: str) -> Any:
    """A number where the text is one; anything else goes on as it is, for the control to refuse."""
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text
