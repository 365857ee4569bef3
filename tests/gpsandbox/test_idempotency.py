from concurrent.futures import ThreadPoolExecutor

from tests.gpsandbox.client import VISA, Client, reference, sale


def test_repeated_key_is_an_error_that_names_the_first_transaction(gateway: Client) -> None:
    body, key = sale(), reference()

    first = gateway.call("POST", "/transactions", body, key=key)
    second = gateway.call("POST", "/transactions", body, key=key)

    assert second.error == (
        409,
        "DUPLICATE_ACTION",
        "40039",
        f"Idempotency Key seen before: id={first.json['id']}",
    )
    assert [found["id"] for found in gateway.found(body["reference"])] == [first.json["id"]]


def test_twenty_simultaneous_posts_with_one_key_make_one_transaction(gateway: Client) -> None:
    body, key = sale(), reference()

    with ThreadPoolExecutor(20) as pool:
        replies = list(pool.map(lambda _: gateway.call("POST", "/transactions", body, key=key), range(20)))

    [won] = [reply.json["id"] for reply in replies if reply.status == 200]
    lost = [reply.error[3] for reply in replies if reply.status == 409]
    assert lost == [f"Idempotency Key seen before: id={won}"] * 19
    assert [found["id"] for found in gateway.found(body["reference"])] == [won]


def test_key_is_kept_apart_by_endpoint(gateway: Client) -> None:
    key = reference()

    held = gateway.sale(capture_mode="LATER", key=key).json
    captured = gateway.call("POST", f"/transactions/{held['id']}/capture", {}, key=key)
    refunded = gateway.call("POST", f"/transactions/{held['id']}/refund", {}, key=key)
    again = gateway.call("POST", f"/transactions/{held['id']}/refund", {}, key=key)

    assert (captured.status, refunded.status) == (200, 200)
    assert again.error[2:] == ("40039", f"Idempotency Key seen before: id={refunded.json['id']}")


def test_key_is_kept_apart_by_app(gateway: Client) -> None:
    key = reference()
    other = Client(gateway.port, app_id="other-app", app_key="other-key").with_token()

    assert gateway.sale(key=key).status == 200
    assert other.sale(key=key).status == 200


def test_declined_payment_uses_up_its_key(gateway: Client) -> None:
    body, key = sale(payment_method={"card": {**VISA, "number": "4000120000001154"}}), reference()

    declined = gateway.call("POST", "/transactions", body, key=key)
    again = gateway.call("POST", "/transactions", body, key=key)

    assert declined.json["status"] == "DECLINED"
    assert again.error[3].endswith(declined.json["id"])


def test_keys_guard_every_kind_of_write(gateway: Client) -> None:
    made = gateway.call("POST", "/payment-methods", {"reference": reference(), "card": VISA}, key=reference()).json
    path = f"/payment-methods/{made['id']}"
    verification = {"currency": "USD", "country": "US", "reference": reference(), "payment_method": {"card": VISA}}
    writes = [
        ("POST", "/payment-methods", {"reference": reference(), "card": VISA}),
        ("PATCH", path, {"usage_mode": "MULTIPLE", "name": "New Name"}),
        ("POST", "/verifications", verification),
        ("POST", f"/transactions/{gateway.sale().json['id']}/reversal", {}),
        ("DELETE", path, None),
    ]

    for method, where, body in writes:
        key = reference()
        assert gateway.call(method, where, body, key=key).status == 200
        assert gateway.call(method, where, body, key=key).error[2] == "40039"
