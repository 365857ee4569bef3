"""The quick look that most bodies pass must never let through what the slow walk would hide."""

import json
from typing import Any

import pytest

from gpsandbox import redaction

NUMBER, SPACED, DASHED = "4263970000005262", "4263 9700 0000 5262", "4263-9700-0000-5262"


@pytest.mark.parametrize(
    ("body", "kept"),
    [
        ({"card": {"number": NUMBER}}, {"card": {"number": "•••5262"}}),
        ({"card": {"number": int(NUMBER)}}, {"card": {"number": "•••5262"}}),
        ({"bank_transfer": {"account_number": "1234"}}, {"bank_transfer": {"account_number": "•••"}}),
        ({"cvv": "837"}, {"cvv": "•••"}),
        ({"description": f"Pay with {SPACED}"}, {"description": "Pay with •••5262"}),
        ({"description": f"{DASHED}!"}, {"description": "•••5262!"}),
        ({"list": [{"token": "abc"}]}, {"list": [{"token": "•••"}]}),
    ],
)
def test_secrets_are_hidden_wherever_they_stand(body: dict[str, Any], kept: dict[str, Any]) -> None:
    assert json.loads(redaction.shown(body)) == kept
    assert json.loads(redaction.shown(body, text=redaction.compact(body))) == kept


def test_a_secret_in_a_list_is_hidden_too() -> None:
    assert "837" not in redaction.shown({"card": {"cvv": ["837"]}})


def test_a_body_without_secrets_is_kept_as_it_was_sent() -> None:
    body = {"id": "TRN_5f0c9a8b7c6d", "amount": "1999", "time_created": "2026-11-26T12:00:00.123Z", "name": "Zoë"}

    assert redaction.shown(body) == redaction.compact(body)
    assert json.loads(redaction.shown(body)) == body
