from tests.gpsandbox.client import VISA, Client, card, reference, sale


def stored(gateway: Client, **changes: object) -> dict[str, object]:
    body = {"reference": reference(), "usage_mode": "MULTIPLE", "name": "Ada Payer", "card": VISA, **changes}
    reply = gateway.call("POST", "/payment-methods", body)
    assert reply.status == 200, reply.text
    made: dict[str, object] = reply.json
    return made


def pay_with(payment_method_id: object, **more: object) -> dict[str, object]:
    return sale(payment_method={"entry_mode": "ECOM", "id": payment_method_id, **more})


def test_stored_card_pays_again_and_again(gateway: Client) -> None:
    made = stored(gateway)

    first = gateway.call("POST", "/transactions", pay_with(made["id"])).json
    second = gateway.call("POST", "/transactions", pay_with(made["id"])).json

    assert (made["status"], made["usage_mode"]) == ("ACTIVE", "MULTIPLE")
    assert made["card"] == {
        "number_last4": "XXXXXXXXXXXX5262",
        "masked_number_last4": "XXXXXXXXXXXX5262",
        "brand": "VISA",
        "expiry_month": "05",
        "expiry_year": "35",
    }
    assert [first["status"], second["status"]] == ["CAPTURED", "CAPTURED"]
    assert first["payment_method"]["id"] == made["id"]
    assert first["payment_method"]["name"] == "Ada Payer"


def test_single_use_token_pays_once_even_when_declined(gateway: Client) -> None:
    declined = card("4000120000001154")["card"]
    good, bad = stored(gateway, usage_mode="SINGLE"), stored(gateway, usage_mode="SINGLE", card=declined)

    paid = gateway.call("POST", "/transactions", pay_with(good["id"])).json
    refused = gateway.call("POST", "/transactions", pay_with(bad["id"])).json

    assert (paid["status"], refused["status"]) == ("CAPTURED", "DECLINED")
    assert refused["payment_method"]["result"] == "101"
    assert "id" not in paid["payment_method"]
    for token in (good, bad):
        assert gateway.call("POST", "/transactions", pay_with(token["id"])).error[2] == "40116"
        assert gateway.call("GET", f"/payment-methods/{token['id']}").error[2] == "40118"


def test_refused_call_does_not_use_up_a_single_use_token(gateway: Client) -> None:
    token = stored(gateway, usage_mode="SINGLE")

    refused = gateway.call("POST", "/transactions", {**pay_with(token["id"]), "amount": "1.00"})
    paid = gateway.call("POST", "/transactions", pay_with(token["id"]))

    assert refused.status == 400
    assert paid.status == 200


def test_storage_on_success_leaves_a_lasting_token_only_when_approved(gateway: Client) -> None:
    token = stored(gateway, usage_mode="SINGLE")
    declined = card("4000120000001154")

    kept = gateway.call("POST", "/transactions", pay_with(token["id"], storage_mode="ON_SUCCESS")).json
    not_kept = gateway.sale(payment_method={**declined, "storage_mode": "ON_SUCCESS"}).json
    always = gateway.sale(payment_method={**declined, "storage_mode": "ALWAYS"}).json

    lasting = kept["payment_method"]["id"]
    assert lasting.startswith("PMT_")
    assert lasting != token["id"]
    assert gateway.call("GET", f"/payment-methods/{lasting}").json["usage_mode"] == "MULTIPLE"
    assert gateway.call("POST", "/transactions", pay_with(lasting)).json["status"] == "CAPTURED"
    assert gateway.call("GET", f"/transactions/{kept['id']}").json["payment_method"]["id"] == lasting
    assert "id" not in not_kept["payment_method"]
    assert gateway.call("GET", f"/payment-methods/{always['payment_method']['id']}").status == 200


def test_stored_card_remembers_how_it_ends(gateway: Client) -> None:
    token = stored(gateway, card=card("4000160000004147")["card"])

    sold = gateway.call("POST", "/transactions", pay_with(token["id"])).json

    assert (sold["status"], sold["payment_method"]["result"]) == ("DECLINED", "103")


def test_edit_changes_name_and_expiry_and_never_makes_a_lasting_token_single(gateway: Client) -> None:
    token = stored(gateway)
    path = f"/payment-methods/{token['id']}"

    nothing = gateway.call("PATCH", path, {"name": "New Name"})
    single = gateway.call("PATCH", path, {"usage_mode": "SINGLE"})
    edited = gateway.call(
        "PATCH",
        path,
        {"usage_mode": "MULTIPLE", "name": "New Name", "card": {"expiry_month": "9", "expiry_year": "36"}},
    ).json

    assert nothing.error[2:] == ("50021", "Mandatory Fields missing [card expdate] See Developers Guide")
    assert single.error[2:] == ("50020", "Tokentype can only be MULTI")
    assert (edited["name"], edited["card"]["expiry_month"], edited["card"]["expiry_year"]) == ("New Name", "09", "36")
    assert gateway.call("GET", path).json["name"] == "New Name"


def test_delete_answers_200_with_a_body_and_the_token_is_dead(gateway: Client) -> None:
    token = stored(gateway)
    path = f"/payment-methods/{token['id']}"

    deleted = gateway.call("DELETE", path)

    assert (deleted.status, deleted.json["id"], deleted.json["status"]) == (200, token["id"], "DELETED")
    assert gateway.call("DELETE", path).error[2] == "40116"
    assert gateway.call("POST", "/transactions", pay_with(token["id"])).error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40116",
        f"payment_method {token['id']} not found at this location.",
    )


def test_list_finds_by_reference_and_hides_used_up_tokens(empty: Client) -> None:
    kept, used = stored(empty), stored(empty, usage_mode="SINGLE")
    empty.call("POST", "/transactions", pay_with(used["id"]))

    listed = empty.call("GET", "/payment-methods").json
    by_reference = empty.call("GET", f"/payment-methods?reference={kept['reference']}").json

    assert [item["id"] for item in listed["payment_methods"]] == [kept["id"]]
    assert [item["id"] for item in by_reference["payment_methods"]] == [kept["id"]]
    assert listed["action"]["type"] == "PAYMENT_METHOD_LIST"


def test_search_finds_the_tokens_of_a_card_number(empty: Client) -> None:
    first, second = stored(empty), stored(empty, card={**VISA, "expiry_month": "06"})
    stored(empty, card=card("5425230000004415")["card"])
    gone = stored(empty)
    empty.call("DELETE", f"/payment-methods/{gone['id']}")

    by_number = empty.call("POST", "/payment-methods/search", {"card": {"number": VISA["number"]}}, key="k").json
    by_date = empty.call("POST", "/payment-methods/search?page_size=1", {"card": {**VISA, "cvv": ""}}, key="k").json
    nothing = empty.call("POST", "/payment-methods/search", {"card": {"number": "4242424242424242"}}).json
    vague = empty.call("POST", "/payment-methods/search", {"card": {"expiry_month": "05"}})

    assert {item["id"] for item in by_number["payment_methods"]} == {first["id"], second["id"]}
    assert [item["id"] for item in by_date["payment_methods"]] == [first["id"]]
    assert (by_number["filter"], by_number["total_record_count"]) == ({}, 2)
    assert nothing["payment_methods"] == []
    assert vague.error == (
        400,
        "MANDATORY_DATA_MISSING",
        "40005",
        "Request expects the following fields : number",
    )


def test_list_is_narrowed_by_every_filter(empty: Client) -> None:
    visa = stored(empty, name="Ada Payer")
    mastercard = stored(empty, name="Bob Payer", card=card("5425230000004415")["card"], fingerprint_mode="ALWAYS")
    empty.emu("POST", "/clock", {"advance": {"seconds": 1}})  # or all of it happens in one millisecond
    empty.call("DELETE", f"/payment-methods/{visa['id']}")

    def ids(query: str) -> list[str]:
        reply = empty.call("GET", f"/payment-methods?order=ASC&{query}")
        return [item["id"] for item in reply.json["payment_methods"]]

    assert ids("") == ids("order_by=TIME_CREATED") == [visa["id"], mastercard["id"]]
    assert ids("order_by=TIME_LAST_UPDATED") == [mastercard["id"], visa["id"]]
    assert ids("status=DELETED") == ids("number_last4=5262") == ids("brand=VISA") == [visa["id"]]
    assert ids("status=ACTIVE") == ids("name=Bob%20Payer") == ids("number_first6=542523") == [mastercard["id"]]
    assert ids(f"fingerprint={mastercard['fingerprint']}") == [mastercard["id"]]
    assert ids("usage_mode=SINGLE") == []
    assert ids("from_time_created=2020-01-01&to_time_created=2020-12-31") == []
    assert ids("from_time_last_updated=2020-01-01&to_time_last_updated=2020-12-31") == []
    assert empty.call("GET", "/payment-methods?status=HAPPY").error[2] == "40097"
    assert empty.call("GET", "/payment-methods?order_by=MOOD").error[2] == "40213"


def test_token_that_does_not_exist_is_named_with_its_address(gateway: Client) -> None:
    unknown = "PMT_00000000-0000-4000-8000-000000000000"

    assert gateway.call("GET", f"/payment-methods/{unknown}").error == (
        404,
        "RESOURCE_NOT_FOUND",
        "40118",
        f"PAYMENT_METHODS {unknown} not found at this /ucp/payment-methods/{unknown}",
    )
    assert gateway.call("GET", "/payment-methods/nonsense").error[2:] == (
        "40213",
        "payment_method.id: nonsense contains unexpected data",
    )


def test_fingerprint_is_the_same_for_the_same_card(empty: Client) -> None:
    first = stored(empty, fingerprint_mode="ALWAYS")
    again = stored(empty, fingerprint_mode="ALWAYS")
    other = stored(empty, fingerprint_mode="ALWAYS", card=card("5425230000004415")["card"])

    assert (first["fingerprint_presence_indicator"], again["fingerprint_presence_indicator"]) == ("NEW", "EXISTS")
    assert first["fingerprint"] == again["fingerprint"] != other["fingerprint"]


def test_browser_may_call_from_any_page(gateway: Client) -> None:
    asked = gateway.send(
        "OPTIONS",
        "/ucp/payment-methods",
        headers={
            "Origin": "https://shop.example",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,content-type,x-gp-version,x-gp-library",
        },
    )
    answered = gateway.call("GET", "/payment-methods", headers={"Origin": "https://shop.example"})

    assert asked.status == 200
    assert asked.headers["access-control-allow-origin"] == "*"
    assert "x-gp-library" in asked.headers["access-control-allow-headers"].lower()
    assert "access-control-allow-credentials" not in asked.headers
    assert answered.headers["access-control-allow-origin"] == "*"
