"""A sandbox that is not empty: what the third-party suite looks up, and three weeks of trade for a demo.

A seed is a few functions, one a subject. They write the past and let `life` make of it what it makes of anything.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from starlette.requests import Request

from gpsandbox import cards_seed, clock
from gpsandbox.disputes import seed as disputes_seed
from gpsandbox.seeds import settled
from gpsandbox.settings import Settings
from gpsandbox.store import Store

Seed = Callable[[Store, str, datetime], None]
"""Write what the app `str` is to find at `datetime`, unless it is there already. Runs inside `Store.atomic`."""

SEEDS: dict[str, tuple[Seed, ...]] = {
    "conformance": (settled.conformance,),
    "demo": (settled.demo,),
}


def at_start(settings: Settings, store: Store) -> None:
    """In conformance mode the suite's resources are there from the first call on."""
    if settings.conformance:
        _plant(settings, store, "conformance", app_id=_first_app(settings))


def _plant(settings: Settings, store: Store, name: str, *, app_id: str) -> None:
    now = clock.now(store)
    with store.atomic():
        for seed in SEEDS[name]:
            seed(store, app_id, now)
    if name == "conformance":
        disputes_seed.seed(store, settings.apps)
        cards_seed.seed(store, settings)


def _first_app(settings: Settings) -> str:
    return next(iter(settings.apps))


def _control(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """`{"app_id": …}`, or for the first app in GPSANDBOX_APPS. A second time changes nothing."""
    settings: Settings = request.app.state.settings
    name = request.path_params["name"]
    app_id = body.get("app_id", _first_app(settings))
    if name not in SEEDS:
        raise LookupError(f"There is no seed {name}, only {' and '.join(SEEDS)}.")
    if not isinstance(app_id, str) or app_id not in settings.apps:
        raise LookupError(f"There is no app {app_id}.")
    _plant(settings, store, name, app_id=app_id)
    return {"seeded": name, "app_id": app_id}


CONTROLS = (("POST", "/seed/{name}", _control),)
