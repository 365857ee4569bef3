"""Every call needs its permission and names its own account, or nothing happens."""

import pytest

from gpsandbox import accounts
from tests.gpsandbox.client import VISA, Client, card, reference, sale

TRANSACTION, TOKEN = "/transactions/{transaction}", "/payment-methods/{token}"

CALLS = [
    ("TRN_POST_Authorize", "POST", "/transactions", sale()),
    ("TRN_GET_List", "GET", "/transactions", None),
    ("TRN_GET_Single", "GET", TRANSACTION, None),
    ("TRN_POST_Capture", "POST", f"{TRANSACTION}/capture", {}),
    ("TRN_POST_Refund", "POST", f"{TRANSACTION}/refund", {}),
    ("TRN_POST_Reverse", "POST", f"{TRANSACTION}/reversal", {}),
    ("TRN_POST_Confirm", "POST", f"{TRANSACTION}/confirmation", {}),
    ("TRN_POST_Hold", "POST", f"{TRANSACTION}/hold", {}),
    ("TRN_POST_Release", "POST", f"{TRANSACTION}/release", {}),
    (
        "VER_POST_Verify",
        "POST",
        "/verifications",
        {"channel": "CNP", "country": "US", "currency": "USD", "payment_method": card("4263970000005262")},
    ),
    ("PMT_POST_Create", "POST", "/payment-methods", {"usage_mode": "MULTIPLE", "card": VISA}),
    ("PMT_POST_Search", "POST", "/payment-methods/search", {"card": VISA}),
    ("PMT_GET_List", "GET", "/payment-methods", None),
    ("PMT_GET_Single", "GET", TOKEN, None),
    ("PMT_PATCH_Edit", "PATCH", TOKEN, {"usage_mode": "MULTIPLE", "name": "Changed"}),
    ("PMT_DELETE_Delete", "DELETE", TOKEN, None),
]


@pytest.fixture
def known(gateway: Client) -> dict[str, str]:
    """A held payment and a stored card."""
    token = gateway.call("POST", "/payment-methods", {"reference": reference(), "card": VISA, "name": "Ada"}).json
    return {"transaction": gateway.sale(capture_mode="LATER").json["id"], "token": token["id"]}


def unchanged(gateway: Client, known: dict[str, str]) -> bool:
    transaction = gateway.call("GET", TRANSACTION.format(**known)).json
    token = gateway.call("GET", TOKEN.format(**known)).json
    return bool(transaction["status"] == "PREAUTHORIZED" and (token["status"], token["name"]) == ("ACTIVE", "Ada"))


@pytest.mark.parametrize(("permission", "method", "path", "body"), CALLS, ids=[call[0] for call in CALLS])
def test_call_without_its_permission_changes_nothing(
    gateway: Client, known: dict[str, str], permission: str, method: str, path: str, body: dict[str, object] | None
) -> None:
    limited = gateway.with_token(permissions=sorted(accounts.ALL_PERMISSIONS - {permission}))
    sent = None if body is None else {"reference": reference(), **body}

    reply = limited.call(method, path.format(**known), sent)

    assert reply.error == (403, "ACTION_NOT_AUTHORIZED", "40212", "Permission not enabled to execute action")
    assert unchanged(gateway, known)


@pytest.mark.parametrize(("permission", "method", "path", "body"), CALLS, ids=[call[0] for call in CALLS])
def test_call_that_names_another_account_changes_nothing(
    gateway: Client, known: dict[str, str], permission: str, method: str, path: str, body: dict[str, object] | None
) -> None:
    wrong = {"account_name": "settlement_reporting"}
    sent = None if body is None else {"reference": reference(), **body, **wrong}
    query = "?account_name=settlement_reporting" if body is None else ""

    reply = gateway.call(method, f"{path.format(**known)}{query}", sent)

    assert reply.error == (403, "ACTION_NOT_AUTHORIZED", "40003", "Access token and merchant info do not match")
    assert unchanged(gateway, known)


def test_numbers_are_given_out_to_nobody(gateway: Client, known: dict[str, str]) -> None:
    reply = gateway.call("POST", f"{TOKEN.format(**known)}/detokenize", {})

    assert reply.error == (403, "ACTION_NOT_AUTHORIZED", "40212", "Permission not enabled to execute action")
