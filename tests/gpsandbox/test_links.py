"""Links over the API: what they need, when they can be paid, what they remember."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.gpsandbox.client import OTHER_APP_ID, OTHER_APP_KEY, Client, reference, sale
from tests.gpsandbox.conftest import Running
from tests.gpsandbox.receiver import receiving


@pytest.fixture
def gateway(running: Running) -> Iterator[Client]:
    """A signed-in client; the clock is put right afterwards."""
    yield running.client.with_token()
    running.client.emu("POST", "/clock", {"real": True})


def link(**changes: Any) -> dict[str, Any]:
    """A link for one payment of 21.10 GBP; None removes a field."""
    body: dict[str, Any] = {
        "account_name": "transaction_processing",
        "type": "PAYMENT",
        "usage_mode": "SINGLE",
        "usage_limit": 1,
        "reference": reference(),
        "name": "Mobile bill",
        "description": "March and April",
        "shippable": "NO",
        "images": [],
        "transactions": {
            "amount": "2110",
            "channel": "CNP",
            "country": "GB",
            "currency": "GBP",
            "allowed_payment_methods": ["CARD"],
        },
        "notifications": {
            "return_url": "https://shop.example/return",
            "status_url": "https://shop.example/status",
            "cancel_url": "https://shop.example/cancel",
        },
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def hosted(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "account_name": "transaction_processing",
        "type": "HOSTED_PAYMENT",
        "reference": reference(),
        "name": "Order 7",
        "payer": {"name": "Ada Payer", "email": "ada@example.com"},
        "order": {
            "amount": "1000",
            "currency": "USD",
            "reference": "order-7",
            "transaction_configuration": {
                "channel": "CNP",
                "country": "US",
                "capture_mode": "LATER",
                "allowed_payment_methods": ["CARD"],
            },
        },
        **changes,
    }
    return {name: value for name, value in body.items() if value is not None}


def made(gateway: Client, **changes: Any) -> dict[str, Any]:
    reply = gateway.call("POST", "/links", link(**changes))
    assert reply.status == 200, reply.text
    answer: dict[str, Any] = reply.json
    return answer


def charge(gateway: Client, made_link: dict[str, Any], **changes: Any):
    asked = {"amount": "2110", "currency": "GBP", "country": "GB", "link": {"id": made_link["id"]}, **changes}
    return gateway.call("POST", "/transactions", sale(**asked))


def status(gateway: Client, made_link: dict[str, Any]) -> str:
    return str(gateway.call("GET", f"/links/{made_link['id']}").json["status"])


def test_new_link_is_active_and_names_its_page(gateway: Client) -> None:
    body = link(expiration_date="2099-01-31")

    answer = gateway.call("POST", "/links", body).json
    read = gateway.call("GET", f"/links/{answer['id']}").json

    assert answer["id"].startswith("LNK_")
    assert answer["url"] == f"http://127.0.0.1:{gateway.port}/pay/{answer['id']}"
    assert (answer["status"], answer["action"]["type"]) == ("ACTIVE", "LINK_CREATE")
    assert answer["action"]["result_code"] == "SUCCESS"
    assert answer["transactions"] == body["transactions"]
    assert answer["notifications"] == body["notifications"]
    assert (answer["usage_mode"], answer["usage_limit"], answer["shippable"]) == ("SINGLE", "1", "NO")
    assert answer["expiration_date"] == "2099-01-31T23:59:59.999Z"
    assert (read["action"]["type"], read["transactions"]["transaction_list"]) == ("LINK_SINGLE", [])
    assert read["reference"] == body["reference"]


def test_hosted_payment_carries_payer_and_order(gateway: Client) -> None:
    answer = gateway.call("POST", "/links", hosted()).json

    assert (answer["type"], answer["usage_mode"]) == ("HOSTED_PAYMENT", "SINGLE")
    assert answer["payer"] == {"name": "Ada Payer", "email": "ada@example.com"}
    assert (answer["order"]["amount"], answer["order"]["currency"], answer["order"]["reference"]) == (
        "1000",
        "USD",
        "order-7",
    )


@pytest.mark.parametrize("field", ["type", "usage_mode", "name", "description", "reference"])
def test_missing_field_of_a_link_is_named(gateway: Client, field: str) -> None:
    refused = gateway.call("POST", "/links", link(**{field: None}))

    assert refused.error == (
        400,
        "MANDATORY_DATA_MISSING",
        "40005",
        f"Request expects the following field {field}",
    )


@pytest.mark.parametrize("field", ["amount", "currency", "country", "allowed_payment_methods"])
def test_missing_field_of_its_payment_is_named(gateway: Client, field: str) -> None:
    asked = {name: value for name, value in link()["transactions"].items() if name != field}

    refused = gateway.call("POST", "/links", link(transactions=asked))

    assert refused.error[2:] == ("40005", f"Request expects the following field transactions.{field}")


@pytest.mark.parametrize(("field", "named"), [("payer", "payer"), ("order", "order.amount"), ("name", "name")])
def test_missing_field_of_a_hosted_payment_is_named(gateway: Client, field: str, named: str) -> None:
    refused = gateway.call("POST", "/links", hosted(**{field: None}))

    assert refused.error[2:] == ("40005", f"Request expects the following field {named}")


def test_shipping_needs_its_amount(gateway: Client) -> None:
    refused = gateway.call("POST", "/links", link(shippable="YES"))

    assert refused.error == (
        400,
        "MANDATORY_DATA_MISSING",
        "40251",
        "Request expects the following fields: shipping_amount.",
    )
    assert made(gateway, shippable="YES", shipping_amount="123")["shipping_amount"] == "123"
    assert made(gateway, shippable=None)["shippable"] == "NO"


@pytest.mark.parametrize(
    ("changes", "detailed"),
    [
        ({"usage_mode": "TWICE"}, "40213"),
        ({"usage_limit": 0}, "40213"),
        ({"usage_limit": "many"}, "40213"),
        ({"expiration_date": "soon"}, "40090"),
        ({"expiration_date": "2020-01-01"}, "40090"),
        ({"reference": "short"}, "40213"),
        ({"notifications": {"return_url": "javascript:alert(1)"}}, "40213"),
        ({"transactions": {**link()["transactions"], "allowed_payment_methods": ["CHEQUE"]}}, "40213"),
        ({"transactions": {**link()["transactions"], "amount": "21.10"}}, "40213"),
        ({"account_name": "tokenization"}, "40003"),
        ({"account_name": None}, "40005"),
    ],
)
def test_nonsense_makes_no_link(gateway: Client, changes: dict[str, Any], detailed: str) -> None:
    body = link(**changes)

    refused = gateway.call("POST", "/links", body)

    assert refused.error[2] == detailed
    assert gateway.call("GET", f"/links?reference={body['reference']}").json["total_record_count"] == 0


def test_link_is_made_once_for_one_key(gateway: Client) -> None:
    key, body = reference(), link()

    first = gateway.call("POST", "/links", body, key=key).json
    again = gateway.call("POST", "/links", body, key=key)

    assert again.error[2:] == ("40039", f"Idempotency Key seen before: id={first['id']}")


def test_single_link_is_paid_once_by_a_payment_that_names_it(gateway: Client) -> None:
    made_link = made(gateway)

    paid = charge(gateway, made_link).json
    refused = charge(gateway, made_link)

    read = gateway.call("GET", f"/links/{made_link['id']}").json
    assert paid["status"] == "CAPTURED"
    assert gateway.call("GET", f"/transactions/{paid['id']}").json["link"] == {"id": made_link["id"]}
    assert refused.error[2:] == ("50020", f"Link {made_link['id']} cannot be paid, its status is PAID")
    assert (read["status"], read["usage_count"]) == ("PAID", "1")
    assert [item["id"] for item in read["transactions"]["transaction_list"]] == [paid["id"]]


def test_link_for_several_payments_closes_at_its_limit(gateway: Client) -> None:
    made_link = made(gateway, usage_mode="MULTIPLE", usage_limit="2")

    charge(gateway, made_link)
    between = status(gateway, made_link)
    charge(gateway, made_link)

    assert (between, status(gateway, made_link)) == ("ACTIVE", "CLOSED")
    assert charge(gateway, made_link).error[2] == "50020"


def test_declined_or_wrong_payment_leaves_the_link_as_it_was(gateway: Client) -> None:
    made_link = made(gateway)
    name = reference()

    declined = charge(
        gateway,
        made_link,
        payment_method={"card": {"number": "4000120000001154", "expiry_month": "05", "expiry_year": "35"}},
    ).json
    too_little = charge(gateway, made_link, reference=name, amount="100")
    elsewhere = charge(gateway, made_link, reference=name, currency="USD")
    unknown = gateway.sale(reference=name, link={"id": "LNK_0"})

    assert declined["status"] == "DECLINED"
    assert (too_little.error[2], elsewhere.error[2]) == ("50020", "50020")
    assert unknown.error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40118",
        "Links LNK_0 not found at this /ucp/links/LNK_0",
    )
    assert gateway.found(name) == []
    assert (status(gateway, made_link), made_link["usage_count"]) == ("ACTIVE", "0")


def test_link_expires_by_the_clock_and_lives_again_when_that_is_put_back(gateway: Client) -> None:
    made_link = made(gateway, expiration_date="2099-01-31 10:00:00")

    gateway.emu("POST", "/clock", {"set": "2099-01-31T09:59:50Z"})
    client = gateway.with_token()
    before = status(client, made_link)
    gateway.emu("POST", "/clock", {"advance": {"seconds": 11}})
    after = status(client, made_link)
    refused = charge(client, made_link, payment_method={"card": {**_young_card()}})
    listed = client.call("GET", f"/links?status=EXPIRED&reference={made_link['reference']}").json
    gateway.emu("POST", "/clock", {"real": True})

    assert (before, after) == ("ACTIVE", "EXPIRED")
    assert refused.error[3] == f"Link {made_link['id']} cannot be paid, its status is EXPIRED"
    assert [item["id"] for item in listed["links"]] == [made_link["id"]]
    assert status(gateway, made_link) == "ACTIVE"


def test_what_is_named_changes_and_the_rest_stays(gateway: Client) -> None:
    made_link = made(gateway)

    edited = gateway.call(
        "PATCH",
        f"/links/{made_link['id']}",
        {
            "type": "PAYMENT",
            "name": "New name",
            "usage_mode": "MULTIPLE",
            "usage_limit": 5,
            "transactions": {"amount": "1008"},
            "expiration_date": "2099-01-01",
        },
    ).json

    assert (edited["action"]["type"], edited["status"]) == ("LINK_EDIT", "ACTIVE")
    assert (edited["name"], edited["usage_mode"], edited["usage_limit"]) == ("New name", "MULTIPLE", "5")
    assert edited["transactions"]["amount"] == "1008"
    assert (edited["description"], edited["reference"]) == (made_link["description"], made_link["reference"])
    assert charge(gateway, made_link).error[2] == "50020"
    assert charge(gateway, made_link, amount="1008").json["status"] == "CAPTURED"


def test_link_can_be_put_aside_and_taken_up_again_but_not_reopened(gateway: Client) -> None:
    made_link = made(gateway)
    path = f"/links/{made_link['id']}"

    aside = gateway.call("PATCH", path, {"status": "INACTIVE"}).json["status"]
    refused = charge(gateway, made_link)
    back = gateway.call("PATCH", path, {"status": "ACTIVE"}).json["status"]
    closed = gateway.call("PATCH", path, {"status": "CLOSED"}).json["status"]
    again = gateway.call("PATCH", path, {"status": "ACTIVE"})

    assert (aside, back, closed) == ("INACTIVE", "ACTIVE", "CLOSED")
    assert refused.error[2] == "50020"
    assert again.error == (
        400,
        "INVALID_REQUEST_DATA",
        "40108",
        "You cannot update a link that has a CLOSED status",
    )
    assert status(gateway, made_link) == "CLOSED"


def test_unknown_link_is_not_found_and_not_changed(gateway: Client) -> None:
    read = gateway.call("GET", "/links/LNK_0")
    edited = gateway.call("PATCH", "/links/LNK_0", {"name": "x"})

    assert read.error == (404, "RESOURCE_NOT_FOUND", "40118", "Links LNK_0 not found at this /ucp/links/LNK_0")
    assert edited.error == (
        400,
        "INVALID_REQUEST_DATA",
        "40108",
        "You cannot update a link that has a 400 status",
    )


def test_another_merchant_sees_changes_and_pays_nothing(gateway: Client) -> None:
    made_link = made(gateway)
    other = Client(gateway.port, app_id=OTHER_APP_ID, app_key=OTHER_APP_KEY).with_token()

    assert other.call("GET", f"/links/{made_link['id']}").error[2] == "40118"
    assert other.call("PATCH", f"/links/{made_link['id']}", {"name": "mine"}).error[2] == "40108"
    assert charge(other, made_link).error[2] == "40118"
    assert other.call("GET", f"/links?reference={made_link['reference']}").json["links"] == []
    assert status(gateway, made_link) == "ACTIVE"


def test_links_are_listed_by_what_they_are(empty: Client) -> None:
    first = made(empty, name="iphone 14", expiration_date="2099-05-09 12:00:00")
    second = made(empty, usage_mode="MULTIPLE", usage_limit=2)
    third = empty.call("POST", "/links", hosted()).json

    def ids(query: str) -> list[str]:
        reply = empty.call("GET", f"/links?order=ASC&{query}")
        assert reply.status == 200, reply.text
        return [item["id"] for item in reply.json["links"]]

    assert ids("page_size=10") == [first["id"], second["id"], third["id"]]
    assert ids("name=iphone 14&usage_mode=SINGLE".replace(" ", "%20")) == [first["id"]]
    assert ids("expiration_date=2099-05-09") == [first["id"]]
    assert ids("amount=1000&status=ACTIVE") == [third["id"]]
    assert ids("usage_mode=MULTIPLE") == [second["id"]]
    assert ids("to_time_created=2020-01-01") == []
    assert empty.call("GET", "/links?status=HAPPY").error[2] == "40097"


@pytest.mark.parametrize(
    ("method", "path", "permission"),
    [
        ("POST", "/links", "LNK_POST_Create"),
        ("GET", "/links", "LNK_GET_List"),
        ("GET", "/links/LNK_0", "LNK_GET_Single"),
        ("PATCH", "/links/LNK_0", "LNK_PATCH_Edit"),
    ],
)
def test_each_call_needs_its_permission(gateway: Client, method: str, path: str, permission: str) -> None:
    without = gateway.with_token(permissions=["TRN_GET_List"]).call(method, path, link())
    with_it = gateway.with_token(permissions=[permission]).call(method, path, link())

    assert without.error[2] == "40212"
    assert with_it.status in (200, 400, 404)
    assert with_it.status == 200 or with_it.error[2] != "40212"


def test_trainer_pays_a_link_and_the_merchant_is_told(gateway: Client) -> None:
    with receiving() as shop:
        made_link = made(gateway, notifications={"status_url": f"{shop.url}/status"})

        declined = gateway.emu("POST", f"/links/{made_link['id']}/pay", {"card": {"number": "4000120000001154"}}).json
        paid = gateway.emu("POST", f"/links/{made_link['id']}/pay").json
        heard = shop.wait(2)

        assert [declined["transaction"]["status"], declined["link"]["status"]] == ["DECLINED", "ACTIVE"]
        assert [paid["transaction"]["status"], paid["link"]["status"]] == ["CAPTURED", "PAID"]
        told = {item.body["id"]: item.body for item in heard}
        assert told[declined["transaction"]["id"]]["status"] == "DECLINED"
        body = told[paid["transaction"]["id"]]
        assert (body["status"], body["amount"], body["link"]) == ("CAPTURED", "2110", {"id": made_link["id"]})
        assert body["link_data"]["reference"] == made_link["reference"]
        assert all(item.genuine for item in heard)


def test_trainer_cannot_pay_what_cannot_be_paid(gateway: Client) -> None:
    made_link = made(gateway)
    gateway.call("PATCH", f"/links/{made_link['id']}", {"status": "CLOSED"})

    closed = gateway.emu("POST", f"/links/{made_link['id']}/pay")
    unknown = gateway.emu("POST", "/links/LNK_0/pay")
    wrong = gateway.emu("POST", f"/links/{made(gateway)['id']}/pay", {"card": "4111"})

    assert (closed.status, closed.json["error"][:26]) == (400, "INVALID_REQUEST_DATA 50020")
    assert (unknown.status, unknown.json["error"]) == (404, "There is no link LNK_0.")
    assert wrong.status == 400


def _young_card() -> dict[str, str]:
    return {"number": "4263970000005262", "expiry_month": "12", "expiry_year": "99"}
