"""Our own words to those who decide, on paper: the gateway takes documents, no text."""

import json
from datetime import datetime
from pathlib import Path

import typst
from babel.dates import format_date
from django.utils import translation
from django.utils.translation import gettext as _

from commerce.money import format_money, locale_of
from oropay.models import Dispute

TEMPLATES = Path(__file__).parents[2] / "templates" / "oropay" / "pdf"
LANGUAGE = "en-us"
"""Card schemes decide in English, whatever the customer speaks."""


def letter_pdf(*, dispute: Dispute, text: str, now: datetime) -> bytes:
    """A letter about a dispute with the facts that name it. Equal input gives equal bytes; no system fonts."""
    seller = dispute.organization
    locale = locale_of(LANGUAGE)
    with translation.override(LANGUAGE):
        rows = [
            (_("Date"), format_date(seller.today(now), "long", locale=locale)),
            (_("Case"), dispute.gateway_id),
            (_("Acquirer reference (ARN)"), dispute.arn),
            (_("Our reference"), dispute.reference),
            (_("Order"), dispute.order_reference),
            (_("Amount"), format_money(dispute.amount, dispute.currency, locale)),
            (_("Card"), f"{dispute.brand.title()} ending in {dispute.last4}".strip() if dispute.last4 else ""),
            (_("Reason"), " · ".join(part for part in (dispute.reason_code, dispute.reason) if part)),
        ]
        title = _("Answer to a dispute")
    place = " ".join(part for part in (seller.city, seller.region, seller.postal_code) if part)
    lines = [seller.legal_name or seller.name, seller.line_1, seller.line_2, place, seller.email, seller.phone]
    data = {
        "title": title,
        "language": "en",
        "seller": [line for line in lines if line],
        "facts": [row for row in rows if row[1]],
        "text": [part.strip() for part in text.split("\n\n") if part.strip()],
    }
    return typst.compile(
        str(TEMPLATES / "dispute_letter.typ"),
        root=str(TEMPLATES),
        ignore_system_fonts=True,
        format="pdf",
        sys_inputs={"data": json.dumps(data, ensure_ascii=False, sort_keys=True)},
        timestamp=int(now.timestamp()),
    )
