"""Files as rows."""

import pytest
from django.db import IntegrityError
from django.db.transaction import atomic

from plumbing.exceptions import DocumentEmpty, DocumentTooLarge
from plumbing.models import DOCUMENT_LIMIT, Document, DocumentKind
from plumbing.services import document_add
from tests.factories import NOON

pytestmark = pytest.mark.django_db


def added(content: bytes) -> Document:
    return document_add(
        kind=DocumentKind.EVIDENCE, name="proof.txt", content_type="text/plain", content=content, now=NOON
    )


def test_a_document_knows_its_size_and_hash() -> None:
    document = added(b"hello")

    kept = Document.objects.get(uuid=document.uuid)

    assert bytes(kept.content) == b"hello"
    assert kept.size == 5
    assert kept.sha256 == "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
    assert kept.created_at == NOON


def test_a_document_of_25_megabytes_is_kept() -> None:
    document = added(b"x" * DOCUMENT_LIMIT)

    assert document.size == 26_214_400


def test_a_document_one_byte_larger_is_refused_and_not_stored() -> None:
    with pytest.raises(DocumentTooLarge, match=r"“proof\.txt” was not stored\. It has 26214401 bytes"):
        added(b"x" * (DOCUMENT_LIMIT + 1))

    assert Document.objects.count() == 0


def test_an_empty_file_is_refused_and_not_stored() -> None:
    with pytest.raises(DocumentEmpty, match=r"“proof\.txt” was not stored"):
        added(b"")

    assert Document.objects.count() == 0


def test_a_kind_nobody_defined_is_refused() -> None:
    with pytest.raises(ValueError, match="'photo' is not a valid DocumentKind"):
        document_add(kind="photo", name="p", content_type="image/png", content=b"x", now=NOON)  # type: ignore[arg-type]

    assert Document.objects.count() == 0


def test_nobody_changes_or_deletes_a_document() -> None:
    document = added(b"hello")

    with pytest.raises(IntegrityError, match="plumbing_document is append-only"), atomic():
        Document.objects.filter(pk=document.pk).update(content=b"other")
    with pytest.raises(IntegrityError, match="plumbing_document is append-only"), atomic():
        document.delete()

    assert bytes(Document.objects.get(pk=document.pk).content) == b"hello"
