"""What a merchant may answer: accept the loss, or challenge it with documents."""

import base64
import binascii
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from gpsandbox import accounts, errors, fields
from gpsandbox.call import Call
from gpsandbox.disputes import changes, deadlines, shown
from gpsandbox.disputes.changes import Dispute
from gpsandbox.disputes.life import ACCEPTED, FULFILLED, RETRIEVAL, WITH_MERCHANT
from gpsandbox.errors import ApiError

DOCUMENTS_MOST = 10
DOCUMENT_LONGEST = 500_000
"""Characters of base64."""

TYPE = re.compile(r"[A-Z_]{0,50}")


@dataclass(frozen=True)
class Document:
    type: str
    b64_content: str


def accept(call: Call) -> dict[str, Any]:
    """POST /disputes/{id}/acceptance: the merchant takes the loss; the dispute is over."""
    call.allow("DIS_POST_Accept")
    call.account(accounts.DISPUTES)
    dispute = _with_merchant(call, errors.dispute_not_acceptable)
    closed = changes.close(call.store, dispute, result=ACCEPTED, now=call.now)
    documents = changes.document_ids(call.store, dispute)
    return shown.acted(call, closed, documents=documents, action="ACCEPT")


def challenge(call: Call) -> dict[str, Any]:
    """POST /disputes/{id}/challenge: documents answer a retrieval for good; everything else goes to be judged."""
    call.allow("DIS_POST_Challenge")
    call.account(accounts.DISPUTES)
    given = _documents(call.body)
    dispute = _with_merchant(call, errors.dispute_not_challengeable)
    if dispute["stage"] == RETRIEVAL and len(given) > 1:
        raise errors.dispute_single_document()
    documents = changes.document_ids(call.store, dispute)
    for document in given:
        added = changes.document_add(
            call.store, dispute, type_=document.type, b64_content=document.b64_content, now=call.now
        )
        documents.append({"id": added, "type": document.type} if document.type else {"id": added})
    if dispute["stage"] == RETRIEVAL:
        answered = changes.close(call.store, dispute, result=FULFILLED, now=call.now)
    else:
        answered = changes.review(call.store, dispute, now=call.now)
    return shown.acted(call, answered, documents=documents, action="CHALLENGE")


def _with_merchant(call: Call, refusal: Callable[[], ApiError]) -> Dispute:
    """The dispute, if it is the merchant's turn; an unknown one is refused in the same words."""
    deadlines.enforce(call.store, now=call.now)
    dispute = changes.find(call.store, app_id=call.app_id, dispute_id=call.path_id)
    if dispute is None or dispute["status"] != WITH_MERCHANT:
        raise refusal()
    call.resource_id, call.reference = dispute["id"], dispute["reference"]
    return dispute


def _documents(body: dict[str, Any]) -> list[Document]:
    given = body.get("documents", [])
    if not isinstance(given, list) or not all(isinstance(document, dict) for document in given):
        raise errors.unexpected_data("documents")
    if not given or not all(document.get("b64_content") for document in given):
        raise errors.dispute_document_missing()
    if len(given) > DOCUMENTS_MOST:
        raise errors.unexpected_data("documents")
    return [Document(type=_type(document), b64_content=_content(document)) for document in given]


def _type(document: dict[str, Any]) -> str:
    text = fields.text(document, "type", most=50)
    if not TYPE.fullmatch(text):
        raise errors.unexpected_data("type")
    return text


def _content(document: dict[str, Any]) -> str:
    """Base64 as sent; SDKs leave the padding out."""
    text = fields.text(document, "b64_content", most=DOCUMENT_LONGEST)
    try:
        base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        raise errors.wrong_value("b64_content") from None
    return text
