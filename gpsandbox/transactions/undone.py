"""A refund that comes to nothing: what it would have given may be given back again."""

from gpsandbox.store import Row, Store

NOTHING_GIVEN = ("DECLINED", "REJECTED", "REVERSED")


def refund_undone(store: Store, *, refund: Row, status: str) -> None:
    """Its sale is worth more again, the first time that the refund gets a status in which nothing was given."""
    if refund["type"] == "REFUND" and refund["parent_id"] and _gave(refund["status"]) and not _gave(status):
        store.write(
            "UPDATE transactions SET refunded = refunded - ? WHERE id = ?", (refund["amount"], refund["parent_id"])
        )


def _gave(status: str) -> bool:
    return status not in NOTHING_GIVEN
