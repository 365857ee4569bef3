"""Names of resources: a prefix that says what it is, then random text. At most 50 characters."""

import hashlib
import re
import secrets
import uuid

PAYMENT_METHOD = re.compile(r"^PMT_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")


def new(prefix: str) -> str:
    """A fresh id such as `TRN_5f0c…`."""
    return f"{prefix}_{secrets.token_hex(16)}"


def new_payment_method() -> str:
    return f"PMT_{uuid.uuid4()}"


def fixed(prefix: str, *parts: str) -> str:
    """The same id for the same parts, so that accounts keep their names over restarts."""
    return f"{prefix}_{hashlib.sha256('|'.join(parts).encode()).hexdigest()[:32]}"


def acquirer_reference(transaction_id: str) -> str:
    """A card payment's 23-digit acquirer reference number (ARN), made from the transaction's id."""
    return str(int(hashlib.sha256(transaction_id.encode()).hexdigest(), 16)).zfill(23)[:23]
