"""The control room's switches for money: close, settle, send back."""

from typing import Any

from starlette.requests import Request

from gpsandbox import batches, clock, webhooks
from gpsandbox.settlement import deposits, returns
from gpsandbox.store import Store


def batches_close(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """Do not wait for the cut-off. What is in the batches is still paid out on its day."""
    with store.atomic():
        return {"closed_batches": batches.close_all(store, now=clock.now(store))}


def settlement_run(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """`{"date": "2026-12-01", "returns": true, "return_status": "REJECTED"}`: settle everything now, dated `date`."""
    status = body.get("return_status", returns.STATUSES[0])
    if status not in returns.STATUSES:
        raise returns.ReturnError(f"return_status is {' or '.join(returns.STATUSES)}.")
    paid_on = clock.day(str(body["date"])) if "date" in body else clock.now(store).date()
    return deposits.run(
        store,
        settings=request.app.state.settings,
        paid_on=paid_on,
        returns_too=body.get("returns", True),
        return_status=status,
    )


def ach_return(store: Store, request: Request, body: dict[str, Any]) -> Any:
    """`{"code": "R01", "status": "REVERSED"}`: a bank payment comes back now, whatever its account says.

    Without a `code` it does not say why.
    """
    with store.atomic():
        sold = returns.trigger(
            store,
            request.path_params["id"],
            code=str(body.get("code", "")),
            status=str(body.get("status", returns.STATUSES[0])),
            now=clock.now(store),
        )
        webhooks.announce_settlement(store, request.app.state.settings, sold["id"])
    return {name: sold[name] for name in ("id", "status", "result", "updated_at")}


CONTROLS = (
    ("POST", "/batches/close", batches_close),
    ("POST", "/settlement/run", settlement_run),
    ("POST", "/transactions/{id}/ach-return", ach_return),
)
