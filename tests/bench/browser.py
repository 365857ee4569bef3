"""A browser without a screen: one kept-open connection, cookies, and forms sent as their page shows them."""

import http.client
import time
from dataclasses import dataclass, field
from html.parser import HTMLParser
from http.cookies import SimpleCookie
from urllib.parse import urlencode, urlsplit

from config.processes import HOST

TIMEOUT = 30.0
IDLE = 1.0
"""Seconds after which a connection is not used again: gunicorn closes it after two."""
REDIRECTS = {301, 302, 303}


class Unexpected(Exception):
    """The shop answered something else than a buyer hopes for; the message says what."""


@dataclass
class Form:
    """One form of a page: where it goes and what it would send untouched."""

    action: str
    values: dict[str, str] = field(default_factory=dict)
    names: set[str] = field(default_factory=set)


@dataclass
class Page:
    path: str
    status: int
    text: str

    def form(self, *, having: str = "", action: str = "") -> Form:
        """The form that goes to `action`, or has a field of this name."""
        reader = _Forms(self.path)
        reader.feed(self.text)
        for form in reader.forms:
            if (having in form.names) if having else (form.action == action):
                return form
        raise Unexpected(f"{self.path} ({self.status}) has no form {having or action}")


class Browser:
    """One buyer at one computer."""

    def __init__(self, *, port: int, host: str) -> None:
        self.host = f"{host}:{port}"
        self._connection = http.client.HTTPConnection(HOST, port, timeout=TIMEOUT)
        self._cookies: dict[str, str] = {}
        self._used = time.monotonic()

    def get(self, path: str) -> Page:
        return self._follow(self._send("GET", path), path)

    def submit(self, form: Form, **changes: str) -> Page:
        """Send the form with these values changed, and go where the answer leads."""
        return self._follow(self.post(form, **changes), form.action)

    def post(self, form: Form, **changes: str) -> http.client.HTTPResponse:
        """Send the form and stay; the answer is read already, for its status and headers."""
        answer = self._send("POST", form.action, urlencode(form.values | changes))
        if answer.status in REDIRECTS:
            answer.read()
        return answer

    def _follow(self, answer: http.client.HTTPResponse, path: str) -> Page:
        while answer.status in REDIRECTS:
            answer.read()
            path = urlsplit(answer.headers["Location"]).path
            answer = self._send("GET", path)
        return Page(path=path, status=answer.status, text=answer.read().decode())

    def _send(self, method: str, path: str, body: str | None = None) -> http.client.HTTPResponse:
        headers = {"Host": self.host, "User-Agent": "oropay-bench"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        if time.monotonic() - self._used > IDLE:
            self._connection.close()  # and opened again by the next line
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        self._used = time.monotonic()
        for line in answer.headers.get_all("Set-Cookie", []):
            self._cookies |= {name: morsel.value for name, morsel in SimpleCookie(line).items()}
        return answer


class _Forms(HTMLParser):
    """Reads the forms of a page, with the values they would send if nobody touched them."""

    def __init__(self, path: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._path = path
        self._open: Form | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._open = Form(action=given.get("action") or self._path)
            self.forms.append(self._open)
        name = given.get("name", "")
        if self._open is None or not name or tag not in {"input", "textarea", "select"}:
            return
        self._open.names.add(name)
        if tag == "input" and (given.get("type", "text") not in {"radio", "checkbox"} or "checked" in given):
            self._open.values[name] = given.get("value", "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = None
