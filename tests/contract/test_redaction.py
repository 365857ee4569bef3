import json

import pytest

from oropay.gateway.globalpayments.redaction import LONGEST_TEXT, last_four, redact, redact_text


def test_a_bank_account_number_keeps_its_last_four_digits() -> None:
    body = {"payment_method": {"bank_transfer": {"account_number": "1357902468", "bank": {"code": "122000030"}}}}

    assert redact(body) == {
        "payment_method": {"bank_transfer": {"account_number": "•••2468", "bank": {"code": "122000030"}}}
    }


def test_a_short_account_number_is_hidden_whole() -> None:
    assert redact({"account_number": "1234567"}) == {"account_number": "•••"}


@pytest.mark.parametrize("name", ["token", "secret", "app_key", "Authorization", "cvv", "nonce", "access_token"])
def test_keys_and_tokens_are_hidden_by_name_at_any_depth(name: str) -> None:
    assert redact({"a": [{"b": {name: "very-secret"}}]}) == {"a": [{"b": {name: "•••"}}]}


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("card 4263970000005262 refused", "card •••5262 refused"),
        ("4263 9700 0000 5262", "•••5262"),
        ("4263-9700-0000-5262", "•••5262"),
        ("374101000000608", "•••0608"),
        ("order 1234567890123456", "order 1234567890123456"),
        ("XXXXXXXXXXXX5262", "XXXXXXXXXXXX5262"),
        ("PMT_42639700-0000-5262-aaaa-000000000000", "PMT_42639700-0000-5262-aaaa-000000000000"),
        ("42639700-0000-5262-aaaa-000000000000", "42639700-0000-5262-aaaa-000000000000"),
        ("of 42639700-0000-5262-aaaa", "of •••5262-aaaa"),
    ],
)
def test_digits_that_pass_the_card_check_are_masked_wherever_they_stand(text: str, shown: str) -> None:
    assert redact_text(text) == shown
    assert redact([{"note": text}]) == [{"note": shown}]


def test_a_card_number_sent_as_a_number_or_a_key_is_masked_too() -> None:
    assert redact({"x": 4263970000005262}) == {"x": "•••5262"}
    assert redact({"4263970000005262": 1}) == {"•••5262": 1}


def test_a_value_known_to_be_secret_is_found_in_any_text() -> None:
    text = "bank_transfer.account_number: 1234567890 contains unexpected data"

    assert redact_text(text, secrets=["1234567890"]) == (
        "bank_transfer.account_number: •••7890 contains unexpected data"
    )
    assert redact({"echo": "key-of-the-app"}, secrets=["key-of-the-app"]) == {"echo": "•••"}


def test_what_is_no_secret_stays_as_it_was() -> None:
    body = {"id": "TRN_1", "amount": "1999", "ok": True, "nothing": None, "count": 3, "list": [1, "two"]}

    assert redact(body) == body


def test_the_original_is_not_changed() -> None:
    body = {"card": {"number": "4263970000005262"}}

    assert redact(body) == {"card": {"number": "•••5262"}}
    assert body == {"card": {"number": "4263970000005262"}}


def test_endless_nesting_and_endless_text_end() -> None:
    deep: object = "4263970000005262"
    for _ in range(500):
        deep = {"a": deep}

    assert "4263970000005262" not in json.dumps(redact(deep))
    assert len(redact_text("x" * 100_000)) == LONGEST_TEXT + 1


@pytest.mark.parametrize(("text", "digits"), [("XXXXXX9999", "9999"), ("", ""), ("XX12", ""), ("4263", "4263")])
def test_the_last_four_digits_are_read_from_a_mask(text: str, digits: str) -> None:
    assert last_four(text) == digits
