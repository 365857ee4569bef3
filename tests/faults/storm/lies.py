"""What strangers and a gateway gone mad tell us. The first must not be believed, the second must not do anything."""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

FORGED: Sequence[bytes] = (
    b'{"id":"TRN_forged","status":"CAPTURED","amount":"1"}',
    b"\x00\xff",
    b"[" * 5000,
    b'{"id":' + b"9" * 9000,
)
"""By somebody who knows the address and has no key: a lie, no text, no end, no number."""

SIGNED: Sequence[str] = (
    "this is no JSON at all, NONCE",
    '["NONCE"]',
    '{"id":["NONCE"],"status":{"is":null}}',
    '{"id":"TRN_NONCE","amount":NaN,"fee":Infinity,"rate":-1e999}',
    '{"id":"TRN_NONCE","amount":%s,"status":"CAPTURED"}' % ("9" * 4000),
    '{"id":"TRN_NONCE","reference":"\\u0000\\ud800","status":"\\u0000"}',
    '{"id":"TRN_NONCE","text":"' + "x" * 60_000 + '"}',
    '{"id":"TRN_NONCE","deep":' + "[" * 900 + "]" * 900 + "}",
    '{"id":"TRN_NONCE","deep":' + "[" * 9000,
    '{"id":"DIS_NONCE","stage":"APPEAL_TO_HEAVEN","status":"LOST","result":"LOST"}',
    '{"id":"../../TRN_NONCE?x=1","status":"CAPTURED"}',
    '{"id":"TRN_NONCE","id":"KNOWN","status":"CAPTURED","status":"DECLINED","amount":"1"}',
    '{"id":"KNOWN","type":"TRANSMOGRIFICATION","status":"EXPLODED","nonce":"NONCE"}',
    '{"id":"KNOWN","status":"REVERSED","amount":"0","nonce":"NONCE"}',
)
"""With the right signature: nonsense, numbers that are none, names given twice, events nobody knows, and what is not
true of a transaction that is KNOWN.
"""


@dataclass
class Lies:
    """What was told, by the hash of each body, as the inbox keeps it."""

    forged: set[str] = field(default_factory=set)
    signed: set[str] = field(default_factory=set)


def signed_about(*, known: str, nonce: str) -> Iterable[bytes]:
    """Each time others, so that none is a copy of an earlier one."""
    return [text.replace("NONCE", nonce).replace("KNOWN", known).encode() for text in SIGNED]


def digest(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()
