"""What the control room may do to an authentication: answer a challenge without a browser."""

from collections.abc import Callable
from typing import Any

from starlette.requests import Request

from gpsandbox import clock
from gpsandbox.store import Store
from gpsandbox.threeds import challenge
from gpsandbox.threeds.challenge import Decision


def challenge_answer(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """`{"decision": "confirm" | "refuse" | "time_out"}`, as if the card holder had done it."""
    if body.get("decision") not in list(Decision):
        raise ValueError(f"decision must be one of {', '.join(Decision)}.")
    authentication_id = request.path_params["id"]
    with store.atomic():
        status = store.value("SELECT status FROM authentications WHERE id = ?", (authentication_id,))
        if status is None:
            raise LookupError(f"There is no authentication {authentication_id}.")
        if status != challenge.WAITING:
            raise ValueError(f"No challenge waits for an answer: the authentication is {status}.")
        challenge.decide(store, authentication_id, decision=Decision(body["decision"]), now=clock.now(store))
        status = store.value("SELECT status FROM authentications WHERE id = ?", (authentication_id,))
    return {"id": authentication_id, "status": status}


CONTROLS: tuple[tuple[str, str, Callable[[Store, Request, dict[str, Any]], Any]], ...] = (
    ("POST", "/authentications/{id}/challenge", challenge_answer),
)
