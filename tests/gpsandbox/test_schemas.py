"""The net itself: every operation has a schema, and a schema refuses what is misshapen."""

import pytest

from gpsandbox.api import OPERATIONS
from tests.gpsandbox import schemas
from tests.gpsandbox.client import Client


def test_every_operation_has_a_schema_and_every_schema_an_operation() -> None:
    operations = {f"{operation.method} {operation.endpoint}" for operation in OPERATIONS}

    assert operations - schemas.SCHEMAS.keys() == set()
    assert schemas.SCHEMAS.keys() - operations == set()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("amount", "19.99"),
        ("amount", 1999),
        ("id", "PMT_1"),
        ("status", "PAID"),
        ("time_created", "yesterday"),
        ("action", {}),
    ],
)
def test_a_misshapen_answer_is_caught(gateway: Client, field: str, value: object) -> None:
    good = gateway.sale().json

    caught = schemas.wrong("POST", "/transactions", 200, good | {field: value})

    assert len(caught) >= 1
    assert all(sentence.startswith("POST /transactions: ") for sentence in caught)


def test_the_most_exact_operation_is_taken() -> None:
    assert schemas.operation("GET", "/settlement/deposits/DEP_1") == "GET /settlement/deposits/{id}"
    assert schemas.operation("GET", "/transactions?page=2") == "GET /transactions"
    assert schemas.operation("POST", "/transactions/TRN_1/refund") == "POST /transactions/{id}/refund"
    assert schemas.operation("GET", "/elsewhere") == ""
