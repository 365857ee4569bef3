"""The card holder's bank: what a browser sees of its access control server (ACS), on an origin of its own.

Two pages, as in EMV 3-D Secure. The *method page* runs in a hidden frame of the shop's page before the bank decides;
the *challenge page* asks the card holder. Both end by posting to the address that the shop named when it opened the
authentication, never to one that a browser brings along.
"""

from collections.abc import Awaitable, Callable
from functools import partial
from urllib.parse import parse_qsl, urlsplit

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from gpsandbox import clock
from gpsandbox.acs import pages
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store
from gpsandbox.threeds import challenge
from gpsandbox.threeds.challenge import Decision

CODE = "1234"
"""What the card holder types. The page says so: nobody is sent a message here."""
SESSION = "threeDSSessionData"
FORM_LIMIT = 100_000
"""Bytes."""

Endpoint = Callable[[Request], Awaitable[Response]]
Page = Callable[[Request, Settings, Store], Awaitable[Response]]


def routes(*, settings: Settings, store: Store) -> list[Route]:
    def here(page: Page) -> Endpoint:
        return partial(_only_here, page=page, settings=settings, store=store)

    return [
        Route("/acs/method", here(_method), methods=["POST"]),
        Route("/acs/challenge/{ref}", here(_challenge), methods=["POST"]),
        Route("/acs/acs.js", here(_script)),
        Route("/acs/acs.css", here(_style)),
    ]


async def _only_here(request: Request, *, page: Page, settings: Settings, store: Store) -> Response:
    """No other origin has these pages, so that shop and bank never share one. The suite may call any."""
    if request.headers.get("host") != urlsplit(settings.acs_url).netloc and not settings.conformance:
        raise HTTPException(404)
    return await page(request, settings, store)


async def _script(request: Request, settings: Settings, store: Store) -> Response:
    return pages.asset("acs.js", "text/javascript")


async def _style(request: Request, settings: Settings, store: Store) -> Response:
    return pages.asset("acs.css", "text/css")


async def _method(request: Request, settings: Settings, store: Store) -> Response:
    """`threeDSMethodData` comes in, `threeDSMethodData` goes back to the shop, without anybody doing anything."""
    form = await _form(request)
    told = challenge.decoded(form.get("threeDSMethodData", ""))
    found = _found(store, "id", str(told.get("threeDSServerTransID", "")))
    if found is None or not found["method_return_url"]:
        return pages.mistake(settings, "This is not the method data of an authentication.")
    with store.atomic():
        store.update("authentications", found["id"], method_page_seen=1)
    answer = challenge.encoded({"threeDSServerTransID": found["id"]})
    return pages.handing_back(
        settings, to=found["method_return_url"], name="MethodForm", fields={"threeDSMethodData": answer}
    )


async def _challenge(request: Request, settings: Settings, store: Store) -> Response:
    """The whole conversation about one challenge has one address; what is posted says how far it is.

    `creq` opens the page; `decision` is one of its buttons; `get-status-type` is a program that waits for the card
    holder, and an empty post is that program asking for the form that goes back to the shop.
    """
    form = await _form(request)
    found = _found(store, "acs_trans_ref", request.path_params["ref"])
    if found is None:
        return pages.mistake(settings, "No challenge has this address.")
    session = form.get(SESSION, "")
    if "get-status-type" in form:
        return pages.plain("IN_PROGRESS" if _waits(_asked(settings, store, found)) else "COMPLETE")
    request_given = form.get("creq") or form.get("CREQ")
    if request_given and challenge.decoded(request_given).get("acsTransID") != found["acs_trans_ref"]:
        return pages.mistake(settings, "This challenge request belongs to another challenge.")
    if not _waits(found):
        return _ended(settings, found, session)
    decision = form.get("decision")
    if decision not in list(Decision):
        return pages.question(settings, found, session=session, code=CODE)
    if decision == Decision.CONFIRM and form.get("code", "").strip() != CODE:
        return pages.question(settings, found, session=session, code=CODE, error="This is not the code. Try again.")
    return _ended(settings, _decided(store, found, Decision(decision)), session)


def _asked(settings: Settings, store: Store, found: Row) -> Row:
    """In the suite nobody sits before a browser: its card holder confirms as soon as a program waits for it."""
    return _decided(store, found, Decision.CONFIRM) if settings.conformance and _waits(found) else found


def _decided(store: Store, found: Row, decision: Decision) -> Row:
    with store.atomic():
        challenge.decide(store, found["id"], decision=decision, now=clock.now(store))
        decided = _found(store, "id", found["id"])
    return decided or found


def _ended(settings: Settings, found: Row, session: str) -> Response:
    fields = {"cres": challenge.response(found), **({SESSION: session} if session else {})}
    return pages.handing_back(settings, to=found["challenge_return_url"], name="ResForm", fields=fields)


def _waits(found: Row) -> bool:
    return bool(found["status"] == challenge.WAITING)


def _found(store: Store, column: str, value: str) -> Row | None:
    """`column` is ours, never a caller's."""
    if not value:
        return None
    return store.row(f"SELECT * FROM authentications WHERE {column} = ?", (value,))  # noqa: S608


async def _form(request: Request) -> dict[str, str]:
    """The fields of a posted form, whatever Content-Type it says."""
    raw = await request.body()
    if len(raw) > FORM_LIMIT:
        raise HTTPException(413)
    return dict(parse_qsl(raw.decode(errors="replace"), keep_blank_values=True))
