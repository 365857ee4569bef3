"""Addresses of a payment's 3-D Secure pages. Whoever opens one sends no session: a signature says which payment it is.

Each names one payment and one page, and ends with the authentication.
"""

from enum import StrEnum

from django.conf import settings
from django.core import signing

from commerce.models import Website
from oropay.models import Authentication, Payment

SALT = "oropay.3-d-secure"


class Page(StrEnum):
    """Who opens it."""

    CHECK = "check"
    """The gateway's library on the Paying page: where does the bank look at the browser?"""
    INITIATE = "initiate"
    """The gateway's library on the Paying page: let the bank decide."""
    METHOD = "method"
    """The bank, in a hidden frame: it has looked at the browser."""
    CHALLENGE = "challenge"
    """The bank, in the frame that the buyer saw: it has asked."""


def token_of(*, payment: Payment, page: Page) -> str:
    """The signature in the address of `api:threeds_<page>`."""
    return signing.dumps(str(payment.uuid), salt=f"{SALT}.{page}")


def link_of(*, payment: Payment, website: Website, page: Page) -> str:
    """Where the bank sends the browser back to, as it must be told: absolute."""
    return website.url(f"api:threeds_{page}", token=token_of(payment=payment, page=page))


def authentication_of(*, token: str, page: Page, too_old: bool = False) -> Authentication | None:
    """The authentication an address names; None for a forged one, another page's, or one that is too old.

    `too_old` finds what an old address once named: good for saying where that payment is, and for nothing else.
    """
    lives = None if too_old else settings.OROPAY_AUTHENTICATION_WITHIN
    try:
        uuid = signing.loads(token, salt=f"{SALT}.{page}", max_age=lives)
    except signing.BadSignature:
        return None
    return Authentication.objects.select_related("payment__website").filter(payment__uuid=uuid).first()
