"""Somebody at the console."""

import html
import re
from urllib.parse import urlencode

from tests.gpsandbox.client import SECRET, Client, Reply


class Visitor:
    """Somebody with a browser that keeps cookies and sends forms."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.cookies: dict[str, str] = {}

    def get(self, path: str) -> Reply:
        return self._kept(self.client.send("GET", path, headers=self._headers()))

    def send(self, path: str, *, token: str | None = None, origin: str = "", **fields: str) -> Reply:
        """Send a form; `token` replaces the one that our pages carry."""
        if token is None:
            token = re.findall(r'name="form_token" value="([0-9a-f]+)"', self.get("/").text)[0]
        body = urlencode({"form_token": token, **fields}).encode()
        headers = {**self._headers(), "Content-Type": "application/x-www-form-urlencoded"}
        if origin:
            headers["Origin"] = origin
        return self._kept(self.client.send("POST", path, body, headers=headers))

    def log_in(self, secret: str = SECRET) -> Reply:
        token = re.findall(r'name="form_token" value="([0-9a-f]+)"', self.get("/login").text)[0]
        return self.send("/login", token=token, secret=secret, back="/console/clock")

    def said(self, path: str = "/") -> str:
        """What the page says about the form sent before."""
        found = re.search(r'<p class="said[^"]*" role="[a-z]+">(.*?)</p>', self.get(path).text)
        return html.unescape(found.group(1)) if found else ""

    def _headers(self) -> dict[str, str]:
        return {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())} if self.cookies else {}

    def _kept(self, reply: Reply) -> Reply:
        cookie = reply.headers.get("set-cookie", "")
        name, _, value = cookie.partition(";")[0].partition("=")
        if name:
            self.cookies[name] = value.strip('"')
        return reply
