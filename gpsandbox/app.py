"""The ASGI application: the API, the control room and its console, the hosted fields, a health answer."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from gpsandbox import acs, admin, api, apm_pages, console, errors, hosted, pay, seed, ticker, webhooks
from gpsandbox.settings import Settings, settings_read
from gpsandbox.store import Store
from gpsandbox.wire import Answer

BROWSER_HEADERS = ("Authorization", "Content-Type", "X-GP-Version", "X-GP-Library", "X-GP-Idempotency")


class ApiFromAnywhere(CORSMiddleware):
    """Lets pages of any origin call the API, and nothing else of ours: not the control room, not the console."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        is_api = scope["type"] == "http" and scope["path"].startswith("/ucp/")
        await (super().__call__ if is_api else self.app)(scope, receive, send)


def application(settings: Settings) -> Starlette:
    """One sandbox over one database file, which is opened here and closed when the server stops."""
    store = Store(settings.database)
    seed.at_start(settings, store)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        ticking = asyncio.create_task(ticker.run(settings=settings, store=store))
        yield
        ticking.cancel()
        with suppress(asyncio.CancelledError):
            await ticking
        await webhooks.stop()
        store.close()

    async def healthz(request: Request) -> Response:
        return Answer({"status": "ok", "transactions": store.value("SELECT count(*) FROM transactions")})

    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            *api.routes(settings=settings, store=store),
            *admin.routes(settings=settings, store=store),
            *hosted.routes(settings=settings),
            *acs.routes(settings=settings, store=store),
            *pay.routes(settings=settings, store=store),
            *apm_pages.routes(settings=settings, store=store),
            *console.routes(settings=settings, store=store),
        ],
        middleware=[
            # Browsers may call from anywhere, as at the gateway: the token is the guard, and no cookies exist.
            Middleware(
                ApiFromAnywhere,
                allow_origins=["*"],
                allow_methods=["GET", "POST", "PATCH", "DELETE"],
                allow_headers=BROWSER_HEADERS,
                max_age=600,
            )
        ],
        exception_handlers={404: _nowhere, 405: _not_so},
        lifespan=lifespan,
    )
    app.state.settings = settings
    return app


def from_environment() -> Starlette:
    """What each of several processes serves; the first has checked the settings."""
    return application(settings_read(os.environ))


async def _not_so(request: Request, error: Exception) -> Response:
    text = f"{request.method} is not allowed at {request.url.path}"
    known = {
        method
        for route in request.app.routes
        if isinstance(route, Route) and route.path_regex.match(request.url.path)
        for method in route.methods or ()
    }
    headers = {"Allow": ", ".join(sorted(known))}
    return Answer(errors.ApiError(405, "INVALID_REQUEST_DATA", "40118", text).body(), 405, headers=headers)


async def _nowhere(request: Request, error: Exception) -> Response:
    path = request.url.path
    return Answer(errors.ApiError(404, "RESOURCE_NOT_FOUND", "40118", f"Nothing found at {path}").body(), 404)
