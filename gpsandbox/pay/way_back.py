"""From the receipt to the shop: a signed address for links, a signed POST of ours for hosted payments."""

import json
import re
from urllib.parse import urljoin, urlsplit

from starlette.responses import HTMLResponse, RedirectResponse, Response

from gpsandbox import webhooks
from gpsandbox.links.resource import HOSTED_PAYMENT
from gpsandbox.pay import pages
from gpsandbox.settings import Settings
from gpsandbox.store import Row, Store
from gpsandbox.webhooks import outbox, outgoing
from gpsandbox.webhooks.signature import HEADER

RELAYED_POLICY = "sandbox allow-forms allow-scripts allow-top-navigation"
"""The shop's answer is shown under our address, but as a page of no origin: it can reach nothing of ours."""


def offered(settings: Settings, link: Row, transaction: Row) -> str:
    """The markup that leads back; nothing when the merchant named no `return_url`."""
    url = return_url(link)
    if not url:
        return ""
    if link["type"] == HOSTED_PAYMENT:
        return pages.return_form(link, transaction)
    return pages.return_link(webhooks.signed_url(url, _values(link, transaction), settings.apps[link["app_id"]]))


def return_url(link: Row) -> str:
    return str(json.loads(link["detail"])["notifications"].get("return_url", ""))


def origin(url: str) -> str:
    """Scheme, host and port, fit for a policy; nothing for an address that is not."""
    parts = urlsplit(url)
    found = f"{parts.scheme}://{parts.netloc}"
    return found if re.fullmatch(r"https?://[A-Za-z0-9.-]+(:[0-9]{1,5})?", found) else ""


async def followed(settings: Settings, store: Store, link: Row, transaction: Row) -> Response:
    """POST the signed result to the shop, and let the payer's browser have what the shop answers."""
    url = return_url(link)
    with store.atomic():
        body = outbox.minified(outbox.resource(store, settings, transaction)).encode()
    signature = webhooks.signed(body, settings.apps[link["app_id"]])
    try:
        answer = await outgoing.post(settings, url, body, {"Content-Type": "application/json", HEADER: signature})
    except outgoing.NotSent as error:
        text = f"Your payment went through. The shop did not answer: {error}"
        return HTMLResponse(pages.notice("Paid", text, state="shop-silent"), 502, headers=pages.headers())
    location = urljoin(url, answer.headers.get("location", ""))
    if 300 <= answer.status < 400 and origin(location):
        return RedirectResponse(location, 303, headers={"Referrer-Policy": "no-referrer"})
    return Response(
        answer.body,
        answer.status,
        media_type=answer.headers.get("content-type", "text/html"),
        headers={**pages.headers(), "Content-Security-Policy": RELAYED_POLICY},
    )


def _values(link: Row, transaction: Row) -> dict[str, str]:
    return {
        "id": transaction["id"],
        "time_created": transaction["created_at"],
        "type": transaction["type"],
        "status": transaction["status"],
        "amount": str(transaction["amount"]),
        "currency": transaction["currency"],
        "reference": transaction["reference"],
        "result": transaction["result"],
        "message": transaction["message"],
        "link_id": link["id"],
        "link_reference": link["reference"],
    }
