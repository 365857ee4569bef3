"""Files as rows."""

import hashlib
from datetime import datetime

from plumbing.exceptions import DocumentEmpty, DocumentTooLarge
from plumbing.models import DOCUMENT_LIMIT, Document, DocumentKind


def document_add(*, kind: DocumentKind, name: str, content_type: str, content: bytes, now: datetime) -> Document:
    """Keep a file in the caller's transaction, so that it exists exactly if the rows it proves do.

    Raises:
        DocumentTooLarge: more than 25 MB.
        DocumentEmpty: no bytes at all.
    """
    if len(content) > DOCUMENT_LIMIT:
        raise DocumentTooLarge(name=name, size=len(content), limit=DOCUMENT_LIMIT)
    if not content:
        raise DocumentEmpty(name=name)
    return Document.objects.create(
        kind=DocumentKind(kind),
        name=name,
        content_type=content_type,
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
        created_at=now,
    )
