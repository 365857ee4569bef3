from typing import Any

import pytest

from gpsandbox.disputes.answers import DOCUMENT_LONGEST
from tests.gpsandbox.client import OTHER_APP_ID, OTHER_APP_KEY, Client
from tests.gpsandbox.disputes.conftest import RECEIPT, challenge, dispute, seen, state


def test_evidence_is_kept_listed_and_given_back(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)

    answer = challenge(merchant, dispute_id, RECEIPT, {"b64_content": "VGVzdA==", "type": None})

    receipt, untyped = answer["documents"]
    assert (receipt["type"], receipt["id"][:4], sorted(untyped)) == ("SALES_RECEIPT", "DOC_", ["id"])
    assert seen(merchant, dispute_id)["documents"] == answer["documents"]
    found = merchant.call("GET", f"/disputes/{dispute_id}/documents/{receipt['id']}").json
    assert (found["id"], found["b64_content"]) == (receipt["id"], RECEIPT["b64_content"])
    assert found["action"]["type"] == "DOCUMENT_SINGLE"


def test_only_its_own_merchant_sees_a_dispute_and_its_documents(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)
    [document] = challenge(merchant, dispute_id)["documents"]
    stranger = Client(merchant.port, app_id=OTHER_APP_ID, app_key=OTHER_APP_KEY).with_token()
    unknown = (
        400,
        "INVALID_REQUEST_DATA",
        "40073",
        "101,Unable to locate dispute record for that ID. Please recheck the ID provided.",
    )

    assert stranger.call("GET", f"/disputes/{dispute_id}").error == unknown
    assert stranger.call("GET", f"/disputes/{dispute_id}/documents/{document['id']}").error == unknown
    assert stranger.call("POST", f"/disputes/{dispute_id}/acceptance").error[2] == "40067"
    assert stranger.call("GET", "/disputes").json["disputes"] == []
    assert stranger.call("GET", "/settlement/disputes").json["disputes"] == []
    assert merchant.call("GET", f"/disputes/{dispute_id}/documents/DOC_other").error == (
        400,
        "MANDATORY_DATA_MISSING",
        "40071",
        "128,No document found, please recheck the values provided",
    )


def test_a_retrieval_is_answered_with_one_document(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold, stage="RETRIEVAL")

    refused = merchant.call("POST", f"/disputes/{dispute_id}/challenge", {"documents": [RECEIPT, RECEIPT]})

    assert refused.error == (
        400,
        "INVALID_REQUEST_DATA",
        "40072",
        "131,The dispute stage, Retrieval, can be challenged with a single document only."
        " Please correct the request and resubmit",
    )
    assert state(merchant, dispute_id) == ("RETRIEVAL", "WITH_MERCHANT", "PENDING", "")
    assert seen(merchant, dispute_id)["documents"] == []


@pytest.mark.parametrize(
    ("documents", "detailed"),
    [
        (None, "40065"),
        ([], "40065"),
        ([{}], "40065"),
        ([{"type": "SALES_RECEIPT"}], "40065"),
        ([RECEIPT, {"type": "SALES_RECEIPT"}], "40065"),
        ("receipt", "40213"),
        (["receipt"], "40213"),
        ([RECEIPT] * 11, "40213"),
        ([{"b64_content": "A" * (DOCUMENT_LONGEST + 4)}], "40213"),
        ([{"b64_content": "QUJD", "type": "4263970000005262"}], "40213"),
        ([{"b64_content": 7}], "40213"),
        ([{"b64_content": "not base64!"}], "40090"),
        ([{"b64_content": "QUJDé"}], "40090"),
    ],
)
def test_documents_that_are_none_are_refused_and_nothing_is_kept(
    merchant: Client, sold: dict[str, Any], documents: Any, detailed: str
) -> None:
    dispute_id = dispute(merchant, sold)

    refused = merchant.call("POST", f"/disputes/{dispute_id}/challenge", {"documents": documents})

    assert (refused.status, refused.error[2]) == (400, detailed)
    assert state(merchant, dispute_id) == ("CHARGEBACK", "WITH_MERCHANT", "PENDING", "1999")
    assert seen(merchant, dispute_id)["documents"] == []


def test_the_journal_does_not_keep_what_documents_say(merchant: Client, sold: dict[str, Any]) -> None:
    dispute_id = dispute(merchant, sold)
    secret = "c2VjcmV0IGV2aWRlbmNl"
    [document] = challenge(merchant, dispute_id, {"type": "OTHER", "b64_content": secret})["documents"]
    merchant.call("GET", f"/disputes/{dispute_id}/documents/{document['id']}")

    journal = merchant.emu("GET", "/requests").text

    assert document["id"] in journal
    assert secret not in journal
    assert secret not in merchant.emu("GET", "/disputes").text
