from tests.gpsandbox.client import APP_ID, VISA, Client, reference, sale
from tests.gpsandbox.conftest import Running, Start


def test_sign_in_lists_the_accounts_of_the_app(running: Running) -> None:
    reply = running.client.sign_in(seconds_to_expire=60)

    assert reply.status == 200
    assert reply.json["type"] == "Bearer"
    assert reply.json["seconds_to_expire"] == 60
    assert len(reply.json["token"]) <= 50
    assert {account["name"]: account["id"][:4] for account in reply.json["scope"]["accounts"]} == {
        "transaction_processing": "TRA_",
        "tokenization": "TKA_",
        "settlement_reporting": "DAA_",
        "dispute_management": "DIA_",
        "risk_assessment": "RAA_",
    }


def test_narrowed_token_lists_only_accounts_that_hold_its_permission(running: Running) -> None:
    reply = running.client.sign_in(permissions=["PMT_POST_Create_Single"])

    [account] = reply.json["scope"]["accounts"]
    assert (account["name"], account["permissions"]) == ("tokenization", ["PMT_POST_Create_Single"])


def test_restricted_token_shows_masked_account_ids(running: Running) -> None:
    reply = running.client.sign_in(permissions=["PMT_POST_Create_Single"], restricted_token="YES")

    [account] = reply.json["scope"]["accounts"]
    assert account["id"] == "TKA_" + "X" * 32
    assert reply.json["scope"]["merchant_id"] == "MER_" + "X" * 32


def test_wrong_sign_ins_are_refused_with_the_gateways_words(running: Running) -> None:
    stranger = Client(running.port, app_id="nobody")

    assert stranger.sign_in().error == (403, "ACTION_NOT_AUTHORIZED", "40004", "App credentials not recognized")
    assert running.client.sign_in(key="wrong").error == (
        403,
        "ACTION_NOT_AUTHORIZED",
        "40004",
        "Credentials not recognized to create access token.",
    )
    for seconds in (59, 604801):
        assert running.client.sign_in(seconds_to_expire=seconds).error == (
            400,
            "INVALID_REQUEST_DATA",
            "40213",
            "seconds_to_expire contains unexpected data",
        )
    assert running.client.sign_in(permissions=["TRN_POST_Authorize", "TRN_POST_Everything"]).error == (
        400,
        "INVALID_REQUEST_DATA",
        "40119",
        "Invalid permissions { TRN_POST_Everything } provided in the input field - permissions",
    )


def test_unknown_and_expired_tokens_are_not_authenticated_and_use_up_no_key(start: Start) -> None:
    sandbox = start()
    client = sandbox.client.with_token()
    body = sale()

    expired = sandbox.client.emu("POST", "/tokens/expire")
    refused = client.call("POST", "/transactions", body, key="key-1")
    again = sandbox.client.with_token().call("POST", "/transactions", body, key="key-1")

    assert expired.json["expired"] == 1
    assert refused.error == (401, "NOT_AUTHENTICATED", "40001", "Invalid access token")
    assert Client(sandbox.port, token="never-minted").call("GET", "/transactions").status == 401
    assert again.status == 200


def test_token_for_hosted_fields_may_only_make_single_use_tokens(running: Running) -> None:
    browser = running.client.with_token(permissions=["PMT_POST_Create_Single"], restricted_token="YES")

    single = browser.call("POST", "/payment-methods", {"reference": reference(), "usage_mode": "SINGLE", "card": VISA})
    several = browser.call("POST", "/payment-methods", {"reference": reference(), "card": VISA})

    assert single.status == 200
    refusal = (403, "ACTION_NOT_AUTHORIZED", "40212", "Permission not enabled to execute action")
    assert several.error == refusal
    assert browser.sale().error == refusal
    assert browser.call("GET", f"/payment-methods/{single.json['id']}").error == refusal
    assert browser.call("GET", "/transactions").error == refusal
    assert browser.call("GET", "/settlement/deposits").error == refusal


def test_missing_version_header_is_refused(gateway: Client) -> None:
    reply = gateway.send("GET", "/ucp/transactions", headers={"Authorization": f"Bearer {gateway.token}"})

    assert reply.error == (
        400,
        "MANDATORY_DATA_MISSING",
        "40005",
        "Request expects the following fields X-GP-Version",
    )


def test_apps_never_see_each_others_money(gateway: Client, running: Running) -> None:
    mine = gateway.sale().json
    other = Client(running.port, app_id="other-app", app_key="other-key").with_token()

    assert other.call("GET", f"/transactions/{mine['id']}").status == 404
    assert other.call("POST", f"/transactions/{mine['id']}/refund", {}).status == 404
    assert other.call("POST", f"/transactions/{mine['reference']}/reversal", {}).status == 404
    assert other.found(mine["reference"]) == []
    assert gateway.call("GET", f"/transactions/{mine['id']}").json["action"]["app_id"] == APP_ID
