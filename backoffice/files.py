"""Handing out documents: as attachments, with the type they were stored with and no guessing."""

from django.http import HttpResponse
from django.utils.http import content_disposition_header

from plumbing.models import Document


def attachment(document: Document) -> HttpResponse:
    """The file for saving; the caller has made sure that the person may have it."""
    return HttpResponse(
        bytes(document.content),
        content_type=document.content_type,
        headers={
            "Content-Disposition": content_disposition_header(True, document.name) or "attachment",
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "private, no-store",
        },
    )
