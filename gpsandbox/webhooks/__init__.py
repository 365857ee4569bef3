"""Status notifications: signed, kept in a table before they are sent, retried, replayed, and spoiled on request.

`announce` writes a row in the caller's database transaction; `deliver` is the job that posts it. Nothing here waits
while the store is locked.
"""

from gpsandbox.webhooks.delivery import deliver, stop
from gpsandbox.webhooks.outbox import announce, announce_dispute, announce_settlement
from gpsandbox.webhooks.signature import signed, signed_url

__all__ = ["announce", "announce_dispute", "announce_settlement", "deliver", "signed", "signed_url", "stop"]
