"""Request bodies of the 3-D Secure calls. Their addresses say `line1`, where a payment's say `line_1`.

Source: GP-API 2021-03-22, POST /authentications and /authentications/{id}/initiate.
"""

from datetime import UTC, datetime
from typing import Any

from oropay.gateway.globalpayments import bodies
from oropay.gateway.globalpayments.bodies import _clip, _without_empty
from oropay.gateway.globalpayments.exceptions import UnusableRequest
from oropay.gateway.globalpayments.minor_units import to_minor
from oropay.gateway.port import CardToken, CheckRequest, Credentials, InitiateRequest, OrderData, PostalAddress

SOURCE = "BROWSER"
PREFERENCES = {False: "NO_PREFERENCE", True: "CHALLENGE_MANDATED"}
"""By whether the bank shall question the buyer; if not, it decides by itself."""
LONGEST_HEADER = 2048
COMPLETIONS = ("YES", "NO", "UNAVAILABLE")


def check(request: CheckRequest, credentials: Credentials) -> dict[str, Any]:
    """Raises: UnusableRequest when amount, reference or token does not fit. Nothing was sent."""
    return _without_empty(
        {
            "account_name": credentials.transaction_account,
            "channel": credentials.channel,
            "country": credentials.country,
            "amount": to_minor(request.amount),
            "currency": request.amount.currency.code,
            "reference": bodies.own_reference(request.reference),
            "source": SOURCE,
            "preference": PREFERENCES[request.challenge],
            "payment_method": _payment_method(request.source),
            "notifications": {
                "challenge_return_url": request.challenge_return_url,
                "three_ds_method_return_url": request.method_return_url,
            },
        }
    )


def initiate(request: InitiateRequest) -> dict[str, Any]:
    """Raises: UnusableRequest when amount, reference or token does not fit. Nothing was sent."""
    if request.method_completion not in COMPLETIONS:
        raise UnusableRequest(f"{request.method_completion!r} does not say whether the bank saw the browser.")
    browser = request.browser
    return _without_empty(
        {
            "three_ds": {
                "source": SOURCE,
                "preference": PREFERENCES[request.challenge],
                "message_version": request.message_version,
                "message_category": "PAYMENT",
            },
            "method_url_completion_status": request.method_completion,
            "merchant_contact_url": request.merchant_contact_url,
            "order": {
                "time_created_reference": _moment(request.created_at),
                "amount": to_minor(request.amount),
                "currency": request.amount.currency.code,
                "reference": bodies.own_reference(request.reference),
                "shipping_address": _address(request.order.shipping_address),
            },
            "payment_method": _payment_method(request.source),
            "payer": _payer(request.order),
            "browser_data": {
                "accept_header": browser.accept_header[:LONGEST_HEADER],
                "color_depth": browser.color_depth,
                "ip": browser.ip_address,
                "java_enabled": _yes(browser.java_enabled),
                "javascript_enabled": _yes(True),
                "language": browser.language,
                "screen_height": str(browser.screen_height),
                "screen_width": str(browser.screen_width),
                "challenge_window_size": browser.window_size,
                "timezone": browser.timezone,
                "user_agent": browser.user_agent[:LONGEST_HEADER],
            },
        }
    )


def _payment_method(source: CardToken) -> dict[str, Any]:
    return {"id": bodies.in_path(source.token), "name": _clip(source.holder_name)}


def _payer(order: OrderData) -> dict[str, Any]:
    payer = order.payer
    return {
        "reference": payer.reference if payer and len(payer.reference) <= bodies.LONGEST else "",
        "email": payer.email if payer else "",
        "billing_address": _address(order.billing_address),
    }


def _address(address: PostalAddress | None) -> dict[str, Any]:
    if address is None:
        return {}
    return {
        "line1": _clip(address.line_1),
        "line2": _clip(address.line_2),
        "city": _clip(address.city),
        "state": _clip(address.region),
        "postal_code": _clip(address.postal_code),
        "country": address.country if len(address.country) == 2 else "",
    }


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _yes(value: bool) -> str:
    return "true" if value else "false"
