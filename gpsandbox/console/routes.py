"""Where the pages are, and the guard before each of them."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Mapping
from functools import cache
from pathlib import Path
from urllib.parse import parse_qsl, quote

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from gpsandbox import admin, clock
from gpsandbox.console import access, acts, dial, pages, reading
from gpsandbox.console.html import Safe, element
from gpsandbox.console.render import Frame, document
from gpsandbox.settings import Settings
from gpsandbox.store import Store

HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}
SAID = "gpsandbox_said"
"""A cookie that carries one sentence over a redirect."""
BODY_LIMIT = 20_000
"""Bytes of a form."""
WRONG_SECRET_SECONDS = 0.5

View = Callable[[Store, Settings, Frame, Request], Safe]
Form = Mapping[str, str]
Doing = Callable[[Store, Request, Form], Awaitable[str]]
"""Does something and says what; raises ValueError or LookupError with what went wrong."""


def routes(*, settings: Settings, store: Store) -> list[Route]:
    """Nothing at all when no secret is set."""
    if not settings.secret:
        return []

    def shown(path: str, view: View) -> Route:
        return Route(path, _page(view, settings, store), methods=["GET"])

    def done(path: str, doing: Doing) -> Route:
        return Route(path, _doing(doing, settings, store), methods=["POST"])

    return [
        Route("/console.css", _style, methods=["GET"]),
        Route("/login", _log_in(settings), methods=["GET", "POST"]),
        Route("/logout", _log_out(settings), methods=["POST"]),
        shown("/", pages.start),
        shown("/console/clock", pages.clock_page),
        shown("/console/faults", pages.faults_page),
        shown("/console/{section}", pages.section),
        shown("/console/{section}/{id}", pages.detail),
        done("/console/dial", _dial_set),
        done("/console/rules", _rule_add),
        done("/console/rules/{id}", _rule_remove),
        done("/console/act/{name}", _act_do),
    ]


# --- the guard -------------------------------------------------------------------------------------------------------


def _page(view: View, settings: Settings, store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not admin.is_loopback(request):
            return _elsewhere()
        visitor = access.visitor(request, settings)
        if visitor is None:
            return RedirectResponse(f"/login?back={quote(_here(request))}", 303, headers=HEADERS)
        said, went_wrong = _said_read(request)
        frame = Frame(
            sections=reading.sections(store),
            form_token=visitor.form_token,
            now=clock.stamp(clock.now(store)),
            path=request.url.path,
            said=said,
            went_wrong=went_wrong,
        )
        try:
            answer = _html(view(store, settings, frame, request))
        except LookupError as error:
            answer = _html(pages.nothing(frame, str(error)), 404)
        answer.delete_cookie(SAID)
        return answer

    return endpoint


def _doing(doing: Doing, settings: Settings, store: Store) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not admin.is_loopback(request):
            return _elsewhere()
        visitor = access.visitor(request, settings)
        form = await _form(request)
        if visitor is None or not access.is_ours(request, given=form.get("form_token", ""), wanted=visitor.form_token):
            return _html(_refusal("This form is too old or not ours. Nothing was done."), 403)
        answer = RedirectResponse(_back(form), 303, headers=HEADERS)
        try:
            _say(answer, await doing(store, request, form))
        except (ValueError, LookupError) as error:
            _say(answer, f"Nothing was done. {error.args[0] if error.args else error}", went_wrong=True)
        return answer

    return endpoint


def _log_in(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        if not admin.is_loopback(request):
            return _elsewhere()
        token = access.log_in_token(settings)
        if request.method == "GET":
            return _html(pages.log_in(token, back=request.query_params.get("back", "/")))
        form = await _form(request)
        if not access.is_ours(request, given=form.get("form_token", ""), wanted=token):
            return _html(_refusal("This form is not ours. Nothing was done."), 403)
        if not access.secret_is(form.get("secret", ""), settings):
            await asyncio.sleep(WRONG_SECRET_SECONDS)
            return _html(pages.log_in(token, back=_back(form), problem="That is not the secret."), 401)
        answer = RedirectResponse(_back(form), 303, headers=HEADERS)
        answer.set_cookie(
            access.COOKIE, access.pass_issue(settings), max_age=access.LASTS, httponly=True, samesite="strict"
        )
        return answer

    return endpoint


def _log_out(settings: Settings) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        visitor = access.visitor(request, settings)
        form = await _form(request)
        if visitor is None or not access.is_ours(request, given=form.get("form_token", ""), wanted=visitor.form_token):
            return _html(_refusal("This form is too old or not ours. Nothing was done."), 403)
        answer = RedirectResponse("/login", 303, headers=HEADERS)
        answer.delete_cookie(access.COOKIE, httponly=True, samesite="strict")
        return answer

    return endpoint


# --- what forms do ---------------------------------------------------------------------------------------------------


async def _dial_set(store: Store, request: Request, form: Form) -> str:
    setting = dial.BY_NAME.get(form.get("setting", ""))
    if setting is None:
        raise LookupError("There is no such setting.")
    if setting.name not in dial.armed(store):  # a double click arms once
        await acts.press_control(store, request, "POST", "/rules", body=setting.rule)
    return f"Armed: the next payment {setting.label}."


async def _rule_add(store: Store, request: Request, form: Form) -> str:
    await acts.press_control(store, request, "POST", "/rules", body=pages.rule_of(form))
    return "The rule is set."


async def _rule_remove(store: Store, request: Request, form: Form) -> str:
    await acts.press_control(store, request, "DELETE", "/rules/{id}", body={}, row_id=request.path_params["id"])
    return "Disarmed."


async def _act_do(store: Store, request: Request, form: Form) -> str:
    act = acts.BY_NAME.get(request.path_params["name"])
    if act is None:
        raise LookupError("There is no such button.")
    await acts.press(store, request, act, row_id=form.get("id", ""), form=form)
    return f"Done: {act.label}."


# --- small things ----------------------------------------------------------------------------------------------------


async def _form(request: Request) -> dict[str, str]:
    raw = await request.body()
    return dict(parse_qsl(raw.decode(errors="replace"))) if len(raw) <= BODY_LIMIT else {}


def _back(form: Form) -> str:
    """Where the form came from, if that is a page of ours."""
    path = form.get("back", "/")
    return path if path == "/" or path.startswith("/console/") else "/"


def _here(request: Request) -> str:
    return request.url.path + (f"?{request.url.query}" if request.url.query else "")


def _html(content: Safe, status: int = 200) -> Response:
    return Response(content, status, media_type="text/html", headers=HEADERS)


def _refusal(text: str) -> Safe:
    link = element("a", "Start again", href="/")
    return document("Refused", element("main", element("h1", "Refused"), element("p", text), element("p", link)))


def _elsewhere() -> Response:
    return _html(_refusal("The console answers only on the machine it runs on."), 403)


def _say(answer: Response, text: str, *, went_wrong: bool = False) -> None:
    value = base64.urlsafe_b64encode(f"{'!' if went_wrong else ' '}{text[:600]}".encode()).decode()
    answer.set_cookie(SAID, value, max_age=60, httponly=True, samesite="strict")


def _said_read(request: Request) -> tuple[str, bool]:
    try:
        text = base64.urlsafe_b64decode(request.cookies.get(SAID, "")).decode()
    except ValueError:
        return "", False
    return text[1:], text[:1] == "!"


@cache
def _style_text() -> str:
    return (Path(__file__).parent / "console.css").read_text(encoding="utf-8")


async def _style(request: Request) -> Response:
    return Response(_style_text(), media_type="text/css", headers={**HEADERS, "Cache-Control": "no-cache"})
