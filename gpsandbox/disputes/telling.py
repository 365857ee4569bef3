"""The merchant hears of a dispute that others have moved, where GPSANDBOX_NOTIFY_DISPUTES says so."""

from gpsandbox import accounts, webhooks
from gpsandbox.call import Call
from gpsandbox.disputes import shown
from gpsandbox.disputes.changes import Dispute
from gpsandbox.settings import Settings
from gpsandbox.store import Store


def tell(store: Store, settings: Settings, dispute: Dispute) -> None:
    """Announce how it stands now, as GET /disputes/{id} shows it. Call inside `Store.atomic`."""
    if not settings.notify_disputes or dispute["specimen"]:
        return
    call = Call.by_ourselves(settings, store, app_id=dispute["app_id"], method="GET", endpoint="/disputes/{id}")
    body = shown.single(call, dispute, owner=call.owner(call.account(accounts.DISPUTES)))
    webhooks.announce_dispute(store, settings, dispute["transaction_id"], body)
