"""Request bodies for GP-API: port values in, exact JSON values out. Pure functions, no network.

Text that only describes is clipped to the API's 50 characters. Names that something will be looked up by are never
clipped: a wrong one is refused, or left out where it is not ours to choose (SKU, PO number). How much about the goods
may be sent is decided by the caller (`SaleRequest.level`); here it is only written.
Source: GP-API 2021-03-22, POST /transactions and its follow-ups.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from oropay.gateway.globalpayments.exceptions import AmountDoesNotFit, UnusableRequest
from oropay.gateway.globalpayments.minor_units import minor, to_minor
from oropay.gateway.port import (
    AuthenticationUsed,
    BankAccount,
    Capture,
    CardToken,
    Credentials,
    DataLevel,
    FollowUpRequest,
    OrderData,
    OrderItem,
    Payer,
    PostalAddress,
    RiskFilter,
    SaleRequest,
    ValidationRequest,
)

LONGEST = 50
SHORTEST_REFERENCE = 8

_CAPTURE_MODE = {
    Capture.NOW: "AUTO",
    Capture.LATER: "LATER",
    Capture.MULTIPLE: "MULTIPLE",
    Capture.LAST: "MULTIPLE",
}
_NAME_IN_A_PATH = re.compile(r"[A-Za-z0-9_-]{1,50}")
_KEY = re.compile(r"[\x21-\x7e]{1,50}")


def sale(request: SaleRequest, credentials: Credentials, *, kind: str = "SALE") -> dict[str, Any]:
    """A charge, or a hold when `request.capture` is not NOW; with the kind REFUND money to a customer.

    Raises:
        UnusableRequest: the amount, the reference or a name does not fit. Nothing was sent.
    """
    if request.amount.amount <= 0:
        raise UnusableRequest(f"A sale of {request.amount} was asked for; it must be more than nothing.")
    if isinstance(request.source, BankAccount) and request.capture is not Capture.NOW:
        raise UnusableRequest("A bank account cannot be held, only charged.")
    order = request.order
    return _without_empty(
        {
            "account_name": credentials.transaction_account,
            "channel": credentials.channel,
            "country": credentials.country,
            "type": kind,
            "capture_mode": _CAPTURE_MODE[request.capture] if kind == "SALE" else "",
            "amount": to_minor(request.amount),
            "currency": request.amount.currency.code,
            "reference": own_reference(request.reference),
            "description": _clip(order.description),
            "ip_address": order.ip_address,
            "purchase_order_number": _whole_or_none(order.po_number) if request.level >= DataLevel.TWO else None,
            "payer": _payer(order, holder=_holder(request.source)),
            "order": _order(order, level=request.level),
            "notifications": {"status_url": request.status_url},
            **_credential_use(request.source),
            "risk_assessment": _risk_assessment(request),
            "payment_method": {
                **_payment_method(request.source, narrative=_clip(order.reference), billing=order.billing_address),
                "authentication": _authentication(request.authentication),
            },
        }
    )


def validation(request: ValidationRequest, credentials: Credentials) -> dict[str, Any]:
    """A question to the issuer about a card. It names a currency and no amount.

    Source: GP-API 2021-03-22, POST /verifications.
    """
    return _without_empty(
        {
            "account_name": credentials.transaction_account,
            "channel": credentials.channel,
            "country": credentials.country,
            "currency": request.currency,
            "reference": own_reference(request.reference),
            **_credential_use(request.source),
            "payment_method": _payment_method(request.source, narrative=""),
        }
    )


def capture(request: FollowUpRequest) -> dict[str, Any]:
    """All of a hold, or the named part of it; of several it says which."""
    return {**_amount_of(request), **({"capture_sequence": request.sequence} if request.sequence else {})}


def reauthorization(request: FollowUpRequest) -> dict[str, Any]:
    """With our own reference, so that a lost answer can be found again."""
    return {**_amount_of(request), "reference": own_reference(request.reference)}


def reversal(request: FollowUpRequest) -> dict[str, Any]:
    """Always all of it: GP-API knows no partial reversal."""
    return _amount_of(request)


def refund(request: FollowUpRequest) -> dict[str, Any]:
    """With our own reference, so that a lost answer can be found again."""
    return {**_amount_of(request), "reference": own_reference(request.reference)}


def card_update(*, expiry_month: int, expiry_year: int) -> dict[str, Any]:
    """A kept card's new expiry. The gateway wants `usage_mode` with it, though it cannot change back."""
    return {
        "usage_mode": "MULTIPLE",
        "card": {"expiry_month": f"{expiry_month:02d}", "expiry_year": f"{expiry_year % 100:02d}"},
    }


def release() -> dict[str, Any]:
    """Staff looked at it and found nothing wrong."""
    return {"reason_code": "FALSE_POSITIVE"}


def own_reference(reference: str) -> str:
    """Raises: UnusableRequest unless it is 8 to 50 characters that survive a URL (a reversal may name it there)."""
    if len(reference) < SHORTEST_REFERENCE or not _NAME_IN_A_PATH.fullmatch(reference):
        raise UnusableRequest(f"The reference {reference!r} must be 8 to 50 letters, digits, - or _.")
    return reference


def in_path(name: str) -> str:
    """A transaction id or reference as part of a URL. Raises: UnusableRequest if it could change the URL."""
    if not _NAME_IN_A_PATH.fullmatch(name):
        raise UnusableRequest(f"{name!r} is not the name of a transaction.")
    return name


def key(idempotency_key: str) -> str:
    """Raises: UnusableRequest unless the key is 1 to 50 printable characters."""
    if not _KEY.fullmatch(idempotency_key):
        raise UnusableRequest("The idempotency key must be 1 to 50 printable characters.")
    return idempotency_key


def _amount_of(request: FollowUpRequest) -> dict[str, Any]:
    if request.amount is None:
        return {}
    if request.amount.amount <= 0:
        raise UnusableRequest(f"{request.amount} was asked for; it must be more than nothing.")
    return {"amount": to_minor(request.amount)}


def _risk_assessment(request: SaleRequest) -> list[dict[str, str]]:
    """Asked for by naming a mode; cards only."""
    if request.risk is RiskFilter.OFF or isinstance(request.source, BankAccount):
        return []
    return [{"mode": request.risk.upper()}]


def _payment_method(
    source: CardToken | BankAccount, *, narrative: str, billing: PostalAddress | None = None
) -> dict[str, Any]:
    if isinstance(source, BankAccount):
        return {
            "entry_mode": "ECOM",
            "name": _clip(source.holder_name),
            "narrative": narrative,
            "bank_transfer": {
                "account_number": source.account_number,
                "account_type": source.account_type,
                "account_holder_type": source.holder_type,
                "sec_code": source.sec_code,
                "bank": {"code": source.routing_number, "name": _clip(source.bank_name)},
            },
        }
    return {
        "entry_mode": "ECOM",
        "id": in_path(source.token),
        "name": _clip(source.holder_name),
        "narrative": narrative,
        "storage_mode": "ON_SUCCESS" if source.keep else "",
        # Of declined cards too: many different ones from one place are somebody trying stolen numbers.
        "fingerprint_mode": "ALWAYS",
        "card": {
            "brand_reference": source.use.brand_reference if source.use else "",
            "avs_address": _clip(billing.line_1) if billing else "",
            "avs_postal_code": _clip(billing.postal_code) if billing else "",
        },
    }


def _authentication(used: AuthenticationUsed | None) -> dict[str, Any]:
    """The gateway has the cryptogram itself: its own id of the authentication is enough."""
    if used is None:
        return {}
    return {
        "id": in_path(used.gateway_id) if used.gateway_id else "",
        "three_ds": {
            "message_version": used.message_version,
            "eci": used.eci,
            "server_trans_ref": used.server_trans_ref,
            "ds_trans_ref": used.ds_trans_ref,
            "exempt_status": used.exemption,
        },
    }


def _credential_use(source: CardToken | BankAccount) -> dict[str, Any]:
    """Card schemes want to know whether a card is being kept or a kept one used, and by whom."""
    if isinstance(source, BankAccount) or source.use is None:
        return {}
    return {
        "initiator": "MERCHANT" if source.use.by_merchant else "PAYER",
        "stored_credential": {
            "model": source.use.model,
            "reason": source.use.reason,
            "sequence": "FIRST" if source.use.first else "SUBSEQUENT",
        },
    }


def _holder(source: CardToken | BankAccount) -> str:
    return source.holder_name if isinstance(source, BankAccount) else ""


def _payer(order: OrderData, *, holder: str) -> dict[str, Any]:
    payer = order.payer or Payer(reference="")
    if len(payer.reference) > LONGEST:
        raise UnusableRequest(f"The payer's reference {payer.reference!r} is longer than {LONGEST} characters.")
    return {
        "reference": payer.reference,
        "name": _clip(holder or payer.company),
        "first_name": _clip(payer.first_name),
        "last_name": _clip(payer.last_name),
        "email": payer.email,
        "landline_phone": _digits(payer.phone),
        "billing_address": _address(order.billing_address),
    }


def _order(order: OrderData, *, level: DataLevel) -> dict[str, Any]:
    """Where the goods go is said at every level: the fraud filter and 3-D Secure look at it."""
    if len(order.reference) > LONGEST:
        raise UnusableRequest(f"The order's reference {order.reference!r} is longer than {LONGEST} characters.")
    return {
        "reference": order.reference,
        "description": _clip(order.description),
        "amount": _minor_or_none(order.total, order.currency),
        "currency": order.currency,
        **(_head(order) if level >= DataLevel.TWO else {}),
        "items": [_item(item, order.currency) for item in order.items] if level >= DataLevel.THREE else [],
        "shipping_address": _address(order.shipping_address),
        "shipping_phone": _phone(order.shipping_address),
    }


def _head(order: OrderData) -> dict[str, Any]:
    money = order.currency
    return {
        "tax_amount": minor(order.tax, money),
        "shipping_amount": minor(order.shipping, money),
        "discounts": [{"reference": "DISCOUNT", "amount": minor(order.discount, money)}] if order.discount else [],
    }


def _item(item: OrderItem, currency: str) -> dict[str, Any]:
    return {
        "reference": _whole_or_none(item.reference),
        "label": _clip(item.label),
        # GP-API has no field for the unit of measure.
        "description": _clip(item.unit),
        "category": _clip(item.commodity_code),
        "quantity": f"{item.quantity.normalize():f}",
        "unit_amount": minor(item.unit_amount, currency),
        "tax_amount": minor(item.tax, currency),
        "total_amount": minor(item.total, currency),
    }


def _address(address: PostalAddress | None) -> dict[str, Any]:
    if address is None:
        return {}
    return {
        "line_1": _clip(address.line_1),
        "line_2": _clip(address.line_2),
        "city": _clip(address.city),
        "state": _clip(address.region),
        "postal_code": _clip(address.postal_code),
        "country": address.country if len(address.country) == 2 else "",
    }


def _phone(address: PostalAddress | None) -> dict[str, Any]:
    digits = _digits(address.phone) if address else ""
    if address and digits.startswith("1") and address.phone.strip().startswith("+"):
        return {"country_code": "1", "subscriber_number": digits[1:]}
    return {"subscriber_number": digits}


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text)[:LONGEST]


def _clip(text: str) -> str:
    return " ".join(text.split())[:LONGEST].rstrip()


def _whole_or_none(name: str) -> str | None:
    """A name that is not ours: whole, or left out, because half of it names something else."""
    return name.strip() if 0 < len(name.strip()) <= LONGEST else None


def _minor_or_none(amount: Decimal, currency: str) -> str | None:
    try:
        return minor(amount, currency)
    except AmountDoesNotFit:
        return None


def _without_empty(value: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what says nothing, at every depth, so that the gateway never sees an empty field."""
    kept: dict[str, Any] = {}
    for name, item in value.items():
        if isinstance(item, Mapping):
            item = _without_empty(item)
        elif isinstance(item, list):
            item = [_without_empty(part) for part in item]
        if item not in (None, "", {}, []):
            kept[name] = item
    return kept
